/**
 * A group version's OpenAPI 3 document: its paths, and the definitions they need. Given.
 */

import { versionInfo } from '../discovery/version.ts';
import { builtInSchema, definitionNameOf } from '../schema/built-in.ts';
import type { ServedResource } from '../served-resources.ts';
import { customDefinition, customName } from './custom-definition.ts';
import { builtInDefinition, listOf } from './definitions.ts';
import type { Descriptions } from './descriptions.ts';
import { type NameOfKind, pathsOf } from './operations.ts';
import { type JsonObject, namesReferredTo } from './well-known.ts';

/**
 * The document of some resources.
 *
 * @param resources - of one group version, or all of them
 * @param more - paths beside those of the resources
 */
export function documentOf(
  resources: readonly ServedResource[],
  descriptions: Descriptions,
  more: JsonObject = {},
): JsonObject {
  const paths: JsonObject = { ...more };
  for (const resource of resources) Object.assign(paths, pathsOf(resource, nameOfKindOf(resource)));
  const custom = customDefinitions(resources, descriptions);
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: versionInfo.gitVersion },
    paths,
    components: {
      schemas: reachable(
        paths,
        (name) => custom.get(name) ?? builtInDefinition(name, descriptions),
      ),
      securitySchemes: {
        BearerToken: {
          type: 'apiKey',
          in: 'header',
          name: 'authorization',
          description: 'Bearer token authentication',
        },
      },
    },
  };
}

function nameOfKindOf(resource: ServedResource): NameOfKind {
  return (gvk) => {
    const { group, version, kind } = gvk;
    const isOwn = group === resource.group && version === resource.version;
    if (resource.isCustom && isOwn) return customName(group, version, kind);
    const name = definitionNameOf(gvk);
    return name !== undefined && builtInSchema(name) ? name : undefined;
  };
}

function customDefinitions(
  resources: readonly ServedResource[],
  descriptions: Descriptions,
): Map<string, JsonObject> {
  const found = new Map<string, JsonObject>();
  for (const { isCustom, kindOf } of resources) {
    if (!isCustom || kindOf === undefined) continue;
    const { group, version, kind } = kindOf;
    const name = customName(group, version, kind);
    found.set(name, customDefinition(kindOf, descriptions));
    found.set(
      `${name}List`,
      listOf(name, kindOf, () => undefined),
    );
  }
  return found;
}

/** All definitions that are referred to, by those that are referred to as well; by name. */
function reachable(
  paths: JsonObject,
  definitionOf: (name: string) => JsonObject | undefined,
): JsonObject {
  const found = new Map<string, JsonObject>();
  const wanted = [...namesReferredTo(paths)];
  for (let name = wanted.pop(); name !== undefined; name = wanted.pop()) {
    if (found.has(name)) continue;
    const definition = definitionOf(name) ?? { type: 'object' };
    found.set(name, definition);
    wanted.push(...namesReferredTo(definition));
  }
  return Object.fromEntries([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}
