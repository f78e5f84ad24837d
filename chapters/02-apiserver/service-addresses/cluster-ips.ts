/**
 * Gives out ClusterIPs, each once: an address is taken when its IPAddress object is there. Given.
 *
 * The store decides who gets an address, so several API servers on one store never give out the same.
 */

import { type Clock, type Random, timestamp } from '#apimachinery';
import type { ApiObject } from '../api-object.ts';
import type { Storage } from '../storage/storage.ts';
import type { Stored } from '../storage/stored.ts';
import type { IpRange } from './ip-range.ts';

const PREFIX = '/registry/ipaddresses/';
/** How often chance is tried before the range is walked through. */
const GUESSES = 32;

export interface ClusterIpsOptions {
  readonly storage: Storage;
  readonly range: IpRange;
  readonly clock: Clock;
  readonly random: Random;
}

/** Why an address cannot be had. */
export class AllocationError extends Error {
  override readonly name = 'AllocationError';
}

/** @see pkg/registry/core/service/ipallocator/ipallocator.go (1.33) */
export class ClusterIps {
  readonly #options: ClusterIpsOptions;

  constructor(options: ClusterIpsOptions) {
    this.#options = options;
  }

  get range(): IpRange {
    return this.#options.range;
  }

  /**
   * Takes one address for a service.
   *
   * @throws AllocationError, as a rejection, when it is not in the range or another service has it
   */
  async take(ip: string, service: ApiObject): Promise<void> {
    if (this.range.indexOf(ip) === undefined) {
      throw new AllocationError(
        `the provided IP (${ip}) is not in the valid range. The range of valid IPs is ${this.range.cidr}`,
      );
    }
    if (!(await this.#create(ip, service))) {
      throw new AllocationError('provided IP is already allocated');
    }
  }

  /**
   * Takes any address for a service: of the upper part while there is one.
   *
   * @throws AllocationError, as a rejection, when all are taken
   */
  async takeAny(service: ApiObject): Promise<string> {
    const { range, random } = this.#options;
    const { dynamicFrom, size } = range;
    for (let guess = 0; guess < GUESSES; guess++) {
      const ip = range.at(dynamicFrom + random.int(size - dynamicFrom));
      if (await this.#create(ip, service)) return ip;
    }
    const { items } = await this.#options.storage.list(PREFIX);
    const taken = new Set(items.map(({ key }) => key.slice(PREFIX.length)));
    for (let i = 0; i < size; i++) {
      const ip = range.at((dynamicFrom + i) % size);
      if (!taken.has(ip) && (await this.#create(ip, service))) return ip;
    }
    throw new AllocationError('range is full');
  }

  /** Gives an address back; nothing happens when it is another service's, or free. */
  async release(ip: string, service: ApiObject): Promise<void> {
    const { storage } = this.#options;
    const stored = await storage.get(PREFIX + ip);
    if (stored && isParent(stored, service)) await storage.remove(stored);
  }

  /**
   * Makes the addresses fit the services that there are, after a crash between two writes.
   *
   * @returns what was mended, in words
   */
  async repair(services: readonly ApiObject[]): Promise<string[]> {
    const { storage } = this.#options;
    const { items } = await storage.list(PREFIX);
    const mended: string[] = [];
    const byIp = new Map(items.map((stored) => [stored.key.slice(PREFIX.length), stored]));
    const owned = new Map(services.flatMap((s) => clusterIpsOf(s).map((ip) => [ip, s] as const)));
    for (const [ip, stored] of byIp) {
      const service = owned.get(ip);
      if (service && isParent(stored, service)) continue;
      await storage.remove(stored);
      byIp.delete(ip);
      mended.push(`${ip} was taken by no service`);
    }
    for (const [ip, service] of owned) {
      if (byIp.has(ip) || this.range.indexOf(ip) === undefined) continue;
      if (await this.#create(ip, service)) mended.push(`${ip} was not marked as taken`);
    }
    return mended;
  }

  async #create(ip: string, { metadata }: ApiObject): Promise<boolean> {
    const { storage, clock, random } = this.#options;
    const object: ApiObject = {
      kind: 'IPAddress',
      apiVersion: 'networking.k8s.io/v1',
      metadata: {
        name: ip,
        uid: random.uuid(),
        creationTimestamp: timestamp(clock.now()),
        labels: {
          'ipaddress.kubernetes.io/ip-family': 'IPv4',
          'ipaddress.kubernetes.io/managed-by': 'ipallocator.k8s.io',
        },
      },
      spec: {
        parentRef: {
          group: '',
          resource: 'services',
          namespace: metadata.namespace ?? '',
          name: metadata.name ?? '',
        },
      },
    };
    return (await storage.create(PREFIX + ip, object)).done;
  }
}

/** The addresses of a service that are addresses. */
export function clusterIpsOf({ spec }: ApiObject): string[] {
  const { clusterIP, clusterIPs } = (spec ?? {}) as { clusterIP?: string; clusterIPs?: string[] };
  const all = clusterIPs ?? (clusterIP ? [clusterIP] : []);
  return all.filter((ip) => ip !== '' && ip !== 'None');
}

function isParent({ object }: Stored, { metadata }: ApiObject): boolean {
  const { parentRef } = (object.spec ?? {}) as {
    parentRef?: { namespace?: string; name?: string };
  };
  return parentRef?.namespace === metadata.namespace && parentRef?.name === metadata.name;
}
