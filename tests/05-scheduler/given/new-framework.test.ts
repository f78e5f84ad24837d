/** Which plugins a profile comes to, with a registry of small ones. */

import { describe, expect, it, nodeObject, podObject } from '#kit';
import {
  CycleState,
  type FilterRunner,
  Framework,
  type Handle,
  NO_PLUGINS,
  NodeInfo,
  type Plugin,
  podInfoOf,
  Status,
} from '#scheduler';
import {
  DEFAULT_MULTI_POINT,
  REGISTRY,
  type Registry,
} from '../../../solutions/05-scheduler/plugins/default-plugins.ts';
import {
  ConfigurationError,
  type ProfileConfiguration,
} from '../../../solutions/05-scheduler/profiles/configuration.ts';
import { newFramework } from '../../../solutions/05-scheduler/profiles/new-framework.ts';
import {
  commonQueueSort,
  type MadeProfile,
} from '../../../solutions/05-scheduler/profiles/queue-sort.ts';

const none = () => undefined;
const small = (name: string, more: object = {}): Plugin => ({ name, ...more });

/** The usual names with small plugins behind them, and two of our own. */
function newRegistry(): { registry: Registry; made: string[]; handles: Handle[] } {
  const made: string[] = [];
  const handles: Handle[] = [];
  const takesPart: Record<string, object> = {
    PrioritySort: { less: () => false },
    DefaultBinder: { bind: async () => undefined },
    TaintToleration: { filter: none, score: () => 1, eventsToRegister: () => [] },
    NodeAffinity: { filter: none, score: () => 1 },
    NodeResourcesFit: { preFilter: none, filter: none, score: () => 1 },
    Mine: { filter: none, score: () => 1 },
    MySort: { less: () => true },
    MyFilter: { filter: () => new Status('Unschedulable', ['mine says no']) },
  };
  const names = [...DEFAULT_MULTI_POINT.map(({ name }) => name), 'Mine', 'MySort', 'MyFilter'];
  const entries = names.map((name) => [
    name,
    (args: unknown, handle: Handle) => {
      if (args === 'bad') throw new Error('bad arguments');
      made.push(args === undefined ? name : `${name} ${args}`);
      handles.push(handle);
      return small(name, takesPart[name]);
    },
  ]);
  return { registry: Object.fromEntries(entries), made, handles };
}

const handle = {} as Omit<Handle, 'filters'>;

function frameworkOf(profile: Omit<ProfileConfiguration, 'schedulerName'> = {}) {
  const { registry } = newRegistry();
  return newFramework({ profile: { schedulerName: 'test', ...profile }, registry, handle });
}

const names = (plugins: readonly Plugin[]) => plugins.map(({ name }) => name);
const scores = ({ plugins }: ReturnType<typeof frameworkOf>) =>
  plugins.score.map(({ plugin, weight }) => `${plugin.name}:${weight}`);
const named = (...all: string[]) => all.map((name) => ({ name }));

describe('newFramework', () => {
  it('puts the default plugins where they have something to do, with their weights', () => {
    const framework = frameworkOf();
    expect(framework.profileName).toBe('test');
    expect(names(framework.plugins.queueSort)).toEqual(['PrioritySort']);
    expect(names(framework.plugins.filter)).toEqual([
      'TaintToleration',
      'NodeAffinity',
      'NodeResourcesFit',
    ]);
    expect(names(framework.plugins.preFilter)).toEqual(['NodeResourcesFit']);
    expect(names(framework.plugins.bind)).toEqual(['DefaultBinder']);
    expect(framework.plugins.permit).toEqual([]);
    expect(scores(framework)).toEqual([
      'TaintToleration:3',
      'NodeAffinity:2',
      'NodeResourcesFit:1',
    ]);
  });

  it('keeps who says what wakes pods, if it is in use', () => {
    expect(names(frameworkOf().plugins.enqueue)).toEqual(['TaintToleration']);
    const off = { disabled: named('TaintToleration') };
    expect(names(frameworkOf({ plugins: { score: off } }).plugins.enqueue)).toEqual([
      'TaintToleration',
    ]);
    expect(frameworkOf({ plugins: { score: off, filter: off } }).plugins.enqueue).toEqual([]);
  });

  it('takes weights from the point, then from all points; one without a weight has 1', () => {
    const plugins = {
      multiPoint: { enabled: [{ name: 'Mine', weight: 7 }] },
      score: { enabled: [{ name: 'NodeAffinity', weight: 9 }, { name: 'TaintToleration' }] },
    };
    expect(scores(frameworkOf({ plugins }))).toEqual([
      'NodeAffinity:9',
      'TaintToleration:1',
      'NodeResourcesFit:1',
      'Mine:7',
    ]);
  });

  it('replaces the queue sort', () => {
    const queueSort = { enabled: named('MySort'), disabled: named('PrioritySort') };
    expect(names(frameworkOf({ plugins: { queueSort } }).plugins.queueSort)).toEqual(['MySort']);
  });

  it('makes each plugin once, with its arguments, and gives it the filters of the profile', () => {
    const { registry, made, handles } = newRegistry();
    const profile = {
      schedulerName: 'test',
      plugins: { multiPoint: { enabled: named('MyFilter') } },
      pluginConfig: [{ name: 'NodeAffinity', args: 'some' }],
    };
    newFramework({ profile, registry, handle });
    expect(made.filter((one) => one.startsWith('Node'))).toContain('NodeAffinity some');
    expect(new Set(made).size).toBe(made.length);
    expect(made.length).toBe(DEFAULT_MULTI_POINT.length + 1);
    const filters = handles[0]?.filters as FilterRunner;
    const pod = podInfoOf(podObject('p'));
    const status = filters.runFilterPlugins(new CycleState(), pod, new NodeInfo(nodeObject('n')));
    expect(status?.plugin).toBe('MyFilter');
  });

  it('puts something around each plugin', () => {
    const { registry } = newRegistry();
    const wrapped: string[] = [];
    const wrap = (plugin: Plugin) => {
      wrapped.push(plugin.name);
      return { ...plugin, isWrapped: true };
    };
    const profile = { schedulerName: 'test' };
    const { plugins } = newFramework({ profile, registry, handle, wrap });
    expect(wrapped).toEqual(DEFAULT_MULTI_POINT.map(({ name }) => name));
    expect(plugins.filter.every((plugin) => 'isWrapped' in plugin)).toBe(true);
  });

  const refusals: [name: string, profile: object, message: string][] = [
    [
      'a plugin where it has nothing to do',
      { plugins: { permit: { enabled: named('Mine') } } },
      'plugin Mine does not extend permit',
    ],
    [
      'a plugin that is none',
      { plugins: { multiPoint: { enabled: named('Nobody') } } },
      'there is no plugin Nobody',
    ],
    [
      'two queue sorts',
      { plugins: { queueSort: { enabled: named('MySort') } } },
      'exactly one queueSort plugin is needed',
    ],
    [
      'no queue sort',
      { plugins: { queueSort: { disabled: named('*') } } },
      'exactly one queueSort plugin is needed',
    ],
    [
      'nobody who binds',
      { plugins: { bind: { disabled: named('DefaultBinder') } } },
      'at least one bind plugin is needed',
    ],
    [
      'arguments that are not valid',
      { pluginConfig: [{ name: 'NodeAffinity', args: 'bad' }] },
      'plugin NodeAffinity: bad arguments',
    ],
  ];
  for (const [name, profile, message] of refusals) {
    it(`refuses ${name}`, () => {
      expect(() => frameworkOf(profile)).toThrow(ConfigurationError);
      expect(() => frameworkOf(profile)).toThrow(`profile test: ${message}`);
    });
  }
});

describe('commonQueueSort', () => {
  const sortedBy = (name: string, schedulerName: string, args?: unknown): MadeProfile => ({
    profile: { schedulerName, ...(args !== undefined && { pluginConfig: [{ name, args }] }) },
    framework: new Framework(schedulerName, {
      ...NO_PLUGINS,
      queueSort: [{ name, less: () => false }],
    }),
  });

  it('is that of all profiles', () => {
    const args = { by: 'age' };
    const all = [sortedBy('Sort', 'a', args), sortedBy('Sort', 'b', { ...args })];
    expect(commonQueueSort(all)).toBe(all[0]?.framework.plugins.queueSort[0]);
  });

  const rows: [name: string, profiles: MadeProfile[], message: string][] = [
    ['no profile', [], 'there is no profile'],
    [
      'another plugin',
      [sortedBy('Sort', 'a'), sortedBy('Sort', 'b'), sortedBy('Other', 'c')],
      'different queue sort plugins for profile "c": "Other", first: "Sort"',
    ],
    [
      'other arguments',
      [sortedBy('Sort', 'a', { by: 'age' }), sortedBy('Sort', 'b')],
      'different queue sort plugin args for profile "b"',
    ],
  ];
  for (const [name, profiles, message] of rows) {
    it(`refuses ${name}`, () => {
      expect(() => commonQueueSort(profiles)).toThrow(ConfigurationError);
      expect(() => commonQueueSort(profiles)).toThrow(message);
    });
  }
});

describe('NodeResourcesFit', () => {
  const newFit = REGISTRY.NodeResourcesFit as (args: unknown, handle: Handle) => Plugin;
  const strategy = (shape: object[]) => ({
    scoringStrategy: {
      type: 'RequestedToCapacityRatio',
      requestedToCapacityRatio: { shape },
    },
  });
  const at = (utilization: number, score: number) => ({ utilization, score });
  const rows: [name: string, args: object, message: string][] = [
    ['an empty shape', strategy([]), 'at least one point must be specified'],
    ['a point above 100', strategy([at(101, 0)]), '101 is not in the range of 0 to 100'],
    ['a score above 10', strategy([at(0, 11)]), '11 is not in the range of 0 to 10'],
    ['points out of order', strategy([at(5, 0), at(5, 1)]), 'sorted in increasing order'],
    ['a strategy that is none', { scoringStrategy: { type: 'X' } }, 'there is no strategy X'],
  ];
  for (const [name, args, message] of rows) {
    it(`refuses ${name}`, () => {
      expect(() => newFit(args, {} as Handle)).toThrow(message);
    });
  }
});
