/**
 * What an update of a Service need not say again, and what goes with another type. Given.
 *
 * @see pkg/registry/core/service/storage/storage.go, strategy.go (1.33): patchAllocatedValues,
 * normalizeClusterIPs, dropTypeDependentFields
 */

import type { ServiceSpec } from 'kubernetes-types/core/v1.js';
import { semanticallyEqual } from '#apimachinery';

/** Can it be reached from outside the cluster? */
export function isExternallyAccessible({ type, externalIPs = [] }: ServiceSpec): boolean {
  if (type === 'LoadBalancer' || type === 'NodePort') return true;
  return type === 'ClusterIP' && externalIPs.length > 0;
}

/** Do nodes answer whether they have a pod of it? */
export function needsHealthCheckPort({ type, externalTrafficPolicy }: ServiceSpec): boolean {
  return type === 'LoadBalancer' && externalTrafficPolicy === 'Local';
}

function needsClusterIp({ type }: ServiceSpec): boolean {
  return type === 'ClusterIP' || type === 'NodePort' || type === 'LoadBalancer';
}

function needsNodePort({ type, allocateLoadBalancerNodePorts }: ServiceSpec): boolean {
  if (type === 'NodePort') return true;
  return type === 'LoadBalancer' && allocateLoadBalancerNodePorts !== false;
}

/** Who knows only the single field for an address means the list too. Changes the spec. */
export function setClusterIpsOfNew(spec: ServiceSpec): void {
  if (spec.clusterIP && !spec.clusterIPs?.length) spec.clusterIPs = [spec.clusterIP];
}

/** Fills in what was given out before and is left out now. Changes `spec`. */
export function keepAllocated(spec: ServiceSpec, old: ServiceSpec): void {
  if (needsClusterIp(spec) && needsClusterIp(old)) {
    if (!spec.clusterIP && old.clusterIP) spec.clusterIP = old.clusterIP;
    if (!spec.clusterIPs?.length && spec.clusterIP === old.clusterIP && old.clusterIPs) {
      spec.clusterIPs = [...old.clusterIPs];
    }
  }
  if (needsNodePort(spec) && needsNodePort(old)) keepNodePorts(spec, old);
  if (needsHealthCheckPort(spec) && needsHealthCheckPort(old) && old.healthCheckNodePort) {
    spec.healthCheckNodePort ||= old.healthCheckNodePort;
  }
  keepFamilies(spec, old);
  normalizeClusterIps(spec, old);
}

function keepNodePorts({ ports = [] }: ServiceSpec, { ports: old = [] }: ServiceSpec): void {
  const taken = new Set(ports.map(({ nodePort }) => nodePort).filter(Boolean));
  const byName = new Map(old.map(({ name = '', nodePort }) => [name, nodePort]));
  for (const port of ports) {
    const before = byName.get(port.name ?? '');
    if (port.nodePort || !before || taken.has(before)) continue;
    port.nodePort = before;
    taken.add(before);
  }
}

/** Families are chosen once, like addresses. */
function keepFamilies(spec: ServiceSpec, old: ServiceSpec): void {
  if (!needsClusterIp(spec) || !needsClusterIp(old)) return;
  if (spec.ipFamilyPolicy === undefined && old.ipFamilyPolicy !== undefined) {
    spec.ipFamilyPolicy = old.ipFamilyPolicy;
  }
  if (!spec.ipFamilies?.length && old.ipFamilies) spec.ipFamilies = [...old.ipFamilies];
}

function normalizeClusterIps(spec: ServiceSpec, old: ServiceSpec): void {
  const isListSame = semanticallyEqual(spec.clusterIPs, old.clusterIPs);
  if (spec.clusterIP === old.clusterIP || !isListSame) return;
  // An old client changed the field it knows; the list follows.
  if (spec.clusterIP) spec.clusterIPs = [spec.clusterIP];
  else delete spec.clusterIPs;
}

/**
 * Takes away what a Service had because of its type, when the type is another now. Changes `spec`.
 *
 * @remarks Only what is as it was: who changes it as well is told that it does not fit.
 */
export function dropTypeDependent(spec: ServiceSpec, old: ServiceSpec): void {
  if (needsClusterIp(old) && !needsClusterIp(spec)) {
    if (isSame(spec, old, 'clusterIP') && isSame(spec, old, 'clusterIPs')) {
      delete spec.clusterIP;
      delete spec.clusterIPs;
    }
    dropSame(spec, old, 'ipFamilies');
    dropSame(spec, old, 'ipFamilyPolicy');
  }
  if (needsNodePort(old) && !needsNodePort(spec)) {
    const nodePorts = ({ ports = [] }: ServiceSpec) => ports.map(({ nodePort = 0 }) => nodePort);
    if (semanticallyEqual(nodePorts(spec).sort(), nodePorts(old).sort())) {
      for (const port of spec.ports ?? []) delete port.nodePort;
    }
  }
  if (needsHealthCheckPort(old) && !needsHealthCheckPort(spec)) {
    dropSame(spec, old, 'healthCheckNodePort');
  }
  if (old.type === 'LoadBalancer' && spec.type !== 'LoadBalancer') {
    dropSame(spec, old, 'allocateLoadBalancerNodePorts');
    dropSame(spec, old, 'loadBalancerClass');
  }
  if (isExternallyAccessible(old) && !isExternallyAccessible(spec)) {
    dropSame(spec, old, 'externalTrafficPolicy');
  }
}

function isSame(spec: ServiceSpec, old: ServiceSpec, field: keyof ServiceSpec): boolean {
  return semanticallyEqual(spec[field], old[field]);
}

function dropSame(spec: ServiceSpec, old: ServiceSpec, field: keyof ServiceSpec): void {
  if (isSame(spec, old, field)) delete spec[field];
}
