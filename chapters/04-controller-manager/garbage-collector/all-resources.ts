/**
 * Informers of every resource there is, those of definitions as they come and go. Given.
 *
 * Used by who has to know all objects: the garbage collector.
 */

import type { CustomResourceDefinition } from 'kubernetes-types/apiextensions/v1.js';
import type { KubernetesObject } from '#apimachinery';
import {
  CUSTOM_RESOURCE_DEFINITIONS,
  type EventHandler,
  type Lister,
  type ResourceType,
  SharedInformer,
} from '#client';
import type { ControllerContext } from '../controller.ts';
import { finalState } from '../owners.ts';
import { BUILT_IN_RESOURCES, resourceKey, resourceOfDefinition } from './resources.ts';

interface Custom {
  readonly type: ResourceType;
  readonly informer: SharedInformer<KubernetesObject>;
  readonly ended: AbortController;
}

/** All resources' objects, told to one handler. */
export class AllResources {
  readonly #context: ControllerContext;
  readonly #handlerOf: (type: ResourceType) => EventHandler<KubernetesObject>;
  readonly #definitions: SharedInformer<CustomResourceDefinition>;
  readonly #builtIn: readonly SharedInformer<KubernetesObject>[];
  readonly #custom = new Map<string, Custom>();
  readonly #running = new Set<Promise<void>>();
  #signal: AbortSignal | undefined;

  /** @param handlerOf - makes the handler that hears of a resource's objects */
  constructor(
    context: ControllerContext,
    handlerOf: (type: ResourceType) => EventHandler<KubernetesObject>,
  ) {
    this.#context = context;
    this.#handlerOf = handlerOf;
    this.#definitions = context.informers.informer(CUSTOM_RESOURCE_DEFINITIONS);
    this.#builtIn = BUILT_IN_RESOURCES.map((type) => {
      const informer = context.informers.informer(type);
      informer.addEventHandler(handlerOf(type));
      return informer;
    });
    this.#definitions.addEventHandler({
      onAdd: (definition) => this.#take(definition),
      onUpdate: (_, definition) => this.#take(definition),
      onDelete: (gone) => this.#drop(finalState(gone).metadata?.name ?? ''),
    });
  }

  /** Follows custom resources until the signal aborts; the built-in ones' informers run anyway. */
  async run(signal: AbortSignal): Promise<void> {
    this.#signal = signal;
    for (const custom of this.#custom.values()) this.#start(custom);
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
    for (const { ended } of this.#custom.values()) ended.abort();
    await Promise.all(this.#running);
  }

  /** Is everything known that was there at first? */
  hasSynced(): boolean {
    const custom = [...this.#custom.values()].map(({ informer }) => informer);
    return [this.#definitions, ...this.#builtIn, ...custom].every((one) => one.hasSynced());
  }

  /** The resource of a kind, as an owner reference names it; `undefined` when there is none. */
  find(apiVersion: string, kind: string): ResourceType | undefined {
    const [version = '', group = ''] = apiVersion.split('/').reverse();
    // A reference may name another version of the kind: it is the same object.
    const custom = [...this.#custom.values()].map(({ type }) => type);
    const all = [...BUILT_IN_RESOURCES, ...custom].filter(
      (one) => one.kind === kind && one.group === group,
    );
    return all.find((one) => one.version === version) ?? all[0];
  }

  /** The objects of a resource, from a cache; `undefined` when there is no such resource. */
  lister(type: ResourceType): Lister<KubernetesObject> | undefined {
    if (BUILT_IN_RESOURCES.includes(type)) return this.#context.informers.informer(type).lister;
    const custom = [...this.#custom.values()].find(
      (one) => resourceKey(one.type) === resourceKey(type),
    );
    return custom?.informer.lister;
  }

  #take(definition: CustomResourceDefinition): void {
    const name = definition.metadata?.name ?? '';
    const type = resourceOfDefinition(definition);
    const before = this.#custom.get(name);
    if (before && type && resourceKey(before.type) === resourceKey(type)) return;
    this.#drop(name);
    if (!type) return;
    const { client, clock, random, log } = this.#context;
    const options = { clock, random, log, name: type.resource };
    const informer = new SharedInformer<KubernetesObject>(client.resource(type), options);
    informer.addEventHandler(this.#handlerOf(type));
    const custom = { type, informer, ended: new AbortController() };
    this.#custom.set(name, custom);
    if (this.#signal) this.#start(custom);
  }

  #start({ informer, ended }: Custom): void {
    if (this.#signal?.aborted) ended.abort();
    const running = informer.run(ended.signal).finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  #drop(name: string): void {
    this.#custom.get(name)?.ended.abort();
    this.#custom.delete(name);
  }
}
