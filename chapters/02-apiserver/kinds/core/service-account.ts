/**
 * ServiceAccounts as a kind: who a program is. Given.
 *
 * Its tokens are made through `/token`, not stored.
 *
 * @see pkg/registry/core/serviceaccount/strategy.go (1.33)
 */

import type { ServiceAccount } from 'kubernetes-types/core/v1.js';
import type { ApiObject } from '../../api-object.ts';
import { defineKind } from '../define-kind.ts';
import type { Kind } from '../kind.ts';

const MOUNTABLE_SECRETS = 'kubernetes.io/enforce-mountable-secrets';

/** ServiceAccounts. */
export const serviceAccountKind: Kind = defineKind({
  group: '',
  version: 'v1',
  kind: 'ServiceAccount',
  resource: 'serviceaccounts',
  shortNames: ['sa'],
  namespaced: true,
  prepareForCreate: keepSecretNames,
  prepareForUpdate: keepSecretNames,
  warnings: ({ metadata }) =>
    metadata.annotations?.[MOUNTABLE_SECRETS] === undefined
      ? []
      : [
          `metadata.annotations[${MOUNTABLE_SECRETS}]: deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets`,
        ],
});

/** Of the secrets it may use only the names count. */
function keepSecretNames(object: ApiObject): void {
  const { secrets } = object as unknown as ServiceAccount;
  if (secrets) object.secrets = secrets.map(({ name }) => (name ? { name } : {}));
}
