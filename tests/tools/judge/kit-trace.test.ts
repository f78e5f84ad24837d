/** The kit's `trace`: the steps so far, and the file that does them again. */

import { beforeEach, describe, expect, it } from 'vitest';
import { writeTraceSources } from '../../../tools/judge/trace-sources.ts';
import { recordCalls } from '../../kit/calls.ts';
import { failureOf } from '../../kit/failure.ts';
import { expect as expectOfKit, trace } from '../../kit/index.ts';
import { recordBeforeFreezing } from '../../kit/methods.ts';
import { type Recording, startRecording } from '../../kit/recording.ts';
import { literal } from '../../kit/render.ts';

class Watch {
  #events = ['a', 'b'];
  async next(): Promise<string | undefined> {
    return this.#events.shift();
  }
  cancel(): void {}
}

class List {
  first(): string {
    return 'a';
  }
}

class Store {
  #watches = 0;
  readonly size = 0;
  readonly list = new List();
  view(): { list: List } {
    return { list: this.list };
  }
  put(_key: string, _value: unknown): { revision: bigint } {
    return { revision: 1n };
  }
  watch(_options?: object): Watch {
    this.#watches += 1;
    return new Watch();
  }
  async open(): Promise<Watch> {
    return new Watch();
  }
  attach(watch: Watch): boolean {
    return watch instanceof Watch && '#events' in { '#events': watch };
  }
}

const source = { code: 'new Store()', imports: { Store: '#etcd' } };

describe('trace', () => {
  let recording: Recording;
  let store: Store;

  beforeEach(() => {
    recording = startRecording();
    store = trace('store', () => new Store(), source);
  });

  it('records calls with their arguments as TypeScript', () => {
    store.put('a', { n: 1n, list: [undefined, -0], bytes: new TextEncoder().encode('x') });
    expect(recording.lines()).toEqual([
      'const store = new Store();',
      "store.put('a', { n: 1n, list: [undefined, -0], bytes: bytes('x') });",
    ]);
  });

  it('leaves data alone and follows results that have methods', async () => {
    expect(store.put('a', 1)).toEqual({ revision: 1n });
    const watch = store.watch({ from: 3 });
    await watch.next();
    watch.cancel();
    expect(recording.lines().slice(2)).toEqual([
      'const watch1 = store.watch({ from: 3 });',
      'await watch1.next();',
      'watch1.cancel();',
    ]);
  });

  it('awaits what the test awaited, and only that', async () => {
    const watch = await store.open();
    const pending = watch.next();
    store.put('a', 1);
    await pending;
    expect(recording.lines().slice(1)).toEqual([
      'const open1 = await store.open();',
      'open1.next();',
      "store.put('a', 1);",
    ]);
  });

  it('hands the real object to the code, and names it in the steps', () => {
    const watch = store.watch();
    expect(store.attach(watch)).toBe(true);
    expect(recording.lines().at(-1)).toBe('store.attach(watch1);');
  });

  it('follows what a result of data holds, while the test does not wait', async () => {
    const { list } = store.view();
    expect(list.first()).toBe('a');
    await undefined;
    expect(list.first()).toBe('a');
    expect(recording.lines().slice(1)).toEqual([
      'const view1 = store.view();',
      'view1.list.first();',
    ]);
  });

  it('ends with what was looked at, unless a comparison held or a step was done since', () => {
    expect(store.size).toBe(0);
    expect(recording.lines().slice(1)).toEqual(['store.size;']);
    expectOfKit(store.size).toBe(0);
    expect(recording.lines()).toHaveLength(1);
    expect(store.size).toBe(0);
    store.put('a', 1);
    expect(recording.lines()).toHaveLength(2);
    expect(store.list.first()).toBe('a');
    expect(recording.lines().at(-1)).toBe('store.list.first();');
  });

  it('makes a file that does the steps again', () => {
    store.put('a', new TextEncoder().encode('x'));
    expect(recording.asFile(['why'], ['expected: 1'])).toBe(
      [
        '// why',
        '',
        "import { Store } from '#etcd';",
        '',
        'const bytes = (text: string) => new TextEncoder().encode(text);',
        '',
        'const store = new Store();',
        "console.log(store.put('a', bytes('x')));",
        '',
        '// expected: 1',
        '',
      ].join('\n'),
    );
  });

  it('works on a frozen object of functions', () => {
    const plain = trace('plain', () => Object.freeze({ twice: (n: number) => n * 2 }), source);
    expect(plain.twice(2)).toBe(4);
    expect(recording.lines().at(-1)).toBe('plain.twice(2);');
  });
});

describe('calls of exported functions', () => {
  it('are steps, and a result is named once it is used', () => {
    const recording = startRecording();
    const make = (n: number): object => ({ n });
    const read = (made: object): unknown => made;
    const surface = recordCalls('#thing', { make, read }) as {
      make: typeof make;
      read: typeof read;
    };
    surface.make(1);
    surface.read(surface.make(2));
    expect(recording.lines()).toEqual(['make(1);', 'const make1 = make(2);', 'read(make1);']);
    expect(recording.asFile([], [])).toContain("import { make, read } from '#thing';");
  });
});

describe('methods of what exported functions return', () => {
  class Amount {
    static readonly none = new Amount(0);
    readonly #size: number;
    constructor(size: number) {
      this.#size = size;
      Object.freeze(this);
    }
    get doubled(): number {
      return this.plus(this).size();
    }
    plus(other: Amount): Amount {
      return other.isNone() ? this : new Amount(this.#size + other.#size);
    }
    isNone(): boolean {
      return this.#size === 0;
    }
    size(): number {
      return this.#size;
    }
    async later(): Promise<Amount> {
      await undefined;
      return this.plus(Amount.none);
    }
  }
  const amount = (size: number): Amount => new Amount(size);
  const exported = { Amount, amount };
  const surface = recordCalls('#amounts', exported) as typeof exported;

  it('are steps when the test calls them, up to the last one', () => {
    const recording = startRecording();
    expect(surface.amount(1).plus(new surface.Amount(2)).size()).toBe(3);
    expect(recording.lines()).toEqual([
      'const amount1 = amount(1);',
      'const amount2 = new Amount(2);',
      'const plus1 = amount1.plus(amount2);',
      'plus1.size();',
    ]);
  });

  it('are no steps when the component calls them', async () => {
    const recording = startRecording();
    const one = surface.amount(1);
    expect(one.doubled).toBe(2);
    expect(await one.later()).toBe(one);
    expect(recording.lines()).toEqual(['const amount1 = amount(1);', 'await amount1.later();']);
  });

  it('leave the object itself as it is', () => {
    startRecording();
    const one = surface.amount(1);
    expect(one).toBeInstanceOf(Amount);
    expect(one.plus(surface.Amount.none)).toBe(one);
    expect(Object.keys(Object.getPrototypeOf(one) as object)).toEqual([]);
    expect(one.plus.name).toBe('plus');
    expect(one.plus).toHaveLength(1);
  });

  it('name what was imported', () => {
    const recording = startRecording();
    surface.Amount.none.isNone();
    surface.amount(1).plus(surface.Amount.none);
    expect(recording.lines()).toEqual([
      'Amount.none.isNone();',
      'const amount1 = amount(1);',
      'amount1.plus(Amount.none);',
    ]);
    expect(recording.asFile([], [])).toContain("import { Amount, amount } from '#amounts';");
  });

  it('are not written down in the many runs of a property', () => {
    const recording = startRecording(false);
    expect(surface.amount(1).plus(surface.amount(2)).size()).toBe(3);
    expect(recording.lines()).toEqual([]);
  });
});

describe("a test's double", () => {
  class Shop {
    readonly #bank: { pay: (sum: number) => Promise<string> };
    constructor({ bank }: { bank: { pay: (sum: number) => Promise<string> } }) {
      this.#bank = bank;
    }
    async sell(sum: number): Promise<string> {
      return this.#bank.pay(sum);
    }
    open(): boolean {
      return true;
    }
  }
  const exported = { Shop, written: (text: string): string => text };
  const surface = recordCalls('#shop', exported) as typeof exported;
  class Bank {
    readonly calls: number[] = [];
    gate: Promise<void> = Promise.resolve();
    async pay(sum: number): Promise<string> {
      this.calls.push(sum);
      surface.written('before');
      await this.gate;
      return surface.written(`paid ${sum}`);
    }
  }

  it('makes no steps, neither at once nor after a wait', async () => {
    const recording = startRecording();
    const shop = new surface.Shop({ bank: new Bank() });
    expect(await shop.sell(3)).toBe('paid 3');
    expect(recording.lines()).toEqual([
      "const shop1 = new Shop({ bank: /* the test's */ {} });",
      'await shop1.sell(3);',
    ]);
  });

  it('does not keep what the test does meanwhile from being a step', async () => {
    const recording = startRecording();
    const bank = new Bank();
    let open = (): void => {};
    bank.gate = new Promise((resolve) => {
      open = resolve;
    });
    const shop = new surface.Shop({ bank });
    const sale = shop.sell(3);
    await Promise.resolve();
    shop.open();
    open();
    await sale;
    expect(recording.lines().slice(1)).toEqual(['shop1.sell(3);', 'shop1.open();']);
  });

  it('is named as what the file lacks', () => {
    const recording = startRecording();
    const shop = new surface.Shop({ bank: new Bank() });
    (
      recordCalls('#shop', { each: (_: () => void) => shop.open() }) as never as {
        each: (use: () => void) => void;
      }
    ).each(() => {});
    const { lesson } = failureOf('a test', new Error('no'), recording);
    expect(lesson.testsOwn).toEqual(['bank', 'what is marked']);
    expect(lesson.repro).toContain('not in this file: bank, what is marked.');
  });
});

describe('what serves a test', () => {
  it('asks its clock without a step, also when the test calls it later', () => {
    class Clock {
      #now = 5;
      now(): number {
        return this.#now;
      }
    }
    const { Clock: TestClock } = recordCalls('#clocks', { Clock }) as { Clock: typeof Clock };
    const testing = recordCalls('#apiserver/testing', {
      newTestApi: ({ clock }: { clock: Clock }) => ({ admin: { get: () => clock.now() } }),
    }) as { newTestApi: (options: { clock: Clock }) => { admin: { get: () => number } } };
    const recording = startRecording();
    const clock = new TestClock();
    const { admin } = testing.newTestApi({ clock });
    const { get } = admin;
    expect([get(), clock.now()]).toEqual([5, 5]);
    expect(recording.lines()).toEqual([
      'const clock1 = new Clock();',
      'newTestApi({ clock: clock1 });',
      'clock1.now();',
    ]);
  });
});

describe('a class of given code', () => {
  it('records also when it is frozen afterwards', () => {
    class Clock {
      advance(ms: number): number {
        return ms;
      }
    }
    recordBeforeFreezing(Clock);
    recordBeforeFreezing(() => 1);
    Object.freeze(Clock.prototype);
    const recording = startRecording();
    const surface = recordCalls('#clock', { Clock }) as { Clock: typeof Clock };
    expect(new surface.Clock().advance(3)).toBe(3);
    expect(recording.lines()).toEqual(['const clock1 = new Clock();', 'clock1.advance(3);']);
  });
});

describe('what an expect looks at', () => {
  const written = (text: string): string => writeTraceSources(text, 'a.test.ts');
  class Box {
    size(): number {
      return 1;
    }
  }
  const surface = recordCalls('#box', { box: () => new Box() }) as { box: () => Box };
  const lookedAt = (compare: () => void): string | undefined => {
    const recording = startRecording();
    surface.box();
    try {
      compare();
    } catch (thrown) {
      return failureOf('a test', thrown, recording).lesson.lookedAt;
    }
    return 'nothing failed';
  };

  it('is written into the call', () => {
    expect(written('expect(clock.left).toBe(0)')).toBe(
      'expect(clock.left, undefined, "clock.left").toBe(0)',
    );
    expect(written("expect(a, 'why').toBe(0)")).toBe(`expect(a, 'why', "a").toBe(0)`);
    expect(written('expect(() => f(1)).toThrow()')).toContain('"f(1)"');
    expect(written('expect(await f(1)).toBe(1)')).toContain('"f(1)"');
    expect(written('expect.any(String)')).toBe('expect.any(String)');
  });

  it('is told, unless the last step is just that', () => {
    expect(lookedAt(() => expectOfKit(1, undefined, 'clock.left').toBe(0))).toBe('clock.left');
    expect(lookedAt(() => expectOfKit(1, undefined, 'box()').toBe(0))).toBeUndefined();
    expect(lookedAt(() => expectOfKit(1).toBe(0))).toBeUndefined();
    expect(lookedAt(() => expectOfKit(1, undefined, 'made.size()').toBe(0))).toBe('made.size()');
    const andThen = (): void => {
      surface.box().size();
      expectOfKit(1, undefined, 'made.size()').toBe(0);
    };
    expect(lookedAt(andThen)).toBeUndefined();
  });

  it('is a mode by its name, and then has octal digits', () => {
    const sides = (compare: () => void): unknown => {
      try {
        compare();
      } catch (thrown) {
        const { expected, actual } = failureOf('a test', thrown, startRecording()).lesson;
        return [expected, actual];
      }
      return 'nothing failed';
    };
    expect(sides(() => expectOfKit(0o640, undefined, 'stat?.mode').toBe(0o600))).toEqual([
      '0o600',
      '0o640',
    ]);
    expect(sides(() => expectOfKit({ mode: 420 }).toEqual({ mode: 0, size: 420 }))).toEqual([
      '{ mode: 0, size: 420 }',
      '{ mode: 0o644 }',
    ]);
  });
});

describe('an argument', () => {
  const add = (list: string[], item: { name: string }): boolean => list.push(item.name) > 0;
  const surface = recordCalls('#lists', { add }) as { add: typeof add };

  it('that a call changes has a name, and is printed at the end', () => {
    const recording = startRecording();
    const list: string[] = [];
    surface.add(list, { name: 'a' });
    surface.add(list, { name: 'b' });
    expect(recording.lines()).toEqual([
      'const list = [];',
      "add(list, { name: 'a' });",
      "add(list, { name: 'b' });",
    ]);
    expect(recording.asFile([], [])).toContain("console.log('list is now', list);");
  });

  it('that is passed twice has a name', () => {
    const recording = startRecording();
    const item = { name: 'a' };
    surface.add([], item);
    surface.add([], item);
    expect(recording.lines().filter((line) => line.includes('item'))).toEqual([
      "const item = { name: 'a' };",
      'add(list, item);',
      'add(list2, item);',
    ]);
  });

  it('that the test changed in between is written anew', () => {
    const recording = startRecording();
    const item = { name: 'a' };
    surface.add([], item);
    item.name = 'b';
    surface.add([], item);
    expect(recording.lines().at(-1)).toBe("add(list2, { name: 'b' });");
  });

  it('has no name that the component exports', () => {
    const recording = startRecording();
    const size = (add: string[]): number => add.push('a');
    (recordCalls('#more', { size }) as { size: typeof size }).size([]);
    expect(recording.lines()).toEqual(['const add1 = [];', 'size(add1);']);
  });
});

function inItself(): object {
  const object: { a: unknown[] } = { a: [] };
  object.a.push(object);
  return object;
}

describe('a literal', () => {
  const rows: Record<string, { value: unknown; text: string }> = {
    'a string with quotes': { value: 'it\'s "so"\n', text: `'it\\'s "so"\\n'` },
    'a long run of one character': { value: 'x'.repeat(70), text: "'x'.repeat(70)" },
    'a text with a long run in it': {
      value: `1${'0'.repeat(70)}Ki`,
      text: "'1' + '0'.repeat(70) + 'Ki'",
    },
    'a large power of ten': { value: 10n ** 1000n, text: '10n ** 1000n' },
    'a number just below one': { value: -(3n * 10n ** 50n) - 1n, text: '-(3n * 10n ** 50n) - 1n' },
    'an error': { value: new Error('no'), text: "new Error('no')" },
    'an error with more in it': {
      value: Object.assign(new RangeError('no'), { limit: 3 }),
      text: "/* RangeError { limit: 3 } */ new Error('no')",
    },
    'an object in itself': { value: inItself(), text: '{ a: [/* the same object again */ {}] }' },
    'bytes that are no text': { value: Uint8Array.of(255, 0), text: 'Uint8Array.of(255, 0)' },
    'many equal bytes': { value: new Uint8Array(70_000), text: 'new Uint8Array(70000).fill(0)' },
    'a map': { value: new Map([['a', 1]]), text: "new Map([['a', 1]])" },
    'a date': { value: new Date(0), text: "new Date('1970-01-01T00:00:00.000Z')" },
    'a function': { value: () => 1, text: '() => undefined' },
    'a signal': { value: new AbortController().signal, text: 'new AbortController().signal' },
    'a key with a dash': { value: { 'a-b': 1 }, text: "{ 'a-b': 1 }" },
    'an unreadable proxy': {
      value: new Proxy(
        {},
        {
          ownKeys: () => {
            throw new Error('no');
          },
        },
      ),
      text: '/* a value that cannot be read */ undefined',
    },
  };
  for (const [name, { value, text }] of Object.entries(rows)) {
    it(`of ${name}`, () => expect(literal(value)).toBe(text));
  }
});
