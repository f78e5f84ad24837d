/**
 * Where OpenAPI's documents have their sentences from. Given: the form.
 *
 * The real ones are read from a package while the server runs (`../wire/descriptions.ts`); without
 * them `kubectl explain` still knows every field and its type.
 */

/** What is said of types and their fields. */
export interface Descriptions {
  /** @param name - `io.k8s.api.core.v1.PodSpec` */
  type(name: string): string | undefined;
  field(name: string, field: string): string | undefined;
}

/** Says nothing. */
export const noDescriptions: Descriptions = { type: () => undefined, field: () => undefined };
