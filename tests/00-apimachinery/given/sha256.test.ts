import { describe, expect, it } from 'vitest';
import { sha256 } from '#apimachinery';

const hex = (bytes: Uint8Array) =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

describe('sha256', () => {
  const known: readonly [name: string, content: string, hash: string][] = [
    ['nothing', '', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
    ['one block', 'abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
    [
      'two blocks',
      'abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq',
      '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
    ],
    [
      'a million characters',
      'a'.repeat(1e6),
      'cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0',
    ],
  ];
  for (const [name, content, hash] of known) {
    it(`is right for ${name}`, () => expect(hex(sha256(content))).toBe(hash));
  }

  it('takes a text as its bytes in UTF-8', () => {
    expect(hex(sha256('ü'))).toBe(hex(sha256(new Uint8Array([0xc3, 0xbc]))));
  });
});
