/** Pod Security Standards: what each level asks of a pod, and what a namespace's labels make of it. */

import type { Pod, PodSpec } from 'kubernetes-types/core/v1.js';
import { afterEach, describe, expect, it } from 'vitest';
import { evaluatePod } from '../../../solutions/02-apiserver/pod-security/evaluate.ts';
import {
  type LevelVersion,
  policyOf,
} from '../../../solutions/02-apiserver/pod-security/policy.ts';
import { startTestServer, type TestServer } from './test-server.ts';

const latest = (level: LevelVersion['level']): LevelVersion => ({ level, minor: 'latest' });
const PREFIX = 'pod-security.kubernetes.io/';
const labelsOf = (labels: Record<string, string>) =>
  Object.fromEntries(Object.entries(labels).map(([key, value]) => [PREFIX + key, value]));

function faults(
  level: LevelVersion,
  spec: object = {},
  container: object = {},
  metadata: Pod['metadata'] = {},
): string[] {
  const containers = [{ name: 'a', image: 'i', ...container }];
  const pod = { metadata, spec: { containers, ...spec } as PodSpec };
  return evaluatePod(level, pod, pod.spec).map(({ reason, detail }) => `${reason} (${detail})`);
}

const secured = {
  securityContext: {
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'] },
    runAsNonRoot: true,
    seccompProfile: { type: 'RuntimeDefault' },
  },
};

describe('the level baseline', () => {
  const cases: [name: string, spec: object, container: object, fault: string][] = [
    [
      'host namespaces',
      { hostNetwork: true, hostPID: true },
      {},
      'host namespaces (hostNetwork=true, hostPID=true)',
    ],
    [
      'host paths',
      { volumes: [{ name: 'v', hostPath: { path: '/' } }] },
      {},
      'hostPath volumes (volume "v")',
    ],
    [
      'host ports',
      {},
      {
        ports: [
          { containerPort: 1, hostPort: 9 },
          { containerPort: 2, hostPort: 80 },
        ],
      },
      'hostPort (container "a" uses hostPorts 80, 9)',
    ],
    [
      'privileged containers',
      { initContainers: [{ name: 'i', image: 'i', securityContext: { privileged: true } }] },
      { securityContext: { privileged: true } },
      'privileged (containers "i", "a" must not set securityContext.privileged=true)',
    ],
    [
      'more capabilities',
      {},
      { securityContext: { capabilities: { add: ['NET_ADMIN', 'CHOWN', 'BPF'] } } },
      'non-default capabilities (container "a" must not include "BPF", "NET_ADMIN" in securityContext.capabilities.add)',
    ],
    [
      'no seccomp profile',
      { securityContext: { seccompProfile: { type: 'Unconfined' } } },
      { securityContext: { seccompProfile: { type: 'Unconfined' } } },
      'seccompProfile (pod and container "a" must not set securityContext.seccompProfile.type to "Unconfined")',
    ],
    [
      'SELinux users',
      { securityContext: { seLinuxOptions: { type: 'x', user: 'u' } } },
      {},
      'seLinuxOptions (pod set forbidden securityContext.seLinuxOptions: type "x"; user may not be set)',
    ],
    [
      'sysctls',
      { securityContext: { sysctls: [{ name: 'kernel.msgmax', value: '1' }] } },
      {},
      'forbidden sysctls (kernel.msgmax)',
    ],
    [
      'unmasked /proc',
      {},
      { securityContext: { procMount: 'Unmasked' } },
      'procMount (container "a" must not set securityContext.procMount to "Unmasked")',
    ],
    [
      'host processes',
      { securityContext: { windowsOptions: { hostProcess: true } } },
      {},
      'hostProcess (pod must not set securityContext.windowsOptions.hostProcess=true)',
    ],
    [
      'AppArmor switched off',
      {},
      { securityContext: { appArmorProfile: { type: 'Unconfined' } } },
      'forbidden AppArmor profile (container "a" must not set AppArmor profile type to "Unconfined")',
    ],
  ];
  it.each(cases)('does not allow %s', (_name, spec, container, fault) => {
    expect(faults(latest('baseline'), spec, container)).toEqual([fault]);
    expect(faults(latest('privileged'), spec, container)).toEqual([]);
  });

  it('allows what a pod is without a word, and old annotations that say nothing else', () => {
    expect(faults(latest('baseline'))).toEqual([]);
    const key = 'container.apparmor.security.beta.kubernetes.io/a';
    const annotated = (value: string) =>
      faults(latest('baseline'), {}, {}, { annotations: { [key]: value } });
    expect(annotated('runtime/default')).toEqual([]);
    expect(annotated('unconfined')).toEqual([
      `forbidden AppArmor profile (annotation must not set AppArmor profile type to "${key}="unconfined"")`,
    ]);
  });

  it('allows more sysctls with newer versions', () => {
    const sysctls = [{ name: 'net.ipv4.tcp_rmem', value: '1' }];
    const at = (minor: number) =>
      faults({ level: 'baseline', minor }, { securityContext: { sysctls } }).length;
    expect([at(29), at(31), at(32), at(99)]).toEqual([1, 1, 0, 0]);
  });
});

describe('the level restricted', () => {
  it('asks for what a pod does not say by itself', () => {
    expect(faults(latest('restricted'))).toEqual([
      'allowPrivilegeEscalation != false (container "a" must set securityContext.allowPrivilegeEscalation=false)',
      'unrestricted capabilities (container "a" must set securityContext.capabilities.drop=["ALL"])',
      'runAsNonRoot != true (pod or container "a" must set securityContext.runAsNonRoot=true)',
      'seccompProfile (pod or container "a" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")',
    ]);
    expect(faults(latest('restricted'), {}, secured)).toEqual([]);
  });

  it('tells faults of baseline first, and each only once', () => {
    const spec = { hostPID: true, volumes: [{ name: 'v', hostPath: { path: '/' } }] };
    expect(faults(latest('restricted'), spec, secured)).toEqual([
      'host namespaces (hostPID=true)',
      'restricted volume types (volume "v" uses restricted volume type "hostPath")',
    ]);
  });

  it('takes the pod for its containers, but not when they say otherwise', () => {
    const { runAsNonRoot, seccompProfile, ...rest } = secured.securityContext;
    const spec = { securityContext: { runAsNonRoot, seccompProfile } };
    expect(faults(latest('restricted'), spec, { securityContext: rest })).toEqual([]);
    const container = { securityContext: { ...rest, runAsNonRoot: false, runAsUser: 0 } };
    expect(faults(latest('restricted'), spec, container)).toEqual([
      'runAsNonRoot != true (container "a" must not set securityContext.runAsNonRoot=false)',
      'runAsUser=0 (container "a" must not set runAsUser=0)',
    ]);
  });

  it('asks of Windows only what is there', () => {
    const spec = { os: { name: 'windows' }, securityContext: { runAsNonRoot: true } };
    expect(faults(latest('restricted'), spec)).toEqual([]);
    expect(faults({ level: 'restricted', minor: 24 }, spec)).toHaveLength(3);
  });
});

describe('a policy', () => {
  it('is privileged without labels, and warns of what it enforces', () => {
    expect(policyOf({}).policy).toEqual({
      enforce: latest('privileged'),
      warn: latest('privileged'),
    });
    const labels = labelsOf({ enforce: 'baseline', 'enforce-version': 'v1.25' });
    const baseline = { level: 'baseline', minor: 25 };
    expect(policyOf(labels).policy).toEqual({ enforce: baseline, warn: baseline });
    const both = { ...labels, ...labelsOf({ warn: 'restricted' }) };
    expect(policyOf(both).policy).toEqual({ enforce: baseline, warn: latest('restricted') });
  });

  it('is restricted where its level is not understood', () => {
    const { policy, faults: found } = policyOf(
      labelsOf({ enforce: 'strict', 'warn-version': '1' }),
    );
    expect(policy).toEqual({ enforce: latest('restricted'), warn: latest('privileged') });
    expect(found.map(({ field, detail }) => `${field}: ${detail}`)).toEqual([
      `metadata.labels[${PREFIX}enforce]: must be one of privileged, baseline, restricted`,
      `metadata.labels[${PREFIX}warn-version]: must be "latest" or "v1.x"`,
    ]);
  });
});

describe('a namespace with labels', () => {
  let server: TestServer;
  afterEach(() => server.stop());

  const send = async (method: string, target: string, body: object) => {
    const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
    const answer = await server.ask(method, target, body, { 'content-type': type });
    const { message } = (await answer.json()) as { message?: string };
    return { code: answer.status, message, warning: answer.headers.get('warning') };
  };
  const label = (labels: Record<string, string>) =>
    send('PATCH', '/api/v1/namespaces/default', { metadata: { labels: labelsOf(labels) } });
  const addPod = (name: string) =>
    send('POST', '/api/v1/namespaces/default/pods', {
      metadata: { name },
      spec: { hostPID: true, containers: [{ name: 'a', image: 'i' }] },
    });
  const begin = async () => {
    server = await startTestServer();
    const account = { metadata: { name: 'default' } };
    await send('POST', '/api/v1/namespaces/default/serviceaccounts', account);
  };

  it('lets no pod in that it does not allow, and tells of those that are there', async () => {
    await begin();
    for (const name of ['one', 'two']) expect((await addPod(name)).code).toBe(201);
    const { warning } = await label({ enforce: 'baseline' });
    expect(warning).toBe(
      '299 - "existing pods in namespace \\"default\\" violate the new PodSecurity enforce level \\"baseline:latest\\"", 299 - "one (and 1 other pod): host namespaces"',
    );
    expect(await addPod('three')).toMatchObject({
      code: 403,
      message:
        'pods "three" is forbidden: violates PodSecurity "baseline:latest": host namespaces (hostPID=true)',
    });
  });

  it('warns of pods, and of what would make such pods', async () => {
    await begin();
    await label({ warn: 'baseline' });
    const warning =
      '299 - "would violate PodSecurity \\"baseline:latest\\": host namespaces (hostPID=true)"';
    expect(await addPod('one')).toMatchObject({ code: 201, warning });
    const labels = { app: 'x' };
    const deployment = {
      metadata: { name: 'd' },
      spec: {
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: { hostPID: true, containers: [{ name: 'a', image: 'i' }] },
        },
      },
    };
    const target = '/apis/apps/v1/namespaces/default/deployments';
    expect(await send('POST', target, deployment)).toMatchObject({ code: 201, warning });
  });

  it('has labels that are understood', async () => {
    await begin();
    expect(await label({ enforce: 'strict' })).toMatchObject({
      code: 422,
      message: `Namespace "default" is invalid: metadata.labels[${PREFIX}enforce]: Invalid value: "strict": must be one of privileged, baseline, restricted`,
    });
  });
});
