/** Requests that are passed on to a kubelet, a pod or a service, over real connections. */

import { once } from 'node:events';
import {
  createServer as createHttpServer,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo, createServer as createTcpServer } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Node, newNotFound, type Pod, StatusError, seededRandom } from '#apimachinery';
import type { Context } from '../../../solutions/02-apiserver/context.ts';
import { statusAnswer } from '../../../solutions/02-apiserver/handlers/status-answer.ts';
import { type NodeProxy, newNodeProxy } from '../../../solutions/02-apiserver/node-proxy.ts';
import { requestInfo } from '../../../solutions/02-apiserver/request-info.ts';
import { ANONYMOUS } from '../../../solutions/02-apiserver/user.ts';
import {
  type KeyPair,
  newAuthority,
  newClientCertificate,
  newServingCertificate,
} from '../../../solutions/02-apiserver/wire/certificates.ts';
import {
  KubeletDialer,
  newAddressDialer,
} from '../../../solutions/02-apiserver/wire/node-dialer.ts';
import { cleanups, head, RawClient, type Seen, startServer } from './serving.ts';

let authority: KeyPair;
let serving: KeyPair;
let client: KeyPair;
beforeAll(async () => {
  authority = await newAuthority('kubelets');
  serving = await newServingCertificate(authority, 'kubelet', ['127.0.0.1']);
  client = await newClientCertificate(authority, {
    commonName: 'kube-apiserver',
    organizations: [],
  });
});

interface Kubelet {
  readonly answer?: (request: IncomingMessage, response: ServerResponse) => void;
  readonly upgrade?: (request: IncomingMessage, socket: Duplex) => void;
}

/** A kubelet that asks for certificates, and what it was asked. */
async function startKubelet(behaviour: Kubelet) {
  const asked: { method: string; url: string; headers: IncomingMessage['headers']; by: string }[] =
    [];
  const note = (request: IncomingMessage) => {
    const { subject } = (request.socket as TLSSocket).getPeerCertificate();
    const by = (request.socket as TLSSocket).authorized ? String(subject.CN) : '';
    asked.push({
      method: request.method ?? '',
      url: request.url ?? '',
      headers: request.headers,
      by,
    });
  };
  const server = createHttpsServer({
    cert: serving.certificate,
    key: serving.key,
    ca: authority.certificate,
    requestCert: true,
    rejectUnauthorized: false,
  });
  server.on('request', (request, response) => {
    note(request);
    if (behaviour.answer) behaviour.answer(request, response);
    else response.end('from the kubelet');
  });
  server.on('upgrade', (request, socket) => {
    note(request);
    socket.on('error', () => {});
    behaviour.upgrade?.(request, socket);
  });
  const port = await listen(server);
  return { port, asked };
}

async function listen(server: ReturnType<typeof createTcpServer>): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const sockets = new Set<Duplex>();
  server.on('connection', (socket) => sockets.add(socket));
  cleanups.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

const web: Pod = {
  metadata: { name: 'web', namespace: 'default' },
  spec: { nodeName: 'a', containers: [{ name: 'c' }] },
  status: { podIPs: [{ ip: '10.0.0.9' }] },
};
const objects: Record<string, object> = {
  'pods/default/web': web,
  'pods/default/two': {
    metadata: { name: 'two', namespace: 'default' },
    spec: {
      nodeName: 'a',
      initContainers: [{ name: 'i' }],
      containers: [{ name: 'x' }, { name: 'y' }],
      ephemeralContainers: [{ name: 'debug' }],
    },
  },
  'pods/default/pending': {
    metadata: { name: 'pending', namespace: 'default' },
    spec: { containers: [{ name: 'c' }] },
  },
  'pods/default/own': { ...web, status: { podIPs: [{ ip: '127.0.0.1' }] } },
  'services/default/web': { spec: { ports: [{ name: 'http', port: 80 }] } },
  'endpoints/default/web': {
    subsets: [
      {
        addresses: [
          { ip: '10.0.0.9', targetRef: { kind: 'Pod', namespace: 'default', name: 'web' } },
        ],
        ports: [{ name: 'http', port: 8080 }],
      },
    ],
  },
  'services/default/foreign': { spec: { ports: [{ name: 'http', port: 80 }] } },
  'endpoints/default/foreign': {
    subsets: [
      {
        addresses: [
          { ip: '10.9.9.9', targetRef: { kind: 'Pod', namespace: 'default', name: 'web' } },
        ],
        ports: [{ name: 'http', port: 8080 }],
      },
    ],
  },
  'services/default/empty': { spec: { ports: [{ port: 80 }] } },
  'endpoints/default/empty': {},
};

interface Setup {
  readonly kubeletPort: number;
  /** Where all pods' addresses lead in this test. */
  readonly podPort?: number;
}

/** An API server of proxies alone, with node `a` and the objects above. */
async function startProxy({ kubeletPort, podPort }: Setup) {
  const getNode = async (name: string): Promise<Node> => {
    if (name !== 'a') throw newNotFound({ group: '', resource: 'nodes' }, name);
    return {
      metadata: { name },
      status: {
        addresses: [
          { type: 'Hostname', address: 'no.such.host' },
          { type: 'InternalIP', address: '127.0.0.1' },
        ],
        daemonEndpoints: { kubeletEndpoint: { Port: kubeletPort } },
      },
    };
  };
  const nodes = new KubeletDialer(
    { certificate: client.certificate, key: client.key, authorities: authority.certificate },
    getNode,
  );
  cleanups.push(() => nodes.stop());
  const real = newAddressDialer();
  const dialled: string[] = [];
  const proxy = newNodeProxy({
    nodes,
    addresses: {
      dial(scheme, host, port) {
        dialled.push(`${scheme}://${host}:${port}`);
        return real.dial('http', '127.0.0.1', podPort ?? port);
      },
    },
    random: seededRandom(1),
    async get(resource, namespace, name) {
      const found = objects[`${resource}/${namespace}/${name}`];
      if (found === undefined) throw newNotFound({ group: '', resource }, name);
      return found;
    },
  });
  const { port } = await startServer(async (seen) => {
    const context = contextOf(seen);
    try {
      return await handlerFor(proxy, context)(context);
    } catch (error) {
      if (error instanceof StatusError) return statusAnswer(error);
      throw error;
    }
  });
  return { port, dialled };
}

function contextOf({ incoming, target, connection }: Seen): Context {
  const query = new URLSearchParams(target.query);
  return {
    incoming,
    connection,
    path: target.path,
    query,
    info: requestInfo(incoming.method, target.path, query),
    user: ANONYMOUS,
    warnings: [],
    audit: new Map(),
  };
}

function handlerFor(proxy: NodeProxy, { info }: Context) {
  const handlers: Record<string, NodeProxy['log']> = {
    'pods/log': proxy.log,
    'pods/exec': proxy.exec,
    'pods/attach': proxy.attach,
    'pods/portforward': proxy.portForward,
    'pods/proxy': proxy.pod,
    'services/proxy': proxy.service,
    'nodes/proxy': proxy.node,
  };
  return handlers[`${info.resource}/${info.subresource}`] ?? expect.fail();
}

async function ask(port: number, target: string, more: readonly string[] = [], method = 'GET') {
  const raw = await RawClient.open(port);
  raw.send(head(method, target, ['Connection: close', ...more]));
  const all = await raw.closed();
  const [first = '', ...rest] = all.split('\r\n\r\n');
  const isChunked = /transfer-encoding: chunked/i.test(first);
  const text = rest.join('\r\n\r\n');
  const body = isChunked ? text.replace(/^[\da-f]+\r\n/gm, '').replaceAll('\r\n', '') : text;
  return { status: Number(first.split(' ')[1]), head: first, body };
}

const pods = '/api/v1/namespaces/default/pods';

describe('logs', () => {
  it('come from the kubelet of the pod, which knows who asks', async () => {
    const { port: kubeletPort, asked } = await startKubelet({});
    const { port } = await startProxy({ kubeletPort });
    const query =
      'follow=true&previous=false&timestamps=1&tailLines=5&limitBytes=9&sinceTime=2025-01-01T00:00:00Z';
    const answer = await ask(port, `${pods}/web/log?${query}`, ['Authorization: Bearer secret']);
    expect([answer.status, answer.body]).toEqual([200, 'from the kubelet']);
    expect(answer.head).toMatch(/content-type: text\/plain/i);
    expect(asked).toMatchObject([
      {
        method: 'GET',
        url: '/containerLogs/default/web/c?follow=true&limitBytes=9&sinceTime=2025-01-01T00%3A00%3A00Z&tailLines=5&timestamps=true',
        by: 'kube-apiserver',
      },
    ]);
    expect(asked[0]?.headers.authorization).toBeUndefined();
  });

  const refused: [string, string, number, string][] = [
    ['no such pod', 'none/log', 404, 'pods "none" not found'],
    ['no such container', 'web/log?container=x', 400, 'container x is not valid for pod web'],
    [
      'several containers',
      'two/log',
      400,
      'a container name must be specified for pod two, choose one of: [i x y debug]',
    ],
    [
      'a number that is none',
      'web/log?tailLines=x',
      400,
      'strconv.ParseInt: parsing "x": invalid syntax',
    ],
    [
      'a number that makes no sense',
      'web/log?limitBytes=0',
      422,
      'PodLogOptions "web" is invalid: limitBytes: Invalid value: 0: must be greater than 0',
    ],
    [
      'a negative tail',
      'web/log?tailLines=-1',
      422,
      'PodLogOptions "web" is invalid: tailLines: Invalid value: -1: must be greater than or equal to 0',
    ],
  ];
  it.each(refused)('refuses %s', async (_name, target, status, message) => {
    const { port } = await startProxy({ kubeletPort: 1 });
    const answer = await ask(port, `${pods}/${target}`);
    expect(answer.status).toBe(status);
    expect(JSON.parse(answer.body)).toMatchObject({ kind: 'Status', message });
  });

  it('are nothing at all for a pod that is nowhere', async () => {
    const { port } = await startProxy({ kubeletPort: 1 });
    expect(await ask(port, `${pods}/pending/log`)).toMatchObject({ status: 204, body: '' });
  });

  it('finds containers of all kinds by name', async () => {
    const { port: kubeletPort, asked } = await startKubelet({});
    const { port } = await startProxy({ kubeletPort });
    for (const name of ['i', 'y', 'debug']) await ask(port, `${pods}/two/log?container=${name}`);
    expect(asked.map((one) => one.url.split('/').at(-1))).toEqual(['i', 'y', 'debug']);
  });

  it('say what the kubelet says is wrong', async () => {
    const codes = [400, 404, 500];
    const { port: kubeletPort } = await startKubelet({
      answer: (_request, response) => {
        response.statusCode = codes.shift() ?? 200;
        response.end('container "c" in pod "web" is waiting to start');
      },
    });
    const { port } = await startProxy({ kubeletPort });
    const said = [];
    for (const _ of [1, 2, 3]) said.push(JSON.parse((await ask(port, `${pods}/web/log`)).body));
    expect(said.map(({ code, reason, message }) => [code, reason, message])).toEqual([
      [400, 'BadRequest', 'container "c" in pod "web" is waiting to start'],
      [404, 'NotFound', 'the server could not find the requested resource ( pods/log web)'],
      [
        500,
        'InternalError',
        'Internal error occurred: container "c" in pod "web" is waiting to start',
      ],
    ]);
  });

  it('say that nobody is there', async () => {
    const { port } = await startProxy({ kubeletPort: 1 });
    const answer = await ask(port, `${pods}/web/log`);
    expect(JSON.parse(answer.body)).toMatchObject({
      code: 500,
      message:
        'Get "https://127.0.0.1:1/containerLogs/default/web/c": dial tcp 127.0.0.1:1: connect: connection refused',
    });
  });

  it('do not come from a kubelet nobody vouches for, unless that is asked for', async () => {
    const other = await newAuthority('others');
    const genuine = serving;
    serving = await newServingCertificate(other, 'kubelet', ['127.0.0.1']);
    const { port: kubeletPort } = await startKubelet({});
    serving = genuine;
    const { port } = await startProxy({ kubeletPort });
    expect((await ask(port, `${pods}/web/log`)).body).toContain(
      'tls: failed to verify certificate: x509: certificate signed by unknown authority',
    );
    const insecure = await ask(port, `${pods}/web/log?insecureSkipTLSVerifyBackend=true`);
    expect(insecure).toMatchObject({ status: 200, body: 'from the kubelet' });
  });

  it('end at the kubelet when the client goes away', async () => {
    let isGone = false;
    const { port: kubeletPort } = await startKubelet({
      answer: (_request, response) => {
        response.write('line\n');
        response.on('close', () => {
          isGone = true;
        });
      },
    });
    const { port } = await startProxy({ kubeletPort });
    const raw = await RawClient.open(port);
    raw.send(head('GET', `${pods}/web/log?follow=true`));
    await raw.until((all) => all.includes('line'));
    raw.socket.destroy();
    await expect.poll(() => isGone).toBe(true);
  });
});

describe('exec, attach and port-forward', () => {
  const shouting = (_request: IncomingMessage, socket: Duplex) => {
    socket.write(
      'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: v4.channel.k8s.io\r\n\r\nwelcome ',
    );
    socket.on('data', (piece) => socket.write(String(piece).toUpperCase()));
    socket.on('end', () => socket.end('bye'));
  };
  const asking = [
    'Connection: Upgrade',
    'Upgrade: SPDY/3.1',
    'X-Stream-Protocol-Version: v4.channel.k8s.io',
  ];

  it('join client and kubelet, byte for byte', async () => {
    const { port: kubeletPort, asked } = await startKubelet({ upgrade: shouting });
    const { port } = await startProxy({ kubeletPort });
    const raw = await RawClient.open(port);
    const query =
      'command=sh&command=-c&command=echo+a%26b&stdin=true&stdout=true&stderr=false&container=c';
    raw.send(head('POST', `${pods}/web/exec?${query}`, asking));
    const opened = await raw.until((all) => all.includes('welcome'));
    expect(opened).toMatch(/^HTTP\/1\.1 101 Switching Protocols\r\n/);
    expect(opened).toMatch(/^upgrade: spdy\/3\.1\r$/im);
    expect(opened).toMatch(/^x-stream-protocol-version: v4\.channel\.k8s\.io\r$/im);
    raw.send('hello\u0000\u00e9');
    await raw.until((all) => all.includes('HELLO'));
    expect(asked).toMatchObject([
      {
        method: 'POST',
        url: '/exec/default/web/c?command=sh&command=-c&command=echo+a%26b&input=1&output=1',
        by: 'kube-apiserver',
      },
    ]);
    expect(asked[0]?.headers).toMatchObject({
      upgrade: 'SPDY/3.1',
      'x-stream-protocol-version': 'v4.channel.k8s.io',
      'x-forwarded-for': '127.0.0.1',
    });
  });

  it('keep what a client sends before it is told that it may', async () => {
    const { port: kubeletPort } = await startKubelet({ upgrade: shouting });
    const { port } = await startProxy({ kubeletPort });
    const raw = await RawClient.open(port);
    raw.send(`${head('POST', `${pods}/web/attach`, asking)}early`);
    expect(await raw.until((all) => all.includes('EARLY'))).toContain('welcome EARLY');
  });

  it('carry much, both ways', async () => {
    const { port: kubeletPort } = await startKubelet({
      upgrade: (_request, socket) => {
        socket.write(
          'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n',
        );
        socket.pipe(socket);
      },
    });
    const { port } = await startProxy({ kubeletPort });
    const raw = await RawClient.open(port);
    raw.send(head('GET', `${pods}/web/portforward?ports=80&ports=443`, asking));
    await raw.until((all) => all.includes('\r\n\r\n'));
    raw.received = '';
    const piece = 'abcdefgh'.repeat(8192);
    for (let i = 0; i < 64; i++) raw.send(piece);
    const all = await raw.until((received) => received.length >= piece.length * 64);
    expect(all === piece.repeat(64)).toBe(true);
  });

  it('end on both sides when one ends', async () => {
    let kubeletSide: Duplex | undefined;
    const { port: kubeletPort, asked } = await startKubelet({
      upgrade: (request, socket) => {
        kubeletSide = socket;
        shouting(request, socket);
      },
    });
    const { port } = await startProxy({ kubeletPort });
    const first = await RawClient.open(port);
    first.send(head('POST', `${pods}/web/portforward?ports=80,443`, asking));
    await first.until((all) => all.includes('welcome'));
    kubeletSide?.end('the end');
    expect(await first.closed()).toMatch(/the end$/);
    expect(asked[0]?.url).toBe('/portForward/default/web?port=80%2C443');

    const second = await RawClient.open(port);
    second.send(head('POST', `${pods}/web/exec`, asking));
    await second.until((all) => all.includes('welcome'));
    second.socket.destroy();
    await expect.poll(() => kubeletSide?.destroyed).toBe(true);
  });

  it('pass back the answer of a kubelet that would not', async () => {
    const { port: kubeletPort } = await startKubelet({
      upgrade: (_request, socket) => {
        socket.end(
          'HTTP/1.1 400 Bad Request\r\nContent-Length: 7\r\nConnection: close\r\n\r\nno such',
        );
      },
    });
    const { port } = await startProxy({ kubeletPort });
    expect(await ask(port, `${pods}/web/exec`, asking)).toMatchObject({
      status: 400,
      body: 'no such',
    });
  });

  it('do not show the kubelet tokens that come in place of a protocol', async () => {
    const { port: kubeletPort, asked } = await startKubelet({ upgrade: shouting });
    const { port } = await startProxy({ kubeletPort });
    const raw = await RawClient.open(port);
    raw.send(
      head('GET', `${pods}/web/exec`, [
        'Connection: Upgrade',
        'Upgrade: websocket',
        'Sec-WebSocket-Protocol: base64url.bearer.authorization.k8s.io.c2VjcmV0, v5.channel.k8s.io',
      ]),
    );
    await raw.until((all) => all.includes('welcome'));
    expect(asked[0]?.headers['sec-websocket-protocol']).toBe('v5.channel.k8s.io');
  });

  const refused: [string, string, readonly string[], number, string][] = [
    ['a request for no upgrade', 'web/exec', [], 400, 'Upgrade request required'],
    [
      'a pod that is nowhere',
      'pending/exec',
      asking,
      400,
      'pod pending does not have a host assigned',
    ],
    [
      'a pod that is nowhere, for ports',
      'pending/portforward',
      asking,
      400,
      'pod pending does not have a host assigned',
    ],
    [
      'no such container',
      'web/attach?container=x',
      asking,
      400,
      'container x is not valid for pod web',
    ],
    [
      'a kubelet that is not there',
      'web/exec',
      asking,
      500,
      'error dialing backend: dial tcp 127.0.0.1:1: connect: connection refused',
    ],
  ];
  it.each(refused)('refuse %s', async (_name, target, headers, status, message) => {
    const { port } = await startProxy({ kubeletPort: 1 });
    const answer = await ask(port, `${pods}/${target}`, headers, 'POST');
    expect(answer.status).toBe(status);
    expect(JSON.parse(answer.body)).toMatchObject({ kind: 'Status', message });
  });
});

describe('proxies', () => {
  async function startPod() {
    const asked: string[] = [];
    const server = createHttpServer((request, response) => {
      asked.push(`${request.method} ${request.url} ${request.headers.authorization ?? 'no token'}`);
      let body = '';
      request.on('data', (piece) => {
        body += piece;
      });
      request.on('end', () => {
        response.setHeader('X-Pod', 'web');
        response.statusCode = 203;
        response.end(`got ${body}`);
      });
    });
    return { podPort: await listen(server), asked };
  }

  it('pass on to a pod, its path as it was sent', async () => {
    const { podPort, asked } = await startPod();
    const { port, dialled } = await startProxy({ kubeletPort: 1, podPort });
    const answer = await ask(port, `${pods}/https:web:8443/proxy/a//b%2Fc/?q=1`, [
      'Authorization: Bearer x',
    ]);
    expect([answer.status, answer.body]).toEqual([203, 'got ']);
    expect(answer.head).toMatch(/^x-pod: web\r?$/im);
    expect([dialled, asked]).toEqual([['https://10.0.0.9:8443'], ['GET /a//b%2Fc/?q=1 no token']]);
  });

  it('pass bodies on to a service, by name and number of its port', async () => {
    const { podPort, asked } = await startPod();
    const { port, dialled } = await startProxy({ kubeletPort: 1, podPort });
    for (const name of ['web:http', 'web:80', 'https:web:80']) {
      const raw = await RawClient.open(port);
      raw.send(
        `${head('POST', `/api/v1/namespaces/default/services/${name}/proxy/x`, ['Content-Length: 4'])}body`,
      );
      expect(await raw.until((all) => all.endsWith('0\r\n\r\n'))).toContain('got body');
    }
    expect(dialled).toEqual([
      'http://10.0.0.9:8080',
      'http://10.0.0.9:8080',
      'https://10.0.0.9:8080',
    ]);
    expect(asked[0]).toBe('POST /x no token');
  });

  it('send a reader of the root to the path with a slash', async () => {
    const { port } = await startProxy({ kubeletPort: 1 });
    const answer = await ask(port, `${pods}/web:80/proxy?a=b`);
    expect(answer.status).toBe(301);
    expect(answer.head).toMatch(
      /^location: \/api\/v1\/namespaces\/default\/pods\/web:80\/proxy\/\?a=b\r?$/im,
    );
  });

  it('pass on to the kubelet of a node', async () => {
    const { port: kubeletPort, asked } = await startKubelet({});
    const { port } = await startProxy({ kubeletPort });
    expect((await ask(port, '/api/v1/nodes/a/proxy/metrics')).body).toBe('from the kubelet');
    expect((await ask(port, `/api/v1/nodes/a:${kubeletPort}/proxy/metrics`)).status).toBe(200);
    expect(asked.map((one) => `${one.url} ${one.by}`)).toEqual([
      '/metrics kube-apiserver',
      '/metrics kube-apiserver',
    ]);
  });

  const refused: [string, string, number, string][] = [
    ['a name that is none', `${pods}/ftp:web:80/proxy/`, 400, 'invalid pod request "ftp:web:80"'],
    ['an address of this computer', `${pods}/own:80/proxy/`, 400, 'address not allowed'],
    [
      'another port of a node that is this computer',
      '/api/v1/nodes/a:2379/proxy/',
      400,
      'address not allowed',
    ],
    ['no such node', '/api/v1/nodes/b/proxy/', 404, 'nodes "b" not found'],
    [
      'a port a service does not have',
      '/api/v1/namespaces/default/services/web:81/proxy/',
      503,
      'no service port 81 found for service "web"',
    ],
    [
      'a service without endpoints',
      '/api/v1/namespaces/default/services/empty:80/proxy/',
      503,
      'no endpoints available for service "empty"',
    ],
    [
      'an endpoint that is no pod',
      '/api/v1/namespaces/default/services/foreign:80/proxy/',
      503,
      'no endpoints available for service "foreign:80"',
    ],
    [
      'a kubelet that is not there',
      '/api/v1/nodes/a/proxy/',
      503,
      'error trying to reach service: dial tcp 127.0.0.1:1: connect: connection refused',
    ],
  ];
  it.each(refused)('refuse %s', async (_name, target, status, message) => {
    const { port } = await startProxy({ kubeletPort: 1 });
    const answer = await ask(port, target);
    expect(answer.status).toBe(status);
    expect(JSON.parse(answer.body)).toMatchObject({ kind: 'Status', message });
  });
});
