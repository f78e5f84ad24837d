/** What a cluster consists of while it runs, and whether that can be started at all. Given. */

/** Something of a cluster that runs. */
export interface Part {
  readonly name: string;
  /** Names of the parts that must be ready before this one starts: those that it needs directly. */
  readonly needs: readonly string[];
  /** Runs until the signal aborts, and has cleaned up when it resolves. */
  run(signal: AbortSignal): Promise<void>;
  /** Rejecting counts as not ready. It may also never answer. */
  isReady(): Promise<boolean>;
}

/**
 * Looks whether there is an order in which parts can start.
 *
 * @throws Error `there are two parts called NAME`; `NAME needs OTHER, which is not there`; or `NAME needs
 * itself: NAME -> … -> NAME`, for a ring, from the first of its parts in `parts`
 */
export function checkParts(parts: readonly Part[]): void {
  const byName = new Map<string, Part>();
  for (const part of parts) {
    if (byName.has(part.name)) throw new Error(`there are two parts called ${part.name}`);
    byName.set(part.name, part);
  }
  for (const { name, needs } of parts) {
    const missing = needs.find((other) => !byName.has(other));
    if (missing !== undefined) throw new Error(`${name} needs ${missing}, which is not there`);
  }
  for (const { name } of parts) {
    const ring = ringOf(name, byName, [name]);
    if (ring) throw new Error(`${name} needs itself: ${ring.join(' -> ')}`);
  }
}

/** @param path - from `start` on, each needing the next */
function ringOf(
  start: string,
  byName: ReadonlyMap<string, Part>,
  path: readonly string[],
): readonly string[] | undefined {
  for (const next of byName.get(path.at(-1) ?? '')?.needs ?? []) {
    if (next === start) return [...path, next];
    const ring = path.includes(next) ? undefined : ringOf(start, byName, [...path, next]);
    if (ring) return ring;
  }
  return undefined;
}
