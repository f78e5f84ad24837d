import { describe, expect, it } from 'vitest';
import {
  apiVersionOf,
  dnsLabelFaults,
  dnsSubdomainFaults,
  groupKindText,
  groupResourceText,
  groupVersionKindOf,
  labelValueFaults,
  microTimestamp,
  parseInt64,
  qualifiedNameFaults,
  reasonForCode,
  timestamp,
} from '#apimachinery';

const long = (count: number): string => 'x'.repeat(count);

describe('checks of names', () => {
  const rows: [check: (text: string) => string[], good: string[], bad: string[]][] = [
    [
      qualifiedNameFaults,
      ['a', 'A_b.c-1', 'example.com/a', `${long(63)}`, `${'a.'.repeat(126)}a/b`],
      ['', '-a', 'a-', 'a b', '/a', 'a/', 'a/b/c', 'A.com/a', long(64), `${long(254)}/a`, 'a\n'],
    ],
    [
      labelValueFaults,
      ['', 'a', 'A_b.c-1', '1', long(63)],
      ['-a', 'a-', 'a b', 'a/b', '_', long(64), 'ä', 'a\n'],
    ],
    [dnsLabelFaults, ['a', 'a-1', '1a', long(63)], ['', 'A', 'a.b', '-a', 'a-', 'a_b', long(64)]],
    [
      dnsSubdomainFaults,
      ['a', 'a.b-c.1', `${'a.'.repeat(126)}a`],
      ['', 'A', '.a', 'a.', 'a..b', '-a', 'a_b', `${'a.'.repeat(126)}aa`],
    ],
  ];
  for (const [check, good, bad] of rows) {
    for (const text of good) {
      it(`${check.name} takes "${text.slice(0, 20)}" (${text.length})`, () => {
        expect(check(text)).toEqual([]);
      });
    }
    for (const text of bad) {
      it(`${check.name} refuses ${JSON.stringify(text.slice(0, 20))} (${text.length})`, () => {
        expect(check(text)).not.toEqual([]);
      });
    }
  }

  it('speak the words of the API', () => {
    expect(labelValueFaults('a b')).toEqual([
      "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
    ]);
    expect(qualifiedNameFaults('')).toContain('name part must be non-empty');
    expect(qualifiedNameFaults(long(64))).toEqual(['name part must be no more than 63 characters']);
  });
});

describe('groups, versions and kinds', () => {
  it('are written with a dot or a slash, without for the core group', () => {
    expect(groupResourceText({ group: '', resource: 'pods' })).toBe('pods');
    expect(groupResourceText({ group: 'apps', resource: 'deployments' })).toBe('deployments.apps');
    expect(groupKindText({ group: '', kind: 'Pod' })).toBe('Pod');
    expect(groupKindText({ group: 'apps', kind: 'Deployment' })).toBe('Deployment.apps');
    expect(apiVersionOf({ group: '', version: 'v1' })).toBe('v1');
    expect(apiVersionOf({ group: 'apps', version: 'v1' })).toBe('apps/v1');
  });

  it('are read from an object', () => {
    expect(groupVersionKindOf({ apiVersion: 'apps/v1', kind: 'Deployment' })).toEqual({
      group: 'apps',
      version: 'v1',
      kind: 'Deployment',
    });
    expect(groupVersionKindOf({ apiVersion: 'v1', kind: 'Pod' })).toEqual({
      group: '',
      version: 'v1',
      kind: 'Pod',
    });
    expect(groupVersionKindOf({})).toEqual({ group: '', version: '', kind: '' });
  });
});

describe('times', () => {
  it('are in whole seconds or in microseconds, and never in the future', () => {
    expect(timestamp(Date.UTC(2025, 0, 2, 3, 4, 5, 999))).toBe('2025-01-02T03:04:05Z');
    expect(microTimestamp(Date.UTC(2025, 0, 2, 3, 4, 5, 6))).toBe('2025-01-02T03:04:05.006000Z');
  });
});

describe('parseInt64', () => {
  it('reads whole numbers of 64 bits and nothing else', () => {
    expect(parseInt64('-9223372036854775808')).toBe(-(2n ** 63n));
    expect(parseInt64('+5')).toBe(5n);
    for (const text of ['9223372036854775808', '', '1.0', '1e3', ' 1', '0x1', '--1', '+-1']) {
      expect(parseInt64(text)).toBeUndefined();
    }
  });
});

describe('reasonForCode', () => {
  it('knows the usual codes and guesses the rest', () => {
    expect(reasonForCode(404)).toBe('NotFound');
    expect(reasonForCode(409)).toBe('Conflict');
    expect(reasonForCode(500)).toBe('InternalError');
    expect(reasonForCode(599)).toBe('InternalError');
    expect(reasonForCode(418)).toBe('');
  });
});
