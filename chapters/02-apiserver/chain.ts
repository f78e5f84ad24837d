/**
 * The handler chain: what happens to every request, in the order it happens. Given.
 *
 * Authentication is before authorization because that needs to know who asks; impersonation between
 * them, because it changes who asks and is itself something one must be allowed to do.
 */

import { newInternalError, StatusError } from '#apimachinery';
import type { Upgrade } from './connection.ts';
import type { Answer, Context, Filter } from './context.ts';

/** The links of the chain, each made by the file of its name in `filters/`. */
export interface Filters {
  readonly requestInfo: Filter;
  readonly authentication: Filter;
  readonly audit: Filter;
  readonly impersonation: Filter;
  readonly limits: Filter;
  readonly authorization: Filter;
}

/** The order. */
export function orderOf(filters: Filters): readonly Filter[] {
  return [
    filters.requestInfo,
    filters.authentication,
    filters.audit,
    filters.impersonation,
    filters.limits,
    filters.authorization,
  ];
}

/** Runs the filters one inside the other, and the handler inside them all. */
export function runChain(
  filters: readonly Filter[],
  handle: (context: Context) => Promise<Answer | Upgrade>,
  context: Context,
  at = 0,
): Promise<Answer | Upgrade> {
  const filter = filters[at];
  if (filter === undefined) return handle(context);
  return filter(context, () => runChain(filters, handle, context, at + 1));
}

/** The error a client is told of; what is not meant for it becomes a 500. */
export function toStatusError(error: unknown): StatusError {
  if (error instanceof StatusError) return error;
  return newInternalError(error instanceof Error ? error : new Error(String(error)));
}
