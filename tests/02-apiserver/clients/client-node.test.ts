/** A client that others wrote, the npm package @kubernetes/client-node, against the program. */

import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { PassThrough } from 'node:stream';
import {
  ApiException,
  AppsV1Api,
  CoreV1Api,
  Exec,
  KubeConfig,
  KubernetesObjectApi,
  makeInformer,
  PatchStrategy,
  setHeaderOptions,
  type V1ConfigMap,
  type V1Status,
  Watch,
} from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocketServer } from 'ws';
import {
  newAuthority,
  newServingCertificate,
} from '../../../solutions/02-apiserver/wire/certificates.ts';
import { type Program, startOurApiServer } from '../../conformance/apiserver/program.ts';

const namespace = 'default';

let program: Program;
const config = new KubeConfig();
let core: CoreV1Api;
beforeAll(async () => {
  program = await startOurApiServer();
  config.loadFromFile(program.kubeconfig);
  core = config.makeApiClient(CoreV1Api);
  await core.createNamespacedServiceAccount({ namespace, body: { metadata: { name: 'default' } } });
}, 60_000);
afterAll(() => program?.stop());

let names = 0;
function createConfigMap(fields: V1ConfigMap = {}): Promise<V1ConfigMap> {
  const metadata = { name: `cm-${++names}`, ...fields.metadata };
  return core.createNamespacedConfigMap({ namespace, body: { ...fields, metadata } });
}

const nameOf = ({ metadata }: V1ConfigMap) => metadata?.name ?? '';

describe('@kubernetes/client-node', () => {
  it('creates, reads, lists, replaces and deletes', async () => {
    const made = await createConfigMap({ metadata: { labels: { a: 'crud' } }, data: { k: '1' } });
    const name = nameOf(made);
    const read = await core.readNamespacedConfigMap({ namespace, name });
    expect([read.data, read.metadata?.creationTimestamp]).toEqual([{ k: '1' }, expect.any(Date)]);
    const list = await core.listNamespacedConfigMap({ namespace, labelSelector: 'a=crud' });
    expect(list.items.map(nameOf)).toEqual([name]);
    const body = { ...read, data: { k: '2' } };
    const replaced = await core.replaceNamespacedConfigMap({ namespace, name, body });
    expect(replaced.data).toEqual({ k: '2' });
    await core.deleteNamespacedConfigMap({ namespace, name });
    const gone = core.readNamespacedConfigMap({ namespace, name });
    await expect(gone).rejects.toMatchObject({ code: 404 });
    await expect(gone).rejects.toBeInstanceOf(ApiException);
  });

  it('patches in all four ways', async () => {
    const name = nameOf(await createConfigMap({ data: { a: '1' } }));
    const patch = (strategy: string, body: object, more: object = {}) =>
      core.patchNamespacedConfigMap(
        { namespace, name, body, ...more },
        setHeaderOptions('Content-Type', strategy),
      );
    await patch(PatchStrategy.JsonPatch, [{ op: 'add', path: '/data/b', value: '2' }]);
    await patch(PatchStrategy.MergePatch, { data: { a: null } });
    await patch(PatchStrategy.StrategicMergePatch, { data: { c: '3' } });
    const applied = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { d: '4' } };
    const last = await patch(PatchStrategy.ServerSideApply, applied, { fieldManager: 'me' });
    expect(last.data).toEqual({ b: '2', c: '3', d: '4' });
  });

  it('works with objects of any kind, found by discovery', async () => {
    const objects = KubernetesObjectApi.makeApiClient(config);
    const metadata = { name: 'any', namespace };
    const labels = { app: 'any' };
    await objects.create({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata,
      spec: {
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'i' }] } },
      },
    } as object as Parameters<typeof objects.create>[0]);
    const apps = config.makeApiClient(AppsV1Api);
    const scale = await apps.readNamespacedDeploymentScale({ namespace, name: 'any' });
    expect(scale.spec?.replicas).toBe(1);
    await objects.delete({ apiVersion: 'apps/v1', kind: 'Deployment', metadata });
  });

  it('watches', async () => {
    const { metadata } = await core.listNamespacedConfigMap({ namespace });
    const seen: string[] = [];
    let wake = () => {};
    let ended: (error: unknown) => void = () => {};
    const end = new Promise((resolve) => (ended = resolve));
    const watching = await new Watch(config).watch(
      `/api/v1/namespaces/${namespace}/configmaps`,
      { resourceVersion: metadata?.resourceVersion, labelSelector: 'a=watch' },
      (phase, object: V1ConfigMap) => {
        seen.push(`${phase} ${object.data?.k}`);
        wake();
      },
      (error) => ended(error),
    );
    const made = await createConfigMap({ metadata: { labels: { a: 'watch' } }, data: { k: '1' } });
    const name = nameOf(made);
    const body = { ...made, data: { k: '2' } };
    await core.replaceNamespacedConfigMap({ namespace, name, body });
    await core.deleteNamespacedConfigMap({ namespace, name });
    while (seen.length < 3) await new Promise<void>((resolve) => (wake = resolve));
    expect(seen).toEqual(['ADDED 1', 'MODIFIED 2', 'DELETED 2']);
    watching.abort();
    await end;
  });

  it('keeps an informer up to date, in order', async () => {
    const labels = { a: 'informer' };
    const first = await createConfigMap({ metadata: { name: 'first', labels }, data: { k: '0' } });
    const seen: string[] = [];
    let wake = () => {};
    const informer = makeInformer<V1ConfigMap>(
      config,
      `/api/v1/namespaces/${namespace}/configmaps`,
      () => core.listNamespacedConfigMap({ namespace, labelSelector: 'a=informer' }),
      'a=informer',
    );
    for (const verb of ['add', 'update', 'delete'] as const) {
      informer.on(verb, (object) => {
        seen.push(`${verb} ${nameOf(object)} ${object.data?.k}`);
        wake();
      });
    }
    const until = async (count: number) => {
      while (seen.length < count) await new Promise<void>((resolve) => (wake = resolve));
    };
    await informer.start();
    await until(1);
    const second = await createConfigMap({
      metadata: { name: 'second', labels },
      data: { k: '0' },
    });
    const replace = (object: V1ConfigMap, k: string) =>
      core.replaceNamespacedConfigMap({
        namespace,
        name: nameOf(object),
        body: { ...object, data: { k } },
      });
    const changed = await replace(first, '1');
    await replace(second, '1');
    // It leaves the selector, which is a deletion to who selects.
    await core.replaceNamespacedConfigMap({
      namespace,
      name: 'first',
      body: { ...changed, metadata: { ...changed.metadata, labels: {} } },
    });
    await core.deleteNamespacedConfigMap({ namespace, name: 'second' });
    await until(6);
    expect(seen).toEqual([
      'add first 0',
      'add second 0',
      'update first 1',
      'update second 1',
      'delete first 1',
      'delete second 1',
    ]);
    expect(informer.list(namespace)).toEqual([]);
    await informer.stop();
  });

  it('runs a command in a pod, by way of its kubelet', async () => {
    const kubelet = await startKubelet();
    try {
      await core.createNode({ body: { metadata: { name: 'node' } } });
      await core.patchNodeStatus(
        {
          name: 'node',
          body: {
            status: {
              addresses: [{ type: 'InternalIP', address: '127.0.0.1' }],
              daemonEndpoints: { kubeletEndpoint: { Port: kubelet.port } },
            },
          },
        },
        setHeaderOptions('Content-Type', PatchStrategy.MergePatch),
      );
      const containers = [{ name: 'c', image: 'i' }];
      const pod = { metadata: { name: 'pod' }, spec: { nodeName: 'node', containers } };
      await core.createNamespacedPod({ namespace, body: pod });

      const out = new PassThrough();
      const inward = new PassThrough();
      let text = '';
      out.on('data', (piece) => (text += String(piece)));
      const status = new Promise<V1Status>((resolve, reject) => {
        new Exec(config)
          .exec(namespace, 'pod', 'c', ['cat', '-'], out, null, inward, false, resolve)
          .catch(reject);
      });
      inward.write('hello');
      expect(await status).toMatchObject({ status: 'Success' });
      expect(text).toBe('you said hello');
      expect(kubelet.asked).toEqual([
        expect.stringMatching(/^\/exec\/default\/pod\/c\?(?=.*command=cat&command=-)(?=.*input=1)/),
      ]);
    } finally {
      kubelet.stop();
    }
  });
});

/** A kubelet that answers what a command is told, over the channels of a WebSocket. */
async function startKubelet() {
  const authority = await newAuthority('kubelets');
  const { certificate, key } = await newServingCertificate(authority, 'kubelet', ['127.0.0.1']);
  const server = createServer({ cert: certificate, key });
  const asked: string[] = [];
  const [stdin, stdout, result] = [0, 1, 3];
  const sockets = new WebSocketServer({ server, handleProtocols: () => 'v4.channel.k8s.io' });
  sockets.on('connection', (socket, { url }) => {
    asked.push(url ?? '');
    socket.on('message', (message: Buffer) => {
      if (message[0] !== stdin || message.length === 1) return;
      const send = (channel: number, text: string) =>
        socket.send(Buffer.concat([Buffer.from([channel]), Buffer.from(text)]));
      send(stdout, `you said ${message.subarray(1)}`);
      send(result, JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Success' }));
      socket.close();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    asked,
    port: (server.address() as AddressInfo).port,
    stop: () => {
      sockets.close();
      server.closeAllConnections();
      server.close();
    },
  };
}
