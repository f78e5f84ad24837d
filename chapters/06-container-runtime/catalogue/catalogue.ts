/** The registry that comes with the runtime: usual names, simulated programs. Given. */

import { type ImageConfig, type Layer, type Manifest, manifestDigest } from '../images/layer.ts';
import { type Reference, referenceText } from '../images/reference.ts';
import { type Registry, RegistryError } from '../images/registry.ts';
import { executable } from '../kernel/program.ts';
import { baseLayer, type ImageDefinition, layerOf, USUAL_TAGS } from './image-definition.ts';
import { IMAGES } from './images.ts';

const BASE_SIZES = { busybox: 2_000_000, alpine: 4_000_000, debian: 50_000_000 } as const;

const NO_CONFIG: ImageConfig = {
  entrypoint: [],
  cmd: [],
  env: [],
  workingDir: '',
  user: '',
  stopSignal: '',
};

/** A registry of the images in `images`, each with every tag that its definition allows. */
export function newCatalogue(images: Readonly<Record<string, ImageDefinition>> = IMAGES): Registry {
  const layers = new Map<string, Layer>();
  const bases = new Map<string, Layer>();
  const keep = (layer: Layer): Layer => {
    layers.set(layer.digest, layer);
    return layer;
  };
  const base = (name: Exclude<ImageDefinition['base'], 'scratch'>): Layer => {
    const made = bases.get(name) ?? keep(baseLayer(name, BASE_SIZES[name]));
    bases.set(name, made);
    return made;
  };
  const manifests = new Map<string, Manifest>();
  return {
    manifest: async (reference) => {
      const found = manifests.get(referenceText(reference));
      if (found !== undefined) return found;
      const definition = images[reference.repository];
      const isThere = definition !== undefined && hasTag(definition, reference);
      if (!isThere) throw notFound(reference);
      const manifest = manifestOf(definition, reference.tag ?? 'latest', base, keep);
      manifests.set(referenceText(reference), manifest);
      manifests.set(`${reference.repository}@${manifestDigest(manifest)}`, manifest);
      return manifest;
    },
    layer: async (reference, digest) => {
      const layer = layers.get(digest);
      if (layer === undefined) throw notFound(reference);
      return layer;
    },
  };
}

function hasTag({ tags = USUAL_TAGS }: ImageDefinition, { tag, digest }: Reference): boolean {
  return digest === undefined && tag !== undefined && tags.test(tag);
}

function notFound(reference: Reference): RegistryError {
  return new RegistryError('not-found', `${referenceText(reference)}: not found`);
}

function manifestOf(
  definition: ImageDefinition,
  tag: string,
  base: (name: Exclude<ImageDefinition['base'], 'scratch'>) => Layer,
  keep: (layer: Layer) => Layer,
): Manifest {
  const { executables = {}, files = {}, config, versionVariable, latestVersion, size } = definition;
  const own = new Map<string, Uint8Array | string>(Object.entries(files));
  for (const [path, program] of Object.entries(executables)) own.set(path, executable(program));
  const layers = definition.base === 'scratch' ? [] : [base(definition.base)];
  if (own.size > 0) layers.push(keep(layerOf(own, size, new Set(Object.keys(executables)))));
  const version = /^\d[\d.]*/.exec(tag)?.[0];
  const variable = versionVariable ?? 'IMAGE_VERSION';
  const env = [...(config?.env ?? []), `${variable}=${version ?? latestVersion ?? tag}`];
  return {
    config: { ...NO_CONFIG, ...config, env },
    layers: layers.map(({ digest, size: bytes }) => ({ digest, size: bytes })),
  };
}
