/**
 * The process that measures one node: API server, simulated runtime and kubelet in it, and pods that
 * really run a program. Its argument is a task, it prints what came of it.
 */

import { setMaxListeners } from 'node:events';
import {
  type Clock,
  FakeClock,
  MemoryFileSystem,
  RealClock,
  seededRandom,
  silentLogger,
} from '#apimachinery';
import { newTestApi, type TestApi } from '#apiserver/testing';
import { CONFIG_MAPS, PODS } from '#client';
import { newSimulatedRuntime } from '#container-runtime';
import { newKubelet } from '#kubelet';

/** What to measure. */
interface Task {
  readonly clock: 'virtual' | 'real';
  readonly pods: number;
}

/** So long is looked at what it costs when nothing happens, seconds. */
const IDLE_SECONDS = { virtual: 300, real: 20 };

async function measure(task: Task): Promise<void> {
  const fake = new FakeClock();
  const clock: Clock = task.clock === 'virtual' ? fake : new RealClock();
  const pass = (ms: number): Promise<void> =>
    task.clock === 'virtual' ? fake.advance(ms) : clock.sleep(ms);
  const random = seededRandom(1);
  const api = await newTestApi({ clock, random });
  const metadata = { name: 'kube-root-ca.crt' };
  await api.admin.resource(CONFIG_MAPS, 'default').create({ metadata, data: { 'ca.crt': 'x' } });
  const files = new MemoryFileSystem({ clock });
  const world = { clock, random, log: silentLogger, files };
  const capacity = { cpu: '64', memory: '256Gi', 'ephemeral-storage': '1Ti', pods: '2000' };
  const kubelet = newKubelet({
    ...world,
    client: api.client,
    cri: newSimulatedRuntime({ ...world, podCidr: '10.244.0.0/16' }),
    network: { dial: () => Promise.reject(new Error('no network')) },
    node: { name: 'n1', addresses: ['192.0.2.10'], capacity },
  });
  const stop = new AbortController();
  setMaxListeners(0, stop.signal);
  const ended = kubelet.start(stop.signal);
  await pass(2000);
  const before = memory();
  const from = clock.now();
  const spent = await costOf(async () => {
    await addPods(api, task.pods);
    while ((await running(api)) < task.pods) await pass(1000);
  });
  const passed = (clock.now() - from) / 1000;
  const perPod = Math.round((memory() - before) / task.pods / 1024);
  const idle = await costOf(() => pass(IDLE_SECONDS[task.clock] * 1000));
  console.log(
    `${task.pods} pods on one node, ${task.clock} clock: all running after ${passed.toFixed(0)} s` +
      ` (${spent.toFixed(1)} s of CPU, API server and all), ${perPod} KiB a pod; then a minute costs ${((idle / IDLE_SECONDS[task.clock]) * 60).toFixed(1)} s of CPU`,
  );
  stop.abort();
  void ended;
  process.exit(0);
}

async function addPods(api: TestApi, count: number): Promise<void> {
  const pods = api.admin.resource(PODS, 'default');
  const containers = [{ name: 'c', image: 'busybox', command: ['sleep', 'infinity'] }];
  for (let i = 0; i < count; i++) {
    await pods.create({ metadata: { name: `pod-${i}` }, spec: { nodeName: 'n1', containers } });
  }
}

async function running(api: TestApi): Promise<number> {
  const { items } = await api.admin.resource(PODS, 'default').list();
  return items.filter(({ status }) => status?.phase === 'Running').length;
}

/** Bytes that are needed now. */
function memory(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}

/** CPU seconds of this process. */
async function costOf(work: () => Promise<void>): Promise<number> {
  const from = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(from);
  return (user + system) / 1e6;
}

await measure(JSON.parse(process.argv[2] ?? '{}') as Task);
