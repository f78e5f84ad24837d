/** The programs that come with the runtime, by the name that executable files have. Given. */

import type { Program, Programs } from '../kernel/program.ts';
import { busybox } from './busybox.ts';
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
  redis,
  silentServer,
  stress,
  webPage,
} from './servers/small-programs.ts';

/** All of them. */
export function newPrograms(): Programs {
  return new Map<string, Program>(
    Object.entries({
      agnhost,
      burn,
      busybox,
      crasher,
      'echo-server': echoServer,
      hello,
      'hello-app': helloApp,
      'hpa-example': hpaExample,
      nginx,
      pause,
      perl,
      redis,
      'silent-server': silentServer,
      stress,
      'web-page': webPage,
    }),
  );
}
