/**
 * `/ephemeralcontainers` of a pod: containers are added to it, nothing else changes. Given.
 *
 * @see pkg/apis/core/validation/validation.go (1.33), ValidatePodEphemeralContainersUpdate
 */

import { deepCopy, type FieldError, fieldForbidden, semanticallyEqual } from '#apimachinery';
import type { ApiObject } from '../../api-object.ts';
import { defineKind } from '../define-kind.ts';
import type { Kind } from '../kind.ts';
import { changesText } from './changes.ts';
import { type ApiPodSpec, podOf } from './objects.ts';
import { podDefinition, validatePod } from './pod.ts';
import { MIRROR, validatePodAnnotationsUpdate } from './pod-annotations.ts';

/** Pods as this subresource writes them: for the registry of an update. */
export const podEphemeralContainersKind: Kind = defineKind({
  ...podDefinition,
  prepareForUpdate: keepAllButEphemeralContainers,
  validateUpdate: validateEphemeralContainersUpdate,
});

function keepAllButEphemeralContainers(object: ApiObject, old: ApiObject): void {
  const { ephemeralContainers } = podOf(object).spec;
  const spec = deepCopy(old.spec) as ApiPodSpec;
  if (ephemeralContainers) spec.ephemeralContainers = ephemeralContainers;
  else delete spec.ephemeralContainers;
  object.spec = spec;
  if (old.status !== undefined) object.status = deepCopy(old.status);
}

function validateEphemeralContainersUpdate(object: ApiObject, oldObject: ApiObject): FieldError[] {
  const pod = podOf(object);
  const old = podOf(oldObject);
  if (old.metadata.annotations?.[MIRROR] !== undefined) {
    return [fieldForbidden('', 'static pods do not support ephemeral containers')];
  }
  const faults = [
    ...validatePod(pod),
    ...validatePodAnnotationsUpdate(
      pod.metadata.annotations ?? {},
      old.metadata.annotations ?? {},
      'metadata.annotations',
    ),
  ];
  const now = new Map((pod.spec.ephemeralContainers ?? []).map((c) => [c.name, c]));
  for (const before of old.spec.ephemeralContainers ?? []) {
    const after = now.get(before.name);
    const field = 'spec.ephemeralContainers';
    const which = `existing ephemeral containers ${JSON.stringify(before.name)}`;
    if (!after) faults.push(fieldForbidden(field, `${which} may not be removed\n`));
    else if (!semanticallyEqual(before, after)) {
      const diff = changesText(before, after, before.name);
      faults.push(fieldForbidden(field, `${which} may not be changed\n${diff}`));
    }
  }
  return faults;
}
