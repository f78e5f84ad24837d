/**
 * The admission plugins of this server, in the order they are asked. Given.
 *
 * @see pkg/kubeapiserver/options/plugins.go (1.33)
 */

import type { Clock, Random } from '#apimachinery';
import type { Authorizer } from '../authorization/authorizer.ts';
import type { PolicySource } from '../authorization/policy-source.ts';
import type { Registry } from '../registry/registry.ts';
import type { Mirror } from '../storage/mirror.ts';
import type { WebhookClient } from '../webhooks/webhook-client.ts';
import type { AdmissionPlugin } from './admission.ts';
import { certificateRequester } from './certificate-requester.ts';
import { namespaceLifecycle } from './namespace-lifecycle.ts';
import { rbacEscalation } from './rbac-escalation.ts';

/** What the plugins need of the server. */
export interface PluginWorld {
  readonly clock: Clock;
  readonly random: Random;
  readonly authorizer: Authorizer;
  readonly policy: PolicySource;
  readonly registryOf: (group: string, kind: string) => Registry;
  /** The objects under a prefix, at hand. */
  readonly mirror: (prefix: string) => Mirror;
  readonly webhookClient: WebhookClient;
}

export function defaultPlugins(world: PluginWorld): AdmissionPlugin[] {
  const { registryOf, mirror } = world;
  const namespaces = mirror('/registry/namespaces/');
  return [
    namespaceLifecycle({
      namespace: async (name) => {
        const key = `/registry/namespaces/${name}`;
        // A namespace made a moment ago may not be in the mirror yet.
        const known = namespaces.get(key);
        return known ?? (await registryOf('', 'Namespace').storage.get(key))?.object;
      },
    }),
    certificateRequester,
    rbacEscalation(world),
  ];
}
