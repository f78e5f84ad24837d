/** The types of coordination.k8s.io/v1, as Kubernetes 1.33 has them; the notation is in `../facts.ts`. */

export const coordinationV1 = `
Lease kind
  metadata 1 meta.ObjectMeta
  spec 2 LeaseSpec
LeaseSpec
  holderIdentity 1 string
  leaseDurationSeconds 2 int32
  acquireTime 3 micro-time
  renewTime 4 micro-time
  leaseTransitions 5 int32
  strategy 6 string
  preferredHolder 7 string
`;
