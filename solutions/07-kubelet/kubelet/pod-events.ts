/** Events about pods and their containers. Given. */

import type { Pod } from '#apimachinery';
import { type EventRecorder, PODS } from '#client';
import type { ContainerEvent } from '../images/image-puller.ts';

/** Tells an event about a pod. */
export type PodEvent = (
  pod: Pod,
  type: 'Normal' | 'Warning',
  reason: string,
  message: string,
) => void;

/** The two ways in which events are told. */
export function podEvents(recorder: EventRecorder): { event: ContainerEvent; podEvent: PodEvent } {
  return {
    event: (pod, container, type, reason, message) =>
      recorder.event(PODS, referenceOf(pod), type, reason, message, {
        fieldPath: fieldPathOf(pod, container.name),
      }),
    podEvent: (pod, type, reason, message) =>
      recorder.event(PODS, referenceOf(pod), type, reason, message),
  };
}

/** Events about static pods bear what the pod is known by. */
function referenceOf({ metadata }: Pod): Pod {
  return { metadata: { ...metadata } };
}

function fieldPathOf({ spec }: Pod, name: string): string {
  const isIn = (list: readonly { name: string }[] | undefined) =>
    list?.some((one) => one.name === name) ?? false;
  if (isIn(spec?.initContainers)) return `spec.initContainers{${name}}`;
  if (isIn(spec?.ephemeralContainers)) return `spec.ephemeralContainers{${name}}`;
  return `spec.containers{${name}}`;
}
