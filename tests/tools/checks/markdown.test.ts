import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { headings, links } from '../../../tools/checks/markdown.ts';
import { brokenLinks } from '../../../tools/checks/markdown-links.ts';

describe('headings', () => {
  it('have a level, a text and an anchor; equal ones are numbered', () => {
    expect(headings('# A key-value store\n\n## Put and `get`\n\n## Same\n\n## Same\n')).toEqual([
      { level: 1, text: 'A key-value store', anchor: 'a-key-value-store' },
      { level: 2, text: 'Put and `get`', anchor: 'put-and-get' },
      { level: 2, text: 'Same', anchor: 'same' },
      { level: 2, text: 'Same', anchor: 'same-1' },
    ]);
  });

  it('are not looked for in code and comments', () => {
    expect(headings('```sh\n# a comment\n```\n<!-- \n# no\n-->\n~~~\n## no\n~~~\n')).toEqual([]);
  });
});

describe('links', () => {
  it('are found with their line, outside of code', () => {
    const text = 'See [a](a.md#x) and ![b](<b.svg> "B").\n`[no](no.md)`\n\n[ref]: c.md\n';
    expect(links(text)).toEqual([
      { target: 'a.md#x', line: 1 },
      { target: 'b.svg', line: 1 },
      { target: 'c.md', line: 4 },
    ]);
  });

  it('must lead to a file and a heading that are there', () => {
    const root = mkdtempSync(join(tmpdir(), 'links-'));
    mkdirSync(join(root, 'docs'));
    writeFileSync(join(root, 'README.md'), '# Top\n');
    const targets = [
      '../README.md',
      '../README.md#top',
      'https://example.org/x',
      '#here',
      '../README.md#bottom',
      'gone.md',
      '#gone',
      '../../etc',
    ];
    const text = `# Here\n${targets.map((target) => `[x](${target})\n`).join('')}`;
    writeFileSync(join(root, 'docs/a.md'), text);
    expect(brokenLinks(root, 'docs/a.md')).toEqual([
      'docs/a.md:6: ../README.md#bottom: README.md has no heading for #bottom',
      'docs/a.md:7: gone.md: there is no docs/gone.md',
      'docs/a.md:8: #gone: docs/a.md has no heading for #gone',
      'docs/a.md:9: ../../etc: leads out of the repository',
    ]);
    rmSync(root, { recursive: true });
  });
});
