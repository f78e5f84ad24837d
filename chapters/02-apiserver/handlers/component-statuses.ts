/**
 * `componentstatuses`: whether the parts of the control plane that can be asked are well. Given.
 *
 * Long deprecated, and still what `kubectl get cs` asks for.
 */

import { newNotFound } from '#apimachinery';
import type { ApiObject } from '../api-object.ts';
import type { ServedResource } from '../served-resources.ts';
import { Stored } from '../storage/stored.ts';
import { listAnswer, objectAnswer } from './answers.ts';
import type { Endpoint } from './endpoint.ts';

const ETCD = 'etcd-0';

/** @param check - resolves when the store answers */
export function componentStatusesResource(
  endpoint: Endpoint,
  check: () => Promise<void>,
): ServedResource {
  const { kind } = endpoint;
  const status = async (): Promise<Stored> => new Stored(ETCD, 0, await statusOf(check));
  return {
    group: kind.group,
    version: kind.version,
    resource: kind.resource,
    kind: kind.kind,
    singular: kind.singular,
    shortNames: kind.shortNames,
    categories: kind.categories,
    namespaced: false,
    verbs: ['get', 'list'],
    subresources: new Map(),
    kindOf: kind,
    handle: async (context) => {
      context.warnings.push('v1 ComponentStatus is deprecated in v1.19+');
      const stored = await status();
      if (context.info.verb === 'list') {
        return listAnswer(endpoint, context, { items: [stored], resourceVersion: '' });
      }
      if (context.info.name !== ETCD) {
        throw newNotFound({ group: '', resource: kind.resource }, context.info.name);
      }
      return objectAnswer(endpoint, context, stored, 200);
    },
  };
}

async function statusOf(check: () => Promise<void>): Promise<ApiObject> {
  const isWell = await check().then(
    () => true,
    () => false,
  );
  const condition = isWell
    ? { type: 'Healthy', status: 'True', message: 'ok' }
    : { type: 'Healthy', status: 'False', message: 'the store does not answer' };
  return {
    kind: 'ComponentStatus',
    apiVersion: 'v1',
    metadata: { name: ETCD },
    conditions: [condition],
  };
}
