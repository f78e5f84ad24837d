/** A node with its pods. */

import { describe, expect, it, nodeObject, type PodWords, podObject } from '#kit';
import { NodeInfo, podInfoOf } from '#scheduler';

const REQUIRED = 'requiredDuringSchedulingIgnoredDuringExecution';
const term = { topologyKey: 'zone', labelSelector: {} };
const pod = (name: string, words: PodWords = {}) => podInfoOf(podObject(name, words));
const withPort = (name: string, hostPort: number) =>
  pod(name, {
    spec: { containers: [{ name: 'c', ports: [{ containerPort: 1, hostPort }] }] },
  });
const friendly = pod('friendly', { spec: { affinity: { podAffinity: { [REQUIRED]: [term] } } } });
const shy = pod('shy', { spec: { affinity: { podAntiAffinity: { [REQUIRED]: [term] } } } });
const names = (node: NodeInfo) => node.pods.map((one) => one.pod.metadata?.name);

describe('NodeInfo', () => {
  it('knows what the node offers', () => {
    const node = new NodeInfo(nodeObject('n', { cpu: '2', memory: '1Gi', pods: 5 }));
    expect(node.name).toBe('n');
    expect(node.allowedPods).toBe(5);
    expect(node.allocatable.milliCpu).toBe(2000);
    expect(node.allocatable.memory).toBe(2 ** 30);
    expect(node.allocatable.scalars.has('pods')).toBe(false);
  });

  it('counts pods in, and out again', () => {
    const node = new NodeInfo(nodeObject('n'));
    const big = pod('big', { requests: { cpu: '1', 'example.com/gpu': '2' } });
    node.addPod(big);
    node.addPod(pod('small'));
    expect(names(node)).toEqual(['big', 'small']);
    expect(node.requested.milliCpu).toBe(1000);
    expect(node.requested.scalars.get('example.com/gpu')).toBe(2);
    expect(node.nonZeroRequested.milliCpu).toBe(1100);
    expect(node.removePod(big.pod)).toBe(true);
    expect(node.removePod(big.pod)).toBe(false);
    expect(names(node)).toEqual(['small']);
    expect(node.requested.milliCpu).toBe(0);
    expect(node.requested.scalars.get('example.com/gpu')).toBe(0);
    expect(node.nonZeroRequested.milliCpu).toBe(100);
  });

  it('takes a pod out by its uid, with what it counted for', () => {
    const node = new NodeInfo(nodeObject('n'), [pod('p', { requests: { cpu: '1' } })]);
    expect(node.removePod(podObject('p', { requests: { cpu: '3' } }))).toBe(true);
    expect(node.requested.milliCpu).toBe(0);
    node.addPod(pod('p'));
    expect(node.removePod(podObject('p', { uid: 'another' }))).toBe(false);
  });

  it('holds ports of its pods', () => {
    const node = new NodeInfo(nodeObject('n'), [withPort('a', 80)]);
    const port = { ip: '0.0.0.0', protocol: 'TCP', port: 80 };
    expect(node.usedPorts.conflicts(port)).toBe(true);
    node.removePod(podObject('a'));
    expect(node.usedPorts.conflicts(port)).toBe(false);
  });

  it('knows pods with affinity', () => {
    const node = new NodeInfo(nodeObject('n'), [pod('p'), friendly, shy]);
    expect(node.podsWithAffinity).toEqual([friendly, shy]);
    expect(node.podsWithRequiredAntiAffinity).toEqual([shy]);
    node.removePod(shy.pod);
    expect(node.podsWithAffinity).toEqual([friendly]);
    expect(node.podsWithRequiredAntiAffinity).toEqual([]);
  });

  it('keeps its pods when the node goes, and has them when it comes', () => {
    const node = new NodeInfo(undefined, [pod('p', { requests: { cpu: '1' } })]);
    expect(node.name).toBe('');
    node.setNode(nodeObject('n'));
    expect(node.requested.milliCpu).toBe(1000);
    node.removeNode();
    expect(node.node).toBe(undefined);
    expect(node.name).toBe('');
    expect(names(node)).toEqual(['p']);
  });

  it('has a larger generation after each change, larger than that of all others', () => {
    const [a, b] = [new NodeInfo(nodeObject('a')), new NodeInfo(nodeObject('b'))];
    const steps = [
      () => a.addPod(pod('p')),
      () => a.setImages(new Map()),
      () => a.setNode(nodeObject('a')),
      () => a.removePod(podObject('p')),
      () => a.removeNode(),
    ];
    for (const step of steps) {
      b.addPod(pod('q'));
      step();
      expect(a.generation > b.generation).toBe(true);
    }
    const before = a.generation;
    a.removePod(podObject('nobody'));
    expect(a.generation).toBe(before);
  });

  it('has a copy of the same generation, and neither changes with the other', () => {
    const node = new NodeInfo(nodeObject('n'), [withPort('a', 80), shy]);
    node.setImages(new Map([['i', { size: 1, nodes: 1 }]]));
    const copy = node.clone();
    expect(copy.generation).toBe(node.generation);
    expect([copy.name, copy.allowedPods, copy.images.size]).toEqual(['n', 110, 1]);
    expect(copy.requested).toEqual(node.requested);
    copy.removePod(podObject('a'));
    copy.removePod(shy.pod);
    copy.addPod(withPort('b', 81));
    expect(names(node)).toEqual(['a', 'shy']);
    expect(node.podsWithRequiredAntiAffinity).toEqual([shy]);
    expect(node.usedPorts.conflicts({ ip: '0.0.0.0', protocol: 'TCP', port: 80 })).toBe(true);
    expect(node.usedPorts.conflicts({ ip: '0.0.0.0', protocol: 'TCP', port: 81 })).toBe(false);
  });
});
