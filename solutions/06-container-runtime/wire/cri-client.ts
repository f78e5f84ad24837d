/**
 * A `CriClient` over gRPC: to our runtime, or to containerd, or to any other.
 *
 * Streams are opened at the URL that the runtime gives (`streaming-client.ts`).
 */

import { Client, credentials, type ServiceError } from '@grpc/grpc-js';
import {
  type ContainerEventResponse,
  CRI_ERROR_NUMBERS,
  type CriClient,
  CriError,
  type CriErrorCode,
  type StreamingRuntime,
} from '../cri/index.ts';
import { CRI_PACKAGES, EVENTS, METHODS, type Method } from './methods.ts';
import { decodeMessage, encodeMessage } from './protobuf.ts';
import { openExec, openPort } from './streaming-client.ts';

const MAX_MESSAGE_BYTES = 64 * 1024 * 1024;

/** How to reach a runtime. */
export interface CriClientOptions {
  /** How long a call may take; 2 minutes if absent. Pulls, stops and commands may take longer. */
  readonly timeoutMs?: number;
}

/** A client, its streams, and an end. */
export interface RemoteCriClient extends CriClient, StreamingRuntime {
  /** `v1` or `v1alpha2`; known after the first call. */
  readonly apiVersion: string | undefined;
  close(): void;
}

const SLOW: ReadonlySet<string> = new Set([
  'pullImage',
  'stopContainer',
  'stopPodSandbox',
  'removePodSandbox',
  'execSync',
]);

/**
 * Makes a client. Nothing is dialled before the first call, which finds out the version.
 *
 * @param endpoint - `unix:///run/containerd/containerd.sock` or `tcp://127.0.0.1:9000`
 * @throws Error when the endpoint cannot be understood
 */
export function newCriClient(endpoint: string, options: CriClientOptions = {}): RemoteCriClient {
  const isUnix = /^unix:\/\/\//.test(endpoint);
  if (!isUnix && !/^tcp:\/\/[^/]+:\d+$/.test(endpoint)) {
    throw new Error(`expected unix:///PATH or tcp://HOST:PORT, found ${endpoint}`);
  }
  const wire = new Wire(
    isUnix ? endpoint : endpoint.slice('tcp://'.length),
    options.timeoutMs ?? 120_000,
  );
  const calls = Object.fromEntries(
    Object.entries(METHODS).map(([key, method]) => [
      key,
      (request: object = {}) => wire.call(method, request, SLOW.has(key)),
    ]),
  ) as unknown as Omit<CriClient, 'getContainerEvents'>;
  return {
    ...calls,
    get apiVersion() {
      return wire.version?.replace('runtime.', '');
    },
    getContainerEvents: (signal) => wire.events(signal),
    execStream: async (request) => openExec((await calls.exec(request)).url, request),
    attachStream: async (request) => openExec((await calls.attach(request)).url, request),
    portForwardStream: async (podSandboxId, port) =>
      openPort((await calls.portForward({ podSandboxId, port: [port] })).url, port),
    close: () => wire.close(),
  };
}

class Wire {
  version: string | undefined;
  readonly #client: Client;
  readonly #timeoutMs: number;
  #finding: Promise<string> | undefined;

  constructor(address: string, timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
    this.#client = new Client(address, credentials.createInsecure(), {
      'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
      'grpc.max_send_message_length': MAX_MESSAGE_BYTES,
      // Node and Go alike want a host here, which a socket's path is not.
      'grpc.default_authority': 'localhost',
      'grpc.initial_reconnect_backoff_ms': 100,
      'grpc.max_reconnect_backoff_ms': 3000,
    });
  }

  async call(method: Method, request: object, isSlow: boolean): Promise<object> {
    const version = await this.#findVersion();
    return this.#unary(version, method, request, isSlow);
  }

  async *events(signal?: AbortSignal): AsyncGenerator<ContainerEventResponse> {
    const version = await this.#findVersion();
    const call = this.#client.makeServerStreamRequest(
      pathOf(version, EVENTS),
      (value: object) => encodeMessage(EVENTS.request, value),
      (bytes) => decodeMessage(EVENTS.response, bytes),
      {},
    );
    const onAbort = (): void => call.cancel();
    if (signal?.aborted) onAbort();
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      for await (const event of call) yield event as ContainerEventResponse;
    } catch (error) {
      if (!signal?.aborted) throw criErrorOf(error);
    } finally {
      signal?.removeEventListener('abort', onAbort);
      call.cancel();
    }
  }

  close(): void {
    this.#client.close();
  }

  #findVersion(): Promise<string> {
    this.#finding ??= this.#tryVersions().catch((error: unknown) => {
      this.#finding = undefined;
      throw error;
    });
    return this.#finding;
  }

  /** The first version whose service is there. */
  async #tryVersions(): Promise<string> {
    let last: unknown;
    for (const version of CRI_PACKAGES) {
      try {
        await this.#unary(version, METHODS.version, {}, false);
        this.version = version;
        return version;
      } catch (error) {
        if (!(error instanceof CriError) || error.code !== 'UNIMPLEMENTED') throw error;
        last = error;
      }
    }
    throw last;
  }

  #unary(version: string, method: Method, request: object, isSlow: boolean): Promise<object> {
    const deadline = isSlow ? Number.POSITIVE_INFINITY : Date.now() + this.#timeoutMs;
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest(
        pathOf(version, method),
        (value: object) => encodeMessage(method.request, value),
        (bytes) => decodeMessage(method.response, bytes),
        request,
        { deadline },
        (error, answer) => (answer === undefined ? reject(criErrorOf(error)) : resolve(answer)),
      );
    });
  }
}

function pathOf(version: string, { service, name }: Method): string {
  return `/${version}.${service}/${name}`;
}

function criErrorOf(error: unknown): CriError {
  const { code, details } = error as ServiceError;
  const names = Object.entries(CRI_ERROR_NUMBERS) as [CriErrorCode, number][];
  const name = names.find(([, number]) => number === code)?.[0] ?? 'UNKNOWN';
  return new CriError(name, details || String(error));
}
