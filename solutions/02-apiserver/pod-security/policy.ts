/**
 * What a namespace's labels say of its pods' security: which level is enforced, which only warned of.
 * Given; what a level asks of a pod is `checks.ts`, who asks `plugin.ts`.
 *
 * @see k8s.io/pod-security-admission/api/helpers.go (1.33)
 */

import { type FieldError, fieldInvalid } from '#apimachinery';

/** From loose to strict. */
export type Level = 'privileged' | 'baseline' | 'restricted';

/** A level as it was with a minor version of Kubernetes: `baseline` of 25 is `baseline:v1.25`. */
export interface LevelVersion {
  readonly level: Level;
  readonly minor: number | 'latest';
}

/** What is asked of a namespace's pods. That of `audit` is only validated: there is no audit log. */
export interface Policy {
  readonly enforce: LevelVersion;
  readonly warn: LevelVersion;
}

const LEVELS: readonly Level[] = ['privileged', 'baseline', 'restricted'];
const VERSION = /^v1\.(0|[1-9]\d*)$/;
const PREFIX = 'pod-security.kubernetes.io/';

export const PRIVILEGED: LevelVersion = { level: 'privileged', minor: 'latest' };

/** `restricted:latest`, as messages have it. */
export function textOf({ level, minor }: LevelVersion): string {
  return `${level}:${minor === 'latest' ? minor : `v1.${minor}`}`;
}

/** @returns below 0 when `a` is looser than `b`, above 0 when it is stricter */
export function compareLevels(a: Level, b: Level): number {
  return LEVELS.indexOf(a) - LEVELS.indexOf(b);
}

export function isSame(a: LevelVersion, b: LevelVersion): boolean {
  return a.level === b.level && a.minor === b.minor;
}

/**
 * The policy of a namespace.
 *
 * @remarks A wrong level is enforced as `restricted`, and not warned of; a wrong version is `latest`. Who
 * is not told what to warn of warns of what is enforced.
 *
 * @param labels - of the namespace
 * @returns the policy, which can always be used, and what is wrong with the labels
 */
export function policyOf(labels: Readonly<Record<string, string>> = {}): {
  readonly policy: Policy;
  readonly faults: FieldError[];
} {
  const faults: FieldError[] = [];
  const read = (mode: string, wrong: Level): { level?: Level; minor?: LevelVersion['minor'] } => ({
    ...levelOf(labels, mode, wrong, faults),
    ...versionOf(labels, `${mode}-version`, faults),
  });
  const enforce = read('enforce', 'restricted');
  read('audit', 'privileged');
  const warn = read('warn', 'privileged');
  const hasRightLevel = LEVELS.some((level) => level === labels[`${PREFIX}enforce`]);
  const follows = warn.level === undefined && hasRightLevel;
  return {
    policy: {
      enforce: { ...PRIVILEGED, ...enforce },
      warn: { ...PRIVILEGED, ...(follows && enforce), ...warn },
    },
    faults,
  };
}

function levelOf(
  labels: Readonly<Record<string, string>>,
  mode: string,
  wrong: Level,
  faults: FieldError[],
): { level?: Level } {
  const text = labels[PREFIX + mode];
  if (text === undefined) return {};
  const level = LEVELS.find((one) => one === text);
  if (level === undefined) {
    faults.push(fieldInvalid(at(mode), text, `must be one of ${LEVELS.join(', ')}`));
  }
  return { level: level ?? wrong };
}

function versionOf(
  labels: Readonly<Record<string, string>>,
  label: string,
  faults: FieldError[],
): { minor?: LevelVersion['minor'] } {
  const text = labels[PREFIX + label];
  if (text === undefined) return {};
  const [, minor] = VERSION.exec(text) ?? [];
  if (minor !== undefined) return { minor: Number(minor) };
  if (text !== 'latest') {
    faults.push(fieldInvalid(at(label), text, 'must be "latest" or "v1.x"'));
  }
  return { minor: 'latest' };
}

function at(label: string): string {
  return `metadata.labels[${PREFIX}${label}]`;
}
