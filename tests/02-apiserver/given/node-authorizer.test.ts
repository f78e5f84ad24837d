/** What kubelets may do. */

import type { PersistentVolume, PersistentVolumeClaim, Pod } from 'kubernetes-types/core/v1.js';
import { describe, expect, it } from 'vitest';
import { NODE_RULES } from '../../../solutions/02-apiserver/authorization/bootstrap-cluster-roles.ts';
import {
  nodeAuthorizer,
  nodeRules,
} from '../../../solutions/02-apiserver/authorization/node-authorizer.ts';
import { nodeGraphOf } from '../../../solutions/02-apiserver/authorization/node-graph.ts';

const web: Pod = {
  metadata: { name: 'web', namespace: 'shop' },
  spec: {
    nodeName: 'a',
    serviceAccountName: 'seller',
    imagePullSecrets: [{ name: 'registry' }],
    initContainers: [
      { name: 'i', envFrom: [{ secretRef: { name: 'init' } }, { configMapRef: { name: 'init' } }] },
    ],
    containers: [
      {
        name: 'c',
        env: [
          { name: 'A', valueFrom: { secretKeyRef: { name: 'env', key: 'k' } } },
          { name: 'B', valueFrom: { configMapKeyRef: { name: 'env', key: 'k' } } },
          { name: 'C', value: 'c' },
        ],
      },
    ],
    volumes: [
      { name: 's', secret: { secretName: 'mounted' } },
      { name: 'm', configMap: { name: 'mounted' } },
      {
        name: 'p',
        projected: { sources: [{ secret: { name: 'part' } }, { configMap: { name: 'part' } }] },
      },
      { name: 'd', persistentVolumeClaim: { claimName: 'data' } },
      { name: 'e', ephemeral: {} },
    ],
  },
};
const mirror: Pod = {
  metadata: {
    name: 'static',
    namespace: 'kube-system',
    annotations: { 'kubernetes.io/config.mirror': 'x' },
  },
  spec: { ...web.spec, containers: [], nodeName: 'a' },
};
const other: Pod = {
  metadata: { name: 'db', namespace: 'shop' },
  spec: { nodeName: 'b', containers: [], imagePullSecrets: [{ name: 'private' }] },
};
const pods = [web, mirror, other];

const data: PersistentVolumeClaim = { spec: { volumeName: 'pv-1' } };
const volume: PersistentVolume = {
  metadata: { name: 'pv-1' },
  spec: {
    csi: { driver: 'd', volumeHandle: 'h', nodeStageSecretRef: { name: 'csi', namespace: 'st' } },
  },
};

const graph = nodeGraphOf({
  podsOn: (node) => pods.filter(({ spec }) => spec?.nodeName === node),
  pod: (namespace, name) =>
    pods.find(({ metadata }) => metadata?.namespace === namespace && metadata.name === name),
  persistentVolumeClaim: (namespace, name) =>
    namespace === 'shop' && name === 'data' ? data : undefined,
  persistentVolume: (name) => (name === 'pv-1' ? volume : undefined),
  volumeAttachment: (name) =>
    name === 'va' ? { spec: { attacher: 'd', nodeName: 'a', source: {} } } : undefined,
});

/** `get secrets env in shop`, `list pods spec.nodeName=a`, `create leases.coordination.k8s.io`. */
async function decide(text: string, username = 'system:node:a', groups = ['system:nodes']) {
  const [line = '', namespace = ''] = text.split(' in ');
  const [verb = '', what = '', last = ''] = line.split(' ');
  const [resourceText = '', ...group] = what.split('.');
  const [resource = '', subresource = ''] = resourceText.split('/');
  const isSelector = last.includes('=');
  return nodeAuthorizer(graph, NODE_RULES).authorize({
    user: { username, groups },
    verb,
    isResourceRequest: true,
    group: group.join('.'),
    version: 'v1',
    resource,
    subresource,
    namespace,
    name: isSelector ? '' : last,
    ...(isSelector && { fieldSelector: last }),
  });
}

const related = "no relationship found between node 'a' and this object";

describe('nodeAuthorizer', () => {
  const allowed = [
    'get secrets registry in shop',
    'get secrets init in shop',
    'get secrets env in shop',
    'watch secrets mounted in shop',
    'list secrets part in shop',
    'get secrets csi in st',
    'get configmaps env in shop',
    'get configmaps init in shop',
    'get configmaps mounted in shop',
    'watch configmaps part in shop',
    'get persistentvolumeclaims data in shop',
    'get persistentvolumeclaims web-e in shop',
    'patch persistentvolumeclaims/status data in shop',
    'get persistentvolumes pv-1',
    'get volumeattachments.storage.k8s.io va',
    'create serviceaccounts/token seller in shop',
    'get leases.coordination.k8s.io a in kube-node-lease',
    'create leases.coordination.k8s.io in kube-node-lease',
    'update csinodes.storage.k8s.io a',
    'create nodes',
    'get nodes a',
    'watch nodes a',
    'patch nodes/status a',
    'patch nodes b',
    'update nodes/status b',
    'get pods web in shop',
    'list pods spec.nodeName=a',
    'watch pods spec.nodeName=a',
    'create pods in kube-system',
    'delete pods web in shop',
    'delete pods db in shop',
    'patch pods/status db in shop',
    'list pods web in shop',
    'patch pods/status web in shop',
    'create pods/eviction web in shop',
    'list services',
    'create events in shop',
    'create certificatesigningrequests.certificates.k8s.io',
  ];
  for (const text of allowed) {
    it(`lets a node ${text}`, async () => {
      expect(await decide(text)).toEqual({ verdict: 'allow', reason: '' });
    });
  }

  const refused: [text: string, reason: string][] = [
    ['get secrets private in shop', related],
    ['get secrets env in other', related],
    ['get secrets registry in kube-system', related],
    ['list secrets in shop', 'No Object name found'],
    ['create secrets in shop', 'can only read resources of this type'],
    ['get configmaps registry in shop', related],
    ['list persistentvolumes', 'can only get individual resources of this type'],
    ['get persistentvolumes pv-2', related],
    ['create serviceaccounts/token other in shop', related],
    [
      'create serviceaccounts seller in shop',
      'can only create token subresource of serviceaccount',
    ],
    [
      'get serviceaccounts seller in shop',
      'can only create tokens for individual service accounts',
    ],
    [
      'get leases.coordination.k8s.io b in kube-node-lease',
      'can only access node lease with the same name as the requesting node',
    ],
    [
      'get leases.coordination.k8s.io a in kube-system',
      'can only access leases in the "kube-node-lease" system namespace',
    ],
    [
      'patch csinodes.storage.k8s.io b',
      'can only access CSINode with the same name as the requesting node',
    ],
    ['list nodes', "node 'a' cannot read all nodes, only its own Node object"],
    ['get nodes b', "node 'a' cannot read 'b', only its own Node object"],
    ['get nodes/status a', ''],
    ['delete nodes a', ''],
    ['get nodes/proxy a', ''],
    ['list pods', 'can only list/watch pods with spec.nodeName field selector'],
    ['list pods spec.nodeName=b', 'can only list/watch pods with spec.nodeName field selector'],
    ['list pods spec.nodeName!=b', 'can only list/watch pods with spec.nodeName field selector'],
    ['get pods db in shop', related],
    ['get pods gone in shop', related],
    ['get pods', 'No Object name found'],
    ['list pods db in shop', related],
    ['update pods web in shop', ''],
    ['get pods/log web in shop', ''],
    ['get persistentvolumeclaims/status data in shop', 'can only get/update/patch this type'],
    ['create pods/binding web in shop', ''],
    ['create deployments.apps in shop', ''],
  ];
  for (const [text, reason] of refused) {
    it(`does not let a node ${text}`, async () => {
      expect(await decide(text)).toEqual({ verdict: 'no-opinion', reason });
    });
  }

  it('has no opinion on who is no node', async () => {
    const text = 'get secrets env in shop';
    const nothing = { verdict: 'no-opinion', reason: '' };
    expect(await decide(text, 'system:node:a', [])).toEqual(nothing);
    expect(await decide(text, 'jane')).toEqual({
      verdict: 'no-opinion',
      reason: 'unknown node for user "jane"',
    });
  });

  it('cannot list what a node may do', () => {
    const node = { username: 'system:node:a', groups: ['system:nodes'] };
    expect(nodeRules(node, 'shop')).toMatchObject({
      incomplete: true,
      errors: ['node authorizer does not support user rule resolution'],
    });
    expect(nodeRules({ username: 'jane', groups: [] }, 'shop')).toMatchObject({
      incomplete: false,
      errors: [],
    });
  });
});
