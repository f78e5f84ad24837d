/**
 * Subresources that are a way to write an object: status, scale, finalize, binding and the like.
 * Given.
 *
 * Those that open a connection to a node (`log`, `exec`, …) are in `node-subresources.ts`.
 */

import { deepCopy, newBadRequest, newConflict, newInvalid, timestamp } from '#apimachinery';
import type { ApiObject } from '../api-object.ts';
import type { Answer, Context } from '../context.ts';
import { approvalForm, setConditionTimes } from '../kinds/certificates/approval.ts';
import { namespaceFinalizeKind } from '../kinds/core/namespace.ts';
import { applyScale, scaleOf } from '../kinds/scale.ts';
import { get } from '../registry/create-get.ts';
import { update } from '../registry/update.ts';
import { objectAnswer, plainAnswer, statusSuccess } from './answers.ts';
import { readObject, readPlainObject } from './bodies.ts';
import type { Endpoint } from './endpoint.ts';
import { writeOptions } from './options.ts';
import { patchAnswer, patchedBy } from './patch-verb.ts';
import { handleGet, handleVerb } from './verbs.ts';
import { namespaceOf, updateObject } from './writes.ts';

/** `/status`: the object, of which only the status is written. */
export async function handleStatus(endpoint: Endpoint, context: Context): Promise<Answer> {
  const { verb } = context.info;
  if (verb === 'get') return handleGet(endpoint, context);
  if (verb === 'patch') return patchAnswer(endpoint, context, 'status');
  const options = writeOptions(context.query, 'UpdateOptions');
  const sent = await readObject(endpoint, context, options);
  const change = (old: ApiObject): ApiObject => {
    const object = deepCopy(sent);
    const now = timestamp(endpoint.world.clock.now());
    if (endpoint.kind.subresources.approval) setConditionTimes(object, old, now);
    return object;
  };
  const { stored } = await updateObject(endpoint, context, change, options, {
    subresource: 'status',
  });
  return objectAnswer(endpoint, context, endpoint.view.show(stored), 200);
}

/** `/scale`: how many, as a Scale of autoscaling/v1. */
export async function handleScale(endpoint: Endpoint, context: Context): Promise<Answer> {
  const { kind, registry, view } = endpoint;
  const { info, query } = context;
  if (info.verb === 'get') {
    const namespace = namespaceOf(endpoint, context);
    const stored = await get(registry, info.name, { namespace });
    return plainAnswer(scaleOf(view.fromStorage(stored.object), kind), 200);
  }
  const isPatch = info.verb === 'patch';
  const options = writeOptions(query, isPatch ? 'PatchOptions' : 'UpdateOptions');
  const makeScale = isPatch
    ? await patchedBy(endpoint, context)
    : await sentScale(endpoint, context);
  const change = async (old: ApiObject) => {
    const scale = await makeScale(scaleOf(old, kind));
    const object = deepCopy(old);
    applyScale(object, kind, scale);
    return object;
  };
  const { stored } = await updateObject(endpoint, context, change, options);
  return plainAnswer(scaleOf(view.fromStorage(stored.object), kind), 200);
}

const SCALE = { group: 'autoscaling', version: 'v1', kind: 'Scale' };
const BINDING = { group: '', version: 'v1', kind: 'Binding' };

async function sentScale(endpoint: Endpoint, context: Context): Promise<() => ApiObject> {
  const sent = await readPlainObject(endpoint, context, SCALE);
  return () => deepCopy(sent);
}

/** `/finalize` of a namespace: takes its finalizers away; when none is left it goes. */
export async function handleFinalize(endpoint: Endpoint, context: Context): Promise<Answer> {
  const options = writeOptions(context.query, 'UpdateOptions');
  const sent = await readObject(endpoint, context, options);
  const { registry } = endpoint;
  const change = () => deepCopy(sent);
  const finalizing = { ...registry, kind: namespaceFinalizeKind };
  const { stored } = await update(finalizing, context.info.name, change, {
    namespace: '',
    dryRun: options.dryRun,
  });
  return objectAnswer(endpoint, context, stored, 200);
}

/**
 * `pods/binding`: gives a pod its node, once. `bindings` is the same with the pod in its metadata.
 *
 * @see pkg/registry/core/pod/storage/storage.go (1.33)
 */
export async function handleBinding(endpoint: Endpoint, context: Context): Promise<Answer> {
  const options = writeOptions(context.query, 'CreateOptions');
  const binding = await readPlainObject(endpoint, context, BINDING);
  const name = context.info.subresource === '' ? binding.metadata.name : context.info.name;
  if (!name) throw newBadRequest('name is required');
  if (binding.metadata.name && binding.metadata.name !== name) {
    throw newBadRequest(
      `the name of the object (${binding.metadata.name}) does not match the name on the URL (${name})`,
    );
  }
  const target = (binding.target ?? {}) as { kind?: string; name?: string };
  checkTarget(name, target);
  const change = (pod: ApiObject): ApiObject => {
    bind(pod, binding, target.name ?? '', timestamp(endpoint.world.clock.now()));
    return pod;
  };
  const { registry } = endpoint;
  const unguarded = { ...registry, kind: bindableKind(registry.kind) };
  await update(unguarded, name, change, {
    namespace: namespaceOf(endpoint, context),
    dryRun: options.dryRun,
  });
  return statusSuccess(201);
}

function checkTarget(name: string, target: { kind?: string; name?: string }): void {
  const faults = [];
  if (target.kind && target.kind !== 'Node') {
    faults.push({
      type: 'FieldValueNotSupported' as const,
      field: 'target.kind',
      badValue: target.kind,
      detail: 'supported values: "Node", "<empty>"',
    });
  }
  if (!target.name) faults.push({ type: 'FieldValueRequired' as const, field: 'target.name' });
  if (faults.length > 0) throw newInvalid({ group: '', kind: 'Binding' }, name, faults);
}

function bind(pod: ApiObject, binding: ApiObject, node: string, now: string): void {
  const { metadata } = pod;
  const name = metadata.name ?? '';
  const spec = (pod.spec ?? {}) as { nodeName?: string; schedulingGates?: unknown[] };
  const pods = { group: '', resource: 'pods/binding' };
  const { uid, resourceVersion } = binding.metadata;
  if (uid && uid !== metadata.uid) {
    throw newConflict(
      pods,
      name,
      `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${metadata.uid}`,
    );
  }
  if (resourceVersion && resourceVersion !== metadata.resourceVersion) {
    throw newConflict(
      pods,
      name,
      `Precondition failed: ResourceVersion in precondition: ${resourceVersion}, ResourceVersion in object meta: ${metadata.resourceVersion}`,
    );
  }
  if (metadata.deletionTimestamp) {
    throw newConflict(pods, name, `pod ${name} is being deleted, cannot be assigned to a host`);
  }
  if (spec.nodeName) {
    throw newConflict(pods, name, `pod ${name} is already assigned to node "${spec.nodeName}"`);
  }
  if (spec.schedulingGates?.length) {
    throw newConflict(pods, name, `pod ${name} has non-empty .spec.schedulingGates`);
  }
  pod.spec = { ...spec, nodeName: node };
  if (binding.metadata.annotations) {
    metadata.annotations = { ...metadata.annotations, ...binding.metadata.annotations };
  }
  const status = (pod.status ?? {}) as { conditions?: object[] };
  const conditions = (status.conditions ?? []).filter(
    (condition) => !('type' in condition) || condition.type !== 'PodScheduled',
  );
  const scheduled = {
    type: 'PodScheduled',
    status: 'True',
    lastProbeTime: null,
    lastTransitionTime: now,
  };
  pod.status = { ...status, conditions: [...conditions, scheduled] };
}

/** A pod whose node and status a binding may set. */
function bindableKind(kind: Endpoint['kind']): Endpoint['kind'] {
  return {
    ...kind,
    get schema() {
      return kind.schema;
    },
    subresources: {},
    prepareForUpdate: () => {},
    validateUpdate: () => [],
  };
}

/** `/approval` of a certificate signing request: an update of its status that may decide. */
export async function handleApproval(endpoint: Endpoint, context: Context): Promise<Answer> {
  const kind = approvalForm(endpoint.kind);
  const approving = { ...endpoint, kind, registry: { ...endpoint.registry, kind } };
  return handleStatus(approving, context);
}

/** A subresource that is an update with rules of its own: the object, judged by another kind. */
export function handledAs(kind: Endpoint['kind'], endpoint: Endpoint, context: Context) {
  return handleVerb({ ...endpoint, kind, registry: { ...endpoint.registry, kind } }, context);
}
