/** Makes a profile's plugins and puts each where it has something to say. Given. */

import { Framework, type PluginSet } from '../framework/framework.ts';
import type { FilterRunner, Handle } from '../framework/handle.ts';
import type { Plugin } from '../framework/plugin.ts';
import { DEFAULT_MULTI_POINT, type Registry } from '../plugins/default-plugins.ts';
import {
  ConfigurationError,
  EXTENSION_POINTS,
  type ExtensionPoint,
  type ProfileConfiguration,
} from './configuration.ts';
import { expandMultiPoint, mergePluginRefs, type PluginRef, type PluginRefs } from './profiles.ts';

/** The method by which a plugin takes part in a point, where it is not the point's name. */
const METHODS: Readonly<Partial<Record<ExtensionPoint, string>>> = { queueSort: 'less' };
const NONE: PluginRefs = {};

/** What frameworks are made with. */
export interface FrameworkOptions {
  readonly profile: ProfileConfiguration;
  readonly registry: Registry;
  /** The scheduler, without what only a profile knows. */
  readonly handle: Omit<Handle, 'filters'>;
  /** Puts something around each plugin, for example what writes down its answers. */
  readonly wrap?: (plugin: Plugin) => Plugin;
}

/**
 * @throws ConfigurationError when a plugin is enabled at a point where it has nothing to do, when its
 * arguments are not valid, when there is not exactly one queueSort, or no bind plugin
 */
export function newFramework(options: FrameworkOptions): Framework {
  const { profile, registry, handle, wrap = (plugin) => plugin } = options;
  let framework: Framework | undefined;
  const filters: FilterRunner = {
    runFilterPlugins: (...args) => framework?.runFilterPlugins(...args),
    runPreFilterAddPod: (...args) => framework?.runPreFilterAddPod(...args),
    runPreFilterRemovePod: (...args) => framework?.runPreFilterRemovePod(...args),
  };
  const defaults: PluginRefs = { enabled: DEFAULT_MULTI_POINT };
  const multiPoint = mergePluginRefs(defaults, profile.plugins?.multiPoint ?? NONE);
  const made = new Map<string, Plugin>();
  const pluginOf = ({ name }: PluginRef): Plugin => {
    const known = made.get(name);
    if (known) return known;
    const plugin = wrap(newPlugin(profile, registry, name, { ...handle, filters }));
    made.set(name, plugin);
    return plugin;
  };
  const refsAt = (point: ExtensionPoint): readonly PluginRef[] => {
    const own = mergePluginRefs(NONE, profile.plugins?.[point] ?? NONE);
    const hasPoint = (name: string): boolean => takesPart(pluginOf({ name }), point);
    for (const { name } of own.enabled) {
      if (!hasPoint(name)) fail(profile, `plugin ${name} does not extend ${point}`);
    }
    return expandMultiPoint(own, multiPoint, hasPoint);
  };
  const at = (point: ExtensionPoint): never[] => refsAt(point).map(pluginOf) as never[];
  const points = Object.fromEntries(EXTENSION_POINTS.map((point) => [point, at(point)]));
  const score = refsAt('score').map((ref) => ({
    plugin: pluginOf(ref),
    weight: ref.weight || 1,
  }));
  const used = new Set(Object.values(points).flat());
  const plugins = {
    ...points,
    score,
    enqueue: [...made.values()].filter(
      (one) => used.has(one as never) && 'eventsToRegister' in one,
    ),
  } as unknown as PluginSet;
  if (plugins.queueSort.length !== 1) fail(profile, 'exactly one queueSort plugin is needed');
  if (plugins.bind.length === 0) fail(profile, 'at least one bind plugin is needed');
  framework = new Framework(profile.schedulerName, plugins);
  return framework;
}

function newPlugin(
  profile: ProfileConfiguration,
  registry: Registry,
  name: string,
  handle: Handle,
): Plugin {
  const make = registry[name];
  if (!make) return fail(profile, `there is no plugin ${name}`);
  try {
    return make(profile.pluginConfig?.find((one) => one.name === name)?.args, handle);
  } catch (error) {
    return fail(profile, `plugin ${name}: ${error instanceof Error ? error.message : error}`);
  }
}

function takesPart(plugin: Plugin, point: ExtensionPoint): boolean {
  const method = METHODS[point] ?? point;
  return typeof (plugin as unknown as Record<string, unknown>)[method] === 'function';
}

function fail(profile: ProfileConfiguration, message: string): never {
  throw new ConfigurationError(`profile ${profile.schedulerName}: ${message}`);
}
