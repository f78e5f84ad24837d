/** The failure that needs no retry: the namespace is on its way out. Given. */

import { StatusError } from '#apimachinery';

/** Was a creation refused because its namespace is being deleted? */
export function isNamespaceTerminating(error: unknown): boolean {
  if (!(error instanceof StatusError)) return false;
  return error.details?.causes?.some(({ reason }) => reason === 'NamespaceTerminating') ?? false;
}
