/**
 * Priority: how important a pod is, by the name of its PriorityClass. Given.
 *
 * @see plugin/pkg/admission/priority/admission.go (1.33)
 */

import type { Pod } from 'kubernetes-types/core/v1.js';
import type { PriorityClass } from 'kubernetes-types/scheduling/v1.js';
import type { ApiObject } from '../api-object.ts';
import type { AdmissionPlugin, AdmissionRequest } from './admission.ts';
import { isAbout, newAdmissionForbidden } from './forbidden.ts';

const SCHEDULING = 'scheduling.k8s.io';

/** What the plugin asks. */
export interface PriorityOptions {
  /** All PriorityClasses. */
  priorityClasses(): readonly ApiObject[];
  /** One of them, as it is now. */
  priorityClass(name: string): Promise<ApiObject | undefined>;
}

/**
 * Makes the plugin.
 *
 * @remarks A new pod gets the priority and the preemption policy of its class; without a class
 * those of the default class, and where there is none 0. A pod may not say another priority itself.
 * There is one default class at most.
 */
export function priority(options: PriorityOptions): AdmissionPlugin {
  const classes = () => options.priorityClasses() as unknown as PriorityClass[];
  return {
    name: 'Priority',
    handles: (request) =>
      (request.operation === 'CREATE' || request.operation === 'UPDATE') &&
      (isAbout(request, '', 'pods') || isAbout(request, SCHEDULING, 'priorityclasses')),
    async admit(request) {
      if (request.resource.resource !== 'pods' || !request.object) return;
      const pod = request.object as Pod;
      if (request.operation === 'UPDATE') keepPriority(pod, request.oldObject as Pod | undefined);
      else setPriority(request, pod, await classOf(request, pod, options));
    },
    validate(request) {
      const object = request.object as PriorityClass | undefined;
      if (request.resource.resource === 'pods' || !object?.globalDefault) return;
      const name = defaultClass(classes())?.metadata?.name;
      if (name === undefined) return;
      if (request.operation === 'UPDATE' && name === object.metadata?.name) return;
      const why = `PriorityClass ${name} is already marked as default. Only one default can exist`;
      throw newAdmissionForbidden(request, why);
    },
  };
}

function keepPriority({ spec }: Pod, old: Pod | undefined): void {
  if (!spec || !old?.spec) return;
  const { priority: before, preemptionPolicy } = old.spec;
  if (before !== undefined) spec.priority ??= before;
  if (preemptionPolicy !== undefined) spec.preemptionPolicy ??= preemptionPolicy;
}

/** Of two by chance the lower one. */
function defaultClass(classes: readonly PriorityClass[]): PriorityClass | undefined {
  return classes.filter(({ globalDefault }) => globalDefault).sort((a, b) => a.value - b.value)[0];
}

const NONE: Omit<PriorityClass, 'metadata'> = {
  value: 0,
  preemptionPolicy: 'PreemptLowerPriority',
};

async function classOf(
  request: AdmissionRequest,
  { spec }: Pod,
  options: PriorityOptions,
): Promise<PriorityClass> {
  const name = spec?.priorityClassName;
  if (!name) {
    const found = defaultClass(options.priorityClasses() as unknown as PriorityClass[]);
    if (found?.metadata?.name && spec) spec.priorityClassName = found.metadata.name;
    return found ?? NONE;
  }
  const found = await options.priorityClass(name);
  if (found) return found as unknown as PriorityClass;
  throw newAdmissionForbidden(request, `no PriorityClass with name ${name} was found`);
}

function setPriority(request: AdmissionRequest, { spec }: Pod, found: PriorityClass): void {
  if (!spec) return;
  const { value, preemptionPolicy } = found;
  const computed = 'from the given PriorityClass name';
  if (spec.priority !== undefined && spec.priority !== value) {
    const why = `the integer value of priority (${spec.priority}) must not be provided in pod spec; priority admission controller computed ${value} ${computed}`;
    throw newAdmissionForbidden(request, why);
  }
  spec.priority = value;
  if (preemptionPolicy === undefined) return;
  if (spec.preemptionPolicy !== undefined && spec.preemptionPolicy !== preemptionPolicy) {
    const why = `the string value of PreemptionPolicy (${spec.preemptionPolicy}) must not be provided in pod spec; priority admission controller computed ${preemptionPolicy} ${computed}`;
    throw newAdmissionForbidden(request, why);
  }
  spec.preemptionPolicy = preemptionPolicy;
}
