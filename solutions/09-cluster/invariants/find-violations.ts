/** All six invariants over one history. Given. */

import { type History, PATIENCE, type Patience, type Violation } from './history.ts';
import {
  findBoundTwice,
  findLostWrites,
  findTooFewAvailable,
  findTwins,
  findUnreadyTraffic,
  findUnsettled,
} from './invariants.ts';

/** Everything that is wrong with a history, one invariant after another. */
export function findViolations(history: History, patience: Patience = PATIENCE): Violation[] {
  return [
    ...findBoundTwice(history),
    ...findTwins(history),
    ...findTooFewAvailable(history, patience),
    ...findUnreadyTraffic(history, patience),
    ...findLostWrites(history),
    ...findUnsettled(history, patience),
  ];
}
