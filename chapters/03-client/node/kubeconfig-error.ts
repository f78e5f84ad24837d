/** Saying what is wrong with a kubeconfig, in one line that names the file. */

/** A kubeconfig, or a file it names, that cannot be used. */
export class KubeconfigError extends Error {
  override readonly name = 'KubeconfigError';
}

/**
 * @param where - the file, and where in it: `/u/me/.kube/config: users[0].user.token`
 * @param expected - `text`
 * @param found - what was there instead
 */
export function unexpected(where: string, expected: string, found: unknown): KubeconfigError {
  return new KubeconfigError(`${where}: expected ${expected}, found ${kindOf(found)}`);
}

/** An error of Node's as the end of a line: without its name, its stack and its second line. */
export function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split('\n')[0]?.replace(/:$/, '') ?? text;
}

function kindOf(found: unknown): string {
  if (found === undefined || found === null) return 'nothing';
  if (Array.isArray(found)) return 'a list';
  if (typeof found === 'object') return 'an object';
  // The text of credentials must not get into logs.
  return typeof found === 'string' ? 'text' : `${typeof found} ${String(found)}`;
}
