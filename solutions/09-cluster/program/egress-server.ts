/**
 * The way from the API server's process to pods and Services: HTTP CONNECT on a unix socket. What it is
 * asked for is dialled as from the first node.
 */

import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { type Duplex, pipeline } from 'node:stream';
import { DialError, type DialFailure } from '#apimachinery';
import { duplexOf } from '#container-runtime/wire';
import type { NodeShape } from '../bootstrap/cluster-shape.ts';
import type { ClusterNetwork } from '../network/cluster-network.ts';

/** What is said to whoever could not be connected. */
const STATUS: Readonly<Record<DialFailure, string>> = {
  refused: '502 Bad Gateway',
  unreachable: '503 Service Unavailable',
  timeout: '504 Gateway Timeout',
};

/** Connects to a pod or a Service as from a node. @throws DialError, as a rejection */
export async function dialFrom(
  node: NodeShape | undefined,
  network: Pick<ClusterNetwork, 'fromOutside'>,
  ip: string,
  port: number,
): Promise<Duplex> {
  const { name = '', ip: from = '' } = node ?? {};
  return duplexOf(await network.fromOutside(name, { from, ip, port, protocol: 'TCP' }));
}

/** Serves CONNECT at the socket. @param dial - throws DialError, as a rejection */
export async function serveEgress(
  path: string,
  dial: (ip: string, port: number) => Promise<Duplex>,
): Promise<Server> {
  const server = createServer((_, response) => {
    response.writeHead(405).end();
  });
  server.on('connect', (request, socket, head) => {
    socket.on('error', () => {});
    const [, ip = '', port = ''] = /^\[?([^\]]*)\]?:(\d+)$/.exec(request.url ?? '') ?? [];
    dial(ip, Number(port)).then(
      (inside) => {
        socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
        if (head.length > 0) socket.unshift(head);
        pipeline(socket, inside, () => {});
        pipeline(inside, socket, () => {});
      },
      (error: unknown) => {
        const status = STATUS[error instanceof DialError ? error.failure : 'unreachable'];
        socket.end(`HTTP/1.1 ${status}\r\n\r\n`);
      },
    );
  });
  // What a killed cluster left behind.
  rmSync(path, { force: true });
  server.listen(path);
  await once(server, 'listening');
  return server;
}
