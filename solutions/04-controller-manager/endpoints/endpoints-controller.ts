/**
 * The endpoints controller: one Endpoints object for each Service, for those who do not read slices.
 * Given.
 */

import type { EndpointSubset, Endpoints, Pod, Service } from 'kubernetes-types/core/v1.js';
import { isAlreadyExists, isNotFound, keyOf, semanticallyEqual } from '#apimachinery';
import { ENDPOINTS, type EventRecorder, PODS, SERVICES, type SharedInformer } from '#client';
import { ControlLoop } from '../control-loop.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import { isNamespaceTerminating } from '../namespace-terminating.ts';
import { enqueueAll, finalState } from '../owners.ts';
import { familiesOf } from './addresses.ts';
import { subsetsOf } from './endpoints.ts';
import { enqueueServicesOfPods, selectorOf } from './service-pods.ts';
import { HEADLESS_LABEL, isHeadless } from './slice-form.ts';
import { TriggerTimes } from './trigger-time.ts';

const NAME = 'endpoint-controller';
const TRIGGER_TIME_ANNOTATION = 'endpoints.kubernetes.io/last-change-trigger-time';
const OVER_CAPACITY_ANNOTATION = 'endpoints.kubernetes.io/over-capacity';
const MANAGED_BY_LABEL = 'endpoints.kubernetes.io/managed-by';
/** An Endpoints object holds so many addresses; the rest is in slices only. */
const MAX_ADDRESSES = 1000;
const MAX_RETRIES = 15;

/** Makes the controller that keeps Endpoints. */
export function newEndpointsController(context: ControllerContext): Controller {
  return new EndpointsController(context).loop;
}

class EndpointsController {
  readonly loop: ControlLoop;
  readonly #context: ControllerContext;
  readonly #events: EventRecorder;
  readonly #services: SharedInformer<Service>;
  readonly #pods: SharedInformer<Pod>;
  readonly #endpoints: SharedInformer<Endpoints>;
  readonly #triggerTimes = new TriggerTimes();

  constructor(context: ControllerContext) {
    this.#context = context;
    const { informers, clock, log } = context;
    this.#events = context.recorder(NAME);
    this.#services = informers.informer(SERVICES);
    this.#pods = informers.informer(PODS);
    this.#endpoints = informers.informer(ENDPOINTS);
    const informed = [this.#services, this.#pods, this.#endpoints];
    this.loop = new ControlLoop({
      name: NAME,
      clock,
      log,
      synced: informed.map((informer) => () => informer.hasSynced()),
      maxRetries: MAX_RETRIES,
      reconcile: (key) => this.#reconcile(key),
    });
    enqueueAll(this.loop, this.#services);
    enqueueServicesOfPods(this.loop, this.#pods, this.#services);
    this.#endpoints.addEventHandler({
      // What was left behind by Services that went while nobody looked.
      onAdd: (endpoints, isInInitialList) => isInInitialList && this.loop.enqueue(endpoints),
      onDelete: (gone) => this.loop.enqueue(finalState(gone)),
    });
  }

  async #reconcile(key: string): Promise<void> {
    const service = this.#services.lister.get(key);
    if (!service) {
      this.#triggerTimes.forget(key);
      await this.#remove(key);
      return;
    }
    // Without a selector they are somebody else's to write.
    if (!service.spec?.selector || service.spec.type === 'ExternalName') return;
    const selector = selectorOf(service);
    const { namespace = '' } = service.metadata ?? {};
    const pods = this.#pods.lister
      .listNamespace(namespace)
      .filter(({ metadata }) => selector.matches(metadata?.labels ?? {}))
      .sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
    const trigger = this.#triggerTimes.next(key, service, pods);
    const [family = 'IPv4'] = familiesOf(service);
    await this.#write(service, subsetsOf(service, pods, family), trigger);
  }

  async #write(
    service: Service,
    all: readonly EndpointSubset[],
    trigger: string | undefined,
  ): Promise<void> {
    const { namespace = '', name = '' } = service.metadata ?? {};
    const before = this.#endpoints.lister.get(`${namespace}/${name}`);
    const { subsets, isTruncated } = truncated(all);
    const labels = labelsOf(service);
    const {
      [TRIGGER_TIME_ANNOTATION]: since,
      [OVER_CAPACITY_ANNOTATION]: _,
      ...kept
    } = before?.metadata?.annotations ?? {};
    const time = trigger ?? since;
    const annotations = {
      ...kept,
      ...(time !== undefined && { [TRIGGER_TIME_ANNOTATION]: time }),
      ...(isTruncated && { [OVER_CAPACITY_ANNOTATION]: 'truncated' }),
    };
    const isRight =
      before !== undefined &&
      semanticallyEqual(before.subsets ?? [], subsets) &&
      semanticallyEqual(before.metadata?.labels ?? {}, labels);
    if (isRight) return;
    const client = this.#context.client.resource(ENDPOINTS, namespace);
    const wanted: Endpoints = {
      metadata: { ...before?.metadata, name, namespace, labels, annotations },
      ...(subsets.length > 0 && { subsets }),
    };
    try {
      if (before) await client.update(wanted);
      else await client.create(wanted);
    } catch (error) {
      if (isNamespaceTerminating(error)) return;
      this.#complain(service, before === undefined, error);
      throw error;
    }
  }

  #complain(service: Service, isNew: boolean, error: unknown): void {
    const key = keyOf(service);
    const why = error instanceof Error ? error.message : String(error);
    // That the cache is behind is no news.
    if (isNew && isAlreadyExists(error)) return;
    const [reason, verb] = isNew
      ? ['FailedToCreateEndpoint', 'create endpoint']
      : ['FailedToUpdateEndpoint', 'update endpoint'];
    this.#events.event(SERVICES, service, 'Warning', reason, `Failed to ${verb} ${key}: ${why}`);
  }

  async #remove(key: string): Promise<void> {
    const endpoints = this.#endpoints.lister.get(key);
    // Those that somebody wrote by hand go with the Service, too: it is of the same name.
    if (!endpoints) return;
    const { namespace = '', name = '' } = endpoints.metadata ?? {};
    try {
      await this.#context.client.resource(ENDPOINTS, namespace).delete(name);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}

function labelsOf(service: Service): Record<string, string> {
  const { [HEADLESS_LABEL]: _, ...labels } = service.metadata?.labels ?? {};
  return {
    ...labels,
    [MANAGED_BY_LABEL]: NAME,
    ...(isHeadless(service) && { [HEADLESS_LABEL]: '' }),
  };
}

/** At most so many addresses: ready ones before others. */
function truncated(all: readonly EndpointSubset[]): {
  readonly subsets: EndpointSubset[];
  readonly isTruncated: boolean;
} {
  const count = (field: 'addresses' | 'notReadyAddresses'): number =>
    all.reduce((sum, subset) => sum + (subset[field]?.length ?? 0), 0);
  const total = count('addresses') + count('notReadyAddresses');
  if (total <= MAX_ADDRESSES) return { subsets: [...all], isTruncated: false };
  let ready = Math.min(count('addresses'), MAX_ADDRESSES);
  let notReady = MAX_ADDRESSES - ready;
  const subsets = all.map((subset) => {
    const addresses = subset.addresses?.slice(0, ready) ?? [];
    const notReadyAddresses = subset.notReadyAddresses?.slice(0, notReady) ?? [];
    ready -= addresses.length;
    notReady -= notReadyAddresses.length;
    return {
      ...(addresses.length > 0 && { addresses }),
      ...(notReadyAddresses.length > 0 && { notReadyAddresses }),
      ports: subset.ports,
    };
  });
  const isNotEmpty = ({ addresses, notReadyAddresses }: EndpointSubset) =>
    addresses !== undefined || notReadyAddresses !== undefined;
  return { subsets: subsets.filter(isNotEmpty), isTruncated: true };
}
