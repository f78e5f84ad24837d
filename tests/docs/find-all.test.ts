import { describe, expect, it } from 'vitest';
import { newFinder } from './find-all.ts';

describe('newFinder', () => {
  it('finds what is there, each once, and nothing else', () => {
    const find = newFinder(['abc', 'bcd', 'abcde', 'xyz', 'abc']);
    expect(find('..abcd..abc').sort()).toEqual(['abc', 'bcd']);
    expect(find('abcde').sort()).toEqual(['abc', 'abcde', 'bcd']);
    expect(find('ab')).toEqual([]);
    expect(newFinder([])('abc')).toEqual([]);
  });
});
