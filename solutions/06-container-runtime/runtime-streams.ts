/**
 * exec, attach and port-forward as byte streams of the simulated kernel. Given.
 *
 * The RPCs that give a URL instead are `wire/`'s; what a stream is, `cri/streaming.ts` says.
 */

import type { ContainerRecord, Containers } from './containers/containers.ts';
import * as cri from './cri/index.ts';
import { emptySource, Pipe } from './kernel/pipe.ts';
import { Terminal } from './kernel/terminal.ts';
import type { SimulatedHost } from './simulated-host.ts';
import { portForwardStreamOf, readableOf, writableOf } from './streams.ts';

/** Opens streams to containers that run. */
export class RuntimeStreams implements cri.StreamingRuntime {
  readonly #containers: Containers;
  readonly #host: SimulatedHost;

  constructor(containers: Containers, host: SimulatedHost) {
    this.#containers = containers;
    this.#host = host;
  }

  async execStream(request: cri.ExecRequest): Promise<cri.ExecStream> {
    const { id } = runningContainer(this.#containers, request.containerId);
    const input = new Pipe();
    const output = new Pipe();
    const errors = new Pipe();
    const terminal = request.tty ? new Terminal(output) : undefined;
    const process = this.#host.exec(id, {
      argv: request.cmd,
      stdin: terminal?.input ?? (request.stdin ? input : emptySource),
      stdout: terminal?.output ?? output,
      stderr: terminal?.output ?? errors,
      terminal,
    });
    if (terminal) void terminal.connect(input).catch(() => {});
    process.onEnd(() => {
      input.cancel();
      output.close();
      errors.close();
    });
    if (!request.stdout) void drain(output);
    if (!request.stderr || terminal) void drain(errors);
    return {
      ...(request.stdin && { stdin: writableOf(input) }),
      ...(request.stdout && { stdout: readableOf(output) }),
      ...(request.stderr && !terminal && { stderr: readableOf(errors) }),
      resize: ({ width, height }) => terminal?.resize(width, height),
      exitCode: process.exited.then(({ exitCode }) => exitCode),
      close: () => {
        terminal?.hangUp();
        input.close();
        output.cancel();
        errors.cancel();
      },
    };
  }

  async attachStream(request: cri.AttachRequest): Promise<cri.ExecStream> {
    const { id } = runningContainer(this.#containers, request.containerId);
    const { output, stdin, terminal, config } = this.#host.container(id);
    const pipes = { stdout: new Pipe(), stderr: new Pipe() };
    const { promise: over, resolve: finish } = deferred();
    const end = (): void => {
      pipes.stdout.close();
      pipes.stderr.close();
      finish();
    };
    const detach = output.attach((stream, bytes) => {
      const isWanted = stream === 'stdout' ? request.stdout : request.stderr;
      return isWanted ? pipes[stream].write(bytes) : Promise.resolve();
    }, end);
    const isOnce = config.stdinOnce ?? false;
    const input = stdin && {
      write: (bytes: Uint8Array) => stdin.write(bytes),
      close: () => {
        if (isOnce) stdin.close();
      },
    };
    return {
      ...(request.stdin && input && { stdin: writableOf(input) }),
      ...(request.stdout && { stdout: readableOf(pipes.stdout) }),
      ...(request.stderr && !terminal && { stderr: readableOf(pipes.stderr) }),
      resize: ({ width, height }) => terminal?.resize(width, height),
      exitCode: over.then(() => 0),
      close: () => {
        detach();
        end();
      },
    };
  }

  async portForwardStream(podSandboxId: string, port: number): Promise<cri.PortForwardStream> {
    const sandbox = this.#containers.sandbox(podSandboxId);
    if (sandbox.state !== 'SANDBOX_READY') {
      throw new cri.CriError('UNKNOWN', `sandbox container "${sandbox.id}" is not running`);
    }
    try {
      const stack = this.#host.networks.stack(sandbox.id);
      return portForwardStreamOf(stack.connect('127.0.0.1', '127.0.0.1', port, 'TCP'));
    } catch (error) {
      throw new cri.CriError(
        'UNKNOWN',
        `failed to connect to localhost:${port} inside namespace "${sandbox.id}", IPv4: dial tcp4 127.0.0.1:${port}: connect: connection refused: ${String(error)}`,
      );
    }
  }
}

/**
 * A container that runs.
 *
 * @throws CriError `NOT_FOUND`; `UNKNOWN` with this text, or one about its state, when it does not run
 */
export function runningContainer(
  containers: Containers,
  id: string,
  text?: string,
): ContainerRecord {
  const record = containers.container(id);
  if (record.state === 'CONTAINER_RUNNING') return record;
  throw new cri.CriError('UNKNOWN', text ?? `container is in ${record.state} state`);
}

async function drain(pipe: Pipe): Promise<void> {
  while ((await pipe.read()) !== undefined);
}

function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
