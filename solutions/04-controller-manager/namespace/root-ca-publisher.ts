/** Every namespace has the certificate by which its pods know the API server. Given. */

import type { ConfigMap, Namespace } from 'kubernetes-types/core/v1.js';
import { isAlreadyExists, isNotFound, semanticallyEqual } from '#apimachinery';
import { CONFIG_MAPS, NAMESPACES, type SharedInformer } from '#client';
import { ControlLoop } from '../control-loop.ts';
import type { ControllerContext, NewController } from '../controller.ts';
import { isNamespaceTerminating } from '../namespace-terminating.ts';
import { finalState } from '../owners.ts';

const NAME = 'root-ca-certificate-publisher-controller';
/** The name of the ConfigMaps. */
export const ROOT_CA_CONFIG_MAP = 'kube-root-ca.crt';
const DESCRIPTION =
  'Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.';

/**
 * Makes the controller of ConfigMaps `kube-root-ca.crt`.
 *
 * @param rootCa - certificates in PEM
 * @see pkg/controller/certificates/rootcacertpublisher/publisher.go (1.33)
 */
export function newRootCaPublisher(rootCa: string): NewController {
  return (context) => newPublisher(context, { 'ca.crt': rootCa });
}

function newPublisher(
  { informers, clock, log, client }: ControllerContext,
  data: Record<string, string>,
): ControlLoop {
  const namespaces: SharedInformer<Namespace> = informers.informer(NAMESPACES);
  const configMaps: SharedInformer<ConfigMap> = informers.informer(CONFIG_MAPS);
  const annotations = { 'kubernetes.io/description': DESCRIPTION };
  const reconcile = async (namespace: string): Promise<void> => {
    const found = namespaces.lister.get(namespace);
    if (found?.status?.phase !== 'Active') return;
    const before = configMaps.lister.get(`${namespace}/${ROOT_CA_CONFIG_MAP}`);
    const maps = client.resource(CONFIG_MAPS, namespace);
    try {
      if (!before) {
        await maps.create({ metadata: { name: ROOT_CA_CONFIG_MAP, annotations }, data });
      } else if (!semanticallyEqual(before.data, data)) {
        const metadata = {
          ...before.metadata,
          annotations: { ...before.metadata?.annotations, ...annotations },
        };
        await maps.update({ ...before, metadata, data });
      }
    } catch (error) {
      if (isAlreadyExists(error) || isNotFound(error) || isNamespaceTerminating(error)) return;
      throw error;
    }
  };
  const synced = [() => namespaces.hasSynced(), () => configMaps.hasSynced()];
  const loop = new ControlLoop({ name: NAME, clock, log, synced, reconcile });
  namespaces.addEventHandler({
    onAdd: (namespace) => loop.enqueue(namespace),
    onUpdate: (_, namespace) => loop.enqueue(namespace),
  });
  const ofMap = ({ metadata }: ConfigMap): void => {
    if (metadata?.name === ROOT_CA_CONFIG_MAP) loop.enqueue(metadata.namespace ?? '');
  };
  configMaps.addEventHandler({
    onUpdate: (_, configMap) => ofMap(configMap),
    onDelete: (gone) => ofMap(finalState(gone)),
  });
  return loop;
}
