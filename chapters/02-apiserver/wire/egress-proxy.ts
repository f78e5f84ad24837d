/**
 * Pods and Services by way of a proxy, where this process has no pod network: `CONNECT host:port` on a
 * unix socket, as the egress selector of Kubernetes asks with `HTTPConnect` over `uds`.
 *
 * @see k8s.io/apiserver/pkg/server/egressselector/egress_selector.go (1.33)
 */

import http from 'node:http';
import { DialError, type DialFailure } from '#apimachinery';
import type { Connect } from './node-dialer.ts';

/** What the proxy's answers mean; any other is `unreachable`. */
const FAILURES: Readonly<Record<number, DialFailure>> = { 502: 'refused', 504: 'timeout' };

/** Connects through the proxy at a socket. @param endpoint - `unix:///PATH` */
export function throughEgressProxy(endpoint: string): Connect {
  const socketPath = endpoint.replace(/^unix:\/\//, '');
  return (host, port) =>
    new Promise((resolve, reject) => {
      const path = `${host.includes(':') ? `[${host}]` : host}:${port}`;
      const fail = (failure: DialFailure): void => reject(new DialError(failure, `tcp ${path}`));
      const request = http.request({ socketPath, method: 'CONNECT', path, agent: false });
      request.once('error', () => fail('unreachable'));
      // A proxy that knows no CONNECT.
      request.once('response', () => fail('unreachable'));
      request.once('connect', ({ statusCode = 0 }, socket, head) => {
        if (statusCode !== 200) {
          socket.destroy();
          return fail(FAILURES[statusCode] ?? 'unreachable');
        }
        if (head.length > 0) socket.unshift(head);
        resolve(socket);
      });
      request.end();
    });
}
