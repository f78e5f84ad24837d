/** Small shapes that CRI messages share. Given. */

/** A number that can be told apart from one that is not given. */
export interface Int64Value {
  readonly value: number;
}

/** A count that can be told apart from one that is not known. */
export interface UInt64Value {
  readonly value: number;
}

/** Labels, annotations, info. */
export type StringMap = Readonly<Record<string, string>>;
