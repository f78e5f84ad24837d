/**
 * The admission plugins of this server, in the order they are asked. Given.
 *
 * @see pkg/kubeapiserver/options/plugins.go (1.33)
 */

import { type Clock, deepCopy, type GroupVersionKind, type Random } from '#apimachinery';
import { asNotImplemented } from '#not-implemented';
import type { ApiObject } from '../api-object.ts';
import type { Authorizer } from '../authorization/authorizer.ts';
import type { PolicySource } from '../authorization/policy-source.ts';
import type { ConditionCompiler } from '../custom-resources/cel-compiler.ts';
import { builtInKinds } from '../kinds/built-in-kinds.ts';
import type { Kind } from '../kinds/kind.ts';
import { podSecurity } from '../pod-security/plugin.ts';
import { prefixOf, type Registry } from '../registry/registry.ts';
import { update } from '../registry/update.ts';
import type { Mirror } from '../storage/mirror.ts';
import { conditionsCompile, conditionsMatchBy } from '../webhooks/match-conditions.ts';
import { decodeAdmitted, endpointResolver, equivalentForms } from '../webhooks/server-webhooks.ts';
import {
  mutatingWebhooks,
  validatingWebhooks,
  type WebhookOptions,
} from '../webhooks/webhook-admission.ts';
import type { WebhookClient } from '../webhooks/webhook-client.ts';
import type { AdmissionPlugin } from './admission.ts';
import { admit } from './admission-chain.ts';
import { certificateRequester } from './certificate-requester.ts';
import { claimResize } from './claim-resize.ts';
import { defaultIngressClass } from './default-ingress-class.ts';
import { defaultStorageClass } from './default-storage-class.ts';
import { defaultTolerationSeconds } from './default-toleration-seconds.ts';
import { limitRanger } from './limit-ranger.ts';
import { namespaceLifecycle } from './namespace-lifecycle.ts';
import { nodeRestriction } from './node-restriction.ts';
import { priority } from './priority.ts';
import { rbacEscalation } from './rbac-escalation.ts';
import { resourceQuota } from './resource-quota.ts';
import { serviceAccount } from './service-account.ts';
import { taintNodesByCondition } from './taint-nodes-by-condition.ts';

/** What the plugins need of the server. */
export interface PluginWorld {
  readonly clock: Clock;
  readonly random: Random;
  readonly authorizer: Authorizer;
  readonly policy: PolicySource;
  /** Is the node authorizer on, which leaves half of the work to NodeRestriction? */
  readonly restrictsNodes: boolean;
  readonly registryOf: (group: string, kind: string) => Registry;
  /** The objects under a prefix, at hand. */
  readonly mirror: (prefix: string) => Mirror;
  readonly webhookClient: WebhookClient;
  /** For conditions of webhooks; absent: a webhook that has some refuses everything. */
  readonly conditions?: ConditionCompiler | undefined;
  /** Finds a kind that is not built in. */
  readonly customKindOf?: (gvk: GroupVersionKind) => Kind | undefined;
}

/** How often a namespace's account `default` is looked for: a controller makes it, a moment after the namespace. */
const DEFAULT_ACCOUNT_TRIES = 10;

export function defaultPlugins(world: PluginWorld): AdmissionPlugin[] {
  const objects = new Objects(world);
  const { clock, random } = world;
  const namespace = (name: string) => objects.get('', 'Namespace', '', name);
  const webhooks = webhooksWorld(world, objects);
  const mutating: AdmissionPlugin[] = [
    ...written(() => namespaceLifecycle({ namespace })),
    ...written(() => limitRanger({ limitRanges: (ns) => objects.under('', 'LimitRange', ns) })),
    ...written(() =>
      serviceAccount({
        random,
        serviceAccount: (ns, name) => findAccount(world, objects, ns, name),
      }),
    ),
    ...(world.restrictsNodes
      ? [
          nodeRestriction({
            pod: (ns, name) => objects.get('', 'Pod', ns, name),
            node: (name) => objects.get('', 'Node', '', name),
          }),
        ]
      : []),
    taintNodesByCondition,
    priority({
      priorityClasses: () => objects.under(SCHEDULING, 'PriorityClass', ''),
      priorityClass: (name) => objects.get(SCHEDULING, 'PriorityClass', '', name),
    }),
    defaultTolerationSeconds,
    defaultStorageClass({ storageClasses: () => objects.under(STORAGE, 'StorageClass', '') }),
    certificateRequester,
    defaultIngressClass({ ingressClasses: () => objects.under(NETWORKING, 'IngressClass', '') }),
  ];
  return [
    ...mutating,
    ...written(() =>
      mutatingWebhooks({
        ...webhooks('MutatingWebhookConfiguration'),
        decode: (json, gvk) => decodeAdmitted(json, gvk, (each) => kindOf(world, each)),
        askPluginsAgain: (request) => admit(mutating, request),
      }),
    ),
    podSecurity({ namespace, pods: (ns) => podsOf(world, ns) }),
    claimResize({ storageClass: (name) => objects.get(STORAGE, 'StorageClass', '', name) }),
    rbacEscalation(world),
    ...(world.conditions ? [conditionsCompile(world.conditions)] : []),
    ...written(() => validatingWebhooks(webhooks('ValidatingWebhookConfiguration'))),
    ...written(() =>
      resourceQuota({
        clock,
        quotas: (ns) => objects.read('', 'ResourceQuota', ns),
        charge: (quota, used) => charge(world, quota, used),
      }),
    ),
  ];
}

const SCHEDULING = 'scheduling.k8s.io';
const STORAGE = 'storage.k8s.io';
const NETWORKING = 'networking.k8s.io';
const ADMISSION = 'admissionregistration.k8s.io';

/** Nothing for a plugin that has not been written yet: the server does without. */
function written(make: () => AdmissionPlugin): AdmissionPlugin[] {
  try {
    return [make()];
  } catch (error) {
    if (asNotImplemented(error) === undefined) throw error;
    return [];
  }
}

/** The objects that plugins ask for. */
class Objects {
  readonly #world: PluginWorld;
  /** By kind: every write asks for several. */
  readonly #mirrors = new Map<string, Mirror>();

  constructor(world: PluginWorld) {
    this.#world = world;
    // A mirror runs from the server's start on: all that are ever needed must be known before.
    for (const [group, kind] of MIRRORED) this.#mirror(group, kind);
  }

  /** One as it is now: what was made a moment ago may not be in the mirror yet. */
  async get(
    group: string,
    kind: string,
    namespace: string,
    name: string,
  ): Promise<ApiObject | undefined> {
    const registry = this.#world.registryOf(group, kind);
    const key = `${prefixOf(registry, namespace)}${name}`;
    const known = MIRRORED_KINDS.has(kind) ? this.#mirror(group, kind).get(key) : undefined;
    return known ?? (await registry.storage.get(key))?.object;
  }

  /** Those of a namespace, or all, as the mirror has them. */
  under(group: string, kind: string, namespace: string): ApiObject[] {
    const prefix = prefixOf(this.#world.registryOf(group, kind), namespace);
    return this.#mirror(group, kind).under(prefix);
  }

  /** The same, each as it is now. */
  async read(group: string, kind: string, namespace: string): Promise<ApiObject[]> {
    const registry = this.#world.registryOf(group, kind);
    const prefix = prefixOf(registry, namespace);
    const read = this.under(group, kind, namespace).map(({ metadata }) =>
      registry.storage.get(`${prefix}${metadata.name ?? ''}`),
    );
    return (await Promise.all(read)).flatMap((stored) => (stored ? [stored.object] : []));
  }

  #mirror(group: string, kind: string): Mirror {
    let mirror = this.#mirrors.get(kind);
    if (mirror === undefined) {
      mirror = this.#world.mirror(prefixOf(this.#world.registryOf(group, kind), ''));
      this.#mirrors.set(kind, mirror);
    }
    return mirror;
  }
}

const MIRRORED = [
  ['', 'Namespace'],
  ['', 'LimitRange'],
  ['', 'ServiceAccount'],
  ['', 'ResourceQuota'],
  [SCHEDULING, 'PriorityClass'],
  [STORAGE, 'StorageClass'],
  [NETWORKING, 'IngressClass'],
  [ADMISSION, 'MutatingWebhookConfiguration'],
  [ADMISSION, 'ValidatingWebhookConfiguration'],
] as const;
const MIRRORED_KINDS: ReadonlySet<string> = new Set(MIRRORED.map(([, kind]) => kind));

async function findAccount(
  { clock, random }: PluginWorld,
  objects: Objects,
  namespace: string,
  name: string,
): Promise<ApiObject | undefined> {
  const tries = name === 'default' ? DEFAULT_ACCOUNT_TRIES : 1;
  const pauseMs = 100 + random.int(100);
  for (let i = 0; i < tries; i++) {
    if (i > 0) await clock.sleep(pauseMs);
    const found = await objects.get('', 'ServiceAccount', namespace, name);
    if (found) return found;
  }
  return undefined;
}

async function podsOf({ registryOf }: PluginWorld, namespace: string): Promise<ApiObject[]> {
  const registry = registryOf('', 'Pod');
  const { items } = await registry.storage.list(prefixOf(registry, namespace));
  return items.map(({ object }) => object);
}

async function charge(
  { registryOf }: PluginWorld,
  quota: ApiObject,
  used: Readonly<Record<string, string>>,
): Promise<void> {
  const { name = '', namespace = '' } = quota.metadata;
  // With the version that was read: whoever wrote in between must be seen first.
  const charged = deepCopy({ ...quota, status: { ...(quota.status as object), used } });
  const options = { namespace, subresource: 'status' } as const;
  await update(registryOf('', 'ResourceQuota'), name, () => charged, options);
}

function webhooksWorld(
  { clock, random, webhookClient, conditions }: PluginWorld,
  objects: Objects,
): (kind: string) => WebhookOptions {
  const conditionsMatch = conditions && conditionsMatchBy(conditions);
  return (kind) => ({
    clock,
    random,
    client: webhookClient,
    configurations: () => objects.under(ADMISSION, kind, ''),
    namespace: (name) => objects.get('', 'Namespace', '', name),
    equivalents: equivalentForms,
    ...(conditionsMatch && { conditionsMatch }),
    resolveService: endpointResolver((...of) => objects.get('', ...of), random),
  });
}

function kindOf({ customKindOf }: PluginWorld, gvk: GroupVersionKind): Kind | undefined {
  const found = builtInKinds().find(
    ({ group, version, kind }) =>
      group === gvk.group && version === gvk.version && kind === gvk.kind,
  );
  return found ?? customKindOf?.(gvk);
}
