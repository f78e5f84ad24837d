import { describe, expect, it } from 'vitest';
import { dependenciesTable, dependenciesText } from '../../../tools/checks/dependencies.ts';
import { coreOnExtras, onLater } from '../../../tools/checks/teaching-order.ts';

const needs = { 'etcd/put': [], 'etcd/get': ['etcd/put'], 'etcd/lease': ['etcd/get', 'etcd/put'] };

describe('the record of dependencies', () => {
  it('has one exercise a line', () => {
    expect(dependenciesText(needs)).toBe(`{
  "needs": {
    "etcd/put": [],
    "etcd/get": ["etcd/put"],
    "etcd/lease": ["etcd/get", "etcd/put"]
  }
}
`);
    expect(JSON.parse(dependenciesText(needs))).toEqual({ needs });
  });

  it('is shown as a table', () => {
    expect(dependenciesTable(needs)).toEqual([
      'etcd/put   ■ · ·',
      'etcd/get   ● ■ ·  etcd/put',
      'etcd/lease ● ● ■  etcd/get etcd/put',
    ]);
  });

  it('shows a core exercise that needs an extra', () => {
    const exercises = [
      { id: 'etcd/put', core: false },
      { id: 'etcd/get', core: true },
      { id: 'etcd/lease', core: false },
    ];
    expect(coreOnExtras(exercises, needs)).toEqual([
      'the tests of core exercise etcd/get need extra etcd/put',
    ]);
  });

  it('shows an exercise that needs one taught after it', () => {
    const exercises = [{ id: 'etcd/get' }, { id: 'etcd/put' }, { id: 'etcd/lease' }];
    expect(onLater(exercises, needs)).toEqual([
      'the tests of etcd/get need etcd/put, which is taught after it',
    ]);
  });
});
