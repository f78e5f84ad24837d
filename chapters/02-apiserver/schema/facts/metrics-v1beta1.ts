/** The types of metrics.k8s.io/v1beta1, as Kubernetes 1.33 has them; the notation is in `../facts.ts`. */

export const metricsV1beta1 = `
ContainerMetrics
  name 1 string!
  usage 2 {}quantity!
NodeMetrics kind
  metadata 1 meta.ObjectMeta
  timestamp 2 time!
  window 3 duration!
  usage 4 {}quantity!
PodMetrics kind
  metadata 1 meta.ObjectMeta
  timestamp 2 time!
  window 3 duration!
  containers 4 []ContainerMetrics!
`;
