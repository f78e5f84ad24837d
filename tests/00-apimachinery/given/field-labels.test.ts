import { describe, expect, it } from 'vitest';
import { fieldsOf, internalFieldLabel, unsupportedFieldLabel } from '#apimachinery';

const core = (kind: string) => ({ group: '', kind });

describe('the fields a kind can be selected by', () => {
  const known: [group: string, kind: string, label: string][] = [
    ['', 'Pod', 'spec.nodeName'],
    ['', 'Pod', 'status.podIP'],
    ['', 'Node', 'spec.unschedulable'],
    ['', 'Namespace', 'status.phase'],
    ['', 'Secret', 'type'],
    ['', 'Service', 'spec.clusterIP'],
    ['', 'Event', 'involvedObject.name'],
    ['batch', 'Job', 'status.successful'],
    ['certificates.k8s.io', 'CertificateSigningRequest', 'spec.signerName'],
    ['apps', 'Deployment', 'metadata.name'],
    ['apps', 'Deployment', 'metadata.namespace'],
    ['apps', 'StatefulSet', 'metadata.name'],
    ['example.com', 'Widget', 'metadata.name'],
  ];
  for (const [group, kind, label] of known) {
    it(`include ${label} of ${kind}`, () => {
      expect(internalFieldLabel({ group, kind }, label)).toBe(label);
    });
  }

  it('have inside names for old and for other versions’ labels', () => {
    expect(internalFieldLabel(core('Pod'), 'spec.host')).toBe('spec.nodeName');
    const event = { group: 'events.k8s.io', kind: 'Event' };
    expect(internalFieldLabel(event, 'regarding.name')).toBe('involvedObject.name');
    expect(internalFieldLabel(event, 'involvedObject.name')).toBeUndefined();
  });

  it('are no others, and none of another group', () => {
    expect(internalFieldLabel(core('Pod'), 'spec.image')).toBeUndefined();
    expect(internalFieldLabel(core('Node'), 'metadata.namespace')).toBeUndefined();
    expect(internalFieldLabel({ group: 'x', kind: 'Pod' }, 'spec.nodeName')).toBeUndefined();
  });
});

describe('the error for an unknown field label', () => {
  const rows: [group: string, kind: string, message: string][] = [
    ['', 'Pod', 'field label not supported: a.b'],
    ['batch', 'Job', 'field label "a.b" not supported for batchv1.Job'],
    ...['Deployment', 'ReplicaSet', 'StatefulSet', 'DaemonSet'].map(
      (kind): [string, string, string] => [
        'apps',
        kind,
        '"a.b" is not a known field selector: only "metadata.name", "metadata.namespace"',
      ],
    ),
  ];
  for (const [group, kind, message] of rows) {
    it(`for ${kind} is a bad request in the API's words`, () => {
      const { code, reason, message: text } = unsupportedFieldLabel({ group, kind }, 'a.b');
      expect([code, reason, text]).toEqual([400, 'BadRequest', message]);
    });
  }
});

describe('what an object has in its fields', () => {
  it('is text, empty where there is nothing', () => {
    const pod = { metadata: { name: 'web', namespace: 'default' }, spec: { nodeName: 'n1' } };
    expect(fieldsOf(core('Pod'), pod)).toMatchObject({
      'metadata.name': 'web',
      'metadata.namespace': 'default',
      'spec.nodeName': 'n1',
      'status.phase': '',
      'spec.hostNetwork': 'false',
    });
    expect(Object.keys(fieldsOf(core('Pod'), pod))).not.toContain('spec.host');
  });

  it('is written out for numbers and truth values', () => {
    expect(fieldsOf(core('Node'), { spec: { unschedulable: true } })['spec.unschedulable']).toBe(
      'true',
    );
    expect(fieldsOf(core('Node'), {})['spec.unschedulable']).toBe('false');
    const job = { group: 'batch', kind: 'Job' };
    expect(fieldsOf(job, { status: { succeeded: 3 } })['status.successful']).toBe('3');
    expect(fieldsOf(job, {})['status.successful']).toBe('0');
  });

  it('is the same for an event of either version', () => {
    const old = { involvedObject: { name: 'web' }, source: { component: 'kubelet' } };
    expect(fieldsOf(core('Event'), old)).toMatchObject({
      'involvedObject.name': 'web',
      source: 'kubelet',
    });
    const fresh = { regarding: { name: 'web' }, reportingController: 'scheduler' };
    expect(fieldsOf({ group: 'events.k8s.io', kind: 'Event' }, fresh)).toMatchObject({
      'involvedObject.name': 'web',
      reportingComponent: 'scheduler',
    });
  });

  it('is nothing that the object only inherits', () => {
    const pod = { metadata: Object.create({ name: 'inherited' }) as object };
    expect(fieldsOf(core('Pod'), pod)['metadata.name']).toBe('');
  });
});
