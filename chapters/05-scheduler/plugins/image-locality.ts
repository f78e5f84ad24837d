/** The plugin ImageLocality: where the image is already, a pod starts sooner. Given. */

import type { Handle } from '../framework/handle.ts';
import type { ScorePlugin } from '../framework/plugin.ts';
import { imageLocalityScore } from '../scoring.ts';

/** Makes the plugin. */
export function newImageLocality(_args: unknown, handle: Handle): ScorePlugin {
  return {
    name: 'ImageLocality',
    score: (_state, pod, node) => imageLocalityScore(pod, node, handle.snapshot.nodes.length),
  };
}
