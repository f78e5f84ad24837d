import {
  FakeClock,
  type KubernetesObject,
  newConflict,
  newForbidden,
  newNotFound,
  seededRandom,
} from '#apimachinery';
import { newTestApi, type TestApi } from '#apiserver/testing';
import { type Client, type EventRecorder, PODS, REPLICA_SETS } from '#client';
import { afterEach, describe, expect, it, refusalOf } from '#kit';
import {
  PodControl,
  podFromTemplate,
} from '../../../solutions/04-controller-manager/pod-control.ts';

const RESOURCE = { group: '', resource: 'pods' };
const owner = { metadata: { name: 'web', namespace: 'default', uid: 'web-uid' } };
const template = {
  metadata: { labels: { app: 'web' }, annotations: { a: 'b' }, finalizers: ['example.com/f'] },
  spec: { containers: [{ name: 'c', image: 'i' }] },
};
let api: TestApi;

async function begin() {
  api = await newTestApi({ clock: new FakeClock(), random: seededRandom(1) });
  const told: string[] = [];
  const events: EventRecorder = {
    event: (type, object: KubernetesObject, eventType, reason, message) =>
      void told.push(
        `${type.kind}/${object.metadata?.name} ${eventType} ${reason} ${message.replace(/-\w{5}$/, '-*')}`,
      ),
  };
  return { told, control: new PodControl(api.client as Client, events, REPLICA_SETS) };
}
afterEach(() => api?.stop());

describe('podFromTemplate', () => {
  it('takes over what pods have of their template, and refers to the owner', () => {
    expect(podFromTemplate(template, owner, REPLICA_SETS)).toEqual({
      metadata: {
        generateName: 'web-',
        namespace: 'default',
        labels: { app: 'web' },
        annotations: { a: 'b' },
        finalizers: ['example.com/f'],
        ownerReferences: [
          {
            apiVersion: 'apps/v1',
            kind: 'ReplicaSet',
            name: 'web',
            uid: 'web-uid',
            controller: true,
            blockOwnerDeletion: true,
          },
        ],
      },
      spec: { containers: [{ name: 'c', image: 'i' }] },
    });
  });

  it('has no dash behind a name that is as long as names may be', () => {
    const prefix = (length: number) =>
      podFromTemplate(template, { metadata: { name: 'n'.repeat(length) } }, REPLICA_SETS).metadata
        ?.generateName;
    expect(prefix(252)).toBe(`${'n'.repeat(252)}-`);
    expect(prefix(253)).toBe('n'.repeat(253));
  });
});

describe('PodControl', () => {
  const pod = podFromTemplate(
    { ...template, metadata: { labels: { app: 'web' } } },
    owner,
    REPLICA_SETS,
  );

  it('creates pods and tells of it', async () => {
    const { control, told } = await begin();
    const created = await control.create(owner, pod);
    expect(created.metadata?.name).toMatch(/^web-\w{5}$/);
    expect(told).toEqual(['ReplicaSet/web Normal SuccessfulCreate Created pod: web-*']);
  });

  it('tells why a pod could not be created, unless the namespace is going', async () => {
    const { control, told } = await begin();
    let cause = 'QuotaExceeded';
    api.intercept(() => {
      const error = newForbidden(RESOURCE, 'web-x', 'no');
      throw Object.assign(error, { details: { causes: [{ reason: cause }] } });
    });
    await refusalOf(control.create(owner, pod));
    expect(told).toEqual([
      'ReplicaSet/web Warning FailedCreate Error creating: pods "web-x" is forbidden: no',
    ]);
    cause = 'NamespaceTerminating';
    await refusalOf(control.create(owner, pod));
    expect(told.length).toBe(1);
  });

  it('deletes pods and tells of it', async () => {
    const { control, told } = await begin();
    const created = await control.create(owner, pod);
    expect(await control.delete(owner, created)).toBe(true);
    expect(told.at(-1)).toBe('ReplicaSet/web Normal SuccessfulDelete Deleted pod: web-*');
  });

  it('does not delete another pod of the same name', async () => {
    const { control, told } = await begin();
    const created = await control.create(owner, pod);
    const stale = { ...created, metadata: { ...created.metadata, uid: 'before' } };
    expect(await control.delete(owner, stale)).toBe(false);
    const { items } = await api.admin.resource(PODS, 'default').list();
    expect(items.length).toBe(1);
    expect(told.length).toBe(1);
  });

  it('says whether a pod was gone, and tells why it could not be deleted', async () => {
    const { control, told } = await begin();
    const stored = { metadata: { name: 'x', namespace: 'default', uid: 'x' } };
    let refusal: Error = newNotFound(RESOURCE, 'x');
    api.intercept(() => {
      throw refusal;
    });
    expect(await control.delete(owner, stored)).toBe(false);
    refusal = newConflict(RESOURCE, 'x', 'another uid');
    expect(await control.delete(owner, stored)).toBe(false);
    expect(told).toEqual([]);
    refusal = newForbidden(RESOURCE, 'x', 'no');
    expect((await refusalOf(control.delete(owner, stored))) === refusal).toBe(true);
    expect(told).toEqual([
      'ReplicaSet/web Warning FailedDelete Error deleting: pods "x" is forbidden: no',
    ]);
  });
});
