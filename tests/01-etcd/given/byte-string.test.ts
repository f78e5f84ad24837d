import {
  byteStringToUtf8,
  compareRevisions,
  fromByteString,
  inRange,
  isByteString,
  prefixEnd,
  toByteString,
  utf8ToByteString,
} from '#etcd';
import { describe, expect, fc, it, property } from '#kit';

describe('byte strings', () => {
  it('are UTF-8, one character a byte', () => {
    expect(utf8ToByteString('a')).toBe('a');
    expect(utf8ToByteString('ä')).toBe('\xc3\xa4');
    expect(byteStringToUtf8('\xc3\xa4')).toBe('ä');
    expect(byteStringToUtf8('\xff')).toBe('�');
    expect([isByteString('\xff'), isByteString('Ā'), isByteString('😀')]).toEqual([
      true,
      false,
      false,
    ]);
  });

  property('come back from bytes and from text', fc.string({ unit: 'binary' }), (text) => {
    const encoded = utf8ToByteString(text);
    expect(isByteString(encoded)).toBe(true);
    expect(byteStringToUtf8(encoded)).toBe(text);
    expect(toByteString(fromByteString(encoded))).toBe(encoded);
  });

  const aKey = fc.string({ unit: fc.constantFrom('\0', 'a', 'b', '\xfe', '\xff'), maxLength: 4 });
  property('between a prefix and its end all begin with it', aKey, aKey, (prefix, key) => {
    const range = { key: prefix || '\0', rangeEnd: prefixEnd(prefix) };
    if (key !== '') expect(inRange(key, range)).toBe(key.startsWith(prefix) || prefix === '');
  });

  it('end after their prefix', () => {
    const ends = ['/pods/', 'a\xff', '\xff\xff', ''].map(prefixEnd);
    expect(ends).toEqual(['/pods0', 'b', '\0', '\0']);
  });
});

describe('revisions', () => {
  it('are ordered by main, then by sub', () => {
    const at = (main: number, sub: number) => ({ main, sub });
    expect(compareRevisions(at(5, 1), at(5, 0))).toBeGreaterThan(0);
    expect(compareRevisions(at(5, 1), at(6, 0))).toBeLessThan(0);
    expect(compareRevisions(at(10, 0), at(9, 5))).toBeGreaterThan(0);
    expect(compareRevisions(at(5, 1), at(5, 1))).toBe(0);
  });
});
