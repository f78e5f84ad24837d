/** exec, attach and port-forward in a WebSocket: a message's first byte names the channel. */

import type { IncomingMessage } from 'node:http';
import { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { CriClient, StreamingRuntime } from '#container-runtime/cri';
import { webSocketFlow } from '#container-runtime/wire';
import type { StreamRequest } from '../../api/kubelet-api.ts';
import { forwardSpdyPorts } from './spdy-streams.ts';
import { ByteInbox, Inbox, runSession } from './stream-session.ts';

/** The newest first. */
const EXEC_PROTOCOLS = ['v5.channel.k8s.io', 'v4.channel.k8s.io'];
const TUNNEL = 'SPDY/3.1+portforward.k8s.io';
const STDIN = 0;
const STDOUT = 1;
const STDERR = 2;
const ERROR = 3;
const RESIZE = 4;
const CLOSE = 255;

const exec = serverFor(EXEC_PROTOCOLS);
const tunnel = serverFor([TUNNEL]);

function serverFor(protocols: readonly string[]): WebSocketServer {
  return new WebSocketServer({
    noServer: true,
    handleProtocols: (offered) => protocols.find((one) => offered.has(one)) ?? false,
  });
}

export function acceptWebSocket(
  runtime: CriClient & StreamingRuntime,
  wanted: StreamRequest,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): void {
  const server = wanted.kind === 'portForward' ? tunnel : exec;
  server.handleUpgrade(request, socket, head, (ws) => {
    if (wanted.kind === 'portForward') {
      forwardSpdyPorts(runtime, wanted.podSandboxId, duplexOf(ws));
    } else void serveExec(runtime, wanted, ws);
  });
}

async function serveExec(
  runtime: CriClient & StreamingRuntime,
  wanted: Exclude<StreamRequest, { kind: 'portForward' }>,
  ws: WebSocket,
): Promise<void> {
  const stdin = new ByteInbox(webSocketFlow(ws));
  if (!wanted.request.stdin) stdin.discard();
  const resizes = new Inbox<{ width: number; height: number }>();
  const gone = new AbortController();
  ws.on('message', (data: Buffer) => {
    const channel = data[0];
    const body = data.subarray(1);
    if (channel === STDIN) stdin.push(body);
    else if (channel === RESIZE) resizes.push(sizeOf(body.toString()));
    else if (channel === CLOSE && body[0] === STDIN) stdin.close();
  });
  ws.on('error', () => {});
  ws.on('close', () => {
    stdin.close();
    resizes.close();
    gone.abort();
  });
  const send = (channel: number, data: Uint8Array): Promise<void> =>
    new Promise((resolve) => {
      if (ws.readyState !== ws.OPEN) resolve();
      else ws.send(Buffer.concat([Buffer.of(channel), data]), () => resolve());
    });
  // Who dials wants to see that the channels are there.
  if (wanted.request.stdout) await send(STDOUT, new Uint8Array());
  await runSession(runtime, wanted, {
    stdin,
    resizes,
    gone: gone.signal,
    writeStdout: (data) => send(STDOUT, data),
    writeStderr: (data) => send(STDERR, data),
    finish: async (status) => {
      await send(ERROR, new TextEncoder().encode(JSON.stringify(status)));
      ws.close(1000);
    },
  });
}

function sizeOf(text: string): { width: number; height: number } {
  try {
    const { Width: width = 0, Height: height = 0 } = JSON.parse(text) as Record<string, number>;
    return { width, height };
  } catch {
    return { width: 0, height: 0 };
  }
}

/** The bytes of a WebSocket's messages, one after another. */
function duplexOf(ws: WebSocket): Duplex {
  const duplex = new Duplex({
    read: () => ws.resume(),
    write: (data: Buffer, _encoding, done) => ws.send(data, () => done()),
    final: (done) => {
      ws.close(1000);
      done();
    },
    destroy: (_error, done) => {
      ws.terminate();
      done(null);
    },
  });
  ws.on('message', (data: Buffer) => {
    if (!duplex.push(data)) ws.pause();
  });
  ws.on('close', () => duplex.push(null));
  ws.on('error', () => duplex.destroy());
  return duplex;
}
