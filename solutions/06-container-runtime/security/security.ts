/**
 * Who a container's processes are, and what they may do.
 *
 * The kernel (`../kernel/`) asks before it opens a file, binds a port or sends a signal. Read-only
 * mounts are `../mounts/mounts.ts`.
 */

import type { FileStat } from '#apimachinery';
import { CriError, type LinuxContainerSecurityContext } from '../cri/index.ts';

/** Who a process is and what it may do beyond that. */
export interface Credentials {
  readonly uid: number;
  readonly gid: number;
  /** Further groups, ascending. */
  readonly groups: readonly number[];
  /** Names without `CAP_`, such as `NET_BIND_SERVICE`. */
  readonly capabilities: ReadonlySet<string>;
  readonly noNewPrivs: boolean;
}

/** What a process wants of a file. */
export type Access = 'read' | 'write' | 'execute';

/** Capabilities that a container has unless told otherwise. */
export const DEFAULT_CAPABILITIES: readonly string[] = [
  'AUDIT_WRITE',
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'MKNOD',
  'NET_BIND_SERVICE',
  'NET_RAW',
  'SETFCAP',
  'SETGID',
  'SETPCAP',
  'SETUID',
  'SYS_CHROOT',
];

/** All there are. */
export const ALL_CAPABILITIES: readonly string[] = [
  ...DEFAULT_CAPABILITIES,
  'AUDIT_CONTROL',
  'AUDIT_READ',
  'BLOCK_SUSPEND',
  'BPF',
  'CHECKPOINT_RESTORE',
  'DAC_READ_SEARCH',
  'IPC_LOCK',
  'IPC_OWNER',
  'LEASE',
  'LINUX_IMMUTABLE',
  'MAC_ADMIN',
  'MAC_OVERRIDE',
  'NET_ADMIN',
  'NET_BROADCAST',
  'PERFMON',
  'SYSLOG',
  'SYS_ADMIN',
  'SYS_BOOT',
  'SYS_MODULE',
  'SYS_NICE',
  'SYS_PACCT',
  'SYS_PTRACE',
  'SYS_RAWIO',
  'SYS_RESOURCE',
  'SYS_TIME',
  'SYS_TTY_CONFIG',
  'WAKE_ALARM',
].sort();

/**
 * The capabilities that a container's first process has if it is root.
 *
 * @remarks
 * 1. Privileged: {@link ALL_CAPABILITIES}, and nothing else counts.
 * 2. Begin with {@link DEFAULT_CAPABILITIES}; with `ALL` among those to add, with all.
 * 3. With `ALL` among those to drop, begin with none instead, whatever rule 2 says.
 * 4. Add those to add, then take away those to drop, each by its name.
 *
 * Names are written in any case, with or without `CAP_`. One that is in no list is a name like others.
 *
 * ```text
 * add NET_ADMIN                       the default ones and NET_ADMIN
 * drop ALL, add NET_BIND_SERVICE      NET_BIND_SERVICE
 * add ALL, drop SYS_ADMIN             all but SYS_ADMIN
 * ```
 *
 * @returns names without `CAP_`; a new set
 * @see containerd v2 internal/cri/opts/spec_linux_opts.go, WithCapabilities
 *
 * @exercise container-runtime/security
 */
export function capabilitiesOf(context: LinuxContainerSecurityContext): Set<string> {
  if (context.privileged) return new Set(ALL_CAPABILITIES);
  const { addCapabilities = [], dropCapabilities = [] } = context.capabilities ?? {};
  const add = addCapabilities.map(plainName);
  const drop = dropCapabilities.map(plainName);
  const names = new Set(DEFAULT_CAPABILITIES);
  if (add.includes('ALL')) for (const name of ALL_CAPABILITIES) names.add(name);
  if (drop.includes('ALL')) names.clear();
  for (const name of add) if (name !== 'ALL') names.add(name);
  for (const name of drop) names.delete(name);
  return names;
}

function plainName(name: string): string {
  return name.toUpperCase().replace(/^CAP_/, '');
}

/** What an image says about users. */
export interface ImageUsers {
  /** The image's own user: empty, `101`, `nginx`, `101:101` or `nginx:nginx`. */
  readonly user: string;
  /** The text of `/etc/passwd` and `/etc/group`; empty when the image has none. */
  readonly passwd: string;
  readonly group: string;
}

/**
 * Who a container's first process is.
 *
 * @remarks
 * *The user* is the first that there is: `runAsUser`, `runAsUsername`, the image's `user`, 0. The two that
 * are texts may have a group behind a `:`.
 *
 * 1. Look the user up in `passwd` (`NAME:x:UID:GID:…`): digits alone are a number, looked up as uid,
 *    anything else is a name. The first line that fits counts. A number that is not there is that uid.
 *    A name that is not there cannot be run.
 * 2. The gid is the first that there is: `runAsGroup`; the group behind the `:` of the very user of rule 1
 *    (so not of the image's when the pod names a user), which is a number when it is digits alone, else
 *    a name of `group` (`NAME:x:GID:MEMBER,MEMBER`); the one of the `passwd` line; 0.
 * 3. The groups are the gid, `supplementalGroups`, and, unless the policy is `Strict`, the groups of `group` that
 *    have the user's name of `passwd` as a member. Ascending, each once.
 * 4. Root (uid 0) has `capabilitiesOf(context)`, anybody else none.
 * 5. `noNewPrivs` as the context says, false if it says nothing.
 *
 * @throws CriError `INVALID_ARGUMENT` `user group is specified without user` when there is `runAsGroup`
 * and neither `runAsUser` nor `runAsUsername`; `UNKNOWN` `unable to find user NAME: no matching entries
 * in passwd file`; `UNKNOWN` `unable to find group NAME: no matching entries in group file`
 *
 * @exercise container-runtime/security
 */
export function credentialsOf(
  context: LinuxContainerSecurityContext,
  image: ImageUsers,
): Credentials {
  const { uid, gid, name } = identityOf(context, image);
  const isStrict = context.supplementalGroupsPolicy === 'Strict';
  const ofImage = isStrict || name === undefined ? [] : groupsWith(image.group, name);
  const groups = new Set([gid, ...(context.supplementalGroups ?? []), ...ofImage]);
  return {
    uid,
    gid,
    groups: [...groups].sort((a, b) => a - b),
    capabilities: uid === 0 ? capabilitiesOf(context) : new Set(),
    noNewPrivs: context.noNewPrivs ?? false,
  };
}

interface Identity {
  readonly uid: number;
  readonly gid: number;
  readonly name: string | undefined;
}

function identityOf(context: LinuxContainerSecurityContext, image: ImageUsers): Identity {
  const { runAsUser, runAsGroup, runAsUsername = '' } = context;
  if (runAsGroup && !runAsUser && runAsUsername === '') {
    throw new CriError('INVALID_ARGUMENT', 'user group is specified without user');
  }
  const [named = '', group] = wantedUser(context, image).split(':');
  const user = named || '0';
  const entry = passwdEntry(image.passwd, user);
  if (entry === undefined && !isNumber(user)) {
    throw new CriError(
      'UNKNOWN',
      `unable to find user ${user}: no matching entries in passwd file`,
    );
  }
  const uid = entry?.uid ?? Number(user);
  const gid = runAsGroup?.value ?? groupId(image.group, group) ?? entry?.gid ?? 0;
  return { uid, gid, name: entry?.name };
}

function wantedUser(context: LinuxContainerSecurityContext, image: ImageUsers): string {
  if (context.runAsUser) return String(context.runAsUser.value);
  return context.runAsUsername || image.user || '0';
}

function passwdEntry(passwd: string, user: string): Identity | undefined {
  const rows = passwd.split('\n').map((line) => line.split(':'));
  const row = rows.find(([name, , uid]) => (isNumber(user) ? uid : name) === user);
  return row && { name: row[0], uid: Number(row[2]), gid: Number(row[3]) };
}

function groupId(groups: string, wanted: string | undefined): number | undefined {
  if (wanted === undefined || wanted === '') return undefined;
  if (isNumber(wanted)) return Number(wanted);
  const row = groups.split('\n').find((line) => line.split(':')[0] === wanted);
  if (row !== undefined) return Number(row.split(':')[2]);
  throw new CriError(
    'UNKNOWN',
    `unable to find group ${wanted}: no matching entries in group file`,
  );
}

function isNumber(text: string): boolean {
  return /^\d+$/.test(text);
}

function groupsWith(groups: string, member: string): number[] {
  return groups
    .split('\n')
    .map((line) => line.split(':'))
    .filter(([, , , members = '']) => members.split(',').includes(member))
    .map(([, , gid]) => Number(gid));
}

const BITS: Readonly<Record<Access, number>> = { read: 4, write: 2, execute: 1 };

/**
 * Do mode, owner and capabilities let a process do this with a file?
 *
 * @remarks
 * 1. Who has `DAC_OVERRIDE` may do anything, but run (`execute`) a file that nobody may run: one with none of the
 *    three execute bits. Directories may always be passed through.
 * 2. Anybody else has exactly one of the mode's three parts, and no other counts: the owner's when the
 *    uid is the file's, else the group's when the gid or one of the groups is, else the others'.
 *
 * ```text
 * mode 0o077, owner 7       uid 7: nothing, although everybody else may do anything
 * ```
 *
 * @exercise container-runtime/security
 */
export function mayAccess(credentials: Credentials, stat: FileStat, access: Access): boolean {
  const { uid, gid, groups, capabilities } = credentials;
  if (capabilities.has('DAC_OVERRIDE')) {
    // Even root runs only what somebody may run.
    return access !== 'execute' || stat.kind === 'directory' || (stat.mode & 0o111) !== 0;
  }
  const bit = BITS[access];
  if (uid === stat.uid) return ((stat.mode >> 6) & bit) !== 0;
  if (gid === stat.gid || groups.includes(stat.gid)) return ((stat.mode >> 3) & bit) !== 0;
  return (stat.mode & bit) !== 0;
}

/**
 * May a process listen at a port? Port 0 is "any that is free", which anybody may ask for.
 *
 * @param unprivilegedFrom - the first port that anybody may take; below, one needs `NET_BIND_SERVICE`
 *
 * @exercise container-runtime/security
 */
export function mayBind(credentials: Credentials, port: number, unprivilegedFrom = 1024): boolean {
  return port === 0 || port >= unprivilegedFrom || credentials.capabilities.has('NET_BIND_SERVICE');
}

/**
 * May a process send another one a signal? To its own user's processes, and with `KILL` to all.
 *
 * @exercise container-runtime/security
 */
export function maySignal(credentials: Credentials, target: Credentials): boolean {
  return credentials.uid === target.uid || credentials.capabilities.has('KILL');
}

/**
 * Who a process is after it has started a program.
 *
 * A program with the setuid bit (`0o4000`) runs as its owner: the uid is the file's, and the
 * capabilities are all of `bounding` if that is root, else none. Groups stay. Without the bit, and when
 * there are to be no new privileges, nothing changes.
 *
 * @param program - the program's file
 * @param bounding - what a process of this container may ever have
 *
 * @exercise container-runtime/security
 */
export function credentialsAfterExec(
  credentials: Credentials,
  program: FileStat,
  bounding: ReadonlySet<string>,
): Credentials {
  if ((program.mode & 0o4000) === 0 || credentials.noNewPrivs) return credentials;
  const capabilities = program.uid === 0 ? bounding : new Set<string>();
  return { ...credentials, uid: program.uid, capabilities };
}
