/** Whether a node is up since some moment. */

import { describe, expect, it } from '#kit';
import { isReadySince } from '../../../solutions/09-cluster/assembly/node-ready.ts';

describe('a node', () => {
  const AT = Date.UTC(2025, 0, 1, 12, 0, 5, 700);
  const node = (status: string, lastHeartbeatTime?: string) => ({
    status: {
      conditions: [
        { type: 'MemoryPressure', status: 'False', lastHeartbeatTime: '2025-01-01T13:00:00Z' },
        { type: 'Ready', status, ...(lastHeartbeatTime && { lastHeartbeatTime }) },
      ],
    },
  });

  it('is up when its kubelet has said so since', () => {
    expect(isReadySince(node('True', '2025-01-01T12:00:06Z'), AT)).toBe(true);
    // Told in seconds.
    expect(isReadySince(node('True', '2025-01-01T12:00:05Z'), AT)).toBe(true);
  });

  it('is not up by what its kubelet said before', () => {
    expect(isReadySince(node('True', '2025-01-01T12:00:04Z'), AT)).toBe(false);
  });

  it('is not up when it says that it is not, or nothing', () => {
    expect(isReadySince(node('False', '2025-01-01T12:00:06Z'), AT)).toBe(false);
    expect(isReadySince(node('True'), AT)).toBe(false);
    expect(isReadySince({}, AT)).toBe(false);
  });
});
