/** What is looked at, as the address behind `#` says it. Given. */

/** A view, and the object that was chosen in it. */
export interface Route {
  readonly view: 'nodes' | 'services' | 'store';
  /** `namespace/name` of a pod or a service; `''`: none. */
  readonly key: string;
}

/** Reads `#/pods/default/web-1`, `#/services/default/web`, `#/store`; all else is the nodes. */
export function readRoute(hash: string): Route {
  const [, view = '', namespace = '', name = ''] = hash.split('/');
  const key = namespace === '' || name === '' ? '' : `${namespace}/${name}`;
  if (view === 'services') return { view, key };
  if (view === 'store') return { view, key: '' };
  return { view: 'nodes', key: view === 'pods' ? key : '' };
}

export function linkToPod(key: string): string {
  return `#/pods/${key}`;
}

export function linkToService(key: string): string {
  return `#/services/${key}`;
}
