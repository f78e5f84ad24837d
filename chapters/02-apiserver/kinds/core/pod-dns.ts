/**
 * How a pod finds names: its DNS settings, and lines for its hosts file. Given.
 *
 * @see pkg/apis/core/validation/validation.go (1.33), validatePodDNSConfig, ValidateHostAliases
 */

import type { HostAlias, PodDNSConfig } from 'kubernetes-types/core/v1.js';
import { type FieldError, fieldInvalid, fieldRequired } from '#apimachinery';
import { invalid } from '../field-checks.ts';
import { validateIp } from './ip-addresses.ts';
import { searchDomainFaults, validateDnsSubdomain } from './names.ts';

/** What C libraries can take. */
const MAX_NAMESERVERS = 3;
const MAX_SEARCH_PATHS = 32;
const MAX_SEARCH_CHARACTERS = 2048;

/** Faults of a pod’s DNS settings. With the policy `None` there must be some. */
export function validateDnsConfig(
  config: PodDNSConfig | undefined,
  dnsPolicy: string | undefined,
  path: string,
): FieldError[] {
  if (dnsPolicy === 'None') {
    if (!config) {
      return [fieldRequired(path, 'must provide `dnsConfig` when `dnsPolicy` is None')];
    }
    if (!config.nameservers?.length) {
      const why = 'must provide at least one DNS nameserver when `dnsPolicy` is None';
      return [fieldRequired(`${path}.nameservers`, why)];
    }
  }
  if (!config) return [];
  const { nameservers = [], searches = [], options = [] } = config;
  const unnamed = options.flatMap(({ name }, i) =>
    name ? [] : [fieldRequired(`${path}.options[${i}]`, 'must not be empty')],
  );
  return [
    ...validateNameservers(nameservers, `${path}.nameservers`),
    ...validateSearches(searches, `${path}.searches`),
    ...unnamed,
  ];
}

function validateNameservers(nameservers: readonly string[], path: string): FieldError[] {
  const faults = nameservers.flatMap((ip, i) => validateIp(ip, `${path}[${i}]`));
  if (nameservers.length <= MAX_NAMESERVERS) return faults;
  const why = `must not have more than ${MAX_NAMESERVERS} nameservers`;
  return [fieldInvalid(path, nameservers, why), ...faults];
}

function validateSearches(searches: readonly string[], path: string): FieldError[] {
  const faults: FieldError[] = [];
  if (searches.length > MAX_SEARCH_PATHS) {
    const why = `must not have more than ${MAX_SEARCH_PATHS} search paths`;
    faults.push(fieldInvalid(path, searches, why));
  }
  if (searches.join(' ').length > MAX_SEARCH_CHARACTERS) {
    const why = `must not have more than ${MAX_SEARCH_CHARACTERS} characters (including spaces) in the search list`;
    faults.push(fieldInvalid(path, searches, why));
  }
  for (const [i, search] of searches.entries()) {
    // A dot alone is the root: nothing is searched.
    if (search === '.') continue;
    const domain = search.endsWith('.') ? search.slice(0, -1) : search;
    faults.push(...invalid(`${path}[${i}]`, domain, searchDomainFaults(domain)));
  }
  return faults;
}

/** Faults of the lines for a pod’s hosts file. */
export function validateHostAliases(aliases: readonly HostAlias[], path: string): FieldError[] {
  return aliases.flatMap(({ ip, hostnames = [] }, i) => [
    ...validateIp(ip, `${path}[${i}].ip`),
    ...hostnames.flatMap((name, j) => validateDnsSubdomain(name, `${path}[${i}].hostnames[${j}]`)),
  ]);
}
