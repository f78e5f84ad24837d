/**
 * What a StatefulSet or a DaemonSet was before: its ControllerRevisions. Given.
 *
 * A revision keeps a pod template, in the form of the patch that brings it back: `kubectl rollout undo`
 * only sends it. Which revision a pod should have is `statefulset/` and `daemonset/`.
 */

import type { ControllerRevision } from 'kubernetes-types/apps/v1.js';
import type { PodTemplateSpec } from 'kubernetes-types/core/v1.js';
import {
  deepCopy,
  type GroupVersionKind,
  isAlreadyExists,
  isNotFound,
  type KubernetesObject,
  newControllerRef,
  type Selector,
  semanticallyEqual,
} from '#apimachinery';
import { type Client, CONTROLLER_REVISIONS, type SharedInformer } from '#client';
import type { ControllerContext } from './controller.ts';
import { CONTROLLER_INDEX, controllerIndexKey } from './owners.ts';
import { claimObjects } from './ownership.ts';
import { hashOf } from './pod-template-hash.ts';

export type { ControllerRevision };

/** The label of a pod that says which revision it was made from. */
export const CONTROLLER_REVISION_HASH_LABEL = 'controller-revision-hash';
/** A longer owner's name is cut in a revision's name, so that the hash has room. */
const LONGEST_OWNER_NAME = 223;

/** What has a history. */
export interface HistoryOwner extends KubernetesObject {
  readonly spec?: { readonly template: PodTemplateSpec };
}

/**
 * The patch that brings an owner's pod template back.
 *
 * @remarks Fields are in order, and empty where Go has them empty: `kubectl rollout undo` compares its
 * own patch with this one letter by letter, to see whether there is anything to undo.
 */
export function templatePatch({ spec }: HistoryOwner): object {
  const template = asGoWrites(deepCopy(spec?.template ?? {}));
  return inOrder({ spec: { template: { ...template, $patch: 'replace' } } }) as object;
}

/** What a Go program writes though nobody set it. */
function asGoWrites({ metadata, spec, ...rest }: PodTemplateSpec): object {
  const withResources = <C extends object>(containers: C[] | undefined): object[] | undefined =>
    containers?.map((container) => ({ resources: {}, ...container }));
  return {
    ...rest,
    metadata: { creationTimestamp: null, ...metadata },
    ...(spec && {
      spec: {
        ...spec,
        containers: withResources(spec.containers),
        ...(spec.initContainers && { initContainers: withResources(spec.initContainers) }),
      },
    }),
  };
}

function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder);
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(fields.map(([name, inner]) => [name, inOrder(inner)]));
}

/** The owner with the pod template that a revision keeps. */
export function applyRevision<O extends HistoryOwner>(owner: O, { data }: ControllerRevision): O {
  const { spec } = (data ?? {}) as { spec?: { template?: { $patch?: string } } };
  const { $patch: _, ...template } = spec?.template ?? {};
  return { ...owner, spec: { ...owner.spec, template: deepCopy(template) } };
}

/** Does a revision keep the template that the owner has now? */
export function isOfTemplate({ data }: ControllerRevision, owner: HistoryOwner): boolean {
  return semanticallyEqual(data, templatePatch(owner));
}

/** Revisions from the first to the last; with the same number by age, then by name. */
export function sortRevisions(revisions: readonly ControllerRevision[]): ControllerRevision[] {
  const created = ({ metadata }: ControllerRevision): string =>
    String(metadata?.creationTimestamp ?? '');
  const compare = (a: string, b: string): number => Number(a > b) - Number(a < b);
  return [...revisions].sort(
    (a, b) =>
      a.revision - b.revision ||
      compare(created(a), created(b)) ||
      compare(a.metadata?.name ?? '', b.metadata?.name ?? ''),
  );
}

/** The number of a revision that comes after these. */
export function nextRevisionNumber(revisions: readonly ControllerRevision[]): number {
  return Math.max(0, ...revisions.map(({ revision }) => revision)) + 1;
}

/** How a new revision is made. */
export interface NewRevisionOptions {
  readonly ownerKind: GroupVersionKind;
  /** The label under which it bears its hash. */
  readonly hashLabel: string;
  readonly revision: number;
  readonly collisionCount: number;
}

/** The revision of the owner's template, named after what is in it. */
export function newRevision(owner: HistoryOwner, options: NewRevisionOptions): ControllerRevision {
  const { name = '', namespace, annotations } = owner.metadata ?? {};
  const data = templatePatch(owner);
  const hash = hashOf(data, options.collisionCount);
  const labels = { ...owner.spec?.template.metadata?.labels, [options.hashLabel]: hash };
  return {
    metadata: {
      name: `${name.slice(0, LONGEST_OWNER_NAME)}-${hash}`,
      namespace,
      labels,
      ...(annotations && { annotations: { ...annotations } }),
      ownerReferences: [newControllerRef(owner, options.ownerKind)],
    },
    data: data as ControllerRevision['data'],
    revision: options.revision,
  };
}

/** The revisions to forget, so that no more than `limit` are left of those that nobody uses. */
export function forgottenRevisions(
  unused: readonly ControllerRevision[],
  limit: number,
): ControllerRevision[] {
  return limit < 0 ? [] : sortRevisions(unused).slice(0, Math.max(0, unused.length - limit));
}

/** Reads and writes revisions. */
export class ControllerHistory {
  readonly #client: Client;
  readonly #revisions: SharedInformer<ControllerRevision>;

  constructor({ client, ownedInformer }: ControllerContext) {
    this.#client = client;
    this.#revisions = ownedInformer(CONTROLLER_REVISIONS);
  }

  get informer(): SharedInformer<ControllerRevision> {
    return this.#revisions;
  }

  /**
   * The owner's revisions from the first to the last; those that nobody has are adopted, if the selector
   * takes them.
   */
  async claim<O extends HistoryOwner>(
    owner: O,
    ownerKind: GroupVersionKind,
    selector: Selector,
    freshOwner: () => Promise<O>,
  ): Promise<ControllerRevision[]> {
    const { namespace, uid } = owner.metadata ?? {};
    const byController = (controller: string | undefined): ControllerRevision[] =>
      this.#revisions.lister.byIndex(CONTROLLER_INDEX, controllerIndexKey(namespace, controller));
    const claimed = await claimObjects({
      owner,
      ownerKind,
      freshOwner,
      selector,
      objects: [...byController(uid), ...byController(undefined)],
      client: this.#client.resource(CONTROLLER_REVISIONS, namespace),
    });
    return sortRevisions(claimed);
  }

  /**
   * Creates a revision; one of that name and the same data that is there already is as good.
   *
   * @returns `undefined` when its name is taken by another one: it needs another hash
   */
  async create(revision: ControllerRevision): Promise<ControllerRevision | undefined> {
    const { name = '', namespace } = revision.metadata ?? {};
    const revisions = this.#client.resource(CONTROLLER_REVISIONS, namespace);
    try {
      return await revisions.create(revision);
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
      const existing = await revisions.get(name);
      return semanticallyEqual(existing.data, revision.data) ? existing : undefined;
    }
  }

  /** Gives a revision another number, since its template is the newest again. */
  renumber(revision: ControllerRevision, number: number): Promise<ControllerRevision> {
    const revisions = this.#client.resource(CONTROLLER_REVISIONS, revision.metadata?.namespace);
    return revisions.update({ ...revision, revision: number });
  }

  async forget(revisions: readonly ControllerRevision[]): Promise<void> {
    for (const { metadata } of revisions) {
      const client = this.#client.resource(CONTROLLER_REVISIONS, metadata?.namespace);
      await client.delete(metadata?.name ?? '').catch((error: unknown) => {
        if (!isNotFound(error)) throw error;
      });
    }
  }
}
