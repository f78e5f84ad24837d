/**
 * What is allowed in a workload and yet hardly meant. Given.
 *
 * @see pkg/registry/apps/deployment/strategy.go, pkg/registry/batch/job/strategy.go (1.33),
 * WarningsOnCreate
 */

import type { PodTemplateSpec } from 'kubernetes-types/core/v1.js';
import { dnsLabelFaults } from '#apimachinery';
import type { ApiObject } from '../../api-object.ts';
import { podWarnings } from '../core/pod-warnings.ts';

/**
 * Warnings about a workload: its name becomes part of hostnames, its template pods.
 *
 * @param path - where the template is: `spec.template`
 */
export function workloadWarnings(
  { metadata }: ApiObject,
  template: PodTemplateSpec | undefined,
  path: string,
): string[] {
  const faults = dnsLabelFaults(metadata.name ?? '');
  const warning = `metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is recommended: [${faults.join(' ')}]`;
  return [...(faults.length > 0 ? [warning] : []), ...podWarnings(template ?? {}, path)];
}
