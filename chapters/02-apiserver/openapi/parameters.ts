/**
 * The parameters of requests in OpenAPI 3. Given.
 *
 * kubectl looks here whether it may send `fieldValidation` and `dryRun`.
 */

import type { JsonObject } from './well-known.ts';

function inQuery(name: string, type: string, description: string): JsonObject {
  return { name, in: 'query', description, schema: { type, uniqueItems: true } };
}

function inPath(name: string, description: string): JsonObject {
  return {
    name,
    in: 'path',
    required: true,
    description,
    schema: { type: 'string', uniqueItems: true },
  };
}

export const NAMESPACE = inPath('namespace', 'The namespace the object is in.');
export const PRETTY = inQuery('pretty', 'string', "Print the answer with line breaks, if 'true'.");

export function nameOf(kind: string): JsonObject {
  return inPath('name', `The name of the ${kind}.`);
}

const DRY_RUN = inQuery(
  'dryRun',
  'string',
  "Do everything but store the change. 'All' is the only value there is.",
);
const FIELD_MANAGER = inQuery(
  'fieldManager',
  'string',
  'In whose name fields are set. At most 128 printable characters; applying needs it.',
);
const FIELD_VALIDATION = inQuery(
  'fieldValidation',
  'string',
  "What to do about fields that are unknown or come twice: 'Ignore', 'Warn' or 'Strict'.",
);
const FORCE = inQuery('force', 'boolean', 'When applying: take fields that others have set.');

/** Of creating and replacing. */
export const WRITE = [DRY_RUN, FIELD_MANAGER, FIELD_VALIDATION];
export const PATCH = [...WRITE, FORCE];

export const DELETE = [
  DRY_RUN,
  inQuery('gracePeriodSeconds', 'integer', 'How long the object may take to end; 0: no time.'),
  inQuery(
    'ignoreStoreReadErrorWithClusterBreakingPotential',
    'boolean',
    'Delete it even though it cannot be read.',
  ),
  inQuery('orphanDependents', 'boolean', 'The older form of propagationPolicy=Orphan.'),
  inQuery(
    'propagationPolicy',
    'string',
    "What becomes of what it owns: 'Orphan', 'Background' or 'Foreground'.",
  ),
];

const CONTINUE = inQuery('continue', 'string', 'Go on after the last chunk of a list.');
const FIELD_SELECTOR = inQuery('fieldSelector', 'string', 'Only objects with such fields.');
const LABEL_SELECTOR = inQuery('labelSelector', 'string', 'Only objects with such labels.');
const LIMIT = inQuery('limit', 'integer', 'At most so many objects in one answer.');
const RESOURCE_VERSION = inQuery('resourceVersion', 'string', 'How new the answer must be.');
const RESOURCE_VERSION_MATCH = inQuery(
  'resourceVersionMatch',
  'string',
  "How resourceVersion is meant: 'Exact' or 'NotOlderThan'.",
);
const SEND_INITIAL_EVENTS = inQuery(
  'sendInitialEvents',
  'boolean',
  'Begin a watch with what there is, and a bookmark.',
);
const TIMEOUT = inQuery('timeoutSeconds', 'integer', 'For how long at most.');

export const LIST = [
  inQuery('allowWatchBookmarks', 'boolean', 'Send bookmarks between the events of a watch.'),
  CONTINUE,
  FIELD_SELECTOR,
  LABEL_SELECTOR,
  LIMIT,
  RESOURCE_VERSION,
  RESOURCE_VERSION_MATCH,
  SEND_INITIAL_EVENTS,
  TIMEOUT,
  inQuery('watch', 'boolean', 'Go on with a stream of the changes.'),
];

export const DELETE_COLLECTION = [
  CONTINUE,
  ...DELETE,
  FIELD_SELECTOR,
  LABEL_SELECTOR,
  LIMIT,
  RESOURCE_VERSION,
  RESOURCE_VERSION_MATCH,
  SEND_INITIAL_EVENTS,
  TIMEOUT,
];

/** Of a pod's log. */
export const LOG = [
  inQuery('container', 'string', 'Of which container; needed where there is more than one.'),
  inQuery('follow', 'boolean', 'Go on as lines come.'),
  inQuery('insecureSkipTLSVerifyBackend', 'boolean', "Trust any certificate of the kubelet's."),
  inQuery('limitBytes', 'integer', 'At most so many bytes.'),
  inQuery('previous', 'boolean', 'Of the container that ran before this one.'),
  inQuery('sinceSeconds', 'integer', 'Not older than so many seconds.'),
  inQuery('stream', 'string', "Which output: 'All', 'Stdout' or 'Stderr'."),
  inQuery('tailLines', 'integer', 'Only so many lines from the end.'),
  inQuery('timestamps', 'boolean', 'Each line with its time in front.'),
];

const STREAMS = [
  inQuery('container', 'string', 'In which container; needed where there is more than one.'),
  inQuery('stderr', 'boolean', 'Send its errors.'),
  inQuery('stdin', 'boolean', 'Take input.'),
  inQuery('stdout', 'boolean', 'Send its output.'),
  inQuery('tty', 'boolean', 'With a terminal.'),
];

/** Of connections to a node, by the kind of their options. */
export const CONNECT: Readonly<Record<string, readonly JsonObject[]>> = {
  PodAttachOptions: STREAMS,
  PodExecOptions: [inQuery('command', 'string', 'What to run; once for each word.'), ...STREAMS],
  PodPortForwardOptions: [inQuery('ports', 'integer', 'Which ports.')],
  PodProxyOptions: [inQuery('path', 'string', 'The path behind the proxy.')],
  NodeProxyOptions: [inQuery('path', 'string', 'The path behind the proxy.')],
  ServiceProxyOptions: [inQuery('path', 'string', 'The path behind the proxy.')],
};
