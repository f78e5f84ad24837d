/**
 * What controllers tell people about an object: `kubectl describe` shows it. Given.
 *
 * This is how an Event is made from what a controller says. How it gets to the API server is
 * `event-broadcaster.ts`; what becomes of many that are alike, `event-correlator.ts`.
 */

import type { Event as CoreEvent, ObjectReference } from 'kubernetes-types/core/v1.js';
import {
  type Clock,
  dnsSubdomainFaults,
  type KubernetesObject,
  type Random,
  timestamp,
} from '#apimachinery';
import { type ResourceType, typeMetaOf } from './resource-type.ts';

/** Is all well, or should somebody look? */
export type EventType = 'Normal' | 'Warning';

/** What an event can say besides. */
export interface EventOptions {
  readonly annotations?: Readonly<Record<string, string>>;
  /** The part of the object it is about: `spec.containers{web}`. */
  readonly fieldPath?: string;
}

/**
 * Tells what happened to objects, in the name of one component.
 *
 * @remarks It returns at once and never throws: that nobody could be told must not stop a
 * controller.
 *
 * ```ts
 * recorder.event(REPLICA_SETS, rs, 'Normal', 'SuccessfulCreate', 'Created pod: web-abc');
 * ```
 */
export interface EventRecorder {
  /**
   * @param type - what the object is: objects from lists do not say
   * @param object - its namespace, name, uid and resourceVersion are taken now
   * @param reason - for programs, in CamelCase
   * @param message - for people
   */
  event(
    type: ResourceType,
    object: KubernetesObject,
    eventType: EventType,
    reason: string,
    message: string,
    options?: EventOptions,
  ): void;
}

/** Who says it: a component's name and the node it runs on. */
export interface EventSource {
  readonly component: string;
  /** Absent for who does not belong to a node. */
  readonly host?: string;
}

/** What is said, and of what. */
export interface EventWords {
  readonly involvedObject: ObjectReference;
  readonly eventType: EventType;
  readonly reason: string;
  readonly message: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Refers to an object, as it is now, by what the client knows of its kind. */
export function objectReference(
  type: ResourceType,
  object: KubernetesObject,
  fieldPath?: string,
): ObjectReference {
  const { namespace, name, uid, resourceVersion } = object.metadata ?? {};
  const { kind, apiVersion } = typeMetaOf(type);
  return {
    kind,
    ...(namespace && { namespace }),
    ...(name && { name }),
    ...(uid && { uid }),
    apiVersion,
    ...(resourceVersion && { resourceVersion }),
    ...(fieldPath && { fieldPath }),
  };
}

/** Makes events, whose names are never the same. */
export class EventFactory {
  readonly #clock: Clock;
  readonly #random: Random;
  #lastNanos = 0n;

  constructor({ clock, random }: { readonly clock: Clock; readonly random: Random }) {
    this.#clock = clock;
    this.#random = random;
  }

  /**
   * A new event that happened once, now.
   *
   * @see client-go v0.33 tools/record/event.go, makeEvent
   */
  newEvent(source: EventSource, words: EventWords): CoreEvent {
    const { involvedObject, eventType, reason, message, annotations } = words;
    const now = timestamp(this.#clock.now());
    return {
      metadata: {
        name: this.newName(involvedObject.name ?? ''),
        // What is in no namespace has its events in this one.
        namespace: involvedObject.namespace ?? 'default',
        ...(annotations && { annotations: { ...annotations } }),
      },
      involvedObject,
      reason,
      message,
      source: { ...source },
      firstTimestamp: now,
      lastTimestamp: now,
      count: 1,
      type: eventType,
      reportingComponent: source.component,
      reportingInstance: source.host ?? '',
    };
  }

  /**
   * A name for an event about `objectName`: that and the time, in nanoseconds and hexadecimal. A
   * UUID where this would not be a name.
   */
  newName(objectName: string): string {
    const name = `${objectName}.${this.#nanos().toString(16)}`;
    return dnsSubdomainFaults(name).length > 0 ? this.#random.uuid() : name;
  }

  /**
   * The clock only has milliseconds. What is below is chance, so that two components that tell
   * something of the same object at the same moment do not take the same name.
   */
  #nanos(): bigint {
    const now = BigInt(Math.floor(this.#clock.now())) * 1_000_000n;
    const drawn = now + BigInt(this.#random.int(1_000_000));
    this.#lastNanos = drawn > this.#lastNanos ? drawn : this.#lastNanos + 1n;
    return this.#lastNanos;
  }
}
