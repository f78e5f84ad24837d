/** The plugin DefaultBinder: tells the API server on which node a pod is to run. Given. */

import type { KubernetesObject } from '#apimachinery';
import { PODS } from '#client';
import type { Handle } from '../framework/handle.ts';
import type { BindPlugin } from '../framework/plugin.ts';
import { Status } from '../framework/status.ts';

/** What is posted to a pod's `binding`. */
interface Binding extends KubernetesObject {
  readonly target: { readonly kind: 'Node'; readonly name: string };
}

/** Makes the plugin. */
export function newDefaultBinder(_args: unknown, handle: Handle): BindPlugin {
  return {
    name: 'DefaultBinder',
    bind: async (_state, { pod }, nodeName) => {
      const { name = '', namespace = '', uid = '' } = pod.metadata ?? {};
      const binding: Binding = {
        apiVersion: 'v1',
        kind: 'Binding',
        // The uid keeps the node from a new pod of the same name.
        metadata: { name, namespace, uid },
        target: { kind: 'Node', name: nodeName },
      };
      try {
        const pods = handle.client.resource<KubernetesObject>(PODS, namespace);
        await pods.create(binding, { subresource: 'binding' });
        return undefined;
      } catch (error) {
        return Status.ofError(error);
      }
    },
  };
}
