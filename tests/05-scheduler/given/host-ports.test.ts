/** Which ports of a node are in conflict. */

import { describe, expect, it, podObject } from '#kit';
import { type HostPort, hostPortsOf, UsedHostPorts } from '#scheduler';

const port = (text: string): HostPort => {
  const [ip = '', protocol = '', number = ''] = text.split(' ');
  return { ip, protocol, port: Number(number) };
};

describe('hostPortsOf', () => {
  it('reads containers and sidecars, not other init containers', () => {
    const container = (name: string, hostPort: number, more: object = {}) => ({
      name,
      image: 'i',
      ports: [{ containerPort: 1, hostPort, ...more }],
    });
    const pod = podObject('p', {
      spec: {
        containers: [
          container('a', 80),
          container('b', 53, { protocol: 'UDP', hostIP: '10.0.0.1' }),
        ],
        initContainers: [container('c', 1), { ...container('d', 2), restartPolicy: 'Always' }],
      },
    });
    expect(hostPortsOf(pod)).toEqual([
      port('0.0.0.0 TCP 80'),
      port('10.0.0.1 UDP 53'),
      port('0.0.0.0 TCP 2'),
    ]);
  });

  it('leaves out ports of the pod that are none of the node', () => {
    const ports = [{ containerPort: 80 }, { containerPort: 81, hostPort: 0 }];
    expect(hostPortsOf(podObject('p', { spec: { containers: [{ name: 'c', ports }] } }))).toEqual(
      [],
    );
  });
});

describe('UsedHostPorts', () => {
  const rows: [held: string, asked: string, conflicts: boolean][] = [
    ['0.0.0.0 TCP 80', '0.0.0.0 TCP 80', true],
    ['0.0.0.0 TCP 80', '10.0.0.1 TCP 80', true],
    ['10.0.0.1 TCP 80', '0.0.0.0 TCP 80', true],
    ['10.0.0.1 TCP 80', '10.0.0.1 TCP 80', true],
    ['10.0.0.1 TCP 80', '10.0.0.2 TCP 80', false],
    ['0.0.0.0 TCP 80', '0.0.0.0 UDP 80', false],
    ['0.0.0.0 TCP 80', '0.0.0.0 TCP 81', false],
  ];
  for (const [held, asked, conflicts] of rows) {
    it(`${held} and ${asked} ${conflicts ? 'are' : 'are not'} in conflict`, () => {
      const used = new UsedHostPorts();
      used.add(port(held));
      expect(used.conflicts(port(asked))).toBe(conflicts);
    });
  }

  it('is free when all holders have gone', () => {
    const used = new UsedHostPorts();
    const held = port('0.0.0.0 TCP 80');
    used.add(held);
    used.add(held);
    used.remove(held);
    expect(used.conflicts(held)).toBe(true);
    used.remove(held);
    used.remove(held);
    expect(used.conflicts(held)).toBe(false);
    expect(used.size).toBe(0);
    used.add(held);
    expect(used.conflicts(held)).toBe(true);
  });

  it('does not change with its copy', () => {
    const used = new UsedHostPorts();
    used.add(port('10.0.0.1 TCP 80'));
    const copy = used.clone();
    copy.add(port('10.0.0.2 TCP 80'));
    copy.remove(port('10.0.0.1 TCP 80'));
    expect(used.conflicts(port('10.0.0.1 TCP 80'))).toBe(true);
    expect(used.conflicts(port('10.0.0.2 TCP 80'))).toBe(false);
  });
});
