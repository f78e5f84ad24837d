/** The types of rbac.authorization.k8s.io/v1, as Kubernetes 1.33 has them; the notation is in `../facts.ts`. */

export const rbacV1 = `
AggregationRule
  clusterRoleSelectors 1 []meta.LabelSelector
ClusterRole kind
  metadata 1 meta.ObjectMeta
  rules 2 []PolicyRule
  aggregationRule 3 AggregationRule
ClusterRoleBinding kind
  metadata 1 meta.ObjectMeta
  subjects 2 []Subject
  roleRef 3 RoleRef!
PolicyRule
  verbs 1 []string!
  apiGroups 2 []string
  resources 3 []string
  resourceNames 4 []string
  nonResourceURLs 5 []string
Role kind
  metadata 1 meta.ObjectMeta
  rules 2 []PolicyRule
RoleBinding kind
  metadata 1 meta.ObjectMeta
  subjects 2 []Subject
  roleRef 3 RoleRef!
RoleRef atomic
  apiGroup 1 string!
  kind 2 string!
  name 3 string!
Subject atomic
  kind 1 string!
  apiGroup 2 string
  name 3 string!
  namespace 4 string
`;
