/** Reviews: asking about somebody instead of doing something. */

import { describe, expect, it } from 'vitest';
import { newUnauthorized } from '#apimachinery';
import type { ApiObject } from '../../../solutions/02-apiserver/api-object.ts';
import { reviewSelf, reviewToken } from '../../../solutions/02-apiserver/authentication/reviews.ts';
import type { TokenAuthenticator } from '../../../solutions/02-apiserver/authentication/token-authenticator.ts';
import type {
  Attributes,
  Authorizer,
  Decision,
} from '../../../solutions/02-apiserver/authorization/authorizer.ts';
import { nodeRules } from '../../../solutions/02-apiserver/authorization/node-authorizer.ts';
import { policyOf } from '../../../solutions/02-apiserver/authorization/policy-source.ts';
import {
  reviewLocalAccess,
  reviewSelfAccess,
  reviewSelfRules,
  reviewSubjectAccess,
} from '../../../solutions/02-apiserver/authorization/reviews.ts';
import {
  rbacRules,
  unionRules,
} from '../../../solutions/02-apiserver/authorization/rule-resolver.ts';

const jane = { username: 'jane', groups: ['devs'] };

function review(kind: string, spec: object, metadata: object = {}): ApiObject {
  return { apiVersion: 'authorization.k8s.io/v1', kind, metadata, spec };
}

function authorizer(decision: Decision): Authorizer & { readonly asked: Attributes[] } {
  const asked: Attributes[] = [];
  return {
    asked,
    authorize(attributes) {
      asked.push(attributes);
      return decision;
    },
  };
}

const pods = { namespace: 'ci', verb: 'get', resource: 'pods', name: 'web' };
const aboutPods = {
  verb: 'get',
  isResourceRequest: true,
  group: '',
  version: '',
  resource: 'pods',
  subresource: '',
  namespace: 'ci',
  name: 'web',
};
const allow: Decision = { verdict: 'allow', reason: 'RBAC: allowed by x' };
const nothing: Decision = { verdict: 'no-opinion', reason: '' };

describe('SubjectAccessReview', () => {
  it('asks about somebody else', async () => {
    const by = authorizer(allow);
    const sent = review('SubjectAccessReview', {
      resourceAttributes: pods,
      user: 'bob',
      groups: ['ops'],
      uid: '7',
      extra: { a: ['b'] },
    });
    const answer = await reviewSubjectAccess(sent, { authorizer: by });
    expect(answer.status).toEqual({ allowed: true, reason: 'RBAC: allowed by x' });
    expect(answer.spec).toEqual(sent.spec);
    expect(sent.status).toBe(undefined);
    const user = { username: 'bob', groups: ['ops'], uid: '7', extra: { a: ['b'] } };
    expect(by.asked).toEqual([{ ...aboutPods, user }]);
  });

  it('tells refused from denied', async () => {
    const sent = review('SubjectAccessReview', {
      nonResourceAttributes: { path: '/x', verb: 'get' },
      user: 'bob',
    });
    const answer = (decision: Decision) =>
      reviewSubjectAccess(sent, { authorizer: authorizer(decision) });
    expect((await answer(nothing)).status).toEqual({ allowed: false });
    expect((await answer({ verdict: 'deny', reason: 'no' })).status).toEqual({
      allowed: false,
      denied: true,
      reason: 'no',
    });
  });

  const faulty: [name: string, spec: object, message: string][] = [
    [
      'asks nothing',
      { user: 'bob' },
      'spec.resourceAttributes: Invalid value: "null": exactly one of nonResourceAttributes or resourceAttributes must be specified',
    ],
    [
      'asks two things',
      { user: 'bob', resourceAttributes: pods, nonResourceAttributes: { path: '/' } },
      'spec.nonResourceAttributes: Invalid value: {"path":"/"}: cannot be specified in combination with resourceAttributes',
    ],
    [
      'asks about nobody',
      { resourceAttributes: pods },
      'spec.user: Invalid value: "": at least one of user or group must be specified',
    ],
  ];
  for (const [name, spec, message] of faulty) {
    it(`refuses one that ${name}`, () => {
      const sent = review('SubjectAccessReview', spec);
      expect(() => reviewSubjectAccess(sent, { authorizer: authorizer(allow) })).toThrow(
        `SubjectAccessReview.authorization.k8s.io "" is invalid: ${message}`,
      );
    });
  }

  it('refuses one with a name', () => {
    const sent = review(
      'SubjectAccessReview',
      { resourceAttributes: pods, user: 'b' },
      { name: 'x' },
    );
    expect(() => reviewSubjectAccess(sent, { authorizer: authorizer(allow) })).toThrow(
      'metadata: Invalid value: {"name":"x"}: must be empty',
    );
  });
});

describe('the other access reviews', () => {
  it('ask about oneself', async () => {
    const by = authorizer(nothing);
    const selector = { requirements: [{ key: 'spec.nodeName', operator: 'In', values: ['a'] }] };
    const spec = { resourceAttributes: { ...pods, fieldSelector: selector } };
    const answer = await reviewSelfAccess(review('SelfSubjectAccessReview', spec), {
      authorizer: by,
      user: jane,
    });
    expect(answer.status).toEqual({ allowed: false });
    expect(by.asked).toEqual([{ ...aboutPods, user: jane, fieldSelector: 'spec.nodeName=a' }]);
  });

  it('ask in one namespace', async () => {
    const local = (spec: object, metadata: object = { namespace: 'ci' }, namespace = 'ci') =>
      (async () =>
        reviewLocalAccess(review('LocalSubjectAccessReview', spec, metadata), {
          authorizer: authorizer(allow),
          namespace,
        }))();
    const good = { resourceAttributes: pods, user: 'bob' };
    expect((await local(good)).status).toMatchObject({ allowed: true });
    await expect(
      local({ ...good, resourceAttributes: { ...pods, namespace: 'x' } }),
    ).rejects.toThrow(
      'spec.resourceAttributes.namespace: Invalid value: "x": must match metadata.namespace',
    );
    await expect(local(good, { namespace: 'ci' }, 'prod')).rejects.toMatchObject({ code: 400 });
    await expect(
      local({ user: 'bob', nonResourceAttributes: { path: '/', verb: 'get' } }),
    ).rejects.toThrow('disallowed on this kind of request');
  });

  it('list what one may do', () => {
    const policy = policyOf([
      {
        kind: 'ClusterRole',
        metadata: { name: 'x' },
        rules: [
          { verbs: ['get'], apiGroups: [''], resources: ['pods'], resourceNames: ['web'] },
          { verbs: ['get'], nonResourceURLs: ['/metrics'] },
        ],
      } as object,
      ...['x', 'gone'].map((name) => ({
        kind: 'ClusterRoleBinding',
        metadata: { name },
        roleRef: { kind: 'ClusterRole', name },
        subjects: [{ kind: 'Group', name: 'devs' }],
      })),
    ]);
    const rules = unionRules([nodeRules, rbacRules(policy)]);
    const sent = review('SelfSubjectRulesReview', { namespace: 'ci' });
    expect(reviewSelfRules(sent, { rules, user: jane })).toEqual({
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectRulesReview',
      metadata: {},
      spec: {},
      status: {
        resourceRules: [
          { verbs: ['get'], apiGroups: [''], resources: ['pods'], resourceNames: ['web'] },
        ],
        nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['/metrics'] }],
        incomplete: false,
        evaluationError: 'clusterrole.rbac.authorization.k8s.io "gone" not found',
      },
    });
    const nowhere = review('SelfSubjectRulesReview', {});
    expect(() => reviewSelfRules(nowhere, { rules, user: jane })).toThrow(
      'no namespace on request',
    );
  });
});

describe('TokenReview', () => {
  const tokenOf = (spec: object): ApiObject => ({
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenReview',
    metadata: {},
    spec,
  });
  const known: TokenAuthenticator = {
    authenticateToken: (token, audiences) =>
      token === 'good' ? { user: { ...jane, uid: '7' }, audiences } : undefined,
  };
  const refusing: TokenAuthenticator = {
    authenticateToken() {
      throw newUnauthorized('service account token has expired');
    },
  };
  const check = (spec: object, ...tokenAuthenticators: TokenAuthenticator[]) =>
    reviewToken(tokenOf(spec), { tokenAuthenticators, apiAudiences: ['k'] });

  it('says whose token it is, and for whom', async () => {
    const user = { username: 'jane', uid: '7', groups: ['devs'] };
    expect((await check({ token: 'good' }, refusing, known)).status).toEqual({
      authenticated: true,
      user,
      audiences: ['k'],
    });
    const other = await check({ token: 'good', audiences: ['vault'] }, known);
    expect(other.status).toEqual({ authenticated: true, user, audiences: ['vault'] });
  });

  it('answers for a bad token, too', async () => {
    expect((await check({ token: 'x' }, known)).status).toEqual({
      user: {},
      error: 'invalid bearer token',
    });
    expect((await check({ token: 'x' }, known, refusing)).status).toEqual({
      user: {},
      error: 'service account token has expired',
    });
  });

  it('needs a token', async () => {
    await expect(check({}, known)).rejects.toMatchObject({
      code: 400,
      message: 'token is required for TokenReview in authentication',
    });
  });
});

describe('SelfSubjectReview', () => {
  it('says who one is', () => {
    const sent = review('SelfSubjectReview', {});
    const user = { ...jane, extra: { a: ['b'] } };
    expect(reviewSelf(sent, { user, nowMs: 0 })).toMatchObject({
      metadata: { creationTimestamp: '1970-01-01T00:00:00Z' },
      status: { userInfo: { username: 'jane', groups: ['devs'], extra: { a: ['b'] } } },
    });
  });
});
