import { describe, expect, it } from 'vitest';
import {
  DialError,
  fieldDuplicate,
  fieldErrorText,
  fieldForbidden,
  fieldInvalid,
  fieldNotFound,
  fieldNotSupported,
  fieldRequired,
  fieldTooLong,
  fieldTooMany,
  fieldTypeInvalid,
  isAlreadyExists,
  isConflict,
  isGone,
  isInternalError,
  isNotAcceptable,
  isRequestEntityTooLarge,
  isServiceUnavailable,
  isUnsupportedMediaType,
  newApplyConflict,
  newGenerateNameConflict,
  newGone,
  newNotAcceptable,
  newRequestEntityTooLarge,
  newServiceUnavailable,
  newUnsupportedMediaType,
  StatusError,
} from '#apimachinery';

describe('errors that are rarely made', () => {
  const rows: [StatusError, code: number, message: string, is: (error: unknown) => boolean][] = [
    [newGone('gone'), 410, 'gone', isGone],
    [newServiceUnavailable('later'), 503, 'later', isServiceUnavailable],
    [newNotAcceptable('no'), 406, 'no', isNotAcceptable],
    [newUnsupportedMediaType('no'), 415, 'no', isUnsupportedMediaType],
    [
      newRequestEntityTooLarge('3 MB'),
      413,
      'Request entity too large: 3 MB',
      isRequestEntityTooLarge,
    ],
    [newApplyConflict([{ field: '.a' }], 'conflict'), 409, 'conflict', isConflict],
    [
      newGenerateNameConflict({ group: 'apps', resource: 'deployments' }, 'web-x', 1),
      409,
      'deployments.apps "web-x" already exists, the server was not able to generate a unique name for the object',
      isAlreadyExists,
    ],
  ];
  for (const [error, code, message, is] of rows) {
    it(`${error.reason} ${code}: ${message}`, () => {
      expect([error.code, error.message, is(error), is(new Error('x'))]).toEqual([
        code,
        message,
        true,
        false,
      ]);
    });
  }

  const codes: [name: string, is: (error: unknown) => boolean, code: number][] = [
    ['isNotAcceptable', isNotAcceptable, 406],
    ['isGone', isGone, 410],
    ['isUnsupportedMediaType', isUnsupportedMediaType, 415],
    ['isServiceUnavailable', isServiceUnavailable, 503],
  ];
  for (const [name, is, code] of codes) {
    it(`are known to ${name} by the code ${code} when the reason is unknown`, () => {
      expect(is(new StatusError({ code, reason: 'Vanished', message: '' }))).toBe(true);
      expect(is(new StatusError({ code, reason: 'Conflict', message: '' }))).toBe(false);
    });
  }

  it('are known by their reason when it is one that nobody here makes', () => {
    const error = new StatusError({ code: 500, reason: 'StoreReadError', message: '' });
    expect(isInternalError(error)).toBe(false);
  });

  it('keep a copy of the causes they are made from', () => {
    const causes = [{ field: '.a' }];
    const error = newApplyConflict(causes, 'conflict');
    causes.push({ field: '.b' });
    expect(error.details?.causes).toHaveLength(1);
  });
});

describe('faults of fields', () => {
  const rows: [text: string, error: ReturnType<typeof fieldRequired>][] = [
    ['a.b: Required value', fieldRequired('a.b')],
    ['a.b: Required value: give one', fieldRequired('a.b', 'give one')],
    ['a.b: Invalid value: "x y": no space', fieldInvalid('a.b', 'x y', 'no space')],
    ['a.b: Invalid value: -1', fieldInvalid('a.b', -1)],
    ['a.b: Invalid value: 5', fieldInvalid('a.b', 5n)],
    ['a.b: Invalid value: "null"', fieldInvalid('a.b', null)],
    ['a.b: Invalid value: true', fieldTypeInvalid('a.b', true)],
    ['a.b: Unsupported value: "x"', fieldNotSupported('a.b', 'x')],
    [
      'a.b: Unsupported value: "x": supported values: "y", "z"',
      fieldNotSupported('a.b', 'x', ['y', 'z']),
    ],
    ['a.b: Duplicate value: "x"', fieldDuplicate('a.b', 'x')],
    ['a.b: Not found: "x"', fieldNotFound('a.b', 'x')],
    ['a.b: Forbidden: not now', fieldForbidden('a.b', 'not now')],
    ['a.b: Too long: may not be more than 63 bytes', fieldTooLong('a.b', 63)],
    ['a.b: Too many: 4: must have at most 3 items', fieldTooMany('a.b', 4, 3)],
  ];
  for (const [text, error] of rows) {
    it(`read ${text}`, () => {
      expect(fieldErrorText(error)).toBe(text);
    });
  }
});

describe('DialError', () => {
  it('says what was called and why it failed', () => {
    const error = new DialError('refused', '10.0.0.1:80');
    expect([error.failure, error.message]).toEqual([
      'refused',
      'dial 10.0.0.1:80: connection refused',
    ]);
  });
});
