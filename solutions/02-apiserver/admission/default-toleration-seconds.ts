/**
 * DefaultTolerationSeconds: a pod stays for five minutes on a node that is not well. Given.
 *
 * @see plugin/pkg/admission/defaulttolerationseconds/admission.go (1.33)
 */

import type { Pod, Toleration } from 'kubernetes-types/core/v1.js';
import type { AdmissionPlugin } from './admission.ts';
import { isAbout } from './forbidden.ts';

const TAINTS = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'];
const SECONDS = 300;

export const defaultTolerationSeconds: AdmissionPlugin = {
  name: 'DefaultTolerationSeconds',
  handles: (request) =>
    (request.operation === 'CREATE' || request.operation === 'UPDATE') &&
    isAbout(request, '', 'pods'),
  admit: ({ object }) => {
    const { spec } = (object ?? {}) as Pod;
    if (!spec) return;
    const own = spec.tolerations ?? [];
    const missing = TAINTS.filter((key) => !own.some((each) => isToldAbout(each, key)));
    if (missing.length === 0) return;
    const added = missing.map((key) => ({
      key,
      operator: 'Exists',
      effect: 'NoExecute',
      tolerationSeconds: SECONDS,
    }));
    spec.tolerations = [...own, ...added];
  },
};

/** Does the pod say itself what is to happen? */
function isToldAbout({ key, effect }: Toleration, taint: string): boolean {
  return (!key || key === taint) && (!effect || effect === 'NoExecute');
}
