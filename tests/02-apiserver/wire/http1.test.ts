/** HTTP/1.1 over real sockets: what is refused, limited, streamed and cut off. */

import { request } from 'node:http';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { cleanups, head, RawClient, startServer, text } from './serving.ts';

const statusIn = (body: string) =>
  JSON.parse(body) as { kind: string; code: number; reason?: string; message: string };

describe('HTTP/1.1', () => {
  it('hands over method, target, headers, body and who is on the line', async () => {
    const { port, seen } = await startServer(async ({ incoming }) =>
      text(Buffer.from(await incoming.arrayBuffer()).toString()),
    );
    const client = await RawClient.open(port);
    client.send(`${head('POST', '/api/v1/pods?a=b', ['X-One: 1', 'Content-Length: 5'])}12345`);
    expect(await client.answer()).toMatchObject({ status: 200, body: '12345' });
    const [{ incoming, target, connection } = expect.fail()] = seen;
    expect([incoming.method, incoming.headers.get('x-one'), incoming.headers.get('X-ONE')]).toEqual(
      ['POST', '1', '1'],
    );
    expect(incoming.headers.get('absent')).toBeNull();
    expect(target).toEqual({ path: '/api/v1/pods', query: 'a=b' });
    expect(connection).toEqual({
      rawTarget: '/api/v1/pods?a=b',
      peerCertificates: [],
      remoteAddress: '127.0.0.1',
      secure: false,
      trusted: true,
    });
  });

  it('answers with a length, and says that nobody may keep the answer', async () => {
    const { port } = await startServer();
    const client = await RawClient.open(port);
    client.send(head('GET', '/'));
    const answer = await client.answer();
    expect(answer.body).toBe('hello');
    expect(answer.head).toMatch(/^Content-Length: 5\r?$/m);
    expect(answer.head).toMatch(/^Cache-Control: no-cache, private\r?$/m);
  });

  it('keeps the connection for the next request, with bodies of all kinds', async () => {
    const { port } = await startServer(async ({ incoming }) =>
      text(String((await incoming.arrayBuffer()).byteLength)),
    );
    const client = await RawClient.open(port);
    client.send(head('GET', '/'));
    expect((await client.answer()).body).toBe('0');
    client.send(`${head('POST', '/', ['Transfer-Encoding: chunked'])}3\r\nabc\r\n`);
    client.send('2\r\nde\r\n0\r\n\r\n');
    expect((await client.answer()).body).toBe('5');
    client.send(`${head('PUT', '/', ['Content-Length: 3'])}a`);
    client.send('bc');
    expect((await client.answer()).body).toBe('3');
    client.send(head('POST', '/', ['Content-Length: 0']));
    expect((await client.answer()).body).toBe('0');
    expect(client.isClosed).toBe(false);
  });

  it('answers pipelined requests in their order', async () => {
    const gates: (() => void)[] = [];
    const { port } = await startServer(async ({ target }) => {
      if (target.path === '/slow') await new Promise<void>((resolve) => gates.push(resolve));
      else gates[0]?.();
      return text(target.path);
    });
    const client = await RawClient.open(port);
    client.send(head('GET', '/slow') + head('GET', '/fast'));
    expect((await client.answer()).body).toBe('/slow');
    expect((await client.answer()).body).toBe('/fast');
  });

  it('sends no body to HEAD, and none with 204', async () => {
    const { port } = await startServer(({ incoming }) =>
      incoming.method === 'HEAD' ? text('hello') : { status: 204, headers: {}, body: '' },
    );
    const client = await RawClient.open(port);
    client.send(head('HEAD', '/'));
    expect(await client.until((all) => all.endsWith('\r\n\r\n'))).toMatch(/Content-Length: 5\r\n/);
    client.received = '';
    client.send(head('GET', '/'));
    const answer = await client.answer();
    expect(answer.head).toMatch(/^HTTP\/1.1 204 /);
    expect(answer.head).not.toMatch(/content-length/i);
  });

  it('answers 500 without details when the handler fails, and goes on', async () => {
    const { port } = await startServer(() => {
      throw new Error('password is 1234');
    });
    const client = await RawClient.open(port);
    client.send(head('GET', '/'));
    const answer = await client.answer();
    expect(answer.status).toBe(500);
    expect(statusIn(answer.body)).toMatchObject({ kind: 'Status', reason: 'InternalError' });
    expect(answer.body).not.toContain('1234');
    client.send(head('GET', '/'));
    expect((await client.answer()).status).toBe(500);
  });

  it('answers 500 when an answer has headers that cannot be sent', async () => {
    const { port } = await startServer(() => ({
      status: 200,
      headers: { A: 'b\r\nC: d' },
      body: '',
    }));
    const client = await RawClient.open(port);
    client.send(head('GET', '/'));
    const answer = await client.answer();
    expect([answer.status, answer.head.includes('C: d')]).toEqual([500, false]);
  });
});

describe('requests that are not handed over', () => {
  const targets: [string, string, number][] = [
    ['dots', '/healthz/../api', 400],
    ['encoded dots', '/healthz/%2e%2E/api', 400],
    ['two slashes', '//api', 400],
    ['an encoded slash', '/api/v1/pods/a%2Fb', 400],
    ['a backslash', '/api\\v1', 400],
    ['an encoded NUL', '/api/%00', 400],
    ['no target', '*', 400],
    ['a long target', `/${'a'.repeat(40_000)}`, 414],
  ];
  it.each(targets)('refuses %s with a Status', async (_name, target, code) => {
    const { port, seen } = await startServer();
    const client = await RawClient.open(port);
    client.send(head('GET', target));
    const answer = await client.answer();
    expect(answer.status).toBe(code);
    expect(statusIn(answer.body)).toMatchObject({ kind: 'Status', code });
    expect(seen).toEqual([]);
  });

  const garbage: [string, string, number][] = [
    ['what is no HTTP', 'hello\r\n\r\n', 400],
    ['a header that is none', 'GET / HTTP/1.1\r\nHost: a\r\nB@d header\r\n\r\n', 400],
    [
      'two lengths',
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
      400,
    ],
    [
      'a length and chunks',
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
      400,
    ],
    [
      'headers beyond all measure',
      `GET / HTTP/1.1\r\nHost: a\r\nA: ${'a'.repeat(70_000)}\r\n\r\n`,
      431,
    ],
  ];
  it.each(garbage)('answers %s with a Status, and closes', async (_name, bytes, code) => {
    const { port, seen } = await startServer();
    const client = await RawClient.open(port);
    client.send(bytes);
    const answer = await client.answer();
    expect(answer.status).toBe(code);
    expect(statusIn(answer.body)).toMatchObject({ kind: 'Status', code });
    await client.closed();
    expect(seen).toEqual([]);
  });

  it('refuses a request that names no host', async () => {
    const { port, seen } = await startServer();
    const client = await RawClient.open(port);
    client.send('GET / HTTP/1.1\r\n\r\n');
    expect((await client.answer()).status).toBe(400);
    expect(seen).toEqual([]);
  });

  it('refuses an expectation it does not know', async () => {
    const { port } = await startServer();
    const client = await RawClient.open(port);
    client.send(head('GET', '/', ['Expect: miracles']));
    expect((await client.answer()).status).toBe(417);
  });

  it('refuses CONNECT', async () => {
    const { port } = await startServer();
    const client = await RawClient.open(port);
    client.send('CONNECT example.com:443 HTTP/1.1\r\nHost: example.com\r\n\r\n');
    expect((await client.answer()).status).toBe(400);
    await client.closed();
  });
});

describe('bodies', () => {
  const echoSize = async ({ incoming }: { incoming: { arrayBuffer(): Promise<ArrayBuffer> } }) =>
    text(String((await incoming.arrayBuffer()).byteLength));

  it('takes one of exactly the limit', async () => {
    const { port } = await startServer(echoSize, { maxBodyBytes: 100_000 });
    const client = await RawClient.open(port);
    client.send(head('POST', '/', ['Content-Length: 100000']) + 'a'.repeat(100_000));
    expect((await client.answer()).body).toBe('100000');
  });

  it('answers 413 to a length over the limit, without waiting for the body, and closes', async () => {
    const { port } = await startServer(echoSize);
    const client = await RawClient.open(port);
    client.send(head('POST', '/', [`Content-Length: ${3 * 1024 * 1024 + 1}`]));
    const answer = await client.answer();
    expect(answer.status).toBe(413);
    expect(statusIn(answer.body)).toMatchObject({
      reason: 'RequestEntityTooLarge',
      message: 'Request entity too large: limit is 3145728',
    });
    await client.closed();
  });

  it('answers 413 in the middle of a body without a length, and the answer arrives', async () => {
    const { port } = await startServer(echoSize, { maxBodyBytes: 10_000 });
    const client = await RawClient.open(port);
    client.send(head('POST', '/', ['Transfer-Encoding: chunked']));
    const chunk = `1000\r\n${'a'.repeat(0x1000)}\r\n`;
    // The client is a stubborn one that sends on, whatever it is told.
    const timer = setInterval(() => client.send(chunk.repeat(16)), 1);
    cleanups.push(() => clearInterval(timer));
    expect((await client.answer()).status).toBe(413);
    await client.closed();
  });

  it('answers 408 to a body that does not come, and closes', async () => {
    const { port } = await startServer(echoSize, { bodyTimeoutMs: 50 });
    const client = await RawClient.open(port);
    client.send(`${head('POST', '/', ['Content-Length: 10'])}abc`);
    expect((await client.answer()).status).toBe(408);
    await client.closed();
  });

  it('answers 408 to a head that does not come, and closes', async () => {
    const { port } = await startServer(echoSize, { headTimeoutMs: 100, bodyTimeoutMs: 100 });
    const client = await RawClient.open(port);
    client.send('GET / HTTP/1.1\r\nHost:');
    const answer = await client.answer();
    expect(answer.status).toBe(408);
    expect(statusIn(answer.body).kind).toBe('Status');
    await client.closed();
  });

  it('fails the reading of a body whose sender hangs up', async () => {
    const failures: unknown[] = [];
    const { port, seen } = await startServer(async ({ incoming }) => {
      await incoming.arrayBuffer().catch((error) => failures.push(error));
      return text('');
    });
    const client = await RawClient.open(port);
    client.send(`${head('POST', '/', ['Content-Length: 10'])}abc`);
    await expect.poll(() => seen.length).toBe(1);
    client.socket.destroy();
    await expect.poll(() => failures).toMatchObject([{ code: 400, message: 'unexpected EOF' }]);
  });

  it('asks for a body that waits to be asked for, when the handler wants it', async () => {
    const { port } = await startServer(echoSize);
    const client = await RawClient.open(port);
    client.send(head('POST', '/', ['Content-Length: 3', 'Expect: 100-continue']));
    expect(await client.until((all) => all.includes('\r\n\r\n'))).toBe(
      'HTTP/1.1 100 Continue\r\n\r\n',
    );
    client.received = '';
    client.send('abc');
    expect((await client.answer()).body).toBe('3');
  });

  it('does not ask for it when the answer is no anyway', async () => {
    const { port } = await startServer(() => text('no', 403));
    const client = await RawClient.open(port);
    client.send(head('POST', '/', ['Content-Length: 3', 'Expect: 100-continue']));
    expect((await client.answer()).status).toBe(403);
    await client.closed();
  });

  it('keeps the connection when a small body was of no interest', async () => {
    const { port } = await startServer(() => text('no', 403));
    const client = await RawClient.open(port);
    for (let i = 0; i < 3; i++) {
      client.send(`${head('POST', '/', ['Content-Length: 1000'])}${'a'.repeat(1000)}`);
      expect((await client.answer()).status).toBe(403);
    }
    expect(client.isClosed).toBe(false);
  });
});

describe('streams', () => {
  const bytes = (text: string) => new TextEncoder().encode(text);

  it('sends the head at once and pieces as they come', async () => {
    let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
    const body = new ReadableStream<Uint8Array>({
      start: (own) => {
        controller = own;
      },
    });
    const { port } = await startServer(() => ({ status: 200, headers: {}, body }));
    const client = await RawClient.open(port);
    client.send(head('GET', '/'));
    expect(await client.until((all) => all.includes('\r\n\r\n'))).toMatch(
      /Transfer-Encoding: chunked/,
    );
    controller?.enqueue(bytes('one\n'));
    await client.until((all) => all.includes('one'));
    controller?.enqueue(bytes('two\n'));
    controller?.close();
    expect(await client.until((all) => all.endsWith('0\r\n\r\n'))).toContain('4\r\ntwo\n\r\n');
    expect(client.isClosed).toBe(false);
  });

  it('sends what comes in one turn together', async () => {
    let sent = 0;
    const body = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          if (sent === 100) controller.close();
          else controller.enqueue(bytes(`event ${sent++}\n`));
        },
      },
      { highWaterMark: 0 },
    );
    const { port } = await startServer(() => ({ status: 200, headers: {}, body }));
    const client = await RawClient.open(port);
    client.send(head('GET', '/'));
    const all = await client.until((received) => received.endsWith('0\r\n\r\n'));
    expect(all).toContain('event 99');
    const chunks = all.split('\r\n\r\n')[1]?.match(/^[\da-f]+\r$/gm) ?? [];
    expect(chunks.length).toBeLessThan(5);
  });

  it('asks for nothing more while the client does not read, and cancels when it goes', async () => {
    const megabyte = new Uint8Array(1024 * 1024);
    let pulled = 0;
    let isCancelled = false;
    const body = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          pulled++;
          controller.enqueue(megabyte);
        },
        cancel() {
          isCancelled = true;
        },
      },
      { highWaterMark: 0 },
    );
    const { port, seen } = await startServer(() => ({ status: 200, headers: {}, body }));
    const client = await RawClient.open(port);
    client.socket.pause();
    client.send(head('GET', '/'));
    let before = -1;
    while (pulled !== before || pulled === 0) {
      before = pulled;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    // What the kernel holds for both sides, and one more.
    expect(pulled).toBeLessThan(40);
    const signal = seen[0]?.incoming.signal;
    expect([isCancelled, signal?.aborted]).toEqual([false, false]);
    client.socket.destroy();
    await expect.poll(() => [isCancelled, signal?.aborted]).toEqual([true, true]);
  });

  it('cuts the connection when the stream fails, so that nobody takes the part for the whole', async () => {
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(bytes('part'));
        setTimeout(() => controller.error(new Error('lost')), 20);
      },
    });
    const { port } = await startServer(() => ({ status: 200, headers: {}, body }));
    const client = await RawClient.open(port);
    client.send(head('GET', '/'));
    const all = await client.closed();
    expect(all).toContain('part');
    expect(all).not.toContain('0\r\n\r\n');
  });

  it('tells the handler by its signal when the client hangs up before there is an answer', async () => {
    const { port, seen } = await startServer(() => new Promise(() => {}));
    const client = await RawClient.open(port);
    client.send(head('GET', '/a') + head('GET', '/b'));
    await expect.poll(() => seen.length).toBe(2);
    const signals = seen.map((one) => one.incoming.signal);
    client.socket.destroy();
    await expect.poll(() => signals.map((one) => one.aborted)).toEqual([true, true]);
    expect(seen[0]?.incoming.signal.aborted).toBe(true);
  });
});

describe('a client that does not read', () => {
  it('is cut off in the middle of a large answer after a while', async () => {
    const { port } = await startServer(() => text('a'.repeat(20_000_000)), { sendTimeoutMs: 100 });
    const client = await RawClient.open(port);
    client.socket.pause();
    client.send(head('GET', '/'));
    await new Promise((resolve) => setTimeout(resolve, 300));
    client.socket.resume();
    expect((await client.closed()).length).toBeLessThan(20_000_000);
  });

  it('is cut off when its watch was ended and it does not take the end', async () => {
    let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
    const body = new ReadableStream<Uint8Array>({
      start: (own) => {
        controller = own;
      },
    });
    const { port, seen } = await startServer(() => ({ status: 200, headers: {}, body }), {
      sendTimeoutMs: 100,
    });
    const client = await RawClient.open(port);
    client.socket.pause();
    client.send(head('GET', '/'));
    await expect.poll(() => seen.length).toBe(1);
    controller?.enqueue(new Uint8Array(20_000_000));
    controller?.close();
    await new Promise((resolve) => setTimeout(resolve, 300));
    client.socket.resume();
    expect((await client.closed()).length).toBeLessThan(20_000_000);
  });

  it('has the time it needs when it reads', async () => {
    const { port } = await startServer(() => text('a'.repeat(5_000_000)), { sendTimeoutMs: 5000 });
    const client = await RawClient.open(port);
    client.send(head('GET', '/'));
    expect((await client.answer()).body.length).toBe(5_000_000);
  });
});

describe('compression', () => {
  const large = JSON.stringify({ items: Array.from({ length: 20_000 }, (_, i) => `pod-${i}`) });
  const json = () => ({
    status: 200,
    headers: { 'Content-Type': 'application/json' },
    body: large,
  });

  function fetchRaw(port: number, headers: Record<string, string>) {
    return new Promise<{ headers: Record<string, unknown>; body: Buffer }>((resolve, reject) => {
      request({ port, host: '127.0.0.1', headers }, (response) => {
        const pieces: Buffer[] = [];
        response.on('data', (piece) => pieces.push(piece));
        response.on('end', () =>
          resolve({ headers: response.headers, body: Buffer.concat(pieces) }),
        );
      })
        .on('error', reject)
        .end();
    });
  }

  it('makes large answers small for those who can read it', async () => {
    const { port } = await startServer(json, { compression: 'always' });
    const { headers, body } = await fetchRaw(port, { 'Accept-Encoding': 'deflate, gzip' });
    expect([headers['content-encoding'], headers.vary]).toEqual(['gzip', 'Accept-Encoding']);
    expect(body.length).toBeLessThan(large.length / 2);
    expect(gunzipSync(body).toString()).toBe(large);
  });

  it('does not for others, nor on the same computer', async () => {
    const { port } = await startServer(json, { compression: 'always' });
    expect((await fetchRaw(port, {})).headers['content-encoding']).toBeUndefined();
    const local = await startServer(json);
    const { headers, body } = await fetchRaw(local.port, { 'Accept-Encoding': 'gzip' });
    expect([headers['content-encoding'], body.toString()]).toEqual([undefined, large]);
  });
});

describe('many connections', () => {
  it('holds a thousand that do nothing, and goes on serving', async () => {
    const { port } = await startServer();
    const before = process.memoryUsage().rss;
    const idle: RawClient[] = [];
    for (let i = 0; i < 1000; i++) idle.push(await RawClient.open(port));
    const client = await RawClient.open(port);
    client.send(head('GET', '/'));
    expect((await client.answer()).body).toBe('hello');
    // Both ends of each are in this process.
    expect(process.memoryUsage().rss - before).toBeLessThan(150 * 1024 * 1024);
    expect(idle.some((one) => one.isClosed)).toBe(false);
  });

  it('closes one that has had no request for too long', async () => {
    const { port } = await startServer(undefined, { idleTimeoutMs: 100 });
    const client = await RawClient.open(port);
    client.send(head('GET', '/'));
    await client.answer();
    await client.closed();
    expect(client.isClosed).toBe(true);
  });

  it('closes one on which nothing was ever said', async () => {
    const { port } = await startServer(undefined, { headTimeoutMs: 100 });
    const client = await RawClient.open(port);
    await client.closed();
    expect(client.isClosed).toBe(true);
  });
});

describe('the end', () => {
  it('lets what is being answered be finished, ends streams in good order, and takes no more', async () => {
    let open = () => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const { port, server, seen } = await startServer(async ({ target }) => {
      if (target.path === '/watch') {
        return { status: 200, headers: {}, body: new ReadableStream<Uint8Array>() };
      }
      await gate;
      return text('done');
    });
    const [watch, slow, idle] = [
      await RawClient.open(port),
      await RawClient.open(port),
      await RawClient.open(port),
    ];
    watch.send(head('GET', '/watch'));
    slow.send(head('GET', '/slow'));
    await expect.poll(() => seen.length).toBe(2);
    await watch.until((all) => all.includes('\r\n\r\n'));
    const stopped = server.stop(5000);
    expect(await watch.closed()).toMatch(/0\r\n\r\n$/);
    await idle.closed();
    await expect(RawClient.open(port)).rejects.toThrow('ECONNREFUSED');
    open();
    const answer = await slow.answer();
    expect(answer.body).toBe('done');
    expect(answer.head).toMatch(/^Connection: close\r?$/m);
    await stopped;
  });

  it('cuts off what is not finished in time', async () => {
    const { port, server, seen } = await startServer(() => new Promise(() => {}));
    const client = await RawClient.open(port);
    client.send(head('GET', '/'));
    await expect.poll(() => seen.length).toBe(1);
    const began = performance.now();
    await server.stop(100);
    expect(performance.now() - began).toBeLessThan(2000);
    await client.closed();
  });
});
