/** Raw request targets: what is let through, as what, and what is not. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StatusError } from '#apimachinery';
import { judgeTarget, MAX_TARGET_LENGTH } from '../../../solutions/02-apiserver/raw-target.ts';

describe('judgeTarget', () => {
  const good: [string, string, string][] = [
    ['/', '/', ''],
    ['/api', '/api', ''],
    ['/api/', '/api/', ''],
    ['/api/v1/pods?watch=1&a=b', '/api/v1/pods', 'watch=1&a=b'],
    ['/api?', '/api', ''],
    ['/api?a=/../b//c?d', '/api', 'a=/../b//c?d'],
    [
      '/api/v1/namespaces/a/services/http:web:80/proxy',
      '/api/v1/namespaces/a/services/http:web:80/proxy',
      '',
    ],
    ['/a%62c', '/abc', ''],
    ['/a%20b', '/a b', ''],
    ['/%C3%A9', '/é', ''],
    ['/a%25b', '/a%b', ''],
    ['/...', '/...', ''],
    ['/.a', '/.a', ''],
    ['/a..b', '/a..b', ''],
    ['http://localhost/api?x=y', '/api', 'x=y'],
    ['https://localhost:6443', '/', ''],
    ['http://localhost?x=y', '/', 'x=y'],
    ['/api/v1/nodes/a/proxy/', '/api/v1/nodes/a/proxy/', ''],
    ['/api/v1/nodes/a/proxy//logs', '/api/v1/nodes/a/proxy//logs', ''],
    ['/api/v1/namespaces/a/pods/b/proxy/c%2Fd', '/api/v1/namespaces/a/pods/b/proxy/c/d', ''],
  ];
  it.each(good)('lets %s through', (raw, path, query) => {
    expect(judgeTarget(raw)).toEqual({ path, query });
  });

  const bad: [string, string][] = [
    ['', 'does not begin with a slash'],
    ['*', 'does not begin with a slash'],
    ['api', 'does not begin with a slash'],
    ['example.com:443', 'does not begin with a slash'],
    ['ftp://localhost/api', 'does not begin with a slash'],
    ['//', 'an empty segment'],
    ['//api', 'an empty segment'],
    ['/api//v1', 'an empty segment'],
    ['/api/v1//', 'an empty segment'],
    ['http://localhost//api', 'an empty segment'],
    ['/.', 'a segment "." or ".."'],
    ['/..', 'a segment "." or ".."'],
    ['/a/./b', 'a segment "." or ".."'],
    ['/a/../b', 'a segment "." or ".."'],
    ['/a/..', 'a segment "." or ".."'],
    ['/a/%2e%2E/b', 'a segment "." or ".."'],
    ['/a/.%2e/b', 'a segment "." or ".."'],
    ['/a/..%2fb', 'a segment "." or ".."'],
    ['/a/..\\b', 'a segment "." or ".."'],
    ['/a%2Fb', 'an encoded slash'],
    ['/a%2fb', 'an encoded slash'],
    ['/a\\b', 'a backslash'],
    ['/a%5Cb', 'a backslash'],
    ['/a%00b', 'a control character'],
    ['/a%0Ab', 'a control character'],
    ['/a%7f', 'a control character'],
    ['/%', 'percent-encoding is broken'],
    ['/%4', 'percent-encoding is broken'],
    ['/%zz', 'percent-encoding is broken'],
    ['/%ff', 'percent-encoding is broken'],
    ['/%c0%af', 'percent-encoding is broken'],
    ['/a b', 'must be percent-encoded'],
    ['/a\tb', 'must be percent-encoded'],
    ['/a\u0000', 'must be percent-encoded'],
    ['/é', 'must be percent-encoded'],
    ['/api?a=é', 'must be percent-encoded'],
    ['/api#a', 'a fragment'],
    ['/api/v1/nodes/a/proxy/../b', 'a segment "." or ".."'],
    ['/api/v1/nodes/a/proxy/x%2F..%2Fb', 'a segment "." or ".."'],
    ['/api/v1/nodes/a//proxy/b', 'an empty segment'],
    ['/api/v1/nodes/a%2Fproxy/b//c', 'an encoded slash'],
    ['/apis/x/v1/nodes/a/proxy//b', 'an empty segment'],
  ];
  it.each(bad)('refuses %j', (raw, why) => {
    const error = judgeTarget(raw);
    expect(error).toBeInstanceOf(StatusError);
    expect(error).toMatchObject({ code: 400, reason: 'BadRequest' });
    expect((error as StatusError).message).toContain(
      why.replace('a control', 'an encoded control'),
    );
  });

  it('refuses what is too long, and takes what just fits', () => {
    expect(judgeTarget(`/${'a'.repeat(MAX_TARGET_LENGTH)}`)).toMatchObject({ code: 414 });
    expect(judgeTarget(`/${'a'.repeat(MAX_TARGET_LENGTH - 1)}`)).not.toBeInstanceOf(StatusError);
  });

  it('never lets a path through that a URL parser would read as another', () => {
    const piece = fc.constantFrom(
      '/',
      '.',
      '%2e',
      '%2F',
      '\\',
      '%5c',
      'a',
      '%',
      '%00',
      '//',
      ':',
      '@',
      '?',
      'é',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const raw = `/${pieces.join('')}`;
        const judged = judgeTarget(raw);
        if (judged instanceof StatusError) return;
        const seen = new URL(`http://localhost${raw}`);
        expect(decodeURIComponent(seen.pathname)).toBe(judged.path);
      }),
      { numRuns: 2000 },
    );
  });
});
