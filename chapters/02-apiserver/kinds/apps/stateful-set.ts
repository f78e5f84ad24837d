/**
 * StatefulSets: pods with a number, a name and a volume each. Given.
 *
 * @see pkg/apis/apps/v1/defaults.go, pkg/apis/apps/validation/validation.go,
 * pkg/registry/apps/statefulset/strategy.go (1.33)
 */

import type {
  StatefulSetSpec,
  StatefulSetStatus,
  StatefulSetUpdateStrategy,
} from 'kubernetes-types/apps/v1.js';
import {
  deepCopy,
  dnsLabelFaults,
  type FieldError,
  fieldForbidden,
  fieldInvalid,
  fieldNotSupported,
  fieldRequired,
  semanticallyEqual,
} from '#apimachinery';
import type { ApiObject } from '../../api-object.ts';
import { setPodTemplateDefaults, validatePodTemplate } from '../core/pod-template.ts';
import { podWarnings } from '../core/pod-warnings.ts';
import { defineKind } from '../define-kind.ts';
import { specOf, statusOf, validateNonNegative, validateNonNegatives } from '../field-checks.ts';
import { amountOf, validateAtMost100Percent, validateIntOrPercent } from '../int-or-percent.ts';
import { validateCollisionCount } from './deployment.ts';
import {
  validateTemplateIsSelected,
  validateTemplateRunsForever,
  validateWithinReplicas,
  validateWorkloadSelector,
} from './workload-template.ts';

function setDefaults(object: ApiObject): void {
  const spec = specOf<StatefulSetSpec>(object);
  spec.podManagementPolicy ||= 'OrderedReady';
  spec.updateStrategy ??= {};
  setStrategyDefaults(spec.updateStrategy);
  spec.persistentVolumeClaimRetentionPolicy ??= {};
  spec.persistentVolumeClaimRetentionPolicy.whenDeleted ||= 'Retain';
  spec.persistentVolumeClaimRetentionPolicy.whenScaled ||= 'Retain';
  spec.replicas ??= 1;
  spec.revisionHistoryLimit ??= 10;
  spec.template ??= {};
  setPodTemplateDefaults(spec.template);
  setClaimDefaults(spec);
}

function setStrategyDefaults(strategy: StatefulSetUpdateStrategy): void {
  if (!strategy.type) {
    strategy.type = 'RollingUpdate';
    strategy.rollingUpdate ??= {};
  }
  if (strategy.type === 'RollingUpdate' && strategy.rollingUpdate) {
    strategy.rollingUpdate.partition ??= 0;
  }
}

function setClaimDefaults(spec: StatefulSetSpec): void {
  for (const claim of spec.volumeClaimTemplates ?? []) {
    claim.spec ??= {};
    claim.spec.volumeMode ||= 'Filesystem';
    const status = { ...claim.status, phase: claim.status?.phase || 'Pending' };
    Object.assign(claim, { apiVersion: 'v1', kind: 'PersistentVolumeClaim', status });
  }
}

function prepareForCreate(object: ApiObject): void {
  object.status = { replicas: 0, availableReplicas: 0 } satisfies StatefulSetStatus;
}

function validate(object: ApiObject): FieldError[] {
  const spec = specOf<StatefulSetSpec>(object);
  return [
    ...validatePodManagementPolicy(spec),
    ...validateUpdateStrategy(spec.updateStrategy ?? {}, 'spec.updateStrategy'),
    ...validateClaimRetention(spec, 'spec.persistentVolumeClaimRetentionPolicy'),
    ...validateNonNegatives(spec, ['replicas', 'minReadySeconds'], 'spec'),
    ...validateNonNegative(spec.ordinals?.start, 'spec.ordinals.start'),
    ...validateWorkloadSelector(spec.selector, 'spec.selector', 'statefulset'),
    ...validateTemplateIsSelected(spec.template, spec.selector, 'spec.template'),
    ...validatePodTemplate(withClaimedVolumes(spec), 'spec.template'),
    ...validateTemplateRunsForever(spec.template, 'spec.template', 'StatefulSet'),
  ];
}

/** The template as its pods will be: each claim is a volume under the claim's name. */
function withClaimedVolumes({ template, volumeClaimTemplates }: StatefulSetSpec) {
  const claimed = (volumeClaimTemplates ?? []).map((claim) => {
    const name = claim.metadata?.name ?? '';
    return { name, persistentVolumeClaim: { claimName: name } };
  });
  const names = new Set(claimed.map((volume) => volume.name));
  const { spec } = template;
  if (!spec || claimed.length === 0) return template;
  const own = (spec.volumes ?? []).filter((volume) => !names.has(volume.name));
  return { ...template, spec: { ...spec, volumes: [...own, ...claimed] } };
}

function validatePodManagementPolicy({
  podManagementPolicy: policy,
}: StatefulSetSpec): FieldError[] {
  const path = 'spec.podManagementPolicy';
  if (!policy) return [fieldRequired(path)];
  if (policy === 'OrderedReady' || policy === 'Parallel') return [];
  return [fieldInvalid(path, policy, "must be 'OrderedReady' or 'Parallel'")];
}

function validateUpdateStrategy(strategy: StatefulSetUpdateStrategy, path: string): FieldError[] {
  const { type, rollingUpdate } = strategy;
  switch (type) {
    case 'RollingUpdate':
      return rollingUpdate ? validateRollingUpdate(rollingUpdate, `${path}.rollingUpdate`) : [];
    case 'OnDelete': {
      const why = "only allowed for updateStrategy 'RollingUpdate'";
      return rollingUpdate ? [fieldInvalid(`${path}.rollingUpdate`, rollingUpdate, why)] : [];
    }
    case '':
    case undefined:
      return [fieldRequired(path)];
    default:
      return [fieldInvalid(path, strategy, "must be 'RollingUpdate' or 'OnDelete'")];
  }
}

function validateRollingUpdate(
  { partition, maxUnavailable }: NonNullable<StatefulSetUpdateStrategy['rollingUpdate']>,
  path: string,
): FieldError[] {
  const faults = validateNonNegative(partition, `${path}.partition`);
  if (maxUnavailable === undefined) return faults;
  const field = `${path}.maxUnavailable`;
  faults.push(...validateIntOrPercent(maxUnavailable, field));
  if (amountOf(maxUnavailable) === 0) {
    faults.push(fieldInvalid(field, maxUnavailable, 'cannot be 0'));
  }
  return [...faults, ...validateAtMost100Percent(maxUnavailable, field)];
}

function validateClaimRetention(spec: StatefulSetSpec, path: string): FieldError[] {
  const policy = spec.persistentVolumeClaimRetentionPolicy;
  if (!policy) return [];
  return (['whenDeleted', 'whenScaled'] as const)
    .filter((when) => policy[when] !== 'Retain' && policy[when] !== 'Delete')
    .map((when) => fieldNotSupported(`${path}.${when}`, policy[when], ['Retain', 'Delete']));
}

const MUTABLE = [
  'replicas',
  'ordinals',
  'template',
  'updateStrategy',
  'revisionHistoryLimit',
  'persistentVolumeClaimRetentionPolicy',
  'minReadySeconds',
] as const;

function validateUpdate(object: ApiObject, old: ApiObject): FieldError[] {
  const faults = validate(object);
  if (semanticallyEqual(fixedPart(object), fixedPart(old))) return faults;
  const mutable = MUTABLE.slice(0, -1).map((field) => `'${field}'`);
  const list = `${mutable.join(', ')} and '${MUTABLE.at(-1)}'`;
  const why = `updates to statefulset spec for fields other than ${list} are forbidden`;
  return [...faults, fieldForbidden('spec', why)];
}

/** What of the spec can never change. */
function fixedPart(object: ApiObject): Partial<StatefulSetSpec> {
  const spec: Partial<StatefulSetSpec> = deepCopy(specOf<StatefulSetSpec>(object));
  for (const field of MUTABLE) delete spec[field];
  return spec;
}

const COUNTS = [
  'readyReplicas',
  'currentReplicas',
  'updatedReplicas',
  'availableReplicas',
] as const;

function validateStatusUpdate(object: ApiObject, old: ApiObject): FieldError[] {
  const status = statusOf<StatefulSetStatus>(object);
  const rest = ['observedGeneration', 'collisionCount'] as const;
  return [
    ...validateNonNegatives(status, ['replicas', ...COUNTS, ...rest], 'status'),
    ...validateWithinReplicas(status, COUNTS, 'status'),
    ...validateAvailable(status),
    ...validateCollisionCount(status, statusOf<StatefulSetStatus>(old)),
  ];
}

function validateAvailable(status: Partial<StatefulSetStatus>): FieldError[] {
  if ((status.availableReplicas ?? 0) <= (status.readyReplicas ?? 0)) return [];
  const why = 'cannot be greater than status.readyReplicas';
  return [fieldInvalid('status.availableReplicas', status.availableReplicas, why)];
}

function warnings(object: ApiObject): string[] {
  const { revisionHistoryLimit = 0, template } = specOf<StatefulSetSpec>(object);
  const why = 'spec.revisionHistoryLimit: a negative value retains all historical revisions';
  return [...podWarnings(template, 'spec.template'), ...(revisionHistoryLimit < 0 ? [why] : [])];
}

export const statefulSetKind = defineKind({
  group: 'apps',
  version: 'v1',
  kind: 'StatefulSet',
  resource: 'statefulsets',
  shortNames: ['sts'],
  categories: ['all'],
  namespaced: true,
  nameFaults: dnsLabelFaults,
  hasGeneration: true,
  subresources: {
    status: true,
    scale: {
      specReplicasPath: 'spec.replicas',
      statusReplicasPath: 'status.replicas',
      selectorPath: 'spec.selector',
    },
  },
  setDefaults,
  prepareForCreate,
  validate,
  validateUpdate,
  validateStatusUpdate,
  warnings,
});
