/**
 * `matchConditions` of webhooks: expressions in CEL that all must hold, or the webhook is not asked.
 * Given. Whether its rules and selectors fit is asked before, in `webhook-matching.ts`.
 *
 * @see k8s.io/apiserver/pkg/admission/plugin/webhook/matchconditions/matcher.go (1.33)
 */

import { type FieldError, fieldInvalid, newInvalid } from '#apimachinery';
import type { AdmissionPlugin, AdmissionRequest } from '../admission/admission.ts';
import { aggregateText, newAdmissionForbidden } from '../admission/forbidden.ts';
import {
  CelError,
  type CelFreeProgram,
  type ConditionCompiler,
} from '../custom-resources/cel-compiler.ts';
import { objectsOf, requestFields } from './admission-review.ts';
import type { RequestForm } from './request-form.ts';
import type { Webhook } from './webhook.ts';

/** Tells whether the conditions of a webhook hold. */
export type ConditionsMatch = (
  hook: Webhook,
  request: AdmissionRequest,
  form: RequestForm,
) => boolean;

/** What a condition may speak of. `authorizer`, which Kubernetes has as well, is not there. */
const VARIABLES = ['object', 'oldObject', 'request'];

/** How many compiled conditions are kept. */
const MAX_KEPT = 1000;

/**
 * Makes the function for `MatchingOptions`.
 *
 * @remarks A condition that is false decides, whatever the others do. When none is false, and one
 * could not be worked out, `failurePolicy` decides: `Ignore` is as if it were false.
 */
export function conditionsMatchBy(cel: ConditionCompiler): ConditionsMatch {
  const programs = new Map<string, CelFreeProgram>();
  const programOf = (expression: string): CelFreeProgram => {
    let program = programs.get(expression);
    if (program === undefined) {
      program = cel.compileFree(expression, VARIABLES, 'bool');
      if (programs.size >= MAX_KEPT) programs.clear();
      programs.set(expression, program);
    }
    return program;
  };
  return (hook, request, form) => {
    const conditions = hook.matchConditions ?? [];
    if (conditions.length === 0) return true;
    const { dryRun, options } = request;
    const asked = { ...requestFields(request, form), dryRun, options };
    const values = { ...objectsOf(request, form), request: asked };
    const failures: string[] = [];
    for (const { expression } of conditions) {
      try {
        if (programOf(expression).evaluate(values) === false) return false;
      } catch (error) {
        if (!(error instanceof CelError)) throw error;
        failures.push(failureText(expression, error));
      }
    }
    if (failures.length === 0) return true;
    if (hook.failurePolicy === 'Ignore') return false;
    throw newAdmissionForbidden(request, aggregateText(failures));
  };
}

function failureText(expression: string, { message }: CelError): string {
  if (message.startsWith('compilation failed')) return `compilation error: ${message}`;
  return `expression '${expression}' resulted in error: ${message}`;
}

const GROUP = 'admissionregistration.k8s.io';
const KINDS = new Set(['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration']);

/** Refuses configurations with conditions that are no expressions. */
export function conditionsCompile(cel: ConditionCompiler): AdmissionPlugin {
  return {
    name: 'WebhookConditions',
    handles: ({ kind, operation, object }) =>
      kind.group === GROUP &&
      KINDS.has(kind.kind) &&
      operation !== 'DELETE' &&
      object !== undefined,
    validate({ kind, object, oldObject }) {
      const known = new Set(expressionsOf(oldObject?.webhooks).map(([, expression]) => expression));
      const faults = expressionsOf(object?.webhooks).flatMap(([path, expression]) =>
        known.has(expression) ? [] : faultOf(cel, path, expression),
      );
      if (faults.length === 0) return;
      throw newInvalid({ group: GROUP, kind: kind.kind }, object?.metadata.name ?? '', faults);
    },
  };
}

function expressionsOf(webhooks: unknown): [path: string, expression: string][] {
  return ((webhooks ?? []) as Webhook[]).flatMap(({ matchConditions = [] }, i) =>
    matchConditions.map(({ expression }, j): [string, string] => [
      `webhooks[${i}].matchConditions[${j}].expression`,
      expression,
    ]),
  );
}

function faultOf(cel: ConditionCompiler, path: string, expression: string): FieldError[] {
  try {
    cel.compileFree(expression, VARIABLES, 'bool');
    return [];
  } catch (error) {
    if (!(error instanceof CelError)) throw error;
    return [fieldInvalid(path, expression, error.message)];
  }
}
