/** The programs that come with the runtime, by the name that executable files have. Given. */

import type { Program, Programs } from '../kernel/program.ts';
import { busybox } from './busybox.ts';
import { redis } from './databases/redis.ts';
import { redisCli } from './databases/redis-cli.ts';
import { sqlClient, sqlServer } from './databases/sql-server.ts';
import { nginx } from './servers/nginx.ts';
import {
  agnhost,
  burn,
  crasher,
  echoServer,
  hello,
  helloApp,
  hpaExample,
  pause,
  perl,
  stress,
  webPage,
} from './servers/small-programs.ts';
import { guestbook, wordpress } from './servers/web-apps.ts';
import { bootcamp, nginxHello, podinfo, whoami } from './servers/who-am-i.ts';

/** All of them. */
export function newPrograms(): Programs {
  return new Map<string, Program>(
    Object.entries({
      agnhost,
      bootcamp,
      burn,
      busybox,
      crasher,
      'echo-server': echoServer,
      guestbook,
      hello,
      'hello-app': helloApp,
      'hpa-example': hpaExample,
      nginx,
      'nginx-hello': nginxHello,
      pause,
      perl,
      podinfo,
      redis,
      'redis-cli': redisCli,
      'sql-client': sqlClient,
      'sql-server': sqlServer,
      stress,
      'web-page': webPage,
      whoami,
      wordpress,
    }),
  );
}
