/**
 * The endpoint slice controller: it keeps the slices of every Service as `endpoints.ts` says they
 * should be. Given.
 */

import type { Node, Pod, Service } from 'kubernetes-types/core/v1.js';
import type { EndpointSlice } from 'kubernetes-types/discovery/v1.js';
import { isNotFound, keyOf, semanticallyEqual } from '#apimachinery';
import {
  ENDPOINT_SLICES,
  type EventRecorder,
  NODES,
  PODS,
  SERVICES,
  type SharedInformer,
} from '#client';
import { ControlLoop } from '../control-loop.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import { isNamespaceTerminating } from '../namespace-terminating.ts';
import { enqueueAll, finalState } from '../owners.ts';
import { familiesOf, type IpFamily } from './addresses.ts';
import { endpointOf, endpointPorts, type PlacedEndpoint, planSlices } from './endpoints.ts';
import { enqueueServicesOfPods, selectorOf } from './service-pods.ts';
import {
  inForm,
  MANAGED_BY_LABEL,
  newSliceOf,
  SERVICE_NAME_LABEL,
  SLICE_CONTROLLER,
} from './slice-form.ts';
import { TriggerTimes } from './trigger-time.ts';

const NAME = 'endpoint-slice-controller';
const TRIGGER_TIME_ANNOTATION = 'endpoints.kubernetes.io/last-change-trigger-time';
const ZONE_LABEL = 'topology.kubernetes.io/zone';
/** An index of slices by the namespace and the name of their Service. */
const BY_SERVICE = 'byService';
const MAX_RETRIES = 15;

/** Makes the controller that keeps EndpointSlices. */
export function newEndpointSliceController(context: ControllerContext): Controller {
  return new EndpointSliceController(context).loop;
}

class EndpointSliceController {
  readonly loop: ControlLoop;
  readonly #context: ControllerContext;
  readonly #events: EventRecorder;
  readonly #services: SharedInformer<Service>;
  readonly #pods: SharedInformer<Pod>;
  readonly #nodes: SharedInformer<Node>;
  readonly #slices: SharedInformer<EndpointSlice>;
  readonly #triggerTimes = new TriggerTimes();

  constructor(context: ControllerContext) {
    this.#context = context;
    const { informers, clock, log } = context;
    this.#events = context.recorder(NAME);
    this.#services = informers.informer(SERVICES);
    this.#pods = informers.informer(PODS);
    this.#nodes = informers.informer(NODES);
    this.#slices = informers.informer(ENDPOINT_SLICES);
    this.#slices.addIndexers({
      [BY_SERVICE]: ({ metadata }) => [
        `${metadata?.namespace}/${metadata?.labels?.[SERVICE_NAME_LABEL] ?? ''}`,
      ],
    });
    const informed = [this.#services, this.#pods, this.#nodes, this.#slices];
    this.loop = new ControlLoop({
      name: NAME,
      clock,
      log,
      synced: informed.map((informer) => () => informer.hasSynced()),
      maxRetries: MAX_RETRIES,
      reconcile: (key) => this.#reconcile(key),
    });
    this.#listen();
  }

  #listen(): void {
    const { loop } = this;
    enqueueAll(loop, this.#services);
    enqueueServicesOfPods(loop, this.#pods, this.#services);
    const ofSlice = ({ metadata }: EndpointSlice): void => {
      const service = metadata?.labels?.[SERVICE_NAME_LABEL];
      if (service && isOurs({ metadata })) loop.enqueue(`${metadata?.namespace}/${service}`);
    };
    this.#slices.addEventHandler({
      onAdd: ofSlice,
      onUpdate: (old, slice) => {
        ofSlice(slice);
        const label = (of: EndpointSlice) => of.metadata?.labels?.[SERVICE_NAME_LABEL];
        if (label(old) !== label(slice)) ofSlice(old);
      },
      onDelete: (gone) => ofSlice(finalState(gone)),
    });
    // A node that gets its zone late, or comes after its pods.
    const all = (): void => {
      for (const service of this.#services.lister.list()) loop.enqueue(service);
    };
    this.#nodes.addEventHandler({
      onAdd: (_, isInInitialList) => isInInitialList || all(),
      onUpdate: (old, node) => {
        if (zoneOf(old) !== zoneOf(node)) all();
      },
    });
  }

  async #reconcile(key: string): Promise<void> {
    const service = this.#services.lister.get(key);
    if (!service) {
      this.#triggerTimes.forget(key);
      await this.#removeAll(key);
      return;
    }
    if (service.metadata?.deletionTimestamp || !service.spec?.selector) return;
    if (service.spec.type === 'ExternalName') return;
    const { namespace = '' } = service.metadata ?? {};
    const selector = selectorOf(service);
    const pods = this.#pods.lister
      .listNamespace(namespace)
      .filter(({ metadata }) => selector.matches(metadata?.labels ?? {}))
      .sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
    const trigger = this.#triggerTimes.next(key, service, pods);
    const existing = this.#slicesOf(key);
    const families = familiesOf(service);
    try {
      for (const family of families) {
        const own = existing.filter(({ addressType }) => addressType === family);
        await this.#reconcileFamily(service, family, pods, own, trigger);
      }
      for (const slice of existing) {
        if (!families.includes(slice.addressType as IpFamily)) await this.#remove(slice);
      }
    } catch (error) {
      if (isNamespaceTerminating(error)) return;
      const why = error instanceof Error ? error.message : String(error);
      const message = `Error updating Endpoint Slices for Service ${key}: ${why}`;
      this.#events.event(SERVICES, service, 'Warning', 'FailedToUpdateEndpointSlices', message);
      throw error;
    }
  }

  async #reconcileFamily(
    service: Service,
    family: IpFamily,
    pods: readonly Pod[],
    existing: readonly EndpointSlice[],
    trigger: string | undefined,
  ): Promise<void> {
    const { namespace } = service.metadata ?? {};
    const wanted = pods.flatMap((pod): PlacedEndpoint[] => {
      const endpoint = endpointOf(service, pod, family, this.#zoneOf(pod));
      return endpoint ? [{ endpoint, ports: endpointPorts(service, pod) }] : [];
    });
    const plan = planSlices(wanted, existing);
    const client = this.#context.client.resource(ENDPOINT_SLICES, namespace);
    const [first, ...others] = plan.remove;
    // A Service without endpoints has a slice all the same, so that everybody knows that it has none.
    const isEmpty = wanted.length === 0;
    const placeholder = isEmpty ? (first ?? newSliceOf(service, family, NOTHING)) : undefined;
    const updates = plan.update.map((slice) => inForm(service, slice));
    if (placeholder?.metadata?.name) updates.push(inForm(service, { ...placeholder, ...NOTHING }));
    const touched = new Set(
      [...updates, ...plan.remove].map(({ metadata }) => metadata?.name ?? ''),
    );
    for (const slice of existing.filter(({ metadata }) => !touched.has(metadata?.name ?? ''))) {
      if (inForm(service, slice) !== slice) updates.push(inForm(service, slice));
    }
    const created = plan.create.map((slice) => newSliceOf(service, family, slice));
    if (placeholder && !placeholder.metadata?.name) created.push(placeholder);
    for (const slice of created) await client.create(withTrigger(slice, trigger));
    for (const slice of updates) {
      const before = existing.find(({ metadata }) => metadata?.name === slice.metadata?.name);
      if (!semanticallyEqual(before, slice)) await client.update(withTrigger(slice, trigger));
    }
    for (const slice of isEmpty ? others : plan.remove) await this.#remove(slice);
  }

  #zoneOf({ spec }: Pod): string | undefined {
    const node = spec?.nodeName ? this.#nodes.lister.get(spec.nodeName) : undefined;
    return node && zoneOf(node);
  }

  #slicesOf(key: string): EndpointSlice[] {
    return this.#slices.lister
      .byIndex(BY_SERVICE, key)
      .filter((slice) => isOurs(slice) && slice.metadata?.deletionTimestamp === undefined)
      .sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  }

  /** The garbage collector would, too; this is sooner. */
  async #removeAll(key: string): Promise<void> {
    for (const slice of this.#slicesOf(key)) await this.#remove(slice);
  }

  async #remove({ metadata }: EndpointSlice): Promise<void> {
    const client = this.#context.client.resource(ENDPOINT_SLICES, metadata?.namespace);
    try {
      await client.delete(metadata?.name ?? '');
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}

const NOTHING = { ports: [], endpoints: [] };

function isOurs({ metadata }: Pick<EndpointSlice, 'metadata'>): boolean {
  return metadata?.labels?.[MANAGED_BY_LABEL] === SLICE_CONTROLLER;
}

function zoneOf({ metadata }: Node): string | undefined {
  return metadata?.labels?.[ZONE_LABEL];
}

function withTrigger(slice: EndpointSlice, trigger: string | undefined): EndpointSlice {
  if (trigger === undefined) return slice;
  const annotations = { ...slice.metadata?.annotations, [TRIGGER_TIME_ANNOTATION]: trigger };
  return { ...slice, metadata: { ...slice.metadata, annotations } };
}
