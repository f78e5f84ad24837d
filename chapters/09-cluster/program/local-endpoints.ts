/**
 * Whether a Service has anybody who answers, and to which node a load balancer sends a connection: to any,
 * by turns; to one that has ready endpoints when the Service's `externalTrafficPolicy` is `Local`. A real one
 * asks the health check node port.
 */

import type { Service } from 'kubernetes-types/core/v1.js';
import type { Endpoint } from 'kubernetes-types/discovery/v1.js';
import { ENDPOINT_SLICES, type InformerFactory } from '#client';
import type { NodeShape } from '../bootstrap/cluster-shape.ts';

const SERVICE_LABEL = 'kubernetes.io/service-name';

type Slices = ReturnType<typeof slicesOf>;
const slicesOf = (informers: InformerFactory) => informers.informer(ENDPOINT_SLICES);

/** Knows where endpoints are. */
export class LocalEndpoints {
  readonly #slices: Slices;
  #turn = 0;

  /** @param onChange - told whenever endpoints are others */
  constructor(informers: InformerFactory, onChange: () => void = () => {}) {
    this.#slices = slicesOf(informers);
    this.#slices.addEventHandler({ onAdd: onChange, onUpdate: onChange, onDelete: onChange });
  }

  /** Is anybody there for it, be it one that is about to go? */
  isServed(service: Service): boolean {
    return this.#endpointsOf(service).some(
      ({ conditions }) => conditions?.ready !== false || conditions.serving === true,
    );
  }

  /** @returns a node's name; `''` when there is no node */
  nodeFor(service: Service, nodes: readonly NodeShape[]): string {
    const names = nodes.map(({ name }) => name);
    const local = this.#nodesOf(service);
    const isLocal = service.spec?.externalTrafficPolicy === 'Local';
    const fitting = isLocal ? names.filter((name) => local.has(name)) : names;
    const able = fitting.length > 0 ? fitting : names;
    return able[this.#turn++ % able.length] ?? '';
  }

  #nodesOf(service: Service): Set<string> {
    const endpoints = this.#endpointsOf(service);
    const ready = endpoints.filter(({ conditions }) => conditions?.ready !== false);
    return new Set(ready.map(({ nodeName }) => nodeName ?? ''));
  }

  #endpointsOf({ metadata }: Service): Endpoint[] {
    return this.#slices.lister
      .list()
      .filter(
        (slice) =>
          slice.metadata?.namespace === metadata?.namespace &&
          slice.metadata?.labels?.[SERVICE_LABEL] === metadata?.name,
      )
      .flatMap((slice) => slice.endpoints ?? []);
  }
}
