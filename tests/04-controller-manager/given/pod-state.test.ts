import type { Pod } from '#apimachinery';
import { describe, expect, it } from '#kit';
import {
  isPodActive,
  isPodAvailable,
  readySince,
  restartsOf,
  untilAvailableMs,
} from '../../../solutions/04-controller-manager/pod-state.ts';

const NOW = Date.UTC(2025, 0, 1, 0, 1);
const ready = (status: string, lastTransitionTime?: string): Pod => ({
  status: {
    phase: 'Running',
    conditions: [{ type: 'Ready', status, lastTransitionTime: lastTransitionTime as never }],
  },
});

describe('the state of a pod', () => {
  it('is active until it has ended or is being deleted', () => {
    for (const phase of ['Pending', 'Running', 'Unknown', undefined]) {
      expect(isPodActive({ status: phase === undefined ? {} : { phase } })).toBe(true);
    }
    for (const phase of ['Succeeded', 'Failed'])
      expect(isPodActive({ status: { phase } })).toBe(false);
    expect(isPodActive({ metadata: { deletionTimestamp: '2025-01-01T00:00:00Z' as never } })).toBe(
      false,
    );
  });

  it('is available after it has been ready for so long', () => {
    const pod = ready('True', '2025-01-01T00:00:50Z');
    expect([0, 5, 10, 11].map((seconds) => isPodAvailable(pod, seconds, NOW))).toEqual([
      true,
      true,
      true,
      false,
    ]);
    expect(untilAvailableMs(pod, 25, NOW)).toBe(15_000);
    expect(readySince(pod)).toBe(NOW - 10_000);
  });

  it('is not available when it is not ready, or does not say since when', () => {
    expect(untilAvailableMs(ready('False', '2025-01-01T00:00:00Z'), 0, NOW)).toBe(undefined);
    expect(untilAvailableMs(ready('True'), 5, NOW)).toBe(undefined);
    expect(untilAvailableMs(ready('True'), 0, NOW)).toBe(0);
    expect(isPodAvailable({}, 0, NOW)).toBe(false);
  });

  it('counts restarts of all containers', () => {
    const of = (restartCount: number) => ({ restartCount }) as never;
    expect(restartsOf({})).toBe(0);
    expect(
      restartsOf({ status: { containerStatuses: [of(2), of(1)], initContainerStatuses: [of(4)] } }),
    ).toBe(7);
  });
});
