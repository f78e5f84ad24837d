/**
 * A kind of object for tests of the API server: `widgets` of group `example.com`, as plain as can be.
 *
 * A test says what is special: `widgetKind({ hasGeneration: true })`.
 */

import type { ApiObject, Kind } from '#apiserver';

/** A namespaced kind in which any fields are fine; every part can be replaced. */
export function widgetKind(special: Partial<Kind> = {}): Kind {
  return {
    group: 'example.com',
    version: 'v1',
    kind: 'Widget',
    resource: 'widgets',
    singular: 'widget',
    shortNames: [],
    categories: [],
    namespaced: true,
    schema: { type: 'object', fields: new Map(), preserveUnknown: true },
    nameFaults: (name) => (/^[a-z0-9.-]+$/.test(name) ? [] : ['must be in small letters']),
    hasGeneration: false,
    subresources: {},
    allowUnconditionalUpdate: true,
    setDefaults: () => {},
    validate: () => [],
    validateUpdate: () => [],
    ...special,
  };
}

/** A widget with a name, and whatever else. */
export function widget(name: string, more: Record<string, unknown> = {}): ApiObject {
  const { metadata = {}, ...rest } = more;
  return {
    kind: 'Widget',
    apiVersion: 'example.com/v1',
    metadata: { ...(name !== '' && { name }), ...(metadata as object) },
    ...rest,
  };
}
