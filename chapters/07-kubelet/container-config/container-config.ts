/**
 * What a container is made from: its command, its environment, its limits, its rights.
 *
 * Pure functions of the pod and of objects it names. `container-config/container-request.ts` puts
 * their results into the runtime's words; mounts are `volumes/`.
 */

import type { ConfigMap, Secret, Service } from 'kubernetes-types/core/v1.js';
import type { Container, Pod } from '#apimachinery';
import { NotImplemented } from '#not-implemented';

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
  throw new NotImplemented('kubelet/container-config', 'expandVariables');
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
  throw new NotImplemented('kubelet/container-config', 'environmentOf');
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
  throw new NotImplemented('kubelet/container-config', 'fieldValue');
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
  throw new NotImplemented('kubelet/container-config', 'resourceValue');
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
  throw new NotImplemented('kubelet/container-config', 'serviceVariables');
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
  throw new NotImplemented('kubelet/container-config', 'linuxLimits');
}
