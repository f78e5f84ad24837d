/**
 * The kubelet: all its parts put together, for one node. Given.
 *
 * Pods come from the API server and from files; changes in the runtime come from `pleg/`; both wake the
 * pods' workers. Begin with `kubelet/pod-lifecycle.ts` to see what a worker does.
 */

import type { Service } from 'kubernetes-types/core/v1.js';
import { keyOf, type Node, type Pod, timestamp } from '#apimachinery';
import { DeletedFinalStateUnknown, EventBroadcaster, SERVICES, SharedInformer } from '#client';
import type { NodeFacts } from '../container-config/container-request.ts';
import { ImagePuller } from '../images/image-puller.ts';
import { NodeReporter } from '../node/node-reporter.ts';
import { ObjectCache } from '../objects/object-cache.ts';
import { TokenManager } from '../objects/tokens.ts';
import { RelistLoop } from '../pleg/relist-loop.ts';
import { PodWorkers } from '../pod-workers/pod-workers.ts';
import { newHttpGet } from '../probes/http-get.ts';
import { ProbeManager } from '../probes/probe-manager.ts';
import { newProber } from '../probes/prober.ts';
import { EvictionManager, sampleUsage } from '../resources/eviction-manager.ts';
import {
  DEFAULT_THRESHOLDS,
  type EvictionSignal,
  type Observation,
} from '../resources/resources.ts';
import { latestContainer } from '../runtime/pod-runtime-status.ts';
import { type RuntimeReader, readPod } from '../runtime/read-runtime.ts';
import { RuntimeState } from '../runtime/runtime-state.ts';
import {
  isMirrorPod,
  isStaticPod,
  MirrorClient,
  readStaticPods,
} from '../static-pods/static-pods.ts';
import { StatusManager } from '../status/status-manager.ts';
import { PodRuntimeSyncer } from '../sync-pod/pod-syncer.ts';
import { VolumeManager } from '../volumes/volume-manager.ts';
import { bytesOf } from './amounts.ts';
import { factsOf, type KubeletOptions } from './kubelet-options.ts';
import { imagesOfNode, orphanedPods, removeFromRuntime } from './leftovers.ts';
import { podEvents } from './pod-events.ts';
import { PodLifecycle } from './pod-lifecycle.ts';
import { isNews, podsOfNode } from './pod-source.ts';

const RUNTIME_RETRY_MS = 1000;
const HOUSEKEEPING_MS = 2000;
const STATIC_PODS_MS = 20_000;
const IMAGES_MS = 60_000;

/** Makes a kubelet; it does nothing before `start`. */
export function newKubelet(options: KubeletOptions): Kubelet {
  return new Kubelet(options);
}

/** One node's kubelet. */
export class Kubelet {
  readonly options: KubeletOptions;
  readonly facts: NodeFacts;
  readonly reader: RuntimeReader & { runtimeName: string };
  readonly statuses: StatusManager;
  readonly reporter: NodeReporter;
  readonly #events: EventBroadcaster;
  readonly #workers: PodWorkers;
  readonly #lifecycle: PodLifecycle;
  readonly #probes: ProbeManager;
  readonly #tokens: TokenManager;
  readonly #objects: ObjectCache;
  readonly #evictions: EvictionManager;
  readonly #runtime: PodRuntimeSyncer;
  readonly #runtimeState: RuntimeState;
  readonly #mirrors: MirrorClient;
  readonly #relist: RelistLoop;
  readonly #podInformer: SharedInformer<Pod>;
  readonly #services: SharedInformer<Service> | undefined;
  /** All pods that should run here, static ones as well, by uid. */
  readonly #pods = new Map<string, Pod>();
  /** By `namespace/name`. */
  readonly #mirrorPods = new Map<string, Pod>();
  /** Static pods' names by uid: a new one of the same name waits for the old one's end. */
  readonly #terminatingKeys = new Map<string, string>();
  readonly #timers = new Map<string, { cancel(): void }>();
  #podCidr = '';
  #hasReadFiles = false;
  #imagesAt = Number.NEGATIVE_INFINITY;
  #images: NonNullable<NonNullable<Node['status']>['images']> = [];

  constructor(options: KubeletOptions) {
    const { client, cri, clock, random, log, files, network, node } = options;
    this.options = options;
    const world = { client, cri, clock, random, log, files };
    const hostIPs = node.addresses;
    this.facts = factsOf(options);
    this.reader = { cri, files, runtimeName: 'unknown' };
    this.#runtimeState = new RuntimeState(world);
    this.#events = new EventBroadcaster(client, { clock, random, log });
    const recorder = this.#events.forComponent('kubelet', node.name);
    const { event, podEvent } = podEvents(recorder);
    this.#objects = new ObjectCache(client, clock);
    this.#tokens = new TokenManager(client, { clock, random });
    this.statuses = new StatusManager({ ...world, apiPodOf: (pod) => this.#apiPodOf(pod) });
    const httpGet = newHttpGet(network, hostIPs[0] ?? '127.0.0.1', options.secure);
    this.#probes = new ProbeManager({
      clock,
      random,
      prober: newProber({
        cri,
        clock,
        network,
        httpGet,
        from: hostIPs[0] ?? '127.0.0.1',
        ...(options.grpcCheck && { grpcCheck: options.grpcCheck }),
      }),
      statusOf: (uid) => this.statuses.get(uid),
      event: (pod, container, reason, message) => event(pod, container, 'Warning', reason, message),
      onChange: (_kind, { podUid }) => this.#wake(podUid),
    });
    const allocatable = () => this.reporter.allocatable;
    const volumes = new VolumeManager({
      ...world,
      objects: this.#objects,
      tokens: this.#tokens,
      rootDir: options.rootDir ?? '/var/lib/kubelet',
      nodeName: node.name,
      hostIPs: () => hostIPs,
      allocatable,
    });
    this.#services =
      options.serviceLinks === false
        ? undefined
        : new SharedInformer(client.resource(SERVICES), { clock, random, log, name: 'services' });
    this.#runtime = new PodRuntimeSyncer({
      ...world,
      reader: this.reader,
      facts: this.facts,
      hostIPs,
      puller: new ImagePuller({ cri, clock, event }),
      objects: this.#objects,
      volumes,
      probes: this.#probes,
      httpGet,
      allocatable,
      services: (namespace) => this.#servicesOf(namespace),
      event,
      podEvent,
    });
    this.#evictions = new EvictionManager({
      cri,
      clock,
      log,
      thresholds: options.thresholds ?? DEFAULT_THRESHOLDS,
      observe: options.observe ?? (() => this.#observe()),
      activePods: () => this.#admitted(),
      evict: (pod, graceSeconds, message) => {
        podEvent(pod, 'Warning', 'Evicted', message);
        const failed = { reason: 'Evicted', message };
        this.#workers.update({ pod, type: 'kill', graceSeconds, failed });
      },
    });
    this.reporter = new NodeReporter({
      ...world,
      node,
      events: recorder,
      pressures: () => this.#evictions.pressures,
      faults: () => this.#faults(),
      images: () => this.#images,
      onNode: (seen) => this.#setPodCidr(seen),
    });
    this.#mirrors = new MirrorClient(client, () => ({
      name: node.name,
      uid: this.reporter.node.metadata?.uid,
    }));
    this.#lifecycle = new PodLifecycle({
      ...world,
      reader: this.reader,
      runtime: this.#runtime,
      statuses: this.statuses,
      probes: this.#probes,
      volumes,
      hostIPs,
      node: () => this.#nodeForAdmission(),
      admitted: () => this.#admitted(),
      podEvent,
      requeue: (uid, ms) => this.#requeue(uid, ms),
      mirror: async (pod) => {
        if (isStaticPod(pod)) await this.#mirrors.ensure(pod, this.#mirrorPods.get(keyOf(pod)));
      },
      refuse: (pod) => (isStaticPod(pod) ? undefined : this.#evictions.refuse(pod)),
      networkFaults: () => this.#runtimeState.networkFaults,
    });
    this.#workers = new PodWorkers({ syncer: this.#lifecycle, clock, log });
    this.#relist = new RelistLoop({
      ...world,
      reader: this.reader,
      evented: options.evented ?? false,
      relistMs: options.relistMs,
      onPod: (uid) => this.#wake(uid),
      onDeath: async (uid) => {
        if (this.#pods.has(uid)) await this.#lifecycle.prune(uid);
      },
    });
    const source = podsOfNode(client, node.name);
    this.#podInformer = new SharedInformer(source, { clock, random, log, name: 'pods' });
    this.#podInformer.addEventHandler({
      onAdd: (pod) => this.#podChanged(pod),
      onUpdate: (_old, pod) => this.#podChanged(pod),
      onDelete: (gone) =>
        this.#podGone(gone instanceof DeletedFinalStateUnknown ? gone.object : gone),
    });
  }

  /** All pods of this node, static ones as well. */
  get pods(): readonly Pod[] {
    return [...this.#pods.values()].map((pod) => ({ ...pod, status: this.statuses.statusOf(pod) }));
  }

  podByName(namespace: string, name: string): Pod | undefined {
    return this.pods.find(({ metadata: m }) => m?.namespace === namespace && m?.name === name);
  }

  /** Runs until the signal aborts; resolves when nothing is under way any more. Containers go on. */
  async start(signal: AbortSignal): Promise<void> {
    const { log } = this.options;
    await this.#learnRuntime(signal);
    await this.#runtimeState.update();
    // Each has a signal of its own: a signal that very many listen to looks like a leak.
    const own = (): AbortSignal => AbortSignal.any([signal]);
    const running = [
      this.#runtimeState.run(own()),
      this.reporter.run(own()),
      this.#podInformer.run(own()),
      this.#services?.run(own()),
      this.#every(HOUSEKEEPING_MS, () => this.#keepHouse(), own()),
      this.#evictions.run(own()),
      this.#relist.run(own()),
      this.#readStaticPodsAgain(own()),
    ];
    await Promise.all(running).catch((error) => {
      log.error('a part of the kubelet has ended', { error: String(error) });
      throw error;
    });
    this.#workers.stop();
    this.#probes.stop();
    for (const timer of this.#timers.values()) timer.cancel();
    await this.statuses.stop();
    await this.#events.stop();
  }

  async #learnRuntime(signal: AbortSignal): Promise<void> {
    const { cri, clock, log } = this.options;
    while (!signal.aborted) {
      try {
        this.reader.runtimeName = (await cri.version({ version: '0.1.0' })).runtimeName;
        return;
      } catch (error) {
        log.warn('the runtime does not answer', { error: String(error) });
        await clock.sleep(RUNTIME_RETRY_MS, signal).catch(() => {});
      }
    }
  }

  /** Static pods need no API server to be taken. */
  #nodeForAdmission(): Node {
    const { node } = this.reporter;
    return node.status?.allocatable
      ? node
      : { ...node, status: { ...node.status, allocatable: this.reporter.allocatable } };
  }

  /** What keeps the node from being ready. */
  #faults(): string[] {
    const { runtimeFaults, networkFaults } = this.#runtimeState;
    return [...runtimeFaults, ...this.#relist.faults, ...networkFaults];
  }

  #apiPodOf(pod: Pod): Pod | undefined {
    if (isStaticPod(pod)) return this.#mirrorPods.get(keyOf(pod));
    return this.#pods.get(pod.metadata?.uid ?? '') ?? pod;
  }

  #admitted(): Pod[] {
    return [...this.#pods.values()].filter((pod) => {
      const uid = pod.metadata?.uid ?? '';
      const phase = this.#workers.phaseOf(uid);
      const isHere = phase === 'sync' || phase === 'terminating';
      return isHere && this.#lifecycle.isAdmitted(uid);
    });
  }

  #servicesOf(namespace: string): Service[] {
    const all = this.#services?.lister.list() ?? [];
    return all
      .filter(
        ({ metadata }) =>
          metadata?.namespace === namespace ||
          (metadata?.namespace === 'default' && metadata.name === 'kubernetes'),
      )
      .sort((a, b) => ((a.metadata?.name ?? '') < (b.metadata?.name ?? '') ? -1 : 1));
  }

  #podChanged(pod: Pod): void {
    if (isMirrorPod(pod)) {
      this.#mirrorPods.set(keyOf(pod), pod);
      const own = this.#staticPod(keyOf(pod));
      if (own) {
        const seen = { ...own, status: pod.status };
        this.statuses.observe(seen);
        this.statuses.set(seen, this.statuses.statusOf(own), true);
        // Another one takes the place of one that goes.
        if (pod.metadata?.deletionTimestamp) this.#wake(own.metadata?.uid ?? '');
      }
      return;
    }
    const uid = pod.metadata?.uid ?? '';
    const before = this.#pods.get(uid);
    this.#pods.set(uid, pod);
    this.statuses.observe(pod);
    // What only the kubelet itself wrote is nothing new to the worker.
    if (before && !isNews(before, pod)) return;
    this.#workers.update({ pod, type: 'sync' });
  }

  #podGone(pod: Pod): void {
    const uid = pod.metadata?.uid ?? '';
    if (isMirrorPod(pod)) {
      this.#mirrorPods.delete(keyOf(pod));
      const own = this.#staticPod(keyOf(pod));
      if (own) this.#wake(own.metadata?.uid ?? '');
      return;
    }
    this.#pods.delete(uid);
    this.#timers.get(uid)?.cancel();
    this.#workers.update({ pod, type: 'kill' });
  }

  #staticPod(key: string): Pod | undefined {
    return [...this.#pods.values()].find((pod) => isStaticPod(pod) && keyOf(pod) === key);
  }

  /** Has a pod's worker look at it, as it is now. */
  #wake(uid: string): void {
    const pod = this.#pods.get(uid);
    if (pod) this.#workers.update({ pod, type: 'sync' });
  }

  #requeue(uid: string, ms: number): void {
    this.#timers.get(uid)?.cancel();
    const timer = this.options.clock.after(ms, () => {
      this.#timers.delete(uid);
      this.#wake(uid);
    });
    this.#timers.set(uid, timer);
  }

  async #every(ms: number, work: () => Promise<void>, signal: AbortSignal): Promise<void> {
    const { clock, log } = this.options;
    while (!signal.aborted) {
      await clock.sleep(ms, signal).catch(() => {});
      if (signal.aborted) return;
      await work().catch((error) => {
        if (!signal.aborted) log.warn('a periodic step failed', { error: String(error) });
      });
    }
  }

  async #readStaticPodsAgain(signal: AbortSignal): Promise<void> {
    const { staticPods } = this.options;
    if (!staticPods) return;
    this.#readFiles();
    const periodMs = staticPods.periodMs ?? STATIC_PODS_MS;
    await this.#every(periodMs, async () => this.#readFiles(), signal);
  }

  #readFiles(): void {
    const { staticPods, files, log, clock, node } = this.options;
    if (!staticPods) return;
    const { directory, parse } = staticPods;
    const found = readStaticPods(
      { files, log },
      directory,
      node.name,
      parse,
      timestamp(clock.now()),
    );
    const uids = new Set(found.map(({ metadata }) => metadata?.uid));
    for (const pod of [...this.#pods.values()].filter(isStaticPod)) {
      if (uids.has(pod.metadata?.uid)) continue;
      this.#pods.delete(pod.metadata?.uid ?? '');
      this.#workers.update({ pod, type: 'kill' });
      const mirror = this.#mirrorPods.get(keyOf(pod));
      if (mirror) this.#mirrors.remove(mirror).catch(() => {});
    }
    for (const pod of found) {
      const uid = pod.metadata?.uid ?? '';
      const isOldThere = this.#workers.uids().some((other) => {
        const phase = this.#workers.phaseOf(other);
        return (
          other !== uid && this.#terminatingKeys.get(other) === keyOf(pod) && phase !== 'finished'
        );
      });
      if (isOldThere) continue;
      this.#terminatingKeys.set(uid, keyOf(pod));
      if (!this.#pods.has(uid)) {
        this.#pods.set(uid, pod);
        this.#workers.update({ pod, type: 'sync' });
      }
    }
    this.#hasReadFiles = true;
  }

  /** Removes what is left of pods that are gone, and stops what nobody wants. */
  async #keepHouse(): Promise<void> {
    const { clock, cri, files } = this.options;
    for (const uid of this.#workers.uids()) {
      if (this.#workers.phaseOf(uid) !== 'finished' || this.#pods.has(uid)) continue;
      await removeFromRuntime({ cri, files, logRoot: this.facts.logRoot }, uid, (id) =>
        this.#probes.forget(`${this.reader.runtimeName}://${id}`),
      );
      this.#lifecycle.forget(uid);
      this.statuses.forget(uid);
      this.#tokens.forget(uid);
      this.#terminatingKeys.delete(uid);
      this.#timers.get(uid)?.cancel();
      this.#timers.delete(uid);
      this.#workers.forget(uid);
    }
    this.#objects.collect();
    this.#runtime.backoff.collect();
    const hasAllSources =
      this.#podInformer.hasSynced() && (!this.options.staticPods || this.#hasReadFiles);
    if (hasAllSources) {
      const isKnown = (uid: string): boolean =>
        this.#workers.phaseOf(uid) !== undefined || this.#pods.has(uid);
      const orphans = await orphanedPods(cri, isKnown);
      for (const pod of orphans) this.#workers.update({ pod, type: 'kill' });
    }
    if (clock.monotonic() - this.#imagesAt < IMAGES_MS) return;
    this.#imagesAt = clock.monotonic();
    this.#images = await imagesOfNode(cri);
  }

  async #setPodCidr({ spec }: Node): Promise<void> {
    const podCidr = (spec?.podCIDRs ?? []).join(',') || (spec?.podCIDR ?? '');
    if (podCidr === '' || podCidr === this.#podCidr) return;
    const { cri, log } = this.options;
    try {
      await cri.updateRuntimeConfig({ runtimeConfig: { networkConfig: { podCidr } } });
      this.#podCidr = podCidr;
      await this.#runtimeState.update();
    } catch (error) {
      log.warn('the runtime does not take its addresses', { error: String(error) });
    }
  }

  async #observe(): Promise<ReadonlyMap<EvictionSignal, Observation>> {
    const { memory, disk } = await sampleUsage(this.options.cri);
    const used = (all: typeof memory): number =>
      [...all.values()].flatMap((one) => [...one.values()]).reduce((sum, bytes) => sum + bytes, 0);
    const { capacity } = this.options.node;
    const observations = new Map<EvictionSignal, Observation>();
    const put = (signal: EvictionSignal, text: string | undefined, bytes: number): void => {
      if (text === undefined) return;
      const all = bytesOf(text);
      observations.set(signal, { capacity: all, available: all - bytes });
    };
    put('memory.available', capacity.memory, used(memory));
    put('nodefs.available', capacity['ephemeral-storage'], used(disk));
    return observations;
  }

  /** The newest container of a name; for logs and streams. */
  async containerOf(pod: Pod, name: string) {
    const status = await readPod(this.reader, pod.metadata?.uid ?? '');
    return { status, container: latestContainer(status, name) };
  }
}
