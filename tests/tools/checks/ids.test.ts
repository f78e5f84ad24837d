import { describe, expect, it } from 'vitest';
import { borrowing } from '../../../tools/checks/borrowing.ts';
import { ids } from '../../../tools/checks/ids.ts';
import { inSample } from './sample-course.ts';

const chapter = 'chapters/01-sample/chapter.json';
const hints = 'chapters/01-sample/hints.md';
const readme = 'chapters/01-sample/README.md';
const index = 'solutions/01-sample/index.ts';
const put = 'solutions/01-sample/put.ts';

type Changes = Parameters<typeof inSample>[0];

function replace(from: string, to: string) {
  return (text: string): string => {
    if (!text.includes(from)) throw new Error(`there is no ${from}`);
    return text.replace(from, to);
  };
}

describe('the check of ids', () => {
  it('finds nothing wrong with the sample', () => {
    expect(inSample({}, ids.run)).toEqual([]);
  });

  const wrong: [string, Changes, string][] = [
    ['a chapter without chapter.json', { [chapter]: undefined }, 'has no chapters/01-sample/chapt'],
    ['an id twice', { [chapter]: replace('sample/range', 'sample/put') }, 'sample/put is declared'],
    ['a title twice', { [chapter]: replace('"Range"', '"Put"') }, 'title Put is declared twice'],
    ['a file of two exercises', { [chapter]: replace('sort.ts', 'put.ts') }, 'file put.ts is decl'],
    ['no core', { [chapter]: replace('"core":true', '"core":false') }, 'there is no core exercise'],
    ['no hours', { [chapter]: replace('"hours":1', '"hours":0') }, 'sample/put needs hours above'],
    ['an id of another component', { [chapter]: replace('sample/put', 'other/put') }, 'not an id'],
    [
      'a main file of another name',
      { [chapter]: replace('"put.ts"', '"p.ts"') },
      'a file or a folder named put',
    ],
    [
      'an id nobody declared',
      { [put]: replace('sample/put', 'sample/get') },
      'sample/get is not in',
    ],
    [
      'a tag in a foreign file',
      { [put]: replace('sample/put', 'sample/range') },
      'not list it ther',
    ],
    [
      'code without the tag',
      { [put]: replace('@exercise', '@see') },
      'nothing carries @exercise sa',
    ],
    [
      'a file that is not there',
      { 'solutions/01-sample/sort.ts': undefined },
      'sort.ts is missing',
    ],
    [
      'an exercise not exported',
      { [index]: replace('{ put }', '{ LIMIT }') },
      'exports nothing of s',
    ],
    ['a surface with export *', { [index]: () => "export * from './put.ts';\n" }, 'no "export *"'],
    ['no test', { 'tests/01-sample/put.test.ts': undefined }, 'put.test.ts is missing'],
    ['a test of nothing', { 'tests/01-sample/old.test.ts': () => 'it.core(' }, 'to no exercise'],
    ['a test without core', { 'tests/01-sample/put.test.ts': replace('.core', '') }, 'no it.core'],
    ['no handout', { [readme]: undefined }, 'README.md is missing'],
    ['no section', { [readme]: replace('## Put', '## Putting') }, 'needs a section "## Put"'],
    [
      'a section twice',
      { [readme]: replace('## The idea', '## Put') },
      'section Put is declared t',
    ],
    ['sections in another order', { [readme]: () => '## Range\n\n## Put\n' }, 'another order'],
    ['no hints', { [hints]: undefined }, 'hints.md is missing'],
    ['no ladder', { [hints]: replace('## sample/put', '## put') }, 'has no ladder "## sample/put"'],
    ['a ladder of nothing', { [hints]: (text) => `${text}\n## x/y\n` }, '"## x/y" is no exercise'],
    ['one rung', { [hints]: replace('### Hint 2\n', '') }, 'sample/put needs two hints or more'],
    ['rungs misnumbered', { [hints]: replace('### Hint 2', '### Hint 3') }, 'must be "### Hint 1"'],
    [
      'a component unknown',
      { 'package.json': () => '{"imports":{}}' },
      'imports["#sample"] must be',
    ],
    ['an editor unaware', { 'tests/tsconfig.json': () => '{}' }, 'must include ref-sample'],
  ];

  it.each(wrong)('finds %s', (_name, changes, message) => {
    const problems = inSample(changes, ids.run) as string[];
    expect(problems.join('\n')).toContain(message);
  });
});

describe('the check of borrowing', () => {
  it('lets a borrowed exercise use given code and its own files', () => {
    expect(inSample({}, borrowing.run)).toEqual([]);
  });

  it('finds what left the stubs and belongs to no file of the exercise', () => {
    const changes = { [chapter]: replace(',"sort.ts"', '') };
    expect(inSample(changes, borrowing.run)).toEqual([
      'solutions/01-sample/range.ts:2: borrowed alone, sample/range lacks sort of sort.ts',
    ]);
    const lost = { 'chapters/01-sample/put.ts': replace('LIMIT', 'OTHER') };
    expect(inSample(lost, borrowing.run)).toEqual([
      'solutions/01-sample/range.ts:1: borrowed alone, sample/range lacks LIMIT of put.ts',
    ]);
  });
});
