/**
 * What a stub throws: the exercise has not been written yet.
 *
 * It stands outside the components because every stub uses it, and it is recognised by `name` and
 * `id`, never by `instanceof`, so that a bundle's copy and the student's copy are the same thing.
 */

/** Thrown by the body of an exercise that nobody has written yet. */
export class NotImplemented extends Error {
  override readonly name = 'NotImplemented';
  /** The exercise, for example `etcd/range`. */
  readonly id: string;
  /** The function or method whose body is missing, for example `KeyIndex.put`. */
  readonly member: string;

  constructor(id: string, member: string) {
    super(`${member} is not written yet (exercise ${id})`);
    this.id = id;
    this.member = member;
  }
}

/**
 * Tells whether something thrown says "not written yet".
 *
 * @param thrown - anything a `catch` received
 * @returns the exercise and the member, or `undefined` when it is any other error
 */
export function asNotImplemented(thrown: unknown): { id: string; member: string } | undefined {
  if (typeof thrown !== 'object' || thrown === null) return undefined;
  const { name, id, member } = thrown as { name?: unknown; id?: unknown; member?: unknown };
  if (name !== 'NotImplemented' || typeof id !== 'string') return undefined;
  return { id, member: typeof member === 'string' ? member : id };
}
