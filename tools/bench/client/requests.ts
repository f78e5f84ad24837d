/** The process that makes requests: one job from its arguments, one line of JSON as the outcome. */

import { CoreV1Api, KubeConfig } from '@kubernetes/client-node';
import { RealClock, silentLogger } from '#apimachinery';
import {
  inProcessTransport,
  NAMESPACES,
  newRestClient,
  PODS,
  type RequestHandler,
  type RestClient,
  SERVICE_ACCOUNTS,
} from '#client';
import { newHttpTransport } from '#client/node';
import { startTestServer } from '../../../tests/02-apiserver/given/test-server.ts';
import {
  CREATED_NAMESPACE,
  NAMESPACE,
  PODS as POD_COUNT,
  podBody,
  podName,
} from '../apiserver/requests.ts';
import { afterSeconds, Meter } from '../meter.ts';

export const LOADS = ['get', 'create', 'list 2,000'] as const;
export type Load = (typeof LOADS)[number];

/** What to do. */
export interface RequestJob {
  readonly load: Load | 'fill';
  readonly client: 'ours' | 'theirs';
  /** Absent: a server in this process. */
  readonly endpoint?: string;
  /** So many requests are on their way at once. */
  readonly concurrency: number;
  readonly seconds: number;
}

const clock = new RealClock();
const log = silentLogger;

async function ourClient(endpoint: string | undefined): Promise<RestClient> {
  if (endpoint === undefined) {
    const { server } = await startTestServer();
    const transport = inProcessTransport(server.handler as RequestHandler, { trusted: true });
    return newRestClient({ transport, server: 'http://server', clock, log });
  }
  const config = { server: endpoint, namespace: NAMESPACE, user: {} };
  const { transport } = newHttpTransport(config, { clock, log });
  return newRestClient({ transport, server: endpoint, clock, log });
}

async function fill(client: RestClient): Promise<void> {
  for (const name of [NAMESPACE, CREATED_NAMESPACE]) {
    await client.resource(NAMESPACES).create({ metadata: { name } });
    await client.resource(SERVICE_ACCOUNTS, name).create({ metadata: { name: 'default' } });
  }
  const pods = client.resource(PODS, NAMESPACE);
  for (let i = 0; i < POD_COUNT; i += 50) {
    const some = Array.from({ length: 50 }, (_, j) => JSON.parse(podBody(podName(i + j))));
    await Promise.all(some.map((pod) => pods.create(pod)));
  }
}

let count = 0;
const newPod = () =>
  JSON.parse(podBody(`pod-${process.pid}-${Date.now().toString(36)}-${count++}`));
const somePod = () => podName(count++ % POD_COUNT);

function askOurs(client: RestClient, load: Load): () => Promise<unknown> {
  const pods = client.resource(PODS, NAMESPACE);
  const created = client.resource(PODS, CREATED_NAMESPACE);
  switch (load) {
    case 'get':
      return () => pods.get(somePod());
    case 'create':
      return () => created.create(newPod());
    case 'list 2,000':
      return () => pods.list();
  }
}

function askTheirs(endpoint: string, load: Load): () => Promise<unknown> {
  const config = new KubeConfig();
  config.loadFromClusterAndUser(
    { name: 'c', server: endpoint, skipTLSVerify: true },
    { name: 'u' },
  );
  const core = config.makeApiClient(CoreV1Api);
  switch (load) {
    case 'get':
      return () => core.readNamespacedPod({ namespace: NAMESPACE, name: somePod() });
    case 'create':
      return () => core.createNamespacedPod({ namespace: CREATED_NAMESPACE, body: newPod() });
    case 'list 2,000':
      return () => core.listNamespacedPod({ namespace: NAMESPACE });
  }
}

async function measure(ask: () => Promise<unknown>, concurrency: number, isOver: () => boolean) {
  const meter = new Meter();
  const one = async () => {
    while (!isOver()) {
      const begin = performance.now();
      await ask().catch(() => meter.errors++);
      meter.add(performance.now() - begin);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, one));
  return meter.outcome();
}

async function runJob({
  load,
  client,
  endpoint,
  concurrency,
  seconds,
}: RequestJob): Promise<object> {
  const ours = await ourClient(endpoint);
  if (load === 'fill' || endpoint === undefined) await fill(ours);
  if (load === 'fill') return {};
  const ask = client === 'theirs' ? askTheirs(endpoint ?? '', load) : askOurs(ours, load);
  await measure(ask, concurrency, afterSeconds(Math.min(0.5, seconds / 2)));
  return measure(ask, concurrency, afterSeconds(seconds));
}

const argument = process.argv[2];
// `main.ts` imports the names above.
if (argument?.startsWith('{') && import.meta.filename === process.argv[1]) {
  const outcome = await runJob(JSON.parse(argument) as RequestJob);
  process.stdout.write(`${JSON.stringify(outcome)}\n`, () => process.exit(0));
}
