/**
 * NamespaceLifecycle: nothing is made in a namespace that is not there, or that is going away; and
 * the namespaces of the system stay.
 */

import { newForbidden, newNotFound } from '#apimachinery';
import type { ApiObject } from '../api-object.ts';
import type { AdmissionPlugin } from './admission.ts';
import { newNamespaceTerminating } from './forbidden.ts';

/** Namespaces that cannot be deleted. */
const IMMORTAL = new Set(['default', 'kube-system', 'kube-public']);

/** What the plugin asks. */
export interface NamespaceLifecycleOptions {
  /** The namespace as it is now; `undefined` when there is none. */
  namespace(name: string): Promise<ApiObject | undefined>;
}

/**
 * Makes the plugin.
 *
 * @remarks It only refuses, and does so in `admit`: before any other plugin looks for things in a
 * namespace that is not there. It `handles`
 *
 * - a DELETE of a namespace itself (kind `Namespace` of group `''`, no subresource): refused for
 *   `default`, `kube-system` and `kube-public`;
 * - a CREATE of anything in a namespace (`request.namespace` not `''`) that is no namespace itself:
 *   refused when the namespace is not there, and when it is being deleted (it has a
 *   `deletionTimestamp`). Access reviews (group `authorization.k8s.io`) may ask about namespaces
 *   that are not there: let through.
 *
 * All else it does not handle.
 *
 * @throws StatusError from `admit`, as a rejection:
 *
 * - 403 `newForbidden` for `namespaces` and the name, `this namespace may not be deleted`;
 * - 404 `newNotFound` for `namespaces` and the name;
 * - 403 `newNamespaceTerminating` (given, of `forbidden.ts`)
 * @see k8s.io/apiserver/pkg/admission/plugin/namespace/lifecycle/admission.go (1.33)
 * @exercise apiserver/admission
 */
export function namespaceLifecycle(options: NamespaceLifecycleOptions): AdmissionPlugin {
  return {
    name: 'NamespaceLifecycle',
    handles: ({ kind, operation, namespace, subresource }) => {
      const isNamespace = kind.kind === 'Namespace' && kind.group === '';
      if (isNamespace) return operation === 'DELETE' && subresource === '';
      return operation === 'CREATE' && namespace !== '' && kind.group !== 'authorization.k8s.io';
    },
    async admit(request) {
      const { operation, name, namespace } = request;
      const namespaces = { group: '', resource: 'namespaces' };
      if (operation === 'DELETE') {
        if (!IMMORTAL.has(name)) return;
        throw newForbidden(namespaces, name, 'this namespace may not be deleted');
      }
      const found = await options.namespace(namespace);
      if (found === undefined) throw newNotFound(namespaces, namespace);
      if (found.metadata.deletionTimestamp === undefined) return;
      throw newNamespaceTerminating(request);
    },
  };
}
