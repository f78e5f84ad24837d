/** How many requests at a time, and for how long. */

import { describe, expect, it } from 'vitest';
import { FakeClock } from '#apimachinery';
import type { Answer } from '../../../solutions/02-apiserver/context.ts';
import {
  DEFAULT_LIMITS,
  isLongRunning,
  newLimits,
  parseDurationMs,
} from '../../../solutions/02-apiserver/filters/limits.ts';
import { newContext } from './filter-context.ts';

const pods = '/api/v1/namespaces/default/pods';
const done: Answer = { status: 200, headers: {}, body: 'done' };
const never = () => new Promise<Answer>(() => {});

describe('isLongRunning', () => {
  const requests: [string, string, boolean][] = [
    ['GET', pods, false],
    ['GET', `${pods}?watch=true`, true],
    ['GET', `/api/v1/watch/namespaces/default/pods`, true],
    ['GET', `${pods}/web/log`, true],
    ['POST', `${pods}/web/exec`, true],
    ['POST', `${pods}/web/attach`, true],
    ['POST', `${pods}/web/portforward`, true],
    ['GET', `${pods}/web/proxy/x`, true],
    ['GET', `${pods}/web/status`, false],
    ['POST', `${pods}/web/binding`, false],
    ['GET', '/healthz', false],
  ];
  it.each(requests)('%s %s', (method, target, expected) => {
    expect(isLongRunning(newContext({ method, target }).info)).toBe(expected);
  });
});

describe('requests in flight', () => {
  const limits = { ...DEFAULT_LIMITS, maxRequestsInFlight: 2, maxMutatingRequestsInFlight: 1 };

  it('are refused with 429 when they are too many, and taken again when one is done', async () => {
    const filter = newLimits(limits, new FakeClock());
    let finish = (_answer: Answer) => {};
    const first = filter(
      newContext({ target: pods }),
      () =>
        new Promise((resolve) => {
          finish = resolve;
        }),
    );
    filter(newContext({ target: pods }), never);
    await expect(filter(newContext({ target: pods }), async () => done)).rejects.toMatchObject({
      code: 429,
      reason: 'TooManyRequests',
      message: 'Too many requests, please try again later.',
      details: { retryAfterSeconds: 1 },
    });
    finish(done);
    await first;
    expect(await filter(newContext({ target: pods }), async () => done)).toBe(done);
  });

  it('count reads and writes apart', async () => {
    const filter = newLimits(limits, new FakeClock());
    filter(newContext({ method: 'POST', target: pods }), never);
    await expect(
      filter(newContext({ method: 'DELETE', target: `${pods}/a` }), async () => done),
    ).rejects.toMatchObject({ code: 429 });
    expect(await filter(newContext({ target: pods }), async () => done)).toBe(done);
  });

  it('do not count watches and the like, nor refuse system:masters', async () => {
    const filter = newLimits(limits, new FakeClock());
    for (let i = 0; i < 5; i++) filter(newContext({ target: `${pods}?watch=1` }), never);
    for (let i = 0; i < 2; i++) filter(newContext({ target: pods }), never);
    const admin = { username: 'admin', groups: ['system:masters'] };
    expect(await filter(newContext({ target: pods, user: admin }), async () => done)).toBe(done);
    expect(await filter(newContext({ target: `${pods}?watch=1` }), async () => done)).toBe(done);
  });

  it('are no longer counted when they failed, even at once', async () => {
    const filter = newLimits(limits, new FakeClock());
    for (let i = 0; i < 5; i++) {
      const failing = () => {
        throw new Error('broken');
      };
      await expect(filter(newContext({ target: pods }), failing)).rejects.toThrow('broken');
    }
  });

  it('have no limit when it is 0', async () => {
    const filter = newLimits({ ...limits, maxRequestsInFlight: 0 }, new FakeClock());
    for (let i = 0; i < 100; i++) filter(newContext({ target: pods }), never);
    expect(await filter(newContext({ target: pods }), async () => done)).toBe(done);
  });
});

describe('the time of a request', () => {
  const timedOut = {
    code: 504,
    reason: 'Timeout',
    message: 'Timeout: request did not complete within the allotted timeout',
  };

  it('is up after 60 seconds', async () => {
    const clock = new FakeClock();
    const answer = newLimits(DEFAULT_LIMITS, clock)(newContext({ target: pods }), never);
    const outcome = expect(answer).rejects.toMatchObject(timedOut);
    await clock.advance(59_999);
    await clock.advance(1);
    await outcome;
  });

  it('is what the request asks for, if that is less', async () => {
    const clock = new FakeClock();
    const filter = newLimits(DEFAULT_LIMITS, clock);
    const codes: Record<string, number> = {};
    const asked = ['1s', '1h', '0s'].map((timeout) =>
      filter(newContext({ target: `${pods}?timeout=${timeout}` }), never).catch((error) => {
        codes[timeout] = error.code;
      }),
    );
    await clock.advance(1000);
    expect(codes).toEqual({ '1s': 504 });
    await clock.advance(59_000);
    await Promise.all(asked);
    expect(codes).toEqual({ '1s': 504, '1h': 504, '0s': 504 });
  });

  it('must be a duration', async () => {
    const context = newContext({ target: `${pods}?timeout=soon` });
    await expect(
      newLimits(DEFAULT_LIMITS, new FakeClock())(context, async () => done),
    ).rejects.toMatchObject({
      code: 400,
      message: 'invalid timeout specified in the request URL - time: invalid duration "soon"',
    });
  });

  it('leaves no timer behind', async () => {
    const clock = new FakeClock();
    const filter = newLimits(DEFAULT_LIMITS, clock);
    await filter(newContext({ target: pods }), async () => done);
    expect(clock.pendingTimers).toBe(0);
  });

  it('does not count for a watch', async () => {
    const clock = new FakeClock();
    let isOver = false;
    const watch = newLimits(DEFAULT_LIMITS, clock)(
      newContext({ target: `${pods}?watch=1` }),
      never,
    );
    watch.finally(() => {
      isOver = true;
    });
    await clock.advance(600_000);
    expect(isOver).toBe(false);
  });
});

describe('parseDurationMs', () => {
  it.each([
    ['0', 0],
    ['1s', 1000],
    ['1m30s', 90_000],
    ['500ms', 500],
    ['1.5h', 5_400_000],
    ['-1s', -1000],
    ['1', undefined],
    ['', undefined],
    ['s', undefined],
    ['1d', undefined],
    ['1s ', undefined],
  ])('%j is %j', (text, expected) => {
    expect(parseDurationMs(text)).toBe(expected);
  });
});
