/** Who is asking. Given. */

/** Somebody the authenticator knows, or nobody in particular. */
export interface User {
  readonly username: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

/** Who has no credentials. */
export const ANONYMOUS: User = {
  username: 'system:anonymous',
  groups: ['system:unauthenticated'],
};

/** Who comes through the insecure port or from the same process: may do anything. */
export const UNSECURED: User = {
  username: 'system:unsecured',
  groups: ['system:masters', 'system:authenticated'],
};
