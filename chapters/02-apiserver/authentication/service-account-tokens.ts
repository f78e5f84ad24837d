/**
 * Makes tokens for service accounts: what `serviceaccounts/token` does with a TokenRequest. Given.
 *
 * Whether such a token is good later is `service-account-authenticator.ts`.
 *
 * @see pkg/registry/core/serviceaccount/storage/token.go, pkg/serviceaccount/claims.go (1.33)
 */

import type { TokenRequest } from 'kubernetes-types/authentication/v1.js';
import type { Pod } from 'kubernetes-types/core/v1.js';
import {
  type Clock,
  deepCopy,
  type FieldError,
  fieldInvalid,
  isNotFound,
  newBadRequest,
  newConflict,
  newInvalid,
  type Random,
  timestamp,
} from '#apimachinery';
import type { ApiObject } from '../api-object.ts';
import { type Signer, signJwt } from './jwt.ts';
import type { KubernetesClaims, ObjectClaim } from './service-account-claims.ts';
import { serviceAccountUsername } from './service-account-names.ts';

/** What making tokens needs of the world. */
export interface IssueOptions {
  readonly signer: Signer;
  readonly clock: Clock;
  /** For the token's id. */
  readonly random: Random;
  readonly issuer: string;
  /** For whom a token is when the request does not say. */
  readonly apiAudiences: readonly string[];
  /**
   * Reads the object a token is to be bound to: `pods`, `secrets`, or `nodes` (namespace `''`).
   *
   * @throws StatusError 404, as a rejection, when it is not there
   */
  getObject(resource: string, namespace: string, name: string): Promise<ApiObject>;
  /** The longest a token may live, in seconds; absent: as long as somebody asks for. */
  readonly maxExpirationSeconds?: number;
  /** May the tokens pods get by themselves live on for a year, with a warning? As Kubernetes does. */
  readonly extendExpiration?: boolean;
  /** For the header `Warning`. */
  warn?(text: string): void;
}

const DEFAULT_EXPIRATION_SECONDS = 3600;
const MIN_EXPIRATION_SECONDS = 600;
const MAX_EXPIRATION_SECONDS = 2 ** 32;
/** What kubelets ask for on behalf of pods: this number and no other means "the default volume". */
const WARN_ONLY_EXPIRATION_SECONDS = 3607;
const EXTENDED_EXPIRATION_SECONDS = 365 * 24 * 3600;

/** Kinds a token can be bound to, and their resources. */
const BINDABLE = new Map([
  ['Pod', 'pods'],
  ['Secret', 'secrets'],
  ['Node', 'nodes'],
]);

const KIND = { group: 'authentication.k8s.io', kind: 'TokenRequest' };

/**
 * Makes a token.
 *
 * @param request - a TokenRequest as it was sent; not changed
 * @param serviceAccount - the one the URL names
 * @returns the TokenRequest with its status, and with everything filled in that it left open
 * @throws StatusError 400, 404, 409 or 422, as a rejection
 */
export async function issueToken(
  request: ApiObject,
  serviceAccount: ApiObject,
  options: IssueOptions,
): Promise<ApiObject> {
  const nowMs = options.clock.now();
  const filled = fillIn(request, serviceAccount, nowMs, options);
  const { spec } = filled as unknown as TokenRequest;
  const bound = await boundTo(filled, serviceAccount, options);
  const requested = shorten(spec.expirationSeconds ?? DEFAULT_EXPIRATION_SECONDS, options);
  spec.expirationSeconds = requested;
  const isExtended =
    options.extendExpiration === true &&
    bound.pod !== undefined &&
    requested === WARN_ONLY_EXPIRATION_SECONDS &&
    spec.audiences.every((one) => options.apiAudiences.includes(one));
  const now = Math.floor(nowMs / 1000);
  const { name = '', namespace = '', uid = '' } = serviceAccount.metadata;
  const kubernetes: KubernetesClaims = {
    namespace,
    ...(bound.node && { node: bound.node }),
    ...(bound.pod && { pod: bound.pod }),
    ...(bound.secret && { secret: bound.secret }),
    serviceaccount: { name, uid },
    ...(isExtended && { warnafter: now + requested }),
  };
  const claims = {
    aud: spec.audiences,
    exp: now + (isExtended ? EXTENDED_EXPIRATION_SECONDS : requested),
    iat: now,
    iss: options.issuer,
    jti: options.random.uuid(),
    'kubernetes.io': kubernetes,
    nbf: now,
    sub: serviceAccountUsername({ namespace, name }),
  };
  const token = signJwt(claims, options.signer);
  const expirationTimestamp = timestamp(nowMs + requested * 1000);
  return { ...filled, status: { token, expirationTimestamp } };
}

/** A copy with names, audiences and times filled in and checked. */
function fillIn(
  request: ApiObject,
  serviceAccount: ApiObject,
  nowMs: number,
  { apiAudiences }: IssueOptions,
): ApiObject {
  const { name = '', namespace = '', uid = '' } = serviceAccount.metadata;
  const filled = deepCopy(request);
  const metadata = filled.metadata ?? {};
  const spec = (filled.spec ?? {}) as TokenRequest['spec'];
  checkPlace('name', metadata.name, name, name);
  checkPlace('namespace', metadata.namespace, namespace, name);
  if (metadata.uid && metadata.uid !== uid) {
    const why = `the UID in the token request (${metadata.uid}) does not match the UID of the service account (${uid})`;
    throw newConflict({ group: KIND.group, resource: KIND.kind }, name, why);
  }
  if (!spec.audiences?.length) spec.audiences = [...apiAudiences];
  spec.expirationSeconds ??= DEFAULT_EXPIRATION_SECONDS;
  const faults = expirationFaults(spec.expirationSeconds);
  if (faults.length > 0) throw newInvalid(KIND, '', faults);
  const creationTimestamp = timestamp(nowMs);
  return {
    ...filled,
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    metadata: { ...metadata, name, namespace, uid, creationTimestamp },
    spec,
  };
}

function checkPlace(
  field: 'name' | 'namespace',
  given: string | undefined,
  expected: string,
  name: string,
): void {
  if (!given || given === expected) return;
  const why = `must match the service account ${field} if specified`;
  throw newInvalid(KIND, name, [fieldInvalid(`metadata.${field}`, given, why)]);
}

function expirationFaults(seconds: number): FieldError[] {
  const field = 'spec.expirationSeconds';
  if (seconds < MIN_EXPIRATION_SECONDS) {
    return [fieldInvalid(field, seconds, 'may not specify a duration less than 10 minutes')];
  }
  if (seconds <= MAX_EXPIRATION_SECONDS) return [];
  return [fieldInvalid(field, seconds, 'may not specify a duration larger than 2^32 seconds')];
}

function shorten(seconds: number, { maxExpirationSeconds = 0, warn }: IssueOptions): number {
  if (maxExpirationSeconds <= 0 || seconds <= maxExpirationSeconds) return seconds;
  warn?.(`requested expiration of ${seconds} seconds shortened to ${maxExpirationSeconds} seconds`);
  return maxExpirationSeconds;
}

interface Bound {
  readonly pod?: ObjectClaim;
  readonly secret?: ObjectClaim;
  readonly node?: ObjectClaim;
}

/** Reads what the token is to be bound to, and checks that it is what the request means. */
async function boundTo(
  request: ApiObject,
  serviceAccount: ApiObject,
  options: IssueOptions,
): Promise<Bound> {
  const { boundObjectRef: ref } = (request as unknown as TokenRequest).spec;
  if (!ref) return {};
  const { apiVersion = '', kind = '', name = '', uid = '' } = ref;
  const resource = BINDABLE.get(kind);
  if (apiVersion.includes('/') || resource === undefined) {
    const [group, version] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion];
    throw newBadRequest(`cannot bind token to object of type ${group}/${version}, Kind=${kind}`);
  }
  const namespace = kind === 'Node' ? '' : (serviceAccount.metadata.namespace ?? '');
  const object = await options.getObject(resource, namespace, name);
  const claim = { name, uid: object.metadata.uid ?? '' };
  const bound = kind === 'Pod' ? await boundToPod(object, claim, serviceAccount, options) : {};
  if (uid !== '' && uid !== claim.uid) {
    const why = `the UID in the bound object reference (${uid}) does not match the UID in record. The object might have been deleted and then recreated`;
    throw newConflict({ group: '', resource: kind }, name, why);
  }
  return { ...bound, ...(kind !== 'Pod' && { [kind.toLowerCase()]: claim }) };
}

async function boundToPod(
  object: ApiObject,
  claim: ObjectClaim,
  serviceAccount: ApiObject,
  { getObject }: IssueOptions,
): Promise<Bound> {
  const { spec } = object as unknown as Pod;
  const { name } = serviceAccount.metadata;
  if (spec?.serviceAccountName !== name) {
    const account = JSON.stringify(name);
    throw newBadRequest(
      `cannot bind token for serviceaccount ${account} to pod running with different serviceaccount name.`,
    );
  }
  if (!spec?.nodeName) return { pod: claim };
  const node = { name: spec.nodeName, uid: await uidOfNode(spec.nodeName, getObject) };
  return { pod: claim, node };
}

/** @returns `''` when the node is not there: its name still tells something. */
async function uidOfNode(name: string, getObject: IssueOptions['getObject']): Promise<string> {
  try {
    const { metadata } = await getObject('nodes', '', name);
    return metadata.uid ?? '';
  } catch (error) {
    if (isNotFound(error)) return '';
    throw error;
  }
}
