import { describe, expect, it } from 'vitest';
import { SelectorError, TokenReader, tokenizeLabelSelector } from '#apimachinery';

const texts = (selector: string): string[] =>
  tokenizeLabelSelector(selector).map(({ kind, text }) => (kind === 'end' ? 'end' : text));

describe('tokenizeLabelSelector', () => {
  const rows: [selector: string, tokens: string][] = [
    ['', 'end'],
    [' \t\r\n', 'end'],
    ['a in (x, y),!b', 'a in ( x , y ) , ! b end'],
    ['a==b=c!=d', 'a == b = c != d end'],
    ['===', '== = end'],
    ['a>1<2', 'a > 1 < 2 end'],
    ['a.b/c-d_e', 'a.b/c-d_e end'],
    ['!!a', '! ! a end'],
    ['inner notina', 'inner notina end'],
    ['ä\u00a0b', 'ä\u00a0b end'],
  ];
  for (const [selector, tokens] of rows) {
    it(`cuts ${JSON.stringify(selector)}`, () => {
      expect(texts(selector).join(' ')).toBe(tokens);
    });
  }

  it('knows in and notin from other words', () => {
    expect(tokenizeLabelSelector('in notin inn').map(({ kind }) => kind)).toEqual([
      'in',
      'notin',
      'identifier',
      'end',
    ]);
  });
});

describe('TokenReader', () => {
  it('walks along the tokens and stays at the end', () => {
    const tokens = new TokenReader('a,b');
    expect(tokens.word('a key')).toBe('a');
    expect(tokens.take('=')).toBe(false);
    expect(tokens.take(',')).toBe(true);
    expect(tokens.next).toEqual({ kind: 'identifier', text: 'b' });
    tokens.advance();
    expect(tokens.isAt('end')).toBe(true);
    tokens.advance();
    expect(tokens.isAt('end')).toBe(true);
  });

  it('takes in and notin for words where a word is wanted', () => {
    const tokens = new TokenReader('in notin');
    expect([tokens.word('a key'), tokens.word('a key')]).toEqual(['in', 'notin']);
  });

  it('says what it found and what was expected', () => {
    const tokens = new TokenReader('(a)');
    expect(() => tokens.word('a key')).toThrow(SelectorError);
    expect(() => tokens.word('a key')).toThrow(
      'cannot read the selector "(a)": found \'(\', expected: a key',
    );
  });
});
