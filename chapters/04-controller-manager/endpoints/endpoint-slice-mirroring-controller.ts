/**
 * The endpoint slice mirroring controller: it gives hand-written Endpoints the slices that `mirroring.ts`
 * says, so that proxies need to read slices only. Given.
 *
 * @see pkg/controller/endpointslicemirroring/endpointslicemirroring_controller.go (1.33)
 */

import type { Endpoints, Service } from 'kubernetes-types/core/v1.js';
import type { EndpointSlice } from 'kubernetes-types/discovery/v1.js';
import { isNotFound, keyOf } from '#apimachinery';
import {
  ENDPOINT_SLICES,
  ENDPOINTS,
  type EventRecorder,
  SERVICES,
  type SharedInformer,
} from '#client';
import { ControlLoop } from '../control-loop.ts';
import type { Controller, ControllerContext, NewController } from '../controller.ts';
import { isNamespaceTerminating } from '../namespace-terminating.ts';
import { enqueueAll, finalState } from '../owners.ts';
import {
  isMirror,
  isMirrored,
  MAX_ENDPOINTS_PER_SUBSET,
  mayBeMirrored,
  mirror,
  skippedAddresses,
} from './mirroring.ts';
import { SERVICE_NAME_LABEL } from './slice-form.ts';

const NAME = 'endpoint-slice-mirroring-controller';
/** An index of our slices by the namespace and the name of their Service. */
const BY_SERVICE = 'mirroring/by-service';
const MAX_RETRIES = 15;

/**
 * Makes the controller.
 *
 * @param maxPerSubset - so many addresses of a subset are mirrored at most
 */
export function newEndpointSliceMirroringController(
  maxPerSubset = MAX_ENDPOINTS_PER_SUBSET,
): NewController {
  return (context): Controller => new MirroringController(context, maxPerSubset).loop;
}

class MirroringController {
  readonly loop: ControlLoop;
  readonly #context: ControllerContext;
  readonly #maxPerSubset: number;
  readonly #events: EventRecorder;
  readonly #endpoints: SharedInformer<Endpoints>;
  readonly #services: SharedInformer<Service>;
  readonly #slices: SharedInformer<EndpointSlice>;

  constructor(context: ControllerContext, maxPerSubset: number) {
    this.#context = context;
    this.#maxPerSubset = maxPerSubset;
    const { informers, clock, log } = context;
    this.#events = context.recorder(NAME);
    this.#endpoints = informers.informer(ENDPOINTS);
    this.#services = informers.informer(SERVICES);
    this.#slices = context.indexedInformer(ENDPOINT_SLICES, BY_SERVICE, (slice) =>
      isMirror(slice) ? [serviceKeyOf(slice)] : [],
    );
    const informed = [this.#endpoints, this.#services, this.#slices];
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
    this.#endpoints.addEventHandler({
      onAdd: (endpoints) => {
        if (mayBeMirrored(endpoints)) loop.enqueue(endpoints);
      },
      onUpdate: (old, endpoints) => {
        if (mayBeMirrored(old) || mayBeMirrored(endpoints)) loop.enqueue(endpoints);
      },
      onDelete: (gone) => loop.enqueue(finalState(gone)),
    });
    // A Service may get a selector, or lose it.
    enqueueAll(loop, this.#services);
    const ofSlice = (slice: EndpointSlice): void => {
      if (isMirror(slice)) loop.enqueue(serviceKeyOf(slice));
    };
    this.#slices.addEventHandler({
      onAdd: ofSlice,
      onUpdate: (old, slice) => {
        ofSlice(old);
        ofSlice(slice);
      },
      onDelete: (gone) => ofSlice(finalState(gone)),
    });
  }

  async #reconcile(key: string): Promise<void> {
    const existing = this.#slices.lister
      .byIndex(BY_SERVICE, key)
      .filter(({ metadata }) => metadata?.deletionTimestamp === undefined)
      .sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
    const endpoints = this.#endpoints.lister.get(key);
    if (!endpoints || !isMirrored(endpoints, this.#services.lister.get(key))) {
      for (const slice of existing) await this.#remove(slice);
      return;
    }
    this.#tellSkipped(endpoints);
    try {
      await this.#write(endpoints, existing);
    } catch (error) {
      if (isNamespaceTerminating(error)) return;
      const why = error instanceof Error ? error.message : String(error);
      const message = `Error updating Endpoint Slices for Endpoints ${key}: ${why}`;
      this.#events.event(ENDPOINTS, endpoints, 'Warning', 'FailedToUpdateEndpointSlices', message);
      throw error;
    }
  }

  async #write(endpoints: Endpoints, existing: readonly EndpointSlice[]): Promise<void> {
    const { namespace } = endpoints.metadata ?? {};
    const client = this.#context.client.resource(ENDPOINT_SLICES, namespace);
    const { create, update, remove } = mirror(endpoints, existing, this.#maxPerSubset);
    for (const slice of create) await client.create(slice);
    for (const slice of update) await client.update(slice);
    for (const slice of remove) await this.#remove(slice);
  }

  #tellSkipped(endpoints: Endpoints): void {
    const max = this.#maxPerSubset;
    const skipped = skippedAddresses(endpoints, max);
    if (skipped === 0) return;
    const message = `A max of ${max} addresses can be mirrored to EndpointSlices per Endpoints subset. ${skipped} addresses were skipped`;
    this.#events.event(ENDPOINTS, endpoints, 'Warning', 'TooManyAddressesToMirror', message);
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

function serviceKeyOf({ metadata }: EndpointSlice): string {
  return `${metadata?.namespace}/${metadata?.labels?.[SERVICE_NAME_LABEL] ?? ''}`;
}
