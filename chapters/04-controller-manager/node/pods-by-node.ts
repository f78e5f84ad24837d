/** Pods by the node they are on. Given. */

import type { Pod } from 'kubernetes-types/core/v1.js';
import { PODS, type SharedInformer } from '#client';
import type { ControllerContext } from '../controller.ts';

/** An informer's index of pods by the name of their node; under none before they have one. */
export const PODS_BY_NODE = 'byNode';

/** The informer of pods, with the index. */
export function podsByNode({ indexedInformer }: ControllerContext): SharedInformer<Pod> {
  return indexedInformer(PODS, PODS_BY_NODE, ({ spec }) => (spec?.nodeName ? [spec.nodeName] : []));
}
