/** Which Services a pod belongs to, and when they should hear of its changes. Given. */

import type { Pod, Service } from 'kubernetes-types/core/v1.js';
import { isPodReady, Selector, selectorFromObject, semanticallyEqual } from '#apimachinery';
import type { SharedInformer } from '#client';
import type { ControlLoop } from '../control-loop.ts';
import { finalState } from '../owners.ts';
import { isPodFinished } from '../pod-state.ts';

/** The selector of a Service; one without a selector, or without an address here, selects nothing. */
export function selectorOf({ spec }: Service): Selector {
  const isEmpty = Object.keys(spec?.selector ?? {}).length === 0;
  if (isEmpty || spec?.type === 'ExternalName') return Selector.nothing;
  return selectorFromObject({ matchLabels: spec?.selector });
}

/** Has the Services of pods looked at when something changes that endpoints show. */
export function enqueueServicesOfPods(
  loop: Pick<ControlLoop, 'enqueue'>,
  pods: SharedInformer<Pod>,
  services: SharedInformer<Service>,
): void {
  const tell = (pod: Pod): void => {
    const { namespace = '', labels = {} } = pod.metadata ?? {};
    for (const service of services.lister.listNamespace(namespace)) {
      if (selectorOf(service).matches(labels)) loop.enqueue(service);
    }
  };
  pods.addEventHandler({
    onAdd: tell,
    onUpdate: (old, pod) => {
      const isRelabeled = !semanticallyEqual(old.metadata?.labels, pod.metadata?.labels);
      if (!isRelabeled && semanticallyEqual(shownOf(old), shownOf(pod))) return;
      tell(pod);
      if (isRelabeled) tell(old);
    },
    onDelete: (gone) => tell(finalState(gone)),
  });
}

/** What of a pod endpoints show. */
function shownOf(pod: Pod): unknown {
  const { spec, status, metadata } = pod;
  return [
    status?.podIP,
    status?.podIPs,
    isPodReady(pod),
    isPodFinished(pod),
    metadata?.deletionTimestamp !== undefined,
    spec?.nodeName,
    spec?.hostname,
    spec?.subdomain,
  ];
}
