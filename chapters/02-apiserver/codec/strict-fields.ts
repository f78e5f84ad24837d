/**
 * What a request with fields that nobody knows, or with one twice, gets: `fieldValidation`. Given.
 */

import { newBadRequest } from '#apimachinery';

/** More faults than this are not listed, as in Kubernetes. */
const MAX_FAULTS = 100;

/**
 * Checks what decoding found.
 *
 * @param unknownFields - paths: `spec.containerz`
 * @param duplicateFields - paths: `spec.a`
 * @param kind - what was decoded
 * @returns warnings, when the mode is `Warn`: `unknown field "spec.containerz"`
 * @throws StatusError 400 in the mode `Strict`, when there is any
 * @see k8s.io/apimachinery/pkg/runtime/error.go (0.33), strictDecodingError
 */
export function checkFields(
  mode: 'Ignore' | 'Warn' | 'Strict',
  unknownFields: readonly string[],
  duplicateFields: readonly string[],
  kind: { readonly version: string; readonly kind: string },
): string[] {
  if (mode === 'Ignore') return [];
  const texts = [
    ...unknownFields.map((path) => `unknown field ${JSON.stringify(path)}`),
    ...duplicateFields.map((path) => `duplicate field ${JSON.stringify(path)}`),
  ];
  const faults = [...new Set(texts)].slice(0, MAX_FAULTS);
  if (mode === 'Strict' && faults.length > 0) {
    throw newBadRequest(
      `${kind.kind} in version ${JSON.stringify(kind.version)} cannot be handled as a ${kind.kind}: strict decoding error: ${faults.join(', ')}`,
    );
  }
  return faults;
}
