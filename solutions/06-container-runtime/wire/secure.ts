/** TLS for clients in simulated sandboxes, by Node. */

import { isIP } from 'node:net';
import { connect } from 'node:tls';
import type { Connection } from '../network/connection.ts';
import type { SecureOptions } from '../network/node-network.ts';
import { connectionOf, duplexOf } from './duplex.ts';

/** @throws Error, as a rejection, when the other side speaks no TLS, or is not trusted */
export function secureConnection(
  connection: Connection,
  { serverName, authorities }: SecureOptions,
): Promise<Connection> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      socket: duplexOf(connection),
      // An address is no server name, but certificates may be for it.
      ...(isIP(serverName) ? { host: serverName } : { servername: serverName }),
      ...(authorities === undefined ? { rejectUnauthorized: false } : { ca: authorities }),
    });
    socket.once('error', reject);
    socket.once('secureConnect', () => {
      const { remoteAddress, localAddress, port } = connection;
      resolve(connectionOf(socket, { remoteAddress, localAddress, port }));
    });
  });
}
