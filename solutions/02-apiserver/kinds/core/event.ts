/**
 * Events of the core group as a kind: what happened to an object, for people to read. Given.
 *
 * They go by themselves after an hour. `../events.ts` is the same under newer names, with stricter
 * rules.
 *
 * @see pkg/apis/core/validation/events.go (1.33), legacyValidateEvent
 */

import type { Event } from 'kubernetes-types/core/v1.js';
import { type FieldError, fieldInvalid, fieldRequired } from '#apimachinery';
import type { ApiObject } from '../../api-object.ts';
import { defineKind } from '../define-kind.ts';
import type { Kind } from '../kind.ts';
import { pathSegmentFaults } from '../value-formats.ts';
import { validateDnsSubdomain, validateQualifiedName } from './names.ts';

const HOUR_SECONDS = 3600;
const MAX_LENGTH = 128;
const MAX_MESSAGE_LENGTH = 1024;
/** Where events about something without a namespace are. */
const HOMES = ['default', 'kube-system'];

/** Events of the core group. */
export const eventKind: Kind = defineKind({
  group: '',
  version: 'v1',
  kind: 'Event',
  resource: 'events',
  shortNames: ['ev'],
  namespaced: true,
  nameFaults: pathSegmentFaults,
  allowCreateOnUpdate: true,
  ttlSeconds: HOUR_SECONDS,
  validate: (object) => validateLegacyEvent(object, 'reportingComponent'),
});

/**
 * The rules that events have to keep in any version.
 *
 * @param reportingField - what the field is called whose name is `reportingComponent` here
 */
export function validateLegacyEvent(object: ApiObject, reportingField: string): FieldError[] {
  const event = object as unknown as Event;
  const { namespace = '' } = object.metadata;
  const involved = event.involvedObject?.namespace ?? '';
  const isFine = event.eventTime
    ? involved !== '' || HOMES.includes(namespace)
    : isOldNamespaceFine(involved, namespace);
  const faults = isFine
    ? []
    : [fieldInvalid('involvedObject.namespace', involved, 'does not match event.namespace')];
  if (event.eventTime) faults.push(...validateNew(event, reportingField));
  return [...faults, ...validateDnsSubdomain(namespace, 'namespace')];
}

/** Events about something without a namespace are at home in `default`; an old client knows no other. */
function isOldNamespaceFine(involved: string, namespace: string): boolean {
  return involved ? involved === namespace : namespace === '' || namespace === 'default';
}

/** An event with an exact time comes from a client that knows the newer fields. */
function validateNew(event: Event, reportingField: string): FieldError[] {
  const { reportingComponent = '', reportingInstance, action, reason, message = '' } = event;
  const faults = reportingComponent ? [] : [fieldRequired(reportingField)];
  faults.push(
    ...validateQualifiedName(reportingComponent, reportingField),
    ...validateText(reportingInstance, 'reportingInstance'),
    ...validateText(action, 'action'),
    ...validateText(reason, 'reason'),
  );
  if (message.length > MAX_MESSAGE_LENGTH) {
    const why = `can have at most ${MAX_MESSAGE_LENGTH} characters`;
    faults.push(fieldInvalid('message', '', why));
  }
  return faults;
}

function validateText(text: string | undefined, path: string): FieldError[] {
  if (!text) return [fieldRequired(path)];
  if (text.length <= MAX_LENGTH) return [];
  return [fieldInvalid(path, '', `can have at most ${MAX_LENGTH} characters`)];
}
