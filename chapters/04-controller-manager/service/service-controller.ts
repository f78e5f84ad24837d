/**
 * The service controller: it gives Services of type LoadBalancer their addresses, from `service.ts`.
 * Given.
 *
 * A finalizer keeps a Service until its address was taken back. It is written by way of the status, the
 * only part of Services that the controller's role may write.
 */

import type { Service } from 'kubernetes-types/core/v1.js';
import {
  addFinalizer,
  deepCopy,
  hasFinalizer,
  isNotFound,
  keyOf,
  removeFinalizer,
  semanticallyEqual,
} from '#apimachinery';
import { type EventRecorder, SERVICES, type SharedInformer } from '#client';
import { ControlLoop } from '../control-loop.ts';
import type { ControllerContext, NewController } from '../controller.ts';
import { enqueueAll } from '../owners.ts';
import type { AddressRange } from './address-range.ts';
import { AddressError, AddressPool, wantsLoadBalancer } from './service.ts';

const NAME = 'service-controller';
/** On Services that have an address from the pool. */
export const LOAD_BALANCER_FINALIZER = 'service.kubernetes.io/load-balancer-cleanup';

/**
 * Makes the controller of load balancers' addresses.
 *
 * @see k8s.io/cloud-provider/controllers/service/controller.go (1.33)
 */
export function newServiceController(pool: readonly AddressRange[]): NewController {
  return (context) => new ServiceController(context, new AddressPool(pool)).loop;
}

class ServiceController {
  readonly loop: ControlLoop;
  readonly #context: ControllerContext;
  readonly #events: EventRecorder;
  readonly #services: SharedInformer<Service>;
  readonly #pool: AddressPool;

  constructor(context: ControllerContext, pool: AddressPool) {
    this.#context = context;
    this.#pool = pool;
    const { informers, clock, log } = context;
    this.#events = context.recorder(NAME);
    this.#services = informers.informer(SERVICES);
    this.#services.addEventHandler({
      // Before the first address is given out, it is known who has one.
      onAdd: (service) => this.#keep(service),
    });
    this.loop = new ControlLoop({
      name: NAME,
      clock,
      log,
      // Two at once could not both have the lowest address anyway.
      workers: 1,
      synced: [() => this.#services.hasSynced()],
      reconcile: (key) => this.#reconcile(key),
    });
    enqueueAll(this.loop, this.#services);
  }

  #keep(service: Service): void {
    const [ip] = addressesOf(service);
    if (ip !== undefined && hasFinalizer(service, LOAD_BALANCER_FINALIZER)) {
      this.#pool.keep(keyOf(service), ip);
    }
  }

  async #reconcile(key: string): Promise<void> {
    const service = this.#services.lister.get(key);
    if (!service) {
      this.#pool.release(key);
      return;
    }
    if (wantsLoadBalancer(service)) await this.#ensure(key, service);
    else await this.#cleanUp(key, service);
  }

  async #ensure(key: string, service: Service): Promise<void> {
    const marked = deepCopy(service);
    const services = this.#context.client.resource(SERVICES, service.metadata?.namespace);
    let current: Service = service;
    const isNew = addFinalizer(marked, LOAD_BALANCER_FINALIZER);
    if (isNew) {
      this.#tell(service, 'Normal', 'EnsuringLoadBalancer', 'Ensuring load balancer');
      current = await services.updateStatus(marked);
    }
    const ip = this.#assign(key, service);
    const loadBalancer = { ingress: [{ ip, ipMode: 'VIP' }] };
    if (semanticallyEqual(current.status?.loadBalancer, loadBalancer)) return;
    await services.updateStatus({ ...current, status: { ...current.status, loadBalancer } });
    this.#tell(service, 'Normal', 'EnsuredLoadBalancer', 'Ensured load balancer');
  }

  #assign(key: string, service: Service): string {
    try {
      return this.#pool.assign(key, service.spec?.loadBalancerIP);
    } catch (error) {
      if (error instanceof AddressError) {
        const message = `Error syncing load balancer: failed to ensure load balancer: ${error.message}`;
        this.#tell(service, 'Warning', 'SyncLoadBalancerFailed', message);
      }
      throw error;
    }
  }

  async #cleanUp(key: string, service: Service): Promise<void> {
    if (!hasFinalizer(service, LOAD_BALANCER_FINALIZER)) return;
    this.#tell(service, 'Normal', 'DeletingLoadBalancer', 'Deleting load balancer');
    const services = this.#context.client.resource(SERVICES, service.metadata?.namespace);
    let current = service;
    try {
      if (addressesOf(service).length > 0) {
        current = await services.updateStatus({
          ...service,
          status: { ...service.status, loadBalancer: {} },
        });
      }
      const free = deepCopy(current);
      removeFinalizer(free, LOAD_BALANCER_FINALIZER);
      await services.updateStatus(free);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
    this.#pool.release(key);
    this.#tell(service, 'Normal', 'DeletedLoadBalancer', 'Deleted load balancer');
  }

  #tell(service: Service, type: 'Normal' | 'Warning', reason: string, message: string): void {
    this.#events.event(SERVICES, service, type, reason, message);
  }
}

function addressesOf({ status }: Service): string[] {
  return (status?.loadBalancer?.ingress ?? []).flatMap(({ ip }) => ip ?? []);
}
