/** A storage with some of its methods replaced, for tests that look at or interfere with what is asked. */

import type { Storage } from '#apiserver';

/** All that is not in `special` goes on to `storage`. */
export function throughStorage(storage: Storage, special: Partial<Storage>): Storage {
  return {
    get: (...asked) => storage.get(...asked),
    list: (...asked) => storage.list(...asked),
    create: (...asked) => storage.create(...asked),
    replace: (...asked) => storage.replace(...asked),
    remove: (...asked) => storage.remove(...asked),
    watch: (...asked) => storage.watch(...asked),
    ...special,
  };
}
