/** The filters of who and may, one at a time. */

import { describe, expect, it } from 'vitest';
import { newUnauthorized } from '#apimachinery';
import type { Authenticator } from '../../../solutions/02-apiserver/authentication/authenticator.ts';
import type {
  Attributes,
  Authorizer,
} from '../../../solutions/02-apiserver/authorization/authorizer.ts';
import type { Answer, Context, Filter } from '../../../solutions/02-apiserver/context.ts';
import { newAuthentication } from '../../../solutions/02-apiserver/filters/authentication.ts';
import { newAuthorization } from '../../../solutions/02-apiserver/filters/authorization.ts';
import { newImpersonation } from '../../../solutions/02-apiserver/filters/impersonation.ts';
import { type ContextParts, newContext } from './filter-context.ts';

const OK: Answer = { status: 200, headers: {}, body: '' };
const jane = { username: 'jane', groups: ['devs', 'system:authenticated'] };

/** Runs a filter; what it makes of the request is in the context. */
async function run(filter: Filter, parts: ContextParts, more: object = {}): Promise<Context> {
  const context = { ...newContext(parts), ...more } as Context;
  await filter(context, async () => OK);
  return context;
}

describe('authentication', () => {
  const known: Authenticator = { authenticate: () => jane };

  it('sets the user, and takes the credentials out of the request', async () => {
    const headers = { Authorization: 'Bearer x', 'X-Remote-User': 'root', Accept: 'text/plain' };
    const { user, incoming } = await run(newAuthentication(known), { target: '/', headers });
    expect(user).toEqual(jane);
    expect(incoming.headers.get('Authorization')).toBe(null);
    expect(incoming.headers.get('x-remote-user')).toBe(null);
    const left: string[] = [];
    incoming.headers.forEach?.((_, name) => {
      left.push(name);
    });
    expect(left).toEqual(['accept']);
    expect((await incoming.arrayBuffer()).byteLength).toBe(0);
  });

  it('refuses in one word, and says why to the log only', async () => {
    const said: string[] = [];
    const refuse = (authenticator: Authenticator) =>
      run(
        newAuthentication(authenticator, (why) => said.push(why)),
        { target: '/' },
      );
    const bad: Authenticator = {
      authenticate() {
        throw newUnauthorized('token has expired');
      },
    };
    const refused = { code: 401, reason: 'Unauthorized', message: 'Unauthorized' };
    await expect(refuse(bad)).rejects.toMatchObject(refused);
    await expect(refuse({ authenticate: () => undefined })).rejects.toMatchObject(refused);
    expect(said).toEqual([
      'token has expired',
      'no credentials, and anonymous requests are not allowed',
    ]);
  });

  it('passes a failure on', async () => {
    const broken = { authenticate: () => Promise.reject(new Error('storage is away')) };
    await expect(run(newAuthentication(broken), { target: '/' })).rejects.toThrow('storage');
  });

  it('asks nobody about a connection that needs no credentials', async () => {
    const { connection } = newContext({ target: '/' });
    const never = { authenticate: () => Promise.reject(new Error('asked')) };
    const trusted = { connection: { ...connection, trusted: true } };
    const { user } = await run(newAuthentication(never), { target: '/' }, trusted);
    expect(user.username).toBe('system:unsecured');
  });
});

describe('authorization', () => {
  const refusing = (reason = ''): Authorizer => ({
    authorize: () => ({ verdict: 'no-opinion', reason }),
  });
  const rows: [target: string, message: string][] = [
    [
      '/api/v1/namespaces/default/pods',
      'pods is forbidden: User "jane" cannot list resource "pods" in API group "" in the namespace "default"',
    ],
    [
      '/api/v1/namespaces/default/pods/web/log',
      'pods "web" is forbidden: User "jane" cannot get resource "pods/log" in API group "" in the namespace "default"',
    ],
    [
      '/apis/apps/v1/deployments?watch=true',
      'deployments.apps is forbidden: User "jane" cannot watch resource "deployments" in API group "apps" at the cluster scope',
    ],
    [
      '/api/v1/nodes/a',
      'nodes "a" is forbidden: User "jane" cannot get resource "nodes" in API group "" at the cluster scope',
    ],
    ['/metrics', 'forbidden: User "jane" cannot get path "/metrics"'],
    ['/<b>&', 'forbidden: User "jane" cannot get path "/&lt;b&gt;&amp;"'],
  ];
  for (const [target, message] of rows) {
    it(`refuses ${target}`, async () => {
      const asked = run(newAuthorization(refusing()), { target });
      await expect(asked).rejects.toMatchObject({ code: 403, reason: 'Forbidden', message });
    });
  }

  it('adds the reason, and writes the decision down', async () => {
    const context = newContext({ target: '/metrics' });
    const filter = newAuthorization(refusing('RBAC: <x> not found'));
    await expect(filter(context, async () => OK)).rejects.toThrow(
      'forbidden: User "jane" cannot get path "/metrics": RBAC: <x> not found',
    );
    expect(Object.fromEntries(context.audit)).toEqual({
      'authorization.k8s.io/decision': 'forbid',
      'authorization.k8s.io/reason': 'RBAC: <x> not found',
    });
  });

  it('asks about what the request wants, and lets through what is allowed', async () => {
    const asked: Attributes[] = [];
    const allowing: Authorizer = {
      authorize(attributes) {
        asked.push(attributes);
        return { verdict: 'allow', reason: 'why not' };
      },
    };
    const target = '/api/v1/pods?fieldSelector=spec.nodeName%3Da';
    const { audit } = await run(newAuthorization(allowing), { target });
    expect(asked).toEqual([
      {
        user: jane,
        verb: 'list',
        isResourceRequest: true,
        group: '',
        version: 'v1',
        resource: 'pods',
        subresource: '',
        namespace: '',
        name: '',
        fieldSelector: 'spec.nodeName=a',
      },
    ]);
    expect(audit.get('authorization.k8s.io/decision')).toBe('allow');
  });
});

describe('impersonation', () => {
  /** Allows all but what is named; writes down what it is asked. */
  function authorizer(...refused: string[]): Authorizer & { readonly asked: string[] } {
    const asked: string[] = [];
    return {
      asked,
      authorize(attributes) {
        if (!attributes.isResourceRequest) throw new Error('no resource');
        const { verb, group, resource, subresource, namespace, name, user } = attributes;
        const full = subresource === '' ? resource : `${resource}/${subresource}`;
        const place = namespace === '' ? name : `${namespace}/${name}`;
        const text = `${verb} ${full}.${group} ${place}`;
        asked.push(text);
        expect(user).toEqual(jane);
        return { verdict: refused.includes(text) ? 'no-opinion' : 'allow', reason: '' };
      },
    };
  }
  const act = (headers: Record<string, string>, by: Authorizer = authorizer()) =>
    run(newImpersonation(by), { target: '/api/v1/pods', headers });

  it('leaves a request without such headers as it is', async () => {
    const by = authorizer();
    const { user, audit } = await act({ Accept: '*/*' }, by);
    expect(user).toEqual(jane);
    expect(by.asked).toEqual([]);
    expect(audit.size).toBe(0);
  });

  it('needs the right to each thing somebody wants to be', async () => {
    const by = authorizer();
    const { user, incoming, audit } = await act(
      {
        'Impersonate-User': 'bob',
        'Impersonate-Group': 'ops, dev',
        'Impersonate-Uid': '7',
        'Impersonate-Extra-Example.com%2fscope': 'read, write',
      },
      by,
    );
    expect(by.asked).toEqual([
      'impersonate users. bob',
      'impersonate groups. ops',
      'impersonate groups. dev',
      'impersonate userextras/example.com/scope.authentication.k8s.io read',
      'impersonate userextras/example.com/scope.authentication.k8s.io write',
      'impersonate uids.authentication.k8s.io 7',
    ]);
    expect(user).toEqual({
      username: 'bob',
      groups: ['ops', 'dev', 'system:authenticated'],
      uid: '7',
      extra: { 'example.com/scope': ['read', 'write'] },
    });
    expect(audit.get('impersonatedUser')).toEqual(user);
    expect(incoming.headers.get('impersonate-user')).toBe(null);
    expect(incoming.headers.get('impersonate-extra-example.com%2fscope')).toBe(null);
  });

  it('knows the groups of a service account', async () => {
    const by = authorizer();
    const { user } = await act({ 'Impersonate-User': 'system:serviceaccount:ci:builder' }, by);
    expect(by.asked).toEqual(['impersonate serviceaccounts. ci/builder']);
    expect(user.groups).toEqual([
      'system:serviceaccounts',
      'system:serviceaccounts:ci',
      'system:authenticated',
    ]);
  });

  const groups: [name: string, user: string, group: string | undefined, groups: string[]][] = [
    ['adds everybody it knows', 'bob', undefined, ['system:authenticated']],
    [
      'takes the named groups of a service account',
      'system:serviceaccount:a:b',
      'x',
      ['x', 'system:authenticated'],
    ],
    [
      'leaves out system:authenticated on demand',
      'bob',
      'system:unauthenticated',
      ['system:unauthenticated'],
    ],
    ['places an anonymous user', 'system:anonymous', undefined, ['system:unauthenticated']],
  ];
  for (const [name, user, group, expected] of groups) {
    it(name, async () => {
      const headers = { 'Impersonate-User': user, ...(group && { 'Impersonate-Group': group }) };
      expect((await act(headers)).user.groups).toEqual(expected);
    });
  }

  it('refuses what one may not be', async () => {
    const group = authorizer('impersonate groups. system:masters');
    const headers = { 'Impersonate-User': 'bob', 'Impersonate-Group': 'system:masters' };
    await expect(act(headers, group)).rejects.toMatchObject({
      code: 403,
      message:
        'groups "system:masters" is forbidden: User "jane" cannot impersonate resource "groups" in API group "" at the cluster scope',
    });
    const uid = authorizer('impersonate uids.authentication.k8s.io 7');
    const asked = act({ 'Impersonate-User': 'bob', 'Impersonate-Uid': '7' }, uid);
    await expect(asked).rejects.toThrow('uids.authentication.k8s.io "7" is forbidden');
  });

  it('refuses groups without a user', async () => {
    await expect(act({ 'Impersonate-Group': 'ops' })).rejects.toMatchObject({
      code: 500,
      message: 'Internal error occurred: requested [{Group  ops    }] without impersonating a user',
    });
  });
});
