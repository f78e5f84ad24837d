/**
 * Lets old revisions go, every five minutes, as the API server of Kubernetes does. Given.
 *
 * Several API servers on one etcd take turns by a key that only one of them can raise.
 */

import type { Clock, Logger } from '#apimachinery';
import type { EtcdClient } from '#etcd';

const COMPACT_KEY = 'compact_rev_key';
export const COMPACTION_INTERVAL_MS = 5 * 60_000;

/**
 * Compacts to where the store was one interval ago, again and again, until `signal` aborts.
 *
 * @see k8s.io/apiserver/pkg/storage/etcd3/compact.go (1.33)
 */
export async function runCompactor(
  client: EtcdClient,
  { clock, log }: { readonly clock: Clock; readonly log: Logger },
  signal: AbortSignal,
): Promise<void> {
  let time = 0;
  let revision = 0;
  while (!signal.aborted) {
    await clock.sleep(COMPACTION_INTERVAL_MS, signal).catch(() => {});
    if (signal.aborted) return;
    try {
      ({ time, revision } = await compact(client, time, revision));
    } catch (error) {
      log.warn('compaction failed and will be tried again', { error });
    }
  }
}

/**
 * One round: whoever raises the key from `time` compacts to `revision`, the others learn where it is.
 *
 * @param time - how often was compacted, as far as is known here
 * @param revision - where the store was a round ago; 0: not known
 */
async function compact(client: EtcdClient, time: number, revision: number) {
  const key = COMPACT_KEY;
  const { succeeded, header, responses } = await client.txn({
    compare: [{ key, target: 'version', result: 'equal', version: time }],
    success: [{ put: { key, value: String(revision) } }],
    failure: [{ range: { key } }],
  });
  const [response] = responses;
  if (!succeeded) {
    const version = response && 'range' in response ? response.range.kvs[0]?.version : undefined;
    return { time: version ?? time, revision: header.revision };
  }
  if (revision > 0) await client.compact({ revision });
  return { time: time + 1, revision: header.revision };
}
