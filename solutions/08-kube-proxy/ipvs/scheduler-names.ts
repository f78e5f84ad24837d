/** The schedulers of IPVS by name. Given; what each does is `ipvs.ts`. */

/** By name, in the kernel's words. */
export const IPVS_SCHEDULERS = {
  rr: 'round robin',
  wrr: 'weighted round robin',
  lc: 'least connection',
  wlc: 'weighted least connection',
  sh: 'source hashing',
  dh: 'destination hashing',
  sed: 'shortest expected delay',
  nq: 'never queue',
} as const;

export type IpvsSchedulerName = keyof typeof IPVS_SCHEDULERS;
