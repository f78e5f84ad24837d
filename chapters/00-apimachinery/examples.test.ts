/**
 * A few examples to run first: `npx vitest run chapters/00-apimachinery/examples.test.ts`.
 *
 * They are yours: change them, add to them. The hidden tests ask much more.
 */

import {
  addFinalizer,
  type Condition,
  FakeClock,
  findUntoleratedTaint,
  fromStatus,
  isNotFound,
  isPodReady,
  newNotFound,
  parseFieldSelector,
  parseSelector,
  podRequests,
  Quantity,
  selectorFromObject,
  setCondition,
  toleratesTaint,
} from '#apimachinery';
import { describe, expect, it } from 'vitest';

describe('quantity', () => {
  it('writes an amount in its canonical form', () => {
    expect(Quantity.parse('1.5Gi').toString()).toBe('1536Mi');
    expect(Quantity.parse('0.5').toString()).toBe('500m');
  });

  it('adds exactly', () => {
    const sum = Quantity.parse('100m').add(Quantity.parse('200m'));
    expect(sum.compare(Quantity.parse('0.3'))).toBe(0);
  });

  it('refuses what is no quantity', () => {
    expect(() => Quantity.parse('1.5Gigs')).toThrow('1.5Gigs');
  });
});

describe('selector', () => {
  it('matches labels', () => {
    const selector = parseSelector('app=web,env in (test,prod),!old');
    expect(selector.matches({ app: 'web', env: 'prod' })).toBe(true);
    expect(selector.matches({ app: 'web', env: 'prod', old: '' })).toBe(false);
  });

  it('says what it means in one way', () => {
    expect(parseSelector('b , a in (y,x)').toString()).toBe('a in (x,y),b');
  });

  it('selects nothing without a selector and everything with an empty one', () => {
    expect(selectorFromObject(undefined).matches({ app: 'web' })).toBe(false);
    expect(selectorFromObject({}).matches({ app: 'web' })).toBe(true);
  });

  it('knows the fields of a kind', () => {
    const selector = parseFieldSelector('spec.host=n1').forKind({ group: '', kind: 'Pod' });
    expect(selector.toString()).toBe('spec.nodeName=n1');
  });
});

describe('metadata', () => {
  it('adds a finalizer once', () => {
    const pod = { metadata: { name: 'web' } };
    expect(addFinalizer(pod, 'example.com/wait')).toBe(true);
    expect(addFinalizer(pod, 'example.com/wait')).toBe(false);
  });

  it('keeps the transition time while the status stays', () => {
    const clock = new FakeClock();
    const since = '2020-01-01T00:00:00Z';
    const conditions: Condition[] = [
      { type: 'Ready', status: 'False', lastTransitionTime: since },
    ];
    setCondition(conditions, { type: 'Ready', status: 'False', reason: 'Pulling' }, clock);
    expect(conditions[0]?.lastTransitionTime).toBe(since);
  });
});

describe('status-error', () => {
  it('travels as a Status and comes back', () => {
    const status = newNotFound({ group: '', resource: 'pods' }, 'web').toStatus();
    expect(status).toMatchObject({ code: 404, message: 'pods "web" not found' });
    expect(isNotFound(fromStatus(status))).toBe(true);
  });
});

describe('placement', () => {
  it('asks for the larger of starting and running', () => {
    const requests = podRequests({
      spec: {
        initContainers: [{ name: 'setup', resources: { requests: { cpu: '2' } } }],
        containers: [{ name: 'app', resources: { requests: { cpu: '500m' } } }],
      },
    });
    expect(String(requests.get('cpu'))).toBe('2');
  });

  it('finds the taint that keeps a pod away', () => {
    const taint = { key: 'gpu', effect: 'NoSchedule' };
    expect(toleratesTaint({ operator: 'Exists' }, taint)).toBe(true);
    expect(findUntoleratedTaint([taint], [])).toBe(taint);
  });

  it('does not take a running pod for a ready one', () => {
    expect(isPodReady({ status: { phase: 'Running' } })).toBe(false);
  });
});
