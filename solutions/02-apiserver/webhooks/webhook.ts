/**
 * A webhook as its configuration has it, and the order in which webhooks are asked. Given.
 *
 * @see k8s.io/apiserver/pkg/admission/configuration/mutating_webhook_manager.go (1.33)
 */

import type {
  MutatingWebhook,
  ValidatingWebhook,
} from 'kubernetes-types/admissionregistration/v1.js';
import type { ApiObject } from '../api-object.ts';
import type { RuleWithOperations } from '../kinds/admissionregistration/rules.ts';

/** Which writes a webhook is asked about. */
export type WebhookRule = RuleWithOperations;

/** One webhook; a validating one has no `reinvocationPolicy`. */
export type Webhook = Omit<ValidatingWebhook, 'rules'> &
  Partial<Pick<MutatingWebhook, 'reinvocationPolicy'>> & { rules?: WebhookRule[] };

/** A webhook and what to know it by: no other has the same `id`. */
export interface KnownWebhook {
  readonly id: string;
  readonly hook: Webhook;
}

/** All webhooks in the order they are asked: configurations by name, each one's webhooks as they stand. */
export function webhooksOf(configurations: readonly ApiObject[]): KnownWebhook[] {
  if (configurations.length === 0) return [];
  const sorted = [...configurations].sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
  return sorted.flatMap((configuration) =>
    ((configuration.webhooks ?? []) as Webhook[]).map((hook, i) => ({
      id: `${nameOf(configuration)}/${hook.name}/${i}`,
      hook,
    })),
  );
}

function nameOf({ metadata }: ApiObject): string {
  return metadata.name ?? '';
}
