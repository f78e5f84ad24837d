/** Reading a response to its end, unless somebody says to stop. Given. */

import { abortable } from './abortable.ts';

/**
 * A response's body as text.
 *
 * @remarks The body is cancelled when it is not read to its end.
 * @throws the signal's reason when it aborts; what the body fails with
 */
export async function responseText(response: Response, signal: AbortSignal): Promise<string> {
  if (response.body === null) return '';
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let text = '';
  try {
    while (true) {
      const { done, value } = await abortable(reader.read(), signal);
      if (done) return text + decoder.decode();
      text += decoder.decode(value, { stream: true });
    }
  } finally {
    // Does nothing to a body that has ended.
    reader.cancel().catch(() => {});
  }
}

/** Lets go of a response that nobody will read. */
export function discardResponse(response: Response): void {
  response.body?.cancel().catch(() => {});
}
