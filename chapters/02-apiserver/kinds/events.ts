/**
 * events.k8s.io/v1: Events, under newer names. Given.
 *
 * They are the core group's Events: stored as those, and served by both. A new client has to be
 * stricter: an event that comes through here has a time, a type, and none of the fields that are
 * there for old ones.
 *
 * @see pkg/apis/events/v1/conversion.go, pkg/apis/core/validation/events.go (1.33)
 */

import type { Event } from 'kubernetes-types/core/v1.js';
import { deepCopy, type FieldError, fieldInvalid, fieldRequired } from '#apimachinery';
import type { ApiObject } from '../api-object.ts';
import { eventKind as coreEventKind, validateLegacyEvent } from './core/event.ts';
import { defineKind } from './define-kind.ts';
import { validateImmutable } from './field-checks.ts';

/** Names of a field in the core group's events, and here. */
const RENAMED: readonly (readonly [core: string, here: string])[] = [
  ['involvedObject', 'regarding'],
  ['message', 'note'],
  ['source', 'deprecatedSource'],
  ['firstTimestamp', 'deprecatedFirstTimestamp'],
  ['lastTimestamp', 'deprecatedLastTimestamp'],
  ['count', 'deprecatedCount'],
  ['reportingComponent', 'reportingController'],
];

const TO_CORE = new Map(RENAMED.map(([core, here]) => [here, core]));
const FROM_CORE = new Map(RENAMED);

function renamed(object: ApiObject, names: ReadonlyMap<string, string>, apiVersion: string) {
  const entries = Object.entries(object).map(([field, value]) => [
    names.get(field) ?? field,
    value,
  ]);
  return deepCopy({ ...Object.fromEntries(entries), apiVersion }) as ApiObject;
}

/** The core group's form, which always says what it is about. */
function toStorage(object: ApiObject): ApiObject {
  const event = renamed(object, TO_CORE, 'v1');
  event.involvedObject ??= {};
  return event;
}

function eventOf(object: ApiObject): Partial<Event> {
  return object as unknown as Partial<Event>;
}

function validate(object: ApiObject): FieldError[] {
  const event = eventOf(object);
  const { type = '', source } = event;
  const faults = [...validateOld(object), ...validateSeries(event)];
  if (!event.eventTime) faults.push(fieldRequired('eventTime'));
  if (type !== 'Normal' && type !== 'Warning') {
    faults.push(fieldInvalid('type', '', `has invalid value: ${type}`));
  }
  for (const field of ['firstTimestamp', 'lastTimestamp', 'count'] as const) {
    if (event[field]) faults.push(fieldInvalid(field, '', 'needs to be unset'));
  }
  if (source?.component || source?.host) {
    faults.push(fieldInvalid('source', '', 'needs to be unset'));
  }
  return faults;
}

/** What events have to keep in any version. */
function validateOld(object: ApiObject): FieldError[] {
  return validateLegacyEvent(object, 'reportingController');
}

function validateSeries({ series }: Partial<Event>): FieldError[] {
  if (!series) return [];
  const faults: FieldError[] = [];
  if ((series.count ?? 0) < 2) {
    faults.push(fieldInvalid('series.count', '', 'should be at least 2'));
  }
  if (!series.lastObservedTime) faults.push(fieldRequired('series.lastObservedTime'));
  return faults;
}

/** Only how often it happened, and when last, may change. */
const IMMUTABLE = [
  'involvedObject',
  'reason',
  'message',
  'source',
  'firstTimestamp',
  'lastTimestamp',
  'count',
  'type',
  'eventTime',
  'action',
  'related',
] as const;

function validateUpdate(object: ApiObject, old: ApiObject): FieldError[] {
  const isSeriesSame = validateImmutable(object.series, old.series, '').length === 0;
  return [
    ...validateOld(object),
    ...(isSeriesSame ? [] : validateSeries(eventOf(object))),
    ...IMMUTABLE.flatMap((field) => validateImmutable(object[field], old[field], field)),
    ...validateImmutable(object.reportingComponent, old.reportingComponent, 'reportingController'),
    ...validateImmutable(object.reportingInstance, old.reportingInstance, 'reportingInstance'),
  ];
}

export const eventsKind = defineKind({
  group: 'events.k8s.io',
  version: 'v1',
  kind: 'Event',
  resource: 'events',
  shortNames: ['ev'],
  namespaced: true,
  allowCreateOnUpdate: true,
  ...(coreEventKind.ttlSeconds !== undefined && { ttlSeconds: coreEventKind.ttlSeconds }),
  storageVersion: { group: '', version: 'v1', kind: 'Event' },
  toStorage,
  fromStorage: (stored) => renamed(stored, FROM_CORE, 'events.k8s.io/v1'),
  validate,
  validateUpdate,
});
