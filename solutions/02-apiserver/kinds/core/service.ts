/**
 * Services as a kind: one address for many pods. Given.
 *
 * What is wrong with one is in `service-validation.ts`; its addresses and ports are given out when
 * it is written, by `../../service-addresses/`.
 *
 * @see pkg/registry/core/service/strategy.go, pkg/apis/core/v1/defaults.go (1.33)
 */

import type { LoadBalancerStatus, ServiceSpec } from 'kubernetes-types/core/v1.js';
import type { ApiObject } from '../../api-object.ts';
import { defineKind } from '../define-kind.ts';
import { specOf, statusOf } from '../field-checks.ts';
import type { Kind } from '../kind.ts';
import { dns1035LabelFaults } from '../value-formats.ts';
import { ipWarnings } from './ip-addresses.ts';
import { isHeadless } from './service-ip-families.ts';
import {
  dropTypeDependent,
  isExternallyAccessible,
  keepAllocated,
  setClusterIpsOfNew,
} from './service-update.ts';
import {
  validateService,
  validateServiceStatus,
  validateServiceUpdate,
} from './service-validation.ts';

const AFFINITY_SECONDS = 10800;

/** Services. */
export const serviceKind: Kind = defineKind({
  group: '',
  version: 'v1',
  kind: 'Service',
  resource: 'services',
  shortNames: ['svc'],
  categories: ['all'],
  namespaced: true,
  storagePrefix: 'services/specs',
  nameFaults: dns1035LabelFaults,
  subresources: { status: true },
  allowCreateOnUpdate: true,
  setDefaults,
  prepareForCreate(object) {
    setClusterIpsOfNew(specOf<ServiceSpec>(object));
    object.status = { loadBalancer: {} };
  },
  prepareForUpdate(object, old) {
    const spec = specOf<ServiceSpec>(object);
    const before = specOf<ServiceSpec>({ ...old });
    keepAllocated(spec, before);
    dropTypeDependent(spec, before);
    if (spec.type !== 'LoadBalancer') object.status = { ...statusOf(object), loadBalancer: {} };
  },
  validate: validateService,
  validateUpdate: validateServiceUpdate,
  prepareForStatusUpdate: setIpModes,
  validateStatusUpdate: validateServiceStatus,
  warnings,
});

function setDefaults(object: ApiObject): void {
  const spec = specOf<ServiceSpec>(object);
  spec.type ||= 'ClusterIP';
  setAffinityDefaults(spec);
  for (const port of spec.ports ?? []) {
    port.protocol ||= 'TCP';
    port.targetPort ||= port.port;
    if (!port.nodePort) delete port.nodePort;
  }
  if (!spec.publishNotReadyAddresses) delete spec.publishNotReadyAddresses;
  if (!spec.clusterIP) delete spec.clusterIP;
  if (isExternallyAccessible(spec)) spec.externalTrafficPolicy ||= 'Cluster';
  if (spec.type !== 'ExternalName') spec.internalTrafficPolicy ??= 'Cluster';
  if (spec.type === 'LoadBalancer') spec.allocateLoadBalancerNodePorts ??= true;
  setIpModes(object);
}

function setAffinityDefaults(spec: ServiceSpec): void {
  spec.sessionAffinity ||= 'None';
  if (spec.sessionAffinity === 'None') delete spec.sessionAffinityConfig;
  if (spec.sessionAffinity !== 'ClientIP') return;
  if (spec.sessionAffinityConfig?.clientIP?.timeoutSeconds !== undefined) return;
  spec.sessionAffinityConfig = { clientIP: { timeoutSeconds: AFFINITY_SECONDS } };
}

function setIpModes(object: ApiObject): void {
  const { type } = specOf<ServiceSpec>({ ...object });
  if (type !== 'LoadBalancer') return;
  const { loadBalancer } = statusOf<{ loadBalancer: LoadBalancerStatus }>(object);
  for (const ingress of loadBalancer?.ingress ?? []) if (ingress.ip) ingress.ipMode ??= 'VIP';
}

function warnings(object: ApiObject): string[] {
  const spec = specOf<ServiceSpec>({ ...object });
  const { clusterIPs = [], externalIPs = [], externalName, loadBalancerIP, type } = spec;
  const found: string[] = [];
  const hints = 'service.kubernetes.io/topology-aware-hints';
  if (object.metadata.annotations?.[hints] !== undefined) {
    found.push(
      `annotation ${hints} is deprecated, please use service.kubernetes.io/topology-mode instead`,
    );
  }
  const ofIps = (ips: readonly string[], path: string) =>
    ips.flatMap((ip, i) => ipWarnings(ip, `${path}[${i}]`));
  found.push(...ofIps(clusterIPs, 'spec.clusterIPs'));
  if (isHeadless(spec)) {
    if (loadBalancerIP) found.push('spec.loadBalancerIP is ignored for headless services');
    if (externalIPs.length > 0) found.push('spec.externalIPs is ignored for headless services');
    if (spec.sessionAffinity !== 'None') {
      found.push('spec.SessionAffinity is ignored for headless services');
    }
  }
  found.push(...ofIps(externalIPs, 'spec.externalIPs'));
  if (type === 'ExternalName' && externalIPs.length > 0) {
    found.push('spec.externalIPs is ignored when spec.type is "ExternalName"');
  }
  if (type !== 'ExternalName' && externalName) {
    found.push('spec.externalName is ignored when spec.type is not "ExternalName"');
  }
  return found;
}
