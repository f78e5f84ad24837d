/**
 * A whole kubelet with a simulated runtime that really runs programs, a disk in memory, and a real API
 * server, all in this process and on the fake clock.
 */

import { setMaxListeners } from 'node:events';
import { parse } from 'yaml';
import { FakeClock, MemoryFileSystem, type Pod, seededRandom, silentLogger } from '#apimachinery';
import { newTestApi, type TestApi } from '#apiserver/testing';
import { CONFIG_MAPS, CORE_EVENTS, PODS } from '#client';
import {
  NetworkSwitch,
  newSimulatedRuntime,
  type SimulatedRuntimeOptions,
} from '#container-runtime';
import { duplexOf } from '#container-runtime/wire';
import { type Kubelet, type KubeletOptions, newKubelet } from '#kubelet';

/** The node's own address. */
export const NODE_IP = '192.0.2.10';

export interface KubeletWorldOptions {
  readonly kubelet?: Partial<KubeletOptions>;
  readonly runtime?: Partial<SimulatedRuntimeOptions>;
  /** Before the kubelet starts. */
  readonly prepare?: (world: { api: TestApi; files: MemoryFileSystem }) => Promise<void>;
}

export interface KubeletWorld {
  readonly clock: FakeClock;
  readonly api: TestApi;
  readonly files: MemoryFileSystem;
  readonly runtime: ReturnType<typeof newSimulatedRuntime>;
  readonly kubelet: Kubelet;
  pod(name: string): Promise<Pod>;
  /** Reason and message of each event about a pod, oldest first. */
  events(name: string): Promise<string[]>;
  /** Runs a script in a container; what it printed. */
  sh(pod: string, script: string): Promise<string>;
  /** Text on the node's disk. */
  read(path: string): string;
  stop(): Promise<void>;
}

/** Makes it, and lets three seconds pass. */
export async function newKubeletWorld(options: KubeletWorldOptions = {}): Promise<KubeletWorld> {
  const clock = new FakeClock();
  const random = seededRandom(1);
  const api = await newTestApi({ clock, random });
  const files = new MemoryFileSystem({ clock });
  const metadata = { name: 'kube-root-ca.crt' };
  await api.admin.resource(CONFIG_MAPS, 'default').create({ metadata, data: { 'ca.crt': 'x' } });
  await options.prepare?.({ api, files });
  const network = new NetworkSwitch();
  const runtime = newSimulatedRuntime({
    clock,
    random,
    log: silentLogger,
    files,
    network,
    podCidr: '10.244.0.0/24',
    ...options.runtime,
  });
  const capacity = { cpu: '4', memory: '8Gi', 'ephemeral-storage': '100Gi', pods: '110' };
  const kubelet = newKubelet({
    client: api.client,
    cri: runtime,
    files,
    network: {
      dial: async (...where) => duplexOf(await network.dial(...where)),
    },
    clock,
    random: seededRandom(2),
    log: silentLogger,
    node: { name: 'n1', addresses: [NODE_IP], capacity },
    ...options.kubelet,
  });
  const stopping = new AbortController();
  setMaxListeners(0, stopping.signal);
  const running = kubelet.start(stopping.signal);
  await clock.advance(3000);
  const pods = api.admin.resource(PODS, 'default');
  return {
    clock,
    api,
    files,
    runtime,
    kubelet,
    pod: (name) => pods.get(name),
    events: async (name) => {
      const { items } = await api.admin.resource(CORE_EVENTS, 'default').list();
      return items
        .filter(({ involvedObject }) => involvedObject.name === name)
        .map(({ reason, message }) => `${reason}: ${message}`);
    },
    sh: async (name, script) => {
      const [first] = (await pods.get(name)).status?.containerStatuses ?? [];
      const containerId = (first?.containerID ?? '').replace(/^.*:\/\//, '');
      const asked = runtime.execSync({ containerId, cmd: ['sh', '-c', script] });
      await clock.advance(5000);
      const { stdout, stderr } = await asked;
      return new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
    },
    read: (path) => new TextDecoder().decode(files.readFile(path)),
    stop: async () => {
      stopping.abort();
      for (let i = 0; i < 10; i++) await clock.advance(1000);
      await running;
      runtime.stop();
      await api.stop();
    },
  };
}

/** Where static pods are looked for, and how. */
export const STATIC_PODS = {
  directory: '/etc/kubernetes/manifests',
  parse: (text: string) => parse(text),
};
