/**
 * How names and other short texts in core objects must look. Given.
 *
 * Functions named `…Faults` say what is wrong in the API's words; `validate…` make it faults of a
 * field, and take what is left out as empty text. More of them are in `../value-formats.ts`.
 *
 * @see k8s.io/apimachinery/pkg/util/validation/validation.go (1.33)
 */

import {
  dnsLabelFaults,
  dnsSubdomainFaults,
  type FieldError,
  fieldInvalid,
  fieldRequired,
  qualifiedNameFaults,
} from '#apimachinery';
import { invalid } from '../field-checks.ts';

/** The largest 32-bit number. */
export const MAX_INT32 = 2 ** 31 - 1;

const MAX_KEY_LENGTH = 253;

/** A text must be there. */
export function validatePresent(text: string | undefined, path: string): FieldError[] {
  return text ? [] : [fieldRequired(path)];
}

/** Text must be a DNS label: `web-1`. */
export function validateDnsLabel(text: string | undefined, path: string): FieldError[] {
  return invalid(path, text ?? '', dnsLabelFaults(text ?? ''));
}

/** Text must be a DNS subdomain: `web.example.com`. */
export function validateDnsSubdomain(text: string | undefined, path: string): FieldError[] {
  return invalid(path, text ?? '', dnsSubdomainFaults(text ?? ''));
}

/** Text must be a name, perhaps with a domain: `example.com/name`. */
export function validateQualifiedName(text: string | undefined, path: string): FieldError[] {
  return invalid(path, text ?? '', qualifiedNameFaults(text ?? ''));
}

/** A text that must be there and be a DNS label. */
export function validateRequiredDnsLabel(text: string | undefined, path: string): FieldError[] {
  return text ? validateDnsLabel(text, path) : [fieldRequired(path)];
}

/** A text that must be there and be a DNS subdomain. */
export function validateRequiredDnsSubdomain(text: string | undefined, path: string): FieldError[] {
  return text ? validateDnsSubdomain(text, path) : [fieldRequired(path)];
}

/** A number from `least` to `most`. */
export function validateRange(
  value: number,
  least: number,
  most: number,
  path: string,
): FieldError[] {
  if (value >= least && value <= most) return [];
  return [fieldInvalid(path, value, `must be between ${least} and ${most}, inclusive`)];
}

/** The number of a user or a group. */
export function validateId(id: number | undefined, path: string): FieldError[] {
  return id === undefined ? [] : validateRange(id, 0, MAX_INT32, path);
}

/** What is wrong with a key of a ConfigMap's or a Secret's data: it becomes a file's name. */
export function configMapKeyFaults(key: string): string[] {
  const faults = key.length > MAX_KEY_LENGTH ? ['must be no more than 253 characters'] : [];
  if (!/^[-._a-zA-Z0-9]+$/.test(key)) {
    faults.push(
      "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
    );
  }
  if (key === '.' || key === '..') faults.push(`must not be '${key}'`);
  else if (key.startsWith('..')) faults.push("must not start with '..'");
  return faults;
}

/** What is wrong with the name of an environment variable. */
export function envVarNameFaults(name: string): string[] {
  if (name === '') return ['environment variable name must be non-empty'];
  // Printable ASCII but for the equals sign.
  if (/^[ -<>-~]+$/.test(name)) return [];
  return [
    "a valid environment variable name must consist only of printable ASCII characters other than '='",
  ];
}

/** What is wrong with the name of an HTTP header. */
export function httpHeaderNameFaults(name: string): string[] {
  if (/^[-A-Za-z0-9]+$/.test(name)) return [];
  return [
    "a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for validation is '[-A-Za-z0-9]+')",
  ];
}

const UNDERSCORE_LABEL = '_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?';
const UNDERSCORE_SUBDOMAIN = new RegExp(`^${UNDERSCORE_LABEL}(\\.${UNDERSCORE_LABEL})*$`);

/** What is wrong with a domain in a DNS search list, where underscores are fine. */
export function searchDomainFaults(text: string): string[] {
  const faults = text.length > 253 ? ['must be no more than 253 characters'] : [];
  if (!UNDERSCORE_SUBDOMAIN.test(text)) {
    // The pattern named is the one without underscores: so does the API.
    faults.push(
      "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
    );
  }
  return faults;
}
