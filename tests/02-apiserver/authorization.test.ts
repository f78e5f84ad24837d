import type { KubernetesObject } from '#apimachinery';
import {
  type ApiObject,
  type Attributes,
  type Authorizer,
  checkBindingWrite,
  checkRoleWrite,
  covers,
  type PolicyRule,
  policyOf,
  rbacAuthorizer,
  ruleAllows,
  rulesFor,
  type Subject,
  type User,
} from '#apiserver';
import { describe, expect, fc, it, property } from '#kit';

const GROUP = 'rbac.authorization.k8s.io';
const alice: User = { username: 'alice', groups: ['dev', 'system:authenticated'] };
const root: User = { username: 'root', groups: ['system:masters'] };

/** `get,list apps deployments,deployments/scale [web]`; `core` for the core group, or `get /healthz`. */
function rule(text: string): PolicyRule {
  const [verbs = '', second = '', third = '', names] = text.split(' ');
  const list = (part: string) => part.split(',');
  if (second.startsWith('/') || third === '') {
    return { verbs: list(verbs), nonResourceURLs: list(second) };
  }
  return {
    verbs: list(verbs),
    apiGroups: list(second).map((group) => (group === 'core' ? '' : group)),
    resources: list(third),
    ...(names && { resourceNames: list(names.slice(1, -1)) }),
  };
}

const rules = (...texts: string[]) => texts.map(rule);

/** `get core pods/log web in ci`, `list apps deployments`, or `get /healthz`. */
function asks(text: string, user: User = alice): Attributes {
  const [line = '', namespace = ''] = text.split(' in ');
  const [verb = '', group = '', full = '', name = ''] = line.split(' ');
  if (group.startsWith('/')) return { user, verb, isResourceRequest: false, path: group };
  const [resource = '', subresource = ''] = full.split('/');
  return {
    user,
    verb,
    isResourceRequest: true,
    group: group === 'core' ? '' : group,
    version: 'v1',
    resource,
    subresource,
    namespace,
    name,
  };
}

const apiVersion = `${GROUP}/v1`;

function clusterRole(name: string, ...texts: string[]): KubernetesObject & { rules: PolicyRule[] } {
  return { apiVersion, kind: 'ClusterRole', metadata: { name }, rules: rules(...texts) };
}

function role(namespace: string, name: string, ...texts: string[]): KubernetesObject {
  const metadata = { name, namespace };
  return { ...clusterRole(name, ...texts), kind: 'Role', metadata };
}

/** `User alice`, `Group dev`, `ServiceAccount builder ci`. */
function subject(text: string): Subject {
  const [kind = '', name = '', namespace] = text.split(' ');
  return { kind, name, ...(namespace !== undefined && { namespace }) };
}

function clusterRoleBinding(name: string, roleName: string, ...subjects: string[]): ApiObject {
  return {
    apiVersion,
    kind: 'ClusterRoleBinding',
    metadata: { name },
    roleRef: { apiGroup: GROUP, kind: 'ClusterRole', name: roleName },
    subjects: subjects.map(subject),
  };
}

/** @param ref - `Role reader` */
function roleBinding(
  namespace: string,
  name: string,
  ref: string,
  ...subjects: string[]
): ApiObject {
  const [kind = '', roleName = ''] = ref.split(' ');
  return {
    apiVersion,
    kind: 'RoleBinding',
    metadata: { name, namespace },
    roleRef: { apiGroup: GROUP, kind, name: roleName },
    subjects: subjects.map(subject),
  };
}

describe('ruleAllows', () => {
  const rows: [rule: string, allows: string[], forbids: string[]][] = [
    [
      'get,list core pods',
      ['get core pods web in ci', 'list core pods in ci', 'list core pods'],
      ['watch core pods', 'get core pods/log web', 'get apps pods web', 'get core secrets x'],
    ],
    ['* core pods', ['get core pods', 'frobnicate core pods'], ['get core services']],
    ['get * pods', ['get core pods', 'get metrics.k8s.io pods'], ['get core nodes']],
    [
      'get core *',
      ['get core pods', 'get core pods/log web', 'get core frobs'],
      ['get apps deployments', 'list core pods'],
    ],
    ['get core pods/log', ['get core pods/log web'], ['get core pods web', 'get core pods/exec']],
    [
      'get,update * */scale',
      ['get apps deployments/scale web', 'update core replicationcontrollers/scale x'],
      ['get apps deployments web', 'get apps deployments/status web', 'get core scale'],
    ],
    ['get core pods/*', [], ['get core pods/log web', 'get core pods web']],
    ['get core */logs', [], ['get core pods/log web']],
    [
      'get,list core secrets [tls,ca]',
      ['get core secrets tls', 'get core secrets ca', 'list core secrets ca'],
      ['get core secrets other', 'list core secrets', 'get core secrets/x other'],
    ],
    ['get core secrets [*]', ['get core secrets *'], ['get core secrets tls']],
    [
      'get /healthz',
      ['get /healthz'],
      ['get /healthz/', 'get /healthz/etcd', 'post /healthz', 'get /', 'get core pods'],
    ],
    [
      'get /healthz/*',
      ['get /healthz/etcd', 'get /healthz/', 'get /healthz/a/b'],
      ['get /healthz', 'get /healthzz'],
    ],
    ['get /logs*', ['get /logs', 'get /logs/x', 'get /logsabc'], ['get /log']],
    ['get /a/*/c', ['get /a/*/c'], ['get /a/b/c', 'get /a/']],
    ['* *', ['get /', 'post /anything'], ['get core pods']],
    ['* * *', ['get core pods', 'delete apps deployments/scale web in ci'], ['get /healthz']],
  ];
  for (const [text, allows, forbids] of rows) {
    it(`lets “${text}” allow what it says and nothing else`, () => {
      const said = [...allows, ...forbids].filter((one) => ruleAllows(rule(text), asks(one)));
      expect(said).toEqual(allows);
    });
  }

  it('lets a rule without lists allow nothing', () => {
    const empty = { verbs: ['*'] };
    expect(ruleAllows(empty, asks('get core pods'))).toBe(false);
    expect(ruleAllows(empty, asks('get /healthz'))).toBe(false);
    expect(ruleAllows({ ...rule('get core pods'), verbs: [] }, asks('get core pods'))).toBe(false);
  });

  it('takes an empty list of names for any name', () => {
    const any = { ...rule('get core pods'), resourceNames: [] };
    expect(ruleAllows(any, asks('get core pods web'))).toBe(true);
    expect(ruleAllows(any, asks('get core pods'))).toBe(true);
  });
});

/** Who may do what, in one line each. */
const cluster = () =>
  policyOf([
    clusterRole('reader', 'get,list core pods', 'get /metrics'),
    clusterRole('ops', 'delete core nodes'),
    role('ci', 'builder', 'create batch jobs'),
    role('prod', 'builder', 'delete batch jobs'),
    clusterRoleBinding('all-read', 'reader', 'User bob', 'Group dev'),
    clusterRoleBinding('run', 'ops', 'ServiceAccount operator kube-system', 'User carol'),
    roleBinding('ci', 'build', 'Role builder', 'ServiceAccount builder', 'User alice'),
    roleBinding('prod', 'look', 'ClusterRole ops', 'ServiceAccount builder ci'),
  ]);

const account = (namespace: string, name: string): User => ({
  username: `system:serviceaccount:${namespace}:${name}`,
  groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`],
});

const grantsOf = (user: User, namespace: string) => rulesFor(cluster(), user, namespace).grants;

describe('rulesFor', () => {
  it.core('finds what a user has everywhere, and in one namespace', () => {
    const everywhere = rules('get,list core pods', 'get /metrics').map((one) => ({
      rule: one,
      by: 'ClusterRoleBinding "all-read" of ClusterRole "reader" to Group "dev"',
    }));
    expect(rulesFor(cluster(), alice, '')).toEqual({ grants: everywhere, errors: [] });
    expect(rulesFor(cluster(), alice, 'ci')).toEqual({
      grants: [
        ...everywhere,
        {
          rule: rule('create batch jobs'),
          by: 'RoleBinding "build/ci" of Role "builder" to User "alice"',
        },
      ],
      errors: [],
    });
  });

  it('finds nothing for somebody no binding names', () => {
    const nobody = { username: 'dev', groups: ['alice'] };
    expect(rulesFor(cluster(), nobody, 'ci')).toEqual({ grants: [], errors: [] });
  });

  it('does not mix up users and groups, or parts of names', () => {
    expect(grantsOf({ username: 'bo', groups: [] }, '')).toEqual([]);
    expect(grantsOf({ username: 'x', groups: ['developers', 'bob'] }, '')).toEqual([]);
  });

  it('finds a service account by its namespace and name', () => {
    expect(grantsOf(account('kube-system', 'operator'), '')).toEqual([
      {
        rule: rule('delete core nodes'),
        by: 'ClusterRoleBinding "run" of ClusterRole "ops" to ServiceAccount "operator/kube-system"',
      },
    ]);
    expect(grantsOf(account('default', 'operator'), '')).toEqual([]);
    expect(grantsOf({ username: 'operator', groups: [] }, '')).toEqual([]);
  });

  it('takes a service account without a namespace to be in the binding’s', () => {
    expect(grantsOf(account('ci', 'builder'), 'ci')).toEqual([
      {
        rule: rule('create batch jobs'),
        by: 'RoleBinding "build/ci" of Role "builder" to ServiceAccount "builder/ci"',
      },
    ]);
    expect(grantsOf(account('prod', 'builder'), 'ci')).toEqual([]);
  });

  it('takes it for nobody in a ClusterRoleBinding', () => {
    const policy = policyOf([
      clusterRole('ops', 'delete core nodes'),
      clusterRoleBinding('run', 'ops', 'ServiceAccount operator'),
    ]);
    for (const user of [account('', 'operator'), account('ci', 'operator')]) {
      expect(rulesFor(policy, user, 'ci').grants).toEqual([]);
    }
  });

  it('gives the rules of a ClusterRole in the binding’s namespace only', () => {
    const given = grantsOf(account('ci', 'builder'), 'prod');
    expect(given).toEqual([
      {
        rule: rule('delete core nodes'),
        by: 'RoleBinding "look/prod" of ClusterRole "ops" to ServiceAccount "builder/ci"',
      },
    ]);
    expect(grantsOf(account('ci', 'builder'), '')).toEqual([]);
  });

  it('names the first of the subjects that is the user', () => {
    const policy = policyOf([
      clusterRole('reader', 'get core pods'),
      clusterRoleBinding('x', 'reader', 'Group ops', 'User alice', 'Group dev'),
    ]);
    const by = 'ClusterRoleBinding "x" of ClusterRole "reader" to User "alice"';
    expect(rulesFor(policy, alice, '').grants).toEqual([{ rule: rule('get core pods'), by }]);
  });

  it('says which role is not there, once for each binding', () => {
    const policy = policyOf([
      clusterRoleBinding('a', 'gone', 'User alice'),
      clusterRoleBinding('b', 'gone', 'User alice'),
      clusterRoleBinding('c', 'gone', 'User bob'),
      roleBinding('ci', 'd', 'Role lost', 'User alice'),
      role('prod', 'lost', 'get core pods'),
      clusterRole('lost', 'get core pods'),
    ]);
    expect(rulesFor(policy, alice, 'ci')).toEqual({
      grants: [],
      errors: [
        'clusterrole.rbac.authorization.k8s.io "gone" not found',
        'clusterrole.rbac.authorization.k8s.io "gone" not found',
        'role.rbac.authorization.k8s.io "lost" not found',
      ],
    });
  });

  it('takes roles without rules and bindings without subjects as they are', () => {
    const policy = policyOf([
      { kind: 'ClusterRole', metadata: { name: 'empty' } },
      clusterRoleBinding('a', 'empty', 'User alice'),
      { ...clusterRoleBinding('b', 'empty'), subjects: undefined } as KubernetesObject,
    ]);
    expect(rulesFor(policy, alice, '')).toEqual({ grants: [], errors: [] });
  });
});

describe('rbacAuthorizer', () => {
  const decide = async (text: string, user: User = alice, policy = cluster()) =>
    rbacAuthorizer(policy).authorize(asks(text, user));

  it.core('allows what a rule allows, and says by which binding', async () => {
    expect(await decide('list core pods in prod')).toEqual({
      verdict: 'allow',
      reason:
        'RBAC: allowed by ClusterRoleBinding "all-read" of ClusterRole "reader" to Group "dev"',
    });
    expect(await decide('create batch jobs in ci')).toEqual({
      verdict: 'allow',
      reason: 'RBAC: allowed by RoleBinding "build/ci" of Role "builder" to User "alice"',
    });
  });

  it.core('has no opinion on anything else', async () => {
    const nothing = { verdict: 'no-opinion', reason: '' };
    for (const text of [
      'delete core pods web in ci',
      'create batch jobs in prod',
      'create batch jobs',
      'delete core nodes a',
      'get /logs',
    ]) {
      expect(await decide(text)).toEqual(nothing);
    }
  });

  it('decides on paths by what holds everywhere', async () => {
    expect(await decide('get /metrics')).toMatchObject({ verdict: 'allow' });
    expect(await decide('get /metrics', { username: 'eve', groups: [] })).toMatchObject({
      verdict: 'no-opinion',
    });
  });

  it('names the first rule that allows it', async () => {
    const policy = policyOf([
      clusterRole('none', 'get core nodes'),
      clusterRole('some', 'get core pods'),
      clusterRole('all', '* * *'),
      clusterRoleBinding('1', 'none', 'User alice'),
      clusterRoleBinding('2', 'some', 'User alice'),
      clusterRoleBinding('3', 'all', 'User alice'),
    ]);
    const { reason } = await decide('get core pods', alice, policy);
    expect(reason).toBe(
      'RBAC: allowed by ClusterRoleBinding "2" of ClusterRole "some" to User "alice"',
    );
  });

  it('says what it could not find out when nothing allows it', async () => {
    const gone = [
      clusterRoleBinding('a', 'gone', 'User alice'),
      clusterRoleBinding('b', 'gone', 'User alice'),
    ];
    const one = 'clusterrole.rbac.authorization.k8s.io "gone" not found';
    expect(await decide('get core pods in ci', alice, policyOf(gone))).toEqual({
      verdict: 'no-opinion',
      reason: `RBAC: ${one}`,
    });
    const more = [...gone, roleBinding('ci', 'c', 'Role lost', 'User alice')];
    expect(await decide('get core pods in ci', alice, policyOf(more))).toEqual({
      verdict: 'no-opinion',
      reason: `RBAC: [${one}, role.rbac.authorization.k8s.io "lost" not found]`,
    });
  });

  it('allows in spite of what it could not find out', async () => {
    const policy = policyOf([
      clusterRoleBinding('a', 'gone', 'User alice'),
      clusterRole('reader', 'get core pods'),
      clusterRoleBinding('b', 'reader', 'User alice'),
    ]);
    expect(await decide('get core pods', alice, policy)).toMatchObject({ verdict: 'allow' });
  });

  it('looks at roles and bindings as they are now', async () => {
    const objects: KubernetesObject[] = [clusterRole('reader', 'get core pods')];
    const policy = policyOf(objects);
    const authorizer = rbacAuthorizer({
      ...policy,
      clusterRoleBindings: () => policyOf(objects).clusterRoleBindings(),
    });
    const asked = asks('get core pods');
    expect(await authorizer.authorize(asked)).toMatchObject({ verdict: 'no-opinion' });
    objects.push(clusterRoleBinding('b', 'reader', 'User alice'));
    expect(await authorizer.authorize(asked)).toMatchObject({ verdict: 'allow' });
  });
});

describe('covers', () => {
  const rows: [owned: string[], wanted: string[], missing: string[]][] = [
    [['get,list core pods'], ['get core pods'], []],
    [['get,list core pods'], ['list,get core pods'], []],
    [[], [], []],
    [['get core pods'], [], []],
    [[], ['get core pods'], ['get core pods']],
    [['get core pods'], ['get,delete core pods'], ['delete core pods']],
    [['get core pods', 'delete core pods'], ['get,delete core pods'], []],
    [['get core pods'], ['get apps pods'], ['get apps pods']],
    [
      ['get,list core pods', 'get core pods/log'],
      ['get,watch core pods,pods/log'],
      ['watch core pods', 'watch core pods/log'],
    ],
    [
      ['get core pods'],
      ['get,list core,apps pods,secrets'],
      [
        'list core pods',
        'get core secrets',
        'list core secrets',
        'get apps pods',
        'list apps pods',
        'get apps secrets',
        'list apps secrets',
      ],
    ],
    [['* core pods'], ['get,frob,* core pods'], []],
    [['get,list,watch core pods'], ['* core pods'], ['* core pods']],
    [['get * pods'], ['get core,apps,* pods'], []],
    [['get core,apps pods'], ['get * pods'], ['get * pods']],
    [['get core *'], ['get core pods,pods/log,*'], []],
    [['get core pods'], ['get core pods/log'], ['get core pods/log']],
    [['get core */log'], ['get core pods/log,pods'], ['get core pods']],
    [['get core pods/log'], ['get core */log'], ['get core */log']],
    [['get core pods'], ['get core pods [web]'], []],
    [['get core pods [web,db]'], ['get core pods [db,web]'], []],
    [['get core pods [web]'], ['get core pods [web,db]'], ['get core pods [db]']],
    [['get core pods [web]'], ['get core pods'], ['get core pods']],
    [['get core pods [web]', 'list core pods'], ['list core pods [web]'], []],
    [
      ['get /healthz'],
      ['get,post /healthz,/metrics'],
      ['post /healthz', 'get /metrics', 'post /metrics'],
    ],
    [['get /a/*'], ['get /a/b,/a/b/*,/a/*,/a'], ['get /a']],
    [['get *'], ['get /a,/b/*,*'], []],
    [['get /a'], ['get /a*'], ['get /a*']],
    [['* * *'], ['get /a'], ['get /a']],
    [['* *'], ['get core pods'], ['get core pods']],
  ];
  for (const [owned, wanted, missing] of rows) {
    it(`finds what [${owned.join('; ')}] lacks of [${wanted.join('; ')}]`, () => {
      const found = covers(rules(...owned), rules(...wanted));
      expect(found).toEqual({ covered: missing.length === 0, missing: rules(...missing) });
    });
  }

  it('does not add two owned rules up', () => {
    const { covered } = covers(rules('get core pods', 'list apps *'), rules('list core pods'));
    expect(covered).toBe(false);
  });

  const entries = fc.subarray(['get', 'list', '*'], { minLength: 1 });
  const groups = fc.subarray(['', 'apps', '*'], { minLength: 1 });
  const resources = fc.subarray(['pods', 'pods/log', '*/log', '*'], { minLength: 1 });
  const names = fc.subarray(['web', 'db']);
  const anyRule = fc
    .record({ verbs: entries, apiGroups: groups, resources, resourceNames: names })
    .map((one): PolicyRule => one);
  const someRules = fc.array(anyRule, { maxLength: 3 });

  property('finds that rules cover themselves', someRules, (some) => {
    expect(covers(some, some)).toEqual({ covered: true, missing: [] });
  });

  property(
    'covers nothing that the owned rules do not allow',
    fc.tuple(someRules, someRules),
    ([owned, wanted]) => {
      if (!covers(owned, wanted).covered) return;
      for (const text of [
        'get core pods web',
        'list core pods',
        'get apps pods/log db',
        'watch apps nodes/log web',
        'list x nodes other',
      ]) {
        const asked = asks(text);
        const isWanted = wanted.some((one) => ruleAllows(one, asked));
        if (isWanted) expect(owned.some((one) => ruleAllows(one, asked))).toBe(true);
      }
    },
  );
});

/** Allows exactly what is listed (`escalate clusterroles admin in ci`), and writes down what it is asked. */
function permits(...texts: string[]): Authorizer & { readonly asked: Attributes[] } {
  const asked: Attributes[] = [];
  return {
    asked,
    async authorize(attributes) {
      asked.push(attributes);
      if (!attributes.isResourceRequest) return { verdict: 'no-opinion', reason: '' };
      const { verb, resource, name, namespace } = attributes;
      const text = `${verb} ${resource} ${name} in ${namespace}`;
      return { verdict: texts.includes(text) ? 'allow' : 'no-opinion', reason: '' };
    },
  };
}

const forbidden = (message: string) => ({ name: 'StatusError', code: 403, message });
const LACKING = 'is attempting to grant RBAC permissions not currently held:';
const who = `user "alice" (groups=["dev" "system:authenticated"]) ${LACKING}`;

/** Alice may read pods everywhere, and secrets in ci. */
const held = (...more: KubernetesObject[]) =>
  policyOf([
    clusterRole('reader', 'get,list core pods'),
    clusterRole('all', '* * *', '* *'),
    role('ci', 'secrets', 'get core secrets'),
    clusterRoleBinding('a', 'reader', 'User alice'),
    roleBinding('ci', 'b', 'Role secrets', 'User alice'),
    ...more,
  ]);

const asObject = (object: KubernetesObject) => object as unknown as ApiObject;

describe('checkRoleWrite', () => {
  const write = (object: KubernetesObject, more: object = {}) => ({
    user: alice,
    namespace: object.metadata?.namespace ?? '',
    requestName: '',
    object: asObject(object),
    ...more,
  });
  const check = (written: Parameters<typeof checkRoleWrite>[0], authorizer = permits()) =>
    checkRoleWrite(written, { authorizer, policy: held() });

  it.core('lets through rules their writer has', async () => {
    await check(write(clusterRole('x', 'get core pods')));
    await check(write(role('ci', 'x', 'get core secrets', 'list core pods [web]')));
    await check(write(clusterRole('x')));
  });

  it.core('refuses rules their writer does not have, and says which', async () => {
    const asked = check(write(clusterRole('x', 'get,delete,create core pods', 'get core nodes')));
    await expect(asked).rejects.toMatchObject(
      forbidden(
        `clusterroles.rbac.authorization.k8s.io "x" is forbidden: ${who}\n` +
          '{APIGroups:[""], Resources:["nodes"], Verbs:["get"]}\n' +
          '{APIGroups:[""], Resources:["pods"], Verbs:["delete" "create"]}',
      ),
    );
  });

  it('counts what the writer has in the role’s namespace only', async () => {
    const asked = check(write(role('prod', 'x', 'get core secrets')));
    await expect(asked).rejects.toMatchObject(
      forbidden(
        `roles.rbac.authorization.k8s.io "x" is forbidden: ${who}\n` +
          '{APIGroups:[""], Resources:["secrets"], Verbs:["get"]}',
      ),
    );
    await expect(check(write(clusterRole('x', 'get core secrets')))).rejects.toThrow('secrets');
  });

  it('says what of the writer’s rights it could not find out', async () => {
    const policy = held(clusterRoleBinding('lost', 'gone', 'User alice'));
    const asked = checkRoleWrite(write(clusterRole('x', 'get core nodes')), {
      authorizer: permits(),
      policy,
    });
    await expect(asked).rejects.toThrow(
      '; resolution errors: [clusterrole.rbac.authorization.k8s.io "gone" not found]',
    );
  });

  it('lets system:masters through without asking', async () => {
    const authorizer = permits();
    await check(write(clusterRole('x', '* * *'), { user: root }), authorizer);
    expect(authorizer.asked).toEqual([]);
  });

  it('lets through who may escalate', async () => {
    const authorizer = permits('escalate clusterroles x in ');
    await check(write(clusterRole('x', '* * *'), { requestName: 'x' }), authorizer);
    expect(authorizer.asked).toEqual([
      {
        user: alice,
        verb: 'escalate',
        isResourceRequest: true,
        group: GROUP,
        version: '*',
        resource: 'clusterroles',
        subresource: '',
        namespace: '',
        name: 'x',
      },
    ]);
    const inCi = permits('escalate roles  in ci');
    await check(write(role('ci', 'y', '* * *')), inCi);
    await expect(check(write(role('prod', 'y', '* * *')), inCi)).rejects.toThrow(LACKING);
  });

  it('refuses a change, too, even one that changes no rule', async () => {
    const old = clusterRole('x', 'get core nodes');
    const object = { ...old, metadata: { name: 'x', labels: { a: 'b' } } };
    await expect(check(write(object, { old: asObject(old) }))).rejects.toThrow(LACKING);
  });

  it('lets garbage collection go on', async () => {
    const old = clusterRole('x', '* * *');
    const gone = { name: 'x', finalizers: [], ownerReferences: [], managedFields: [{}] };
    const before = { ...old, metadata: { name: 'x', finalizers: ['orphan'] } };
    await check(write({ ...old, metadata: gone }, { old: asObject(before) }));
    const more = { ...old, metadata: gone, rules: rules('* * *', '* *') };
    await expect(check(write(more, { old: asObject(before) }))).rejects.toThrow(LACKING);
  });

  describe('with an aggregationRule', () => {
    const aggregationRule = { clusterRoleSelectors: [{ matchLabels: { a: 'b' } }] };
    const aggregated = { ...clusterRole('x', 'get core pods'), aggregationRule };
    const refused = forbidden(
      'clusterroles.rbac.authorization.k8s.io "x" is forbidden: must have cluster-admin privileges to use the aggregationRule',
    );

    it('needs all rights there are', async () => {
      await expect(check(write(aggregated))).rejects.toMatchObject(refused);
      const policy = held(clusterRoleBinding('c', 'all', 'User alice'));
      await checkRoleWrite(write(aggregated), { authorizer: permits(), policy });
    });

    it('needs them to take it away as well', async () => {
      const plain = clusterRole('x', 'get core pods');
      const asked = check(write(plain, { old: asObject(aggregated) }));
      await expect(asked).rejects.toMatchObject(refused);
    });

    it('needs nothing more without selectors', async () => {
      await check(
        write({ ...aggregated, aggregationRule: { clusterRoleSelectors: [] } } as object),
      );
    });

    it('refuses rules for themselves first', async () => {
      const more = { ...aggregated, rules: rules('get core nodes') };
      await expect(check(write(more))).rejects.toThrow(LACKING);
    });
  });
});

describe('checkBindingWrite', () => {
  const write = (object: ApiObject, more: object = {}) => ({
    user: alice,
    namespace: object.metadata.namespace ?? '',
    requestName: '',
    object,
    ...more,
  });
  const check = (written: Parameters<typeof checkBindingWrite>[0], authorizer = permits()) =>
    checkBindingWrite(written, { authorizer, policy: held() });

  it.core('lets through a role whose rules its writer has, and no other', async () => {
    await check(write(clusterRoleBinding('x', 'reader', 'User bob')));
    await check(write(roleBinding('ci', 'x', 'Role secrets', 'User bob')));
    const asked = check(write(clusterRoleBinding('x', 'all', 'User bob')));
    await expect(asked).rejects.toMatchObject(
      forbidden(
        `clusterrolebindings.rbac.authorization.k8s.io "x" is forbidden: ${who}\n` +
          '{APIGroups:["*"], Resources:["*"], Verbs:["*"]}\n' +
          '{NonResourceURLs:["*"], Verbs:["*"]}',
      ),
    );
  });

  it('names the binding it refuses', async () => {
    const asked = check(write(roleBinding('ci', 'x', 'ClusterRole all', 'User bob')));
    await expect(asked).rejects.toMatchObject({
      code: 403,
      message:
        `rolebindings.rbac.authorization.k8s.io "x" is forbidden: ${who}\n` +
        '{APIGroups:["*"], Resources:["*"], Verbs:["*"]}\n' +
        '{NonResourceURLs:["*"], Verbs:["*"]}',
      details: { group: GROUP, kind: 'rolebindings', name: 'x' },
    });
  });

  it('lets through who may bind the role, in the binding’s namespace', async () => {
    const authorizer = permits('bind clusterroles all in ci', 'bind roles secrets in prod');
    await check(write(roleBinding('ci', 'x', 'ClusterRole all', 'User bob')), authorizer);
    await check(write(roleBinding('prod', 'x', 'Role secrets', 'User bob')), authorizer);
    expect(authorizer.asked[0]).toEqual({
      user: alice,
      verb: 'bind',
      isResourceRequest: true,
      group: GROUP,
      version: '*',
      resource: 'clusterroles',
      subresource: '',
      namespace: 'ci',
      name: 'all',
    });
    const elsewhere = [
      write(roleBinding('prod', 'x', 'ClusterRole all', 'User bob')),
      write(clusterRoleBinding('x', 'all', 'User bob')),
    ];
    for (const one of elsewhere) await expect(check(one, authorizer)).rejects.toThrow(LACKING);
  });

  it('says that a role is not there', async () => {
    await expect(check(write(clusterRoleBinding('x', 'gone', 'User bob')))).rejects.toMatchObject({
      code: 404,
      message: 'clusterroles.rbac.authorization.k8s.io "gone" not found',
    });
    const other = write(roleBinding('prod', 'x', 'Role secrets', 'User bob'));
    await expect(check(other)).rejects.toMatchObject({
      code: 404,
      message: 'roles.rbac.authorization.k8s.io "secrets" not found',
    });
  });

  it('lets who may bind it bind a role that is not there', async () => {
    const authorizer = permits('bind clusterroles gone in ');
    await check(write(clusterRoleBinding('x', 'gone', 'User bob')), authorizer);
  });

  it('lets system:masters through without asking', async () => {
    const authorizer = permits();
    await check(write(clusterRoleBinding('x', 'gone', 'User bob'), { user: root }), authorizer);
    expect(authorizer.asked).toEqual([]);
  });

  it('does not care who is bound', async () => {
    const old = clusterRoleBinding('x', 'all', 'User bob');
    const fewer = clusterRoleBinding('x', 'all');
    await expect(check(write(fewer, { old }))).rejects.toThrow(LACKING);
  });

  it('lets garbage collection go on', async () => {
    const old = clusterRoleBinding('x', 'all', 'User bob');
    const held = { ...old, metadata: { name: 'x', finalizers: ['orphan'] } };
    await check(write(old, { old: held }));
  });
});
