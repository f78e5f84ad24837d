/**
 * ServiceAccount: every pod runs as a service account that is there, and gets its token.
 *
 * The volume with the token is made by `api-access-volume.ts`; the token itself is asked for by the
 * node, later.
 */

import type { Pod, ServiceAccount } from 'kubernetes-types/core/v1.js';
import type { Random } from '#apimachinery';
import type { ApiObject } from '../api-object.ts';
import type { AdmissionPlugin, AdmissionRequest } from './admission.ts';
import { mountApiAccess } from './api-access-volume.ts';
import { isAbout, newAccountNotFound, newAdmissionForbidden } from './forbidden.ts';
import { isMirrorPod, mirrorPodFault, mountableSecretFault } from './mountable-secrets.ts';

/** What the plugin asks. */
export interface ServiceAccountOptions {
  /** The service account as it is now; `undefined` when there is none. */
  serviceAccount(
    namespace: string,
    name: string,
  ): Promise<ApiObject | undefined> | ApiObject | undefined;
  readonly random: Random;
}

/**
 * Makes the plugin, named `ServiceAccount`.
 *
 * @remarks It `handles` the CREATE of pods (resource `pods` of group `''`, no subresource). Mirror
 * pods (`isMirrorPod`) are not changed.
 *
 * `admit`, in this order:
 *
 * 1. A pod without `spec.serviceAccountName` (absent or `''`) gets `default`. The old field
 *    `spec.serviceAccount` always becomes the same.
 * 2. The account must be there.
 * 3. Is the token to be mounted? What the pod says (`spec.automountServiceAccountToken`), else what
 *    the account says (`automountServiceAccountToken`), else yes. Then `mountApiAccess` (given).
 * 4. A pod without `spec.imagePullSecrets` (absent or empty) gets the account's, a copy; when the
 *    account has none, the pod stays as it is.
 *
 * `validate` looks again, for webhooks may have changed the pod: the account must be there (a pod
 * that names none has the name `''`), and `mountableSecretFault` must find no fault. Of a mirror
 * pod, `admit` and `validate` both refuse what `mirrorPodFault` tells, and look at nothing else.
 *
 * @throws StatusError, as a rejection: 403 `newAdmissionForbidden` with the fault as text, or
 * `newAccountNotFound` with the account's name (both given, of `forbidden.ts`)
 * @see plugin/pkg/admission/serviceaccount/admission.go (1.33)
 * @exercise apiserver/admission
 */
export function serviceAccount(options: ServiceAccountOptions): AdmissionPlugin {
  const accountOf = async (request: AdmissionRequest, name: string): Promise<ServiceAccount> => {
    const found = await options.serviceAccount(request.namespace, name);
    if (!found) throw newAccountNotFound(request, name);
    return found as ServiceAccount;
  };
  const refuse = (request: AdmissionRequest, fault: string | undefined): void => {
    if (fault !== undefined) throw newAdmissionForbidden(request, fault);
  };
  return {
    name: 'ServiceAccount',
    handles: (request) => request.operation === 'CREATE' && isAbout(request, '', 'pods'),
    async admit(request) {
      const pod = request.object as Pod;
      if (isMirrorPod(pod)) return refuse(request, mirrorPodFault(pod));
      const { spec } = pod;
      if (!spec) return;
      spec.serviceAccountName ||= 'default';
      spec.serviceAccount = spec.serviceAccountName;
      const account = await accountOf(request, spec.serviceAccountName);
      const mounts = spec.automountServiceAccountToken ?? account.automountServiceAccountToken;
      if (mounts ?? true) mountApiAccess(pod, options.random);
      if (spec.imagePullSecrets?.length || !account.imagePullSecrets?.length) return;
      spec.imagePullSecrets = account.imagePullSecrets.map(({ name }) => ({
        ...(name && { name }),
      }));
    },
    async validate(request) {
      const pod = request.object as Pod;
      if (isMirrorPod(pod)) return refuse(request, mirrorPodFault(pod));
      const account = await accountOf(request, pod.spec?.serviceAccountName ?? '');
      refuse(request, mountableSecretFault(account, pod));
    },
  };
}
