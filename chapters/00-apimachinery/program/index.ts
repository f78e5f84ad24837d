/**
 * What all programs have in common, and what needs Node: what mains import as `#apimachinery/program`.
 */

export {
  checked,
  parseBoolean,
  parseCount,
  parseDurationMs,
  parsePort,
  parseRate,
  parseShare,
} from './flag-values.ts';
export { Metrics } from './metrics.ts';
export { whenOrphaned } from './parent.ts';
export { type Serving, type ServingOptions, serve } from './serving.ts';
export { failureOf, type ProgramMain, sayStopped, startProgram } from './start-program.ts';
export {
  addElection,
  addServing,
  type ElectionFlags,
  electionOf,
  type ServingFlags,
} from './usual-flags.ts';
