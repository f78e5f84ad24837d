/**
 * Ingresses: which Service answers for which host and path. Given.
 *
 * @see pkg/apis/networking/validation/validation.go (1.33)
 */

import type {
  HTTPIngressPath,
  IngressBackend,
  IngressRule,
  IngressServiceBackend,
  IngressSpec,
  IngressTLS,
} from 'kubernetes-types/networking/v1.js';
import {
  dnsSubdomainFaults,
  type FieldError,
  fieldInvalid,
  fieldNotSupported,
  fieldRequired,
} from '#apimachinery';
import type { ApiObject } from '../../api-object.ts';
import { parseIp } from '../core/ip-addresses.ts';
import { defineKind } from '../define-kind.ts';
import { invalid, specOf } from '../field-checks.ts';
import {
  dns1035LabelFaults,
  portNameFaults,
  portNumberFaults,
  wildcardSubdomainFaults,
} from '../value-formats.ts';
import { validateTypedReference } from './typed-reference.ts';

/** How the class was named before there was a field for it. */
const CLASS_ANNOTATION = 'kubernetes.io/ingress.class';

const PATH_TYPES = ['Exact', 'ImplementationSpecific', 'Prefix'];
const BAD_SEQUENCES = ['//', '/./', '/../', '%2f', '%2F'];
const BAD_SUFFIXES = ['/..', '/.'];

function prepareForCreate(object: ApiObject): void {
  object.status = { loadBalancer: {} };
}

function validate(object: ApiObject): FieldError[] {
  const spec = specOf<IngressSpec>(object);
  const faults = validateSpec(spec, false);
  const annotation = object.metadata.annotations?.[CLASS_ANNOTATION];
  if (annotation === undefined || spec.ingressClassName === undefined) return faults;
  const why = 'can not be set when the class field is also set';
  return [...faults, fieldInvalid(`annotations.${CLASS_ANNOTATION}`, annotation, why)];
}

function validateUpdate(object: ApiObject, old: ApiObject): FieldError[] {
  // A bad name that is there already may stay.
  const had = specOf<IngressSpec>(old).tls ?? [];
  const isLenient = had.some((each) => secretNameFaults(each.secretName).length > 0);
  return validateSpec(specOf<IngressSpec>(object), isLenient);
}

function validateSpec(spec: IngressSpec, allowsBadSecretNames: boolean): FieldError[] {
  const { rules = [], defaultBackend, tls = [], ingressClassName: className } = spec;
  const faults: FieldError[] = [];
  if (rules.length === 0 && !defaultBackend) {
    const why = 'either `defaultBackend` or `rules` must be specified';
    faults.push(fieldInvalid('spec', rules, why));
  }
  if (defaultBackend) faults.push(...validateBackend(defaultBackend, 'spec.defaultBackend'));
  faults.push(...rules.flatMap((rule, i) => validateRule(rule, `spec.rules[${i}]`)));
  faults.push(
    ...tls.flatMap((each, i) => validateTls(each, allowsBadSecretNames, `spec.tls[${i}]`)),
  );
  if (className === undefined) return faults;
  return [...faults, ...invalid('spec.ingressClassName', className, dnsSubdomainFaults(className))];
}

function validateTls(tls: IngressTLS, allowsBadName: boolean, path: string): FieldError[] {
  const { hosts = [], secretName } = tls;
  const faults = hosts.flatMap((host, i) => invalid(`${path}.hosts[${i}]`, host, hostFaults(host)));
  if (allowsBadName) return faults;
  return [...faults, ...invalid(`${path}.secretName`, secretName, secretNameFaults(secretName))];
}

function secretNameFaults(name: string | undefined): string[] {
  return name ? dnsSubdomainFaults(name) : [];
}

function hostFaults(host: string): string[] {
  return host.includes('*') ? wildcardSubdomainFaults(host) : dnsSubdomainFaults(host);
}

function validateRule({ host = '', http }: IngressRule, path: string): FieldError[] {
  const faults: FieldError[] = [];
  if (host !== '') {
    if (parseIp(host)) {
      const why = 'must be a DNS name, not an IP address';
      faults.push(fieldInvalid(`${path}.host`, host, why));
    }
    faults.push(...invalid(`${path}.host`, host, hostFaults(host)));
  }
  if (!http) return faults;
  const paths = http.paths ?? [];
  if (paths.length === 0) faults.push(fieldRequired(`${path}.http.paths`));
  return [
    ...faults,
    ...paths.flatMap((each, i) => validateHttpPath(each, `${path}.http.paths[${i}]`)),
  ];
}

function validateHttpPath(httpPath: HTTPIngressPath, path: string): FieldError[] {
  const { pathType, path: text = '', backend } = httpPath;
  if (pathType === undefined) {
    return [fieldRequired(`${path}.pathType`, 'pathType must be specified')];
  }
  return [
    ...validatePathText(pathType, text, path),
    ...validateBackend(backend ?? {}, `${path}.backend`),
  ];
}

function validatePathText(pathType: string, text: string, path: string): FieldError[] {
  if (!PATH_TYPES.includes(pathType)) {
    return [fieldNotSupported(`${path}.pathType`, pathType, PATH_TYPES)];
  }
  const isFree = pathType === 'ImplementationSpecific';
  const whys: string[] = [];
  if (!text.startsWith('/') && !(isFree && text === '')) whys.push('must be an absolute path');
  if (!isFree) {
    const sequences = BAD_SEQUENCES.filter((part) => text.includes(part));
    const suffixes = BAD_SUFFIXES.filter((part) => text.endsWith(part));
    whys.push(...sequences.map((part) => `must not contain '${part}'`));
    whys.push(...suffixes.map((part) => `cannot end with '${part}'`));
  }
  return invalid(`${path}.path`, text, whys);
}

function validateBackend({ service, resource }: IngressBackend, path: string): FieldError[] {
  if (service && resource) {
    return [fieldInvalid(path, '', 'cannot set both resource and service backends')];
  }
  if (resource) return validateTypedReference(resource, `${path}.resource`);
  if (service) return validateServiceBackend(service, path);
  return [fieldInvalid(path, '', 'resource or service backend is required')];
}

function validateServiceBackend(
  { name = '', port }: IngressServiceBackend,
  path: string,
): FieldError[] {
  const at = `${path}.service.name`;
  const faults = name === '' ? [fieldRequired(at)] : invalid(at, name, dns1035LabelFaults(name));
  const { name: portName = '', number = 0 } = port ?? {};
  if (portName !== '' && number !== 0) {
    return [...faults, fieldInvalid(path, '', 'cannot set both port name & port number')];
  }
  if (portName !== '') {
    const portFaults = portNameFaults(portName);
    return [...faults, ...invalid(`${path}.service.port.name`, portName, portFaults)];
  }
  if (number !== 0) {
    const portFaults = portNumberFaults(number);
    return [...faults, ...invalid(`${path}.service.port.number`, number, portFaults)];
  }
  return [...faults, fieldRequired(path, 'port name or number is required')];
}

export const ingressKind = defineKind({
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'Ingress',
  resource: 'ingresses',
  shortNames: ['ing'],
  namespaced: true,
  storagePrefix: 'ingress',
  hasGeneration: true,
  subresources: { status: true },
  setDefaults: (object) => {
    specOf(object);
  },
  prepareForCreate,
  validate,
  validateUpdate,
});
