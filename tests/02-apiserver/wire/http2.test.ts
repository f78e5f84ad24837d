/** TLS: HTTP/2 and HTTP/1.1 on one port, and whom a client certificate makes of a caller. */

import { once } from 'node:events';
import http2 from 'node:http2';
import https from 'node:https';
import { connect as connectTcp } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  type KeyPair,
  newAuthority,
  newClientCertificate,
  newServingCertificate,
} from '../../../solutions/02-apiserver/wire/certificates.ts';
import type { HttpServerOptions } from '../../../solutions/02-apiserver/wire/http-server.ts';
import { cleanups, head, newServer, RawClient, type Respond, text } from './serving.ts';

let authority: KeyPair;
let serving: KeyPair;
beforeAll(async () => {
  authority = await newAuthority('test');
  serving = await newServingCertificate(authority, 'kube-apiserver', ['localhost', '127.0.0.1']);
});

async function startSecure(respond?: Respond, options?: Partial<HttpServerOptions>) {
  const { server, seen } = newServer(respond, options);
  const port = await server.listenSecure('127.0.0.1', 0, {
    ...serving,
    clientAuthorities: authority.certificate,
  });
  return { server, seen, port };
}

function openSession(port: number, client?: KeyPair): http2.ClientHttp2Session {
  const session = http2.connect(`https://localhost:${port}`, {
    ca: authority.certificate,
    ...(client && { cert: client.certificate, key: client.key }),
  });
  session.on('error', () => {});
  cleanups.push(() => session.destroy());
  return session;
}

interface Heard {
  readonly headers: http2.IncomingHttpHeaders;
  readonly body: string;
}

function ask(
  session: http2.ClientHttp2Session,
  headers: http2.OutgoingHttpHeaders,
  body?: string | Buffer,
): Promise<Heard> {
  return new Promise((resolve, reject) => {
    const stream = session.request(headers, { endStream: body === undefined });
    let received = '';
    let answered: http2.IncomingHttpHeaders = {};
    stream.on('response', (one) => {
      answered = one;
    });
    stream.on('data', (piece) => {
      received += piece;
    });
    stream.on('error', reject);
    stream.on('end', () => resolve({ headers: answered, body: received }));
    if (body !== undefined) stream.end(body);
  });
}

describe('HTTP/2', () => {
  const echo: Respond = async ({ incoming }) =>
    text(Buffer.from(await incoming.arrayBuffer()).toString());

  it('hands over method, target, headers and body, many at a time', async () => {
    const { port, seen } = await startSecure(echo);
    const session = openSession(port);
    const asked = Array.from({ length: 50 }, (_, i) =>
      ask(
        session,
        { ':method': 'POST', ':path': `/api/${i}?a=b`, 'X-One': String(i) },
        `body ${i}`,
      ),
    );
    expect((await Promise.all(asked)).map((one) => one.body)).toEqual(
      asked.map((_, i) => `body ${i}`),
    );
    expect(seen[7]).toMatchObject({
      target: { path: '/api/7', query: 'a=b' },
      connection: {
        rawTarget: '/api/7?a=b',
        remoteAddress: '127.0.0.1',
        secure: true,
        trusted: false,
      },
    });
    expect([seen[7]?.incoming.method, seen[7]?.incoming.headers.get('x-one')]).toEqual([
      'POST',
      '7',
    ]);
    const names: string[] = [];
    seen[7]?.incoming.headers.forEach?.((_value, name) => {
      names.push(name);
    });
    expect(names).toEqual(['x-one']);
  });

  it('answers with small names and a length, and HEAD without a body', async () => {
    const { port } = await startSecure();
    const session = openSession(port);
    const { headers, body } = await ask(session, { ':path': '/' });
    expect(headers).toMatchObject({
      ':status': 200,
      'content-type': 'text/plain',
      'content-length': '5',
      'cache-control': 'no-cache, private',
    });
    expect(body).toBe('hello');
    const none = await ask(session, { ':method': 'HEAD', ':path': '/' });
    expect([none.headers['content-length'], none.body]).toEqual(['5', '']);
  });

  it('refuses path tricks and large bodies with a Status', async () => {
    const { port, seen } = await startSecure(echo, { maxBodyBytes: 1000 });
    const session = openSession(port);
    const tricked = await ask(session, { ':path': '/healthz/../api' });
    expect(tricked.headers[':status']).toBe(400);
    expect(JSON.parse(tricked.body)).toMatchObject({ kind: 'Status' });
    expect(seen).toEqual([]);
    const large = await ask(session, { ':method': 'POST', ':path': '/' }, Buffer.alloc(100_000));
    expect(large.headers[':status']).toBe(413);
    expect((await ask(session, { ':path': '/' })).headers[':status']).toBe(200);
  });

  it('answers 408 to a body that does not come', async () => {
    const { port } = await startSecure(echo, { bodyTimeoutMs: 50 });
    const stream = openSession(port).request({ ':method': 'POST', ':path': '/' });
    stream.write('abc');
    const [headers] = await once(stream, 'response');
    expect(headers[':status']).toBe(408);
  });

  it('sends streams as they come, and cancels one alone when the client does', async () => {
    let isCancelled = false;
    const { port, seen } = await startSecure(() => ({
      status: 200,
      headers: {},
      body: new ReadableStream<Uint8Array>({
        start: (controller) => controller.enqueue(new TextEncoder().encode('first')),
        cancel: () => {
          isCancelled = true;
        },
      }),
    }));
    const session = openSession(port);
    const stream = session.request({ ':path': '/watch' });
    const [piece] = await once(stream, 'data');
    expect(String(piece)).toBe('first');
    const signal = seen[0]?.incoming.signal;
    expect([isCancelled, signal?.aborted]).toEqual([false, false]);
    stream.close(http2.constants.NGHTTP2_CANCEL);
    await expect.poll(() => [isCancelled, signal?.aborted]).toEqual([true, true]);
    expect(session.destroyed).toBe(false);
  });

  it('tells every handler on a connection when it is lost', async () => {
    const { port, seen } = await startSecure(() => new Promise(() => {}));
    const session = openSession(port);
    for (const path of ['/a', '/b']) session.request({ ':path': path }).on('error', () => {});
    await expect.poll(() => seen.length).toBe(2);
    session.destroy();
    await expect.poll(() => seen.every((one) => one.incoming.signal.aborted)).toBe(true);
  });

  it('closes a connection without requests, but not one with a silent watch', async () => {
    const { port, seen } = await startSecure(
      ({ target }) =>
        target.path === '/watch'
          ? { status: 200, headers: {}, body: new ReadableStream<Uint8Array>() }
          : text('hello'),
      { idleTimeoutMs: 100 },
    );
    const [watching, idle] = [openSession(port), openSession(port)];
    watching.request({ ':path': '/watch' }).on('error', () => {});
    await ask(idle, { ':path': '/' });
    await once(idle, 'close');
    expect([seen.length, watching.closed]).toEqual([2, false]);
  });

  it('stops: streams end in good order, the rest is finished, the connection closes', async () => {
    let open = () => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const { port, server, seen } = await startSecure(async ({ target }) => {
      if (target.path === '/watch') {
        return { status: 200, headers: {}, body: new ReadableStream<Uint8Array>() };
      }
      await gate;
      return text('done');
    });
    const session = openSession(port);
    const watch = ask(session, { ':path': '/watch' });
    const slow = ask(session, { ':path': '/slow' });
    await expect.poll(() => seen.length).toBe(2);
    const stopped = server.stop(5000);
    expect((await watch).headers[':status']).toBe(200);
    open();
    expect((await slow).body).toBe('done');
    await stopped;
    await expect.poll(() => session.destroyed).toBe(true);
  });
});

describe('TLS', () => {
  it('speaks HTTP/1.1 with those who want it, on the same port', async () => {
    const { port, seen } = await startSecure();
    const response = await new Promise<string>((resolve, reject) => {
      https
        .get({ port, host: 'localhost', ca: authority.certificate, agent: false }, (answer) =>
          answer.on('data', (piece) => resolve(`${answer.httpVersion} ${piece}`)),
        )
        .on('error', reject);
    });
    expect(response).toBe('1.1 hello');
    expect(seen[0]?.connection).toMatchObject({ secure: true, trusted: false });
  });

  it('watches over slow heads on it as well', async () => {
    const { port } = await startSecure(undefined, { headTimeoutMs: 100 });
    const socket = connectTls({ port, host: 'localhost', ca: authority.certificate });
    await once(socket, 'secureConnect');
    const client = new RawClient(socket);
    client.send('GET / HTTP/1.1\r\nHost: a');
    expect((await client.answer()).status).toBe(408);
  });

  it('has no use for what is no TLS, and is not harmed by it', async () => {
    const { port } = await startSecure();
    const plain = new RawClient(connectTcp(port, '127.0.0.1'));
    plain.send(head('GET', '/'));
    await plain.closed();
    expect((await ask(openSession(port), { ':path': '/' })).body).toBe('hello');
  });
});

describe('client certificates', () => {
  async function callerWith(client?: KeyPair) {
    const { port, seen } = await startSecure();
    await ask(openSession(port, client), { ':path': '/' });
    return seen[0]?.connection.peerCertificates;
  }

  it('says who a caller is whose certificate is of the authority', async () => {
    const client = await newClientCertificate(authority, {
      commonName: 'system:node:a, "b"=+\\',
      organizations: ['system:nodes', 'x,y'],
    });
    const [leaf, issuer] = (await callerWith(client)) ?? [];
    expect(leaf).toMatchObject({
      commonName: 'system:node:a, "b"=+\\',
      organizations: ['system:nodes', 'x,y'],
      forClients: true,
    });
    expect((leaf?.notBefore ?? 0) < Date.now() && Date.now() < (leaf?.notAfter ?? 0)).toBe(true);
    expect(issuer?.commonName).toBe('test');
  });

  it('does not ask for one, but lets callers without it in', async () => {
    expect(await callerWith()).toEqual([]);
  });

  it('takes one of another authority for none', async () => {
    const other = await newAuthority('test');
    const subject = { commonName: 'admin', organizations: ['system:masters'] };
    expect(await callerWith(await newClientCertificate(other, subject))).toEqual([]);
  });

  it('takes one that has expired for none', async () => {
    const twoYearsAgo = Date.now() - 2 * 365 * 24 * 3_600_000;
    const subject = { commonName: 'admin', organizations: ['system:masters'] };
    expect(await callerWith(await newClientCertificate(authority, subject, twoYearsAgo))).toEqual(
      [],
    );
  });

  it('takes a server certificate for none', async () => {
    expect(await callerWith(await newServingCertificate(authority, 'admin', []))).toEqual([]);
  });

  it('asks nobody when there is no authority for clients', async () => {
    const { server, seen } = newServer();
    const port = await server.listenSecure('127.0.0.1', 0, serving);
    const subject = { commonName: 'admin', organizations: ['system:masters'] };
    await ask(openSession(port, await newClientCertificate(authority, subject)), { ':path': '/' });
    expect(seen[0]?.connection.peerCertificates).toEqual([]);
  });

  it('still knows a caller who resumes a session', async () => {
    const { port, seen } = await startSecure();
    const client = await newClientCertificate(authority, { commonName: 'me', organizations: [] });
    const open = async (session?: Buffer): Promise<TLSSocket> => {
      const socket = connectTls({
        port,
        host: 'localhost',
        ca: authority.certificate,
        cert: client.certificate,
        key: client.key,
        ...(session && { session }),
      });
      await once(socket, 'secureConnect');
      return socket;
    };
    const first = await open();
    const ticket = once(first, 'session');
    const raw = new RawClient(first);
    raw.send(head('GET', '/'));
    await raw.answer();
    const [session] = await ticket;
    first.destroy();
    const second = await open(session);
    expect(second.isSessionReused()).toBe(true);
    const again = new RawClient(second);
    again.send(head('GET', '/'));
    await again.answer();
    expect(seen.map((one) => one.connection.peerCertificates[0]?.commonName)).toEqual(['me', 'me']);
  });
});
