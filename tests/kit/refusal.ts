/** What a promise is rejected with. */

/**
 * Waits for a refusal.
 *
 * @returns what `work` was rejected with
 * @throws Error, as a rejection, when it was not
 */
export async function refusalOf(work: Promise<unknown>): Promise<unknown> {
  let value: unknown;
  try {
    value = await work;
  } catch (error) {
    return error;
  }
  throw new Error(`should have been refused, but gave ${JSON.stringify(value) ?? 'nothing'}`);
}
