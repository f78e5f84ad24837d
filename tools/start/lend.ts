/**
 * Loaded into a component's process before its main, when something is lent to it (`loans.ts`).
 *
 * Newer versions of node have hooks in the same thread and mean to give up the others.
 */

import nodeModule from 'node:module';
import { load, resolve } from './loan-hooks.ts';

interface ModuleWithHooks {
  registerHooks?(hooks: { load: typeof load; resolve: typeof resolve }): void;
}

const { registerHooks } = nodeModule as unknown as ModuleWithHooks;
if (registerHooks) registerHooks({ load, resolve });
else nodeModule.register('./loan-hooks.ts', import.meta.url);
