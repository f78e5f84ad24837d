/** The types of scheduling.k8s.io/v1, as Kubernetes 1.33 has them; the notation is in `../facts.ts`. */

export const schedulingV1 = `
PriorityClass kind
  metadata 1 meta.ObjectMeta
  value 2 int32!
  globalDefault 3 bool
  description 4 string
  preemptionPolicy 5 string enum=PreemptLowerPriority|Never
`;
