import {
  describe,
  endpointObject,
  expect,
  fc,
  it,
  property,
  proxierOptions,
  type ServicePortWords,
  servicePortObject,
} from '#kit';
import {
  clusterPolicyChain,
  type Endpoint,
  endpointInfo,
  fullText,
  hasComments,
  IncrementalProxier,
  isServiceChain,
  type ServicePort,
  type SyncState,
} from '#kube-proxy';

const OPTIONS = proxierOptions();
const A = servicePortObject('a:http', { clusterIP: '10.96.0.1' });
const B = servicePortObject('b:http', { clusterIP: '10.96.0.2' });
const [SVC_A, SVC_B] = [clusterPolicyChain(A), clusterPolicyChain(B)];
const at = (last: number): Endpoint => endpointObject(`10.244.1.${last}`);
const sep = (port: ServicePort, last: number) => endpointInfo(port, at(last)).chain;

/** All services with their endpoints, and the names of those that changed. */
function stateOf(
  all: readonly (readonly [ServicePort, ...Endpoint[]])[],
  ...updated: string[]
): SyncState {
  return {
    services: new Map(all.map(([port]) => [port.id, port])),
    endpoints: new Map(all.map(([port, ...endpoints]) => [port.id, endpoints])),
    updatedServices: new Set(updated.map((name) => `default/${name}`)),
  };
}

/** The lines of table `nat` of one input. */
const natOf = (input: string) => (input.split('*nat\n')[1] ?? '').split('\n');
const filterOf = (input: string) => (input.split('*nat\n')[0] ?? '').split('\n');
/** The chains of service ports that an input declares. */
const declaredIn = (input: string) =>
  natOf(input).flatMap((line) => {
    const chain = /^:(\S+) /.exec(line)?.[1];
    return chain && isServiceChain(chain) ? [chain] : [];
  });
const deletedIn = (input: string) =>
  natOf(input).flatMap((line) => /^-X (\S+)$/.exec(line)?.[1] ?? []);
/** The chains of service ports that an input has rules in. */
const filledIn = (input: string) => [
  ...new Set(
    natOf(input).flatMap((line) => {
      const chain = /^-A (\S+) /.exec(line)?.[1];
      return chain && isServiceChain(chain) ? [chain] : [];
    }),
  ),
];

/** Tables as `iptables-restore --noflush` leaves them: chains with their rules. */
class Tables {
  filter = new Map<string, readonly string[]>();
  nat = new Map<string, readonly string[]>();

  /** @param tables - which tables took their part of the input; each takes all of it or nothing */
  apply(input: string, tables: readonly ('filter' | 'nat')[] = ['filter', 'nat']): void {
    if (tables.includes('filter')) this.filter = restored(this.filter, filterOf(input));
    if (tables.includes('nat')) this.nat = restored(this.nat, natOf(input));
  }
}

function restored(before: ReadonlyMap<string, readonly string[]>, lines: readonly string[]) {
  const chains = new Map([...before].map(([chain, rules]) => [chain, [...rules]]));
  for (const line of lines) {
    const [word = '', chain = ''] = line.split(' ');
    if (word.startsWith(':')) chains.set(word.slice(1), []);
    if (word === '-A') must(chains.get(chain), `no chain for ${line}`).push(line);
    if (word !== '-X') continue;
    const used = [...chains.values()].flat().some((rule) => rule.endsWith(` -j ${chain}`));
    if (used || chains.get(chain)?.length !== 0) throw new Error(`cannot delete ${chain}`);
    chains.delete(chain);
  }
  for (const rule of [...chains.values()].flat()) {
    const target = / -j (KUBE-\S+)$/.exec(rule)?.[1];
    if (target) must(chains.get(target), `no target for ${rule}`);
  }
  return chains;
}

function must<T>(value: T | undefined, why: string): T {
  if (value === undefined) throw new Error(why);
  return value;
}

/** What an empty kernel would have after a full sync. */
function wholeOf(state: SyncState, options = OPTIONS): Tables {
  const tables = new Tables();
  tables.apply(fullText(options, state));
  return tables;
}

const sorted = (map: ReadonlyMap<string, readonly string[]>) =>
  [...map].sort(([a], [b]) => (a < b ? -1 : 1));
function expectSame(tables: Tables, whole: Tables): void {
  expect(sorted(tables.nat)).toEqual(sorted(whole.nat));
  expect(sorted(tables.filter)).toEqual(sorted(whole.filter));
}

describe('the first sync', () => {
  it.core('writes everything', () => {
    const state = stateOf([
      [A, at(2), at(3)],
      [B, at(4)],
    ]);
    expect(new IncrementalProxier(OPTIONS).sync(state)).toBe(fullText(OPTIONS, state));
  });

  it('does not ask what changed', () => {
    const all = [[A, at(2)]] as const;
    const one = new IncrementalProxier(OPTIONS).sync(stateOf(all, 'other'));
    expect(one).toBe(fullText(OPTIONS, stateOf(all)));
  });

  it('writes in the order of ids, whatever the map’s', () => {
    const proxier = new IncrementalProxier(OPTIONS);
    const input = proxier.sync(
      stateOf([
        [B, at(4)],
        [A, at(2)],
      ]),
    );
    expect(declaredIn(input)).toEqual([SVC_A, sep(A, 2), SVC_B, sep(B, 4)]);
  });

  it('deletes what an earlier program left', () => {
    const state = {
      ...stateOf([[A, at(2)]]),
      existingChains: ['KUBE-SEP-OLD', SVC_A, 'KUBE-FW-X'],
    };
    const input = new IncrementalProxier(OPTIONS).sync(state);
    expect(deletedIn(input).sort()).toEqual(['KUBE-FW-X', 'KUBE-SEP-OLD']);
    expect(declaredIn(input).sort()).toEqual(
      [SVC_A, sep(A, 2), 'KUBE-FW-X', 'KUBE-SEP-OLD'].sort(),
    );
  });

  it('leaves the chains of others alone', () => {
    const existingChains = [
      'PREROUTING',
      'DOCKER',
      'KUBE-SERVICES',
      'KUBE-MARK-DROP',
      'CNI-KUBE-SVC-',
    ];
    const input = new IncrementalProxier(OPTIONS).sync({
      ...stateOf([[A, at(2)]]),
      existingChains,
    });
    expect(deletedIn(input)).toEqual([]);
  });
});

describe('a sync after a change', () => {
  const started = (...all: (readonly [ServicePort, ...Endpoint[]])[]) => {
    const proxier = new IncrementalProxier(OPTIONS);
    proxier.sync(stateOf(all));
    return proxier;
  };

  it.core('writes the chains of what changed, and of nothing else', () => {
    const proxier = started([A, at(2), at(3)], [B, at(4)]);
    const input = proxier.sync(
      stateOf(
        [
          [A, at(2), at(3)],
          [B, at(4), at(5)],
        ],
        'b',
      ),
    );
    expect(declaredIn(input)).toEqual([SVC_B, sep(B, 4), sep(B, 5)]);
    expect(filledIn(input)).toEqual([SVC_B, sep(B, 4), sep(B, 5)]);
  });

  it.core('has the rules of all services in the chains they share', () => {
    const all = [
      [A, at(2)],
      [B, at(4)],
    ] as const;
    const input = started(...all).sync(stateOf(all));
    expect(declaredIn(input)).toEqual([]);
    expect(natOf(input).filter((line) => line.startsWith('-A KUBE-SERVICES'))).toEqual(
      natOf(fullText(OPTIONS, stateOf(all))).filter((line) => line.startsWith('-A KUBE-SERVICES')),
    );
  });

  it.core('deletes the chain of an endpoint that is gone, after declaring it', () => {
    const proxier = started([A, at(2), at(3)]);
    const input = proxier.sync(stateOf([[A, at(2)]], 'a'));
    expect(deletedIn(input)).toEqual([sep(A, 3)]);
    expect(declaredIn(input).sort()).toEqual([SVC_A, sep(A, 2), sep(A, 3)].sort());
    expect(filledIn(input)).toEqual([SVC_A, sep(A, 2)]);
  });

  it('deletes nothing twice', () => {
    const proxier = started([A, at(2), at(3)]);
    proxier.sync(stateOf([[A, at(2)]], 'a'));
    const input = proxier.sync(stateOf([[A, at(2)]], 'a'));
    expect(deletedIn(input)).toEqual([]);
    expect(declaredIn(input)).toEqual([SVC_A, sep(A, 2)]);
  });

  it('deletes all chains of a service that is gone', () => {
    const proxier = started([A, at(2)], [B, at(4), at(5)]);
    const input = proxier.sync(stateOf([[A, at(2)]], 'b'));
    expect(deletedIn(input).sort()).toEqual([SVC_B, sep(B, 4), sep(B, 5)].sort());
    expect(input).not.toContain('default/b:http');
  });

  it('deletes all chains of a service that lost its last endpoint, and refuses it', () => {
    const proxier = started([A, at(2)], [B, at(4)]);
    const input = proxier.sync(stateOf([[A, at(2)], [B]], 'b'));
    expect(deletedIn(input).sort()).toEqual([SVC_B, sep(B, 4)].sort());
    expect(filterOf(input).filter((line) => line.includes('default/b:http'))).toEqual([
      '-A KUBE-SERVICES -m comment --comment "default/b:http has no endpoints" -m tcp -p tcp -d 10.96.0.2 --dport 80 -j REJECT',
    ]);
    const next = proxier.sync(stateOf([[A, at(2)], [B]], 'a'));
    expect(filterOf(next)).toEqual(filterOf(input));
  });

  it('has deletions behind all rules of services, and before the last rule', () => {
    const proxier = started([A, at(2), at(3)], [B, at(4)]);
    const lines = natOf(
      proxier.sync(
        stateOf(
          [
            [A, at(2)],
            [B, at(4)],
          ],
          'a',
        ),
      ),
    );
    const deletion = lines.indexOf(`-X ${sep(A, 3)}`);
    expect(lines.slice(deletion + 1).map((line) => line.split(' -m ')[0])).toEqual([
      '-A KUBE-SERVICES',
      'COMMIT',
      '',
    ]);
  });

  it('writes a service port that is new, and whose service was not named', () => {
    const proxier = started([A, at(2)]);
    const input = proxier.sync(
      stateOf([
        [A, at(2)],
        [B, at(4)],
      ]),
    );
    expect(declaredIn(input)).toEqual([SVC_B, sep(B, 4)]);
  });

  it('writes all ports of a service that changed', () => {
    const metrics = servicePortObject('a:metrics', { clusterIP: '10.96.0.1', port: 9090 });
    const proxier = started([A, at(2)], [metrics, at(2)]);
    const input = proxier.sync(
      stateOf(
        [
          [A, at(2)],
          [metrics, at(2), at(3)],
        ],
        'a',
      ),
    );
    expect(declaredIn(input)).toContain(SVC_A);
    expect(declaredIn(input)).toContain(clusterPolicyChain(metrics));
  });

  it('does not take a service for another whose name begins alike', () => {
    const longer = servicePortObject('a-b:http', { clusterIP: '10.96.0.3' });
    const all = [
      [A, at(2)],
      [longer, at(4)],
    ] as const;
    expect(declaredIn(started(...all).sync(stateOf(all, 'a')))).toEqual([SVC_A, sep(A, 2)]);
    expect(declaredIn(started(...all).sync(stateOf(all, 'a-b')))).toEqual([
      clusterPolicyChain(longer),
      sep(longer, 4),
    ]);
  });

  it('deletes the chains of a port that a service lost', () => {
    const metrics = servicePortObject('a:metrics', { clusterIP: '10.96.0.1', port: 9090 });
    const proxier = started([A, at(2)], [metrics, at(2)]);
    const input = proxier.sync(stateOf([[A, at(2)]], 'a'));
    expect(deletedIn(input).sort()).toEqual([clusterPolicyChain(metrics), sep(metrics, 2)].sort());
  });

  it('takes the new words of a service that changed', () => {
    const proxier = started([A, at(2)], [B, at(4)]);
    const moved = servicePortObject('b:http', { clusterIP: '10.96.0.99' });
    const input = proxier.sync(
      stateOf(
        [
          [A, at(2)],
          [moved, at(4)],
        ],
        'b',
      ),
    );
    expect(input).toContain(' -d 10.96.0.99 ');
    expect(input).not.toContain(' -d 10.96.0.2 ');
  });

  it('brings a deleted chain back when its endpoint comes back', () => {
    const proxier = started([A, at(2), at(3)]);
    proxier.sync(stateOf([[A, at(2)]], 'a'));
    const input = proxier.sync(stateOf([[A, at(2), at(3)]], 'a'));
    expect(deletedIn(input)).toEqual([]);
    expect(filledIn(input)).toEqual([SVC_A, sep(A, 2), sep(A, 3)]);
  });

  it('deletes of the existing chains what nobody needs, and nothing that is not written again', () => {
    const proxier = started([A, at(2)], [B, at(4)]);
    const existingChains = new Set([SVC_A, sep(A, 2), SVC_B, sep(B, 4), 'KUBE-SVL-STRAY']);
    const input = proxier.sync({
      ...stateOf(
        [
          [A, at(2)],
          [B, at(4)],
        ],
        'b',
      ),
      existingChains,
    });
    expect(deletedIn(input)).toEqual(['KUBE-SVL-STRAY']);
    expect(declaredIn(input)).toEqual([SVC_B, sep(B, 4), 'KUBE-SVL-STRAY']);
  });

  it('works out nothing of a service that did not change', () => {
    let reads = 0;
    const counted = { ...A };
    Object.defineProperty(counted, 'clusterIP', {
      enumerable: true,
      get: () => {
        reads++;
        return '10.96.0.1';
      },
    });
    const proxier = started([counted, at(2)], [B, at(4)]);
    const before = reads;
    proxier.sync(
      stateOf(
        [
          [counted, at(2)],
          [B, at(5)],
        ],
        'b',
      ),
    );
    expect([before > 0, reads - before]).toEqual([true, 0]);
  });
});

describe('a full sync', () => {
  const all = [
    [A, at(2)],
    [B, at(4)],
  ] as const;

  it.core('follows an input that was not taken', () => {
    const proxier = new IncrementalProxier(OPTIONS);
    proxier.sync(stateOf(all));
    proxier.fullSync();
    expect(proxier.sync(stateOf(all))).toBe(fullText(OPTIONS, stateOf(all)));
  });

  it('is followed by partial ones', () => {
    const proxier = new IncrementalProxier(OPTIONS);
    proxier.fullSync();
    proxier.sync(stateOf(all));
    expect(declaredIn(proxier.sync(stateOf(all)))).toEqual([]);
  });

  it('deletes again what an input deleted that was not taken', () => {
    const proxier = new IncrementalProxier(OPTIONS);
    proxier.sync(stateOf(all));
    proxier.sync(stateOf([[A, at(2)]], 'b'));
    proxier.fullSync();
    const input = proxier.sync(stateOf([[A, at(2)]]));
    expect(deletedIn(input).sort()).toEqual([SVC_B, sep(B, 4)].sort());
    expect(filledIn(input)).toEqual([SVC_A, sep(A, 2)]);
  });

  it('deletes it again as often as it fails', () => {
    const proxier = new IncrementalProxier(OPTIONS);
    proxier.sync(stateOf(all));
    proxier.sync(stateOf([[A, at(2)]], 'b'));
    for (let failures = 0; failures < 3; failures++) {
      proxier.fullSync();
      expect(deletedIn(proxier.sync(stateOf([[A, at(2)]])))).toContain(SVC_B);
    }
    expect(deletedIn(proxier.sync(stateOf([[A, at(2)]])))).toEqual([]);
  });

  it('does not delete again what an input deleted that was taken', () => {
    const proxier = new IncrementalProxier(OPTIONS);
    proxier.sync(stateOf(all));
    proxier.sync(stateOf([[A, at(2)]], 'b'));
    // Somebody asks for the next one: the last one was taken.
    proxier.sync(stateOf([[A, at(2)]]));
    proxier.fullSync();
    expect(proxier.sync(stateOf([[A, at(2)]]))).toBe(fullText(OPTIONS, stateOf([[A, at(2)]])));
  });

  it('does not delete what is needed again by then', () => {
    const proxier = new IncrementalProxier(OPTIONS);
    proxier.sync(stateOf(all));
    proxier.sync(stateOf([[A, at(2)]], 'b'));
    proxier.fullSync();
    expect(proxier.sync(stateOf(all, 'b'))).toBe(fullText(OPTIONS, stateOf(all)));
  });

  it('deletes the chains that only an input declared that was not taken', () => {
    const proxier = new IncrementalProxier(OPTIONS);
    proxier.sync(stateOf(all));
    proxier.sync(
      stateOf(
        [
          [A, at(2), at(3)],
          [B, at(4)],
        ],
        'a',
      ),
    );
    proxier.fullSync();
    expect(deletedIn(proxier.sync(stateOf(all, 'a')))).toEqual([sep(A, 3)]);
  });

  it('follows other options, and goes by them', () => {
    const proxier = new IncrementalProxier(OPTIONS);
    proxier.sync(stateOf(all));
    const options = proxierOptions({ clusterCidr: '10.0.0.0/8', masqueradeBit: 3 });
    proxier.setOptions(options);
    expect(proxier.sync(stateOf(all))).toBe(fullText(options, stateOf(all)));
    expect(proxier.sync(stateOf(all))).toContain('--or-mark 0x00000008');
    expect(declaredIn(proxier.sync(stateOf(all)))).toEqual([]);
  });
});

describe('a large cluster', () => {
  const many = Array.from({ length: 999 }, (_, i) => endpointObject(`10.245.${i >> 8}.${i & 255}`));
  const large = [
    [A, ...many],
    [B, at(4), at(5)],
  ] as const;
  const small = [
    [A, ...many],
    [B, at(4)],
  ] as const;

  it('has no comments with endpoints beyond 1,000 of them', () => {
    expect([hasComments(stateOf(small)), hasComments(stateOf(large))]).toEqual([true, false]);
    const rules = natOf(new IncrementalProxier(OPTIONS).sync(stateOf(large)));
    expect(rules.filter((line) => / -> /.test(line))).toEqual([]);
    expect(rules.filter((line) => line.includes('default/b:http cluster IP'))).toHaveLength(2);
  });

  it('does not write everything again when it becomes large', () => {
    const proxier = new IncrementalProxier(OPTIONS);
    proxier.sync(stateOf(small));
    const input = proxier.sync(stateOf(large, 'b'));
    expect(declaredIn(input)).toEqual([SVC_B, sep(B, 4), sep(B, 5)]);
    expect(input).not.toContain(' -> ');
  });
});

const PORTS = ['a:http', 'a:metrics', 'b:http', 'c:dns', 'd:http'];
const WORDS: readonly ServicePortWords[] = [
  {},
  {},
  { clusterIP: '10.96.0.77' },
  { port: 8443 },
  { protocol: 'UDP' },
];
const portState = fc.option(
  fc.record({
    words: fc.constantFrom(...WORDS),
    endpoints: fc.subarray([2, 3, 4, 5], { minLength: 0 }),
  }),
  { nil: undefined },
);
const step = fc.record({
  ports: fc.tuple(...PORTS.map(() => portState)),
  keep: fc.tuple(...PORTS.map(() => fc.boolean())),
  taken: fc.constantFrom('both', 'both', 'both', 'filter', 'none'),
});

interface PortState {
  readonly words: ServicePortWords;
  readonly endpoints: readonly number[];
}

/** The state of a step, and which services differ from the last step. */
function nextState(
  ports: readonly (PortState | undefined)[],
  before: readonly (PortState | undefined)[],
): SyncState {
  const all = ports.flatMap((port, i) => {
    if (!port) return [];
    const object = servicePortObject(PORTS[i], { port: 80 + i, ...port.words });
    return [[object, ...port.endpoints.map(at)] as const];
  });
  const updated = PORTS.flatMap((name, i) =>
    ports[i] === before[i] ? [] : [name.split(':')[0] ?? ''],
  );
  return stateOf(all, ...updated);
}

describe('any story of changes', () => {
  property(
    'ends as a full sync into empty tables would',
    fc.array(step, { minLength: 1, maxLength: 8 }),
    (steps) => {
      const proxier = new IncrementalProxier(OPTIONS);
      const tables = new Tables();
      let before: readonly (PortState | undefined)[] = [];
      for (const { ports, keep, taken } of steps) {
        const now = ports.map((port, i) => (keep[i] ? before[i] : port));
        const state = nextState(now, before);
        const input = proxier.sync(state);
        before = now;
        if (taken === 'none') proxier.fullSync();
        if (taken === 'filter') {
          tables.apply(input, ['filter']);
          proxier.fullSync();
        }
        if (taken !== 'both') continue;
        tables.apply(input);
        expectSame(tables, wholeOf(state));
      }
    },
  );

  property(
    'never declares a chain twice in one input',
    fc.array(step, { minLength: 2, maxLength: 6 }),
    (steps) => {
      const proxier = new IncrementalProxier(OPTIONS);
      let before: readonly (PortState | undefined)[] = [];
      for (const { ports, keep } of steps) {
        const now = ports.map((port, i) => (keep[i] ? before[i] : port));
        const declared = declaredIn(proxier.sync(nextState(now, before)));
        before = now;
        expect(new Set(declared).size).toBe(declared.length);
      }
    },
  );

  property(
    'touches no chain of a service that did not change',
    fc.array(step, { minLength: 2, maxLength: 6 }),
    (steps) => {
      const proxier = new IncrementalProxier(OPTIONS);
      let before: readonly (PortState | undefined)[] = [];
      for (const { ports, keep } of steps) {
        const now = ports.map((port, i) => (keep[i] ? before[i] : port));
        const state = nextState(now, before);
        const input = proxier.sync(state);
        const first = before.length === 0;
        before = now;
        if (first) continue;
        const own = [...state.services.values()].filter(
          ({ service }) => !state.updatedServices.has(service),
        );
        for (const port of own) {
          expect(declaredIn(input)).not.toContain(clusterPolicyChain(port));
          expect(deletedIn(input)).not.toContain(clusterPolicyChain(port));
        }
      }
    },
  );
});
