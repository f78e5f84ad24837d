/** CONTRACT: part of exercise controller-manager/control-loop. */
import type { Clock } from '#apimachinery';

/** What a controller has asked for and its cache does not show yet, by the key of the owner. */
export declare class Expectations {
  constructor(options: { clock: Clock });
  expectCreations(key: string, count: number): void;
  /** @param pods - keys of what is being deleted, so that each counts once */
  expectDeletions(key: string, uids: readonly string[]): void;
  creationObserved(key: string): void;
  deletionObserved(key: string, uid: string): void;
  /** Has all that was expected been seen, or has it taken more than five minutes? True without expectations. */
  satisfied(key: string): boolean;
  forget(key: string): void;
}
