/**
 * What the codec needs of parsers of text. Given; the real one is in `../wire/text-parsers.ts`.
 */

/** Parsers that are too large to write here. */
export interface TextParsers {
  /**
   * Reads one YAML document as JSON's values.
   *
   * @throws Error when it is no YAML, or so made that it grows beyond measure; StatusError 413 when
   * it has more parts than can be read at once
   */
  parseYaml(text: string): unknown;
  /** Writes JSON's values as YAML. */
  stringifyYaml(value: unknown): string;
  /**
   * The fields that stand more than once in an object.
   *
   * @param json - a valid JSON text
   * @returns each once, as a path: `spec.a`, `spec.containers[0].name`; at most 100
   */
  duplicateFields(json: string): string[];
}
