/**
 * HTTP/1.1 on node:http: its messages in the form of `exchange.ts`, connections that become another
 * protocol's, and what cannot be read at all.
 */

import {
  createServer,
  type IncomingMessage,
  type Server,
  ServerResponse,
  STATUS_CODES,
} from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { newBadRequest, StatusError } from '#apimachinery';
import type { Upgrade } from '../connection.ts';
import type { Answer } from '../context.ts';
import { statusAnswer } from '../handlers/status-answer.ts';
import type { Circumstances, Exchanges, Outgoing } from './exchange.ts';
import type { Serving } from './http-server.ts';
import { WireIncoming } from './incoming.ts';
import { Peer } from './peer.ts';

/** Room for a long target, a token and what proxies add. */
const MAX_HEAD_BYTES = 64 * 1024;
/** How long the rest of a body is taken and thrown away before the connection is cut. */
const LINGER_MS = 1000;
const MAX_CHECK_INTERVAL_MS = 5000;

/**
 * A server that listens to nothing: it is given connections, by its event `connection`.
 *
 * @param trusted - do callers need no credentials?
 */
export function newHttp1Server(serving: Serving, exchanges: Exchanges, trusted: boolean): Server {
  const { headTimeoutMs, bodyTimeoutMs } = serving;
  const peers = new WeakMap<Duplex, Peer>();
  const server = createServer({
    maxHeaderSize: MAX_HEAD_BYTES,
    keepAliveTimeout: serving.idleTimeoutMs,
    headersTimeout: headTimeoutMs,
    // Bodies that somebody waits for have a limit of their own, with a better answer.
    requestTimeout: 2 * (headTimeoutMs + bodyTimeoutMs),
    connectionsCheckingInterval: Math.min(MAX_CHECK_INTERVAL_MS, headTimeoutMs / 2),
    // Its absence is answered with a Status below.
    requireHostHeader: false,
  });
  const peerOf = (socket: Socket): Peer => {
    const known = peers.get(socket);
    if (known !== undefined) return known;
    const peer: Peer = new Peer(socket, trusted, (incoming) => exchanges.finished(incoming, peer));
    peers.set(socket, peer);
    exchanges.connected(peer);
    socket.once('close', () => exchanges.disconnected(peer));
    return peer;
  };

  server.on('connection', peerOf);
  const serve = (message: IncomingMessage, outgoing: Http1Outgoing, beforeBody?: () => void) => {
    const incoming = new WireIncoming({
      method: message.method ?? '',
      head: message,
      body: message,
      limits: { maxBytes: serving.maxBodyBytes, timeoutMs: bodyTimeoutMs },
      ...(beforeBody && { beforeBody }),
    });
    const peer = peerOf(message.socket);
    peer.lastAnswer = outgoing.response;
    outgoing.response.once('close', () => {
      if (!outgoing.response.writableFinished) incoming.lost();
      exchanges.finished(incoming, peer);
    });
    const refusal = faultOfHead(message);
    if (refusal !== undefined) exchanges.refuse(refusal, incoming, outgoing, peer);
    else exchanges.run(message.url ?? '', incoming, outgoing, peer);
  };

  server.on('request', (message, response) => serve(message, new Http1Outgoing(message, response)));
  server.on('checkContinue', (message, response) =>
    serve(message, new Http1Outgoing(message, response), () => response.writeContinue()),
  );
  server.on('checkExpectation', (message, response) =>
    serve(message, new Http1Outgoing(message, response)),
  );
  const serveDetached = (message: IncomingMessage, socket: Duplex, head: Buffer) =>
    serve(message, detached(message, socket as Socket, head));
  server.on('upgrade', serveDetached);
  server.on('connect', serveDetached);
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    serving.log.debug('not a request', { error: error.message });
    const last = peers.get(socket)?.lastAnswer;
    // Nothing may be written in the middle of an answer.
    const isAnswering = last?.headersSent && !last.writableFinished;
    if (socket.writable && error.code !== 'ECONNRESET' && !isAnswering) {
      socket.end(rawAnswer(statusAnswer(statusOfClientError(error))));
    }
    // Whatever else it sends is not read; the answer has a moment to arrive.
    const timer = setTimeout(() => socket.destroy(), LINGER_MS);
    socket.once('close', () => clearTimeout(timer));
  });
  return server;
}

/** One answer of HTTP/1.1. */
class Http1Outgoing implements Outgoing {
  readonly response: ServerResponse;
  readonly upgrade: ((upgrade: Upgrade) => Duplex) | undefined;
  readonly #message: IncomingMessage;

  /** @param upgrade - present where the connection can be had as a whole */
  constructor(
    message: IncomingMessage,
    response: ServerResponse,
    upgrade?: (upgrade: Upgrade) => Duplex,
  ) {
    this.#message = message;
    this.response = response;
    this.upgrade = upgrade;
  }

  get stream(): ServerResponse {
    return this.response;
  }

  send(answer: Answer, body: string | Uint8Array, circumstances: Circumstances): void {
    const { response } = this;
    if (response.destroyed) return;
    const { isStopping, isBodyUnread } = circumstances;
    if (isStopping || isBodyUnread) response.shouldKeepAlive = false;
    response.writeHead(answer.status, headersOf(answer, body));
    if (isBodyUnread) this.#sendAndLinger(body);
    else response.end(body);
  }

  begin(answer: Answer): void {
    this.response.writeHead(answer.status, headersOf(answer));
  }

  sendHead(): void {
    this.response.flushHeaders();
  }

  abort(): void {
    this.response.destroy();
  }

  /**
   * Closing a connection with unread bytes on it resets it, and the other end may never see the
   * answer: so the rest is read for a moment, and thrown away.
   */
  #sendAndLinger(body: string | Uint8Array): void {
    this.response.write(body);
    const timer = setTimeout(() => this.response.end(), LINGER_MS);
    this.#message.once('close', () => {
      clearTimeout(timer);
      this.response.end();
    });
    this.#message.resume();
  }
}

/** What is wrong with a request, whatever it asks for. */
function faultOfHead({ headers, httpVersion }: IncomingMessage): StatusError | undefined {
  if (headers.host === undefined && httpVersion === '1.1') {
    return newBadRequest('missing required Host header');
  }
  if (headers.expect !== undefined && headers.expect.toLowerCase() !== '100-continue') {
    return new StatusError({ code: 417, reason: '', message: 'the expectation cannot be met' });
  }
  return undefined;
}

/**
 * @param body - absent for a stream, whose length nobody knows
 */
function headersOf({ status, headers }: Answer, body?: string | Uint8Array) {
  const hasLength = body !== undefined && status !== 204 && status !== 304;
  return {
    'Cache-Control': 'no-cache, private',
    ...headers,
    ...(hasLength && { 'Content-Length': Buffer.byteLength(body) }),
  };
}

/** The answer to a request whose connection node:http has let go of: it may become a tunnel. */
function detached(message: IncomingMessage, socket: Socket, head: Buffer): Http1Outgoing {
  // Whoever is told of its end is told by 'close'.
  socket.on('error', () => {});
  if (head.length > 0) socket.unshift(head);
  const response = new ServerResponse(message);
  response.shouldKeepAlive = false;
  response.assignSocket(socket);
  socket.on('drain', () => response.emit('drain'));
  response.once('finish', () => socket.destroySoon());
  return new Http1Outgoing(message, response, (upgrade) => {
    response.detachSocket(socket);
    socket.setTimeout(0);
    socket.write(switchingProtocols(upgrade));
    return socket;
  });
}

const HEADER_TEXT = /^[\t\x20-\x7e\x80-\xff]*$/;

function switchingProtocols({ protocol, headers }: Upgrade): string {
  const lines = ['HTTP/1.1 101 Switching Protocols', 'Connection: Upgrade', `Upgrade: ${protocol}`];
  for (const [name, value] of Object.entries(headers)) {
    if (/^(?:connection|upgrade)$/i.test(name) || !HEADER_TEXT.test(name + value)) continue;
    lines.push(`${name}: ${value}`);
  }
  return `${lines.join('\r\n')}\r\n\r\n`;
}

function statusOfClientError({ code, message }: NodeJS.ErrnoException): StatusError {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return new StatusError({
      code: 408,
      reason: 'Timeout',
      message: 'the request did not come in time',
    });
  }
  if (code === 'HPE_HEADER_OVERFLOW') {
    return new StatusError({
      code: 431,
      reason: '',
      message: `the headers of the request are too large: limit is ${MAX_HEAD_BYTES}`,
    });
  }
  return newBadRequest(`the request is no HTTP: ${message}`);
}

/** For where there is no request to answer to. */
function rawAnswer({ status, headers, body }: Answer): string {
  const lines = [`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, 'Connection: close'];
  for (const [name, value] of Object.entries(headers)) lines.push(`${name}: ${value}`);
  lines.push(`Content-Length: ${Buffer.byteLength(String(body))}`);
  return `${lines.join('\r\n')}\r\n\r\n${body}`;
}
