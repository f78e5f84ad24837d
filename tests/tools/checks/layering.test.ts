import { describe, expect, it } from 'vitest';
import { cycles, problemsOfSource } from '../../../tools/checks/layering.ts';
import { parseSource } from '../../../tools/source/exercises.ts';

function problems(path: string, text: string): string[] {
  return problemsOfSource(path, parseSource(text, path));
}

describe('layering', () => {
  it.each([
    ['a file of the same component', 'etcd', "import { a } from './a.ts';"],
    ['a component below', 'etcd', "import { Clock } from '#apimachinery';"],
    ['what stubs import', 'etcd', "import { NotImplemented } from '#not-implemented';"],
    ['a type of the platform', 'etcd', "import type { Duplex } from 'node:stream';"],
    ['a member called like the platform', 'etcd', 'export const a = clock.setTimeout(1);'],
    ['a declared member of that name', 'etcd', 'export interface A { process: string }'],
    ['a parameter of that name', 'etcd', 'export const a = (process: object) => ({ process });'],
    [
      'a variable of that name',
      'etcd',
      'export function a(all: object[]): object[] { for (const process of all) { const { crypto } = { crypto: process }; all.push(crypto); } return all; }',
    ],
    ['a date of a given time', 'etcd', 'export const a = new Date(0);'],
  ])('allows %s', (_name, component, text) => {
    expect(problems(`solutions/01-${component}/range.ts`, text)).toEqual([]);
  });

  it.each([
    ['a component above', "import { x } from '#apiserver';", 'may not import "#apiserver"'],
    ['its own surface', "import { x } from '#etcd';", 'import each other as "./x.ts"'],
    ['a path out of the component', "import { x } from '../02-apiserver/a.ts';", 'leaves the comp'],
    ['a builtin', "import { readFileSync } from 'node:fs';", 'only adapters and mains'],
    ['a dynamic import', "export const a = import('node:fs');", 'only adapters and mains'],
    ['an unlisted package', "import x from 'left-pad';", 'package "left-pad" is not in the table'],
    ['the real clock', 'export const a = Date.now();', 'Date.now is for adapters'],
    ['the date of now', 'export const a = new Date();', 'new Date() is for adapters'],
    ['chance', 'export const a = Math.random();', 'Math.random is for adapters'],
    ['a timer', 'setTimeout(() => {}, 1);', 'setTimeout is for adapters'],
    ['the process', 'export const a = process.env;', 'process is for adapters'],
    [
      'the process beside a variable of that name',
      'export const f = (process: object) => process; export const a = process.env;',
      'process is for adapters',
    ],
  ])('refuses %s', (_name, text, message) => {
    const found = problems('solutions/01-etcd/range.ts', `\n${text}\n`);
    expect(found).toHaveLength(1);
    expect(found[0]).toContain('solutions/01-etcd/range.ts:2: ');
    expect(found[0]).toContain(message);
  });

  it('lets the platform into the files named for it', () => {
    const text = "import { open } from 'node:fs';\nexport const a = Date.now();\n";
    expect(problems('solutions/01-etcd/grpc/server.ts', text)).toEqual([]);
  });

  it('lets only storage of the API server see etcd', () => {
    const text = "import { EtcdClient } from '#etcd';\n";
    expect(problems('solutions/02-apiserver/storage/etcd.ts', text)).toEqual([]);
    expect(problems('solutions/02-apiserver/watch.ts', text)[0]).toContain('not for this file');
  });
});

describe('cycles', () => {
  it('finds a way back', () => {
    const graph = new Map([
      ['a', ['b']],
      ['b', ['c']],
      ['c', ['b']],
    ]);
    expect(cycles(graph)).toEqual(['import cycle: b → c → b']);
  });

  it('takes two ways to one file for none', () => {
    const graph = new Map([
      ['a', ['b', 'c']],
      ['b', ['d']],
      ['c', ['d']],
    ]);
    expect(cycles(graph)).toEqual([]);
  });
});
