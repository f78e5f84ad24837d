/**
 * The schemas of all built-in types, by name and by kind. Given.
 *
 * The facts are the tables in `facts/`, a file for each group version.
 */

import type { GroupVersionKind } from '#apimachinery';
import { admissionregistrationV1 } from './facts/admissionregistration-v1.ts';
import { apiextensionsV1 } from './facts/apiextensions-v1.ts';
import { apiregistrationV1 } from './facts/apiregistration-v1.ts';
import { appsV1 } from './facts/apps-v1.ts';
import { authenticationV1 } from './facts/authentication-v1.ts';
import { authorizationV1 } from './facts/authorization-v1.ts';
import { autoscalingV1 } from './facts/autoscaling-v1.ts';
import { autoscalingV2 } from './facts/autoscaling-v2.ts';
import { batchV1 } from './facts/batch-v1.ts';
import { certificatesV1 } from './facts/certificates-v1.ts';
import { coordinationV1 } from './facts/coordination-v1.ts';
import { coreV1 } from './facts/core-v1.ts';
import { discoveryV1 } from './facts/discovery-v1.ts';
import { eventsV1 } from './facts/events-v1.ts';
import { metaV1 } from './facts/meta-v1.ts';
import { metricsV1beta1 } from './facts/metrics-v1beta1.ts';
import { networkingV1 } from './facts/networking-v1.ts';
import { nodeV1 } from './facts/node-v1.ts';
import { policyV1 } from './facts/policy-v1.ts';
import { rbacV1 } from './facts/rbac-v1.ts';
import { schedulingV1 } from './facts/scheduling-v1.ts';
import { storageV1 } from './facts/storage-v1.ts';
import { Facts } from './facts.ts';
import type { ObjectSchema } from './schema.ts';

const TABLES = [
  {
    name: 'admissionregistration-v1',
    group: 'admissionregistration.k8s.io',
    version: 'v1',
    prefix: 'io.k8s.api.admissionregistration.v1',
    text: admissionregistrationV1,
  },
  {
    name: 'apiextensions-v1',
    group: 'apiextensions.k8s.io',
    version: 'v1',
    prefix: 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1',
    text: apiextensionsV1,
  },
  {
    name: 'apiregistration-v1',
    group: 'apiregistration.k8s.io',
    version: 'v1',
    prefix: 'io.k8s.kube-aggregator.pkg.apis.apiregistration.v1',
    text: apiregistrationV1,
  },
  { name: 'apps-v1', group: 'apps', version: 'v1', prefix: 'io.k8s.api.apps.v1', text: appsV1 },
  {
    name: 'authentication-v1',
    group: 'authentication.k8s.io',
    version: 'v1',
    prefix: 'io.k8s.api.authentication.v1',
    text: authenticationV1,
  },
  {
    name: 'authorization-v1',
    group: 'authorization.k8s.io',
    version: 'v1',
    prefix: 'io.k8s.api.authorization.v1',
    text: authorizationV1,
  },
  {
    name: 'autoscaling-v1',
    group: 'autoscaling',
    version: 'v1',
    prefix: 'io.k8s.api.autoscaling.v1',
    text: autoscalingV1,
  },
  {
    name: 'autoscaling-v2',
    group: 'autoscaling',
    version: 'v2',
    prefix: 'io.k8s.api.autoscaling.v2',
    text: autoscalingV2,
  },
  { name: 'batch-v1', group: 'batch', version: 'v1', prefix: 'io.k8s.api.batch.v1', text: batchV1 },
  {
    name: 'certificates-v1',
    group: 'certificates.k8s.io',
    version: 'v1',
    prefix: 'io.k8s.api.certificates.v1',
    text: certificatesV1,
  },
  {
    name: 'coordination-v1',
    group: 'coordination.k8s.io',
    version: 'v1',
    prefix: 'io.k8s.api.coordination.v1',
    text: coordinationV1,
  },
  { name: 'core', group: '', version: 'v1', prefix: 'io.k8s.api.core.v1', text: coreV1 },
  {
    name: 'discovery-v1',
    group: 'discovery.k8s.io',
    version: 'v1',
    prefix: 'io.k8s.api.discovery.v1',
    text: discoveryV1,
  },
  {
    name: 'events-v1',
    group: 'events.k8s.io',
    version: 'v1',
    prefix: 'io.k8s.api.events.v1',
    text: eventsV1,
  },
  {
    name: 'meta',
    group: 'meta.k8s.io',
    version: 'v1',
    prefix: 'io.k8s.apimachinery.pkg.apis.meta.v1',
    text: metaV1,
  },
  {
    name: 'metrics-v1beta1',
    group: 'metrics.k8s.io',
    version: 'v1beta1',
    prefix: 'io.k8s.metrics.pkg.apis.metrics.v1beta1',
    text: metricsV1beta1,
  },
  {
    name: 'networking-v1',
    group: 'networking.k8s.io',
    version: 'v1',
    prefix: 'io.k8s.api.networking.v1',
    text: networkingV1,
  },
  {
    name: 'node-v1',
    group: 'node.k8s.io',
    version: 'v1',
    prefix: 'io.k8s.api.node.v1',
    text: nodeV1,
  },
  {
    name: 'policy-v1',
    group: 'policy',
    version: 'v1',
    prefix: 'io.k8s.api.policy.v1',
    text: policyV1,
  },
  {
    name: 'rbac-v1',
    group: 'rbac.authorization.k8s.io',
    version: 'v1',
    prefix: 'io.k8s.api.rbac.v1',
    text: rbacV1,
  },
  {
    name: 'scheduling-v1',
    group: 'scheduling.k8s.io',
    version: 'v1',
    prefix: 'io.k8s.api.scheduling.v1',
    text: schedulingV1,
  },
  {
    name: 'storage-v1',
    group: 'storage.k8s.io',
    version: 'v1',
    prefix: 'io.k8s.api.storage.v1',
    text: storageV1,
  },
];

const facts = new Facts(new Map(TABLES.map((table) => [table.name, table])));

/**
 * A type by the name its definition has in OpenAPI.
 *
 * @param name - `io.k8s.api.core.v1.PodSpec`
 * @returns the same object each time; `undefined` when there is no such type
 */
export function builtInSchema(name: string): ObjectSchema | undefined {
  return facts.schema(name);
}

/** The names of all types, in the order of the tables. */
export function definitionNames(): string[] {
  return facts.names();
}

/** The name of a kind's definition; `undefined` when it is not built in. */
export function definitionNameOf({ group, version, kind }: GroupVersionKind): string | undefined {
  const table = TABLES.find((one) => one.group === group && one.version === version);
  return table && `${table.prefix}.${kind}`;
}

/** The kind that a definition is of; `undefined` for types that are only parts. */
export function kindOfDefinition(name: string): GroupVersionKind | undefined {
  if (!facts.isKind(name)) return undefined;
  const at = name.lastIndexOf('.');
  const table = TABLES.find((one) => one.prefix === name.slice(0, at));
  return table && { group: table.group, version: table.version, kind: name.slice(at + 1) };
}

/**
 * A built-in kind's schema.
 *
 * @throws Error when there is no such kind
 */
export function schemaOfKind(gvk: GroupVersionKind): ObjectSchema {
  const name = definitionNameOf(gvk);
  const schema = name === undefined ? undefined : facts.schema(name);
  if (schema === undefined) {
    throw new Error(`no built-in kind ${gvk.kind} in ${gvk.group}/${gvk.version}`);
  }
  return schema;
}
