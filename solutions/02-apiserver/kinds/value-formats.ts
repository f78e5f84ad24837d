/**
 * Forms that texts in the API have beside those of `#apimachinery` (`dnsLabelFaults` and the like):
 * ports, path segments, domain names. Given.
 *
 * Functions named `…Faults` say what is wrong in the API's words; `validate…` make it faults of a
 * field.
 *
 * @see k8s.io/apimachinery/pkg/util/validation/validation.go (1.33)
 */

import {
  dnsLabelFaults,
  dnsSubdomainFaults,
  type FieldError,
  fieldInvalid,
  fieldRequired,
} from '#apimachinery';
import { invalid } from './field-checks.ts';

/** What is wrong with a name that must fit between two slashes of a URL, as RBAC's names must. */
export function pathSegmentFaults(name: string): string[] {
  if (name === '.' || name === '..') return [`may not be '${name}'`];
  return ['/', '%']
    .filter((part) => name.includes(part))
    .map((part) => `may not contain '${part}'`);
}

/** What is wrong with a port's number. */
export function portNumberFaults(port: number): string[] {
  return port >= 1 && port <= 65535 ? [] : ['must be between 1 and 65535, inclusive'];
}

/** What is wrong with a port's name, as IANA has them: `http-alt`. */
export function portNameFaults(name: string): string[] {
  const faults: string[] = [];
  if (name.length > 15) faults.push('must be no more than 15 characters');
  if (!/^[-a-z0-9]+$/.test(name)) {
    faults.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)');
  }
  if (!/[a-z]/.test(name)) faults.push('must contain at least one letter (a-z)');
  if (name.includes('--')) faults.push('must not contain consecutive hyphens');
  if (name.startsWith('-') || name.endsWith('-')) {
    faults.push('must not begin or end with a hyphen');
  }
  return faults;
}

const DNS_1035_LABEL = '[a-z]([-a-z0-9]*[a-z0-9])?';

/** What is wrong with a label that begins with a letter, as Services' names do. */
export function dns1035LabelFaults(text: string): string[] {
  const faults = text.length > 63 ? ['must be no more than 63 characters'] : [];
  if (!new RegExp(`^${DNS_1035_LABEL}$`).test(text)) {
    faults.push(
      `a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '${DNS_1035_LABEL}')`,
    );
  }
  return faults;
}

const WILDCARD_SUBDOMAIN = '\\*\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*';

/** What is wrong with a host of the form `*.example.com`. */
export function wildcardSubdomainFaults(text: string): string[] {
  const faults = text.length > 253 ? ['must be no more than 253 characters'] : [];
  if (!new RegExp(`^${WILDCARD_SUBDOMAIN}$`).test(text)) {
    faults.push(
      `a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character (e.g. '*.example.com', regex used for validation is '${WILDCARD_SUBDOMAIN}')`,
    );
  }
  return faults;
}

/** A name of at least three segments, as webhooks have: `check.example.com`. */
export function validateFullyQualifiedName(name: string | undefined, path: string): FieldError[] {
  if (!name) return [fieldRequired(path)];
  const faults = dnsSubdomainFaults(name);
  if (faults.length > 0) return [fieldInvalid(path, name, faults.join(','))];
  if (name.split('.').length >= 3) return [];
  const why = 'should be a domain with at least three segments separated by dots';
  return [fieldInvalid(path, name, why)];
}

/** A domain name of at least two segments; may end with a dot. */
export function validateDomainName(name: string, path: string): FieldError[] {
  if (name === '') return [fieldRequired(path)];
  const bare = name.endsWith('.') ? name.slice(0, -1) : name;
  const faults = dnsSubdomainFaults(bare);
  if (faults.length > 0) return [fieldInvalid(path, bare, faults.join(','))];
  const labels = bare.split('.');
  if (labels.length < 2) {
    const why = 'should be a domain with at least two segments separated by dots';
    return [fieldInvalid(path, bare, why)];
  }
  const bad = labels.find((label) => dnsLabelFaults(label).length > 0);
  return bad === undefined ? [] : [fieldInvalid(path, bad, dnsLabelFaults(bad).join(','))];
}

const HTTP_PATH = "[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+";

/** A domain, a slash and a path: `example.com/controller`. */
export function validateDomainPrefixedPath(value: string | undefined, path: string): FieldError[] {
  if (!value) return [fieldRequired(path)];
  const slash = value.indexOf('/');
  const [host, rest] = [value.slice(0, Math.max(slash, 0)), value.slice(slash + 1)];
  if (slash < 1 || rest === '') {
    const why = 'must be a domain-prefixed path (such as "acme.io/foo")';
    return [fieldInvalid(path, value, why)];
  }
  const faults = invalid(path, host, dnsSubdomainFaults(host));
  if (new RegExp(`^${HTTP_PATH}$`).test(rest)) return faults;
  const why = `Invalid path (regex used for validation is '${HTTP_PATH}')`;
  return [...faults, fieldInvalid(path, rest, why)];
}
