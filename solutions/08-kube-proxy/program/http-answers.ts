/** Ports on which a proxy answers with a status and a few words. */

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { HealthAnswer, PortOpener } from '../health/service-health.ts';
import type { ListenAddress } from './flags.ts';

/** A port that is listened on. */
export interface AnsweringPort {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Answers every request.
 *
 * @param answer - by path; `undefined`: not found
 * @throws Error, as a rejection, when the port cannot be had
 */
export async function answerAt(
  { ip, port }: ListenAddress,
  answer: (path: string) => HealthAnswer | undefined,
): Promise<AnsweringPort> {
  const server = createServer(({ url = '' }, response) => {
    const [path = ''] = url.split('?');
    const { status, headers, body } = answer(path) ?? NOT_FOUND;
    response.writeHead(status, headers);
    response.end(body);
  });
  server.listen(port, ip);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

const NOT_FOUND: HealthAnswer = {
  status: 404,
  headers: { 'content-type': 'text/plain' },
  body: '404 page not found\n',
};

/** Opens health-check node ports on an address of this computer. */
export function newPortOpener(ip: string): PortOpener {
  return { open: (port, answer) => answerAt({ ip, port }, answer) };
}
