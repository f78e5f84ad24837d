import { type KubernetesObject, newExpired } from '#apimachinery';
import {
  type DecodeWatchOptions,
  decodeWatch,
  MAX_WATCH_LINE_BYTES,
  type WatchDecodeError,
  type WatchEvent,
} from '#client';
import { countListeners, describe, expect, fc, it, property, refusalOf, settle } from '#kit';

type Event = WatchEvent<KubernetesObject>;

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

const added = (name: string): Event => ({ type: 'ADDED', object: { metadata: { name } } });
const lineOf = (event: unknown): string => `${JSON.stringify(event)}\n`;

/** A response's body that a test writes, and what its reader does to it. */
class Body {
  readonly stream: ReadableStream<Uint8Array>;
  /** How often a chunk was asked for. */
  pulls = 0;
  cancelled = false;
  /** What `cancel` does in the end. */
  onCancel: () => Promise<void> = async () => {};
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #hasEnded = false;

  constructor() {
    this.stream = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        pull: () => {
          this.pulls++;
        },
        cancel: () => {
          this.cancelled = true;
          return this.onCancel();
        },
      },
      { highWaterMark: 0 },
    );
  }

  send(...chunks: readonly (string | Uint8Array)[]): this {
    for (const chunk of chunks) {
      this.#controller?.enqueue(typeof chunk === 'string' ? bytesOf(chunk) : chunk);
    }
    return this;
  }

  end(): this {
    this.#hasEnded = true;
    this.#controller?.close();
    return this;
  }

  fail(error: unknown): this {
    this.#hasEnded = true;
    this.#controller?.error(error);
    return this;
  }

  /** Has it ended, or does its source know that nobody reads it any more? */
  get isFree(): boolean {
    return this.#hasEnded || this.cancelled;
  }
}

/** A signal that knows how many listen. */
function countedSignal() {
  const abort = new AbortController();
  const { signal } = abort;
  return { abort, signal, listeners: countListeners(signal) };
}

/** All events until the iteration ends, and what it threw. */
async function readAll(body: Body, options?: DecodeWatchOptions) {
  const events: Event[] = [];
  try {
    for await (const event of decodeWatch(body.stream, options)) events.push(event);
  } catch (error) {
    return { events, error };
  }
  return { events };
}

/** What a stream of these chunks, which then ends, brings. */
const decode = (...chunks: readonly (string | Uint8Array)[]) =>
  readAll(new Body().send(...chunks).end());

/** What became of a promise by now. */
async function now<T>(promise: Promise<T>): Promise<T | 'waits'> {
  let result: T | 'waits' = 'waits';
  promise.then(
    (value) => {
      result = value;
    },
    () => {},
  );
  await settle();
  return result;
}

const done = { done: true, value: undefined };
const invalid = {
  name: 'WatchDecodeError',
  fault: 'InvalidEvent',
} satisfies Partial<WatchDecodeError>;
const cut = {
  name: 'WatchDecodeError',
  fault: 'UnexpectedEnd',
} satisfies Partial<WatchDecodeError>;
const tooLarge = {
  name: 'WatchDecodeError',
  fault: 'TooLarge',
} satisfies Partial<WatchDecodeError>;

describe('events', () => {
  it.core('are the lines of the stream, in order', async () => {
    const all: Event[] = [
      added('a'),
      { type: 'MODIFIED', object: { metadata: { name: 'a', resourceVersion: '2' } } },
      { type: 'DELETED', object: { metadata: { name: 'a', resourceVersion: '3' } } },
    ];
    expect(await decode(...all.map(lineOf))).toEqual({ events: all });
  });

  it.core('come in chunks that are cut anywhere', async () => {
    const [first, second] = [lineOf(added('a')), lineOf(added('b'))];
    expect(
      await decode(first.slice(0, 20), first.slice(20) + second.slice(0, 7), second.slice(7)),
    ).toEqual({ events: [added('a'), added('b')] });
  });

  it.core('of many lines in one chunk are all given', async () => {
    const names = ['a', 'b', 'c', 'd'];
    const text = names.map((name) => lineOf(added(name))).join('');
    expect(await decode(text)).toEqual({ events: names.map(added) });
  });

  it.core('may be cut inside a character', async () => {
    const bytes = bytesOf(lineOf(added('café-Ω-🚀')));
    const pieces = [...bytes].map((byte) => Uint8Array.of(byte));
    expect(await decode(...pieces)).toEqual({ events: [added('café-Ω-🚀')] });
  });

  it('have the object as it was sent, whatever is in it', async () => {
    const object = {
      apiVersion: 'example.com/v1',
      kind: 'Odd',
      metadata: { name: 'a', annotations: { text: 'line\nbreak \\ "quoted" \u2028' } },
      spec: { list: [1, null, { deep: true }], text: '' },
    };
    expect(await decode(lineOf({ type: 'ADDED', object }))).toEqual({
      events: [{ type: 'ADDED', object }],
    });
  });

  it('have nothing but type and object', async () => {
    const { events } = await decode(lineOf({ ...added('a'), extra: 1 }));
    expect(events).toEqual([added('a')]);
  });

  it('of the kind BOOKMARK are given on', async () => {
    const bookmark = {
      type: 'BOOKMARK',
      object: { kind: 'Pod', metadata: { resourceVersion: '9' } },
    };
    expect(await decode(lineOf(bookmark))).toEqual({ events: [bookmark] });
  });

  it('of the kind ERROR are given on with their Status, and the iteration goes on', async () => {
    const object = newExpired('too old resource version: 1 (5)').toStatus();
    const error = { type: 'ERROR', object };
    expect(await decode(lineOf(error), lineOf(added('a')))).toEqual({
      events: [error, added('a')],
    });
  });

  it('are given as soon as their line is complete', async () => {
    const body = new Body();
    const events = decodeWatch(body.stream);
    const first = events.next();
    body.send(lineOf(added('a')).slice(0, -1));
    expect(await now(first)).toBe('waits');
    body.send('\n');
    expect(await now(first)).toEqual({ done: false, value: added('a') });
    await events.return(undefined);
  });

  it('do not wait for the rest of the chunk', async () => {
    const body = new Body();
    const events = decodeWatch(body.stream);
    const first = events.next();
    body.send(`${lineOf(added('a'))}{"type":"ADD`);
    expect(await now(first)).toEqual({ done: false, value: added('a') });
    await events.return(undefined);
  });

  it('that are not taken yet keep further bytes from being asked for', async () => {
    const body = new Body();
    const events = decodeWatch(body.stream);
    const first = events.next();
    await settle();
    body.send(lineOf(added('a')) + lineOf(added('b')));
    await first;
    await settle();
    const before = body.pulls;
    await events.next();
    await settle();
    expect(body.pulls).toBe(before);
    events.next();
    await settle();
    expect(body.pulls).toBe(before + 1);
    body.end();
  });

  it('in a stream without any are none', async () => {
    expect(await decode()).toEqual({ events: [] });
  });

  property(
    'are the same however the stream is cut',
    fc.array(fc.record({ name: fc.string({ unit: 'binary', maxLength: 12 }) }), { maxLength: 6 }),
    fc.array(fc.nat({ max: 400 }), { maxLength: 20 }),
    fc.constantFrom('\n', '\r\n', '\n\n', '\r\n \n'),
    async (metadatas, cuts, lineEnd) => {
      const all: Event[] = metadatas.map((metadata) => ({ type: 'ADDED', object: { metadata } }));
      const bytes = bytesOf(all.map((event) => JSON.stringify(event) + lineEnd).join(''));
      const at = [...cuts, bytes.length].sort((a, b) => a - b);
      const chunks = at.map((end, i) => bytes.slice(i === 0 ? 0 : at[i - 1], end));
      expect(await decode(...chunks)).toEqual({ events: all });
    },
  );
});

describe('line ends', () => {
  it('may be carriage return and line feed', async () => {
    const text = `${JSON.stringify(added('a'))}\r\n${JSON.stringify(added('b'))}\r\n`;
    expect(await decode(text)).toEqual({ events: [added('a'), added('b')] });
  });

  it('may be cut between carriage return and line feed', async () => {
    expect(await decode(`${JSON.stringify(added('a'))}\r`, '\n')).toEqual({ events: [added('a')] });
  });

  it('without anything before them are no events', async () => {
    expect(await decode('\n\r\n', lineOf(added('a')), ' \t\n\n', '\n')).toEqual({
      events: [added('a')],
    });
  });

  it('are not to be found in empty chunks', async () => {
    expect(await decode('', lineOf(added('a')), '', '', lineOf(added('b')), '')).toEqual({
      events: [added('a'), added('b')],
    });
  });

  it('may be missing after the last event', async () => {
    const text = JSON.stringify(added('b'));
    expect(await decode(lineOf(added('a')), text)).toEqual({ events: [added('a'), added('b')] });
  });

  it('may be missing after the last event, which came in pieces', async () => {
    const text = JSON.stringify(added('b'));
    expect(await decode(text.slice(0, 9), text.slice(9))).toEqual({ events: [added('b')] });
  });

  it('may be missing after white space', async () => {
    expect(await decode(lineOf(added('a')), ' \r')).toEqual({ events: [added('a')] });
  });
});

describe('a stream that is cut', () => {
  it.core('in the middle of an event throws', async () => {
    const text = lineOf(added('b')).slice(0, 25);
    expect(await decode(lineOf(added('a')), text)).toMatchObject({
      events: [added('a')],
      error: cut,
    });
  });

  it('at any byte gives whole events, then ends or throws', async () => {
    const [first, second] = [lineOf(added('é')), lineOf(added('b'))];
    const bytes = bytesOf(first + second);
    const [firstEnd, secondEnd] = [bytesOf(first).length - 1, bytes.length - 1];
    for (let end = 0; end <= bytes.length; end++) {
      const { events, error } = await decode(bytes.slice(0, end));
      const expected = [added('é'), added('b')].slice(
        0,
        Number(end >= firstEnd) + Number(end >= secondEnd),
      );
      expect(events).toEqual(expected);
      const isWhole = end === 0 || end === firstEnd || end === firstEnd + 1 || end >= secondEnd;
      if (isWhole) expect(error).toBeUndefined();
      else expect(error).toMatchObject(cut);
    }
  });

  it('inside a character throws the same', async () => {
    const bytes = bytesOf('{"type":"ADDED","object":{"metadata":{"name":"é');
    expect(await decode(bytes.slice(0, -1))).toMatchObject({ events: [], error: cut });
  });

  it('by an error throws that error', async () => {
    const error = new TypeError('terminated');
    const body = new Body();
    const events = decodeWatch(body.stream);
    const first = events.next();
    body.send(`${lineOf(added('a'))}{"type":`);
    expect(await first).toEqual({ done: false, value: added('a') });
    body.fail(error);
    expect((await refusalOf(events.next())) === error).toBe(true);
    expect(await events.next()).toEqual(done);
  });

  it('says what the rest was', async () => {
    const { error } = await decode('{"type":"ADD');
    expect(error).toMatchObject({
      message: 'the watch stream ended in the middle of an event: "{\\"type\\":\\"ADD"',
    });
  });
});

describe('a line that is no event', () => {
  const lines: [name: string, line: string][] = [
    ['no JSON', '<html>502 Bad Gateway</html>'],
    ['half of an event', '{"type":"ADDED","object":'],
    ['two events', JSON.stringify(added('a')) + JSON.stringify(added('b'))],
    ['a number', '7'],
    ['null', 'null'],
    ['a list', JSON.stringify([added('a')])],
    ['an event without a type', '{"object":{}}'],
    ['an event of an unknown type', '{"type":"RENAMED","object":{}}'],
    ['an event of a type in small letters', '{"type":"added","object":{}}'],
    ['an event of a type that every object has', '{"type":"constructor","object":{}}'],
    ['an event without an object', '{"type":"ADDED"}'],
    ['an event whose object is null', '{"type":"ADDED","object":null}'],
    ['an event whose object is text', '{"type":"ADDED","object":"a"}'],
    ['an event whose object is a list', '{"type":"ADDED","object":[]}'],
    ['an error without a Status', '{"type":"ERROR"}'],
    ['a Status that is not in an event', lineOf(newExpired('too old').toStatus()).trim()],
  ];
  for (const [name, line] of lines) {
    it(`because it is ${name} throws, after the events before it`, async () => {
      const found = await decode(lineOf(added('before')) + line, `\n${lineOf(added('after'))}`);
      expect(found).toMatchObject({ events: [added('before')], error: invalid });
      expect(found.error).toMatchObject({
        message: expect.stringContaining('unable to decode an event from the watch stream: '),
      });
    });
  }

  it('throws at once, not when the next line comes', async () => {
    const body = new Body();
    const next = refusalOf(decodeWatch(body.stream).next());
    body.send('nonsense\n');
    expect(await now(next)).toMatchObject(invalid);
  });

  it('throws the same at the end of the stream, when it is JSON', async () => {
    expect(await decode('{"type":"RENAMED","object":{}}')).toMatchObject({ error: invalid });
    expect(await decode('17')).toMatchObject({ error: invalid });
  });

  it('ends the iteration and frees the stream', async () => {
    const body = new Body();
    const events = decodeWatch(body.stream);
    body.send(`nonsense\n${lineOf(added('a'))}`);
    expect(await refusalOf(events.next())).toMatchObject(invalid);
    expect(body.cancelled).toBe(true);
    expect(await events.next()).toEqual(done);
  });
});

describe('a long line', () => {
  const eventOf = (bytes: number): string => {
    const empty = JSON.stringify(added(''));
    return JSON.stringify(added('x'.repeat(bytes - empty.length)));
  };

  it('is an event up to the limit', async () => {
    const line = eventOf(1000);
    const body = new Body().send(line.slice(0, 400), line.slice(400), '\n').end();
    const { events, error } = await readAll(body, { maxLineBytes: 1000 });
    expect([events.length, error]).toEqual([1, undefined]);
  });

  const endings: [name: string, chunks: readonly string[]][] = [
    ['in one chunk with the line', [`${eventOf(1000)}\r\n`]],
    ['in a chunk of its own', [eventOf(1000), '\r\n']],
    ['cut between its two characters', [`${eventOf(1000)}\r`, '\n']],
    ['in two chunks of one character', [eventOf(1000), '\r', '\n']],
  ];
  for (const [name, chunks] of endings) {
    it(`does not count a \\r\\n ${name}`, async () => {
      const body = new Body().send(...chunks, `${eventOf(900)}\r\n`).end();
      const { events, error } = await readAll(body, { maxLineBytes: 1000 });
      expect({ events: events.length, error }).toEqual({ events: 2, error: undefined });
    });

    it(`throws one byte over the limit with a \\r\\n ${name}`, async () => {
      const longer = chunks.map((chunk) => chunk.replace('{', '{ '));
      const body = new Body().send(...longer).end();
      expect(await readAll(body, { maxLineBytes: 1000 })).toMatchObject({ error: tooLarge });
    });
  }

  it('counts a \\r that no \\n follows', async () => {
    const line = eventOf(999).replace('{', '{\r');
    const fits = await readAll(new Body().send(`${line}\n`).end(), { maxLineBytes: 1000 });
    expect({ events: fits.events.length, error: fits.error }).toEqual({
      events: 1,
      error: undefined,
    });
    const body = new Body().send(`{\r\r`, eventOf(999).slice(1), '\n').end();
    expect(await readAll(body, { maxLineBytes: 1000 })).toMatchObject({ error: tooLarge });
  });

  it('over the limit throws', async () => {
    const body = new Body().send(lineOf(added('a')), `${eventOf(1001)}\n`);
    expect(await readAll(body, { maxLineBytes: 1000 })).toMatchObject({
      events: [added('a')],
      error: {
        ...tooLarge,
        message: 'unable to decode an event from the watch stream: it is longer than 1000 bytes',
      },
    });
    expect(body.cancelled).toBe(true);
  });

  it('over the limit throws before its end has come', async () => {
    const body = new Body();
    const next = refusalOf(decodeWatch(body.stream, { maxLineBytes: 1000 }).next());
    body.send('x'.repeat(600));
    expect(await now(next)).toBe('waits');
    body.send('x'.repeat(600));
    expect(await now(next)).toMatchObject(tooLarge);
  });

  it('counts in bytes, not in characters', async () => {
    const line = lineOf(added('€'.repeat(400)));
    expect(await readAll(new Body().send(line), { maxLineBytes: 1000 })).toMatchObject({
      error: tooLarge,
    });
  });

  it('does not count what came before it', async () => {
    const line = lineOf(added('a'));
    const body = new Body().send(...Array.from({ length: 40 }, () => line)).end();
    const { events, error } = await readAll(body, { maxLineBytes: 60 });
    expect([events.length, error]).toEqual([40, undefined]);
  });

  it('may have some megabytes when nobody says otherwise', async () => {
    const text = 'x'.repeat(1024 * 1024);
    const pieces = Array.from({ length: 3 }, () => text);
    const { events } = await decode(
      ...['{"type":"ADDED","object":{"metadata":{"name":"', ...pieces, '"}}}\n'],
    );
    expect(events[0]?.object).toHaveProperty('metadata.name.length', 3 * text.length);
    expect(MAX_WATCH_LINE_BYTES).toBe(16 * 1024 * 1024);
  });

  it('in many small pieces costs no more than its length', async () => {
    const piece = bytesOf('x'.repeat(200));
    let sent = 0;
    const stream = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        if (sent === 0) controller.enqueue(bytesOf('{"type":"ADDED","object":{"text":"'));
        else if (sent <= 20_000) controller.enqueue(piece.slice());
        else controller.enqueue(bytesOf('"}}\n'));
        sent++;
      },
    });
    for await (const { type } of decodeWatch(stream)) {
      expect(type).toBe('ADDED');
      break;
    }
  });
});

describe('who reads no further', () => {
  it.core('frees the stream by break', async () => {
    const body = new Body().send(lineOf(added('a')) + lineOf(added('b')));
    for await (const event of decodeWatch(body.stream)) {
      expect(event).toEqual(added('a'));
      break;
    }
    expect(body.cancelled).toBe(true);
  });

  it('frees the stream by throwing', async () => {
    const body = new Body().send(lineOf(added('a')));
    const read = async () => {
      for await (const event of decodeWatch(body.stream)) throw new Error(event.type);
    };
    expect(await refusalOf(read())).toMatchObject({ message: 'ADDED' });
    expect(body.cancelled).toBe(true);
  });

  it('does not wait for a stream that takes long to cancel', async () => {
    const body = new Body().send(lineOf(added('a')));
    body.onCancel = () => new Promise(() => {});
    const events = decodeWatch(body.stream);
    await events.next();
    expect(await now(events.return(undefined))).toEqual(done);
  });

  it('does not hear of a stream that cannot be cancelled', async () => {
    const body = new Body().send(lineOf(added('a')));
    body.onCancel = () => Promise.reject(new Error('no'));
    const events = decodeWatch(body.stream);
    await events.next();
    expect(await events.return(undefined)).toEqual(done);
    await settle();
  });

  it('has the stream to himself from the call on', () => {
    const body = new Body();
    decodeWatch(body.stream);
    expect(body.stream.locked).toBe(true);
  });
});

describe('the signal', () => {
  it.core('ends an iteration that waits, without an error, and frees the stream', async () => {
    const { abort, signal } = countedSignal();
    const body = new Body();
    const next = decodeWatch(body.stream, { signal }).next();
    expect(await now(next)).toBe('waits');
    abort.abort(new Error('enough'));
    expect(await now(next)).toEqual(done);
    expect(body.cancelled).toBe(true);
  });

  it('ends an iteration between two events of a chunk', async () => {
    const { abort, signal } = countedSignal();
    const body = new Body().send(lineOf(added('a')) + lineOf(added('b')));
    const events = decodeWatch(body.stream, { signal });
    expect(await events.next()).toEqual({ done: false, value: added('a') });
    abort.abort();
    expect(await events.next()).toEqual(done);
    expect(body.cancelled).toBe(true);
  });

  it('ends an iteration whose next events have come in', async () => {
    const { abort, signal } = countedSignal();
    const body = new Body().send(lineOf(added('a')), lineOf(added('b'))).end();
    const events = decodeWatch(body.stream, { signal });
    await events.next();
    abort.abort();
    expect(await events.next()).toEqual(done);
  });

  it('that has aborted before lets nothing through', async () => {
    const body = new Body().send(lineOf(added('a')));
    const events = decodeWatch(body.stream, { signal: AbortSignal.abort() });
    expect(await now(events.next())).toEqual(done);
    expect(body.cancelled).toBe(true);
    const silent = decodeWatch(new Body().stream, { signal: AbortSignal.abort() });
    expect(await now(silent.next())).toEqual(done);
  });

  it('ends an iteration that waits for a line’s end', async () => {
    const { abort, signal } = countedSignal();
    const body = new Body().send(JSON.stringify(added('a')));
    const next = decodeWatch(body.stream, { signal }).next();
    await settle();
    abort.abort();
    expect(await now(next)).toEqual(done);
  });

  it('frees the stream also when nobody has asked for an event', async () => {
    const { abort, signal } = countedSignal();
    const body = new Body();
    decodeWatch(body.stream, { signal });
    abort.abort();
    await settle();
    expect(body.cancelled).toBe(true);
  });

  it('hides what the stream fails with because of it', async () => {
    const { abort, signal } = countedSignal();
    const body = new Body();
    // So does a fetch with the same signal.
    signal.addEventListener('abort', () => body.fail(new Error('This operation was aborted')));
    const next = decodeWatch(body.stream, { signal }).next();
    abort.abort();
    expect(await next).toEqual(done);
  });

  it('hides a cut event', async () => {
    const { abort, signal } = countedSignal();
    const body = new Body().send(`${lineOf(added('a'))}{"type":`);
    const events = decodeWatch(body.stream, { signal });
    await events.next();
    abort.abort();
    expect(await events.next()).toEqual(done);
  });

  const ends: [name: string, end: (body: Body) => void][] = [
    ['ended', (body) => body.end()],
    ['failed', (body) => body.fail(new Error('broken'))],
    ['brought nonsense', (body) => body.send('nonsense\n')],
    ['been cut', (body) => body.send('{"type":').end()],
  ];
  for (const [name, end] of ends) {
    it(`has no listener left when the stream has ${name}`, async () => {
      const { signal, listeners } = countedSignal();
      const body = new Body().send(lineOf(added('a')));
      const reading = readAll(body, { signal });
      await settle();
      end(body);
      expect((await reading).events).toEqual([added('a')]);
      expect([listeners.size, body.isFree]).toEqual([0, true]);
    });
  }

  it('has no listener left after break', async () => {
    const { signal, listeners } = countedSignal();
    const body = new Body().send(lineOf(added('a')));
    for await (const _ of decodeWatch(body.stream, { signal })) break;
    expect(listeners.size).toBe(0);
  });
});
