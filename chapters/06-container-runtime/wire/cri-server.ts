/**
 * Offers a runtime on a socket, as gRPC: a Unix socket, or loopback TCP where there is none.
 *
 * exec, attach and port-forward answer with a URL of the streaming server (`streaming-server.ts`),
 * which runs beside it.
 */

import { rmSync } from 'node:fs';
import {
  type handleServerStreamingCall,
  type handleUnaryCall,
  Server,
  ServerCredentials,
  type ServiceDefinition,
  type UntypedHandleCall,
} from '@grpc/grpc-js';
import type { Logger } from '#apimachinery';
import {
  type AttachRequest,
  CRI_ERROR_NUMBERS,
  type CriClient,
  CriError,
  type ExecRequest,
  type PortForwardRequest,
  type StreamingRuntime,
} from '../cri/index.ts';
import { CRI_PACKAGES, EVENTS, METHODS, type Method } from './methods.ts';
import { decodeMessage, encodeMessage } from './protobuf.ts';
import { StreamingServer } from './streaming-server.ts';

/** Larger than gRPC's 4 MiB: lists of busy nodes, and the output of `ExecSync`. */
const MAX_MESSAGE_BYTES = 64 * 1024 * 1024;
/** How long calls that run may take to end when the server stops. */
const GOODBYE_MS = 500;

/** What a server needs. */
export interface CriServerOptions {
  readonly runtime: CriClient & StreamingRuntime;
  readonly log: Logger;
}

/** A gRPC server for both versions of the CRI. */
export class CriServer {
  readonly #runtime: CriClient & StreamingRuntime;
  readonly #log: Logger;
  readonly #server = new Server({
    'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
    'grpc.max_send_message_length': MAX_MESSAGE_BYTES,
  });
  readonly #streaming: StreamingServer;
  #socketPath: string | undefined;

  constructor({ runtime, log }: CriServerOptions) {
    this.#runtime = runtime;
    this.#log = log;
    this.#streaming = new StreamingServer({ runtime, log });
    for (const version of CRI_PACKAGES) this.#addServices(version);
  }

  /**
   * Starts to listen.
   *
   * @param endpoint - `unix:///run/cri.sock` or `tcp://127.0.0.1:0`
   * @returns the endpoint, with the port that was chosen
   * @throws Error when it cannot be listened on
   */
  async listen(endpoint: string): Promise<string> {
    await this.#streaming.listen();
    const isUnix = endpoint.startsWith('unix://');
    const address = isUnix ? endpoint : endpoint.replace(/^tcp:\/\//, '');
    if (isUnix) {
      this.#socketPath = endpoint.slice('unix://'.length);
      // What a runtime that was killed has left.
      rmSync(this.#socketPath, { force: true });
    }
    const port = await new Promise<number>((resolve, reject) => {
      this.#server.bindAsync(address, ServerCredentials.createInsecure(), (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      );
    });
    return isUnix ? endpoint : `tcp://${address.replace(/:\d+$/, `:${port}`)}`;
  }

  /** Ends all calls and streams. */
  async stop(): Promise<void> {
    await this.#streaming.stop();
    await new Promise<void>((resolve) => {
      const impatience = setTimeout(() => {
        this.#server.forceShutdown();
        resolve();
      }, GOODBYE_MS);
      this.#server.tryShutdown(() => {
        clearTimeout(impatience);
        resolve();
      });
    });
    if (this.#socketPath !== undefined) rmSync(this.#socketPath, { force: true });
  }

  #addServices(version: string): void {
    for (const service of ['RuntimeService', 'ImageService'] as const) {
      const definition: Record<string, ServiceDefinition[string]> = {};
      const handlers: Record<string, UntypedHandleCall> = {};
      for (const [key, method] of Object.entries(METHODS)) {
        if (method.service !== service) continue;
        definition[method.name] = definitionOf(version, method, false);
        handlers[method.name] = this.#unary(key as keyof typeof METHODS, version);
      }
      if (service === 'RuntimeService' && version === 'runtime.v1') {
        definition[EVENTS.name] = definitionOf(version, EVENTS, true);
        handlers[EVENTS.name] = this.#events();
      }
      this.#server.addService(definition, handlers);
    }
  }

  #unary(key: keyof typeof METHODS, version: string): handleUnaryCall<object, object> {
    return (call, answer) => {
      this.#call(key, call.request, version).then(
        (response) => answer(null, response),
        (error: unknown) => answer(this.#status(error)),
      );
    };
  }

  async #call(key: keyof typeof METHODS, request: object, version: string): Promise<object> {
    if (key === 'exec') {
      const exec = request as ExecRequest;
      return this.#streaming.offer('exec', () => this.#runtime.execStream(exec), exec.tty);
    }
    if (key === 'attach') {
      const attach = request as AttachRequest;
      return this.#streaming.offer('attach', () => this.#runtime.attachStream(attach), attach.tty);
    }
    if (key === 'portForward') {
      return this.#streaming.offerPorts(request as PortForwardRequest);
    }
    if (key === 'version') {
      const answer = await this.#runtime.version();
      return { ...answer, runtimeApiVersion: version.replace('runtime.', '') };
    }
    const method = this.#runtime[key] as (request: object) => Promise<object>;
    return method.call(this.#runtime, request);
  }

  #events(): handleServerStreamingCall<object, object> {
    return (call) => {
      const over = new AbortController();
      call.on('cancelled', () => over.abort());
      call.on('close', () => over.abort());
      const send = async (): Promise<void> => {
        for await (const event of this.#runtime.getContainerEvents(over.signal)) call.write(event);
        call.end();
      };
      send().catch((error: unknown) => call.emit('error', this.#status(error)));
    };
  }

  #status(error: unknown): { code: number; details: string } {
    if (error instanceof CriError) {
      return { code: CRI_ERROR_NUMBERS[error.code], details: error.description };
    }
    this.#log.error('a call failed', { error });
    return {
      code: CRI_ERROR_NUMBERS.UNKNOWN,
      details: error instanceof Error ? error.message : String(error),
    };
  }
}

function definitionOf(
  version: string,
  { service, name, request, response }: Method,
  isStream: boolean,
) {
  return {
    path: `/${version}.${service}/${name}`,
    requestStream: false,
    responseStream: isStream,
    requestSerialize: (value: object) => encodeMessage(request, value),
    requestDeserialize: (bytes: Buffer) => decodeMessage(request, bytes),
    responseSerialize: (value: object) => encodeMessage(response, value),
    responseDeserialize: (bytes: Buffer) => decodeMessage(response, bytes),
  };
}
