/** The client over real sockets, with servers that break every promise HTTP makes. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { HttpResponse, http } from 'msw';
import { setupServer } from 'msw/node';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type KubernetesObject, RealClock, silentLogger } from '#apimachinery';
import {
  isConnectionRefused,
  isConnectionReset,
  newRestClient,
  PODS,
  type RequesterOptions,
  type RestClient,
  type Watch,
  type WatchEvent,
} from '#client';
import { newHttpTransport, type RestConfig } from '#client/node';

const clock = new RealClock();
const log = silentLogger;
const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** Listens on a port of its own; gives its address. */
async function listening(server: ReturnType<typeof createServer>): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A server that is told each connection once the first bytes of a request have come. */
async function socketServer(answer: (socket: Socket, count: number) => void): Promise<string> {
  let count = 0;
  return listening(
    createServer((socket) => {
      cleanups.push(() => socket.destroy());
      socket.on('error', () => {});
      socket.once('data', () => answer(socket, ++count));
    }),
  );
}

const httpServer = (listener: RequestListener): Promise<string> =>
  listening(createHttpServer(listener));

function clientOf(
  server: string,
  options: Partial<RequesterOptions> = {},
  config: Partial<RestConfig> = {},
): RestClient {
  const { transport, close } = newHttpTransport(
    { server, namespace: 'default', user: {}, ...config },
    { clock, log },
  );
  cleanups.push(close);
  return newRestClient({ transport, server, clock, log, ...options });
}

/** All events until the watch ends, and what it threw. */
async function readAll<T extends KubernetesObject>(watch: Watch<T>) {
  const events: WatchEvent<T>[] = [];
  try {
    for await (const event of watch) events.push(event);
  } catch (error) {
    return { events, error };
  }
  return { events, error: undefined };
}

async function refusal(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => undefined,
    (error: unknown) => error,
  );
}

const added = (name: string) => ({ type: 'ADDED', object: { metadata: { name } } });
const HEAD =
  'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n';
const chunk = (text: string) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;

describe('a watch whose connection is cut', () => {
  const [first, second] = [added('é'), added('b')].map((event) => `${JSON.stringify(event)}\n`) as [
    string,
    string,
  ];
  // The second event comes in two chunks, cut inside.
  const body = Buffer.from(
    chunk(first) + chunk(second.slice(0, 20)) + chunk(second.slice(20)) + chunk(''),
  );
  // Behind an event's line feed comes its chunk's end.
  const firstEnd = Buffer.byteLength(chunk(first)) - 2;
  const secondEnd = body.lastIndexOf('}}}\n') + 4;

  for (const [how, end] of [
    ['politely', (socket: Socket) => socket.end()],
    ['rudely', (socket: Socket) => socket.resetAndDestroy()],
  ] as const) {
    it(`${how} at any byte gives whole events, and throws unless all has come`, async () => {
      let cut = 0;
      const server = await socketServer((socket) => {
        socket.setNoDelay();
        socket.write(Buffer.concat([Buffer.from(HEAD), body.subarray(0, cut)]), () => end(socket));
      });
      const pods = clientOf(server).resource(PODS, 'default');
      for (cut = 0; cut <= body.length; cut++) {
        const watch = await refusalOrValue(pods.watch());
        // A reset may overtake what was sent before it.
        if (how === 'rudely' && !('stop' in watch)) continue;
        const { events, error } = await readAll(watch as Watch<KubernetesObject>);
        const whole = Number(cut >= firstEnd) + Number(cut >= secondEnd);
        const expected = [added('é'), added('b')].slice(0, whole);
        if (how === 'politely') expect([cut, events]).toEqual([cut, expected]);
        else expect(expected.slice(0, events.length)).toEqual(events);
        if (cut < body.length) expect([cut, error]).toEqual([cut, expect.any(Error)]);
        else if (how === 'politely') expect(error).toBeUndefined();
      }
    });
  }

  it('in its head is a connection that broke', async () => {
    let cut = 0;
    const server = await socketServer((socket) => {
      socket.end(HEAD.slice(0, cut));
    });
    const { transport, close } = newHttpTransport(
      { server, namespace: '', user: {} },
      { clock, log },
    );
    cleanups.push(close);
    for (cut = 0; cut < HEAD.length; cut += 3) {
      const error = await refusal(transport(`${server}/api/v1/pods`));
      expect([cut, isConnectionReset(error)]).toEqual([cut, true]);
    }
  });
});

async function refusalOrValue<T>(work: Promise<T>): Promise<T | { error: unknown }> {
  return work.catch((error: unknown) => ({ error }));
}

describe('answers that are none', () => {
  const garbage = [
    'nonsense',
    '\0\0\0\0',
    'HTTP/1.1 abc OK\r\n\r\n',
    'HTTP/9.9 200 OK\r\n\r\n',
    '\r\n\r\n\r\n',
  ];
  for (const text of garbage) {
    it(`like ${JSON.stringify(text)} are errors`, async () => {
      const server = await socketServer((socket) => socket.end(text));
      const writes = clientOf(server).resource(PODS, 'default');
      expect(await refusal(writes.delete('a'))).toBeInstanceOf(Error);
    });
  }

  it('with half a body say so', async () => {
    const server = await socketServer((socket) =>
      socket.end(`${HEAD}${chunk('{"kind":').slice(0, 8)}`),
    );
    const error = await refusal(clientOf(server).resource(PODS, 'default').get('a'));
    expect(error).toMatchObject({
      message: expect.stringMatching(
        /^unexpected error when reading response body\. Please retry\./,
      ),
    });
  });

  it('with less than they promise say so', async () => {
    const server = await socketServer((socket) =>
      socket.end('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"kind":"Pod"}'),
    );
    const error = await refusal(clientOf(server).resource(PODS, 'default').get('a'));
    expect(error).toMatchObject({ message: expect.stringContaining('Please retry') });
  });

  it('with chunks that have no length are errors', async () => {
    const server = await socketServer((socket) => socket.end(`${HEAD}zz\r\n{}\r\n`));
    expect(await refusal(clientOf(server).resource(PODS, 'default').get('a'))).toBeInstanceOf(
      Error,
    );
  });

  it('of nobody are refused connections', async () => {
    const server = await socketServer(() => {});
    await cleanups.shift()?.();
    expect(isConnectionRefused(await refusal(clientOf(server).raw('/version')))).toBe(true);
  });

  it('of many megabytes come whole, however slowly they are read', async () => {
    const text = JSON.stringify({ metadata: { name: 'é'.repeat(4 * 1024 * 1024) } });
    let written = 0;
    const server = await httpServer((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(text, () => {
        written++;
      });
    });
    const { transport, close } = newHttpTransport(
      { server, namespace: '', user: {} },
      { clock, log },
    );
    cleanups.push(close);
    const response = await transport(`${server}/`);
    await new Promise((resolve) => setTimeout(resolve, 100));
    // Nobody reads it: so not all of it has been taken from the socket.
    expect(written).toBe(0);
    expect((await response.text()) === text).toBe(true);
  });

  it('that never come end by the time limit and by the signal, and free the connection', async () => {
    const closed: Promise<unknown>[] = [];
    const server = await socketServer((socket) => closed.push(once(socket, 'close')));
    const slow = clientOf(server, { timeoutMs: 50 });
    expect(await refusal(slow.raw('/version'))).toMatchObject({ name: 'RequestTimeoutError' });
    const abort = new AbortController();
    const reason = new Error('enough');
    const asked = refusal(clientOf(server).raw('/version', { signal: abort.signal }));
    setTimeout(() => abort.abort(reason), 20);
    expect(await asked).toBe(reason);
    await Promise.all(closed);
  });

  it('that never end are ended by the time limit', async () => {
    const server = await socketServer((socket) => socket.write(`${HEAD}${chunk('{')}`));
    const slow = clientOf(server, { timeoutMs: 100 });
    expect(await refusal(slow.raw('/version'))).toMatchObject({ name: 'RequestTimeoutError' });
  });

  it('of a get are asked for again when the connection broke', async () => {
    const server = await socketServer((socket, count) =>
      count === 1 ? socket.destroy() : socket.end('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'),
    );
    expect(await clientOf(server).raw('/healthz')).toBe('ok');
  });
});

describe('connections', () => {
  it('are used again, also after refusals and retries', async () => {
    const ports = new Set<number | undefined>();
    let count = 0;
    const server = await httpServer((request, response) => {
      ports.add(request.socket.remotePort);
      request.resume();
      const codes = [200, 404, 201, 200];
      response.writeHead(codes[count++ % 4] ?? 200, { 'content-type': 'application/json' });
      response.end('{"metadata":{}}');
    });
    const pods = clientOf(server).resource(PODS, 'default');
    for (let i = 0; i < 3; i++) {
      await pods.get('a');
      await refusal(pods.get('a'));
      await pods.create({ metadata: { name: 'a' } });
      await pods.delete('a');
    }
    // One may not be free yet when the next request comes.
    expect(ports.size).toBeLessThanOrEqual(2);
  });

  it('of stopped watches are closed', async () => {
    const closed: Promise<unknown>[] = [];
    const server = await httpServer((request, response) => {
      closed.push(once(request.socket, 'close'));
      response.writeHead(200, { 'content-type': 'application/json' });
      response.write(`${JSON.stringify(added('a'))}\n`);
    });
    const pods = clientOf(server).resource(PODS, 'default');
    (await pods.watch()).stop();
    const waiting = await pods.watch();
    const reading = readAll(waiting);
    setTimeout(() => waiting.stop(), 20);
    expect((await reading).error).toBeUndefined();
    for await (const _ of await pods.watch()) break;
    const abort = new AbortController();
    const aborted = readAll(await pods.watch({ signal: abort.signal }));
    abort.abort();
    expect(await aborted).toEqual({ events: [], error: undefined });
    await Promise.all(closed);
    expect(closed.length).toBe(4);
  });

  it('serve many watches and requests at once', async () => {
    const server = await httpServer((request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      if (request.url?.includes('watch')) response.write(`${JSON.stringify(added('a'))}\n`);
      else response.end('{"metadata":{}}');
    });
    const pods = clientOf(server).resource(PODS, 'default');
    const watches = await Promise.all(Array.from({ length: 40 }, () => pods.watch()));
    expect(await pods.get('a')).toEqual({ metadata: {} });
    for (const watch of watches) {
      for await (const event of watch) {
        expect(event).toEqual(added('a'));
        break;
      }
    }
  });

  it('of a closed transport end, and no more are made', async () => {
    const server = await httpServer((_, response) => {
      response.writeHead(200);
      response.write('\n');
    });
    const { transport, close } = newHttpTransport(
      { server, namespace: '', user: {} },
      { clock, log },
    );
    const client = newRestClient({ transport, server, clock, log });
    const reading = readAll(await client.resource(PODS).watch());
    await close();
    expect((await reading).error).toBeInstanceOf(Error);
    expect(String(await refusal(client.raw('/version')))).toContain('the transport is closed');
  });

  it('that idle do not keep a process alive', async () => {
    const server = await httpServer((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end('{}');
    });
    const code = `
      import { RealClock, silentLogger } from '#apimachinery';
      import { newHttpTransport } from '#client/node';
      const server = '${server}';
      const config = { server, namespace: '', user: {} };
      const { transport } = newHttpTransport(config, { clock: new RealClock(), log: silentLogger });
      console.log(await (await transport(server)).text());`;
    const root = join(import.meta.dirname, '..', '..', '..');
    const child = spawn(
      process.execPath,
      [
        ...['--import', 'tsx', '-C', 'ref-apimachinery', '-C', 'ref-client'],
        ...['--input-type=module', '-e', code],
      ],
      { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] },
    );
    cleanups.push(() => child.kill('SIGKILL'));
    let output = '';
    child.stdout.on('data', (piece) => {
      output += String(piece);
    });
    expect(await once(child, 'close')).toEqual([0, null]);
    expect(output).toBe('{}\n');
  });
});

describe('with msw', () => {
  const server = 'https://api.test';
  let tries = 0;
  const msw = setupServer(
    http.get(`${server}/api/v1/namespaces/default/pods`, ({ request }) => {
      const url = new URL(request.url);
      if (url.searchParams.has('watch')) {
        const text = [added('a'), added('b')].map((event) => `${JSON.stringify(event)}\n`).join('');
        return new HttpResponse(text, { headers: { 'content-type': 'application/json' } });
      }
      return HttpResponse.json({
        metadata: { resourceVersion: '4' },
        items: [{ metadata: { name: 'a' } }],
      });
    }),
    http.get(`${server}/api/v1/namespaces/default/pods/busy`, () => {
      tries++;
      const busy = { status: 429, headers: { 'retry-after': '0' } };
      return tries < 3
        ? new HttpResponse('', busy)
        : HttpResponse.json({ metadata: { name: 'busy' } });
    }),
    http.get(`${server}/api/v1/namespaces/default/pods/down`, () => HttpResponse.error()),
    http.patch(`${server}/api/v1/namespaces/default/pods/a`, async ({ request }) => {
      expect(request.headers.get('content-type')).toBe('application/merge-patch+json');
      return HttpResponse.json({ metadata: { name: 'a' }, patched: await request.json() });
    }),
  );
  beforeAll(() => msw.listen({ onUnhandledRequest: 'error' }));
  afterAll(() => msw.close());

  const pods = () =>
    newRestClient({ transport: (url, init) => fetch(url, init), server, clock, log }).resource(
      PODS,
      'default',
    );

  it('lists, watches and patches', async () => {
    expect(await pods().list()).toEqual({
      metadata: { resourceVersion: '4' },
      items: [{ metadata: { name: 'a' } }],
    });
    expect((await readAll(await pods().watch())).events).toEqual([added('a'), added('b')]);
    expect(await pods().patch('a', 'merge-patch', { x: 1 })).toMatchObject({ patched: { x: 1 } });
  });

  it('tries again, and fails when there is no answer', async () => {
    expect(await pods().get('busy')).toEqual({ metadata: { name: 'busy' } });
    expect(await refusal(pods().get('down'))).toBeInstanceOf(TypeError);
  });
});
