/**
 * Annotations that mean something for a pod, most of them from before there was a field. Given.
 *
 * @see pkg/apis/core/validation/validation.go (1.33), ValidatePodSpecificAnnotations
 */

import type { AppArmorProfile, SeccompProfile } from 'kubernetes-types/core/v1.js';
import { type FieldError, fieldForbidden, fieldInvalid, type Toleration } from '#apimachinery';
import { validateDescendingPath } from './local-paths.ts';
import { type ApiPodSpec, containersOf } from './objects.ts';
import { validateTolerations } from './tolerations.ts';

/** Annotations, by key. */
export type Annotations = Readonly<Record<string, string>>;

/** A pod that a node started by itself, shown in the API. */
export const MIRROR = 'kubernetes.io/config.mirror';
const TOLERATIONS = 'scheduler.alpha.kubernetes.io/tolerations';
const DELETION_COST = 'controller.kubernetes.io/pod-deletion-cost';
/** The seccomp profile of a pod. */
export const SECCOMP_POD = 'seccomp.security.alpha.kubernetes.io/pod';
/** The seccomp profile of a container, whose name follows. */
export const SECCOMP_CONTAINER = 'container.seccomp.security.alpha.kubernetes.io/';
/** The AppArmor profile of a container, whose name follows. */
export const APP_ARMOR = 'container.apparmor.security.beta.kubernetes.io/';

const LOCALHOST = 'localhost/';

/** Faults of a pod's or a template's annotations, as far as pods go. */
export function validatePodAnnotations(
  annotations: Annotations | undefined,
  spec: ApiPodSpec,
  path: string,
): FieldError[] {
  if (!annotations) return [];
  const faults: FieldError[] = [];
  const mirror = annotations[MIRROR];
  if (mirror !== undefined && !spec.nodeName) {
    const why = 'must set spec.nodeName if mirror pod annotation is set';
    faults.push(fieldInvalid(`${path}[${MIRROR}]`, mirror, why));
  }
  return [
    ...faults,
    ...validateTolerationsAnnotation(annotations[TOLERATIONS], path),
    ...validateDeletionCost(annotations[DELETION_COST], `${path}[${DELETION_COST}]`),
    ...validateSeccompAnnotations(annotations, path),
    ...validateAppArmorAnnotations(annotations, spec, path),
  ];
}

function validateTolerationsAnnotation(text: string | undefined, path: string): FieldError[] {
  if (!text) return [];
  try {
    const tolerations = JSON.parse(text) as Toleration[];
    return validateTolerations(tolerations, `${path}.${TOLERATIONS}`);
  } catch (error) {
    return [fieldInvalid(path, TOLERATIONS, error instanceof Error ? error.message : '')];
  }
}

function validateDeletionCost(cost: string | undefined, path: string): FieldError[] {
  if (cost === undefined) return [];
  // Neither a plus sign nor leading zeros: there is one way to write each number.
  const isNumber = /^(0|-?[1-9]\d*)$/.test(cost) && (Number(cost) | 0) === Number(cost);
  return isNumber ? [] : [fieldInvalid(path, cost, 'must be a 32bit integer')];
}

function validateSeccompAnnotations(annotations: Annotations, path: string): FieldError[] {
  return Object.entries(annotations).flatMap(([key, profile]) => {
    if (key !== SECCOMP_POD && !key.startsWith(SECCOMP_CONTAINER)) return [];
    const field = `${path}.${key}`;
    if (['runtime/default', 'docker/default', 'unconfined'].includes(profile)) return [];
    if (profile.startsWith(LOCALHOST)) {
      return validateDescendingPath(profile.slice(LOCALHOST.length), field);
    }
    return [fieldInvalid(field, profile, 'must be a valid seccomp profile')];
  });
}

function validateAppArmorAnnotations(
  annotations: Annotations,
  spec: ApiPodSpec,
  path: string,
): FieldError[] {
  return Object.entries(annotations).flatMap(([key, profile]) => {
    if (!key.startsWith(APP_ARMOR)) return [];
    const field = `${path}[${key}]`;
    const name = key.slice(APP_ARMOR.length);
    const exists = containersOf(spec, '').some(({ container }) => container.name === name);
    const faults = exists ? [] : [fieldInvalid(field, name, 'container not found')];
    const isKnown = ['', 'runtime/default', 'unconfined'].includes(profile);
    if (!isKnown && !profile.startsWith(LOCALHOST)) {
      const why = `invalid AppArmor profile name: ${JSON.stringify(profile)}`;
      faults.push(fieldInvalid(field, profile, why));
    }
    return faults;
  });
}

/** What annotations say of profiles is what the fields say, where both speak. */
export function validateProfilesMatch(
  annotations: Annotations | undefined,
  spec: ApiPodSpec,
  path: string,
): FieldError[] {
  if (!annotations) return [];
  const ofPod = spec.securityContext;
  const at = `${path}.securityContext.seccompProfile`;
  const containers = containersOf(spec, path);
  const seccomp = [
    ...validateMatch('seccomp', annotations[SECCOMP_POD], ofPod?.seccompProfile, at),
    ...containers.flatMap(({ container: { name, securityContext }, path: where }) =>
      validateMatch(
        'seccomp',
        annotations[SECCOMP_CONTAINER + name],
        securityContext?.seccompProfile,
        `${where}.securityContext.seccompProfile`,
      ),
    ),
  ];
  if (spec.os?.name === 'windows') return seccomp;
  const appArmor = containers.flatMap(({ container: { name, securityContext }, path: where }) =>
    validateMatch(
      'apparmor',
      annotations[APP_ARMOR + name],
      securityContext?.appArmorProfile ?? ofPod?.appArmorProfile,
      `${where}.securityContext.appArmorProfile`,
    ),
  );
  return [...seccomp, ...appArmor];
}

function validateMatch(
  what: 'seccomp' | 'apparmor',
  annotation: string | undefined,
  profile: SeccompProfile | AppArmorProfile | undefined,
  path: string,
): FieldError[] {
  if (annotation === undefined || !profile) return [];
  const wrongType = () => [
    fieldForbidden(`${path}.type`, `${what} type in annotation and field must match`),
  ];
  switch (profile.type) {
    case 'Unconfined':
      return annotation === 'unconfined' ? [] : wrongType();
    case 'RuntimeDefault': {
      const isDocker = what === 'seccomp' && annotation === 'docker/default';
      return annotation === 'runtime/default' || isDocker ? [] : wrongType();
    }
    case 'Localhost': {
      if (!annotation.startsWith(LOCALHOST)) return wrongType();
      if (annotation.slice(LOCALHOST.length) === profile.localhostProfile) return [];
      const why = `${what} profile in annotation and field must match`;
      return [fieldForbidden(`${path}.localhostProfile`, why)];
    }
    default:
      return [];
  }
}

/** Some annotations may neither come nor go nor change while the pod lives. */
export function validatePodAnnotationsUpdate(
  annotations: Annotations,
  old: Annotations,
  path: string,
): FieldError[] {
  const gone = Object.keys(old).filter((key) => annotations[key] !== old[key]);
  const come = Object.keys(annotations).filter((key) => old[key] === undefined);
  const forbidden = (key: string, verb: string): FieldError[] => {
    const field = `${path}[${key}]`;
    if (key.startsWith(APP_ARMOR)) {
      return [fieldForbidden(field, `may not ${verb} AppArmor annotations`)];
    }
    return key === MIRROR ? [fieldForbidden(field, `may not ${verb} mirror pod annotation`)] : [];
  };
  return [
    ...gone.flatMap((key) => forbidden(key, 'remove or update')),
    ...come.flatMap((key) => forbidden(key, 'add')),
  ];
}
