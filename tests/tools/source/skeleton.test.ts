import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  MANIFEST,
  planSkeleton,
  readManifest,
  writeSkeleton,
} from '../../../tools/source/skeleton.ts';

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'skeleton-'));
  for (const file of ['package.json', 'tsconfig.base.json', 'solutions/tsconfig.json']) {
    cpSync(join(process.cwd(), file), join(root, file));
  }
  symlinkSync(join(process.cwd(), 'node_modules'), join(root, 'node_modules'));
  put('solutions/01-sample/a.ts', '/** @exercise sample/a */\nexport function a(): void {}\n');
  put('solutions/01-sample/grpc/kv.proto', 'syntax = "proto3";\n');
  put('chapters/01-sample/README.md', '# Sample\n');
});

afterEach(() => rmSync(root, { recursive: true }));

function put(path: string, text: string): void {
  mkdirSync(join(root, path, '..'), { recursive: true });
  writeFileSync(join(root, path), text);
}

function write(force = false) {
  return writeSkeleton(root, planSkeleton(root), force);
}

function drift(): string[] {
  return planSkeleton(root).drift.map(({ path, kind }) => `${path} ${kind}`);
}

describe('the skeleton on disk', () => {
  it('is written once, then in step', () => {
    expect(drift()).toEqual(['01-sample/a.ts missing', '01-sample/grpc/kv.proto missing']);
    expect(write().written).toEqual(['01-sample/a.ts', '01-sample/grpc/kv.proto']);
    expect(drift()).toEqual([]);
    expect(readFileSync(join(root, 'chapters/01-sample/a.ts'), 'utf8')).toContain('NotImplemented');
    expect(readFileSync(join(root, 'chapters/01-sample/README.md'), 'utf8')).toBe('# Sample\n');
    expect([...readManifest(root).keys()]).toEqual(['01-sample/a.ts', '01-sample/grpc/kv.proto']);
  });

  it('follows the solution where nobody changed the stub', () => {
    write();
    put('solutions/01-sample/grpc/kv.proto', 'syntax = "proto2";\n');
    expect(drift()).toEqual(['01-sample/grpc/kv.proto different']);
    expect(write().written).toEqual(['01-sample/grpc/kv.proto']);
  });

  it('does not write over what a person changed, unless forced', () => {
    write();
    put('chapters/01-sample/a.ts', 'mine\n');
    expect(write()).toEqual({ written: [], removed: [], refused: ['01-sample/a.ts'] });
    expect(readFileSync(join(root, 'chapters/01-sample/a.ts'), 'utf8')).toBe('mine\n');
    expect(write(true).written).toEqual(['01-sample/a.ts']);
    expect(drift()).toEqual([]);
  });

  it('does not write over a file it never wrote', () => {
    put('chapters/01-sample/a.ts', 'mine\n');
    expect(write().refused).toEqual(['01-sample/a.ts']);
  });

  it('removes what no longer comes from a solution, but nothing of a person', () => {
    write();
    rmSync(join(root, 'solutions/01-sample/grpc'), { recursive: true });
    put('chapters/01-sample/own.ts', 'mine\n');
    expect(drift()).toEqual(['01-sample/grpc/kv.proto left over', '01-sample/own.ts left over']);
    expect(write()).toEqual({
      written: [],
      removed: ['01-sample/grpc/kv.proto'],
      refused: ['01-sample/own.ts'],
    });
    expect(existsSync(join(root, 'chapters/01-sample/grpc/kv.proto'))).toBe(false);
    expect([...readManifest(root).keys()]).toEqual(['01-sample/a.ts']);
  });

  it('needs its manifest', () => {
    write();
    rmSync(join(root, MANIFEST));
    expect(drift()).toEqual([
      '01-sample/a.ts manifest out of date',
      '01-sample/grpc/kv.proto manifest out of date',
    ]);
    write();
    expect(drift()).toEqual([]);
  });

  it('refuses a solution in the place of a handwritten file', () => {
    put('solutions/01-sample/hints.md', '# no\n');
    expect(() => planSkeleton(root)).toThrow(/solutions\/01-sample\/hints.md: .* by hand/);
  });
});
