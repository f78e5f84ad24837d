import {
  fieldErrorText,
  fieldForbidden,
  fieldInvalid,
  fieldRequired,
  fromStatus,
  isAlreadyExists,
  isBadRequest,
  isConflict,
  isExpired,
  isForbidden,
  isInternalError,
  isInvalid,
  isMethodNotAllowed,
  isNotFound,
  isRequestEntityTooLarge,
  isServerTimeout,
  isTimeout,
  isTooManyRequests,
  isUnauthorized,
  newAlreadyExists,
  newBadRequest,
  newConflict,
  newExpired,
  newForbidden,
  newInternalError,
  newInvalid,
  newMethodNotAllowed,
  newNotFound,
  newServerTimeout,
  newTimeout,
  newTooManyRequests,
  newUnauthorized,
  reasonOf,
  retryAfterSeconds,
  StatusError,
  statusErrorIn,
} from '#apimachinery';
import { describe, expect, fc, it, property } from '#kit';

const PODS = { group: '', resource: 'pods' };
const DEPLOYMENTS = { group: 'apps', resource: 'deployments' };
const NO_RESOURCE = { group: '', resource: '' };

/** What of an error everybody can see, details as they travel. */
function shown(error: StatusError): object {
  const { code, reason, message } = error;
  return { code, reason, message, details: error.toStatus().details };
}

describe('errors about an object', () => {
  const about = { name: 'web', kind: 'pods' };

  it.core('say that it is not there', () => {
    const error = newNotFound(PODS, 'web');
    expect(error).toBeInstanceOf(StatusError);
    expect(error.code).toBe(404);
    expect(error.reason).toBe('NotFound');
    expect(error.message).toBe('pods "web" not found');
    expect(error.details).toMatchObject(about);
  });

  it.core('say that it is there already', () => {
    expect(shown(newAlreadyExists(DEPLOYMENTS, 'web'))).toEqual({
      code: 409,
      reason: 'AlreadyExists',
      message: 'deployments.apps "web" already exists',
      details: { name: 'web', group: 'apps', kind: 'deployments' },
    });
  });

  it.core('say that it was changed in between', () => {
    expect(shown(newConflict(PODS, 'web', 'please try again'))).toEqual({
      code: 409,
      reason: 'Conflict',
      message: 'Operation cannot be fulfilled on pods "web": please try again',
      details: about,
    });
  });

  it.core('say that it is forbidden', () => {
    expect(shown(newForbidden(PODS, 'web', 'no access'))).toEqual({
      code: 403,
      reason: 'Forbidden',
      message: 'pods "web" is forbidden: no access',
      details: about,
    });
  });

  it('name the group behind the resource', () => {
    expect(newNotFound(DEPLOYMENTS, 'web').message).toBe('deployments.apps "web" not found');
    expect(newConflict(DEPLOYMENTS, 'web', 'x').message).toBe(
      'Operation cannot be fulfilled on deployments.apps "web": x',
    );
    expect(newForbidden(DEPLOYMENTS, 'web', 'x').message).toBe(
      'deployments.apps "web" is forbidden: x',
    );
  });

  it('have details with the resource as kind', () => {
    const { details } = newNotFound(DEPLOYMENTS, 'web');
    expect(details).toMatchObject({ name: 'web', group: 'apps', kind: 'deployments' });
  });

  it('leave the name out when a forbidden request has none', () => {
    expect(newForbidden(PODS, '', 'no access').message).toBe('pods is forbidden: no access');
    expect(newForbidden(DEPLOYMENTS, '', 'no').message).toBe('deployments.apps is forbidden: no');
  });

  it('leave the resource out when a forbidden request is about none', () => {
    expect(newForbidden(NO_RESOURCE, '', 'no access').message).toBe('forbidden: no access');
    expect(newForbidden(NO_RESOURCE, 'web', 'no access').message).toBe('forbidden: no access');
  });
});

describe('errors about fields', () => {
  const kind = { group: '', kind: 'Pod' };
  const missing = fieldRequired('spec.nodeName');
  const wrong = fieldInvalid('metadata.name', 'A b', 'must be lower case');

  it.core('say what is wrong with one field', () => {
    expect(shown(newInvalid(kind, 'web', [missing]))).toEqual({
      code: 422,
      reason: 'Invalid',
      message: 'Pod "web" is invalid: spec.nodeName: Required value',
      details: {
        name: 'web',
        kind: 'Pod',
        causes: [
          { reason: 'FieldValueRequired', message: 'Required value', field: 'spec.nodeName' },
        ],
      },
    });
  });

  it.core('list several faults in square brackets', () => {
    const error = newInvalid({ group: 'apps', kind: 'Deployment' }, 'web', [wrong, missing]);
    expect(error.message).toBe(
      `Deployment.apps "web" is invalid: [${fieldErrorText(wrong)}, spec.nodeName: Required value]`,
    );
    expect(error.details?.causes).toEqual([
      {
        reason: 'FieldValueInvalid',
        message: 'Invalid value: "A b": must be lower case',
        field: 'metadata.name',
      },
      { reason: 'FieldValueRequired', message: 'Required value', field: 'spec.nodeName' },
    ]);
    expect(error.details).toMatchObject({ name: 'web', group: 'apps', kind: 'Deployment' });
  });

  it('name the object alone when there is no fault', () => {
    expect(newInvalid(kind, 'web', []).message).toBe('Pod "web" is invalid');
  });

  it('say the same thing once, but keep all causes', () => {
    const error = newInvalid(kind, 'web', [missing, missing]);
    expect(error.message).toBe('Pod "web" is invalid: spec.nodeName: Required value');
    expect(error.details?.causes).toHaveLength(2);
  });

  it('keep apart what is the same fault of another field', () => {
    const error = newInvalid(kind, '', [missing, fieldForbidden('spec.b', 'not now'), missing]);
    expect(error.message).toBe(
      'Pod "" is invalid: [spec.nodeName: Required value, spec.b: Forbidden: not now]',
    );
  });
});

describe('other errors', () => {
  const rows: [name: string, make: () => StatusError, expected: object][] = [
    [
      'a bad request',
      () => newBadRequest('what?'),
      { code: 400, reason: 'BadRequest', message: 'what?' },
    ],
    [
      'an unknown user',
      () => newUnauthorized('who?'),
      { code: 401, reason: 'Unauthorized', message: 'who?' },
    ],
    [
      'an unknown user, without words',
      () => newUnauthorized(''),
      { code: 401, reason: 'Unauthorized', message: 'not authorized' },
    ],
    [
      'a method that is not allowed',
      () => newMethodNotAllowed(DEPLOYMENTS, 'patch'),
      {
        code: 405,
        reason: 'MethodNotAllowed',
        message: 'patch is not supported on resources of kind "deployments.apps"',
        details: { group: 'apps', kind: 'deployments' },
      },
    ],
    [
      'too many requests',
      () => newTooManyRequests('slow down', 7),
      {
        code: 429,
        reason: 'TooManyRequests',
        message: 'slow down',
        details: { retryAfterSeconds: 7 },
      },
    ],
    [
      'a server that has no time',
      () => newServerTimeout(PODS, 'list', 2),
      {
        code: 500,
        reason: 'ServerTimeout',
        message:
          'The list operation against pods could not be completed at this time, please try again.',
        details: { name: 'list', kind: 'pods', retryAfterSeconds: 2 },
      },
    ],
    [
      'a server that has no time for a resource of a group',
      () => newServerTimeout(DEPLOYMENTS, 'update', 1),
      {
        code: 500,
        reason: 'ServerTimeout',
        message:
          'The update operation against deployments.apps could not be completed at this time, please try again.',
        details: { name: 'update', group: 'apps', kind: 'deployments', retryAfterSeconds: 1 },
      },
    ],
    [
      'a request that took too long',
      () => newTimeout('gave up', 3),
      {
        code: 504,
        reason: 'Timeout',
        message: 'Timeout: gave up',
        details: { retryAfterSeconds: 3 },
      },
    ],
    [
      'a server that failed in itself',
      () => newInternalError(new Error('disk full')),
      {
        code: 500,
        reason: 'InternalError',
        message: 'Internal error occurred: disk full',
        details: { causes: [{ message: 'disk full' }] },
      },
    ],
    [
      'a resource version that is too old',
      () => newExpired('too old resource version: 3 (10)'),
      { code: 410, reason: 'Expired', message: 'too old resource version: 3 (10)' },
    ],
  ];
  for (const [name, make, expected] of rows) {
    it.core(`are made for ${name}`, () => {
      expect(shown(make())).toEqual({ details: undefined, ...expected });
    });
  }

  it('keep the error behind an internal error', () => {
    const why = new Error('disk full');
    expect(newInternalError(why).cause).toBe(why);
  });

  it('have no details where nobody needs any', () => {
    for (const error of [newBadRequest('a'), newUnauthorized('b'), newExpired('c')]) {
      expect(error.details).toBeUndefined();
    }
  });
});

describe('an error as a Status', () => {
  it.core('is the object that goes over the wire', () => {
    expect(newNotFound(PODS, 'web').toStatus()).toStrictEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: 'pods "web" not found',
      reason: 'NotFound',
      details: { name: 'web', kind: 'pods' },
      code: 404,
    });
  });

  it('has no details and no reason when there are none', () => {
    expect(new StatusError({ code: 418, reason: '', message: 'tea' }).toStatus()).toStrictEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: 'tea',
      code: 418,
    });
  });

  it('has no details when all of them are empty', () => {
    const details = { name: '', group: '', kind: '', uid: '', causes: [], retryAfterSeconds: 0 };
    const status = new StatusError({ code: 400, reason: 'BadRequest', message: 'm', details });
    expect(Object.keys(status.toStatus())).not.toContain('details');
  });

  it('leaves out what is empty in the details, and keeps the rest', () => {
    const details = {
      name: 'web',
      group: '',
      uid: 'u1',
      causes: [{ reason: 'R', message: 'M', field: 'f' }],
      retryAfterSeconds: 1,
    };
    const status = new StatusError({ code: 400, reason: 'x', message: 'm', details }).toStatus();
    expect(status.details).toStrictEqual({
      name: 'web',
      uid: 'u1',
      causes: [{ reason: 'R', message: 'M', field: 'f' }],
      retryAfterSeconds: 1,
    });
  });

  it('leaves out what is empty in a cause, and keeps the cause', () => {
    const causes = [{ reason: 'R', message: '', field: '' }, { message: 'M' }, { field: '' }];
    const error = new StatusError({ code: 400, reason: 'x', message: 'm', details: { causes } });
    expect(error.toStatus().details).toStrictEqual({
      causes: [{ reason: 'R' }, { message: 'M' }, {}],
    });
  });

  it('is a copy', () => {
    const error = newInvalid({ group: '', kind: 'Pod' }, 'web', [fieldRequired('a')]);
    const status = error.toStatus();
    if (status.details) status.details.name = 'other';
    if (status.details?.causes?.[0]) status.details.causes[0].field = 'b';
    status.details?.causes?.push({ field: 'c' });
    expect(error.details?.name).toBe('web');
    expect(error.details?.causes).toMatchObject([{ field: 'a' }]);
    expect(error.toStatus().details?.causes).toHaveLength(1);
  });
});

describe('an error from a Status', () => {
  it.core('is the error that was sent', () => {
    const sent = newInvalid({ group: 'apps', kind: 'Deployment' }, 'web', [fieldRequired('a.b')]);
    const received = fromStatus(JSON.parse(JSON.stringify(sent.toStatus())));
    expect(received).toBeInstanceOf(StatusError);
    expect(received.toStatus()).toEqual(sent.toStatus());
  });

  it.core('has the code, reason and message of the Status', () => {
    const status = { kind: 'Status', code: 404, reason: 'NotFound', message: 'pods "a" not found' };
    expect(fromStatus(status)).toMatchObject({
      code: 404,
      reason: 'NotFound',
      message: 'pods "a" not found',
    });
  });

  it.core('goes by the HTTP code when the body is no Status', () => {
    expect(fromStatus('<html>Bad Gateway</html>', 404)).toMatchObject({
      code: 404,
      reason: 'NotFound',
      message: 'the server responded with the status code 404 but did not return more information',
    });
  });

  const strange: [name: string, body: unknown][] = [
    ['nothing', undefined],
    ['null', null],
    ['text', 'oops'],
    ['empty text', ''],
    ['a number', 404],
    ['an array', [{ kind: 'Status', code: 404 }]],
    ['an empty object', {}],
    ['another kind', { kind: 'Pod', code: 404, message: 'm', reason: 'NotFound' }],
    ['an object without a kind', { code: 404, message: 'm' }],
    ['an empty Status', { kind: 'Status' }],
  ];
  for (const [name, body] of strange) {
    it(`is made of ${name}, too`, () => {
      const error = fromStatus(body, 502);
      expect(error).toMatchObject({
        code: 502,
        reason: 'InternalError',
        message:
          'the server responded with the status code 502 but did not return more information',
      });
      expect(error.toStatus().details).toBeUndefined();
    });
  }

  it('has the code 500 when nobody knows another', () => {
    expect(fromStatus(null)).toMatchObject({ code: 500, reason: 'InternalError' });
  });

  const codes: [name: string, code: unknown][] = [
    ['text', '404'],
    ['a fraction', 404.5],
    ['zero', 0],
    ['a success', 200],
    ['too small', 399],
    ['too large', 600],
    ['null', null],
    ['an array', [404]],
  ];
  for (const [name, code] of codes) {
    it(`does not believe a code that is ${name}`, () => {
      expect(fromStatus({ kind: 'Status', code, message: 'm' }, 503)).toMatchObject({
        code: 503,
        reason: 'ServiceUnavailable',
        message: 'm',
      });
    });
  }

  it('believes codes from 400 to 599, whatever the answer had', () => {
    expect(fromStatus({ kind: 'Status', code: 400 }, 503).code).toBe(400);
    expect(fromStatus({ kind: 'Status', code: 599 }, 503).code).toBe(599);
  });

  it('finds the reason by the code when there is none', () => {
    expect(fromStatus({ kind: 'Status', code: 409, message: 'm' }).reason).toBe('Conflict');
    expect(fromStatus({ kind: 'Status', code: 418, message: 'm' }).reason).toBe('');
    expect(fromStatus({ kind: 'Status', code: 410, reason: 7 }).reason).toBe('Gone');
    expect(fromStatus({ kind: 'Status', code: 404, reason: '' }).reason).toBe('NotFound');
  });

  it('keeps a reason it does not know', () => {
    const error = fromStatus({ kind: 'Status', code: 404, reason: 'Vanished', message: 'm' });
    expect(error.reason).toBe('Vanished');
  });

  it('has a message of its own when the Status has none', () => {
    for (const message of [undefined, null, '', 5, {}]) {
      expect(fromStatus({ kind: 'Status', code: 409, reason: 'Conflict', message }).message).toBe(
        'the server responded with the status code 409 but did not return more information',
      );
    }
  });

  it('drops details of the wrong type and keeps the others', () => {
    const details = {
      name: 5,
      group: 'apps',
      kind: ['x'],
      uid: 'u1',
      causes: [{ reason: 'R', message: 1, field: 'f' }, null, 'x', ['y'], {}],
      retryAfterSeconds: -1,
      other: 'x',
    };
    const error = fromStatus({ kind: 'Status', code: 409, reason: 'Conflict', details });
    expect(error.toStatus().details).toEqual({
      group: 'apps',
      uid: 'u1',
      causes: [{ reason: 'R', field: 'f' }, {}],
    });
  });

  for (const retry of ['5', null, -3, Number.NaN]) {
    it(`does not believe a retryAfterSeconds of ${JSON.stringify(retry)} (${typeof retry})`, () => {
      const details = { name: 'web', retryAfterSeconds: retry };
      const error = fromStatus({ kind: 'Status', code: 429, details });
      expect(error.toStatus().details).toEqual({ name: 'web' });
      expect(retryAfterSeconds(error)).toBeUndefined();
    });
  }

  for (const details of [null, 'x', 5, [], [{ name: 'a' }], { causes: {} }, { causes: 'x' }]) {
    it(`takes details ${JSON.stringify(details)} for none`, () => {
      const error = fromStatus({ kind: 'Status', code: 404, message: 'm', details });
      expect(error.toStatus().details).toBeUndefined();
    });
  }

  property('is made of anything', fc.anything(), (body) => {
    const error = fromStatus(body, 500);
    expect(error).toBeInstanceOf(StatusError);
    expect(error.toStatus()).toMatchObject({ kind: 'Status', status: 'Failure' });
    expect(error.message).not.toBe('');
  });

  const junk = fc.oneof(fc.anything(), fc.string(), fc.integer({ min: 300, max: 700 }));
  const status = fc.record({
    kind: fc.constant('Status'),
    code: junk,
    reason: junk,
    message: junk,
    details: fc.oneof(junk, fc.record({ name: junk, causes: fc.array(junk), uid: junk })),
  });
  property('is made of any half-broken Status', status, (body) => {
    const { code } = fromStatus(body, 500);
    expect(code).toBeGreaterThanOrEqual(400);
    expect(code).toBeLessThanOrEqual(599);
  });
});

describe('asking what was thrown', () => {
  const questions: [name: string, ask: (error: unknown) => boolean, make: () => StatusError][] = [
    ['isNotFound', isNotFound, () => newNotFound(PODS, 'a')],
    ['isAlreadyExists', isAlreadyExists, () => newAlreadyExists(PODS, 'a')],
    ['isConflict', isConflict, () => newConflict(PODS, 'a', 'b')],
    ['isInvalid', isInvalid, () => newInvalid({ group: '', kind: 'Pod' }, 'a', [])],
    ['isBadRequest', isBadRequest, () => newBadRequest('a')],
    ['isUnauthorized', isUnauthorized, () => newUnauthorized('a')],
    ['isForbidden', isForbidden, () => newForbidden(PODS, 'a', 'b')],
    ['isMethodNotAllowed', isMethodNotAllowed, () => newMethodNotAllowed(PODS, 'a')],
    ['isExpired', isExpired, () => newExpired('a')],
    ['isTimeout', isTimeout, () => newTimeout('a', 1)],
    ['isServerTimeout', isServerTimeout, () => newServerTimeout(PODS, 'a', 1)],
    ['isInternalError', isInternalError, () => newInternalError(new Error('a'))],
    ['isTooManyRequests', isTooManyRequests, () => newTooManyRequests('a', 1)],
  ];
  it.core('gets one yes for each reason', () => {
    for (const [name, ask] of questions) {
      const answers = questions.filter(([, , make]) => ask(make())).map(([other]) => other);
      expect(answers).toEqual([name]);
    }
  });

  it('sees through errors that were caused by it', () => {
    const wrapped = new Error('sync failed', { cause: newNotFound(PODS, 'web') });
    expect(isNotFound(wrapped)).toBe(true);
    expect(isNotFound(new Error('again', { cause: wrapped }))).toBe(true);
    expect(isConflict(wrapped)).toBe(false);
  });

  const error = (code: number, reason: string): StatusError =>
    new StatusError({ code, reason, message: '' });

  const codes: [name: string, ask: (error: unknown) => boolean, code: number][] = [
    ['isBadRequest', isBadRequest, 400],
    ['isUnauthorized', isUnauthorized, 401],
    ['isForbidden', isForbidden, 403],
    ['isNotFound', isNotFound, 404],
    ['isMethodNotAllowed', isMethodNotAllowed, 405],
    ['isConflict', isConflict, 409],
    ['isInvalid', isInvalid, 422],
    ['isInternalError', isInternalError, 500],
    ['isTimeout', isTimeout, 504],
  ];
  for (const [name, ask, code] of codes) {
    it(`goes by the code for ${name} only when the reason is none it knows`, () => {
      expect(ask(error(code, 'Vanished'))).toBe(true);
      expect(ask(error(code, ''))).toBe(true);
      expect(ask(error(418, 'Vanished'))).toBe(false);
      expect(ask(error(code, 'ServiceUnavailable'))).toBe(false);
      expect(ask(new Error('sync', { cause: error(code, 'Vanished') }))).toBe(true);
    });
  }

  it('goes by the reason alone where a code can mean more than one thing', () => {
    expect(isAlreadyExists(error(409, 'Vanished'))).toBe(false);
    expect(isExpired(error(410, ''))).toBe(false);
    expect(isServerTimeout(error(500, ''))).toBe(false);
    expect(isInternalError(error(502, 'Vanished'))).toBe(false);
  });

  it('goes by the code alone for too many requests and too large bodies', () => {
    for (const reason of ['Vanished', 'Conflict']) {
      expect(isTooManyRequests(error(429, reason))).toBe(true);
      expect(isRequestEntityTooLarge(error(413, reason))).toBe(true);
      expect(isTooManyRequests(error(413, reason))).toBe(false);
    }
  });
});

describe('the API error in what was thrown', () => {
  it.core('is the error itself or one of its causes', () => {
    const error = newNotFound(PODS, 'web');
    expect(statusErrorIn(error)).toBe(error);
    expect(statusErrorIn(new Error('outer', { cause: error }))).toBe(error);
    expect(statusErrorIn(new Error('outer'))).toBeUndefined();
  });

  it('is the outermost of several', () => {
    const inner = newNotFound(PODS, 'web');
    const outer = newBadRequest('what?');
    outer.cause = inner;
    expect(statusErrorIn(new Error('top', { cause: outer }))).toBe(outer);
  });

  const none: [name: string, thrown: unknown][] = [
    ['undefined', undefined],
    ['null', null],
    ['text', 'NotFound'],
    ['an object that looks like one', { name: 'StatusError', code: 404, reason: 'NotFound' }],
    ['an error with a cause that is no error', new Error('a', { cause: 'NotFound' })],
  ];
  for (const [name, thrown] of none) {
    it(`is not there in ${name}`, () => {
      expect(statusErrorIn(thrown)).toBeUndefined();
      expect(reasonOf(thrown)).toBe('');
      expect(retryAfterSeconds(thrown)).toBeUndefined();
    });
  }

  it('is not sought for ever', () => {
    const a = new Error('a');
    const b = new Error('b', { cause: a });
    a.cause = b;
    expect(statusErrorIn(a)).toBeUndefined();
    expect(reasonOf(b)).toBe('');
  });

  it.core('gives the reason', () => {
    expect(reasonOf(newConflict(PODS, 'a', 'b'))).toBe('Conflict');
    expect(reasonOf(new Error('x', { cause: newExpired('y') }))).toBe('Expired');
    expect(reasonOf(new Error('x'))).toBe('');
  });
});

describe('when to try again', () => {
  it.core('is what the server says', () => {
    expect(retryAfterSeconds(newTooManyRequests('slow down', 7))).toBe(7);
    expect(retryAfterSeconds(newTimeout('gave up', 3))).toBe(3);
    expect(retryAfterSeconds(newNotFound(PODS, 'web'))).toBeUndefined();
  });

  it('is not said by a server that says 0', () => {
    expect(retryAfterSeconds(newTooManyRequests('slow down', 0))).toBeUndefined();
  });

  it('is at once for a server timeout without a time', () => {
    expect(retryAfterSeconds(newServerTimeout(PODS, 'list', 0))).toBe(0);
    expect(retryAfterSeconds(newServerTimeout(PODS, 'list', 4))).toBe(4);
  });

  it('needs details, for a server timeout too', () => {
    const bare = new StatusError({ code: 500, reason: 'ServerTimeout', message: 'm' });
    expect(retryAfterSeconds(bare)).toBeUndefined();
  });

  it('is found in a cause', () => {
    const error = new Error('sync', { cause: newTooManyRequests('slow down', 7) });
    expect(retryAfterSeconds(error)).toBe(7);
  });
});
