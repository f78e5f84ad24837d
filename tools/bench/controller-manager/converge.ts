/**
 * The process that measures convergence: an API server, all controllers, nodes that run pods, and many
 * Deployments at once. Its argument is a job, it prints what came of it.
 */

import type { Deployment } from 'kubernetes-types/apps/v1.js';
import { RealClock, realRandom, silentLogger } from '#apimachinery';
import { Metrics } from '#apimachinery/program';
import {
  DEPLOYMENTS,
  inProcessTransport,
  newRestClient,
  PODS,
  type RequestHandler,
  type RestClient,
  SERVICE_ACCOUNTS,
} from '#client';
import { controllersFor, newControllerContext, runControllers } from '#controller-manager';
import { countRequests } from '../../../solutions/04-controller-manager/program/metrics.ts';
import { startTestServer } from '../../../tests/02-apiserver/given/test-server.ts';
import { newTestNodes } from '../../../tests/kit/test-nodes.ts';

/** What to bring about. */
interface Job {
  readonly deployments: number;
  /** Pods of each. */
  readonly replicas: number;
}

const clock = new RealClock();
const world = { clock, random: realRandom(), log: silentLogger };

function newDeployment(name: string, replicas: number) {
  const labels = { app: name };
  return {
    metadata: { name },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: { containers: [{ name: 'c', image: 'registry.example/c:1' }] },
      },
    },
  };
}

/** Resolves when all pods have been seen, and when all Deployments have all their pods available. */
function newObserver(admin: RestClient, { deployments, replicas }: Job) {
  const available = new Set<string>();
  let pods = 0;
  const watchPods = async (): Promise<void> => {
    for await (const { type } of await admin.resource(PODS, 'default').watch()) {
      if (type === 'ADDED' && ++pods === deployments * replicas) return;
    }
  };
  const watchDeployments = async (): Promise<void> => {
    for await (const event of await admin.resource(DEPLOYMENTS, 'default').watch()) {
      const { metadata, status } = event.object as Deployment;
      if (status?.availableReplicas === replicas) available.add(metadata?.name ?? '');
      if (available.size === deployments) return;
    }
  };
  return { created: watchPods(), available: watchDeployments() };
}

/** `create pods: 5000`, the most frequent first. */
function requestsText(metrics: string): string[] {
  const counts = new Map<string, number>();
  const line = /^rest_client_requests_total\{verb="(\w+)",resource="(\w+)",code="(.+)"\} (\d+)$/gm;
  for (const [, verb, resource, code, count] of metrics.matchAll(line)) {
    if (verb === 'watch') continue;
    const name = code === 'ok' ? `${verb} ${resource}` : `${verb} ${resource} (${code})`;
    counts.set(name, (counts.get(name) ?? 0) + Number(count));
  }
  const all = [...counts].sort(([, a], [, b]) => b - a);
  const sum = all.reduce((total, [, count]) => total + count, 0);
  return [`${sum} requests`, ...all.slice(0, 8).map(([name, count]) => `${name}: ${count}`)];
}

async function converge(job: Job): Promise<void> {
  const { deployments, replicas } = job;
  const { server, stop } = await startTestServer();
  const transport = inProcessTransport(server.handler as RequestHandler, { trusted: true });
  const admin = newRestClient({ transport, server: 'http://server', ...world });
  await admin.resource(SERVICE_ACCOUNTS, 'default').create({ metadata: { name: 'default' } });
  const nodes = await newTestNodes({ admin } as never, { clock, nodes: ['a', 'b', 'c'] });
  const metrics = new Metrics(clock);
  const ended = new AbortController();
  const running = runControllers(
    newControllerContext({ ...world, client: countRequests(admin, metrics) }),
    Object.values(controllersFor({})),
    ended.signal,
  );
  await clock.sleep(500);
  const observer = newObserver(admin, job);
  await clock.sleep(100);
  const begin = performance.now();
  const cpu = process.cpuUsage();
  const seconds = () => ((performance.now() - begin) / 1000).toFixed(1);
  for (let i = 0; i < deployments; i += 50) {
    const some = Array.from({ length: Math.min(50, deployments - i) }, (_, j) =>
      admin.resource(DEPLOYMENTS, 'default').create(newDeployment(`web-${i + j}`, replicas)),
    );
    await Promise.all(some);
  }
  const asked = seconds();
  await observer.created;
  const created = seconds();
  await observer.available;
  const { user, system } = process.cpuUsage(cpu);
  console.log(
    `${deployments} Deployments of ${replicas} pods, server and controllers in one process:`,
  );
  console.log(
    `  asked for in ${asked} s, all pods made after ${created} s, all available after ${seconds()} s`,
  );
  console.log(
    `  ${((user + system) / 1e6).toFixed(1)} s of processor time, of the server and the nodes too`,
  );
  console.log(`  controllers: ${requestsText(metrics.text()).join(', ')}`);
  nodes.stop();
  ended.abort();
  await running;
  await stop();
}

await converge(JSON.parse(process.argv[2] ?? '{}') as Job);
process.exit(0);
