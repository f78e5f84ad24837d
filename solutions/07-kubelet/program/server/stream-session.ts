/** Joins a process's streams with a client's channels, whatever protocol these come in. */

import {
  type CriClient,
  CriError,
  type ExecStream,
  type StreamingRuntime,
} from '#container-runtime/cri';
import type { Flow } from '#container-runtime/wire';
import type { StreamRequest } from '../../api/kubelet-api.ts';

/** A client's ends of one exec or attach. */
export interface ClientChannels {
  /** What the client types; absent: nothing. */
  readonly stdin?: AsyncIterable<Uint8Array>;
  readonly resizes?: AsyncIterable<{ readonly width: number; readonly height: number }>;
  writeStdout(data: Uint8Array): Promise<void>;
  writeStderr(data: Uint8Array): Promise<void>;
  /** Says how it ended, as a `Status`, and closes. */
  finish(status: object): Promise<void>;
  /** Aborts when the client is gone. */
  readonly gone: AbortSignal;
}

/** Runs one exec or attach to its end. */
export async function runSession(
  runtime: CriClient & StreamingRuntime,
  wanted: Exclude<StreamRequest, { kind: 'portForward' }>,
  client: ClientChannels,
): Promise<void> {
  const attempt =
    wanted.kind === 'exec'
      ? 'error executing command in container'
      : 'error attaching to container';
  const fail = (error: unknown) => client.finish(failure(`${attempt}: ${textOf(error)}`));
  let stream: ExecStream;
  try {
    stream =
      wanted.kind === 'exec'
        ? await runtime.execStream(wanted.request)
        : await runtime.attachStream(wanted.request);
  } catch (error) {
    await fail(error);
    return;
  }
  client.gone.addEventListener('abort', () => stream.close(), { once: true });
  if (client.gone.aborted) stream.close();
  void pumpIn(client, stream);
  void pumpSizes(client, stream);
  const outputs = Promise.all([
    pumpOut(stream.stdout, (data) => client.writeStdout(data)),
    pumpOut(stream.stderr, (data) => client.writeStderr(data)),
  ]);
  try {
    const code = await stream.exitCode;
    await outputs;
    await client.finish(code === 0 ? SUCCESS : exited(code));
  } catch (error) {
    await fail(error);
  }
}

const SUCCESS = { metadata: {}, status: 'Success' };

function exited(code: number): object {
  return {
    metadata: {},
    status: 'Failure',
    message: `command terminated with non-zero exit code: exit status ${code}`,
    reason: 'NonZeroExitCode',
    details: { causes: [{ reason: 'ExitCode', message: String(code) }] },
  };
}

/** An internal error of the API, as a client decodes it. */
function failure(text: string): object {
  return {
    metadata: {},
    status: 'Failure',
    message: `Internal error occurred: ${text}`,
    reason: 'InternalError',
    details: { causes: [{ message: text }] },
    code: 500,
  };
}

function textOf(error: unknown): string {
  if (error instanceof CriError) return error.description;
  return error instanceof Error ? error.message : String(error);
}

async function pumpIn({ stdin }: ClientChannels, stream: ExecStream): Promise<void> {
  if (!stdin || !stream.stdin) return;
  const writer = stream.stdin.getWriter();
  try {
    for await (const data of stdin) await writer.write(data);
    await writer.close();
  } catch {
    // The process does not read any more.
  }
}

async function pumpSizes({ resizes }: ClientChannels, stream: ExecStream): Promise<void> {
  if (!resizes) return;
  for await (const size of resizes) stream.resize(size);
}

async function pumpOut(
  from: ReadableStream<Uint8Array> | undefined,
  write: (data: Uint8Array) => Promise<void>,
): Promise<void> {
  if (!from) return;
  for await (const data of from) await write(data);
}

/** Values that come one by one and can be waited for. */
export class Inbox<T> implements AsyncIterable<T> {
  readonly #waiting: T[] = [];
  #wake: () => void = () => {};
  #isClosed = false;

  push(value: T): void {
    this.#waiting.push(value);
    this.#wake();
  }

  close(): void {
    this.#isClosed = true;
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    for (;;) {
      const value = this.#waiting.shift();
      if (value !== undefined) yield value;
      else if (this.#isClosed) return;
      else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }
}

/** A client's bytes that come piece by piece; the client waits while they are not used. */
export class ByteInbox implements AsyncIterable<Uint8Array> {
  readonly #flow: Flow;
  readonly #pieces = new Inbox<Uint8Array>();
  #waitingBytes = 0;
  #isDiscarded = false;

  constructor(flow: Flow) {
    this.#flow = flow;
  }

  push(bytes: Uint8Array): void {
    if (this.#isDiscarded) return;
    this.#waitingBytes += bytes.length;
    this.#flow.took(bytes.length);
    this.#pieces.push(bytes);
  }

  close(): void {
    this.#pieces.close();
  }

  /** Nobody reads any more: what came and what comes is dropped, so that nothing waits for it. */
  discard(): void {
    this.#isDiscarded = true;
    this.#used(this.#waitingBytes);
    this.#pieces.close();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    try {
      for await (const bytes of this.#pieces) {
        yield bytes;
        if (!this.#isDiscarded) this.#used(bytes.length);
      }
    } finally {
      this.discard();
    }
  }

  #used(bytes: number): void {
    this.#waitingBytes -= bytes;
    this.#flow.used(bytes);
  }
}
