/** What a server serves, without a server: all built-in kinds, and a custom one. */

import type { Json } from '../../../solutions/02-apiserver/api-object.ts';
import { resourceOfKind } from '../../../solutions/02-apiserver/handlers/built-in-resources.ts';
import type { Endpoint } from '../../../solutions/02-apiserver/handlers/endpoint.ts';
import { builtInKinds } from '../../../solutions/02-apiserver/kinds/built-in-kinds.ts';
import { defineKind } from '../../../solutions/02-apiserver/kinds/define-kind.ts';
import type { Kind } from '../../../solutions/02-apiserver/kinds/kind.ts';
import {
  type ServedResource,
  ServedResources,
} from '../../../solutions/02-apiserver/served-resources.ts';

/** Nobody calls what is served here. */
const endpointOf = (kind: Kind) => ({ kind }) as unknown as Endpoint;
const handle = () => Promise.reject(new Error('not called'));

/** A new table each time. */
export function servedBuiltIns(): ServedResources {
  const served = new ServedResources();
  const proxy = {
    attach: handle,
    exec: handle,
    log: handle,
    portForward: handle,
    pod: handle,
    node: handle,
    service: handle,
  };
  const options = { proxy, tokens: {}, registryOf: () => ({}) };
  for (const kind of builtInKinds()) {
    const all = options as unknown as Parameters<typeof resourceOfKind>[1];
    served.add(resourceOfKind(endpointOf(kind), all));
  }
  return served;
}

/** `foos.example.com`. */
export function servedCustom(): ServedResource {
  const foo = defineKind({
    group: 'example.com',
    version: 'v1',
    kind: 'Foo',
    resource: 'foos',
    namespaced: true,
    subresources: { status: true },
    isCustom: true,
    openApiSchema,
  });
  // Its own schema would be looked up among the built-in ones.
  const schema = { value: { type: 'object', fields: new Map() } };
  return resourceOfKind(endpointOf(Object.create(foo, { schema }) as Kind));
}

const openApiSchema: Json = {
  type: 'object',
  description: 'A Foo.',
  properties: {
    spec: {
      type: 'object',
      required: ['size'],
      properties: {
        size: { type: 'integer', default: 1 },
        port: { 'x-kubernetes-int-or-string': true },
        maybe: { type: 'string', nullable: true },
      },
    },
  },
};
