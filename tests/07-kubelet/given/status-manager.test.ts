/** The status manager: what is said at any moment is written, also in the turn in which a write ends. */

import { describe, expect, it } from 'vitest';
import { FakeClock, newNotFound, type Pod, silentLogger } from '#apimachinery';
import type { Client } from '#client';
import { StatusManager } from '../../../solutions/07-kubelet/status/status-manager.ts';

const POD: Pod = {
  metadata: {
    name: 'web',
    namespace: 'default',
    uid: 'u1',
    deletionTimestamp: '2025-01-01T00:00:00Z',
  },
};

/** Waits for so many turns of promises. */
async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await Promise.resolve();
}

/** A client that notes what is asked of pods. */
function scriptedClient(onPatch: (count: number) => void) {
  const asked: string[] = [];
  let patches = 0;
  const pods = {
    patch: async (_name: string, _type: string, patch: { status: { phase?: string } }) => {
      asked.push(`patch ${patch.status.phase}`);
      onPatch(++patches);
    },
    delete: async () => void asked.push('delete'),
  };
  const client = { resource: () => pods } as unknown as Client;
  return { client, asked };
}

function start(client: Client): StatusManager {
  const clock = new FakeClock();
  return new StatusManager({ client, clock, log: silentLogger, apiPodOf: (pod) => pod });
}

/** More turns than any way to write takes. */
const TURNS = Array.from({ length: 12 }, (_, i) => i);

describe('the status manager', () => {
  it.each(TURNS)('loses nothing that is said %i turns after a write was answered', async (late) => {
    const { client, asked } = scriptedClient((count) => {
      if (count > 1) return;
      void turns(late).then(() => manager.set(POD, { phase: 'Succeeded' }, false));
    });
    const manager = start(client);
    manager.set(POD, { phase: 'Running' }, true);
    await turns(60);
    expect(asked.at(-1)).toBe('patch Succeeded');
  });

  it.each(TURNS)('lets a pod go that is done %i turns after a write was answered', async (late) => {
    const { client, asked } = scriptedClient(() => void turns(late).then(() => manager.done(POD)));
    const manager = start(client);
    manager.set(POD, { phase: 'Succeeded' }, false);
    await turns(60);
    expect(asked).toContain('delete');
  });

  it.each(TURNS)('writes what is said %i turns after a write was refused', async (late) => {
    const { client, asked } = scriptedClient((count) => {
      if (count > 1) return;
      void turns(late).then(() => manager.set(POD, { phase: 'Succeeded' }, false));
      throw newNotFound({ group: '', resource: 'pods' }, 'web');
    });
    const manager = start(client);
    manager.set(POD, { phase: 'Running' }, true);
    await turns(60);
    expect(asked.at(-1)).toBe('patch Succeeded');
  });
});
