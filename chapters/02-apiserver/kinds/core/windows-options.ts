/**
 * What a pod's rights are on Windows. Given: there are no such nodes here, but such pods are judged
 * all the same.
 *
 * @see pkg/apis/core/validation/validation.go (1.33), validateWindowsSecurityContextOptions
 */

import type { WindowsSecurityContextOptions } from 'kubernetes-types/core/v1.js';
import { type FieldError, fieldInvalid } from '#apimachinery';
import { invalid } from '../field-checks.ts';
import { validateDnsSubdomain } from './names.ts';
import { type ApiPodSpec, containersOf } from './objects.ts';

const MAX_CREDENTIAL_SPEC_KIB = 64;
const MAX_DOMAIN_LENGTH = 256;
const MAX_USER_LENGTH = 104;

const NETBIOS = /^[^\\/:*?"<>|.][^\\/:*?"<>|]{0,14}$/;
const DNS_LABEL = '[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?';
const DNS_NAME = new RegExp(`^${DNS_LABEL}(?:\\.${DNS_LABEL})*$`);

/** Faults of who a container runs as. */
export function validateWindowsOptions(
  options: WindowsSecurityContextOptions | undefined,
  path: string,
): FieldError[] {
  const { gmsaCredentialSpecName, gmsaCredentialSpec, runAsUserName } = options ?? {};
  const name = `${path}.gmsaCredentialSpecName`;
  const faults =
    gmsaCredentialSpecName === undefined ? [] : validateDnsSubdomain(gmsaCredentialSpecName, name);
  if (gmsaCredentialSpec !== undefined) {
    const found = credentialSpecFaults(gmsaCredentialSpec);
    faults.push(...invalid(`${path}.gmsaCredentialSpec`, gmsaCredentialSpec, found));
  }
  if (runAsUserName !== undefined) {
    faults.push(...invalid(`${path}.runAsUserName`, runAsUserName, userNameFaults(runAsUserName)));
  }
  return faults;
}

function credentialSpecFaults(spec: string): string[] {
  if (spec === '') return ['gmsaCredentialSpec cannot be an empty string'];
  if (new TextEncoder().encode(spec).length <= MAX_CREDENTIAL_SPEC_KIB * 1024) return [];
  return [`gmsaCredentialSpec size must be under ${MAX_CREDENTIAL_SPEC_KIB} KiB`];
}

/** What is wrong with a user's name: `user` or `DOMAIN\user`. */
function userNameFaults(name: string): string[] {
  if (name === '') return ['runAsUserName cannot be an empty string'];
  if (/\p{Cc}/u.test(name)) return ['runAsUserName cannot contain control characters'];
  const parts = name.split('\\');
  if (parts.length > 2) return ['runAsUserName cannot contain more than one backslash'];
  const domain = parts.length === 2 ? parts[0] : undefined;
  return [...domainFaults(domain), ...userFaults(parts.at(-1) ?? '')];
}

function domainFaults(domain: string | undefined): string[] {
  if (domain === undefined) return [];
  const faults: string[] = [];
  if (domain.length >= MAX_DOMAIN_LENGTH) {
    faults.push(`runAsUserName's Domain length must be under ${MAX_DOMAIN_LENGTH} characters`);
  }
  if (!NETBIOS.test(domain) && !DNS_NAME.test(domain)) {
    faults.push("runAsUserName's Domain doesn't match the NetBios nor the DNS format");
  }
  return faults;
}

function userFaults(user: string): string[] {
  const faults: string[] = [];
  if (user === '') faults.push("runAsUserName's User cannot be empty");
  if (user.length > MAX_USER_LENGTH) {
    faults.push(
      `runAsUserName's User length must not be longer than ${MAX_USER_LENGTH} characters`,
    );
  }
  if (/^[. ]+$/.test(user)) {
    faults.push("runAsUserName's User cannot contain only periods or spaces");
  }
  if (/["/\\:;|=,+*?<>@[\]]/.test(user)) {
    faults.push(`runAsUserName's User cannot contain the following characters: "/\\:;|=,+*?<>@[]`);
  }
  return faults;
}

/** Containers that are processes of the node: all of a pod's or none, and on the node's network. */
export function validateHostProcess(spec: ApiPodSpec, path: string): FieldError[] {
  const ofPod = spec.securityContext?.windowsOptions?.hostProcess;
  const containers = containersOf(spec, path).map(({ container, path: at }) => ({
    path: at,
    hostProcess: container.securityContext?.windowsOptions?.hostProcess,
  }));
  const faults = containers
    .filter(({ hostProcess }) => ofPod !== undefined && hostProcess === !ofPod)
    .map(({ path: at, hostProcess }) => {
      const why = `pod hostProcess value must be identical if both are specified, was ${ofPod}`;
      return fieldInvalid(`${at}.securityContext.windowsOptions.hostProcess`, hostProcess, why);
    });
  const count = containers.filter(({ hostProcess }) => hostProcess ?? ofPod).length;
  if (count === 0) return faults;
  if (count !== containers.length) {
    const why =
      'If pod contains any hostProcess containers then all containers must be HostProcess containers';
    faults.push(fieldInvalid(path, '', why));
  }
  if (!spec.hostNetwork) {
    const why = 'hostNetwork must be true if pod contains any hostProcess containers';
    faults.push(fieldInvalid(`${path}.hostNetwork`, false, why));
  }
  return faults;
}
