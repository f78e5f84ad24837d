/** Joins a process's streams with a client's channels, whatever protocol these come in. */

import type { CriClient, ExecStream, StreamingRuntime } from '#container-runtime/cri';
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
  let stream: ExecStream;
  try {
    stream =
      wanted.kind === 'exec'
        ? await runtime.execStream(wanted.request)
        : await runtime.attachStream(wanted.request);
  } catch (error) {
    await client.finish(failure(error instanceof Error ? error.message : String(error)));
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
    await client.finish(failure(error instanceof Error ? error.message : String(error)));
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

function failure(message: string): object {
  return { metadata: {}, status: 'Failure', message, reason: 'InternalError', code: 500 };
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
