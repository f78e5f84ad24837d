/** The kubelet's HTTPS port: what `api/kubelet-api.ts` answers, and streams. */

import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { isStreamingRuntime } from '#container-runtime/cri';
import {
  newKubeletApi,
  StreamRefusal,
  type StreamRequest,
  streamRequest,
} from '../../api/kubelet-api.ts';
import type { NodeUsage } from '../../api/stats.ts';
import type { Kubelet } from '../../kubelet/kubelet.ts';
import { type Guard, type GuardOptions, newGuard } from './authentication.ts';
import { forwardSpdyPorts, PORT_PROTOCOL, SPDY_PROTOCOLS, serveSpdyExec } from './spdy-streams.ts';
import { acceptWebSocket } from './websocket-streams.ts';

/** Where and how. */
export interface ServeOptions extends Omit<GuardOptions, 'hasClientCa' | 'nodeName'> {
  readonly address: string;
  /** 0: any. */
  readonly port: number;
  /** In PEM. */
  readonly certificate: string;
  readonly key: string;
  readonly clientCa?: string;
  readonly usage?: () => NodeUsage;
}

/** A port that is listened on. */
export interface Serving {
  readonly port: number;
  /** Lets another kubelet answer: the port is known before the kubelet is made. */
  attach(kubelet: Kubelet): void;
  close(): Promise<void>;
}

/** @throws Error, as a rejection, when the port is taken */
export async function serveKubelet(nodeName: string, options: ServeOptions): Promise<Serving> {
  const { certificate, key, clientCa, address, port } = options;
  const guard = newGuard({ ...options, nodeName, hasClientCa: clientCa !== undefined });
  const server = createServer({
    cert: certificate,
    key,
    requestCert: clientCa !== undefined,
    rejectUnauthorized: false,
    ...(clientCa !== undefined && { ca: clientCa }),
  });
  const sockets = new Set<Duplex>();
  let kubelet: Kubelet | undefined;
  server.on('secureConnection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('request', (request, response) => {
    if (!kubelet) response.writeHead(503).end();
    else void answer(kubelet, guard, options, request, response);
  });
  server.on('upgrade', (request, socket: Duplex, head) => {
    socket.on('error', () => {});
    if (!kubelet) socket.destroy();
    else void upgrade(kubelet, guard, request, socket, head);
  });
  server.listen(port, address);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    attach: (one) => {
      kubelet = one;
    },
    close: async () => {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
}

async function answer(
  kubelet: Kubelet,
  guard: Guard,
  { usage }: ServeOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  try {
    const path = request.url ?? '/';
    const refusal = await guard(request);
    if (refusal) {
      response.writeHead(refusal.status, { 'content-type': 'text/plain' }).end(`${refusal.text}\n`);
      return;
    }
    const method = request.method ?? 'GET';
    const { status, headers, body } = await newKubeletApi(kubelet, usage).request({
      method,
      path,
      signal: gone.signal,
    });
    response.writeHead(status, headers);
    if (typeof body === 'string') response.end(body);
    else {
      response.flushHeaders();
      for await (const chunk of body)
        if (!response.write(chunk)) await once(response, 'drain', { signal: gone.signal });
      response.end();
    }
  } catch (error) {
    if (!response.headersSent) response.writeHead(500);
    response.end(error instanceof Error ? error.message : '');
  }
}

async function upgrade(
  kubelet: Kubelet,
  guard: Guard,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): Promise<void> {
  try {
    const refusal = await guard(request);
    if (refusal) throw new StreamRefusal(refusal.status, refusal.text);
    const wanted = await streamRequest(kubelet, request.url ?? '/');
    const { cri } = kubelet.options;
    if (!isStreamingRuntime(cri)) {
      passOn(await urlOf(kubelet, wanted), request, socket, head);
      return;
    }
    if (/^websocket$/i.test(request.headers.upgrade ?? '')) {
      acceptWebSocket(cri, wanted, request, socket, head);
      return;
    }
    const offered = String(request.headers['x-stream-protocol-version'] ?? '').split(/ *, */);
    const known = wanted.kind === 'portForward' ? [PORT_PROTOCOL] : SPDY_PROTOCOLS;
    const chosen = known.find((one) => offered.includes(one));
    if (chosen === undefined) {
      throw new StreamRefusal(
        403,
        `unable to negotiate protocol: client supports [${offered.join(' ')}], server accepts [${known.join(' ')}]`,
      );
    }
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: ${chosen}\r\n\r\n`,
    );
    if (head.length > 0) socket.unshift(head);
    if (wanted.kind === 'portForward') forwardSpdyPorts(cri, wanted.podSandboxId, socket);
    else serveSpdyExec(cri, wanted, socket);
  } catch (error) {
    const status = error instanceof StreamRefusal ? error.status : 500;
    const text = error instanceof Error ? error.message : String(error);
    socket.end(
      `HTTP/1.1 ${status} Refused\r\nContent-Type: text/plain\r\nContent-Length: ${Buffer.byteLength(text)}\r\nConnection: close\r\n\r\n${text}`,
    );
  }
}

async function urlOf({ options: { cri } }: Kubelet, wanted: StreamRequest): Promise<URL> {
  if (wanted.kind === 'exec') return new URL((await cri.exec(wanted.request)).url);
  if (wanted.kind === 'attach') return new URL((await cri.attach(wanted.request)).url);
  const { podSandboxId, ports } = wanted;
  return new URL((await cri.portForward({ podSandboxId, port: ports })).url);
}

/** The runtime has a streaming server of its own: what is said goes there as it is. */
function passOn(url: URL, request: IncomingMessage, socket: Duplex, head: Buffer): void {
  const { host: _, authorization: __, ...headers } = request.headers;
  const outgoing = httpRequest(url, {
    method: request.method,
    headers: { ...headers, connection: 'Upgrade' },
  });
  const refuse = (status: number, text: string): void => {
    socket.end(
      `HTTP/1.1 ${status} Refused\r\nConnection: close\r\nContent-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`,
    );
  };
  outgoing.on('error', (error) => refuse(502, error.message));
  outgoing.on('response', (response) => {
    response.resume();
    refuse(response.statusCode ?? 502, response.statusMessage ?? '');
  });
  outgoing.on('upgrade', (response, other, first) => {
    const lines = response.rawHeaders.flatMap((name, i, all) =>
      i % 2 === 0 ? [`${name}: ${all[i + 1]}`] : [],
    );
    socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join('\r\n')}\r\n\r\n`);
    if (first.length > 0) socket.write(first);
    if (head.length > 0) other.write(head);
    other.on('error', () => socket.destroy());
    other.pipe(socket);
    socket.pipe(other);
  });
  outgoing.end();
}
