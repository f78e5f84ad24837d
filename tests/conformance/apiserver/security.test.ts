/** Who asks, and may they: impersonation, RBAC, tokens of service accounts. */

import { expect, type TestContext } from 'vitest';
import { describeApiServer, expectRefusal, type Target } from './target.ts';

const rbac = 'rbac.authorization.k8s.io/v1';

/** A role and its binding to a user. */
async function allow({ done }: Target, name: string, user: string, rules: object[]) {
  await done('POST', `${rbac}/roles`, { metadata: { name }, rules });
  await done('POST', `${rbac}/rolebindings`, {
    metadata: { name },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: user }],
  });
}

/** Until what was written has reached those who decide. */
async function eventually(status: () => Promise<number>, expected: number) {
  await expect.poll(status, { timeout: 10_000, interval: 50 }).toBe(expected);
}

/** Skips, aloud, where everybody may do everything, whatever they show. */
async function needsCredentials({ ask }: Target, context: TestContext): Promise<void> {
  if ((await ask('GET', 'configmaps', undefined, { token: 'nonsense' })).status !== 200) return;
  console.warn(`SKIPPED ${context.task.name}: this endpoint does not ask who somebody is`);
  context.skip('this endpoint does not ask who somebody is');
}

const as = (user: string, ...groups: string[]) => ({
  headers: {
    'impersonate-user': user,
    ...(groups[0] !== undefined && { 'impersonate-group': groups[0] }),
  },
});

describeApiServer('security', (it) => {
  it('refuses a user without a role, and says what was missing', async ({ ask, namespace }) => {
    const answer = await ask('GET', 'configmaps', undefined, as('jane'));
    expectRefusal(
      answer,
      403,
      'Forbidden',
      `^configmaps is forbidden: User "jane" cannot list resource "configmaps" in API group "" in the namespace "${namespace}"$`,
    );
    expect(answer.at('details')).toEqual({ kind: 'configmaps' });
    const nodes = await ask('GET', '/api/v1/nodes/n', undefined, as('jane'));
    expectRefusal(
      nodes,
      403,
      'Forbidden',
      '^nodes "n" is forbidden: User "jane" cannot get resource "nodes" in API group "" at the cluster scope$',
    );
  });

  it('lets a user do what a role says, and no more', async (target) => {
    const { ask, configMap } = target;
    const { name } = await configMap({ data: { k: '1' } });
    await allow(target, 'reader', 'reader', [
      { apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'list'] },
    ]);
    const status = (method: string, path: string, body?: object) => async () =>
      (await ask(method, path, body, as('reader'))).status;
    await eventually(status('GET', `configmaps/${name}`), 200);
    expect(await status('GET', 'configmaps')()).toBe(200);
    expect(await status('DELETE', `configmaps/${name}`)()).toBe(403);
    expect(await status('GET', 'secrets')()).toBe(403);
    expect(await status('GET', '/api/v1/namespaces/default/configmaps')()).toBe(403);
    expect(await status('GET', 'configmaps?watch=1&timeoutSeconds=1')()).toBe(403);
  });

  it('knows names of resources, and subresources', async (target) => {
    const { ask, configMap } = target;
    const [mine, other] = [await configMap(), await configMap()];
    await allow(target, 'narrow', 'narrow', [
      { apiGroups: [''], resources: ['configmaps'], resourceNames: [mine.name], verbs: ['get'] },
      { apiGroups: [''], resources: ['pods/status'], verbs: ['get'] },
    ]);
    const status = (path: string) => async () =>
      (await ask('GET', path, undefined, as('narrow'))).status;
    await eventually(status(`configmaps/${mine.name}`), 200);
    expect(await status(`configmaps/${other.name}`)()).toBe(403);
    expect(await status('configmaps')()).toBe(403);
    expect(await status('pods/none/status')()).toBe(404);
    expect(await status('pods/none')()).toBe(403);
  });

  it('gives a group what it gives each of its members', async ({ ask, done }) => {
    await done('POST', `${rbac}/rolebindings`, {
      metadata: { name: 'viewers' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'viewers' }],
    });
    const status = (path: string, group: string) => async () =>
      (await ask('GET', path, undefined, as('anyone', group))).status;
    await eventually(status('configmaps', 'viewers'), 200);
    expect(await status('configmaps', 'others')()).toBe(403);
    expect(await status('secrets', 'viewers')()).toBe(403);
  });

  it('lets nobody give away what they do not have', async (target) => {
    const { ask } = target;
    await allow(target, 'rolemaker', 'rolemaker', [
      { apiGroups: ['rbac.authorization.k8s.io'], resources: ['roles'], verbs: ['create'] },
    ]);
    const make = (rules: object[]) => () =>
      ask('POST', `${rbac}/roles`, { metadata: { generateName: 'made-' }, rules }, as('rolemaker'));
    await eventually(async () => (await make([])()).status, 201);
    const answer = await make([{ apiGroups: [''], resources: ['secrets'], verbs: ['get'] }])();
    expect(answer.status).toBe(403);
    expect(answer.at('message')).toMatch(
      /user "rolemaker" .*is attempting to grant RBAC permissions not currently held:\n\{APIGroups:\[""\], Resources:\["secrets"\], Verbs:\["get"\]\}/,
    );
  });

  it('answers whether somebody may', async ({ done, namespace }) => {
    const review = async (user: string, verb: string) => {
      const answer = await done('POST', '/apis/authorization.k8s.io/v1/subjectaccessreviews', {
        spec: {
          user,
          groups: ['system:masters'].filter(() => user === 'root'),
          resourceAttributes: { namespace, verb, resource: 'secrets' },
        },
      });
      return answer.at('status.allowed');
    };
    expect([await review('root', 'delete'), await review('jane', 'delete')]).toEqual([true, false]);
    const self = await done('POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {
      spec: { resourceAttributes: { namespace, verb: 'get', resource: 'pods' } },
    });
    expect([self.status, self.at('status.allowed')]).toEqual([201, true]);
  });

  it('makes tokens for service accounts, and knows them again', async (target, context) => {
    await needsCredentials(target, context);
    const { ask, done, name, namespace } = target;
    const own = name();
    const account = await done('POST', 'serviceaccounts', { metadata: { name: own } });
    const made = await done('POST', `serviceaccounts/${own}/token`, {
      spec: { expirationSeconds: 600 },
    });
    expect(made.body).toMatchObject({
      kind: 'TokenRequest',
      apiVersion: 'authentication.k8s.io/v1',
      spec: { expirationSeconds: 600, audiences: [expect.any(String)] },
      status: {
        token: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
        expirationTimestamp: expect.any(String),
      },
    });
    const token = String(made.at('status.token'));
    const username = `system:serviceaccount:${namespace}:${own}`;
    const review = (some: string) =>
      done('POST', '/apis/authentication.k8s.io/v1/tokenreviews', { spec: { token: some } });
    expect((await review(token)).at('status')).toMatchObject({
      authenticated: true,
      user: {
        username,
        uid: account.at('metadata.uid'),
        groups: expect.arrayContaining([
          'system:serviceaccounts',
          `system:serviceaccounts:${namespace}`,
        ]),
      },
    });
    expect((await review(`${token.slice(0, -6)}AAAAAA`)).at('status.authenticated')).toBeFalsy();

    const mine = await ask('GET', 'configmaps', undefined, { token });
    expectRefusal(mine, 403, 'Forbidden', `User "${username}" cannot list resource "configmaps"`);
    const who = await ask(
      'POST',
      '/apis/authentication.k8s.io/v1/selfsubjectreviews',
      {},
      { token },
    );
    expect(who.at('status.userInfo.username')).toBe(username);

    await done('DELETE', `serviceaccounts/${own}`);
    await eventually(
      async () => (await ask('GET', 'configmaps', undefined, { token })).status,
      401,
    );
  });

  it('refuses a token that is none, with 401', async (target, context) => {
    await needsCredentials(target, context);
    const { ask } = target;
    const answer = await ask('GET', 'configmaps', undefined, { token: 'nonsense' });
    expectRefusal(answer, 401, 'Unauthorized', '^Unauthorized$');
  });

  it('refuses a token request for too short a time', async ({ ask }) => {
    const answer = await ask('POST', 'serviceaccounts/default/token', {
      spec: { expirationSeconds: 5 },
    });
    expectRefusal(
      answer,
      422,
      'Invalid',
      'spec.expirationSeconds: Invalid value: 5: may not specify a duration less than 10 minutes',
    );
  });

  it('lets only those impersonate who may', async (target, context) => {
    await needsCredentials(target, context);
    const { ask, done, name, namespace } = target;
    const own = name();
    await done('POST', 'serviceaccounts', { metadata: { name: own } });
    const token = String(
      (await done('POST', `serviceaccounts/${own}/token`, {})).at('status.token'),
    );
    const answer = await ask('GET', 'configmaps', undefined, { token, ...as('jane') });
    expectRefusal(
      answer,
      403,
      'Forbidden',
      `^users "jane" is forbidden: User "system:serviceaccount:${namespace}:${own}" cannot impersonate resource "users" in API group "" at the cluster scope$`,
    );
  });
});
