/** The types of node.k8s.io/v1, as Kubernetes 1.33 has them; the notation is in `../facts.ts`. */

export const nodeV1 = `
Overhead
  podFixed 1 {}quantity
RuntimeClass kind
  metadata 1 meta.ObjectMeta
  handler 2 string!
  overhead 3 Overhead
  scheduling 4 Scheduling
Scheduling
  nodeSelector 1 {}string atomic
  tolerations 2 []core.Toleration
`;
