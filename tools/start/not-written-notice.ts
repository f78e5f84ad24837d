/**
 * Loaded into a component's process before its main: when nobody catches "not written yet", one
 * line says which exercise it is, instead of a stack.
 */

import { asNotImplemented } from '../not-implemented.ts';

process.on('uncaughtException', (error) => {
  const missing = asNotImplemented(error);
  if (missing) {
    process.stderr.write(
      `${missing.member} is not written yet: it is exercise ${missing.id}. ` +
        `To go on without it: npm run borrow -- ${missing.id}\n`,
    );
  } else {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error) : error}\n`);
  }
  process.exit(1);
});
