/**
 * The handout's examples as tests you can see. Run them while you work:
 *
 *   npx vitest run chapters/07-kubelet/examples.test.ts
 *
 * The hidden tests look at much more; `npm run grade -- 07` runs those.
 */

import { describe, expect, it } from 'vitest';
import { FakeClock } from '#apimachinery';
import {
  applyProbes,
  CrashLoopBackoff,
  computePodActions,
  podPhase,
} from '#kubelet';

const pod = { spec: { containers: [{ name: 'web', image: 'nginx' }] } };

describe('kubelet/restarts', () => {
  it('waits ten seconds after the second crash', () => {
    const clock = new FakeClock();
    const backoff = new CrashLoopBackoff(clock);
    expect(backoff.remainingMs('web', clock.now())).toBe(0);
    backoff.started('web', clock.now());
    expect(backoff.remainingMs('web', clock.now())).toBe(10_000);
  });
});

describe('kubelet/sync-pod', () => {
  it('begins with a sandbox', () => {
    const runtime = { uid: 'u', name: 'p', namespace: 'd', ips: [], containers: [], sandboxes: [] };
    const probes = { startup: () => undefined, liveness: () => undefined };
    expect(computePodActions(pod, runtime, probes)).toMatchObject({
      createSandbox: true,
      containersToStart: [0],
    });
  });
});

describe('kubelet/status', () => {
  it('is pending before anything ran', () => {
    expect(podPhase(pod, [], false)).toBe('Pending');
  });
});

describe('kubelet/probes', () => {
  it('waits for the first answer of a readiness probe', () => {
    const one = { name: 'web', image: '', imageID: '', ready: true, restartCount: 0 };
    const status = { containerStatuses: [{ ...one, state: { running: {} } }] };
    applyProbes(pod, status, {
      verdict: () => undefined,
      isProbed: (kind) => kind === 'readiness',
    });
    expect(status.containerStatuses[0]).toMatchObject({ started: true, ready: false });
  });
});
