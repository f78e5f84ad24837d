/**
 * The authorizers that `--authorization-mode` names, in its order. Given.
 *
 * @see pkg/kubeapiserver/authorizer/config.go and reload.go (1.33)
 */

import { rbacAuthorizer } from './authorization.ts';
import type { Authorizer } from './authorizer.ts';
import { NODE_RULES } from './bootstrap-cluster-roles.ts';
import { nodeAuthorizer, nodeRules } from './node-authorizer.ts';
import type { NodeGraph } from './node-graph.ts';
import type { PolicySource } from './policy-source.ts';
import { privilegedGroup } from './privileged-group.ts';
import { type RuleResolver, rbacRules, unionRules } from './rule-resolver.ts';
import { unionAuthorizer } from './union-authorizer.ts';

/** What modes decide by. */
export interface ModeSources {
  readonly policy: PolicySource;
  readonly graph: NodeGraph;
}

/** Who is in `system:masters` may do everything, whatever the modes. */
export function authorizerOfModes(modes: readonly string[], sources: ModeSources): Authorizer {
  const all = modes.map((mode) => authorizerOf(mode, sources));
  return unionAuthorizer([privilegedGroup('system:masters'), ...all]);
}

/** What somebody may do, as far as the modes can list it. */
export function rulesOfModes(modes: readonly string[], { policy }: ModeSources): RuleResolver {
  return unionRules(
    modes.flatMap((mode) => {
      if (mode === 'RBAC') return [rbacRules(policy)];
      if (mode === 'Node') return [nodeRules];
      return mode === 'AlwaysAllow' ? [allRules] : [];
    }),
  );
}

function authorizerOf(mode: string, { policy, graph }: ModeSources): Authorizer {
  if (mode === 'RBAC') return rbacAuthorizer(policy);
  if (mode === 'Node') return nodeAuthorizer(graph, NODE_RULES);
  const verdict = mode === 'AlwaysAllow' ? 'allow' : 'no-opinion';
  return { authorize: () => ({ verdict, reason: '' }) };
}

const allRules: RuleResolver = () => ({
  resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }],
  nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
  incomplete: false,
  errors: [],
});
