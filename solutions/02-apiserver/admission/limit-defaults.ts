/**
 * The amounts that a LimitRange has for containers that say nothing, and the note on a pod that got
 * them. Given; the plugin is `limit-ranger.ts`.
 *
 * @see plugin/pkg/admission/limitranger/admission.go (1.33)
 */

import type { LimitRange, Pod } from 'kubernetes-types/core/v1.js';
import type { AmountTexts } from './amounts.ts';

/** What a container is to have if it does not say: `{cpu: '500m'}`. */
export interface ContainerDefaults {
  readonly requests: AmountTexts;
  readonly limits: AmountTexts;
}

/** Of all items of type `Container`; where two name a resource, the later one counts. */
export function containerDefaults({ spec }: LimitRange): ContainerDefaults {
  const items = (spec?.limits ?? []).filter(({ type }) => type === 'Container');
  return {
    requests: Object.assign({}, ...items.map((item) => item.defaultRequest)),
    limits: Object.assign({}, ...items.map((item) => item.default)),
  };
}

/** What one container got. */
export interface DefaultsSet {
  readonly what: 'container' | 'init container';
  /** The container's. */
  readonly name: string;
  readonly part: 'request' | 'limit';
  /** Names of resources, in any order; none: nothing is told. */
  readonly set: readonly string[];
}

/** Writes down what was set in the pod's annotation; when nothing was, the pod stays as it is. */
export function noteDefaults(pod: Pod, all: readonly DefaultsSet[]): void {
  const texts = all
    .filter(({ set }) => set.length > 0)
    .map(
      ({ what, name, part, set }) => `${[...set].sort().join(', ')} ${part} for ${what} ${name}`,
    );
  if (texts.length === 0 || !pod.metadata) return;
  pod.metadata.annotations = {
    ...pod.metadata.annotations,
    'kubernetes.io/limit-ranger': `LimitRanger plugin set: ${texts.join('; ')}`,
  };
}
