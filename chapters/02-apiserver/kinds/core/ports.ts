/**
 * Ports of containers, and ports meant by number or by name. Given.
 *
 * @see pkg/apis/core/validation/validation.go (1.33), validateContainerPorts, ValidatePortNumOrName
 */

import type { Container, ContainerPort } from 'kubernetes-types/core/v1.js';
import { type FieldError, fieldDuplicate, fieldInvalid, fieldRequired } from '#apimachinery';
import { invalid, validateRequiredOneOf } from '../field-checks.ts';
import { portNameFaults, portNumberFaults } from '../value-formats.ts';

/** In the order the API lists them. */
export const PROTOCOLS = ['SCTP', 'TCP', 'UDP'] as const;

/** A port's number, or the name a container gives one. */
export function validatePortNumberOrName(
  port: number | string | undefined,
  path: string,
): FieldError[] {
  if (typeof port === 'string') return invalid(path, port, portNameFaults(port));
  return invalid(path, port ?? 0, portNumberFaults(port ?? 0));
}

/** Faults of one container's ports. */
export function validateContainerPorts(
  ports: readonly ContainerPort[] | undefined,
  path: string,
): FieldError[] {
  const names = new Set<string>();
  return (ports ?? []).flatMap((port, i) => {
    const at = `${path}[${i}]`;
    return [
      ...validatePortName(port.name, names, `${at}.name`),
      ...validateContainerPort(port.containerPort, `${at}.containerPort`),
      ...(port.hostPort
        ? invalid(`${at}.hostPort`, port.hostPort, portNumberFaults(port.hostPort))
        : []),
      ...validateRequiredOneOf(port.protocol, PROTOCOLS, `${at}.protocol`),
    ];
  });
}

function validatePortName(
  name: string | undefined,
  names: Set<string>,
  path: string,
): FieldError[] {
  if (!name) return [];
  const faults = portNameFaults(name);
  if (faults.length > 0) return invalid(path, name, faults);
  if (names.has(name)) return [fieldDuplicate(path, name)];
  names.add(name);
  return [];
}

function validateContainerPort(port: number | undefined, path: string): FieldError[] {
  return port ? invalid(path, port, portNumberFaults(port)) : [fieldRequired(path)];
}

/** Two containers that run at the same time cannot have the same port of the node. */
export function validateHostPortsUnique(
  containers: readonly Container[],
  path: string,
): FieldError[] {
  const taken = new Set<string>();
  const faults: FieldError[] = [];
  for (const [c, { ports = [] }] of containers.entries()) {
    for (const [p, { protocol = '', hostIP = '', hostPort }] of ports.entries()) {
      if (!hostPort) continue;
      const text = `${protocol}/${hostIP}/${hostPort}`;
      if (taken.has(text)) faults.push(fieldDuplicate(`${path}[${c}].ports[${p}].hostPort`, text));
      taken.add(text);
    }
  }
  return faults;
}

/** On the node's own network a container's port is the node's port. */
export function validateHostNetworkPorts(
  containers: readonly Container[],
  path: string,
  isPod: boolean,
): FieldError[] {
  const why = 'must match `containerPort` when `hostNetwork` is true';
  return containers.flatMap(({ ports = [] }, c) =>
    ports.flatMap(({ hostPort = 0, containerPort }, p) => {
      // A template's port may be left out: it is filled in when a pod is made of it.
      const isChecked = isPod || hostPort !== 0;
      if (!isChecked || hostPort === containerPort) return [];
      return [fieldInvalid(`${path}[${c}].ports[${p}].hostPort`, hostPort, why)];
    }),
  );
}
