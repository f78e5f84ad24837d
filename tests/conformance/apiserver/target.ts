/**
 * What the suite runs against: the API server of `APISERVER_ENDPOINT` and `APISERVER_KUBECONFIG`, or
 * ours, started for each file. Tests work in a namespace of their own, which goes when they are done.
 */

import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest';
import { accessOf } from './kubeconfig.ts';
import { type Program, startOurApiServer } from './program.ts';
import { type Answer, type Asking, fieldOf, type Watching, Wire } from './wire.ts';

/** How long a namespace is left to those who empty namespaces. */
const EMPTYING_MS = 3000;

/** An API server under test. */
export interface Target {
  readonly wire: Wire;
  /** The namespace that is ours. */
  readonly namespace: string;
  /** A name that no other test uses. */
  name(): string;
  /** The path of `configmaps/a` or `apps/v1/deployments` in our namespace. */
  path(resource: string): string;
  /** Sends a request; a path without a slash at its beginning is one in our namespace. */
  ask(method: string, path: string, body?: unknown, asking?: Asking): Promise<Answer>;
  /** The same for what must succeed. */
  done(method: string, path: string, body?: unknown, asking?: Asking): Promise<Answer>;
  watch(path: string, asking?: Asking): Promise<Watching>;
  /** Creates a ConfigMap; its name is new if none is given. */
  configMap(fields?: { readonly metadata?: object; readonly data?: object }): Promise<Answer>;
}

/** Registers tests. */
export interface Cases {
  (name: string, test: (target: Target, context: TestContext) => Promise<void>): void;
  /** One test for each row; `%s` in the name is the row's first. */
  each<Row extends readonly [string, ...unknown[]]>(
    rows: readonly Row[],
    name: string,
    test: (target: Target, row: Row) => Promise<void>,
  ): void;
}

/** Describes a behaviour of Kubernetes' API; every target must show it. */
export function describeApiServer(title: string, define: (it: Cases) => void): void {
  const { APISERVER_ENDPOINT: endpoint, APISERVER_KUBECONFIG: kubeconfig } = process.env;
  const isGiven = Boolean(endpoint || kubeconfig);
  const name = isGiven ? `API server at ${endpoint || kubeconfig}` : 'our API server';
  describe(`${title}: ${name}`, () => {
    let program: Program | undefined;
    let target: Target | undefined;

    beforeAll(async () => {
      if (!isGiven) program = await startOurApiServer();
      const access = accessOf(
        program?.endpoint ?? (endpoint || undefined),
        program?.kubeconfig ?? (kubeconfig || undefined),
      );
      target = await newTarget(new Wire(access));
    }, 60_000);

    afterAll(async () => {
      // What ours held goes with it.
      if (target !== undefined && isGiven) await removeNamespace(target);
      target?.wire.close();
      await program?.stop();
    }, 60_000);

    const running = (): Target => {
      if (target === undefined) throw new Error('the API server did not start');
      return target;
    };
    const cases: Cases = (name, test) => {
      it(name, (context) => test(running(), context));
    };
    cases.each = (rows, name, test) => {
      for (const row of rows) it(name.replace('%s', row[0]), () => test(running(), row));
    };
    define(cases);
  });
}

async function newTarget(wire: Wire): Promise<Target> {
  const created = await wire.ask('POST', '/api/v1/namespaces', {
    metadata: { generateName: 'conformance-' },
  });
  if (created.status !== 201) throw new Error(`no namespace to work in: ${created.text}`);
  const namespace = created.name;
  let names = 0;
  const path = (resource: string): string => {
    if (resource.startsWith('/')) return resource;
    const [, version, rest] = /^([\w.-]+\/v\w+)\/(.*)$/.exec(resource) ?? [];
    if (version === undefined) return `/api/v1/namespaces/${namespace}/${resource}`;
    return `/apis/${version}/namespaces/${namespace}/${rest}`;
  };
  const ask: Target['ask'] = (method, resource, body, asking) =>
    wire.ask(method, path(resource), body, asking);
  const done: Target['done'] = async (method, resource, body, asking) => {
    const answer = await ask(method, resource, body, asking);
    if (answer.status < 300) return answer;
    throw new Error(`${method} ${resource} was answered with ${answer.status}: ${answer.text}`);
  };
  const name = () => `name-${++names}`;
  await ask('POST', 'serviceaccounts', { metadata: { name: 'default' } });
  return {
    wire,
    namespace,
    name,
    path,
    ask,
    done,
    watch: (resource, asking) => wire.watch(path(resource), asking),
    configMap: ({ metadata, ...rest } = {}) =>
      done('POST', 'configmaps', { ...rest, metadata: { name: name(), ...metadata } }),
  };
}

/** Deletes our namespace, and empties it where nobody else does. */
async function removeNamespace({ wire, namespace }: Target): Promise<void> {
  const path = `/api/v1/namespaces/${namespace}`;
  await wire.ask('DELETE', path);
  const isGone = async () => (await wire.ask('GET', path)).status === 404;
  const deadline = performance.now() + EMPTYING_MS;
  while (performance.now() < deadline) {
    if (await isGone()) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  for (const resource of ['configmaps', 'secrets', 'pods', 'services', 'serviceaccounts']) {
    await emptyCollection(wire, `${path}/${resource}`);
  }
  for (const resource of ['apps/v1/deployments', 'batch/v1/jobs', 'batch/v1/cronjobs']) {
    const [, version, plural] = /^(.+)\/(\w+)$/.exec(resource) ?? [];
    await emptyCollection(wire, `/apis/${version}/namespaces/${namespace}/${plural}`);
  }
  const now = await wire.ask('GET', path);
  if (now.status !== 404) {
    await wire.ask('PUT', `${path}/finalize`, { ...now.body, spec: { finalizers: [] } });
  }
}

async function emptyCollection(wire: Wire, path: string): Promise<void> {
  const { items = [] } = (await wire.ask('GET', path)).body as { items?: unknown[] };
  for (const item of items) {
    const one = `${path}/${fieldOf(item, 'metadata.name')}`;
    await wire.ask(
      'PATCH',
      one,
      { metadata: { finalizers: null } },
      { type: 'application/merge-patch+json' },
    );
    await wire.ask('DELETE', one, { gracePeriodSeconds: 0, propagationPolicy: 'Background' });
  }
}

/** Expects a refusal: its HTTP code and its Status body. */
export function expectRefusal(
  answer: Answer,
  code: number,
  reason: string,
  message: string | RegExp,
): void {
  expect({ http: answer.status, ...answer.body }).toMatchObject({
    http: code,
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    code,
    reason,
    message: expect.stringMatching(message),
  });
}

/** The `reason field` pairs of a 422's causes. */
export function causesOf(answer: Answer): string[] {
  const causes = (answer.at('details.causes') ?? []) as { reason: string; field: string }[];
  return causes.map(({ reason, field }) => `${reason} ${field}`);
}
