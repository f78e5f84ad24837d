/**
 * From kubeconfig files to the server and user of one context.
 *
 * What a file looks like is `kubeconfig-file.ts`; what comes of the result, `http-transport.ts`.
 *
 * @see client-go v0.33 tools/clientcmd/loader.go, client_config.go, validation.go
 */

import { readFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { createSecureContext } from 'node:tls';
import type { Fields } from './fields.ts';
import { KubeconfigError, reasonOf } from './kubeconfig-error.ts';
import { type KubeconfigFile, readKubeconfigFile } from './kubeconfig-file.ts';
import type { ExecConfig, ImpersonationConfig, RestConfig, UserConfig } from './rest-config.ts';

/** Which files, and what of them. */
export interface KubeconfigOptions {
  /** One file, which must be there. */
  readonly path?: string;
  /** Instead of `path`: several, of which some may not be there. See {@link kubeconfigPaths}. */
  readonly paths?: readonly string[];
  /** Absent: the files' `current-context`. */
  readonly context?: string;
}

/**
 * The files kubectl would read: those in `KUBECONFIG`, or `.kube/config` in the home directory.
 *
 * @param env - `process.env`
 */
export function kubeconfigPaths(env: Readonly<Record<string, string | undefined>>): string[] {
  const listed = (env.KUBECONFIG ?? '').split(delimiter).filter((path) => path !== '');
  if (listed.length > 0) return [...new Set(listed)];
  const home = env.HOME ?? env.USERPROFILE;
  return home ? [join(home, '.kube', 'config')] : [];
}

/**
 * Reads kubeconfig files.
 *
 * @remarks Of several files the first one that has a cluster, context or user of a name has it, and
 * the first that says a `current-context`.
 * @throws KubeconfigError, as a rejection: one line that names the file and what was expected
 */
export async function loadKubeconfig(options: KubeconfigOptions): Promise<RestConfig> {
  const paths = options.path !== undefined ? [options.path] : (options.paths ?? []);
  const files: KubeconfigFile[] = [];
  for (const path of paths) {
    const file = await readKubeconfigFile(path);
    if (file) files.push(file);
  }
  const all = paths.join(', ');
  if (files.length === 0)
    throw new KubeconfigError(`${all || 'kubeconfig'}: there is no such file`);
  return new Kubeconfig(all, files).use(options.context);
}

/** Several files as one. */
class Kubeconfig {
  /** For messages about what none of them has. */
  readonly #where: string;
  readonly #files: readonly KubeconfigFile[];

  constructor(where: string, files: readonly KubeconfigFile[]) {
    this.#where = where;
    this.#files = files;
  }

  async use(wanted: string | undefined): Promise<RestConfig> {
    const name =
      wanted || this.#files.map((file) => file.currentContext).find((context) => context !== '');
    if (!name) throw new KubeconfigError(`${this.#where}: expected a current-context, found none`);
    const context = this.#find('contexts', name, 'context');
    const cluster = this.#find(
      'clusters',
      context.requiredText('cluster'),
      `context ${name}: cluster`,
    );
    const user = this.#find('users', context.requiredText('user'), `context ${name}: user`);
    const clusterConfig = await readCluster(cluster);
    return {
      ...clusterConfig,
      namespace: context.text('namespace') || 'default',
      user: await readUser(user, clusterConfig, cluster),
    };
  }

  #find(what: 'clusters' | 'contexts' | 'users', name: string, who: string): Fields {
    for (const file of this.#files) {
      const found = file[what].get(name);
      if (found) return found;
    }
    throw new KubeconfigError(`${this.#where}: ${who} ${JSON.stringify(name)} is not in ${what}`);
  }
}

async function readCluster(cluster: Fields): Promise<Omit<RestConfig, 'namespace' | 'user'>> {
  const ca = await dataOrFile(cluster, 'certificate-authority');
  const insecure = cluster.boolean('insecure-skip-tls-verify');
  if (insecure && ca !== '') {
    throw new KubeconfigError(
      `${cluster.where('insecure-skip-tls-verify')}: expected no certificate-authority beside it`,
    );
  }
  if (ca !== '') checkPem(cluster.where('certificate-authority'), { ca });
  return {
    server: serverOf(cluster, ca !== '' || insecure),
    insecureSkipTlsVerify: insecure,
    ...(ca !== '' && { certificateAuthority: ca }),
    ...textIf('tlsServerName', cluster.text('tls-server-name')),
    ...textIf('proxyUrl', proxyOf(cluster)),
  };
}

/** @param secure - is there anything about TLS? Then that is how one talks when nobody says */
function serverOf(cluster: Fields, secure: boolean): string {
  const written = cluster.requiredText('server');
  const text = written.includes('://') ? written : `http${secure ? 's' : ''}://${written}`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    const found = JSON.stringify(written);
    throw new KubeconfigError(
      `${cluster.where('server')}: expected https://HOST:PORT, found ${found}`,
    );
  }
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`;
}

function proxyOf(cluster: Fields): string {
  const text = cluster.text('proxy-url');
  if (text === '' || (URL.canParse(text) && /^https?:/.test(text))) return text;
  const found = JSON.stringify(text);
  throw new KubeconfigError(
    `${cluster.where('proxy-url')}: expected http://HOST:PORT or https://HOST:PORT, found ${found}`,
  );
}

async function readUser(
  user: Fields,
  server: Omit<RestConfig, 'namespace' | 'user'>,
  cluster: Fields,
): Promise<UserConfig> {
  // As clientcmd does: credentials are not for everybody on the way to read.
  if (server.server.startsWith('http:')) return {};
  refuseAuthProvider(user);
  const cert = await dataOrFile(user, 'client-certificate');
  const key = await dataOrFile(user, 'client-key');
  if ((cert === '') !== (key === '')) {
    const [one, other] =
      cert === '' ? ['client-key', 'client-certificate'] : ['client-certificate', 'client-key'];
    throw new KubeconfigError(`${user.where(one)}: expected a ${other} beside it, found none`);
  }
  if (cert !== '') checkPem(user.where('client-certificate'), { cert, key });
  const [token, username] = [user.text('token'), user.text('username')];
  if (token !== '' && username !== '') {
    throw new KubeconfigError(`${user.where('token')}: expected no username beside it`);
  }
  return {
    ...textIf('token', token),
    ...textIf('tokenFile', user.path('tokenFile')),
    ...textIf('username', username),
    ...textIf('password', user.text('password')),
    ...textIf('clientCertificate', cert),
    ...textIf('clientKey', key),
    ...(user.has('exec') && { exec: readExec(user, server, cluster) }),
    ...(user.has('as') && { impersonate: readImpersonation(user) }),
  };
}

function refuseAuthProvider(user: Fields): void {
  const provider = user.object('auth-provider');
  if (provider === undefined) return;
  const name = JSON.stringify(provider.text('name'));
  throw new KubeconfigError(
    `${user.where('auth-provider')}: the auth provider ${name} is not supported: expected exec, a token or a client certificate`,
  );
}

function readImpersonation(user: Fields): ImpersonationConfig {
  const extra = user.object('as-user-extra');
  const names = extra?.names() ?? [];
  return {
    user: user.requiredText('as'),
    uid: user.text('as-uid'),
    groups: user.texts('as-groups'),
    extra: Object.fromEntries(names.map((name) => [name, extra?.texts(name) ?? []])),
  };
}

const EXEC_VERSIONS = ['client.authentication.k8s.io/v1', 'client.authentication.k8s.io/v1beta1'];

function readExec(
  user: Fields,
  server: Omit<RestConfig, 'namespace' | 'user'>,
  cluster: Fields,
): ExecConfig | undefined {
  const exec = user.object('exec');
  if (exec === undefined) return undefined;
  const apiVersion = exec.requiredText('apiVersion');
  if (!EXEC_VERSIONS.includes(apiVersion)) {
    throw oneOf(exec.where('apiVersion'), EXEC_VERSIONS, apiVersion);
  }
  const command = exec.requiredText('command');
  return {
    where: exec.where('command'),
    apiVersion,
    // A bare name is looked up in PATH.
    command: command.includes('/') ? exec.path('command') : command,
    args: exec.texts('args'),
    env: exec.objects('env').map((entry) => ({
      name: entry.requiredText('name'),
      value: entry.text('value'),
    })),
    installHint: exec.text('installHint'),
    interactiveMode: interactiveModeOf(exec, apiVersion),
    ...(exec.boolean('provideClusterInfo') && { cluster: clusterInfo(server, cluster) }),
  };
}

function interactiveModeOf(exec: Fields, apiVersion: string): ExecConfig['interactiveMode'] {
  const mode = exec.text('interactiveMode');
  switch (mode) {
    case 'Never':
    case 'IfAvailable':
    case 'Always':
      return mode;
    default:
      // Only the first version had a default.
      if (mode === '' && apiVersion.endsWith('/v1beta1')) return 'IfAvailable';
      throw oneOf(exec.where('interactiveMode'), ['Never', 'IfAvailable', 'Always'], mode);
  }
}

/** What in a cluster's extensions is meant for exec plugins. */
const EXEC_EXTENSION = 'client.authentication.k8s.io/exec';

function clusterInfo(server: Omit<RestConfig, 'namespace' | 'user'>, cluster: Fields): object {
  const { certificateAuthority: ca } = server;
  const extension = cluster
    .objects('extensions')
    .find((one) => one.text('name') === EXEC_EXTENSION);
  return {
    server: server.server,
    ...(server.tlsServerName && { 'tls-server-name': server.tlsServerName }),
    ...(server.insecureSkipTlsVerify && { 'insecure-skip-tls-verify': true }),
    ...(ca && { 'certificate-authority-data': Buffer.from(ca).toString('base64') }),
    ...(server.proxyUrl && { 'proxy-url': server.proxyUrl }),
    config: extension?.raw('extension') ?? null,
  };
}

function oneOf(where: string, expected: readonly string[], found: string): KubeconfigError {
  const text = found === '' ? 'nothing' : JSON.stringify(found);
  return new KubeconfigError(`${where}: expected one of ${expected.join(', ')}, found ${text}`);
}

/** What stands in the field `NAME-data`, or in the file that the field `NAME` names. */
async function dataOrFile(fields: Fields, name: string): Promise<string> {
  const data = fields.base64(`${name}-data`);
  if (data !== '') return data;
  const path = fields.path(name);
  if (path === '') return '';
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new KubeconfigError(`${fields.where(name)}: expected a file to read: ${reasonOf(error)}`);
  }
}

/** Finds out now what would else be a riddle at the first request. */
function checkPem(where: string, pem: { ca: string } | { cert: string; key: string }): void {
  const isPem = Object.values(pem).every((text) => text.includes('-----BEGIN '));
  try {
    if (!isPem) throw new Error('there is no -----BEGIN in it');
    createSecureContext(pem);
  } catch (error) {
    const what = 'ca' in pem ? 'certificates in PEM' : 'a certificate in PEM and its key';
    throw new KubeconfigError(`${where}: expected ${what}: ${reasonOf(error)}`);
  }
}

function textIf<K extends string>(name: K, value: string): { readonly [key in K]?: string } {
  return value === '' ? {} : ({ [name]: value } as { readonly [key in K]: string });
}
