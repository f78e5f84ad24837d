/** All profiles share one queue, so they must agree on its order. Given. */

import { semanticallyEqual } from '#apimachinery';
import type { Framework } from '../framework/framework.ts';
import type { QueueSortPlugin } from '../framework/plugin.ts';
import { ConfigurationError, type ProfileConfiguration } from './configuration.ts';

/** A profile as it was written, and what was made of it. */
export interface MadeProfile {
  readonly profile: ProfileConfiguration;
  readonly framework: Framework;
}

/**
 * The queue sort plugin of all profiles.
 *
 * @returns the first profile's: the others' have the same name and arguments
 * @throws ConfigurationError when there is no profile, or when another has another plugin or other
 * arguments for it: `different queue sort plugins for profile "b": "Mine", first: "PrioritySort"`,
 * `different queue sort plugin args for profile "b"`
 * @see pkg/scheduler/profile/profile.go (1.33), cfgValidator
 */
export function commonQueueSort(profiles: readonly MadeProfile[]): QueueSortPlugin {
  const [first, ...others] = profiles;
  const sort = first?.framework.plugins.queueSort[0];
  if (!first || !sort) throw new ConfigurationError('there is no profile');
  for (const { profile, framework } of others) {
    const name = framework.plugins.queueSort[0]?.name;
    const of = `for profile "${profile.schedulerName}"`;
    if (name !== sort.name) {
      throw new ConfigurationError(
        `different queue sort plugins ${of}: "${name}", first: "${sort.name}"`,
      );
    }
    if (!semanticallyEqual(argsOf(profile, sort.name), argsOf(first.profile, sort.name))) {
      throw new ConfigurationError(`different queue sort plugin args ${of}`);
    }
  }
  return sort;
}

function argsOf({ pluginConfig = [] }: ProfileConfiguration, plugin: string): unknown {
  return pluginConfig.find(({ name }) => name === plugin)?.args;
}
