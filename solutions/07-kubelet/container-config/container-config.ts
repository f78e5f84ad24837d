/**
 * What a container is made from: its command, its environment, its limits, its rights.
 *
 * Pure functions of the pod and of objects it names. `container-config/container-request.ts` puts
 * their results into the runtime's words; mounts are `volumes/`.
 */

import type { ConfigMap, EnvVar, Secret, Service } from 'kubernetes-types/core/v1.js';
import { type Container, type Pod, Quantity } from '#apimachinery';

/** A container cannot be made from what its pod says: `CreateContainerConfigError`. */
export class ContainerConfigError extends Error {
  override readonly name = 'ContainerConfigError';
}

/**
 * Puts variables' values into a text: `$(NAME)`.
 *
 * @remarks `$$` is a `$`, so that `$$(NAME)` stays as `$(NAME)`. A variable that is not known stays
 * as it is written, and so does anything else with a `$`: `$NAME`, `$(NAME` without an end, a `$`
 * at the end. What a value contains is not expanded again.
 *
 * ```text
 * NAME=web     "http://$(NAME)/$(X)$$(NAME)"   →   "http://web/$(X)$(NAME)"
 * ```
 *
 * @param valueFor - `undefined` for what is not known
 * @see k8s.io/kubernetes/third_party/forked/golang/expansion/expand.go (1.33)
 * @exercise kubelet/container-config
 */
export function expandVariables(
  text: string,
  valueFor: (name: string) => string | undefined,
): string {
  return text.replace(/\$\$|\$\(([^)]*)\)/g, (whole, name: string | undefined) => {
    if (whole === '$$') return '$';
    return valueFor(name ?? '') ?? whole;
  });
}

/** What the environment of a container is made from. */
export interface EnvironmentInput {
  readonly pod: Pod;
  readonly container: Container;
  readonly podIPs: readonly string[];
  readonly hostIPs: readonly string[];
  readonly nodeName: string;
  /** Of the pod's namespace; `undefined`: there is none. */
  readonly configMap: (name: string) => ConfigMap | undefined;
  readonly secret: (name: string) => Secret | undefined;
  /** Service variables; see `serviceVariables`. */
  readonly services: ReadonlyMap<string, string>;
  /** What the node has for pods: for limits that are not set. */
  readonly allocatable: Readonly<Record<string, string>>;
}

/**
 * The environment of a container.
 *
 * @remarks Later ones win: first `services`, then `envFrom` in order, then `env` in order. A name
 * keeps the place where it came up first.
 *
 * - `envFrom`: all keys of `data` in byte order, each with `prefix` before it. A Secret's values
 *   are Base64 of UTF-8. One that does not exist and is not `optional`: `configmap "x" not found`,
 *   `secret "x" not found`.
 * - `env` with `value` (absent: empty): `$(NAME)` stands for what is known so far,
 *   `expandVariables`.
 * - `configMapKeyRef`, `secretKeyRef`: as said above; without such a key:
 *   `couldn't find key k in ConfigMap ns/x`, `couldn't find key k in Secret ns/x`. With `optional`
 *   the variable is left out in both cases.
 * - `fieldRef`: see `fieldValue`. `resourceFieldRef`: see `resourceValue`; `containerName` may name
 *   another container of the pod, init containers as well: `container x not found` when there is
 *   none.
 *
 * @throws ContainerConfigError with these messages
 * @see pkg/kubelet/kubelet_pods.go (1.33), makeEnvironmentVariables
 * @exercise kubelet/container-config
 */
export function environmentOf(input: EnvironmentInput): ReadonlyMap<string, string> {
  const { container, services } = input;
  const result = new Map(services);
  for (const source of container.envFrom ?? []) {
    for (const [key, value] of sourceOf(source, input)) {
      result.set(`${source.prefix ?? ''}${key}`, value);
    }
  }
  for (const variable of container.env ?? []) {
    const value = variableValue(variable, input, result);
    if (value !== undefined) result.set(variable.name, value);
  }
  return result;
}

type EnvFrom = NonNullable<Container['envFrom']>[number];

function sourceOf(
  { configMapRef, secretRef }: EnvFrom,
  { configMap, secret }: EnvironmentInput,
): (readonly [string, string])[] {
  if (configMapRef) {
    const found = configMap(configMapRef.name ?? '');
    if (found) return sorted(found.data);
    if (configMapRef.optional) return [];
    throw new ContainerConfigError(`configmap "${configMapRef.name}" not found`);
  }
  if (!secretRef) return [];
  const found = secret(secretRef.name ?? '');
  if (found) return sorted(found.data).map(([key, value]) => [key, decodeBase64(value)] as const);
  if (secretRef.optional) return [];
  throw new ContainerConfigError(`secret "${secretRef.name}" not found`);
}

function sorted(data: Readonly<Record<string, string>> = {}): [string, string][] {
  return Object.entries(data).sort(([a], [b]) => (a < b ? -1 : 1));
}

function decodeBase64(text: string): string {
  return new TextDecoder().decode(Uint8Array.from(atob(text), (char) => char.charCodeAt(0)));
}

function variableValue(
  { value = '', valueFrom }: EnvVar,
  input: EnvironmentInput,
  known: ReadonlyMap<string, string>,
): string | undefined {
  if (!valueFrom) return expandVariables(value, (name) => known.get(name));
  const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef } = valueFrom;
  const namespace = input.pod.metadata?.namespace ?? '';
  if (fieldRef) return fieldValue(fieldRef.fieldPath, input);
  if (resourceFieldRef) {
    const { containerName, resource, divisor } = resourceFieldRef;
    const container = containerName ? namedContainer(input.pod, containerName) : input.container;
    return resourceValue(container, resource, divisor ?? '1', input.allocatable);
  }
  if (configMapKeyRef) {
    const { name = '', key, optional } = configMapKeyRef;
    const found = input.configMap(name);
    const text = found?.data?.[key];
    if (text !== undefined || optional) return text;
    throw new ContainerConfigError(
      found
        ? `couldn't find key ${key} in ConfigMap ${namespace}/${name}`
        : `configmap "${name}" not found`,
    );
  }
  if (!secretKeyRef) return undefined;
  const { name = '', key, optional } = secretKeyRef;
  const found = input.secret(name);
  const text = found?.data?.[key];
  if (text !== undefined) return decodeBase64(text);
  if (optional) return undefined;
  throw new ContainerConfigError(
    found
      ? `couldn't find key ${key} in Secret ${namespace}/${name}`
      : `secret "${name}" not found`,
  );
}

function namedContainer({ spec }: Pod, name: string): Container {
  const all = [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])];
  const found = all.find((one) => one.name === name);
  if (found) return found;
  throw new ContainerConfigError(`container ${name} not found`);
}

/**
 * A field of a pod, for its containers and volumes.
 *
 * @remarks `metadata.name`, `metadata.namespace`, `metadata.uid`, `metadata.labels['key']`,
 * `metadata.annotations['key']` (empty when there is no such key), `metadata.labels` and
 * `metadata.annotations` (lines `key="value"` in byte order of the keys, no line end behind the
 * last; the value is a string of JSON, so that `"`, `\`, line ends and tabs are escaped; how other
 * control characters are written is open), `spec.nodeName` (the node's name),
 * `spec.serviceAccountName`, `status.podIP`, `status.podIPs` and `status.hostIPs` (with commas
 * between), `status.hostIP`. What is not set is empty.
 *
 * @throws ContainerConfigError `unsupported fieldPath: <path>` for any other
 * @see pkg/fieldpath/fieldpath.go (1.33)
 * @exercise kubelet/container-config
 */
export function fieldValue(
  path: string,
  {
    pod,
    podIPs,
    hostIPs,
    nodeName,
  }: Pick<EnvironmentInput, 'pod' | 'podIPs' | 'hostIPs' | 'nodeName'>,
): string {
  const { metadata, spec } = pod;
  const [, list, key] = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(path) ?? [];
  if (list === 'labels') return metadata?.labels?.[key ?? ''] ?? '';
  if (list === 'annotations') return metadata?.annotations?.[key ?? ''] ?? '';
  const values: Readonly<Record<string, string | undefined>> = {
    'metadata.name': metadata?.name,
    'metadata.namespace': metadata?.namespace,
    'metadata.uid': metadata?.uid,
    'metadata.labels': linesOf(metadata?.labels),
    'metadata.annotations': linesOf(metadata?.annotations),
    'spec.nodeName': nodeName,
    'spec.serviceAccountName': spec?.serviceAccountName,
    'status.podIP': podIPs[0],
    'status.podIPs': podIPs.join(','),
    'status.hostIP': hostIPs[0],
    'status.hostIPs': hostIPs.join(','),
  };
  if (Object.hasOwn(values, path)) return values[path] ?? '';
  throw new ContainerConfigError(`unsupported fieldPath: ${path}`);
}

function linesOf(data: Readonly<Record<string, string>> | undefined): string {
  return sorted(data)
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .join('\n');
}

/**
 * A container's request or limit, as a number.
 *
 * @remarks `limits.cpu`, `requests.memory` and so on. A limit of `cpu` or `memory` that is not set
 * (or 0) is what the node has (`allocatable`); anything else that is not set is 0. It is divided by
 * `divisor` (`0` counts as `1`) and rounded up to a whole number.
 *
 * ```text
 * limits.cpu 1500m    divisor 1 → 2    divisor 1m → 1500
 * limits.memory 64Mi  divisor 1Mi → 64
 * ```
 *
 * @throws ContainerConfigError `unsupported container resource: <resource>` when it begins with
 * neither
 * @exercise kubelet/container-config
 */
export function resourceValue(
  container: Container,
  resource: string,
  divisor: string,
  allocatable: Readonly<Record<string, string>>,
): string {
  const [, kind, name = ''] = /^(limits|requests)\.(.+)$/.exec(resource) ?? [];
  if (kind === undefined) {
    throw new ContainerConfigError(`unsupported container resource: ${resource}`);
  }
  const list = kind === 'limits' ? container.resources?.limits : container.resources?.requests;
  let amount = milliOf(list?.[name]);
  if (amount === 0 && kind === 'limits' && (name === 'cpu' || name === 'memory')) {
    amount = milliOf(allocatable[name]);
  }
  return String(Math.ceil(amount / (milliOf(divisor) || 1000)));
}

function milliOf(text: string | undefined): number {
  return text === undefined ? 0 : Number(Quantity.parse(text).milliValue());
}

/**
 * The variables that tell containers of Services, as Docker's links once did.
 *
 * @remarks For each Service with a `clusterIP` that is an address, in order, with its name in
 * capitals and `-` as `_` (`my-db` → `MY_DB`), the first port P:
 *
 * ```text
 * MY_DB_SERVICE_HOST=10.96.0.9          MY_DB_SERVICE_PORT=5432
 * MY_DB_SERVICE_PORT_<NAME>=5432        for each port that has a name, in capitals, `-` as `_`
 * MY_DB_PORT=tcp://10.96.0.9:5432
 * MY_DB_PORT_5432_TCP=tcp://10.96.0.9:5432    and for each port:
 * MY_DB_PORT_5432_TCP_PROTO=tcp  MY_DB_PORT_5432_TCP_PORT=5432  MY_DB_PORT_5432_TCP_ADDR=10.96.0.9
 * ```
 *
 * An IPv6 address is in brackets in the URLs, `tcp://[fd00::9]:5432`, and only there. A protocol
 * that is left out is TCP. A Service without ports has only `_SERVICE_HOST`.
 *
 * @param services - that of the namespace and `kubernetes`; without `clusterIP`, or with `None`,
 * they are left out
 * @see pkg/kubelet/envvars/envvars.go (1.33)
 * @exercise kubelet/container-config
 */
export function serviceVariables(services: readonly Service[]): Map<string, string> {
  const result = new Map<string, string>();
  const capital = (text: string): string => text.toUpperCase().replaceAll('-', '_');
  for (const { metadata, spec } of services) {
    const host = spec?.clusterIP ?? '';
    if (host === '' || host === 'None') continue;
    const name = capital(metadata?.name ?? '');
    const ports = spec?.ports ?? [];
    result.set(`${name}_SERVICE_HOST`, host);
    const urlOf = (port: { port: number; protocol?: string }): string =>
      `${(port.protocol ?? 'TCP').toLowerCase()}://${host.includes(':') ? `[${host}]` : host}:${port.port}`;
    for (const [i, port] of ports.entries()) {
      if (i === 0) {
        result.set(`${name}_SERVICE_PORT`, String(port.port));
        result.set(`${name}_PORT`, urlOf(port));
      }
      if (port.name) result.set(`${name}_SERVICE_PORT_${capital(port.name)}`, String(port.port));
      const protocol = port.protocol ?? 'TCP';
      const prefix = `${name}_PORT_${port.port}_${protocol}`;
      result.set(prefix, urlOf(port));
      result.set(`${prefix}_PROTO`, protocol.toLowerCase());
      result.set(`${prefix}_PORT`, String(port.port));
      result.set(`${prefix}_ADDR`, host);
    }
  }
  return result;
}

/** What the kernel is told of a container's share of the node. */
export interface LinuxLimits {
  readonly cpuShares: number;
  /** Microseconds. */
  readonly cpuPeriod: number;
  /** Microseconds in each period; 0 is no limit. */
  readonly cpuQuota: number;
  /** Bytes; 0 is no limit. */
  readonly memoryLimitInBytes: number;
  readonly oomScoreAdj: number;
}

/**
 * A container's requests and limits in the kernel's terms.
 *
 * @remarks A request that is left out, of CPU or memory, is what the limit says, and 0 without one.
 * A request of 0 is not left out.
 *
 * - `cpuShares`: 1024 for each CPU requested, rounded down, from 2 to 262144.
 * - `cpuQuota`: the CPU limit's part of `cpuPeriod` (100000), rounded down, but at least 1000; 0
 *   without one.
 * - `memoryLimitInBytes`: the memory limit; 0 without one.
 * - `oomScoreAdj`, who dies first when memory is short: −997 for a pod of the class Guaranteed,
 *   1000 for BestEffort; for Burstable `1000 - floor(1000 × memory request / memory of the node)`,
 *   but at least 3 and at most 999.
 *
 * @param qos - the pod's class
 * @param memoryCapacity - bytes
 * @see pkg/kubelet/qos/policy.go (1.33)
 * @exercise kubelet/container-config
 */
export function linuxLimits(
  container: Container,
  qos: string,
  memoryCapacity: number,
): LinuxLimits {
  const { requests = {}, limits = {} } = container.resources ?? {};
  const cpuLimit = milliOf(limits.cpu);
  const cpuRequest = milliOf(requests.cpu ?? limits.cpu);
  const memoryRequest = milliOf(requests.memory ?? limits.memory) / 1000;
  const shares = Math.floor((cpuRequest * 1024) / 1000);
  const score = 1000 - Math.floor((1000 * memoryRequest) / memoryCapacity);
  const scores: Readonly<Record<string, number>> = { Guaranteed: -997, BestEffort: 1000 };
  return {
    cpuShares: Math.min(Math.max(shares, 2), 262_144),
    cpuPeriod: 100_000,
    cpuQuota: cpuLimit === 0 ? 0 : Math.max(1000, cpuLimit * 100),
    memoryLimitInBytes: milliOf(limits.memory) / 1000,
    oomScoreAdj: scores[qos] ?? Math.min(Math.max(score, 3), 999),
  };
}
