/** What an object is when it was put right, and what others have said of it stays. Given. */

import type { Deployment } from 'kubernetes-types/apps/v1.js';
import type { Service } from 'kubernetes-types/core/v1.js';
import { deepCopy, semanticallyEqual } from '#apimachinery';

/**
 * Puts replicas right, and of the container `web` (the first one, if none is called so) the image and the
 * ports, where only `containerPort` counts: if all are as wanted they stay with their names and protocols,
 * else the whole list is that of `wanted`.
 *
 * @param found - what is there, of a cache perhaps: it is not changed; absent: nothing
 * @returns a copy with what was wrong put right, equal to `found` if nothing was; `wanted` if there is none
 */
export function rightDeployment(found: Deployment | undefined, wanted: Deployment): Deployment {
  if (found === undefined) return wanted;
  const right = deepCopy(found);
  const containers = right.spec?.template.spec?.containers ?? [];
  const web = containers.find(({ name }) => name === 'web') ?? containers[0];
  const [wantedWeb] = wanted.spec?.template.spec?.containers ?? [];
  if (right.spec === undefined || web === undefined || wantedWeb === undefined) return right;
  const { replicas } = wanted.spec ?? {};
  if (replicas !== undefined) right.spec.replicas = replicas;
  if (wantedWeb.image !== undefined) web.image = wantedWeb.image;
  const numbers = ({ ports = [] }: typeof web): number[] =>
    ports.map(({ containerPort }) => containerPort);
  if (!semanticallyEqual(numbers(web), numbers(wantedWeb))) web.ports = wantedWeb.ports ?? [];
  return right;
}

/**
 * Puts the selector (exactly that of `wanted`) and the ports right, where of a port only `port` and
 * `targetPort` count: if all are as wanted they stay with their names and node ports, else the whole list is
 * that of `wanted`.
 *
 * @param found - what is there, of a cache perhaps: it is not changed; absent: nothing
 * @returns a copy with what was wrong put right, equal to `found` if nothing was; `wanted` if there is none
 */
export function rightService(found: Service | undefined, wanted: Service): Service {
  if (found === undefined) return wanted;
  const right = deepCopy(found);
  const { selector = {}, ports = [] } = wanted.spec ?? {};
  const there = (right.spec?.ports ?? []).map(({ port, targetPort }) => ({ port, targetPort }));
  right.spec = { ...right.spec, selector };
  if (!semanticallyEqual(there, ports)) right.spec.ports = ports;
  return right;
}
