/**
 * Groups of Kubernetes' own (`….k8s.io`): a definition in one must say that it was approved. Given.
 *
 * @see k8s.io/apiextensions-apiserver/pkg/apihelpers/helpers.go,
 * pkg/controller/apiapproval/apiapproval_controller.go (1.33)
 */

import { type Condition, type FieldError, fieldInvalid, fieldRequired } from '#apimachinery';
import { APPROVED_ANNOTATION, type CustomResourceDefinition } from './definition.ts';

type State = 'missing' | 'bypassed' | 'approved' | 'invalid';

/** Is it a group that only Kubernetes itself should define things in? */
export function isProtectedGroup(group: string): boolean {
  return /(?:^|\.)(?:k8s|kubernetes)\.io$/.test(group);
}

function stateOf({ metadata }: CustomResourceDefinition): { state: State; reason: string } {
  const text = metadata.annotations?.[APPROVED_ANNOTATION] ?? '';
  const name = JSON.stringify(APPROVED_ANNOTATION);
  const where = 'see https://github.com/kubernetes/enhancements/pull/1111';
  if (text === '') {
    const reason = `protected groups must have approval annotation ${name}, ${where}`;
    return { state: 'missing', reason };
  }
  if (text.startsWith('unapproved')) {
    return { state: 'bypassed', reason: `not approved: ${JSON.stringify(text)}` };
  }
  if (/^[a-z][a-z0-9+.-]*:\/\/[^/?#\s]+/i.test(text)) {
    return { state: 'approved', reason: `approved in ${text}` };
  }
  const reason = `protected groups must have approval annotation ${name} with either a URL or a reason starting with "unapproved", ${where}`;
  return { state: 'invalid', reason };
}

/** Faults of a new definition, or of a change that changes whether it is approved. */
export function validateApproval(
  definition: CustomResourceDefinition,
  old?: CustomResourceDefinition,
): FieldError[] {
  if (!isProtectedGroup(definition.spec.group ?? '')) return [];
  const { state, reason } = stateOf(definition);
  if (old && stateOf(old).state === state) return [];
  const path = `metadata.annotations[${APPROVED_ANNOTATION}]`;
  const text = definition.metadata.annotations?.[APPROVED_ANNOTATION];
  if (state === 'missing') return [fieldRequired(path, reason)];
  return state === 'invalid' ? [fieldInvalid(path, text, reason)] : [];
}

const REASONS: Readonly<Record<State, [status: string, reason: string]>> = {
  missing: ['False', 'MissingAnnotation'],
  bypassed: ['False', 'UnapprovedAnnotation'],
  approved: ['True', 'ApprovedAnnotation'],
  invalid: ['False', 'InvalidAnnotation'],
};

/** The condition of a definition in a protected group; others have none. */
export function approvalCondition(definition: CustomResourceDefinition): Condition | undefined {
  if (!isProtectedGroup(definition.spec.group)) return undefined;
  const { state, reason: message } = stateOf(definition);
  const [status, reason] = REASONS[state];
  return { type: 'KubernetesAPIApprovalPolicyConformant', status, reason, message };
}
