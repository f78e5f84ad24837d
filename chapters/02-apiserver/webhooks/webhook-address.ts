/**
 * Where a webhook is: at a URL, or behind a Service. Given.
 *
 * @see k8s.io/apiserver/pkg/util/webhook/client.go (1.33)
 */

import type { Webhook } from './webhook.ts';
import type { WebhookTarget } from './webhook-client.ts';

/** A Service that webhooks are behind. */
export interface WebhookService {
  readonly namespace: string;
  readonly name: string;
  readonly port: number;
}

/** Finds out where a Service can be reached; `host:port`. Throws, as a rejection, when nowhere. */
export type ServiceResolver = (service: WebhookService) => Promise<string> | string;

const HTTPS = 443;

/**
 * The URL, as messages show it; of a Service `https://NAME.NAMESPACE.svc:PORT/PATH`.
 *
 * @param timeoutSeconds - is told to the webhook: `?timeout=10s`
 */
export function webhookUrl({ clientConfig }: Webhook, timeoutSeconds: number): string {
  const service = serviceOf(clientConfig);
  const path = clientConfig.service?.path ?? '';
  const base = service ? `https://${hostOf(service)}:${service.port}` : (clientConfig.url ?? '');
  const slash = service && !path.startsWith('/') ? '/' : '';
  return `${base}${slash}${service ? path : ''}?timeout=${timeoutSeconds}s`;
}

/**
 * Where the call goes.
 *
 * @param url - of `webhookUrl`
 */
export async function webhookTarget(
  { clientConfig }: Webhook,
  url: string,
  resolve: ServiceResolver,
): Promise<WebhookTarget> {
  const { caBundle } = clientConfig;
  const trust = caBundle ? { caBundle: atob(caBundle) } : {};
  const service = serviceOf(clientConfig);
  if (!service) return { url, ...trust };
  const shown = `https://${hostOf(service)}:${service.port}`;
  const address = await resolve(service);
  const reached = `https://${address}${url.slice(shown.length)}`;
  return { url: reached, serverName: hostOf(service), ...trust };
}

function serviceOf({ service }: Webhook['clientConfig']): WebhookService | undefined {
  if (!service) return undefined;
  const { namespace, name, port = HTTPS } = service;
  return { namespace, name, port };
}

function hostOf({ name, namespace }: WebhookService): string {
  return `${name}.${namespace}.svc`;
}
