/** Runs the chapter's own controller beside the others. Given. */

import type { Clock, Logger, Random } from '#apimachinery';
import type { Client } from '#client';
import { newControllerContext, runControllers } from '#controller-manager';
import { newWebsiteController } from '../your-turn/website-controller.ts';

/** What it gets. */
export interface WebsiteOperatorOptions {
  /** As the account `website-controller` of `kube-system`, or somebody who may do as much. */
  readonly client: Client;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

/** Makes Websites right until the signal aborts. */
export function runWebsiteOperator(
  options: WebsiteOperatorOptions,
  signal: AbortSignal,
): Promise<void> {
  return runControllers(newControllerContext(options), [newWebsiteController], signal);
}
