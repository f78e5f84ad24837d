/**
 * A Service's ports, and who can reach it through which. Given.
 *
 * Which ports it has on nodes is `../../service-addresses/`'s business.
 *
 * @see pkg/apis/core/validation/validation.go (1.33), validateServicePort
 */

import type { ServicePort, ServiceSpec } from 'kubernetes-types/core/v1.js';
import { type FieldError, fieldDuplicate, fieldForbidden, fieldRequired } from '#apimachinery';
import { invalid, validateRequiredOneOf } from '../field-checks.ts';
import { portNumberFaults } from '../value-formats.ts';
import { validateDnsLabel, validateQualifiedName } from './names.ts';
import { PROTOCOLS, validatePortNumberOrName } from './ports.ts';

/** Faults of the single ports. */
export function validateServicePorts(ports: readonly ServicePort[], path: string): FieldError[] {
  const names = new Set<string>();
  const needName = ports.length > 1;
  return ports.flatMap((port, i) => {
    const at = `${path}[${i}]`;
    const { appProtocol } = port;
    return [
      ...validateName(port.name, needName, names, `${at}.name`),
      ...invalid(`${at}.port`, port.port ?? 0, portNumberFaults(port.port ?? 0)),
      ...validateRequiredOneOf(port.protocol, PROTOCOLS, `${at}.protocol`),
      ...validatePortNumberOrName(port.targetPort, `${at}.targetPort`),
      ...(appProtocol === undefined ? [] : validateQualifiedName(appProtocol, `${at}.appProtocol`)),
    ];
  });
}

function validateName(
  name: string | undefined,
  isNeeded: boolean,
  names: Set<string>,
  path: string,
): FieldError[] {
  if (!name) return isNeeded ? [fieldRequired(path)] : [];
  const faults = validateDnsLabel(name, path);
  if (names.has(name)) faults.push(fieldDuplicate(path, name));
  names.add(name);
  return faults;
}

/** No two ports are the same, neither of the Service nor of the nodes. */
export function validatePortsDiffer({ type, ports = [] }: ServiceSpec, path: string): FieldError[] {
  const faults: FieldError[] = [];
  if (type === 'ClusterIP') {
    const why = "may not be used when `type` is 'ClusterIP'";
    for (const [i, { nodePort }] of ports.entries()) {
      if (nodePort) faults.push(fieldForbidden(`${path}[${i}].nodePort`, why));
    }
  }
  const nodePorts = new Set<string>();
  for (const [i, { protocol, nodePort }] of ports.entries()) {
    if (!nodePort) continue;
    const key = `${protocol}/${nodePort}`;
    if (nodePorts.has(key)) faults.push(fieldDuplicate(`${path}[${i}].nodePort`, nodePort));
    nodePorts.add(key);
  }
  const seen = new Set<string>();
  for (const [i, { protocol, port }] of ports.entries()) {
    const key = `${protocol}/${port}`;
    if (seen.has(key)) faults.push(fieldDuplicate(`${path}[${i}]`, { protocol, port }));
    seen.add(key);
  }
  return faults;
}
