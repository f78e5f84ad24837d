/**
 * What the levels of the Pod Security Standards ask of a pod, one check for each. Given.
 *
 * Every check tells what is wrong, and who did it. Which level has which check is `evaluate.ts`.
 *
 * @see k8s.io/pod-security-admission/policy/check_*.go (1.33)
 */

import type { Container, Pod, PodSpec, SecurityContext } from 'kubernetes-types/core/v1.js';

/** What a check finds. */
export interface Fault {
  readonly reason: string;
  readonly detail: string;
}

/** @returns what is wrong, or nothing */
export type Check = (pod: Pod, spec: PodSpec) => Fault | undefined;

/** What `kubernetes-types` does not know yet. */
type Context = SecurityContext & { readonly appArmorProfile?: { readonly type: string } };

const quoted = (items: Iterable<string>): string =>
  [...items].map((item) => `"${item}"`).join(', ');
const sorted = (items: ReadonlySet<string>): string[] => [...items].sort();
const plural = (count: number, one: string, many = `${one}s`): string => (count === 1 ? one : many);

function containersOf(spec: PodSpec): Container[] {
  const { initContainers = [], containers, ephemeralContainers = [] } = spec;
  return [...initContainers, ...containers, ...(ephemeralContainers as Container[])];
}

function namesOf(spec: PodSpec, isBad: (container: Container, context: Context) => boolean) {
  return containersOf(spec)
    .filter((one) => isBad(one, (one.securityContext ?? {}) as Context))
    .map(({ name }) => name);
}

/** `container "a"`, `containers "a", "b"` */
function containersText(names: readonly string[]): string {
  return `${plural(names.length, 'container')} ${quoted(names)}`;
}

/** `pod and container "a"`; `''` when nobody did it */
function settersText(isPod: boolean, names: readonly string[]): string {
  return [...(isPod ? ['pod'] : []), ...(names.length > 0 ? [containersText(names)] : [])].join(
    ' and ',
  );
}

/** A fault of the pod itself, of containers, or of both. */
function faultOfSetters(
  spec: PodSpec,
  isBad: (context: Context) => boolean,
  reason: string,
  detail: string | (() => string),
): Fault | undefined {
  const isPod = isBad((spec.securityContext ?? {}) as Context);
  const setters = settersText(
    isPod,
    namesOf(spec, (_, context) => isBad(context)),
  );
  if (setters === '') return undefined;
  return { reason, detail: `${setters} ${typeof detail === 'string' ? detail : detail()}` };
}

/** A fault of containers alone. */
function faultOfContainers(
  spec: PodSpec,
  isBad: (container: Container, context: Context) => boolean,
  reason: string,
  detail: (count: number) => string,
): Fault | undefined {
  const names = namesOf(spec, isBad);
  if (names.length === 0) return undefined;
  return { reason, detail: `${containersText(names)} ${detail(names.length)}` };
}

export const hostNamespaces: Check = (_, { hostNetwork, hostPID, hostIPC }) => {
  const shared = Object.entries({ hostNetwork, hostPID, hostIPC }).filter(([, is]) => is);
  if (shared.length === 0) return undefined;
  const detail = shared.map(([name]) => `${name}=true`).join(', ');
  return { reason: 'host namespaces', detail };
};

export const hostPathVolumes: Check = (_, { volumes = [] }) => {
  const names = volumes.filter(({ hostPath }) => hostPath).map(({ name }) => name);
  if (names.length === 0) return undefined;
  const detail = `${plural(names.length, 'volume')} ${quoted(names)}`;
  return { reason: 'hostPath volumes', detail };
};

export const hostPorts: Check = (_, spec) => {
  const used = new Set<string>();
  return faultOfContainers(
    spec,
    ({ ports = [] }) => {
      const own = ports.flatMap(({ hostPort = 0 }) => (hostPort === 0 ? [] : String(hostPort)));
      for (const port of own) used.add(port);
      return own.length > 0;
    },
    'hostPort',
    (count) =>
      `${plural(count, 'uses', 'use')} ${plural(used.size, 'hostPort')} ${sorted(used).join(', ')}`,
  );
};

export const privileged: Check = (_, spec) =>
  faultOfContainers(
    spec,
    (_one, context) => context.privileged === true,
    'privileged',
    () => 'must not set securityContext.privileged=true',
  );

export const procMount: Check = (_, spec) => {
  const types = new Set<string>();
  return faultOfContainers(
    spec,
    (_one, { procMount: type = 'Default' }) => {
      if (type !== 'Default') types.add(type);
      return type !== 'Default';
    },
    'procMount',
    () => `must not set securityContext.procMount to ${quoted(sorted(types))}`,
  );
};

export const windowsHostProcess: Check = (_, spec) =>
  faultOfSetters(
    spec,
    ({ windowsOptions }) => windowsOptions?.hostProcess === true,
    'hostProcess',
    'must not set securityContext.windowsOptions.hostProcess=true',
  );

const DEFAULT_CAPABILITIES: ReadonlySet<string> = new Set([
  ...['AUDIT_WRITE', 'CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'KILL', 'MKNOD'],
  ...['NET_BIND_SERVICE', 'SETFCAP', 'SETGID', 'SETPCAP', 'SETUID', 'SYS_CHROOT'],
]);

export const capabilitiesBaseline: Check = (_, spec) => {
  const more = new Set<string>();
  return faultOfContainers(
    spec,
    (_one, { capabilities }) => {
      const bad = (capabilities?.add ?? []).filter((name) => !DEFAULT_CAPABILITIES.has(name));
      for (const name of bad) more.add(name);
      return bad.length > 0;
    },
    'non-default capabilities',
    () => `must not include ${quoted(sorted(more))} in securityContext.capabilities.add`,
  );
};

export const capabilitiesRestricted: Check = (_, spec) => {
  const added = new Set<string>();
  const keeping = namesOf(spec, (_one, { capabilities }) => !capabilities?.drop?.includes('ALL'));
  const adding = namesOf(spec, (_one, { capabilities }) => {
    const bad = (capabilities?.add ?? []).filter((name) => name !== 'NET_BIND_SERVICE');
    for (const name of bad) added.add(name);
    return bad.length > 0;
  });
  const details = [
    ...(keeping.length > 0
      ? [`${containersText(keeping)} must set securityContext.capabilities.drop=["ALL"]`]
      : []),
    ...(adding.length > 0
      ? [
          `${containersText(adding)} must not include ${quoted(sorted(added))} in securityContext.capabilities.add`,
        ]
      : []),
  ];
  if (details.length === 0) return undefined;
  return { reason: 'unrestricted capabilities', detail: details.join('; ') };
};

export const allowPrivilegeEscalation: Check = (_, spec) =>
  faultOfContainers(
    spec,
    (_one, context) => context.allowPrivilegeEscalation !== false,
    'allowPrivilegeEscalation != false',
    () => 'must set securityContext.allowPrivilegeEscalation=false',
  );

const APP_ARMOR_ANNOTATION = 'container.apparmor.security.beta.kubernetes.io/';
const LOCAL_OR_DEFAULT: ReadonlySet<string> = new Set(['RuntimeDefault', 'Localhost']);

export const appArmorProfile: Check = ({ metadata }, spec) => {
  const types = new Set<string>();
  const isBad = ({ appArmorProfile: profile }: Context): boolean => {
    const bad = profile !== undefined && !LOCAL_OR_DEFAULT.has(profile.type);
    if (bad) types.add(profile.type);
    return bad;
  };
  const isPod = isBad((spec.securityContext ?? {}) as Context);
  const names = namesOf(spec, (_, context) => isBad(context));
  const annotations = Object.entries(metadata?.annotations ?? {})
    .filter(([key, value]) => key.startsWith(APP_ARMOR_ANNOTATION) && !isArmorValue(value))
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .sort();
  const values = [...sorted(types), ...annotations];
  const ofAnnotations = annotations.length > 0 ? [plural(annotations.length, 'annotation')] : [];
  const setters = [settersText(isPod, names), ...ofAnnotations].filter((one) => one !== '');
  if (setters.length === 0) return undefined;
  const reason = plural(values.length, 'forbidden AppArmor profile');
  const detail = `${setters.join(' and ')} must not set AppArmor profile type to ${quoted(values)}`;
  return { reason, detail };
};

function isArmorValue(value: string): boolean {
  return value === '' || value === 'runtime/default' || value.startsWith('localhost/');
}

export const seLinuxOptions =
  (allowed: ReadonlySet<string>): Check =>
  (_, spec) => {
    const types = new Set<string>();
    const set = new Set<string>();
    const detail = (): string => {
      const data = [
        ...(types.size > 0 ? [`${plural(types.size, 'type')} ${quoted(sorted(types))}`] : []),
        ...['user', 'role'].filter((one) => set.has(one)).map((one) => `${one} may not be set`),
      ];
      return `set forbidden securityContext.seLinuxOptions: ${data.join('; ')}`;
    };
    const isBad = ({ seLinuxOptions: options }: Context): boolean => {
      const { type = '', user, role } = options ?? {};
      if (!allowed.has(type)) types.add(type);
      if (user) set.add('user');
      if (role) set.add('role');
      return !allowed.has(type) || !!user || !!role;
    };
    return faultOfSetters(spec, isBad, 'seLinuxOptions', detail);
  };

export const sysctls =
  (allowed: ReadonlySet<string>): Check =>
  (_, { securityContext }) => {
    const names = (securityContext?.sysctls ?? []).map(({ name }) => name);
    const bad = names.filter((name) => !allowed.has(name));
    return bad.length === 0 ? undefined : { reason: 'forbidden sysctls', detail: bad.join(', ') };
  };

function badSeccomp(spec: PodSpec): Fault | undefined {
  const types = new Set<string>();
  return faultOfSetters(
    spec,
    ({ seccompProfile: profile }) => {
      const bad = profile !== undefined && !LOCAL_OR_DEFAULT.has(profile.type);
      if (bad) types.add(profile.type);
      return bad;
    },
    'seccompProfile',
    () => `must not set securityContext.seccompProfile.type to ${quoted(sorted(types))}`,
  );
}

export const seccompBaseline: Check = (_, spec) => badSeccomp(spec);

export const seccompRestricted: Check = (_, spec) => {
  const bad = badSeccomp(spec);
  if (bad || spec.securityContext?.seccompProfile) return bad;
  const names = namesOf(spec, (_one, context) => context.seccompProfile === undefined);
  if (names.length === 0) return undefined;
  const detail = `pod or ${containersText(names)} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"`;
  return { reason: 'seccompProfile', detail };
};

export const runAsNonRoot: Check = (_, spec) => {
  const reason = 'runAsNonRoot != true';
  const isBad = (context: Context): boolean => context.runAsNonRoot === false;
  const text = 'must not set securityContext.runAsNonRoot=false';
  const bad = faultOfSetters(spec, isBad, reason, text);
  if (bad || spec.securityContext?.runAsNonRoot) return bad;
  const names = namesOf(spec, (_one, context) => context.runAsNonRoot === undefined);
  if (names.length === 0) return undefined;
  const detail = `pod or ${containersText(names)} must set securityContext.runAsNonRoot=true`;
  return { reason, detail };
};

export const runAsUser: Check = (_, spec) =>
  faultOfSetters(
    spec,
    (context) => context.runAsUser === 0,
    'runAsUser=0',
    'must not set runAsUser=0',
  );

/** Kinds of volumes that everybody may have. */
const VOLUMES: ReadonlySet<string> = new Set([
  ...['configMap', 'csi', 'downwardAPI', 'emptyDir', 'ephemeral', 'image'],
  ...['persistentVolumeClaim', 'projected', 'secret'],
]);

export const restrictedVolumes: Check = (_, { volumes = [] }) => {
  const typeOf = (volume: object): string =>
    Object.entries(volume).find(([key, value]) => key !== 'name' && value)?.[0] ?? 'unknown';
  const bad = volumes.filter((volume) => !VOLUMES.has(typeOf(volume)));
  if (bad.length === 0) return undefined;
  const types = sorted(new Set(bad.map(typeOf)));
  const detail = [
    plural(bad.length, 'volume'),
    quoted(bad.map(({ name }) => name)),
    plural(bad.length, 'uses', 'use'),
    plural(types.length, 'restricted volume type'),
    quoted(types),
  ].join(' ');
  return { reason: 'restricted volume types', detail };
};
