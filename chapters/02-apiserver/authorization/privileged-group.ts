/** Whoever is in this group may do anything, whatever roles there are. Given. */

import type { Authorizer } from './authorizer.ts';

/**
 * Allows everything to the members of a group, and has no opinion on others.
 *
 * @param group - `system:masters`
 */
export function privilegedGroup(group: string): Authorizer {
  return {
    authorize: ({ user }) => ({
      verdict: user.groups.includes(group) ? 'allow' : 'no-opinion',
      reason: '',
    }),
  };
}
