/**
 * Warnings about finalizers of custom resources that could be somebody else's too. Given.
 *
 * @see k8s.io/apiextensions-apiserver/pkg/registry/customresource/validator.go (1.33)
 */

import { qualifiedNameFaults } from '#apimachinery';
import type { ApiObject } from '../api-object.ts';

const STANDARD: readonly string[] = ['orphan', 'foregroundDeletion', 'kubernetes'];

export function finalizerWarnings({ metadata }: ApiObject): string[] {
  return [...(metadata.finalizers ?? [])].sort().flatMap((name) => {
    const subject = `metadata.finalizers: ${JSON.stringify(name)}`;
    const warnings = qualifiedNameFaults(name).map((fault) => `${subject}: ${fault}`);
    if (name.includes('/') || STANDARD.includes(name)) return warnings;
    const how = name.includes('.') ? 'name including a path (/)' : 'name';
    return [
      ...warnings,
      `${subject}: prefer a domain-qualified finalizer ${how} to avoid accidental conflicts with other finalizer writers`,
    ];
  });
}
