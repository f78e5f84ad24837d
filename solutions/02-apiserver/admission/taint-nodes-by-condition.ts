/**
 * TaintNodesByCondition: a new node gets no pods before it says that it is ready. Given.
 *
 * @see plugin/pkg/admission/nodetaint/admission.go (1.33)
 */

import type { Node } from 'kubernetes-types/core/v1.js';
import type { AdmissionPlugin } from './admission.ts';
import { isAbout } from './forbidden.ts';

const NOT_READY = { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' };

export const taintNodesByCondition: AdmissionPlugin = {
  name: 'TaintNodesByCondition',
  handles: (request) => request.operation === 'CREATE' && isAbout(request, '', 'nodes'),
  admit: ({ object }) => {
    const node = object as Node | undefined;
    if (!node) return;
    const taints = node.spec?.taints ?? [];
    const isTainted = taints.some(
      ({ key, effect }) => key === NOT_READY.key && effect === NOT_READY.effect,
    );
    if (!isTainted) node.spec = { ...node.spec, taints: [...taints, { ...NOT_READY }] };
  },
};
