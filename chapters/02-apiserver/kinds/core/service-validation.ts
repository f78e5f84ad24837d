/**
 * Faults of a Service. Given: the list of checks, in the API's order.
 *
 * Addresses and families are in `service-ip-families.ts`, ports in `service-ports.ts`.
 *
 * @see pkg/apis/core/validation/validation.go (1.33), ValidateService
 */

import type { LoadBalancerStatus, ServiceSpec } from 'kubernetes-types/core/v1.js';
import {
  type FieldError,
  fieldForbidden,
  fieldInvalid,
  fieldNotSupported,
  fieldRequired,
} from '#apimachinery';
import type { ApiObject } from '../../api-object.ts';
import { specOf, statusOf, validateOneOf, validateRequiredOneOf } from '../field-checks.ts';
import { validateLabels } from '../label-selector.ts';
import { portNumberFaults } from '../value-formats.ts';
import { parseIp, validateCidr, validateIp, validateNonSpecialIp } from './ip-addresses.ts';
import { validateDnsSubdomain, validateQualifiedName } from './names.ts';
import {
  isHeadless,
  validateClusterIps,
  validateClusterIpsUpdate,
  validateFamiliesUpdate,
} from './service-ip-families.ts';
import { validatePortsDiffer, validateServicePorts } from './service-ports.ts';
import { isExternallyAccessible, needsHealthCheckPort } from './service-update.ts';

const TYPES = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];
const MAX_AFFINITY_SECONDS = 86400;
const ONLY_LOAD_BALANCER = "may only be used when `type` is 'LoadBalancer'";

const TOPOLOGY_HINTS = 'service.kubernetes.io/topology-aware-hints';
const TOPOLOGY_MODE = 'service.kubernetes.io/topology-mode';
const SOURCE_RANGES = 'service.beta.kubernetes.io/load-balancer-source-ranges';

/** Faults of a Service, new or changed. */
export function validateService(object: ApiObject): FieldError[] {
  const spec = specOf<ServiceSpec>({ ...object });
  const { ports = [], selector, externalIPs = [] } = spec;
  const annotations = object.metadata.annotations ?? {};
  const isPortNeeded = !isHeadless(spec) && spec.type !== 'ExternalName';
  return [
    ...validateTopologyAnnotations(annotations),
    ...(isPortNeeded && ports.length === 0 ? [fieldRequired('spec.ports')] : []),
    ...validateByType(spec),
    ...validateServicePorts(ports, 'spec.ports'),
    ...validateLabels(selector, 'spec.selector'),
    ...validateAffinity(spec),
    ...validateClusterIps(spec),
    ...externalIPs.flatMap((ip, i) => validateExternalIp(ip, `spec.externalIPs[${i}]`)),
    ...validateRequiredOneOf(spec.type, TYPES, 'spec.type'),
    ...validatePortsDiffer(spec, 'spec.ports'),
    ...validateSourceRanges(spec, annotations),
    ...validateLoadBalancerFields(spec),
    ...validateExternalTraffic(spec),
    ...validateInternalTraffic(spec),
    ...validateOneOf(spec.trafficDistribution, ['PreferClose'], 'spec.trafficDistribution'),
  ];
}

/** Faults of a change, those of the new Service included. */
export function validateServiceUpdate(object: ApiObject, old: ApiObject): FieldError[] {
  const spec = specOf<ServiceSpec>({ ...object });
  const before = specOf<ServiceSpec>({ ...old });
  const faults = [
    ...validateClusterIpsUpdate(spec, before),
    ...validateFamiliesUpdate(spec, before),
  ];
  const areLoadBalancers = spec.type === 'LoadBalancer' && before.type === 'LoadBalancer';
  const { loadBalancerClass } = spec;
  if (areLoadBalancers && loadBalancerClass !== before.loadBalancerClass) {
    const field = 'spec.loadBalancerClass';
    faults.push(fieldInvalid(field, loadBalancerClass, 'may not change once set'));
  }
  if (needsHealthCheckPort(spec) && needsHealthCheckPort(before)) {
    const isSame = (spec.healthCheckNodePort ?? 0) === (before.healthCheckNodePort ?? 0);
    if (!isSame) faults.push(fieldForbidden('spec.healthCheckNodePort', 'field is immutable'));
  }
  return [...faults, ...validateService(object)];
}

function validateTopologyAnnotations(annotations: Record<string, string>): FieldError[] {
  const mode = annotations[TOPOLOGY_MODE];
  const hints = annotations[TOPOLOGY_HINTS];
  if (mode === undefined || hints === undefined || mode === hints) return [];
  const why = `must match annotations[${TOPOLOGY_HINTS}] when both are specified`;
  return [fieldInvalid(`metadata.annotations[${TOPOLOGY_MODE}]`, mode, why)];
}

function validateByType(spec: ServiceSpec): FieldError[] {
  const { type, externalName = '' } = spec;
  if (type === 'LoadBalancer' || type === 'NodePort') {
    if (!isHeadless(spec)) return [];
    const why = `may not be set to 'None' for ${type} services`;
    return [fieldInvalid('spec.clusterIPs[0]', 'None', why)];
  }
  if (type !== 'ExternalName') return [];
  const why = 'may not be set for ExternalName services';
  const faults = (['clusterIPs', 'ipFamilies', 'ipFamilyPolicy'] as const)
    .filter((field) => spec[field]?.length)
    .map((field) => fieldForbidden(`spec.${field}`, why));
  // A dot at the end says that the name is complete.
  const name = externalName.endsWith('.') ? externalName.slice(0, -1) : externalName;
  if (!name) return [...faults, fieldRequired('spec.externalName')];
  return [...faults, ...validateDnsSubdomain(name, 'spec.externalName')];
}

function validateAffinity({ sessionAffinity, sessionAffinityConfig }: ServiceSpec): FieldError[] {
  const field = 'spec.sessionAffinityConfig';
  const faults = validateRequiredOneOf(
    sessionAffinity,
    ['ClientIP', 'None'],
    'spec.sessionAffinity',
  );
  if (sessionAffinity === 'None' && sessionAffinityConfig) {
    const why = 'must not be set when session affinity is None';
    return [...faults, fieldForbidden(field, why)];
  }
  if (sessionAffinity !== 'ClientIP') return faults;
  const needed = 'when session affinity type is ClientIP';
  if (!sessionAffinityConfig) return [...faults, fieldRequired(field, needed)];
  const { clientIP } = sessionAffinityConfig;
  if (!clientIP) return [...faults, fieldRequired(`${field}.clientIP`, needed)];
  const seconds = clientIP.timeoutSeconds;
  const path = `${field}.clientIP.timeoutSeconds`;
  if (seconds === undefined) return [...faults, fieldRequired(path, needed)];
  if (seconds > 0 && seconds <= MAX_AFFINITY_SECONDS) return faults;
  const why = `must be greater than 0 and less than ${MAX_AFFINITY_SECONDS}`;
  return [...faults, fieldInvalid(path, seconds, why)];
}

function validateExternalIp(ip: string, path: string): FieldError[] {
  const faults = validateIp(ip, path);
  return faults.length > 0 ? faults : validateNonSpecialIp(ip, path);
}

function validateSourceRanges(
  { type, loadBalancerSourceRanges = [] }: ServiceSpec,
  annotations: Record<string, string>,
): FieldError[] {
  const forbidden = (path: string) =>
    type === 'LoadBalancer' ? [] : [fieldForbidden(path, ONLY_LOAD_BALANCER)];
  if (loadBalancerSourceRanges.length > 0) {
    const path = 'spec.LoadBalancerSourceRanges';
    return [
      ...forbidden(path),
      ...loadBalancerSourceRanges.flatMap((range, i) =>
        validateCidr(range.trim(), `${path}[${i}]`),
      ),
    ];
  }
  const text = annotations[SOURCE_RANGES];
  if (text === undefined) return [];
  const path = `metadata.annotations[${SOURCE_RANGES}]`;
  const ranges = text.trim() === '' ? [] : text.trim().split(',');
  return [...forbidden(path), ...ranges.flatMap((range) => validateCidr(range.trim(), path))];
}

function validateLoadBalancerFields(spec: ServiceSpec): FieldError[] {
  const { type, allocateLoadBalancerNodePorts, loadBalancerClass } = spec;
  const isLoadBalancer = type === 'LoadBalancer';
  const field = 'spec.loadBalancerClass';
  const faults: FieldError[] = [];
  if (allocateLoadBalancerNodePorts !== undefined && !isLoadBalancer) {
    faults.push(fieldForbidden('spec.allocateLoadBalancerNodePorts', ONLY_LOAD_BALANCER));
  }
  if (allocateLoadBalancerNodePorts === undefined && isLoadBalancer) {
    faults.push(fieldRequired('allocateLoadBalancerNodePorts'));
  }
  if (loadBalancerClass === undefined) return faults;
  if (isLoadBalancer) return [...faults, ...validateQualifiedName(loadBalancerClass, field)];
  return [...faults, fieldForbidden(field, ONLY_LOAD_BALANCER)];
}

function validateExternalTraffic(spec: ServiceSpec): FieldError[] {
  const { externalTrafficPolicy, healthCheckNodePort } = spec;
  const field = 'spec.externalTrafficPolicy';
  const faults: FieldError[] = [];
  if (isExternallyAccessible(spec)) {
    faults.push(...validateRequiredOneOf(externalTrafficPolicy, ['Cluster', 'Local'], field));
  } else if (externalTrafficPolicy) {
    const why = 'may only be set for externally-accessible services';
    faults.push(fieldInvalid(field, externalTrafficPolicy, why));
  }
  if (!healthCheckNodePort) return faults; // It is given out when the Service is written.
  const port = 'spec.healthCheckNodePort';
  if (!needsHealthCheckPort(spec)) {
    const why =
      "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'";
    return [...faults, fieldInvalid(port, healthCheckNodePort, why)];
  }
  const ofPort = portNumberFaults(healthCheckNodePort);
  return [...faults, ...ofPort.map((fault) => fieldInvalid(port, healthCheckNodePort, fault))];
}

function validateInternalTraffic({ type, internalTrafficPolicy }: ServiceSpec): FieldError[] {
  const field = 'spec.internalTrafficPolicy';
  if (internalTrafficPolicy === undefined) {
    const isNeeded = type === 'ClusterIP' || type === 'NodePort' || type === 'LoadBalancer';
    return isNeeded ? [fieldRequired(field)] : [];
  }
  const policies = ['Cluster', 'Local'];
  if (policies.includes(internalTrafficPolicy)) return [];
  return [fieldNotSupported(field, internalTrafficPolicy, policies)];
}

/** Faults of where a load balancer can be reached. */
export function validateServiceStatus(object: ApiObject): FieldError[] {
  const { loadBalancer } = statusOf<{ loadBalancer: LoadBalancerStatus }>(object);
  const { type } = specOf<ServiceSpec>({ ...object });
  const path = 'status.loadBalancer.ingress';
  const ingress = loadBalancer?.ingress ?? [];
  if (type !== 'LoadBalancer' && ingress.length > 0) {
    return [fieldForbidden(path, "may only be used when `spec.type` is 'LoadBalancer'")];
  }
  return validateLoadBalancerIngress(ingress, path);
}

type LoadBalancerIngress = NonNullable<LoadBalancerStatus['ingress']>[number];

function validateLoadBalancerIngress(
  ingress: readonly LoadBalancerIngress[],
  path: string,
): FieldError[] {
  return ingress.flatMap(({ ip, ipMode, hostname }, i) => {
    const at = `${path}[${i}]`;
    const faults = ip ? validateIp(ip, `${at}.ip`) : [];
    if (ip && ipMode === undefined) {
      faults.push(fieldRequired(`${at}.ipMode`, 'must be specified when `ip` is set'));
    } else if (!ip && ipMode !== undefined) {
      faults.push(fieldForbidden(`${at}.ipMode`, 'may not be specified when `ip` is not set'));
    } else faults.push(...validateOneOf(ipMode, ['Proxy', 'VIP'], `${at}.ipMode`));
    if (!hostname) return faults;
    faults.push(...validateDnsSubdomain(hostname, `${at}.hostname`));
    if (parseIp(hostname)) {
      const why = 'must be a DNS name, not an IP address';
      faults.push(fieldInvalid(`${at}.hostname`, hostname, why));
    }
    return faults;
  });
}
