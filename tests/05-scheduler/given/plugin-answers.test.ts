/** What becomes of plugins' answers, before the framework makes anything of them. */

import { describe, expect, it } from '#kit';
import { Status } from '#scheduler';
import {
  attempt,
  attemptAsync,
  type FailurePoint,
  failed,
  noNodeLeft,
  refused,
  scoreOutOfRange,
  toPreFilterResult,
} from '../../../solutions/05-scheduler/framework/plugin-answers.ts';

const thrown = new Error('out of paper');
const fail = (): never => {
  throw thrown;
};

describe('attempt', () => {
  it('gives what was answered, nothing included', async () => {
    expect(attempt(() => 7)).toBe(7);
    expect(attempt(() => undefined)).toBeUndefined();
    expect(await attemptAsync(async () => 7)).toBe(7);
  });

  it('gives an error for what was thrown, before there is a promise, too', async () => {
    const late = attemptAsync(() => Promise.reject(thrown));
    for (const status of [attempt(fail), await late, await attemptAsync(fail)]) {
      expect(status).toMatchObject({ code: 'Error', message: 'out of paper' });
      expect((status as Status).error).toBe(thrown);
    }
  });
});

describe('refused and failed', () => {
  it('puts a name on a rejection and changes nothing else', () => {
    const status = new Status('Pending', ['a', 'b']);
    const { code, reasons, plugin } = refused('Filter', 'P', status);
    expect([code, reasons, plugin]).toEqual(['Pending', ['a', 'b'], 'P']);
    expect(status.plugin).toBe('');
  });

  it('takes no rejection where none is allowed', () => {
    const status = failed('PreScore', 'P', new Status('Unschedulable', ['late']));
    expect(status).toMatchObject({ code: 'Error', plugin: 'P' });
    expect(status.message).toBe('running PreScore plugin "P": late');
  });

  it('keeps an error that was carried, and makes one otherwise', () => {
    expect(failed('Bind', 'P', Status.ofError(thrown)).error).toBe(thrown);
    const made = failed('Bind', 'P', new Status('Wait'));
    expect((made.error as Error).message).toBe('running Bind plugin "P": Wait');
  });

  const rows: [point: FailurePoint, text: string][] = [
    ['PreFilter', 'running PreFilter plugin "P": m'],
    ['AddPod', 'running AddPod on PreFilter plugin "P": m'],
    ['RemovePod', 'running RemovePod on PreFilter plugin "P": m'],
    ['Filter', 'running "P" filter plugin: m'],
    ['PostFilter', 'm'],
    ['Score', 'running Score plugins: plugin "P" failed with: m'],
    ['Normalize on Score', 'running Normalize on Score plugins: plugin "P" failed with: m'],
    ['PreBind', 'running PreBind plugin "P": m'],
  ];
  for (const [point, text] of rows) {
    it(`says where: ${point}`, () => {
      expect(failed(point, 'P', new Status('Error', ['m'])).message).toBe(text);
    });
  }
});

describe('texts of the framework itself', () => {
  it('tells of a score out of range', () => {
    const status = scoreOutOfRange('P', 101);
    expect(status).toMatchObject({ code: 'Error', plugin: 'P' });
    expect((status.error as Error).message).toBe(status.message);
  });

  it('tells who named nodes, in the order of names', () => {
    const text = (...names: string[]) => noNodeLeft(names).message;
    expect(text('B')).toBe("node(s) didn't satisfy plugin B");
    expect(text('B', 'A')).toBe("node(s) didn't satisfy plugin(s) [A B] simultaneously");
  });

  it('brings answers of preFilter into one shape', () => {
    const status = new Status('Skip');
    expect(toPreFilterResult(undefined)).toEqual({});
    expect(toPreFilterResult({ status }).status).toBe(status);
    expect(toPreFilterResult(status).status).toBe(status);
  });
});
