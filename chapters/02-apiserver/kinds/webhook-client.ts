/**
 * How a webhook is reached: by a URL or by a Service. Given: defaults and the check.
 *
 * @see k8s.io/apiserver/pkg/util/webhook/validation.go (1.33)
 */

import { dnsSubdomainFaults, type FieldError, fieldInvalid, fieldRequired } from '#apimachinery';
import { portNumberFaults } from './value-formats.ts';

export interface WebhookClientConfig {
  url?: string;
  service?: WebhookService;
  caBundle?: string;
}

export interface WebhookService {
  namespace?: string;
  name?: string;
  path?: string;
  port?: number;
}

const HTTPS = 443;
const FORM = '; desired format: https://host[/path]';

/** A Service is asked at its HTTPS port. */
export function setWebhookClientDefaults(config: WebhookClientConfig | undefined): void {
  if (config?.service) config.service.port ??= HTTPS;
}

/** Faults of an address: one of the two, and reached by HTTPS. */
export function validateWebhookClient(
  config: WebhookClientConfig | undefined,
  path: string,
): FieldError[] {
  const { url, service } = config ?? {};
  if ((url === undefined) === (service === undefined)) {
    return [fieldRequired(path, 'exactly one of url or service is required')];
  }
  if (url !== undefined) return validateUrl(url, `${path}.url`);
  return service ? validateService(service, `${path}.service`) : [];
}

function validateUrl(text: string, path: string): FieldError[] {
  // The scheme and host are looked at as written: `URL` would mend too much.
  const [, scheme = '', rest = ''] = /^(?:([a-zA-Z][a-zA-Z0-9+.-]*):)?(.*)$/s.exec(text) ?? [];
  const [, authority = ''] = /^\/\/([^/?#]*)/.exec(rest) ?? [];
  const at = authority.lastIndexOf('@');
  const faults: FieldError[] = [];
  if (scheme !== 'https') {
    const why = `'https' is the only allowed URL scheme${FORM}`;
    faults.push(fieldInvalid(path, scheme, why));
  }
  if (authority.slice(at + 1) === '') {
    faults.push(fieldInvalid(path, '', `host must be provided${FORM}`));
  }
  if (at >= 0) {
    const why = 'user information is not permitted in the URL';
    faults.push(fieldInvalid(path, authority.slice(0, at), why));
  }
  const [beforeFragment = '', fragment = ''] = rest.split('#');
  if (fragment !== '') {
    faults.push(fieldInvalid(path, fragment, 'fragments are not permitted in the URL'));
  }
  const [, query = ''] = beforeFragment.split('?');
  if (query === '') return faults;
  return [...faults, fieldInvalid(path, query, 'query parameters are not permitted in the URL')];
}

function validateService(service: WebhookService, path: string): FieldError[] {
  const { name, namespace, path: urlPath, port = 0 } = service;
  const faults: FieldError[] = [];
  if (!name) faults.push(fieldRequired(`${path}.name`, 'service name is required'));
  if (!namespace) faults.push(fieldRequired(`${path}.namespace`, 'service namespace is required'));
  const portFaults = portNumberFaults(port);
  if (portFaults.length > 0) {
    const why = `port is not valid: ${portFaults.join(', ')}`;
    faults.push(fieldInvalid(`${path}.port`, port, why));
  }
  return urlPath ? [...faults, ...validateUrlPath(urlPath, `${path}.path`)] : faults;
}

function validateUrlPath(urlPath: string, path: string): FieldError[] {
  if (urlPath === '/') return [];
  if (urlPath === '//') return [fieldInvalid(path, urlPath, 'segment[0] may not be empty')];
  const faults = urlPath.startsWith('/')
    ? []
    : [fieldInvalid(path, urlPath, "must start with a '/'")];
  const segments = urlPath.slice(1).replace(/\/$/, '').split('/');
  return [
    ...faults,
    ...segments.flatMap((segment, i) => {
      if (segment === '') return [fieldInvalid(path, urlPath, `segment[${i}] may not be empty`)];
      const segmentFaults = dnsSubdomainFaults(segment);
      return segmentFaults.map((fault) => fieldInvalid(path, urlPath, `segment[${i}]: ${fault}`));
    }),
  ];
}
