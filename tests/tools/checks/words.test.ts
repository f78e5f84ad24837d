import { describe, expect, it } from 'vitest';
import { findForbidden } from '../../../tools/checks/words.ts';

describe('the check of words', () => {
  it('finds registries, lock file origins and folders of one machine', () => {
    const registry = ['https://registry', 'npmjs', 'org/'].join('.');
    const lines = ['fine', registry, `"${'resol'}${'ved'}": "x"`, `/${'home'}/ada/course`];
    expect(findForbidden(lines.join('\n')).map((line) => line.split(':')[0])).toEqual([
      '2',
      '3',
      '4',
    ]);
  });

  it('lets ordinary words be', () => {
    expect(findForbidden('npm install; a promise that resolved: yes')).toEqual([]);
  });
});
