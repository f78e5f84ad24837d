/**
 * What the suite runs against: the etcd of `ETCD_ENDPOINT`, or the real one and ours side by side.
 */

import { afterAll, beforeAll, describe, it, type TestContext } from 'vitest';
import { findRealEtcd, type Program, startOurEtcd, startRealEtcd } from './program.ts';
import { type Message, Wire } from './wire.ts';

/** An etcd under test. */
export interface Target {
  readonly endpoint: string;
  readonly wire: Wire;
  /** A beginning for keys that no other test uses, so that the store may hold anything else. */
  prefix(): string;
  /** The store's revision now. */
  revision(): Promise<number>;
}

/** How a target is named, and how it comes to run. */
interface Candidate {
  readonly name: string;
  start?(flags: readonly string[]): Promise<Program>;
}

function candidates(): Candidate[] {
  if (process.env.ETCD_ENDPOINT) return [{ name: `etcd at ${process.env.ETCD_ENDPOINT}` }];
  const ours = { name: 'our etcd', start: startOurEtcd };
  if (findRealEtcd() !== undefined) return [{ name: 'the real etcd', start: startRealEtcd }, ours];
  if (process.env.CI) throw new Error('the real etcd is not installed (Debian: etcd-server)');
  console.warn(
    'SKIPPED: the real etcd is not installed (Debian: etcd-server); only ours is tested',
  );
  return [ours];
}

/** Registers tests of one target. */
export interface Cases {
  (name: string, test: (target: Target, context: TestContext) => Promise<void>): void;
  /** A behaviour that etcd has only had since a version; counted aloud where it is skipped. */
  since(
    version: string,
    name: string,
    test: (target: Target, context: TestContext) => Promise<void>,
  ): void;
}

/**
 * Describes a behaviour of etcd; every target must show it.
 *
 * @param flags - for the programs that are started here, not for `ETCD_ENDPOINT`
 */
export function describeEtcd(
  title: string,
  define: (it: Cases) => void,
  flags: readonly string[] = [],
): void {
  describe.each(candidates())(`${title}: $name`, (candidate) => {
    let program: Program | undefined;
    let target: Target | undefined;
    let version = '';
    const skipped: string[] = [];

    beforeAll(async () => {
      program = await candidate.start?.(flags);
      target = newTarget(program?.endpoint ?? endpointFrom(process.env.ETCD_ENDPOINT ?? ''));
      version = String((await target.wire.call('Maintenance/Status')).version);
    }, 30_000);

    afterAll(async () => {
      target?.wire.close();
      await program?.stop();
      if (skipped.length === 0) return;
      console.warn(`SKIPPED on etcd ${version}, ${skipped.length} cases:\n${skipped.join('\n')}`);
    });

    const running = (): Target => {
      if (target === undefined) throw new Error('the etcd did not start');
      return target;
    };
    const cases: Cases = (name, test) => {
      it(name, (context) => test(running(), context));
    };
    cases.since = (since, name, test) => {
      it(`${name} (since ${since})`, (context) => {
        if (isOlder(version, since)) {
          skipped.push(`  ${name} (since ${since})`);
          context.skip(`etcd ${version} is older than ${since}`);
        }
        return test(running(), context);
      });
    };
    define(cases);
  });
}

function newTarget(endpoint: string): Target {
  const wire = new Wire(endpoint);
  let prefixes = 0;
  const run = Math.random().toString(36).slice(2, 8);
  return {
    endpoint,
    wire,
    prefix: () => `/conformance/${run}-${++prefixes}/`,
    revision: async () => revisionOf(await wire.call('KV/Range', { key: 'x', count_only: true })),
  };
}

function endpointFrom(text: string): string {
  return text.replace(/^https?:\/\//, '').replace(/\/$/, '');
}

function isOlder(version: string, than: string): boolean {
  return version.localeCompare(than, 'en', { numeric: true }) < 0;
}

/** The revision in an answer's header. */
export function revisionOf(response: Message): number {
  return Number((response.header as Message | undefined)?.revision ?? 0);
}

/** An answer without its header. */
export function bodyOf(response: Message): Message {
  const { header: _, ...body } = response;
  return body;
}

/** The end of the range of all keys with a prefix. */
export function endOf(prefix: string): string {
  const last = prefix.charCodeAt(prefix.length - 1);
  return prefix.slice(0, -1) + String.fromCharCode(last + 1);
}
