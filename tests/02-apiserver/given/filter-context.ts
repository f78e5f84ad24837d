/** A request in the middle of the chain, for tests of single filters. */

import type { Context } from '../../../solutions/02-apiserver/context.ts';
import { requestInfo } from '../../../solutions/02-apiserver/request-info.ts';
import type { User } from '../../../solutions/02-apiserver/user.ts';

export interface ContextParts {
  readonly method?: string;
  /** Path and query. */
  readonly target: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly user?: User;
}

export function newContext({ method = 'GET', target, headers, user }: ContextParts): Context {
  const [path = '', query = ''] = target.split('?');
  const parameters = new URLSearchParams(query);
  const request = new Request(`http://localhost${target}`, { method, headers: { ...headers } });
  return {
    incoming: request,
    connection: {
      rawTarget: target,
      peerCertificates: [],
      remoteAddress: '10.0.0.7',
      secure: true,
    },
    path,
    query: parameters,
    info: requestInfo(method, path, parameters),
    user: user ?? { username: 'jane', groups: ['devs', 'system:authenticated'] },
    warnings: [],
    audit: new Map(),
  };
}
