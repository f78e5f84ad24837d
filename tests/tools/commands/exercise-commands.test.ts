import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CorruptStateError, readState, statePath } from '../../../tools/course-state.ts';
import {
  borrowCommand,
  resetCommand,
  unborrowCommand,
} from '../../../tools/start/exercise-commands.ts';
import { UsageError } from '../../../tools/start/find-exercise.ts';
import { hintCommand } from '../../../tools/start/hint-command.ts';
import { ADD_STUB, makeCourse, SUMS_SOLUTION } from './fixture-course.ts';

let course: ReturnType<typeof makeCourse>;
beforeEach(() => {
  course = makeCourse();
});
afterEach(() => {
  course[Symbol.dispose]();
});

type Command = typeof resetCommand | typeof hintCommand;

async function run(command: Command, ...args: string[]): Promise<string> {
  const lines: string[] = [];
  const code = await command({ root: course.root, args, print: (line) => lines.push(line) });
  expect(code).toBe(0);
  return lines.join('\n');
}

const addFile = () => join(course.root, 'chapters/00-sums/add.ts');
const readAdd = () => readFileSync(addFile(), 'utf8');

/** Everything put aside for an exercise. */
function kept(id: string): string[] {
  const folder = join(course.root, '.course/kept', id.replace('/', '__'));
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .sort()
    .map((name) => readFileSync(join(folder, name), 'utf8'));
}

describe('hint', () => {
  it('climbs the ladder rung by rung and stays on the last', async () => {
    expect(await run(hintCommand, 'sums/add')).toMatch(/hint 1 of 2\n\nLook at the plus sign/);
    expect(await run(hintCommand, '0.1')).toMatch(/hint 2 of 2[\s\S]*a \+ b/);
    expect(await run(hintCommand, 'add')).toContain('hint 2 of 2');
    expect(readState(course.root).exercises['sums/add']?.hints).toBe(2);
  });

  it('repeats the last rung with --again', async () => {
    await run(hintCommand, 'sums/add');
    expect(await run(hintCommand, 'sums/add', '--again')).toContain('hint 1 of 2');
  });

  it('is about the current exercise when none is named', async () => {
    expect(await run(hintCommand)).toContain('sums/add');
  });

  it('keeps a heading in a code fence as text', async () => {
    await run(hintCommand, 'sums/add');
    expect(await run(hintCommand, 'sums/add')).toContain('## not a heading');
  });

  it('names the nearest ids for an unknown one', async () => {
    await expect(run(hintCommand, 'sums/twise')).rejects.toThrow(/did you mean sums\/twice/);
    await expect(run(hintCommand, 'sums/twise')).rejects.toThrow(UsageError);
  });
});

describe('reset', () => {
  it('puts the stub back and keeps the text that stood there', async () => {
    writeFileSync(addFile(), 'my work');
    expect(await run(resetCommand, 'sums/add')).toMatch(
      /kept in \.course\/kept\/sums__add\/0001-add\.ts/,
    );
    expect(readAdd()).toBe(ADD_STUB);
    expect(kept('sums/add')).toEqual(['my work']);
  });

  it('never writes over an earlier kept text', async () => {
    for (const text of ['first', 'second', 'third']) {
      writeFileSync(addFile(), text);
      await run(resetCommand, 'sums/add');
    }
    expect(kept('sums/add')).toEqual(['first', 'second', 'third']);
  });

  it('works when the text does not parse and when the file is missing', async () => {
    writeFileSync(addFile(), 'export function {{{');
    await run(resetCommand, 'sums/add');
    expect(readAdd()).toBe(ADD_STUB);
    rmSync(addFile());
    await run(resetCommand, 'sums/add');
    expect(readAdd()).toBe(ADD_STUB);
  });

  it('ends borrowing; the text from before stays kept', async () => {
    writeFileSync(addFile(), 'mine');
    await run(borrowCommand, 'sums/add');
    const said = await run(resetCommand, 'sums/add');
    expect(said.split('\n')[0]).toContain('.course/kept/sums__add/0001-add.ts');
    await expect(run(unborrowCommand, 'sums/add')).rejects.toThrow('sums__add/0001-add.ts');
    expect(readAdd()).toBe(ADD_STUB);
    expect(readState(course.root).exercises['sums/add']?.borrowed).toBeUndefined();
    expect(kept('sums/add')).toEqual(['mine']);
  });
});

describe('borrow and unborrow', () => {
  it('takes the reference and gives the own file back byte for byte', async () => {
    const bytes = Buffer.from([0xff, 0x00, 0x0d, 0x0a, 0x41]);
    writeFileSync(addFile(), bytes);
    await run(borrowCommand, 'sums/add');
    expect(readAdd()).toBe(SUMS_SOLUTION['add.ts']);
    await run(unborrowCommand, 'sums/add');
    expect(readFileSync(addFile()).equals(bytes)).toBe(true);
    expect(readState(course.root).exercises['sums/add']?.borrowed).toBeUndefined();
  });

  it('keeps a borrowed file that was edited since', async () => {
    writeFileSync(addFile(), 'mine');
    await run(borrowCommand, 'sums/add');
    writeFileSync(addFile(), 'borrowed, then edited');
    expect(await run(unborrowCommand, 'sums/add')).toContain('0002-add.ts');
    expect(readAdd()).toBe('mine');
    expect(kept('sums/add')).toEqual(['mine', 'borrowed, then edited']);
  });

  it('takes a missing file away again', async () => {
    rmSync(addFile());
    await run(borrowCommand, 'sums/add');
    await run(unborrowCommand, 'sums/add');
    expect(existsSync(addFile())).toBe(false);
  });

  it('refuses to borrow twice, and to give back what is not borrowed', async () => {
    await run(borrowCommand, 'sums/add');
    await expect(run(borrowCommand, 'sums/add')).rejects.toThrow(/borrowed already/);
    await expect(run(unborrowCommand, 'sums/twice')).rejects.toThrow(/not borrowed/);
  });

  it('changes nothing when the kept copy is gone', async () => {
    await run(borrowCommand, 'sums/add');
    rmSync(join(course.root, '.course/kept'), { recursive: true });
    await expect(run(unborrowCommand, 'sums/add')).rejects.toThrow(/nothing was changed/);
    expect(readAdd()).toBe(SUMS_SOLUTION['add.ts']);
  });

  it('takes all extras of a chapter and says what is left to write', async () => {
    const said = await run(borrowCommand, '--extras', '00');
    expect(said).toMatch(/0\.2 Twice \(sums\/twice\) is borrowed/);
    expect(said).toMatch(/left to write in 00-sums: 1 of 2 exercises, about 1 h\n {2}0\.1 Add/);
    expect(readAdd()).toBe(ADD_STUB);
  });
});

describe('a state file that cannot be read', () => {
  const broken = [
    '{',
    '[]',
    '{"version":2,"exercises":{}}',
    '{"version":1,"exercises":{"a":{"hints":-1}}}',
  ];
  it.each(broken)('is refused and left alone: %s', async (text) => {
    await run(hintCommand, 'sums/add');
    writeFileSync(statePath(course.root), text);
    writeFileSync(addFile(), 'mine');
    for (const command of [hintCommand, resetCommand, borrowCommand, unborrowCommand]) {
      await expect(run(command, 'sums/add')).rejects.toThrow(CorruptStateError);
    }
    expect(readFileSync(statePath(course.root), 'utf8')).toBe(text);
    expect(readAdd()).toBe('mine');
  });
});
