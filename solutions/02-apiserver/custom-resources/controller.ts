/**
 * Has custom resources served as long as their definitions are there. Given.
 *
 * It watches the definitions, and whenever one changes does what is to be done for what it is now:
 * judges its names, has its kinds served, writes its conditions. When one is deleted, its objects
 * go first.
 *
 * @see k8s.io/apiextensions-apiserver/pkg/controller/{status,establish,finalizer} (1.33)
 */

import {
  isConflict,
  isNotFound,
  type Logger,
  removeFinalizer,
  semanticallyEqual,
  setCondition,
} from '#apimachinery';
import type { ApiObject } from '../api-object.ts';
import type { Kind } from '../kinds/kind.ts';
import type { Registry } from '../registry/registry.ts';
import { update } from '../registry/update.ts';
import { watch } from '../registry/watch.ts';
import { approvalCondition } from './api-approval.ts';
import type { CelCompiler } from './cel-compiler.ts';
import {
  CLEANUP_FINALIZER,
  type CustomResourceDefinition,
  type DefinitionStatus,
  isEstablished,
} from './definition.ts';
import { definitionConditions } from './definition-conditions.ts';
import { deleteObjectsOf, terminatingCondition } from './object-cleanup.ts';
import { type ResourceHost, ServedDefinitions } from './served-definitions.ts';

/** What the controller works with. */
export interface DefinitionControllerOptions {
  /** Of the definitions. */
  readonly registry: Registry;
  /** Serves what is defined. */
  readonly host: ResourceHost;
  /** The registry of a defined kind's objects, for deleting them; `kind` is that of the version that is stored. */
  readonly objects: (kind: Kind) => Registry;
  readonly log: Logger;
  /** For rules in CEL; absent: a definition that has rules is not served. */
  readonly cel?: CelCompiler;
}

/** How long it waits after a failure, and before it asks again whether objects are gone. */
export const RETRY_MS = 1000;

/** Keeps what is served in step with the definitions. */
export class DefinitionController {
  readonly #options: DefinitionControllerOptions;
  readonly #served: ServedDefinitions;
  /** As they were last heard of, or as they were last written here. */
  readonly #definitions = new Map<string, CustomResourceDefinition>();
  /** Deletions under way, by the definition's uid. */
  readonly #terminating = new Map<string, Promise<void>>();

  constructor(options: DefinitionControllerOptions) {
    this.#options = options;
    this.#served = new ServedDefinitions(options);
  }

  /** Runs until `signal` aborts; then nothing is left running. What is served stays so. */
  async start(signal: AbortSignal): Promise<void> {
    const { log, registry } = this.#options;
    while (!signal.aborted) {
      try {
        await this.#follow(signal);
      } catch (error) {
        if (!signal.aborted) log.warn('definitions: a failure, all are looked at anew', { error });
      }
      if (!signal.aborted) await registry.clock.sleep(RETRY_MS, signal).catch(() => {});
    }
    await Promise.all(this.#terminating.values());
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const options = {
      namespace: '',
      sendInitialEvents: true,
      resourceVersionMatch: 'NotOlderThan',
      allowWatchBookmarks: true,
    };
    const seen = new Set<string>();
    let isComplete = false;
    for await (const event of watch(this.#options.registry, options, signal)) {
      if (signal.aborted) return;
      if (event.type === 'ERROR') throw event.error;
      if (event.type === 'BOOKMARK') {
        if (!event.initialEventsEnd) continue;
        // Who was accepted counts, so all must be known before one is judged.
        isComplete = true;
        for (const name of this.#definitions.keys()) {
          if (!seen.has(name)) this.#definitions.delete(name);
        }
        this.#served.keepOnly(seen);
        for (const name of [...seen]) await this.#sync(name, signal);
        continue;
      }
      const definition = event.stored.object as CustomResourceDefinition;
      const name = definition.metadata.name ?? '';
      seen.add(name);
      if (event.type === 'DELETED') await this.#forget(definition, signal);
      else if (this.#remember(definition) && isComplete) await this.#sync(name, signal);
    }
  }

  /** @returns whether it is news: not what was written here a moment ago */
  #remember(definition: CustomResourceDefinition): boolean {
    const { name = '', resourceVersion } = definition.metadata;
    const known = this.#definitions.get(name)?.metadata.resourceVersion;
    if (known !== undefined && Number(known) > Number(resourceVersion)) return false;
    this.#definitions.set(name, definition);
    return true;
  }

  async #forget(definition: CustomResourceDefinition, signal: AbortSignal): Promise<void> {
    const { name = '' } = definition.metadata;
    this.#definitions.delete(name);
    this.#served.remove(name);
    await this.#syncGroup(definition, signal);
  }

  /** Looks at the others of a group: a name may be free now. */
  async #syncGroup({ spec, metadata }: CustomResourceDefinition, signal: AbortSignal) {
    for (const [name, other] of [...this.#definitions]) {
      const mayGain = !semanticallyEqual(other.spec.names, other.status?.acceptedNames);
      if (other.spec.group !== spec.group || name === metadata.name || !mayGain) continue;
      await this.#sync(name, signal);
    }
  }

  async #sync(name: string, signal: AbortSignal): Promise<void> {
    const definition = this.#definitions.get(name);
    if (definition === undefined || signal.aborted) return;
    if (definition.metadata.deletionTimestamp) {
      if (isEstablished(definition)) this.#served.put(definition);
      this.#startTermination(definition, signal);
      return;
    }
    const status = this.#statusOf(definition);
    const next = { ...definition, status };
    // Served first: who sees the condition may ask at once.
    if (isEstablished(next)) this.#served.put(next);
    if (semanticallyEqual(status, definition.status)) return;
    const namesChanged = !semanticallyEqual(status.acceptedNames, definition.status?.acceptedNames);
    await this.#write(definition, (object) => {
      object.status = status;
    });
    if (namesChanged) await this.#syncGroup(definition, signal);
  }

  #statusOf(definition: CustomResourceDefinition): DefinitionStatus {
    const { clock } = this.#options.registry;
    const others = [...this.#definitions.values()].filter(
      ({ metadata }) => metadata.name !== definition.metadata.name,
    );
    const status = definitionConditions(definition, others, clock);
    const approval = approvalCondition(definition);
    if (approval) setCondition(status.conditions, approval, clock);
    return status;
  }

  /**
   * Changes the very version of a definition that was looked at.
   *
   * @returns what was written; `undefined` when somebody was faster, whose change is heard of soon
   */
  async #write(
    definition: CustomResourceDefinition,
    change: (object: ApiObject) => void,
  ): Promise<CustomResourceDefinition | undefined> {
    const { name = '', resourceVersion } = definition.metadata;
    const apply = (object: ApiObject) => {
      if (resourceVersion !== undefined) object.metadata.resourceVersion = resourceVersion;
      change(object);
      return object;
    };
    try {
      const options = { namespace: '', subresource: 'status' } as const;
      const { stored } = await update(this.#options.registry, name, apply, options);
      const written = stored.object as CustomResourceDefinition;
      if (this.#definitions.has(name)) this.#remember(written);
      return written;
    } catch (error) {
      if (isConflict(error) || isNotFound(error)) return undefined;
      throw error;
    }
  }

  #startTermination(definition: CustomResourceDefinition, signal: AbortSignal): void {
    const { name = '', uid = '', finalizers = [] } = definition.metadata;
    if (this.#terminating.has(uid) || !finalizers.includes(CLEANUP_FINALIZER)) return;
    const work = this.#terminate(name, uid, signal).finally(() => this.#terminating.delete(uid));
    this.#terminating.set(uid, work);
  }

  /** Deletes a definition's objects, and lets it go when there are none left. */
  async #terminate(name: string, uid: string, signal: AbortSignal): Promise<void> {
    const { log, registry } = this.#options;
    while (!signal.aborted) {
      const definition = this.#definitions.get(name);
      if (definition?.metadata.uid !== uid) return;
      try {
        if (await this.#terminateOnce(definition)) return;
      } catch (error) {
        log.warn('definitions: deleting objects failed, another try follows', { name, error });
      }
      await registry.clock.sleep(RETRY_MS, signal).catch(() => {});
    }
  }

  /** @returns whether the definition was let go */
  async #terminateOnce(found: CustomResourceDefinition): Promise<boolean> {
    const { clock } = this.#options.registry;
    const setTerminating = (
      object: ApiObject,
      condition: ReturnType<typeof terminatingCondition>,
    ) => {
      const { status } = object as CustomResourceDefinition;
      if (status) setCondition(status.conditions, condition, clock);
    };
    let definition: CustomResourceDefinition | undefined = found;
    let last = terminatingCondition('NeverEstablished');
    if (isEstablished(found)) {
      definition = await this.#write(found, (object) =>
        setTerminating(object, terminatingCondition('InstanceDeletionInProgress')),
      );
      if (definition === undefined) return false;
      if (!(await deleteObjectsOf(definition, this.#options))) return false;
      last = terminatingCondition('InstanceDeletionCompleted');
    }
    const written = await this.#write(definition, (object) => {
      setTerminating(object, last);
      removeFinalizer(object, CLEANUP_FINALIZER);
    });
    return written !== undefined;
  }
}
