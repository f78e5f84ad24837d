/** What a KubeSchedulerConfiguration may say. */

import { describe, expect, it } from '#kit';
import {
  ConfigurationError,
  DEFAULT_CONFIGURATION,
  parseConfiguration,
} from '../../../solutions/05-scheduler/profiles/configuration.ts';

const HEAD = {
  apiVersion: 'kubescheduler.config.k8s.io/v1',
  kind: 'KubeSchedulerConfiguration',
};
const registry = { Fit: () => ({ name: 'Fit' }), Mine: () => ({ name: 'Mine' }) };
const parse = (said: object) => parseConfiguration({ ...HEAD, ...said }, registry);

function faultsOf(said: unknown): string {
  try {
    parseConfiguration(said, registry);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigurationError);
    return (error as Error).message;
  }
  return 'no fault';
}
const faults = (said: object) => faultsOf({ ...HEAD, ...said });
const profile = (said: unknown) => faults({ profiles: [said] });

describe('parseConfiguration', () => {
  it('has a default for everything', () => {
    expect(parse({})).toEqual(DEFAULT_CONFIGURATION);
  });

  it('reads numbers, seconds as milliseconds', () => {
    const read = parse({
      percentageOfNodesToScore: 30,
      podInitialBackoffSeconds: 2,
      podMaxBackoffSeconds: 60,
      parallelism: 8,
    });
    expect(read.percentageOfNodesToScore).toBe(30);
    expect(read.podInitialBackoffMs).toBe(2000);
    expect(read.podMaxBackoffMs).toBe(60_000);
  });

  it('reads profiles, and passes on what they say', () => {
    const plugins = {
      multiPoint: { enabled: [{ name: 'Mine', weight: 2 }], disabled: [{ name: '*' }] },
      score: { disabled: [{ name: 'Fit' }] },
    };
    const pluginConfig = [{ name: 'Fit', args: { a: 1 } }];
    const named = { schedulerName: 'a', percentageOfNodesToScore: 0, plugins, pluginConfig };
    expect(parse({ profiles: [named, { schedulerName: 'b' }] }).profiles).toEqual([
      named,
      { schedulerName: 'b' },
    ]);
  });

  it('calls the only profile default-scheduler, when it has no name', () => {
    expect(parse({ profiles: [{}] }).profiles).toEqual([{ schedulerName: 'default-scheduler' }]);
    expect(profile({ schedulerName: '' })).toBe('profiles[0].schedulerName: required');
    expect(faults({ profiles: [{}, { schedulerName: 'b' }] })).toBe(
      'profiles[0].schedulerName: required',
    );
  });

  const rows: [name: string, found: () => string, expected: string][] = [
    ['nothing', () => faultsOf(undefined), 'expected a KubeSchedulerConfiguration'],
    ['a list', () => faultsOf([]), 'expected a KubeSchedulerConfiguration'],
    [
      'another version',
      () => faults({ apiVersion: 'kubescheduler.config.k8s.io/v1beta3' }),
      'apiVersion: expected kubescheduler.config.k8s.io/v1, found kubescheduler.config.k8s.io/v1beta3',
    ],
    [
      'no kind',
      () => faults({ kind: undefined }),
      'kind: expected KubeSchedulerConfiguration, found nothing',
    ],
    ['a field nobody knows', () => faults({ profile: [] }), 'profile: unknown field'],
    ['extenders', () => faults({ extenders: [] }), 'extenders: not supported here; write a plugin'],
    [
      'a share above 100',
      () => faults({ percentageOfNodesToScore: 101 }),
      'percentageOfNodesToScore: expected a whole number from 0 to 100, found 101',
    ],
    [
      'a backoff of 0',
      () => faults({ podInitialBackoffSeconds: 0 }),
      'podInitialBackoffSeconds: expected a whole number from 1 to 1000000, found 0',
    ],
    [
      'a backoff that is a text',
      () => faults({ podMaxBackoffSeconds: '20' }),
      'podMaxBackoffSeconds: expected a whole number from 1 to 1000000, found 20',
    ],
    [
      'a last backoff below the first',
      () => faults({ podInitialBackoffSeconds: 11 }),
      'podMaxBackoffSeconds: less than podInitialBackoffSeconds',
    ],
    ['no profile', () => faults({ profiles: [] }), 'profiles: expected a list of at least one'],
    ['a profile that is a text', () => profile('x'), 'profiles[0]: expected an object, found x'],
    [
      'two profiles of one name',
      () => faults({ profiles: [{ schedulerName: 'a' }, { schedulerName: 'a' }] }),
      'profiles[1].schedulerName: a is there twice',
    ],
    ['a field of a profile', () => profile({ plugin: {} }), 'profiles[0].plugin: unknown field'],
    [
      "a profile's share",
      () => profile({ percentageOfNodesToScore: 0.5 }),
      'profiles[0].percentageOfNodesToScore: expected a whole number from 0 to 100, found 0.5',
    ],
    [
      'a point that is none',
      () => profile({ plugins: { Score: {} } }),
      'profiles[0].plugins.Score: unknown field',
    ],
    [
      'a list that is none',
      () => profile({ plugins: { score: { enable: [] } } }),
      'profiles[0].plugins.score.enable: unknown field',
    ],
    [
      'plugins that are a list',
      () => profile({ plugins: [] }),
      'profiles[0].plugins: expected an object, found ',
    ],
    [
      'a point that is a text',
      () => profile({ plugins: { score: 'Fit' } }),
      'profiles[0].plugins.score: expected an object, found Fit',
    ],
    [
      'enabled that is no list',
      () => profile({ plugins: { score: { enabled: {} } } }),
      'profiles[0].plugins.score.enabled: expected a list',
    ],
    [
      'a plugin that is none',
      () => profile({ plugins: { score: { enabled: [{ name: 'Nobody' }] } } }),
      'profiles[0].plugins.score.enabled: there is no plugin Nobody',
    ],
    [
      'a plugin by a name that every object has',
      () => profile({ plugins: { score: { disabled: [{ name: 'toString' }] } } }),
      'profiles[0].plugins.score.disabled: there is no plugin toString',
    ],
    [
      '* where plugins are enabled',
      () => profile({ plugins: { score: { enabled: [{ name: '*' }] } } }),
      'profiles[0].plugins.score.enabled: there is no plugin *',
    ],
    [
      'a plugin twice',
      () => profile({ plugins: { score: { enabled: [{ name: 'Fit' }, { name: 'Fit' }] } } }),
      'profiles[0].plugins.score.enabled: Fit is there twice',
    ],
    [
      'a weight below 0',
      () => profile({ plugins: { score: { enabled: [{ name: 'Fit', weight: -1 }] } } }),
      'profiles[0].plugins.score.enabled: weight of Fit: expected a whole number from 0 to 1000000000, found -1',
    ],
    [
      'arguments that are no list',
      () => profile({ pluginConfig: {} }),
      'profiles[0].pluginConfig: expected a list',
    ],
    [
      'arguments for nobody',
      () => profile({ pluginConfig: [{ name: 'Fit' }, { name: 'Nobody' }] }),
      'profiles[0].pluginConfig[1]: there is no plugin Nobody',
    ],
    [
      'arguments twice',
      () => profile({ pluginConfig: [{ name: 'Fit' }, { name: 'Fit' }] }),
      'profiles[0].pluginConfig[1]: Fit is there twice',
    ],
    [
      'a connection that is a text',
      () => faults({ clientConnection: 'x' }),
      'clientConnection: expected an object, found x',
    ],
  ];
  for (const [name, found, expected] of rows) {
    it(`refuses ${name}`, () => {
      expect(found()).toBe(expected);
    });
  }

  it('tells all faults at once', () => {
    expect(faults({ a: 1, percentageOfNodesToScore: -1 })).toBe(
      'a: unknown field; ' +
        'percentageOfNodesToScore: expected a whole number from 0 to 100, found -1',
    );
  });
});
