/**
 * PersistentVolumeClaimResize: only a claim whose class says so may ask for more. Given.
 *
 * @see plugin/pkg/admission/storage/persistentvolume/resize/admission.go (1.33)
 */

import type { PersistentVolumeClaim } from 'kubernetes-types/core/v1.js';
import type { StorageClass } from 'kubernetes-types/storage/v1.js';
import { Quantity } from '#apimachinery';
import type { ApiObject } from '../api-object.ts';
import type { AdmissionPlugin } from './admission.ts';
import { isAbout, newAdmissionForbidden } from './forbidden.ts';

const OLD_CLASS = 'volume.beta.kubernetes.io/storage-class';

export function claimResize(options: {
  storageClass(name: string): Promise<ApiObject | undefined>;
}): AdmissionPlugin {
  return {
    name: 'PersistentVolumeClaimResize',
    handles: (request) =>
      request.operation === 'UPDATE' && isAbout(request, '', 'persistentvolumeclaims'),
    async validate(request) {
      const claim = request.object as PersistentVolumeClaim | undefined;
      const old = request.oldObject as PersistentVolumeClaim | undefined;
      if (!claim || !old || sizeOf(claim).compare(sizeOf(old)) <= 0) return;
      if (old.status?.phase !== 'Bound') {
        throw newAdmissionForbidden(request, 'Only bound persistent volume claims can be expanded');
      }
      const name = claim.metadata?.annotations?.[OLD_CLASS] ?? claim.spec?.storageClassName ?? '';
      const found = name === '' ? undefined : await options.storageClass(name);
      if ((found as StorageClass | undefined)?.allowVolumeExpansion) return;
      const why =
        'only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize';
      throw newAdmissionForbidden(request, why);
    },
  };
}

function sizeOf({ spec }: PersistentVolumeClaim): Quantity {
  return Quantity.parse(spec?.resources?.requests?.storage ?? '0');
}
