/** The wording of `FailedScheduling`. */

import { describe, expect, it, podObject } from '#kit';
import { FitError, NoNodesAvailableError, newDiagnosis, Status } from '#scheduler';

const pod = podObject('p');
const no = (...reasons: string[]) => new Status('Unschedulable', reasons, 'A');
const message = (nodes: number, found: Parameters<typeof newDiagnosis>[0]) =>
  new FitError(pod, nodes, newDiagnosis(found)).message;

describe('FitError', () => {
  it('counts nodes by reason, in byte order of count and reason', () => {
    const nodeStatuses = new Map([
      ['a', no('Insufficient memory')],
      ['b', no('Insufficient cpu', 'Insufficient memory')],
      ['c', no('node(s) had untolerated taint {k: v}')],
    ]);
    expect(message(3, { nodeStatuses })).toBe(
      '0/3 nodes are available: 1 Insufficient cpu, 1 node(s) had untolerated taint {k: v}, 2 Insufficient memory.',
    );
  });

  it('puts 10 before 2: counts are part of the text', () => {
    const some = (count: number, reason: string, from: string) =>
      Array.from({ length: count }, (_, i): [string, Status] => [`${from}${i}`, no(reason)]);
    const nodeStatuses = new Map([...some(2, 'x', 'x'), ...some(10, 'y', 'y')]);
    expect(message(12, { nodeStatuses })).toBe('0/12 nodes are available: 10 y, 2 x.');
  });

  it('counts nodes that were not asked with the reason for that', () => {
    const absentNodesStatus = no("node(s) didn't satisfy plugin(s) [A]");
    const nodeStatuses = new Map([['a', no('x')]]);
    expect(message(5, { nodeStatuses, absentNodesStatus })).toBe(
      "0/5 nodes are available: 1 x, 4 node(s) didn't satisfy plugin(s) [A].",
    );
    expect(message(5, { nodeStatuses })).toBe('0/5 nodes are available: 1 x.');
  });

  it('says what preFilter said instead, and what postFilter said as well', () => {
    const nodeStatuses = new Map([['a', no('x')]]);
    const preFilterMessage = 'pod has unbound immediate PersistentVolumeClaims';
    expect(message(1, { nodeStatuses, preFilterMessage })).toBe(
      `0/1 nodes are available: ${preFilterMessage}.`,
    );
    const error = new FitError(pod, 1, newDiagnosis({ nodeStatuses }));
    const more = error.withPostFilterMessage('preemption: no.');
    expect(more.message).toBe('0/1 nodes are available: 1 x. preemption: no.');
    expect(error.message).toBe('0/1 nodes are available: 1 x.');
    expect(more.pod).toBe(pod);
    expect(more.diagnosis.nodeStatuses).toBe(nodeStatuses);
  });

  it('says no more than how many there are when there is no reason', () => {
    expect(message(0, {})).toBe('0/0 nodes are available:');
  });
});

describe('newDiagnosis', () => {
  it('knows who said no, and who says Pending', () => {
    const nodeStatuses = new Map([
      ['a', new Status('Unschedulable', [], 'A')],
      ['b', new Status('UnschedulableAndUnresolvable', [], 'B')],
      ['c', new Status('Unschedulable', [])],
    ]);
    const statuses = [new Status('Pending', [], 'P'), new Status('Unschedulable', [], 'A')];
    const { unschedulablePlugins, pendingPlugins } = newDiagnosis({ nodeStatuses, statuses });
    expect([...unschedulablePlugins]).toEqual(['A', 'B']);
    expect([...pendingPlugins]).toEqual(['P']);
  });
});

describe('NoNodesAvailableError', () => {
  it('says so', () => {
    expect(new NoNodesAvailableError().message).toBe('no nodes available to schedule pods');
  });
});
