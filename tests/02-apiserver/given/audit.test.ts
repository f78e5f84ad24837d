/** The audit log: what is written of a request, and what never is. */

import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { FakeClock, newForbidden } from '#apimachinery';
import type { Upgrade } from '../../../solutions/02-apiserver/connection.ts';
import type { Answer, Context } from '../../../solutions/02-apiserver/context.ts';
import { type AuditEvent, newAudit } from '../../../solutions/02-apiserver/filters/audit.ts';
import {
  type AuditPolicy,
  decideAudit,
  METADATA_POLICY,
} from '../../../solutions/02-apiserver/filters/audit-policy.ts';
import { newContext } from './filter-context.ts';

const pods = '/api/v1/namespaces/default/pods';
const done: Answer = { status: 201, headers: { 'Content-Type': 'application/json' }, body: '{}' };

function newLog(policy: AuditPolicy = METADATA_POLICY) {
  const events: AuditEvent[] = [];
  const clock = new FakeClock({ now: Date.UTC(2025, 0, 1) });
  const filter = newAudit({
    clock,
    newId: () => 'new-id',
    write: (line) => events.push(JSON.parse(line) as AuditEvent),
    policy,
  });
  return { events, clock, filter };
}

describe('an audit event', () => {
  it('says who did what, when, and what came of it', async () => {
    const { events, clock, filter } = newLog();
    const context = newContext({
      method: 'POST',
      target: `${pods}?dryRun=All`,
      headers: { 'User-Agent': 'kubectl/v1.33', 'X-Forwarded-For': '1.2.3.4, nonsense' },
      user: { username: 'jane', uid: '7', groups: ['devs'], extra: { a: ['b'] } },
    });
    await filter(context, async () => {
      context.audit.set('authorization.k8s.io/decision', 'allow');
      await clock.advance(1500);
      return done;
    });
    expect(events).toEqual([
      {
        kind: 'Event',
        apiVersion: 'audit.k8s.io/v1',
        level: 'Metadata',
        auditID: 'new-id',
        stage: 'ResponseComplete',
        requestURI: `${pods}?dryRun=All`,
        verb: 'create',
        user: { username: 'jane', uid: '7', groups: ['devs'], extra: { a: ['b'] } },
        sourceIPs: ['1.2.3.4', '10.0.0.7'],
        userAgent: 'kubectl/v1.33',
        objectRef: { resource: 'pods', namespace: 'default', apiVersion: 'v1' },
        responseStatus: { metadata: {}, code: 201 },
        requestReceivedTimestamp: '2025-01-01T00:00:00.000000Z',
        stageTimestamp: '2025-01-01T00:00:01.500000Z',
        annotations: { 'authorization.k8s.io/decision': 'allow' },
      },
    ]);
  });

  it('has the status of an error, which goes on', async () => {
    const { events, filter } = newLog();
    const refuse = async () => {
      throw newForbidden({ group: '', resource: 'pods' }, 'web', 'no');
    };
    await expect(filter(newContext({ target: `${pods}/web` }), refuse)).rejects.toThrow(
      'forbidden',
    );
    expect(events).toMatchObject([
      {
        stage: 'ResponseComplete',
        responseStatus: { code: 403, reason: 'Forbidden', status: 'Failure' },
      },
    ]);
  });

  it('tells of a broken handler, without its words', async () => {
    const { events, filter } = newLog();
    const fail = async () => {
      throw new Error('password is 1234');
    };
    await expect(filter(newContext({ target: pods }), fail)).rejects.toThrow();
    expect(events).toMatchObject([{ stage: 'Panic', responseStatus: { code: 500 } }]);
    expect(JSON.stringify(events)).not.toContain('1234');
  });

  it('says whom the caller acted for', async () => {
    const { events, filter } = newLog();
    const context = newContext({ target: pods });
    await filter(context, async () => {
      context.audit.set('impersonatedUser', { username: 'joe', groups: ['a'] });
      return done;
    });
    expect(events[0]).toMatchObject({
      user: { username: 'jane' },
      impersonatedUser: { username: 'joe', groups: ['a'] },
    });
  });

  it('is written twice for a watch: when it begins and when its stream is read or let go', async () => {
    const { events, filter } = newLog();
    const body = () =>
      new ReadableStream<Uint8Array>({
        start: (controller) => {
          controller.enqueue(new Uint8Array([1]));
          controller.close();
        },
      });
    const watch = newContext({ target: `${pods}?watch=1` });
    const answer = (await filter(watch, async () => ({ ...done, body: body() }))) as Answer;
    expect(events.map((one) => one.stage)).toEqual(['ResponseStarted']);
    expect((await new Response(answer.body).arrayBuffer()).byteLength).toBe(1);
    expect(events.map((one) => one.stage)).toEqual(['ResponseStarted', 'ResponseComplete']);

    let isCancelled = false;
    const endless = new ReadableStream<Uint8Array>({
      cancel: () => {
        isCancelled = true;
      },
    });
    const again = (await filter(watch, async () => ({ ...done, body: endless }))) as Answer;
    await (again.body as ReadableStream).cancel();
    expect([isCancelled, events.length]).toEqual([true, 4]);
  });

  it('is written at both ends of an exec', async () => {
    const { events, filter } = newLog();
    const upgrade: Upgrade = { protocol: 'x', headers: {}, accept: async () => {} };
    const context = newContext({ method: 'POST', target: `${pods}/web/exec` });
    const answer = (await filter(context, async () => upgrade)) as Upgrade;
    expect(events).toMatchObject([{ stage: 'ResponseStarted', responseStatus: { code: 101 } }]);
    await answer.accept(new PassThrough());
    expect(events).toHaveLength(2);
  });
});

describe('Audit-Id', () => {
  const idOf = (answer: unknown) => (answer as Answer).headers['Audit-Id'];

  it('is on every answer, whether anything is written or not', async () => {
    const { filter } = newLog({ rules: [{ level: 'None' }] });
    expect(idOf(await filter(newContext({ target: pods }), async () => done))).toBe('new-id');
    const silent = newAudit({ clock: new FakeClock(), newId: () => 'other' });
    expect(idOf(await silent(newContext({ target: pods }), async () => done))).toBe('other');
  });

  it('is that of the request, if it has one', async () => {
    const { events, filter } = newLog();
    const context = newContext({ target: pods, headers: { 'Audit-ID': 'mine' } });
    expect(idOf(await filter(context, async () => done))).toBe('mine');
    expect(events[0]?.auditID).toBe('mine');
  });
});

describe('bodies', () => {
  async function eventOf(level: 'Metadata' | 'Request' | 'RequestResponse', target: string) {
    const { events, filter } = newLog({ rules: [{ level }], omitStages: ['RequestReceived'] });
    const context = newContext({
      method: 'POST',
      target,
      headers: { Authorization: 'Bearer geheim' },
    });
    await filter(context, async () => {
      context.audit.set('object', { data: 'geheim' });
      context.audit.set('response', { token: 'geheim' });
      return done;
    });
    return events[0];
  }

  it('are written as the level says', async () => {
    expect(await eventOf('Metadata', pods)).not.toHaveProperty('requestObject');
    const request = await eventOf('Request', pods);
    expect(request).toMatchObject({ requestObject: { data: 'geheim' } });
    expect(request).not.toHaveProperty('responseObject');
    expect(await eventOf('RequestResponse', pods)).toMatchObject({
      requestObject: {},
      responseObject: {},
    });
  });

  it.each([
    '/api/v1/namespaces/default/secrets',
    '/api/v1/namespaces/default/configmaps',
    '/api/v1/namespaces/default/serviceaccounts/a/token',
    '/apis/authentication.k8s.io/v1/tokenreviews',
  ])('of %s never are', async (target) => {
    expect(JSON.stringify(await eventOf('RequestResponse', target))).not.toContain('geheim');
  });
});

describe('an audit policy', () => {
  const decide = (policy: AuditPolicy, context: Context) => decideAudit(policy, context).level;
  const web = newContext({ target: `${pods}/web` });
  const log = newContext({ target: `${pods}/web/log` });
  const nodes = newContext({ target: '/api/v1/nodes' });
  const healthz = newContext({ target: '/healthz/ping' });

  it('takes the first rule that matches, and nothing when none does', () => {
    const rules: AuditPolicy['rules'] = [
      { level: 'None', verbs: ['get'] },
      { level: 'Metadata', users: ['jane'] },
    ];
    expect(decide({ rules }, web)).toBe('None');
    expect(decide({ rules }, nodes)).toBe('Metadata');
    expect(decide({ rules: [{ level: 'Metadata', users: ['joe'] }] }, nodes)).toBe('None');
  });

  const matching: [string, AuditPolicy['rules'][number], Context, boolean][] = [
    ['a group', { level: 'Request', userGroups: ['devs', 'x'] }, web, true],
    ['another group', { level: 'Request', userGroups: ['x'] }, web, false],
    ['a resource', { level: 'Request', resources: [{ resources: ['pods'] }] }, web, true],
    ['its subresource', { level: 'Request', resources: [{ resources: ['pods'] }] }, log, false],
    ['that subresource', { level: 'Request', resources: [{ resources: ['pods/log'] }] }, log, true],
    ['all subresources', { level: 'Request', resources: [{ resources: ['pods/*'] }] }, log, true],
    [
      'a subresource of all',
      { level: 'Request', resources: [{ resources: ['*/log'] }] },
      log,
      true,
    ],
    ['everything', { level: 'Request', resources: [{ resources: ['*'] }] }, log, true],
    ['all of a group', { level: 'Request', resources: [{ group: '' }] }, log, true],
    [
      'another group of resources',
      { level: 'Request', resources: [{ group: 'apps' }] },
      log,
      false,
    ],
    [
      'a name',
      { level: 'Request', resources: [{ resources: ['pods'], resourceNames: ['web'] }] },
      web,
      true,
    ],
    [
      'another name',
      { level: 'Request', resources: [{ resources: ['pods'], resourceNames: ['x'] }] },
      web,
      false,
    ],
    ['a namespace', { level: 'Request', namespaces: ['default'] }, web, true],
    ['no namespace', { level: 'Request', namespaces: [''] }, nodes, true],
    ['a path', { level: 'Request', nonResourceURLs: ['/healthz*'] }, healthz, true],
    ['another path', { level: 'Request', nonResourceURLs: ['/healthz'] }, healthz, false],
    ['a path of a resource', { level: 'Request', nonResourceURLs: ['*'] }, web, false],
    [
      'a resource of a path',
      { level: 'Request', resources: [{ resources: ['*'] }] },
      healthz,
      false,
    ],
  ];
  it.each(matching)('knows %s', (_name, rule, context, expected) => {
    expect(decide({ rules: [rule] }, context)).toBe(expected ? 'Request' : 'None');
  });

  it('leaves out the stages it does not want', async () => {
    const { events, filter } = newLog({
      rules: [{ level: 'Metadata', omitStages: ['ResponseStarted'] }],
    });
    await filter(newContext({ target: pods }), async () => done);
    expect(events.map((one) => one.stage)).toEqual(['RequestReceived', 'ResponseComplete']);
  });
});
