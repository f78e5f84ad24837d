/**
 * Which form a body has and which one a client accepts: `Content-Type` and `Accept`. Given.
 *
 * Bodies may be protobuf; answers never are: a client that wants nothing else is refused.
 */

import { newNotAcceptable, newUnsupportedMediaType } from '#apimachinery';

/** The form of an object in a body. */
export type BodyFormat = 'json' | 'yaml' | 'protobuf';

/** The kinds of patch. */
export type PatchType = 'json-patch' | 'merge-patch' | 'strategic-merge-patch' | 'apply-patch';

/** What a client wants as its answer. */
export interface Accepted {
  readonly format: 'json' | 'yaml';
  /** Another form of the object: `Table`, `PartialObjectMetadata`, `APIGroupDiscoveryList`. */
  readonly as?: string;
  /** The group of `as`: `meta.k8s.io`. */
  readonly group?: string;
  /** The version of `as`: `v1`. */
  readonly version?: string;
}

const BODY_FORMATS: ReadonlyMap<string, BodyFormat> = new Map([
  ['application/json', 'json'],
  ['application/yaml', 'yaml'],
  ['application/vnd.kubernetes.protobuf', 'protobuf'],
]);

const PATCH_TYPES: ReadonlyMap<string, PatchType> = new Map([
  ['application/json-patch+json', 'json-patch'],
  ['application/merge-patch+json', 'merge-patch'],
  ['application/strategic-merge-patch+json', 'strategic-merge-patch'],
  ['application/apply-patch+yaml', 'apply-patch'],
]);

/**
 * The form of a request's body.
 *
 * @param header - `Content-Type`; `null` or empty: JSON. Parameters (`charset`) make no difference
 * @throws StatusError 415 when it is none of those read here
 * @see k8s.io/apiserver/pkg/endpoints/handlers/negotiation/negotiate.go (0.33),
 * NegotiateInputSerializer
 */
export function contentTypeOf(header: string | null): BodyFormat {
  const type = mediaType(header);
  if (type === '') return 'json';
  return BODY_FORMATS.get(type) ?? refuseBody(BODY_FORMATS);
}

/**
 * The kind of a patch.
 *
 * @param header - `Content-Type`; unlike for other bodies, it must be there
 * @throws StatusError 415 when it is no kind of patch known here
 * @see k8s.io/apiserver/pkg/endpoints/handlers/patch.go (0.33), PatchResource
 */
export function patchTypeOf(header: string | null): PatchType {
  return PATCH_TYPES.get(mediaType(header)) ?? refuseBody(PATCH_TYPES);
}

function mediaType(header: string | null): string {
  return (header ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

function refuseBody(known: ReadonlyMap<string, unknown>): never {
  throw newUnsupportedMediaType(
    `the body of the request was in an unknown format - accepted media types include: ${[...known.keys()].join(', ')}`,
  );
}

const ANYTHING: Accepted = { format: 'json' };
const META_VERSIONS = new Set(['v1', 'v1beta1']);
const META_KINDS = new Set(['Table', 'PartialObjectMetadata', 'PartialObjectMetadataList']);
const DISCOVERY_VERSIONS = new Set(['v2', 'v2beta1']);

/** More alternatives than this are not looked at. */
const MAX_ALTERNATIVES = 64;

/**
 * The form of the answer: the alternative the client likes most of those that can be made.
 *
 * @remarks Higher `q` first, then as they stand. An alternative that nobody here can make
 * (protobuf, an unknown `as`) is passed over.
 *
 * ```text
 * application/json;as=Table;v=v1;g=meta.k8s.io,application/json → json, as Table v1
 * application/vnd.kubernetes.protobuf,application/json          → json
 * application/vnd.kubernetes.protobuf                           → 406
 * ```
 *
 * @param header - `Accept`; `null` or empty: JSON
 * @throws StatusError 406 when no alternative can be made
 * @see k8s.io/apiserver/pkg/endpoints/handlers/negotiation/negotiate.go (0.33)
 */
export function negotiate(header: string | null): Accepted {
  if (header === null || header === '' || header === 'application/json') return ANYTHING;
  for (const alternative of alternativesIn(header)) {
    const accepted = acceptedBy(alternative);
    if (accepted) return accepted;
  }
  throw newNotAcceptable(
    'only the following media types are accepted: application/json, application/yaml',
  );
}

interface Alternative {
  readonly type: string;
  readonly parameters: ReadonlyMap<string, string>;
  readonly q: number;
}

function alternativesIn(header: string): Alternative[] {
  const found = header.split(',', MAX_ALTERNATIVES).map(readAlternative);
  // Sorting is stable: equals stay as they stand.
  return found.filter(({ q }) => q > 0).sort((a, b) => b.q - a.q || wildness(a) - wildness(b));
}

function readAlternative(text: string): Alternative {
  const [type = '', ...rest] = text.split(';');
  const parameters = new Map<string, string>();
  for (const parameter of rest) {
    const [name = '', value = ''] = parameter.split('=', 2);
    parameters.set(name.trim().toLowerCase(), value.trim().replace(/^"(.*)"$/, '$1'));
  }
  const q = Number(parameters.get('q') ?? '1');
  return { type: type.trim().toLowerCase(), parameters, q: Number.isNaN(q) ? 1 : q };
}

/** A type that says less comes later. */
function wildness({ type }: Alternative): number {
  if (type === '*/*') return 2;
  return type.endsWith('/*') ? 1 : 0;
}

function acceptedBy({ type, parameters }: Alternative): Accepted | undefined {
  const format = formatOf(type);
  const stream = parameters.get('stream') ?? '';
  if (format === undefined || (stream !== '' && stream !== 'watch')) return undefined;
  const [as, group, version] = [parameters.get('as'), parameters.get('g'), parameters.get('v')];
  if (as === undefined && group === undefined && version === undefined) return { format };
  if (as === undefined || !isKnownForm(as, group, version)) return undefined;
  return { format, as, ...(group !== undefined && { group }), ...(version && { version }) };
}

function formatOf(type: string): 'json' | 'yaml' | undefined {
  if (type === '*/*' || type === 'application/*' || type === 'application/json') return 'json';
  return type === 'application/yaml' ? 'yaml' : undefined;
}

function isKnownForm(as: string, group: string | undefined, version = ''): boolean {
  if (group === 'meta.k8s.io') return META_KINDS.has(as) && META_VERSIONS.has(version);
  if (group === 'apidiscovery.k8s.io') {
    return as === 'APIGroupDiscoveryList' && DISCOVERY_VERSIONS.has(version);
  }
  return false;
}
