/** How a pod is to look. Given. Colour alone says nothing: each tone has a sign, too. */

import type { PodView } from '../messages.ts';

/** The class of a chip. */
export type Tone = 'ready' | 'unready' | 'waiting' | 'done' | 'failed' | 'going';

export const SIGNS: Readonly<Record<Tone, string>> = {
  ready: '●',
  unready: '◐',
  waiting: '○',
  done: '✓',
  failed: '✕',
  going: '⌫',
};

/** What the signs stand for. */
export const TONE_WORDS: Readonly<Record<Tone, string>> = {
  ready: 'ready',
  unready: 'runs, not ready',
  waiting: 'not running yet',
  done: 'completed',
  failed: 'failed',
  going: 'terminating',
};

const FAILURES = /BackOff|^Err|Error|Failed|OOMKilled|Invalid|Evicted|^(ExitCode|Signal):/;

export function toneOf({ phase, status, isReady, isTerminating }: PodView): Tone {
  if (phase === 'Failed') return 'failed';
  if (phase === 'Succeeded') return 'done';
  if (isTerminating) return 'going';
  if (FAILURES.test(status)) return 'failed';
  if (phase !== 'Running') return 'waiting';
  return isReady ? 'ready' : 'unready';
}
