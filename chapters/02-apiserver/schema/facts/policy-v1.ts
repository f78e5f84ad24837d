/** The types of policy/v1, as Kubernetes 1.33 has them; the notation is in `../facts.ts`. */

export const policyV1 = `
Eviction kind
  metadata 1 meta.ObjectMeta
  deleteOptions 2 meta.DeleteOptions
PodDisruptionBudget kind
  metadata 1 meta.ObjectMeta
  spec 2 PodDisruptionBudgetSpec
  status 3 PodDisruptionBudgetStatus
PodDisruptionBudgetSpec
  minAvailable 1 int-or-string
  selector 2 meta.LabelSelector patch=replace
  maxUnavailable 3 int-or-string
  unhealthyPodEvictionPolicy 4 string enum=IfHealthyBudget|AlwaysAllow
PodDisruptionBudgetStatus
  observedGeneration 1 int64
  disruptedPods 2 {}time
  disruptionsAllowed 3 int32!
  currentHealthy 4 int32!
  desiredHealthy 5 int32!
  expectedPods 6 int32!
  conditions 7 []meta.Condition map=type patch=merge:type
`;
