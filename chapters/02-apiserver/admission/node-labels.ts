/**
 * The labels a node may not give itself: those of Kubernetes, but for the few that tell what a node
 * is. Given.
 *
 * @see staging/src/k8s.io/kubelet/pkg/apis/well_known_labels.go (1.33)
 */

type Labels = Readonly<Record<string, string>>;

const KUBELET_LABELS = new Set([
  'kubernetes.io/hostname',
  'topology.kubernetes.io/zone',
  'topology.kubernetes.io/region',
  'failure-domain.beta.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region',
  'node.kubernetes.io/instance-type',
  'beta.kubernetes.io/instance-type',
  'kubernetes.io/os',
  'kubernetes.io/arch',
  'beta.kubernetes.io/os',
  'beta.kubernetes.io/arch',
]);

/** Labels of which nodes can be sure that no kubelet set them. */
const RESTRICTED = 'node-restriction.kubernetes.io';

/** The keys, sorted, that a node changes and may not; `undefined` when there are none. */
export function nodeLabelFault(now: Labels = {}, before: Labels = {}): string[] | undefined {
  const keys = new Set([...Object.keys(now), ...Object.keys(before)]);
  const faults = [...keys].filter((key) => now[key] !== before[key] && isForbidden(key)).sort();
  return faults.length > 0 ? faults : undefined;
}

function isForbidden(key: string): boolean {
  const at = key.indexOf('/');
  const domain = at < 0 ? '' : key.slice(0, at);
  if (isUnder(domain, RESTRICTED)) return true;
  const isKubernetes = isUnder(domain, 'kubernetes.io') || isUnder(domain, 'k8s.io');
  return isKubernetes && !isKubeletLabel(key, domain);
}

function isKubeletLabel(key: string, domain: string): boolean {
  if (KUBELET_LABELS.has(key)) return true;
  return isUnder(domain, 'kubelet.kubernetes.io') || isUnder(domain, 'node.kubernetes.io');
}

function isUnder(domain: string, parent: string): boolean {
  return domain === parent || domain.endsWith(`.${parent}`);
}
