/**
 * What webhooks are never asked about: what configures them, for nobody could repair a broken one.
 * Given.
 *
 * @see k8s.io/apiserver/pkg/admission/plugin/webhook/predicates/rules/rules.go (1.33)
 */

import type { AdmissionRequest } from '../admission/admission.ts';

const KINDS: ReadonlySet<string> = new Set([
  'MutatingWebhookConfiguration',
  'ValidatingWebhookConfiguration',
  'MutatingAdmissionPolicy',
  'MutatingAdmissionPolicyBinding',
  'ValidatingAdmissionPolicy',
  'ValidatingAdmissionPolicyBinding',
]);

/** Is the request about what configures webhooks? */
export function isExempt({ kind }: AdmissionRequest): boolean {
  return kind.group === 'admissionregistration.k8s.io' && KINDS.has(kind.kind);
}
