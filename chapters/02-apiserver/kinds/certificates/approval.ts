/**
 * `/approval`: somebody decides on a certificate signing request. Given.
 *
 * It is an update of `/status` that may change conditions alone, approvals among them.
 *
 * @see pkg/registry/certificates/certificates/strategy.go (1.33), csrApprovalStrategy
 */

import type {
  CertificateSigningRequestCondition,
  CertificateSigningRequestStatus,
} from 'kubernetes-types/certificates/v1.js';
import { deepCopy } from '#apimachinery';
import type { ApiObject } from '../../api-object.ts';
import { statusOf } from '../field-checks.ts';
import type { Kind } from '../kind.ts';
import {
  certificateSigningRequestKind,
  validateRequestUpdate,
} from './certificate-signing-request.ts';

function prepareForApproval(object: ApiObject, old: ApiObject): void {
  const { conditions } = statusOf<CertificateSigningRequestStatus>(object);
  const status = deepCopy(statusOf<CertificateSigningRequestStatus>(old));
  if (conditions) status.conditions = conditions;
  else delete status.conditions;
  object.status = status;
}

/**
 * The kind with which an update of `/approval` is made, as an update of the subresource `status`.
 *
 * @param kind - of certificate signing requests, as it is served
 */
export function approvalForm(kind: Kind = certificateSigningRequestKind): Kind {
  return {
    ...kind,
    prepareForStatusUpdate: prepareForApproval,
    validateStatusUpdate: (object, old) =>
      validateRequestUpdate(object, old, { approval: true, certificate: false }),
  };
}

/**
 * Says since when conditions are so, where the request did not: for updates of `/approval` and
 * `/status`.
 *
 * @param object - is changed
 * @param now - as `timestamp` writes it
 */
export function setConditionTimes(object: ApiObject, old: ApiObject, now: string): void {
  const before = statusOf<CertificateSigningRequestStatus>(old).conditions ?? [];
  const { conditions = [] } = statusOf<CertificateSigningRequestStatus>(object);
  for (const condition of conditions) {
    condition.lastUpdateTime ||= now;
    condition.lastTransitionTime ||= transitionBefore(condition, before) ?? now;
  }
}

function transitionBefore(
  { type, status }: CertificateSigningRequestCondition,
  before: readonly CertificateSigningRequestCondition[],
): string | undefined {
  return before.find((old) => old.type === type && old.status === status)?.lastTransitionTime;
}
