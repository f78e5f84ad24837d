/**
 * Discovery's own paths in OpenAPI: `/api/`, `/apis/`, `/apis/apps/`, `/apis/apps/v1/`,
 * `/version/`. Given.
 *
 * Types of what they answer are in `discovery-types.ts`, what they answer in `../discovery/`.
 */

import { groupTitle, tagOf } from './operations.ts';
import { type JsonObject, META, refTo, VERSION_INFO } from './well-known.ts';

/** What is said of a path. */
interface Told {
  readonly description: string;
  readonly operationId: string;
  readonly definition: string;
  readonly tag: string;
}

/**
 * The path that tells what is below it.
 *
 * @param key - as in the index: `api`, `apis`, `version`, `apis/apps`, `apis/apps/v1`
 */
export function discoveryPath(key: string): JsonObject {
  const { description, operationId, definition, tag } = toldOf(key);
  const types = ['application/json', 'application/yaml'];
  const content = Object.fromEntries(types.map((type) => [type, { schema: refTo(definition) }]));
  const get: JsonObject = {
    description,
    operationId,
    tags: [tag],
    responses: { 200: { description: 'OK', content }, 401: { description: 'Unauthorized' } },
  };
  return { [`/${key}/`]: { get } };
}

function toldOf(key: string): Told {
  const [root = '', ...rest] = key.split('/');
  const [group = '', version] = root === 'api' ? ['', ...rest] : rest;
  if (version !== undefined) {
    return {
      description: 'get available resources',
      operationId: `get${groupTitle(group)}${version.charAt(0).toUpperCase()}${version.slice(1)}APIResources`,
      definition: `${META}.APIResourceList`,
      tag: tagOf({ group, version }),
    };
  }
  if (group !== '') {
    return {
      description: 'get information of a group',
      operationId: `get${groupTitle(group)}APIGroup`,
      definition: `${META}.APIGroup`,
      tag: tagOf({ group }),
    };
  }
  return ROOTS[root] ?? VERSION;
}

const VERSION: Told = {
  description: 'get the version of the code that is running',
  operationId: 'getCodeVersion',
  definition: VERSION_INFO,
  tag: 'version',
};

const ROOTS: Readonly<Record<string, Told>> = {
  api: {
    description: 'get available API versions',
    operationId: 'getCoreAPIVersions',
    definition: `${META}.APIVersions`,
    tag: 'core',
  },
  apis: {
    description: 'get available API versions',
    operationId: 'getAPIVersions',
    definition: `${META}.APIGroupList`,
    tag: 'apis',
  },
};
