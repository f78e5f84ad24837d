/**
 * exec, attach and port-forward as byte streams. Given: the interface only.
 *
 * In the CRI these give a URL of the runtime's streaming server. In process there is nothing to dial,
 * so the in-process runtime gives the streams themselves; `wire/` offers them at such a URL.
 */

import type { AttachRequest, ExecRequest } from './container.ts';

/** Columns and rows of a terminal. */
export interface TerminalSize {
  readonly width: number;
  readonly height: number;
}

/** One command that runs in a container, or one attachment to its main process. */
export interface ExecStream {
  /** What the process reads; closing it is its end of input. Absent when it was not asked for. */
  readonly stdin?: WritableStream<Uint8Array>;
  /** What the process writes. Ends when the process does. Absent when it was not asked for. */
  readonly stdout?: ReadableStream<Uint8Array>;
  /** As `stdout`; with a terminal there is only `stdout`. */
  readonly stderr?: ReadableStream<Uint8Array>;
  /** Tells the terminal's new size; nothing happens without a terminal. */
  resize(size: TerminalSize): void;
  /** Resolves with the exit code; for an attachment with 0 when the streams are over. */
  readonly exitCode: Promise<number>;
  /** The client is gone: the streams end. A command goes on unless it has a terminal. */
  close(): void;
}

/** One connection to a port inside a sandbox. */
export interface PortForwardStream {
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
  close(): void;
}

/** A runtime that gives streams in process. All methods reject with `CriError`. */
export interface StreamingRuntime {
  execStream(request: ExecRequest): Promise<ExecStream>;
  attachStream(request: AttachRequest): Promise<ExecStream>;
  /** @throws CriError `NOT_FOUND`, or `UNKNOWN` when nothing listens at the port */
  portForwardStream(podSandboxId: string, port: number): Promise<PortForwardStream>;
}

/** Can this runtime give streams in process? Otherwise there is a URL to dial. */
export function isStreamingRuntime<T extends object>(runtime: T): runtime is T & StreamingRuntime {
  return 'execStream' in runtime && 'attachStream' in runtime && 'portForwardStream' in runtime;
}
