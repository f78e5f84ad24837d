/** What a cluster of this computer is made from, in one process or in many. */

import type { Logger } from '#apimachinery';
import type { Credentials } from '../bootstrap/bootstrap.ts';
import type { ClusterShape } from '../bootstrap/cluster-shape.ts';
import type { PageOptions } from '../page/server/run-page.ts';
import type { Paths } from './shape.ts';

export interface ClusterOptions {
  readonly shape: ClusterShape;
  readonly paths: Paths;
  readonly credentials: Credentials;
  /** Where the API server serves HTTPS. */
  readonly port: number;
  readonly log: Logger;
  /** Of how many pods the scheduler's last thoughts are kept. */
  readonly decisionTraces: number;
  /** Absent: no page to watch it is wanted. */
  readonly page?: PageOptions;
  /** Told of each part when it is ready. */
  readonly onReady: (part: string) => void;
}
