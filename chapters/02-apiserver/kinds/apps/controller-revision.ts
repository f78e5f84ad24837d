/**
 * ControllerRevisions: what a StatefulSet or DaemonSet was, kept for going back. Given.
 *
 * @see pkg/apis/apps/validation/validation.go, ValidateControllerRevision (1.33)
 */

import { type FieldError, fieldRequired } from '#apimachinery';
import type { ApiObject } from '../../api-object.ts';
import { defineKind } from '../define-kind.ts';
import { validateImmutable, validateNonNegative } from '../field-checks.ts';

function validate(object: ApiObject): FieldError[] {
  const missing = object.data === undefined || object.data === null;
  return [
    ...(missing ? [fieldRequired('data', 'data is mandatory')] : []),
    ...validateNonNegative(object.revision as number | undefined, 'revision'),
  ];
}

export const controllerRevisionKind = defineKind({
  group: 'apps',
  version: 'v1',
  kind: 'ControllerRevision',
  resource: 'controllerrevisions',
  namespaced: true,
  setDefaults: (object) => {
    object.revision ??= 0;
  },
  validate,
  validateUpdate: (object, old) => [
    ...validate(object),
    ...validateImmutable(object.data, old.data, 'data'),
  ],
});
