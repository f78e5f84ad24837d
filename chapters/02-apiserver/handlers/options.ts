/**
 * A request's options, as they stand in its query, checked. Given.
 *
 * @see k8s.io/apimachinery/pkg/apis/meta/v1/validation (1.33)
 */

import {
  type FieldError,
  FieldSelector,
  fieldInvalid,
  fieldNotSupported,
  fieldTooLong,
  newBadRequest,
  newInvalid,
  parseFieldSelector,
  parseSelector,
  SelectorError,
  StatusError,
} from '#apimachinery';
import type { Kind } from '../kinds/kind.ts';
import type { DeleteOptions } from '../registry/delete.ts';
import type { ListOptions } from '../registry/list.ts';
import { type Selection, selectorForKind } from '../registry/selection.ts';
import type { WatchOptions } from '../registry/watch.ts';
import type { RequestInfo } from '../request-info.ts';

/** How strictly fields nobody knows are taken. */
export type FieldValidation = 'Ignore' | 'Warn' | 'Strict';

/** Options of a write. */
export interface WriteOptions {
  readonly dryRun: boolean;
  readonly fieldValidation: FieldValidation;
  /** `''` when not given. */
  readonly fieldManager: string;
  readonly force: boolean;
}

const MAX_FIELD_MANAGER = 128;
const FIELD_VALIDATIONS: readonly string[] = ['Ignore', 'Warn', 'Strict'];

/**
 * @param optionsKind - for the error: `CreateOptions`, `UpdateOptions`, `PatchOptions`
 * @throws StatusError 422 or 400 when one of them makes no sense
 */
export function writeOptions(query: URLSearchParams, optionsKind: string): WriteOptions {
  const dryRun = query.getAll('dryRun').filter((value) => value !== '');
  const fieldValidation = query.get('fieldValidation') || 'Warn';
  const fieldManager = query.get('fieldManager') ?? '';
  const faults = [...dryRunFaults(dryRun), ...managerFaults(fieldManager)];
  if (!FIELD_VALIDATIONS.includes(fieldValidation)) {
    faults.push(fieldNotSupported('fieldValidation', fieldValidation, FIELD_VALIDATIONS));
  }
  refuse(faults, optionsKind);
  return {
    dryRun: dryRun.length > 0,
    fieldValidation: fieldValidation as FieldValidation,
    fieldManager,
    force: booleanOf(query, 'force') ?? false,
  };
}

function dryRunFaults(dryRun: readonly string[]): FieldError[] {
  if (dryRun.every((value) => value === 'All')) return [];
  return [fieldNotSupported('dryRun', dryRun, ['All'])];
}

function managerFaults(manager: string): FieldError[] {
  const faults: FieldError[] = [];
  if (manager.length > MAX_FIELD_MANAGER) {
    faults.push(fieldTooLong('fieldManager', MAX_FIELD_MANAGER));
  }
  if (/\p{C}/u.test(manager)) {
    faults.push(fieldInvalid('fieldManager', manager, 'should only contain printable characters'));
  }
  return faults;
}

function refuse(faults: readonly FieldError[], optionsKind: string): void {
  if (faults.length > 0) throw newInvalid({ group: 'meta.k8s.io', kind: optionsKind }, '', faults);
}

/** What a list or watch is about: the namespace of the path, labels and fields of the query. */
export function selectionOf(info: RequestInfo, query: URLSearchParams, kind: Kind): Selection {
  const labels = query.get('labelSelector') ?? '';
  const fields = query.get('fieldSelector') ?? '';
  const namespace = kind.namespaced ? info.namespace : '';
  const named =
    info.name === '' ? [] : [{ field: 'metadata.name', operator: '=', value: info.name }];
  const fieldSelector =
    fields === '' ? undefined : read(() => selectorForKind(kind, parseFieldSelector(fields)));
  const requirements = fieldSelector?.requirements ?? (named as FieldSelector['requirements']);
  return {
    namespace,
    ...(labels !== '' && { labelSelector: read(() => parseSelector(labels)) }),
    ...(requirements.length > 0 && { fieldSelector: new FieldSelector(requirements) }),
  };
}

function read<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (error instanceof StatusError) throw error;
    if (error instanceof SelectorError) throw newBadRequest(error.message);
    throw error;
  }
}

export function listOptions(info: RequestInfo, query: URLSearchParams, kind: Kind): ListOptions {
  return {
    ...selectionOf(info, query, kind),
    limit: integerOf(query, 'limit') ?? 0,
    continue: query.get('continue') ?? '',
    resourceVersion: query.get('resourceVersion') ?? '',
    resourceVersionMatch: query.get('resourceVersionMatch') ?? '',
  };
}

/** A watch with its time limit: 0 is none. */
export interface TimedWatchOptions extends WatchOptions {
  readonly timeoutSeconds: number;
}

export function watchOptions(
  info: RequestInfo,
  query: URLSearchParams,
  kind: Kind,
): TimedWatchOptions {
  const sendInitialEvents = booleanOf(query, 'sendInitialEvents');
  return {
    ...selectionOf(info, query, kind),
    resourceVersion: query.get('resourceVersion') ?? '',
    resourceVersionMatch: query.get('resourceVersionMatch') ?? '',
    allowWatchBookmarks: booleanOf(query, 'allowWatchBookmarks') ?? false,
    ...(sendInitialEvents !== undefined && { sendInitialEvents }),
    timeoutSeconds: integerOf(query, 'timeoutSeconds') ?? 0,
  };
}

const PROPAGATION: readonly string[] = ['Foreground', 'Background', 'Orphan'];

/**
 * Options of a deletion: from its body, or else from its query.
 *
 * @param body - a `DeleteOptions` object; `undefined` when the request had no body
 */
export function deleteOptions(
  query: URLSearchParams,
  body: Readonly<Record<string, unknown>> | undefined,
): DeleteOptions {
  const given = body ?? {
    gracePeriodSeconds: integerOf(query, 'gracePeriodSeconds'),
    propagationPolicy: query.get('propagationPolicy') ?? undefined,
    orphanDependents: booleanOf(query, 'orphanDependents'),
    dryRun: query.getAll('dryRun').filter((value) => value !== ''),
  };
  const { gracePeriodSeconds, propagationPolicy, orphanDependents, preconditions } = given;
  const dryRun = (given.dryRun ?? []) as string[];
  const faults = dryRunFaults(dryRun);
  if (propagationPolicy !== undefined && !PROPAGATION.includes(String(propagationPolicy))) {
    faults.push(fieldNotSupported('propagationPolicy', propagationPolicy, [...PROPAGATION].sort()));
  }
  if (propagationPolicy !== undefined && orphanDependents !== undefined) {
    const why = 'orphanDependents and deletionPropagation cannot be both set';
    faults.push(fieldInvalid('propagationPolicy', propagationPolicy, why));
  }
  refuse(faults, 'DeleteOptions');
  const policy = propagationPolicy ?? policyOf(orphanDependents);
  return {
    dryRun: dryRun.length > 0,
    ...(typeof gracePeriodSeconds === 'number' && { gracePeriodSeconds }),
    ...(policy !== undefined && { propagationPolicy: policy as 'Orphan' }),
    ...(typeof preconditions === 'object' && preconditions !== null && { preconditions }),
  };
}

function policyOf(orphanDependents: unknown): string | undefined {
  if (orphanDependents === undefined) return undefined;
  return orphanDependents === true ? 'Orphan' : 'Background';
}

function integerOf(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null || text === '') return undefined;
  const value = Number(text);
  if (/^[+-]?\d{1,18}$/.test(text) && Number.isSafeInteger(value)) return value;
  throw newBadRequest(
    `strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax (${name})`,
  );
}

function booleanOf(query: URLSearchParams, name: string): boolean | undefined {
  const text = query.get(name);
  if (text === null || text === '') return undefined;
  // As Kubernetes reads them: what is not clearly false is true.
  return !['false', '0', 'False', 'FALSE', 'f', 'F'].includes(text);
}
