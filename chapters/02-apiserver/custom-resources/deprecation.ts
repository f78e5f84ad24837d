/**
 * The warning that a deprecated version of a custom resource is answered with. Given.
 *
 * @see k8s.io/apiextensions-apiserver/pkg/apiserver/customresource_handler.go
 * (defaultDeprecationWarning), k8s.io/apimachinery/pkg/version/helpers.go (1.33)
 */

import type { CustomResourceDefinition } from './definition.ts';
import { namesOf, versionOf } from './definition.ts';

/** The text; `undefined` for a version that is not deprecated. */
export function deprecationWarningOf(
  definition: CustomResourceDefinition,
  version: string,
): string | undefined {
  const { deprecated, deprecationWarning } = versionOf(definition, version);
  if (!deprecated) return undefined;
  if (deprecationWarning !== undefined) return deprecationWarning;
  const { spec } = definition;
  const { kind } = namesOf(definition);
  const text = `${spec.group}/${version} ${kind} is deprecated`;
  const [best] = spec.versions
    .filter((one) => one.served && !one.deprecated && compareVersions(version, one.name) < 0)
    .map((one) => one.name)
    .sort((a, b) => compareVersions(b, a));
  return best === undefined ? text : `${text}; use ${spec.group}/${best} ${kind}`;
}

/**
 * Compares versions by how much they promise: `v2`, then `v1`, then `v2beta1`, `v1alpha1`, and at
 * the end what is no version of that form, in the order of the alphabet turned round.
 *
 * @returns below 0 when `a` promises less than `b`
 */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [rankOf(a), rankOf(b)];
  if (!left && !right) return a < b ? 1 : Number(a !== b) * -1;
  if (!left || !right) return left ? 1 : -1;
  const differing = left.findIndex((part, i) => part !== right[i]);
  return differing < 0 ? 0 : (left[differing] ?? 0) - (right[differing] ?? 0);
}

/** Stability, major and minor. */
function rankOf(version: string): number[] | undefined {
  const [whole, major, stage, minor] =
    /^v([1-9]\d*)(?:(alpha|beta)([1-9]\d*))?$/.exec(version) ?? [];
  if (whole === undefined) return undefined;
  const stability = stage === undefined ? 2 : Number(stage === 'beta');
  return [stability, Number(major), Number(minor ?? 0)];
}
