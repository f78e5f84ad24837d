/**
 * Credentials that a program makes: it is asked on standard output, in JSON, and its answer is kept
 * until it expires.
 *
 * @see client-go v0.33 plugin/pkg/client/auth/exec/exec.go
 */

import { spawn } from 'node:child_process';
import type { CredentialOptions, CredentialSource, Credentials } from './credentials.ts';
import { Fields } from './fields.ts';
import { KubeconfigError, reasonOf } from './kubeconfig-error.ts';
import type { ExecConfig } from './rest-config.ts';

/** An answer with more than this is not well. */
const MAX_OUTPUT_CHARACTERS = 1024 * 1024;

export function newExecSource(config: ExecConfig, options: CredentialOptions): CredentialSource {
  return new ExecSource(config, options);
}

class ExecSource implements CredentialSource {
  readonly #config: ExecConfig;
  readonly #options: CredentialOptions;
  #last: Credentials | undefined;
  #expiresAtMs = Number.POSITIVE_INFINITY;
  /** It may ask somebody at a terminal: never two at once. */
  #asking: Promise<Credentials> | undefined;

  constructor(config: ExecConfig, options: CredentialOptions) {
    this.#config = config;
    this.#options = options;
  }

  async current(): Promise<Credentials> {
    if (this.#last && this.#options.clock.now() <= this.#expiresAtMs) return this.#last;
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  refused(credentials: Credentials): void {
    if (credentials === this.#last) this.#last = undefined;
  }

  async #ask(): Promise<Credentials> {
    const answer = readAnswer(this.#config, await run(this.#config));
    this.#expiresAtMs = answer.expiresAtMs;
    this.#last = answer.credentials;
    return answer.credentials;
  }
}

async function run(config: ExecConfig): Promise<string> {
  const { command, args, where, apiVersion, cluster } = config;
  const interactive = isInteractive(config);
  const info = {
    kind: 'ExecCredential',
    apiVersion,
    spec: { ...(cluster && { cluster }), interactive },
  };
  const env = Object.fromEntries(config.env.map(({ name, value }) => [name, value]));
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      env: { ...process.env, ...env, KUBERNETES_EXEC_INFO: JSON.stringify(info) },
      stdio: [interactive ? 'inherit' : 'ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (piece: string) => {
      output += piece;
      if (output.length > MAX_OUTPUT_CHARACTERS) child.kill();
    });
    const fail = (why: string) => reject(new KubeconfigError(`${where}: ${why}`));
    child.on('error', (error) => fail(`exec: ${notStarted(config, error)}`));
    child.on('close', (code, signal) => {
      if (code === 0) resolve(output);
      else
        fail(
          `exec: executable ${command} failed with ${code === null ? signal : `exit code ${code}`}`,
        );
    });
  });
}

function notStarted({ command, installHint }: ExecConfig, error: NodeJS.ErrnoException): string {
  if (error.code !== 'ENOENT') return reasonOf(error);
  return `executable ${command} not found${installHint && ` (${installHint.replace(/\s+/g, ' ').trim()})`}`;
}

function isInteractive({ interactiveMode, where }: ExecConfig): boolean {
  const isTerminal = process.stdin.isTTY === true;
  if (interactiveMode === 'Always' && !isTerminal) {
    throw new KubeconfigError(`${where}: it wants to ask, and standard input is not a terminal`);
  }
  return interactiveMode !== 'Never' && isTerminal;
}

function readAnswer(
  { where, command, apiVersion }: ExecConfig,
  output: string,
): { readonly credentials: Credentials; readonly expiresAtMs: number } {
  const from = `${where}: the answer of ${command}`;
  let json: unknown;
  try {
    json = JSON.parse(output);
  } catch (error) {
    throw new KubeconfigError(`${from}: expected JSON: ${reasonOf(error)}`);
  }
  const answer = new Fields(from, '', '', json);
  if (answer.text('apiVersion') !== apiVersion || answer.text('kind') !== 'ExecCredential') {
    throw new KubeconfigError(`${from}: expected an ExecCredential of ${apiVersion}`);
  }
  const status = answer.object('status');
  if (status === undefined) throw new KubeconfigError(`${from}: expected a status, found none`);
  const [token, cert, key] = ['token', 'clientCertificateData', 'clientKeyData'].map((name) =>
    status.text(name),
  );
  if (!cert !== !key) {
    throw new KubeconfigError(
      `${from}: expected a certificate and its key, found only one of them`,
    );
  }
  if (!token && !cert) {
    throw new KubeconfigError(`${from}: expected a token, or a certificate and its key`);
  }
  return {
    credentials: {
      ...(token && { authorization: `Bearer ${token}` }),
      ...(cert && key && { clientCertificate: { cert, key } }),
    },
    expiresAtMs: expiryOf(status),
  };
}

function expiryOf(status: Fields): number {
  const text = status.text('expirationTimestamp');
  if (text === '') return Number.POSITIVE_INFINITY;
  const ms = Date.parse(text);
  if (!Number.isNaN(ms)) return ms;
  throw new KubeconfigError(
    `${status.where('expirationTimestamp')}: expected a time, found ${JSON.stringify(text)}`,
  );
}
