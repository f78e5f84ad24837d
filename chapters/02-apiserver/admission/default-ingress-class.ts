/**
 * DefaultIngressClass: an Ingress that names no class gets the default one. Given.
 *
 * @see plugin/pkg/admission/network/defaultingressclass/admission.go (1.33)
 */

import type { Ingress } from 'kubernetes-types/networking/v1.js';
import type { ApiObject } from '../api-object.ts';
import type { AdmissionPlugin } from './admission.ts';
import { isAbout } from './forbidden.ts';

const IS_DEFAULT = 'ingressclass.kubernetes.io/is-default-class';
/** How an Ingress named its class before there was a field. */
const OLD_CLASS = 'kubernetes.io/ingress.class';

export function defaultIngressClass(options: {
  readonly ingressClasses: () => readonly ApiObject[];
}): AdmissionPlugin {
  return {
    name: 'DefaultIngressClass',
    handles: (request) =>
      request.operation === 'CREATE' && isAbout(request, 'networking.k8s.io', 'ingresses'),
    admit: ({ object }) => {
      const ingress = object as Ingress | undefined;
      if (!ingress || ingress.spec?.ingressClassName !== undefined) return;
      if (ingress.metadata?.annotations?.[OLD_CLASS] !== undefined) return;
      const name = defaultClassOf(options.ingressClasses());
      if (name !== undefined) ingress.spec = { ...ingress.spec, ingressClassName: name };
    },
  };
}

/** Of several the newest; of the same age the first by name. */
function defaultClassOf(classes: readonly ApiObject[]): string | undefined {
  const age = ({ metadata }: ApiObject) => Date.parse(metadata.creationTimestamp ?? '') || 0;
  const nameOf = ({ metadata }: ApiObject) => metadata.name ?? '';
  return classes
    .filter(({ metadata }) => metadata.annotations?.[IS_DEFAULT] === 'true')
    .sort((a, b) => age(b) - age(a) || (nameOf(a) < nameOf(b) ? -1 : 1))[0]?.metadata.name;
}
