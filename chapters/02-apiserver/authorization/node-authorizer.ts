/**
 * What kubelets may do: what the pods on their own node need, and nothing of others. Given.
 *
 * A kubelet is the user `system:node:NAME` in the group `system:nodes`. That it writes only its own
 * nodes and pods is for the plugin `../admission/node-restriction.ts` to see to.
 *
 * @see plugin/pkg/auth/authorizer/node/node_authorizer.go (1.33)
 */

import { parseFieldSelector } from '#apimachinery';
import type { User } from '../user.ts';
import { ruleAllows } from './authorization.ts';
import type { Authorizer, Decision, ResourceAttributes } from './authorizer.ts';
import type { NodeGraph } from './node-graph.ts';
import type { PolicyRule } from './policy-source.ts';
import type { RuleResolver } from './rule-resolver.ts';

const GROUP = 'system:nodes';
const PREFIX = 'system:node:';
const LEASE_NAMESPACE = 'kube-node-lease';

const ALLOW: Decision = { verdict: 'allow', reason: '' };

/** Not allowed here; somebody else may. */
function no(reason: string): Decision {
  return { verdict: 'no-opinion', reason };
}

/** The node a user is; `''` when it is a node without a name; `undefined` when it is none. */
export function nodeNameOf({ username, groups }: User): string | undefined {
  if (!groups.includes(GROUP)) return undefined;
  return username.startsWith(PREFIX) ? username.slice(PREFIX.length) : '';
}

/**
 * Decides on what nodes want to do; has no opinion on others.
 *
 * @param rules - what any node may do where nothing more is said below: those of `system:node`
 */
export function nodeAuthorizer(graph: NodeGraph, rules: readonly PolicyRule[]): Authorizer {
  return {
    authorize(attributes) {
      const nodeName = nodeNameOf(attributes.user);
      if (nodeName === undefined) return no('');
      if (nodeName === '') {
        return no(`unknown node for user ${JSON.stringify(attributes.user.username)}`);
      }
      if (attributes.isResourceRequest) {
        const decide = DECIDERS[`${attributes.resource}.${attributes.group}`];
        if (decide) return decide({ nodeName, attributes, graph });
      }
      return rules.some((rule) => ruleAllows(rule, attributes)) ? ALLOW : no('');
    },
  };
}

/** Nodes' rights cannot be listed: they depend on what runs on them. */
export const nodeRules: RuleResolver = (user) => {
  const isNode = nodeNameOf(user) !== undefined;
  const errors = isNode ? ['node authorizer does not support user rule resolution'] : [];
  return { resourceRules: [], nonResourceRules: [], incomplete: isNode, errors };
};

interface Question {
  readonly nodeName: string;
  readonly attributes: ResourceAttributes;
  readonly graph: NodeGraph;
}

type Decider = (question: Question) => Decision;

const DECIDERS: Readonly<Record<string, Decider>> = {
  'secrets.': readIfRelated,
  'configmaps.': readIfRelated,
  'persistentvolumeclaims.': (question) =>
    question.attributes.subresource === 'status'
      ? updateStatusIfRelated(question)
      : getIfRelated(question),
  'persistentvolumes.': getIfRelated,
  'volumeattachments.storage.k8s.io': getIfRelated,
  'serviceaccounts.': createTokenIfRelated,
  'leases.coordination.k8s.io': ownLease,
  'csinodes.storage.k8s.io': ownCsiNode,
  'nodes.': ownNode,
  'pods.': ownPods,
};

function related({ nodeName, attributes, graph }: Question): Decision {
  const { resource, namespace, name } = attributes;
  if (name === '') return no('No Object name found');
  if (graph.isRelated(nodeName, resource, namespace, name)) return ALLOW;
  return no(`no relationship found between node '${nodeName}' and this object`);
}

const READS = new Set(['get', 'list', 'watch']);

/** A list or watch of one object by its name is as good as a get. */
function readIfRelated(question: Question): Decision {
  const { verb, subresource, namespace } = question.attributes;
  if (!READS.has(verb)) return no('can only read resources of this type');
  if (subresource !== '') return no('cannot read subresource');
  if (namespace === '') return no('can only read namespaced object of this type');
  return related(question);
}

function getIfRelated(question: Question): Decision {
  const { verb, subresource } = question.attributes;
  if (verb !== 'get') return no('can only get individual resources of this type');
  if (subresource !== '') return no('cannot get subresource');
  return related(question);
}

function updateStatusIfRelated(question: Question): Decision {
  const { verb } = question.attributes;
  return UPDATES.has(verb) ? related(question) : no('can only get/update/patch this type');
}

function createTokenIfRelated(question: Question): Decision {
  const { verb, subresource, name } = question.attributes;
  if (verb !== 'create' || name === '') {
    return no('can only create tokens for individual service accounts');
  }
  if (subresource !== 'token') {
    return no('can only create token subresource of serviceaccount');
  }
  return related(question);
}

const OWN_OBJECT_VERBS = new Set(['get', 'create', 'update', 'patch', 'delete']);

function ownLease({ nodeName, attributes }: Question): Decision {
  const { verb, namespace, name } = attributes;
  if (!OWN_OBJECT_VERBS.has(verb)) {
    return no('can only get, create, update, patch, or delete a node lease');
  }
  if (namespace !== LEASE_NAMESPACE) {
    return no(`can only access leases in the "${LEASE_NAMESPACE}" system namespace`);
  }
  // On create the name is not known yet.
  if (verb !== 'create' && name !== nodeName) {
    return no('can only access node lease with the same name as the requesting node');
  }
  return ALLOW;
}

function ownCsiNode({ nodeName, attributes }: Question): Decision {
  const { verb, subresource, name } = attributes;
  if (!OWN_OBJECT_VERBS.has(verb)) {
    return no('can only get, create, update, patch, or delete a CSINode');
  }
  if (subresource !== '') return no('cannot authorize CSINode subresources');
  if (verb !== 'create' && name !== nodeName) {
    return no('can only access CSINode with the same name as the requesting node');
  }
  return ALLOW;
}

/** Any node may be written here: whose it is, NodeRestriction asks. */
function ownNode({ nodeName, attributes }: Question): Decision {
  const { verb, subresource, name } = attributes;
  if (subresource === 'status' && UPDATES.has(verb)) return ALLOW;
  if (subresource !== '') return no('');
  if (verb === 'create' || UPDATES.has(verb)) return ALLOW;
  if (!READS.has(verb)) return no('');
  if (name === nodeName) return ALLOW;
  const what = name === '' ? 'all nodes' : `'${name}'`;
  return no(`node '${nodeName}' cannot read ${what}, only its own Node object`);
}

const UPDATES = new Set(['update', 'patch']);

/** The same: only reading a pod asks whose it is. */
function ownPods(question: Question): Decision {
  const { nodeName, attributes } = question;
  const { verb, subresource, name, fieldSelector } = attributes;
  if (subresource === 'status') return UPDATES.has(verb) ? ALLOW : no('');
  if (subresource === 'eviction') return verb === 'create' ? ALLOW : no('');
  if (subresource !== '') return no('');
  if (verb === 'create' || verb === 'delete') return ALLOW;
  if (verb === 'get') return related(question);
  if (verb !== 'list' && verb !== 'watch') return no('');
  if (nodeSelected(fieldSelector) === nodeName) return ALLOW;
  if (name !== '') return related(question);
  return no('can only list/watch pods with spec.nodeName field selector');
}

/** Of which node's pods a selector tells; `undefined` when it tells of more, or cannot be read. */
function nodeSelected(fieldSelector = ''): string | undefined {
  try {
    return parseFieldSelector(fieldSelector).requiredValue('spec.nodeName');
  } catch {
    return undefined;
  }
}
