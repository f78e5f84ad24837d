/**
 * AdmissionReview: the question to a webhook, and its answer. Given.
 *
 * @see k8s.io/apiserver/pkg/admission/plugin/webhook/request/admissionreview.go (1.33)
 */

import type { StatusDetails } from '#apimachinery';
import type { AdmissionRequest } from '../admission/admission.ts';
import type { ApiObject, Json } from '../api-object.ts';
import type { RequestForm } from './request-form.ts';
import type { Webhook } from './webhook.ts';

/** What a webhook says. */
export interface WebhookAnswer {
  readonly allowed: boolean;
  /** A JSON Patch as text; absent: nothing is to be changed. */
  readonly patch?: string;
  readonly warnings: readonly string[];
  /** Why it is not allowed. */
  readonly result: WebhookResult;
}

/** The parts of a Status that say why. */
export interface WebhookResult {
  readonly code?: number;
  readonly reason?: string;
  readonly message?: string;
  readonly details?: StatusDetails;
}

const GROUP = 'admission.k8s.io';
const KNOWN_VERSIONS = ['v1', 'v1beta1'];
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/**
 * Makes the question.
 *
 * @param uid - the answer must have it, too
 * @throws Error when the webhook knows no version of AdmissionReview that we know
 */
export function newAdmissionReview(
  uid: string,
  { admissionReviewVersions = [] }: Webhook,
  request: AdmissionRequest,
  form: RequestForm,
): Json {
  const version = admissionReviewVersions.find((each) => KNOWN_VERSIONS.includes(each));
  if (version === undefined) {
    throw new Error('webhook does not accept known AdmissionReview versions (v1, v1beta1)');
  }
  const { dryRun, options } = request;
  const review = {
    kind: 'AdmissionReview',
    apiVersion: `${GROUP}/${version}`,
    request: {
      uid,
      ...requestFields(request, form),
      ...objectsOf(request, form),
      dryRun,
      options,
    },
  };
  return review as unknown as Json;
}

/** What is asked, by whom, about what, but for the objects. */
export function requestFields(request: AdmissionRequest, { kind, resource }: RequestForm): object {
  const { subresource, name, user, operation } = request;
  const namespace = namespaceOf(request);
  const { username, uid: userId, groups, extra } = user;
  return {
    kind: { group: kind.group, version: kind.version, kind: kind.kind },
    resource: { ...resource },
    ...(subresource && { subResource: subresource }),
    requestKind: { ...request.kind },
    requestResource: { ...request.resource },
    ...(subresource && { requestSubResource: subresource }),
    ...(name && { name }),
    ...(namespace && { namespace }),
    operation,
    userInfo: { username, ...(userId && { uid: userId }), groups, ...(extra && { extra }) },
  };
}

/** What is to be written and what is there, in the webhook's version; null for what there is not. */
export function objectsOf(
  { object, oldObject }: AdmissionRequest,
  { show }: RequestForm,
): { readonly object: ApiObject | null; readonly oldObject: ApiObject | null } {
  return {
    object: object ? show(object) : null,
    oldObject: oldObject ? show(oldObject) : null,
  };
}

/** A namespace is in itself. */
function namespaceOf({ resource, namespace, name }: AdmissionRequest): string {
  return resource.group === '' && resource.resource === 'namespaces' ? name : namespace;
}

/**
 * Reads the answer.
 *
 * @param text - JSON
 * @param uid - the question's
 * @param mutating - may the answer have a patch?
 * @throws Error when it is no answer, or not to this question
 */
export function readAdmissionReview(text: string, uid: string, mutating: boolean): WebhookAnswer {
  const review = record(JSON.parse(text) as unknown) ?? {};
  const response = record(review.response);
  if (!response) throw new Error('webhook response was absent');
  if (review.apiVersion !== `${GROUP}/v1beta1`) checkIdentity(review, response, uid);
  const { patch, patchType } = response;
  checkPatch(patch, patchType, mutating);
  const result = record(response.status) ?? {};
  return {
    allowed: response.allowed === true,
    ...(typeof patch === 'string' && patch !== '' && { patch: decodeBase64(patch) }),
    warnings: Array.isArray(response.warnings) ? response.warnings.map(String) : [],
    result: {
      ...(typeof result.code === 'number' && { code: result.code }),
      ...(typeof result.reason === 'string' && { reason: result.reason }),
      ...(typeof result.message === 'string' && { message: result.message }),
      ...(record(result.details) && { details: result.details as StatusDetails }),
    },
  };
}

type Fields = Record<string, unknown>;

function record(value: unknown): Fields | undefined {
  const isRecord = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isRecord ? (value as Fields) : undefined;
}

function checkIdentity({ apiVersion, kind }: Fields, { uid: answered }: Fields, uid: string): void {
  if (answered !== uid) {
    const got = JSON.stringify(answered ?? '');
    throw new Error(`expected response.uid=${JSON.stringify(uid)}, got ${got}`);
  }
  if (apiVersion === `${GROUP}/v1` && kind === 'AdmissionReview') return;
  const found = `${groupVersionText(apiVersion)}, Kind=${typeof kind === 'string' ? kind : ''}`;
  throw new Error(`expected webhook response of ${GROUP}/v1, Kind=AdmissionReview, got ${found}`);
}

function groupVersionText(apiVersion: unknown): string {
  const text = typeof apiVersion === 'string' ? apiVersion : '';
  return text.includes('/') ? text : `/${text}`;
}

function checkPatch(patch: unknown, patchType: unknown, mutating: boolean): void {
  const hasPatch = patch !== undefined && patch !== null && patch !== '';
  const hasType = patchType !== undefined && patchType !== null;
  if (!mutating) {
    if (hasPatch) throw new Error('validating webhook may not return response.patch');
    if (hasType) throw new Error('validating webhook may not return response.patchType');
    return;
  }
  if (hasPatch && !hasType) {
    throw new Error('webhook returned response.patch but not response.patchType');
  }
  if (!hasPatch && hasType) {
    throw new Error('webhook returned response.patchType but not response.patch');
  }
  if (hasType && patchType !== 'JSONPatch') {
    throw new Error(`unsupported patch type ${JSON.stringify(patchType)}`);
  }
}

function decodeBase64(text: string): string {
  if (!BASE64.test(text)) throw new Error('response.patch is not in base64');
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
}
