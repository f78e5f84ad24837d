/** Pods and Services by way of connections that are no TCP of this computer's: by a function, by a proxy. */

import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DialError } from '#apimachinery';
import type { Answer } from '../../../solutions/02-apiserver/context.ts';
import { throughEgressProxy } from '../../../solutions/02-apiserver/wire/egress-proxy.ts';
import {
  type Connect,
  newAddressDialer,
} from '../../../solutions/02-apiserver/wire/node-dialer.ts';

let pod: Server;
let proxy: Server;
let podPort: number;
const socket = join(mkdtempSync(join(tmpdir(), 'egress-')), 'proxy.sock');
const asked: string[] = [];

beforeAll(async () => {
  pod = createServer((request, response) => {
    response.end(`pod at ${request.url}`);
  });
  pod.listen(0, '127.0.0.1');
  await once(pod, 'listening');
  podPort = (pod.address() as AddressInfo).port;
  proxy = createServer();
  proxy.on('connect', (request, outside) => {
    asked.push(request.url ?? '');
    if (request.url !== '10.244.0.7:80') return outside.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
    const inside = connect(podPort, '127.0.0.1');
    outside.write('HTTP/1.1 200 Connection established\r\n\r\n');
    outside.pipe(inside).pipe(outside);
  });
  proxy.listen(socket);
  await once(proxy, 'listening');
});
afterAll(() => {
  pod.close();
  proxy.close();
});

async function get(connectPod: Connect, ip: string): Promise<string> {
  const backend = await newAddressDialer(connectPod).dial('http', ip, 80);
  const { signal } = new AbortController();
  return textOf(await backend.request({ method: 'GET', path: '/a?b=c', headers: {}, signal }));
}

function textOf({ body }: Answer): Promise<string> {
  return new Response(body as ReadableStream).text();
}

describe('newAddressDialer', () => {
  it('makes its connections with the function it was given', async () => {
    const dialled: string[] = [];
    const text = await get(async (host, port) => {
      dialled.push(`${host}:${port}`);
      return connect(podPort, '127.0.0.1');
    }, '10.244.0.7');
    expect([text, dialled]).toEqual(['pod at /a?b=c', ['10.244.0.7:80']]);
  });

  it.each([
    ['refused', 'connect: connection refused'],
    ['unreachable', 'connect: no route to host'],
    ['timeout', 'i/o timeout'],
  ] as const)('says why there is no connection: %s', async (failure, why) => {
    const failing: Connect = () => Promise.reject(new DialError(failure, 'tcp 10.244.0.7:80'));
    await expect(get(failing, '10.244.0.7')).rejects.toThrow(`dial tcp 10.244.0.7:80: ${why}`);
  });
});

describe('throughEgressProxy', () => {
  it('asks the proxy at a socket for a connection', async () => {
    expect(await get(throughEgressProxy(`unix://${socket}`), '10.244.0.7')).toBe('pod at /a?b=c');
    expect(asked).toEqual(['10.244.0.7:80']);
  });

  it('says what the proxy says', async () => {
    await expect(get(throughEgressProxy(`unix://${socket}`), '10.244.0.8')).rejects.toThrow(
      'dial tcp 10.244.0.8:80: connect: connection refused',
    );
  });

  it('finds no way where there is no proxy', async () => {
    await expect(get(throughEgressProxy('unix:///nowhere'), '10.244.0.8')).rejects.toThrow(
      'dial tcp 10.244.0.8:80: connect: no route to host',
    );
  });
});
