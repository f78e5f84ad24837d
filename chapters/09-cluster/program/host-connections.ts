/** Real connections of this computer. */

import { connect, type Socket } from 'node:net';
import { DialError, type DialFailure } from '#apimachinery';

const FAILURES: Readonly<Record<string, DialFailure>> = {
  ECONNREFUSED: 'refused',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  ETIMEDOUT: 'timeout',
};

/** @throws DialError, as a rejection */
export function openTcp(host: string, port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port });
    const onError = (error: NodeJS.ErrnoException): void =>
      reject(new DialError(FAILURES[error.code ?? ''] ?? 'unreachable', `tcp ${host}:${port}`));
    socket.once('error', onError);
    socket.once('connect', () => {
      socket.off('error', onError);
      socket.on('error', () => {});
      resolve(socket);
    });
  });
}
