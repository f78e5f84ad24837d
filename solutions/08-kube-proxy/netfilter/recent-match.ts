/** `-m recent`: was the address seen lately? kube-proxy's memory of clients. Given. */

import {
  type GivenOptions,
  type MatchExtension,
  not,
  numberOf,
  option,
  RuleFault,
} from './rule-options.ts';

const ACTIONS = ['set', 'rcheck', 'update', 'remove'] as const;
const WHOLE_ADDRESS = {
  IPv4: '255.255.255.255',
  IPv6: 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff',
} as const;

/**
 * @remarks `--set` notes the address and holds; `--rcheck` holds when the address is in the list, and
 * with `--seconds` when it was seen in so many seconds; `--update` is `--rcheck` that notes it when it
 * holds; `--remove` takes it out and holds when it was there. `--reap` first forgets one address that
 * was seen too long ago.
 */
export const recentMatch: MatchExtension = {
  options: {
    '--set': option('set', 0, true),
    '--rcheck': option('rcheck', 0, true),
    '--update': option('update', 0, true),
    '--remove': option('remove', 0, true),
    '--seconds': option('seconds'),
    '--reap': option('reap', 0),
    '--hitcount': option('hitcount'),
    '--name': option('name'),
    '--mask': option('mask'),
    '--rsource': option('rsource', 0),
    '--rdest': option('rdest', 0),
  },
  build: (given, { family }) => {
    const { action, isNegated } = actionOf(given);
    const name = given.get('name')?.values[0] ?? 'DEFAULT';
    const seconds = numberIn(given, 'seconds');
    const hits = numberIn(given, 'hitcount');
    const isReaping = given.has('reap');
    if (isReaping && seconds === undefined) {
      throw new RuleFault('recent: option "--reap" needs "--seconds"');
    }
    const mask = given.get('mask')?.values[0] ?? WHOLE_ADDRESS[family];
    if (mask !== WHOLE_ADDRESS[family])
      throw new RuleFault(`recent: mask ${mask} is not supported`);
    const side = given.has('rdest') ? 'rdest' : 'rsource';
    const words = [
      `-m recent ${not(isNegated)}--${action}`,
      ...(seconds === undefined ? [] : [`--seconds ${seconds}`]),
      ...(isReaping ? ['--reap'] : []),
      ...(hits === undefined ? [] : [`--hitcount ${hits}`]),
      `--name ${name} --mask ${mask} --${side}`,
    ];
    return {
      text: words.join(' '),
      matches: (packet, { world: { recent, clock } }) => {
        const ip = side === 'rdest' ? packet.destination : packet.source;
        const now = clock.monotonic();
        const since = seconds === undefined ? Number.NEGATIVE_INFINITY : now - seconds * 1000;
        if (isReaping) recent.reap(name, since);
        if (action === 'remove') return recent.remove(name, ip) !== isNegated;
        const has = action === 'set' || recent.has(name, ip, since, hits ?? 1);
        if (action === 'set' || (action === 'update' && has)) recent.note(name, ip, now);
        return has !== isNegated;
      },
    };
  },
};

function actionOf(given: GivenOptions) {
  const actions = ACTIONS.filter((name) => given.has(name));
  const [action] = actions;
  if (action === undefined || actions.length > 1) {
    throw new RuleFault(
      "recent: you must specify one of `--set', `--rcheck' `--update' or `--remove'",
    );
  }
  return { action, isNegated: given.get(action)?.isNegated ?? false };
}

function numberIn(given: GivenOptions, name: string): number | undefined {
  const text = given.get(name)?.values[0];
  return text === undefined ? undefined : numberOf(text);
}
