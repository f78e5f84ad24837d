/** Every namespace has a service account `default`, for pods that name none. Given. */

import type { Namespace, ServiceAccount } from 'kubernetes-types/core/v1.js';
import { isAlreadyExists } from '#apimachinery';
import { NAMESPACES, SERVICE_ACCOUNTS, type SharedInformer } from '#client';
import { ControlLoop } from '../control-loop.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import { isNamespaceTerminating } from '../namespace-terminating.ts';
import { finalState } from '../owners.ts';

const NAME = 'service-account-controller';
const DEFAULT_ACCOUNT = 'default';

/**
 * Makes the controller of service accounts named `default`.
 *
 * @see pkg/controller/serviceaccount/serviceaccounts_controller.go (1.33)
 */
export function newServiceAccountsController(context: ControllerContext): Controller {
  const { informers, clock, log, client } = context;
  const namespaces: SharedInformer<Namespace> = informers.informer(NAMESPACES);
  const accounts: SharedInformer<ServiceAccount> = informers.informer(SERVICE_ACCOUNTS);
  const loop = new ControlLoop({
    name: NAME,
    clock,
    log,
    synced: [() => namespaces.hasSynced(), () => accounts.hasSynced()],
    reconcile: async (namespace) => {
      const found = namespaces.lister.get(namespace);
      if (found?.status?.phase !== 'Active') return;
      if (accounts.lister.get(`${namespace}/${DEFAULT_ACCOUNT}`)) return;
      try {
        await client
          .resource(SERVICE_ACCOUNTS, namespace)
          .create({ metadata: { name: DEFAULT_ACCOUNT } });
      } catch (error) {
        if (!isAlreadyExists(error) && !isNamespaceTerminating(error)) throw error;
      }
    },
  });
  namespaces.addEventHandler({
    onAdd: (namespace) => loop.enqueue(namespace),
    onUpdate: (_, namespace) => loop.enqueue(namespace),
  });
  accounts.addEventHandler({
    onDelete: (gone) => loop.enqueue(finalState(gone).metadata?.namespace ?? ''),
  });
  return loop;
}
