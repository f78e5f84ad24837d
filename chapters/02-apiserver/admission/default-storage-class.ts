/**
 * DefaultStorageClass: a claim that names no class gets the default one. Given.
 *
 * @see plugin/pkg/admission/storage/storageclass/setdefault/admission.go (1.33)
 */

import type { PersistentVolumeClaim } from 'kubernetes-types/core/v1.js';
import type { ApiObject } from '../api-object.ts';
import type { AdmissionPlugin } from './admission.ts';
import { isAbout } from './forbidden.ts';

const IS_DEFAULT = [
  'storageclass.kubernetes.io/is-default-class',
  'storageclass.beta.kubernetes.io/is-default-class',
];
/** How a claim named its class before there was a field. */
const OLD_CLASS = 'volume.beta.kubernetes.io/storage-class';

export function defaultStorageClass(options: {
  readonly storageClasses: () => readonly ApiObject[];
}): AdmissionPlugin {
  return {
    name: 'DefaultStorageClass',
    handles: (request) =>
      request.operation === 'CREATE' && isAbout(request, '', 'persistentvolumeclaims'),
    admit: ({ object }) => {
      const claim = object as PersistentVolumeClaim | undefined;
      // `''` asks for a volume without a class.
      if (!claim || claim.spec?.storageClassName !== undefined) return;
      if (claim.metadata?.annotations?.[OLD_CLASS] !== undefined) return;
      const name = defaultClassOf(options.storageClasses());
      if (name !== undefined) claim.spec = { ...claim.spec, storageClassName: name };
    },
  };
}

/** Of several the newest; of the same age the first by name. */
function defaultClassOf(classes: readonly ApiObject[]): string | undefined {
  const age = ({ metadata }: ApiObject) => Date.parse(metadata.creationTimestamp ?? '') || 0;
  const nameOf = ({ metadata }: ApiObject) => metadata.name ?? '';
  return classes
    .filter(({ metadata }) => IS_DEFAULT.some((key) => metadata.annotations?.[key] === 'true'))
    .sort((a, b) => age(b) - age(a) || (nameOf(a) < nameOf(b) ? -1 : 1))[0]?.metadata.name;
}
