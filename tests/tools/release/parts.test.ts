import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { packageFiles, pruneLock, releaseManifest } from '../../../tools/release/package-files.ts';
import { minify } from '../../../tools/release/reference-files.ts';
import { importSpecifiers, rewriteSpecifiers } from '../../../tools/release/specifiers.ts';

describe('pruning a lock file', () => {
  it('drops what only development reaches and keeps what something optional needs', () => {
    const lock = {
      lockfileVersion: 3,
      packages: {
        '': { name: 'course', dependencies: { a: '1' }, devDependencies: { d: '1' } },
        'node_modules/a': { version: '1' },
        'node_modules/d': { version: '1', dev: true },
        'node_modules/o': { version: '1', devOptional: true },
      },
    };
    expect(pruneLock(lock).packages).toEqual({
      '': { name: 'course', dependencies: { a: '1' } },
      'node_modules/a': { version: '1' },
      'node_modules/o': { version: '1', optional: true },
    });
  });

  it('refuses another version of the format', () => {
    expect(() => pruneLock({ lockfileVersion: 2, packages: {} })).toThrow(/expected 3/);
  });
});

describe("a release's package.json", () => {
  it("has students' scripts only, and no development dependency", () => {
    const manifest = releaseManifest({
      scripts: { start: 'node start', release: 'node release' },
      devDependencies: { d: '1' },
      allowScripts: { d: false, a: false },
      imports: {
        '#kit': './tests/kit/index.ts',
        '#etcd/grpc': { 'ref-etcd': './solutions/x/index.ts', default: './chapters/x/index.ts' },
      },
    });
    expect(manifest).toEqual({
      scripts: { start: 'node start', test: 'vitest run chapters' },
      allowScripts: { a: false },
      imports: {
        '#etcd/grpc': { 'ref-etcd': './reference/x/index.js', default: './chapters/x/index.ts' },
      },
    });
  });
});

describe("a release's packages", () => {
  it('have the types that given code is checked with', () => {
    const manifest = JSON.parse(String(packageFiles(process.cwd()).get('package.json')));
    const lock = JSON.parse(String(packageFiles(process.cwd()).get('package-lock.json')));
    for (const name of ['@types/node', '@types/ws']) {
      expect(Object.keys(manifest.dependencies)).toContain(name);
      expect(Object.keys(lock.packages)).toContain(`node_modules/${name}`);
    }
  });
});

describe("a release's vitest.config.ts", () => {
  const ours = readFileSync('vitest.config.ts', 'utf8');
  const theirs = String(packageFiles(process.cwd()).get('vitest.config.ts'));

  it("runs every test in a chapter's folder, under the same names as the course's own", () => {
    for (const line of ['`examples of $' + '{id}`', '[`chapters/$' + '{id}/**/*.test.ts`]']) {
      expect(ours).toContain(line);
      expect(theirs).toContain(line);
    }
  });
});

describe('minifying a module', () => {
  it('names the modules beside it, and keeps class names', () => {
    const code = minify(
      'a.ts',
      `import { b } from './b.ts';
       import { c } from '#c';
       /** Says how. */
       export class Wrong extends Error {}
       export const url = new URL('./worker.ts', import.meta.url);
       export const late = () => import('./late.ts');
       export const value = b(c);`,
    );
    expect(importSpecifiers(code).sort()).toEqual(['#c', './b.js', './late.js']);
    expect(code).toContain('./worker.js');
    expect(code).toContain('"Wrong"');
    expect(code).not.toContain('Says how');
  });

  it('refuses a text that TypeScript would read as a call with a type argument', () => {
    const text = 'export const f = (g: any, a: any, b: any) => g((a < b), b > (g(), a));';
    expect(() => minify('a.ts', text)).toThrow(/something else to TypeScript/);
  });
});

describe('rewriting specifiers', () => {
  it('touches nothing but the specifiers', () => {
    const text = `import a from './a.ts'; export { b } from "./b.ts"; const s = './a.ts';`;
    expect(rewriteSpecifiers(text, (name) => name.replace('.ts', '.js'))).toBe(
      `import a from './a.js'; export { b } from "./b.js"; const s = './a.ts';`,
    );
  });
});
