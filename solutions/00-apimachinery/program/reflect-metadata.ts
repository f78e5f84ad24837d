/**
 * What `@peculiar/x509` wants of `Reflect` before it is loaded: metadata of decorators. It has none.
 *
 * A package of ten times the size would be the usual answer; import this file first instead.
 */

type Metadata = Map<unknown, unknown>;
const metadata = new WeakMap<object, Metadata>();

function metadataOf(target: object): Metadata {
  const known = metadata.get(target) ?? new Map();
  metadata.set(target, known);
  return known;
}

const get = (key: unknown, target: object): unknown => metadataOf(target).get(key);

// Where the real thing is loaded, it stays.
if (!('getMetadata' in Reflect)) {
  Object.assign(Reflect, {
    getMetadata: get,
    getOwnMetadata: get,
    defineMetadata: (key: unknown, value: unknown, target: object) => {
      metadataOf(target).set(key, value);
    },
  });
}
