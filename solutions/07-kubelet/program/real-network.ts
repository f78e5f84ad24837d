/** Pods on this computer's own network, TLS without a look at the certificate, and gRPC health checks. */

import { connect as connectHttp2 } from 'node:http2';
import { connect as connectTcp, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { DialError, type DialFailure, type PodNetwork } from '#apimachinery';
import type { SecureConnection } from '../probes/http-get.ts';
import type { GrpcCheck } from '../probes/prober.ts';

const CONNECT_TIMEOUT_MS = 30_000;
const FAILURES: Readonly<Record<string, DialFailure>> = {
  ECONNREFUSED: 'refused',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  ETIMEDOUT: 'timeout',
};

export const realNetwork: PodNetwork = {
  dial: (_from, host, port) =>
    new Promise<Socket>((resolve, reject) => {
      const address = `tcp ${host}:${port}`;
      const socket = connectTcp({ host, port, timeout: CONNECT_TIMEOUT_MS });
      socket.once('connect', () => {
        socket.setTimeout(0);
        resolve(socket);
      });
      socket.once('timeout', () => {
        socket.destroy();
        reject(new DialError('timeout', address));
      });
      socket.once('error', (error: NodeJS.ErrnoException) => {
        const failure = FAILURES[error.code ?? ''];
        reject(failure ? new DialError(failure, address) : error);
      });
    }),
};

export const realTls: SecureConnection = (connection: Duplex) =>
  new Promise((resolve, reject) => {
    const socket = connectTls({ socket: connection, rejectUnauthorized: false });
    socket.once('secureConnect', () => resolve(socket));
    socket.once('error', reject);
  });

const SERVING = 1;

/** @see https://github.com/grpc/grpc/blob/master/doc/health-checking.md */
export function newGrpcCheck(network: PodNetwork, from: string): GrpcCheck {
  return async (host, port, service, signal) => {
    const connection = await network.dial(from, host, port, 'TCP');
    const session = connectHttp2(`http://${host}:${port}`, { createConnection: () => connection });
    const onAbort = (): void => session.destroy();
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      const status = await new Promise<number>((resolve, reject) => {
        session.once('error', reject);
        const stream = session.request({
          ':method': 'POST',
          ':path': '/grpc.health.v1.Health/Check',
          'content-type': 'application/grpc',
          te: 'trailers',
        });
        let body = Buffer.alloc(0);
        stream.on('data', (chunk: Buffer) => {
          body = Buffer.concat([body, chunk]);
        });
        stream.once('error', reject);
        stream.once('close', () => resolve(statusOf(body)));
        stream.end(requestOf(service));
      });
      if (status !== SERVING) {
        throw new Error(`service unhealthy (responded with "${NAMES[status] ?? 'UNKNOWN'}")`);
      }
    } finally {
      signal.removeEventListener('abort', onAbort);
      session.destroy();
    }
  };
}

const NAMES = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'];

/** gRPC's frame around `HealthCheckRequest { service = 1 }`. */
function requestOf(service: string): Buffer {
  const name = Buffer.from(service);
  const message = name.length === 0 ? name : Buffer.concat([Buffer.of(0x0a, name.length), name]);
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

/** `HealthCheckResponse { status = 1 }` behind a frame's five bytes. */
function statusOf(body: Buffer): number {
  return body.length >= 7 && body[5] === 0x08 ? (body[6] ?? 0) : 0;
}
