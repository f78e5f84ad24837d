/** Where an API server is and how to show who asks: from an address, and from a kubeconfig file. */

import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parse } from 'yaml';

/** An API server, and somebody who may do everything there. */
export interface Access {
  /** For example `https://127.0.0.1:6443`. */
  readonly endpoint: string;
  readonly token?: string;
  readonly tls: {
    readonly ca?: Buffer;
    readonly cert?: Buffer;
    readonly key?: Buffer;
    readonly rejectUnauthorized?: boolean;
  };
}

type Fields = Readonly<Record<string, unknown>>;

interface KubeconfigFile {
  readonly 'current-context': string;
  readonly clusters: readonly { readonly name: string; readonly cluster: Fields }[];
  readonly contexts: readonly {
    readonly name: string;
    readonly context: { readonly cluster: string; readonly user: string };
  }[];
  readonly users: readonly { readonly name: string; readonly user: Fields }[];
}

/**
 * Finds out how to reach an API server.
 *
 * @param endpoint - goes before the file's; needed when there is no file
 * @param file - a kubeconfig; its current context counts
 */
export function accessOf(endpoint: string | undefined, file: string | undefined): Access {
  const base = endpoint?.replace(/\/$/, '');
  if (file === undefined) return { endpoint: base ?? '', tls: {} };
  const config = parse(readFileSync(file, 'utf8')) as KubeconfigFile;
  const context = named(config.contexts, config['current-context']).context;
  const { cluster } = named(config.clusters, context.cluster);
  const { user } = named(config.users, context.user);
  if (user.exec !== undefined || user['auth-provider'] !== undefined) {
    throw new Error(`${file}: credentials from another program are not supported here`);
  }
  const read = (fields: Fields, field: string) => bytesOf(fields, field, dirname(file));
  const ca = read(cluster, 'certificate-authority');
  const cert = read(user, 'client-certificate');
  const key = read(user, 'client-key');
  return {
    endpoint: base ?? String(cluster.server).replace(/\/$/, ''),
    ...(typeof user.token === 'string' && { token: user.token }),
    tls: {
      ...(ca && { ca }),
      ...(cert && { cert }),
      ...(key && { key }),
      ...(cluster['insecure-skip-tls-verify'] === true && { rejectUnauthorized: false }),
    },
  };
}

function named<T extends { readonly name: string }>(all: readonly T[], name: string): T {
  const found = all.find((one) => one.name === name);
  if (found === undefined) throw new Error(`the kubeconfig has no ${name}`);
  return found;
}

/** The bytes of a field: inline as `…-data`, or in a file beside the kubeconfig. */
function bytesOf(fields: Fields, field: string, folder: string): Buffer | undefined {
  const inline = fields[`${field}-data`];
  if (typeof inline === 'string') return Buffer.from(inline, 'base64');
  const path = fields[field];
  return typeof path === 'string' ? readFileSync(resolve(folder, path)) : undefined;
}
