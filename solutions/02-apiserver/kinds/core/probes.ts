/**
 * How the kubelet finds out how a container is, and what it runs when one starts or stops. Given.
 *
 * @see pkg/apis/core/validation/validation.go (1.33), validateProbe, validateHandler,
 * validateLifecycle
 */

import type {
  Container,
  HTTPGetAction,
  Lifecycle,
  LifecycleHandler,
  Probe,
} from 'kubernetes-types/core/v1.js';
import {
  type FieldError,
  fieldForbidden,
  fieldInvalid,
  fieldNotSupported,
  fieldRequired,
} from '#apimachinery';
import { invalid, validateNonNegatives } from '../field-checks.ts';
import { httpHeaderNameFaults, validatePresent } from './names.ts';
import { validatePortNumberOrName } from './ports.ts';

/** What may be done, of which a probe and a hook have each a part. */
type Handler = Pick<Probe, 'exec' | 'httpGet' | 'tcpSocket' | 'grpc'> &
  Pick<LifecycleHandler, 'sleep'>;

const PROBES = ['livenessProbe', 'readinessProbe', 'startupProbe'] as const;
const HOOKS = ['postStart', 'preStop'] as const;

/** Fills in how often and how patiently is probed. Changes the container. */
export function setProbeDefaults(container: Container): void {
  for (const field of PROBES) {
    const probe = container[field];
    if (!probe) continue;
    probe.timeoutSeconds ||= 1;
    probe.periodSeconds ||= 10;
    probe.successThreshold ||= 1;
    probe.failureThreshold ||= 3;
    if (!probe.initialDelaySeconds) delete probe.initialDelaySeconds;
    if (probe.httpGet) setHttpGetDefaults(probe.httpGet);
    if (probe.grpc) probe.grpc.service ??= '';
  }
  for (const field of HOOKS) {
    const action = container.lifecycle?.[field]?.httpGet;
    if (action) setHttpGetDefaults(action);
  }
}

function setHttpGetDefaults(action: HTTPGetAction): void {
  action.path ||= '/';
  action.scheme ||= 'HTTP';
}

/**
 * Faults of a container's hooks and probes.
 *
 * @param gracePeriodSeconds - how long the pod may take to stop
 */
export function validateProbes(
  container: Container,
  gracePeriodSeconds: number | undefined,
  path: string,
): FieldError[] {
  const { lifecycle, livenessProbe, readinessProbe, startupProbe } = container;
  return [
    ...validateLifecycle(lifecycle, gracePeriodSeconds, `${path}.lifecycle`),
    ...validateOneSuccessProbe(livenessProbe, gracePeriodSeconds, `${path}.livenessProbe`),
    ...validateReadinessProbe(readinessProbe, gracePeriodSeconds, `${path}.readinessProbe`),
    ...validateOneSuccessProbe(startupProbe, gracePeriodSeconds, `${path}.startupProbe`),
  ];
}

/** Hooks and probes are for containers that keep running. */
export function validateNoProbes(container: Container, path: string): FieldError[] {
  const why = 'may not be set for init containers without restartPolicy=Always';
  return (['lifecycle', ...PROBES] as const)
    .filter((field) => container[field])
    .map((field) => fieldForbidden(`${path}.${field}`, why));
}

function validateLifecycle(
  lifecycle: Lifecycle | undefined,
  gracePeriodSeconds: number | undefined,
  path: string,
): FieldError[] {
  return HOOKS.flatMap((field) => {
    const handler = lifecycle?.[field];
    return handler ? validateHandler(handler, gracePeriodSeconds, `${path}.${field}`) : [];
  });
}

/** Liveness and startup are decided by one success. */
function validateOneSuccessProbe(
  probe: Probe | undefined,
  gracePeriodSeconds: number | undefined,
  path: string,
): FieldError[] {
  if (!probe) return [];
  const faults = validateProbe(probe, gracePeriodSeconds, path);
  const { successThreshold = 0 } = probe;
  if (successThreshold === 1) return faults;
  return [...faults, fieldInvalid(`${path}.successThreshold`, successThreshold, 'must be 1')];
}

function validateReadinessProbe(
  probe: Probe | undefined,
  gracePeriodSeconds: number | undefined,
  path: string,
): FieldError[] {
  if (!probe) return [];
  const faults = validateProbe(probe, gracePeriodSeconds, path);
  const { terminationGracePeriodSeconds } = probe;
  if (terminationGracePeriodSeconds === undefined) return faults;
  const field = `${path}.terminationGracePeriodSeconds`;
  const why = 'must not be set for readinessProbes';
  return [...faults, fieldInvalid(field, terminationGracePeriodSeconds, why)];
}

function validateProbe(
  probe: Probe,
  gracePeriodSeconds: number | undefined,
  path: string,
): FieldError[] {
  const { exec, httpGet, tcpSocket, grpc, terminationGracePeriodSeconds } = probe;
  const faults = [
    ...validateHandler({ exec, httpGet, tcpSocket, grpc }, gracePeriodSeconds, path),
    ...validateNonNegatives(
      probe,
      [
        'initialDelaySeconds',
        'timeoutSeconds',
        'periodSeconds',
        'successThreshold',
        'failureThreshold',
      ],
      path,
    ),
  ];
  if (terminationGracePeriodSeconds !== undefined && terminationGracePeriodSeconds <= 0) {
    const field = `${path}.terminationGracePeriodSeconds`;
    faults.push(fieldInvalid(field, terminationGracePeriodSeconds, 'must be greater than 0'));
  }
  return faults;
}

/** There is exactly one thing to do, and it can be done. */
function validateHandler(
  { exec, httpGet, tcpSocket, grpc, sleep }: Handler,
  gracePeriodSeconds: number | undefined,
  path: string,
): FieldError[] {
  const checks: [string, FieldError[] | undefined][] = [
    ['exec', exec && validateCommand(exec.command, `${path}.exec.command`)],
    ['httpGet', httpGet && validateHttpGet(httpGet, `${path}.httpGet`)],
    ['tcpSocket', tcpSocket && validatePortNumberOrName(tcpSocket.port, `${path}.tcpSocket.port`)],
    ['grpc', grpc && validatePortNumberOrName(grpc.port, `${path}.grpc.port`)],
    ['sleep', sleep && validateSleep(sleep.seconds ?? 0, gracePeriodSeconds, `${path}.sleep`)],
  ];
  const given = checks.flatMap(([field, faults]) => (faults ? [{ field, faults }] : []));
  if (given.length === 0) return [fieldRequired(path, 'must specify a handler type')];
  const why = 'may not specify more than 1 handler type';
  return given.flatMap(({ field, faults }, i) =>
    i === 0 ? faults : [fieldForbidden(`${path}.${field}`, why)],
  );
}

function validateCommand(command: readonly string[] | undefined, path: string): FieldError[] {
  return command?.length ? [] : [fieldRequired(path)];
}

function validateHttpGet(action: HTTPGetAction, path: string): FieldError[] {
  const { scheme = '', httpHeaders = [] } = action;
  const isKnown = scheme === 'HTTP' || scheme === 'HTTPS';
  return [
    ...validatePresent(action.path, `${path}.path`),
    ...validatePortNumberOrName(action.port, `${path}.port`),
    ...(isKnown ? [] : [fieldNotSupported(`${path}.scheme`, scheme, ['HTTP', 'HTTPS'])]),
    ...httpHeaders.flatMap(({ name }) =>
      invalid(`${path}.httpHeaders`, name, httpHeaderNameFaults(name)),
    ),
  ];
}

function validateSleep(
  seconds: number,
  gracePeriodSeconds: number | undefined,
  path: string,
): FieldError[] {
  // A missing or wrong grace period is found elsewhere.
  if (gracePeriodSeconds === undefined) return [];
  if (seconds >= 0 && seconds <= gracePeriodSeconds) return [];
  const why = `must be non-negative and less than terminationGracePeriodSeconds (${gracePeriodSeconds})`;
  return [fieldInvalid(path, seconds, why)];
}
