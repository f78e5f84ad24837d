/**
 * What happened to Services and EndpointSlices since rules were last written, and to which Services.
 *
 * What one object says is read by `../services/`; rules are made of the maps by a proxier. Begin with
 * `ServiceChangeTracker`.
 */

import type { Service } from 'kubernetes-types/core/v1.js';
import type { EndpointSlice } from 'kubernetes-types/discovery/v1.js';
import { NotImplemented } from '#not-implemented';
import type { Endpoint } from '../services/endpoint.ts';
import type { EndpointsPerspective } from '../services/endpoint-slice.ts';
import type { IpFamily, ServicePort } from '../services/service-port.ts';

/**
 * Collects changes of Services between two syncs.
 *
 * @remarks A sync happens at most once a second, and much may happen in between. For each Service only
 * two states count: the one before the first change since the last `apply` and the one after the last
 * change. If they give the same service ports (`newServicePorts`, `sameServicePorts`), nothing
 * happened: labels, annotations, and a Service that came and went.
 *
 * ```text
 * update(undefined, web)     true    web is new
 * update(web, web@2)         true    still one change: none → web@2
 * apply(map)                 {default/web}, map has web@2's ports
 * update(web@2, undefined)   true    deleted …
 * update(undefined, web@2)   false   … and made again, the same: nothing happened
 * apply(map)                 {}
 * ```
 *
 * @see kubernetes 1.33 pkg/proxy/servicechangetracker.go
 */
export class ServiceChangeTracker {
  // Your state goes here: fields of your own choosing.

  /**
   * @param family - the other family's addresses do not count
   * @exercise kube-proxy/changes
   */
  constructor(family: IpFamily) {
    throw new NotImplemented('kube-proxy/changes', 'ServiceChangeTracker.constructor');
  }

  /**
   * Notes that a Service was made (`previous` is undefined), changed, or deleted (`current` is
   * undefined). With neither nothing happens.
   *
   * @returns whether any Service waits for `apply`, this one or another
   * @exercise kube-proxy/changes
   */
  update(previous: Service | undefined, current: Service | undefined): boolean {
    throw new NotImplemented('kube-proxy/changes', 'ServiceChangeTracker.update');
  }

  /**
   * Brings a map up to date; what was collected is forgotten.
   *
   * @param services - all service ports by id. Only those of Services that changed are touched: set to
   * what they are now, or deleted
   * @returns the Services that changed: `default/web`
   * @exercise kube-proxy/changes
   */
  apply(services: Map<string, ServicePort>): Set<string> {
    throw new NotImplemented('kube-proxy/changes', 'ServiceChangeTracker.apply');
  }
}

/** What `EndpointsChangeTracker.apply` found. */
export interface EndpointsUpdate {
  /** Services of which a slice changed: `default/web`. */
  readonly updatedServices: Set<string>;
  /**
   * Whether one of these Services has, or had, a UDP port among its endpoints: flows of UDP have no end,
   * so that somebody must look for those that go to endpoints that went.
   */
  readonly conntrackCleanupRequired: boolean;
  /**
   * When what led to the changes happened, by Service; milliseconds. Each list has the times in the order
   * of the calls that told them, whatever the times are; one that two calls told is in it twice. Services
   * without any are not in the map.
   */
  readonly lastChangeTriggerTimes: Map<string, number[]>;
}

/**
 * Collects changes of EndpointSlices between two syncs, and puts the slices of a Service together.
 *
 * @remarks A Service has any number of slices, and endpoints move between them. So every slice is
 * remembered by its Service and its own name, as it was at the last `apply` and as it is to be; a slice
 * that is again as at the last `apply` waits for nothing. A slice that is new and has no endpoints is a
 * change, too: somebody must look, though the map stays as it is. (A slice that gets another Service's
 * label is told of as one that went and one that came: the proxy sees to that.)
 *
 * **Together.** A Service's slices are gone through in the order of their names (as `<` compares
 * strings). An address and port that is there more than once is one endpoint: the first one counts, but
 * a later one that `isLocal` replaces it. Each list is sorted by the text of `endpointAddress`. Endpoints
 * that are not ready, or terminating, are in the list like all others: who gets traffic is decided later.
 *
 * ```text
 * web-1: 10.0.0.1, 10.0.0.2     web-2: 10.0.0.2, 10.0.0.10, all port 80
 * default/web:http/TCP → 10.0.0.10:80, 10.0.0.1:80, 10.0.0.2:80        ('0' is before ':')
 * ```
 *
 * @see kubernetes 1.33 pkg/proxy/endpointschangetracker.go, pkg/proxy/endpointslicecache.go
 */
export class EndpointsChangeTracker {
  // Your state goes here: fields of your own choosing.

  /**
   * @param startedAt - now, in milliseconds: what happened earlier is no business of this proxy
   * @exercise kube-proxy/changes
   */
  constructor(perspective: EndpointsPerspective, startedAt: number) {
    throw new NotImplemented('kube-proxy/changes', 'EndpointsChangeTracker.constructor');
  }

  /**
   * Notes that a slice was made or changed, or was removed. One that `readEndpointSlice` gives nothing
   * for is ignored, and so is the removal of one that was never seen.
   *
   * @remarks Trigger times: if the call changed what waits for this slice, and the slice has a
   * `triggerTime` later than `startedAt`, the time is added at the end of its Service's. A removal says
   * nothing of when it was caused: if it changed what waits, it forgets its Service's times instead, those
   * of other slices too; what is told after it counts again. And when nothing of a Service waits any more,
   * its times are forgotten: no rules will be written for them.
   *
   * @returns whether any slice waits for `apply`, this one or another
   * @exercise kube-proxy/changes
   */
  updateSlice(slice: EndpointSlice, isRemoved: boolean): boolean {
    throw new NotImplemented('kube-proxy/changes', 'EndpointsChangeTracker.updateSlice');
  }

  /**
   * Brings a map up to date; what was collected is forgotten.
   *
   * @param endpoints - all endpoints by the id of their service port. Only those of Services of which a
   * slice changed are touched. A port without any endpoint is not in it
   * @exercise kube-proxy/changes
   */
  apply(endpoints: Map<string, readonly Endpoint[]>): EndpointsUpdate {
    throw new NotImplemented('kube-proxy/changes', 'EndpointsChangeTracker.apply');
  }
}
