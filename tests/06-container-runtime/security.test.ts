import type { FileStat } from '#apimachinery';
import {
  ALL_CAPABILITIES,
  type Credentials,
  capabilitiesOf,
  credentialsAfterExec,
  credentialsOf,
  DEFAULT_CAPABILITIES,
  mayAccess,
  mayBind,
  maySignal,
} from '#container-runtime';
import { describe, expect, fc, it, property } from '#kit';

const sorted = (names: Iterable<string>) => [...names].sort();

describe('capabilitiesOf', () => {
  it.core('adds and drops', () => {
    const added = capabilitiesOf({ capabilities: { addCapabilities: ['NET_ADMIN'] } });
    expect(sorted(added)).toEqual(sorted([...DEFAULT_CAPABILITIES, 'NET_ADMIN']));
    const dropped = capabilitiesOf({ capabilities: { dropCapabilities: ['CHOWN', 'KILL'] } });
    expect(sorted(dropped)).toEqual(
      sorted(DEFAULT_CAPABILITIES.filter((one) => one !== 'CHOWN' && one !== 'KILL')),
    );
  });

  const rows: [name: string, add: string[], drop: string[], expected: readonly string[]][] = [
    ['nothing', [], [], DEFAULT_CAPABILITIES],
    ['drops all', [], ['ALL'], []],
    ['drops all and adds one', ['NET_BIND_SERVICE'], ['ALL'], ['NET_BIND_SERVICE']],
    ['adds all', ['ALL'], [], ALL_CAPABILITIES],
    [
      'adds all but one',
      ['ALL'],
      ['SYS_ADMIN'],
      ALL_CAPABILITIES.filter((one) => one !== 'SYS_ADMIN'),
    ],
    ['adds and drops all', ['ALL'], ['ALL'], []],
    ['adds and drops all and adds one', ['ALL', 'CHOWN'], ['ALL'], ['CHOWN']],
    ['adds and drops the same', ['NET_ADMIN'], ['NET_ADMIN'], DEFAULT_CAPABILITIES],
    [
      'writes names in other ways',
      ['cap_net_admin', 'CAP_BPF'],
      ['cap_Kill'],
      [...DEFAULT_CAPABILITIES.filter((one) => one !== 'KILL'), 'NET_ADMIN', 'BPF'],
    ],
    ['writes all in small letters', [], ['all'], []],
    ['adds a name that is in no list', ['MAKE_TEA'], [], [...DEFAULT_CAPABILITIES, 'MAKE_TEA']],
    ['drops a name that is in no list', [], ['MAKE_TEA'], DEFAULT_CAPABILITIES],
  ];
  for (const [name, addCapabilities, dropCapabilities, expected] of rows) {
    it(`knows what is left for who ${name}`, () => {
      expect(
        sorted(capabilitiesOf({ capabilities: { addCapabilities, dropCapabilities } })),
      ).toEqual(sorted(expected));
    });
  }

  it('gives the privileged all, whatever they drop', () => {
    const context = { privileged: true, capabilities: { dropCapabilities: ['ALL'] } };
    expect(sorted(capabilitiesOf(context))).toEqual(sorted(ALL_CAPABILITIES));
  });

  it('makes a new set each time', () => {
    capabilitiesOf({}).clear();
    expect(capabilitiesOf({}).size).toBe(DEFAULT_CAPABILITIES.length);
  });
});

const image = {
  user: '',
  passwd:
    'root:x:0:0:root:/root:/bin/sh\nnginx:x:101:102:nginx:/:/bin/false\n7:x:500:500::/:\ntoor:x:0:9::/:\n',
  group: 'root:x:0:\nnginx:x:102:\nweb:x:33:www,nginx\n33:x:44:\ndocs:x:20:nginx\nngin:x:40:ngin\n',
};
const who = ({ uid, gid, groups }: Credentials) => `${uid} ${gid} ${groups.join(',')}`;

describe('credentialsOf', () => {
  it.core('is root unless somebody says otherwise', () => {
    expect(credentialsOf({}, image)).toMatchObject({
      uid: 0,
      gid: 0,
      groups: [0],
      noNewPrivs: false,
    });
    expect(sorted(credentialsOf({}, image).capabilities)).toEqual(sorted(DEFAULT_CAPABILITIES));
  });

  it.core('is whom the pod says, and then has no capabilities', () => {
    const credentials = credentialsOf(
      { runAsUser: { value: 1000 }, runAsGroup: { value: 3000 } },
      image,
    );
    expect(who(credentials)).toBe('1000 3000 3000');
    expect([...credentials.capabilities]).toEqual([]);
  });

  const rows: [name: string, context: object, user: string, expected: string][] = [
    ['the image says a name', {}, 'nginx', '101 102 20,33,102'],
    ['the image says a number of passwd', {}, '101', '101 102 20,33,102'],
    ['the image says a number of nobody', {}, '1234', '1234 0 0'],
    ['the image says a group by name', {}, 'nginx:web', '101 33 20,33'],
    ['the image says a group by number', {}, '1234:77', '1234 77 77'],
    ['the image says a number that is also a name', {}, '7', '7 0 0'],
    ['the pod says a number that is also a name', { runAsUser: { value: 7 } }, '', '7 0 0'],
    ['the image says a group whose number is also a name', {}, 'nginx:33', '101 33 20,33'],
    ['two have the number', {}, '0', '0 0 0'],
    ['the pod says a name and a group', { runAsUsername: 'nginx:web' }, '7', '101 33 20,33'],
    [
      'the pod says a name, the image a group',
      { runAsUsername: 'nginx' },
      'root:web',
      '101 102 20,33,102',
    ],
    ['the pod says a number', { runAsUser: { value: 101 } }, '0', '101 102 20,33,102'],
    ['the pod says root', { runAsUser: { value: 0 } }, 'nginx', '0 0 0'],
    ['the pod says a name', { runAsUsername: 'nginx' }, '', '101 102 20,33,102'],
    [
      'the pod says number and name',
      { runAsUser: { value: 5 }, runAsUsername: 'nginx' },
      '',
      '5 0 0',
    ],
    [
      'the pod says user and group',
      { runAsUser: { value: 101 }, runAsGroup: { value: 0 } },
      '',
      '101 0 0,20,33',
    ],
    [
      "the pod does not take over the image's group",
      { runAsUser: { value: 101 } },
      'root:web',
      '101 102 20,33,102',
    ],
    [
      'there are more groups',
      { supplementalGroups: [2000, 33, 5] },
      'nginx',
      '101 102 5,20,33,102,2000',
    ],
    [
      'more groups have numbers of several lengths',
      { supplementalGroups: [100, 9, 20] },
      '',
      '0 0 0,9,20,100',
    ],
    [
      'the policy is strict',
      { supplementalGroups: [2000], supplementalGroupsPolicy: 'Strict' },
      'nginx',
      '101 102 102,2000',
    ],
    ['the policy is to merge', { supplementalGroupsPolicy: 'Merge' }, 'nginx', '101 102 20,33,102'],
  ];
  for (const [name, context, user, expected] of rows) {
    it(`knows who it is when ${name}`, () => {
      expect(who(credentialsOf(context, { ...image, user }))).toBe(expected);
    });
  }

  it('works without passwd and group', () => {
    const bare = { user: '5', passwd: '', group: '' };
    expect(who(credentialsOf({}, bare))).toBe('5 0 0');
  });

  it('refuses a group without a user', () => {
    expect(() => credentialsOf({ runAsGroup: { value: 5 } }, { ...image, user: 'nginx' })).toThrow({
      name: 'CriError',
      code: 'INVALID_ARGUMENT',
      description: 'user group is specified without user',
    });
  });

  it('refuses users and groups that there are not', () => {
    expect(() => credentialsOf({ runAsUsername: 'eve' }, image)).toThrow({
      code: 'UNKNOWN',
      description: 'unable to find user eve: no matching entries in passwd file',
    });
    expect(() => credentialsOf({}, { ...image, user: 'nginx:eve' })).toThrow({
      code: 'UNKNOWN',
      description: 'unable to find group eve: no matching entries in group file',
    });
  });

  it('passes on what the pod says of capabilities and privileges', () => {
    const context = { noNewPrivs: true, capabilities: { dropCapabilities: ['ALL'] } };
    expect(credentialsOf(context, image)).toMatchObject({ noNewPrivs: true });
    expect([...credentialsOf(context, image).capabilities]).toEqual([]);
    expect(credentialsOf({ privileged: true }, image).capabilities.size).toBe(
      ALL_CAPABILITIES.length,
    );
  });
});

const person = (uid: number, more: Partial<Credentials> = {}): Credentials => ({
  uid,
  gid: uid,
  groups: [uid],
  capabilities: new Set(),
  noNewPrivs: false,
  ...more,
});
const stat = (mode: number, more: Partial<FileStat> = {}): FileStat => ({
  kind: 'file',
  size: 0,
  mode,
  uid: 7,
  gid: 8,
  modifiedAt: 0,
  ...more,
});
const allowed = (someone: Credentials, one: FileStat) =>
  (['read', 'write', 'execute'] as const)
    .map((access) => (mayAccess(someone, one, access) ? access[0] : '-'))
    .join('');

describe('mayAccess', () => {
  it.core('looks at the part of the mode that is meant', () => {
    const one = stat(0o754);
    expect(allowed(person(7), one)).toBe('rwe');
    expect(allowed(person(1, { gid: 8 }), one)).toBe('r-e');
    expect(allowed(person(1), one)).toBe('r--');
  });

  it('knows further groups', () => {
    expect(allowed(person(1, { groups: [1, 8] }), stat(0o640))).toBe('r--');
    expect(allowed(person(1, { groups: [1, 9] }), stat(0o640))).toBe('---');
  });

  it('lets no other part count', () => {
    expect(allowed(person(7), stat(0o077))).toBe('---');
    expect(allowed(person(7, { gid: 8 }), stat(0o070))).toBe('---');
    expect(allowed(person(1, { gid: 8 }), stat(0o707))).toBe('---');
  });

  it.core('lets DAC_OVERRIDE do anything, but run what nobody may run', () => {
    const root = person(0, { capabilities: new Set(['DAC_OVERRIDE']) });
    expect(allowed(root, stat(0o000))).toBe('rw-');
    expect(allowed(root, stat(0o644))).toBe('rw-');
    for (const mode of [0o100, 0o010, 0o001]) expect(allowed(root, stat(mode))).toBe('rwe');
    expect(allowed(root, stat(0o000, { kind: 'directory' }))).toBe('rwe');
  });

  it('does not take root for more than its capabilities', () => {
    expect(allowed(person(0), stat(0o750))).toBe('---');
    expect(allowed(person(0), stat(0o640, { uid: 0 }))).toBe('rw-');
  });

  property('gives exactly one part', fc.nat(0o777), fc.nat(9), fc.nat(9), (mode, uid, gid) => {
    const someone = person(uid, { gid, groups: [gid] });
    let shift = 0;
    if (gid === 8) shift = 3;
    if (uid === 7) shift = 6;
    const bits = (mode >> shift) & 7;
    const expected = `${bits & 4 ? 'r' : '-'}${bits & 2 ? 'w' : '-'}${bits & 1 ? 'e' : '-'}`;
    expect(allowed(someone, stat(mode))).toBe(expected);
  });
});

describe('mayBind and maySignal', () => {
  it('keeps low ports for those who may take them', () => {
    expect(mayBind(person(5), 1023)).toBe(false);
    expect(mayBind(person(5), 1024)).toBe(true);
    expect(mayBind(person(0), 80)).toBe(false);
    expect(mayBind(person(5, { capabilities: new Set(['NET_BIND_SERVICE']) }), 80)).toBe(true);
    expect(mayBind(person(5), 80, 0)).toBe(true);
    expect(mayBind(person(5), 80, 81)).toBe(false);
    expect(mayBind(person(5), 80, 80)).toBe(true);
    expect(mayBind(person(5), 0)).toBe(true);
    expect(mayBind(person(5), 1)).toBe(false);
  });

  it("lets signals be sent to one's own", () => {
    expect(maySignal(person(5), person(5, { gid: 9 }))).toBe(true);
    expect(maySignal(person(5), person(6, { gid: 5 }))).toBe(false);
    expect(maySignal(person(0), person(6))).toBe(false);
    expect(maySignal(person(5, { capabilities: new Set(['KILL']) }), person(0))).toBe(true);
  });
});

describe('credentialsAfterExec', () => {
  const bounding = new Set(['CHOWN', 'KILL']);

  it.core('becomes the owner of a setuid program', () => {
    const after = credentialsAfterExec(
      person(5, { groups: [5, 6] }),
      stat(0o4755, { uid: 0 }),
      bounding,
    );
    expect(after).toMatchObject({ uid: 0, gid: 5, groups: [5, 6] });
    expect(sorted(after.capabilities)).toEqual(['CHOWN', 'KILL']);
  });

  it('has no capabilities as another one than root', () => {
    const root = person(0, { capabilities: bounding });
    const after = credentialsAfterExec(root, stat(0o4755), bounding);
    expect(after.uid).toBe(7);
    expect([...after.capabilities]).toEqual([]);
  });

  it('stays who it is when there are to be no new privileges', () => {
    const before = person(5, { noNewPrivs: true });
    expect(credentialsAfterExec(before, stat(0o4755, { uid: 0 }), bounding)).toEqual(before);
  });

  it('stays who it is with an ordinary program', () => {
    const before = person(5);
    expect(credentialsAfterExec(before, stat(0o2755, { uid: 0 }), bounding)).toEqual(before);
    expect(credentialsAfterExec(before, stat(0o755, { uid: 0 }), bounding)).toEqual(before);
  });
});
