/** The proxy of one family: its maps, its syncs, and what follows a sync. Given. */

import type { Service } from 'kubernetes-types/core/v1.js';
import type { EndpointSlice } from 'kubernetes-types/discovery/v1.js';
import type { Clock, Logger } from '#apimachinery';
import type { Applier, RulesText } from './appliers/applier.ts';
import { BoundedFrequencyRunner } from './bounded-frequency-runner.ts';
import { EndpointsChangeTracker, ServiceChangeTracker } from './changes/changes.ts';
import { staleFlows } from './conntrack/stale-flows.ts';
import type { ProxyHealth } from './health/proxy-health.ts';
import { type PortOpener, ServiceHealth } from './health/service-health.ts';
import type { NewProxier, RulesProxier } from './proxier.ts';
import type { ProxierOptions } from './proxier-options.ts';
import type { Endpoint } from './services/endpoint.ts';
import type { ServicePort } from './services/service-port.ts';

/** After so long everything is written anew, whatever is believed to be there. */
const FULL_SYNC_PERIOD_MS = 60 * 60 * 1000;
const BURST_SYNCS = 2;

/** How often. */
export interface SyncPeriods {
  /** At most so often rules are written. */
  readonly minSyncMs: number;
  /** After so long a failed sync is tried again, and so often is looked whether rules still stand. */
  readonly syncMs: number;
}

const DEFAULT_PERIODS: SyncPeriods = { minSyncMs: 1000, syncMs: 30_000 };

/** What one family's proxy needs. */
export interface FamilyProxyOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly proxierOptions: ProxierOptions;
  readonly newProxier: NewProxier;
  readonly applier: Applier;
  readonly periods?: SyncPeriods;
  readonly proxyHealth?: ProxyHealth;
  /** Who opens the ports of health checks; absent: they are not served. */
  readonly portOpener?: PortOpener;
  readonly onSync?: () => void;
}

/** Keeps the rules of one family. */
export class FamilyProxy {
  readonly #options: FamilyProxyOptions;
  readonly #periods: SyncPeriods;
  readonly #serviceChanges: ServiceChangeTracker;
  readonly #endpointsChanges: EndpointsChangeTracker;
  readonly #services = new Map<string, ServicePort>();
  readonly #endpoints = new Map<string, readonly Endpoint[]>();
  readonly #runner: BoundedFrequencyRunner;
  /** Changed since the last sync that went well. */
  #updatedServices = new Set<string>();
  #needsConntrackCleanup = false;
  #triggerTimes: number[] = [];
  readonly #serviceHealth: ServiceHealth | undefined;
  readonly #proxier: RulesProxier;
  /** The next sync is a full one. */
  #isFull = true;
  /** Something waits to be written, or may not have been. */
  #isDirty = false;
  #zone: string | undefined;
  #lastFullSyncAt: number;
  /** What was done so far. */
  readonly counts = { syncs: 0, failures: 0, lastSyncMs: 0, lastProgrammingMs: 0 };

  constructor(options: FamilyProxyOptions) {
    const { clock, proxierOptions, newProxier, periods = DEFAULT_PERIODS } = options;
    this.#options = options;
    this.#periods = periods;
    this.#zone = proxierOptions.zone;
    this.#proxier = newProxier(proxierOptions);
    this.#serviceChanges = new ServiceChangeTracker(proxierOptions.family);
    this.#endpointsChanges = new EndpointsChangeTracker(proxierOptions, clock.now());
    this.#lastFullSyncAt = clock.monotonic();
    const { portOpener: opener, log, proxyHealth } = options;
    const isProxyHealthy = () => proxyHealth?.isHealthy() ?? true;
    this.#serviceHealth = opener && new ServiceHealth({ opener, log, isProxyHealthy });
    this.#runner = new BoundedFrequencyRunner(() => this.#sync(), {
      clock,
      minIntervalMs: periods.minSyncMs,
      maxIntervalMs: periods.syncMs,
      burst: BURST_SYNCS,
    });
  }

  get family() {
    return this.#options.proxierOptions.family;
  }

  onService(old: Service | undefined, now: Service | undefined): void {
    if (this.#serviceChanges.update(old, now)) this.#ask();
  }

  onSlice(old: EndpointSlice | undefined, now: EndpointSlice | undefined): void {
    const slice = now ?? old;
    if (slice && this.#endpointsChanges.updateSlice(slice, !now)) this.#ask();
  }

  /** Where this node is; hints of endpoints are about it. */
  setZone(zone: string | undefined): void {
    if (zone === this.#zone) return;
    this.#zone = zone;
    const { zone: _before, ...options } = this.#options.proxierOptions;
    this.#proxier.setOptions({ ...options, ...(zone !== undefined && { zone }) });
    this.#isFull = true;
    this.#ask();
  }

  #ask(): void {
    this.#isDirty = true;
    this.#options.proxyHealth?.queued(this.family);
    this.#runner.ask();
  }

  /** Syncs until the signal aborts. Everything that was there at first has been heard of. */
  async run(signal: AbortSignal): Promise<void> {
    this.#ask();
    await this.#runner.start(signal);
    await this.#serviceHealth?.close();
  }

  /** What is to be applied now. */
  rules(existingChains?: readonly string[]): RulesText {
    const updated = this.#serviceChanges.apply(this.#services);
    const changes = this.#endpointsChanges.apply(this.#endpoints);
    for (const service of [...updated, ...changes.updatedServices]) {
      this.#updatedServices.add(service);
    }
    this.#needsConntrackCleanup ||= changes.conntrackCleanupRequired;
    this.#triggerTimes.push(...[...changes.lastChangeTriggerTimes.values()].flat());
    return this.#proxier.sync({
      services: this.#services,
      endpoints: this.#endpoints,
      updatedServices: this.#updatedServices,
      ...(existingChains && { existingChains }),
    });
  }

  async #sync(): Promise<void> {
    const { clock, log, applier, proxyHealth, onSync } = this.#options;
    const startedAt = clock.monotonic();
    try {
      await this.#prepare(startedAt);
      // Real servers that wait for their last connection are looked at in every period.
      if (!this.#isDirty && !this.#proxier.noteVirtualServers) return;
      this.#isDirty = false;
      const chains = this.#isFull ? await applier.natChains?.() : undefined;
      this.#isFull = false;
      await applier.apply(this.rules(chains));
    } catch (error) {
      this.counts.failures++;
      log.error('rules could not be applied', { family: this.family, error });
      this.#fullSync();
      this.#runner.retryAfter(this.#periods.syncMs);
      return;
    }
    this.counts.syncs++;
    this.counts.lastSyncMs = clock.monotonic() - startedAt;
    this.#updatedServices = new Set();
    const times = this.#triggerTimes.splice(0);
    if (times.length > 0) this.counts.lastProgrammingMs = clock.now() - Math.min(...times);
    proxyHealth?.updated(this.family);
    await this.#follow();
    onSync?.();
  }

  #fullSync(): void {
    this.#isDirty = true;
    this.#isFull = true;
    this.#proxier.fullSync();
  }

  /** Looks whether what is believed to be there is there. */
  async #prepare(now: number): Promise<void> {
    const { applier, log } = this.#options;
    const { isIntact } = applier;
    if (isIntact && this.counts.syncs > 0 && !(await isIntact.call(applier))) {
      log.warn('rules were removed by somebody else; writing all anew', { family: this.family });
      this.#fullSync();
    }
    if (now - this.#lastFullSyncAt >= FULL_SYNC_PERIOD_MS) {
      this.#lastFullSyncAt = now;
      this.#fullSync();
    }
    if (this.#proxier.noteVirtualServers && applier.virtualServers) {
      this.#proxier.noteVirtualServers(await applier.virtualServers());
    }
  }

  /** Health checks and flows of UDP; what fails here is no reason to write rules again. */
  async #follow(): Promise<void> {
    const { applier, log } = this.#options;
    try {
      await this.#serviceHealth?.sync(this.#services, this.#endpoints);
      if (!this.#needsConntrackCleanup || !applier.conntrack) return;
      const flows = await applier.conntrack.listUdp();
      const stale = staleFlows(flows, this.#services, this.#endpoints);
      if (stale.length > 0) await applier.conntrack.forget(stale);
      this.#needsConntrackCleanup = false;
    } catch (error) {
      log.warn('could not clean up after a sync', { family: this.family, error });
    }
  }
}
