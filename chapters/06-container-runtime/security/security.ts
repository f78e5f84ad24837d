/**
 * Who a container's processes are, and what they may do.
 *
 * The kernel (`../kernel/`) asks before it opens a file, binds a port or sends a signal. Read-only
 * mounts are `../mounts/mounts.ts`.
 */

import type { FileStat } from '#apimachinery';
import { NotImplemented } from '#not-implemented';
import type { LinuxContainerSecurityContext } from '../cri/index.ts';

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
  throw new NotImplemented('container-runtime/security', 'capabilitiesOf');
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
  throw new NotImplemented('container-runtime/security', 'credentialsOf');
}

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
  throw new NotImplemented('container-runtime/security', 'mayAccess');
}

/**
 * May a process listen at a port? Port 0 is "any that is free", which anybody may ask for.
 *
 * @param unprivilegedFrom - the first port that anybody may take; below, one needs `NET_BIND_SERVICE`
 *
 * @exercise container-runtime/security
 */
export function mayBind(credentials: Credentials, port: number, unprivilegedFrom = 1024): boolean {
  throw new NotImplemented('container-runtime/security', 'mayBind');
}

/**
 * May a process send another one a signal? To its own user's processes, and with `KILL` to all.
 *
 * @exercise container-runtime/security
 */
export function maySignal(credentials: Credentials, target: Credentials): boolean {
  throw new NotImplemented('container-runtime/security', 'maySignal');
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
  throw new NotImplemented('container-runtime/security', 'credentialsAfterExec');
}
