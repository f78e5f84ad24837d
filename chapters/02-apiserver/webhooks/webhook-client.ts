/** How a webhook is called: the interface. Given; the real one is `../wire/webhook-caller.ts`. */

/** Where a webhook is and how it proves who it is. */
export interface WebhookTarget {
  /** `https://host:port/path` */
  readonly url: string;
  /** The certificates it is checked with, in PEM; absent: those of the system. */
  readonly caBundle?: string;
  /** The name its certificate must have, when it is not the URL's. */
  readonly serverName?: string;
}

/** Calls webhooks. */
export interface WebhookClient {
  /**
   * @param body - JSON
   * @param signal - gives up when it aborts
   * @returns the answer's body, JSON
   * @throws Error, as a rejection, when there is no answer or one whose code is not 200
   */
  call(target: WebhookTarget, body: string, signal: AbortSignal): Promise<string>;
}
