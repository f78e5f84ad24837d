/** The loop around `reconcileWebsite`: informers, a queue, retries. Given. */

import { type KubernetesObject, keyOf } from '#apimachinery';
import { CONFIG_MAPS, DEPLOYMENTS, DeletedFinalStateUnknown, SERVICES } from '#client';
import { ControlLoop, type NewController } from '#controller-manager';
import { DIRECTORY, WEBSITES } from './website.ts';
import { reconcileWebsite } from './your-turn.ts';

/** Makes Websites right, for as long as it runs. The kind must be defined. */
export const newWebsiteController: NewController = ({ client, informers, clock, log }) => {
  const websites = informers.informer(WEBSITES);
  const deployments = informers.informer(DEPLOYMENTS);
  const services = informers.informer(SERVICES);
  const configMaps = informers.informer(CONFIG_MAPS);
  const world = {
    client,
    clock,
    websites: websites.lister,
    deployments: deployments.lister,
    services: services.lister,
    configMaps: configMaps.lister,
  };
  const all = [websites, deployments, services, configMaps];
  const loop = new ControlLoop({
    name: 'website-controller',
    clock,
    log,
    reconcile: (key) => reconcileWebsite(key, world),
    synced: all.map((informer) => () => informer.hasSynced()),
  });
  const onEvent = (handle: (object: KubernetesObject) => void) => ({
    onAdd: handle,
    onUpdate: (_old: KubernetesObject, object: KubernetesObject) => handle(object),
    onDelete: (object: KubernetesObject | DeletedFinalStateUnknown<KubernetesObject>) =>
      handle(object instanceof DeletedFinalStateUnknown ? object.object : object),
  });
  const enqueueSameName = onEvent((object) => {
    const key = keyOf(object);
    if (websites.lister.get(key)) loop.enqueue(key);
  });
  websites.addEventHandler(onEvent((website) => loop.enqueue(keyOf(website))));
  deployments.addEventHandler(enqueueSameName);
  services.addEventHandler(enqueueSameName);
  configMaps.addEventHandler(
    onEvent(({ metadata }) => {
      if (metadata?.name !== DIRECTORY) return;
      for (const website of websites.lister.list()) {
        if (website.metadata?.namespace === metadata.namespace) loop.enqueue(keyOf(website));
      }
    }),
  );
  return { name: 'website-controller', run: (signal) => loop.run(signal) };
};
