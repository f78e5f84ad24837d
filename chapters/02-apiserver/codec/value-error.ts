/** A value that does not have the form its field needs. Given. */

/** Thrown while decoding; becomes a 400 with the kind in front of it. */
export class ValueError extends Error {
  override readonly name = 'ValueError';
}
