/**
 * Rows of what runs the cluster: leases, certificates, webhooks, API services. Given.
 *
 * @see pkg/printers/internalversion/printers.go (1.33),
 * kube-aggregator/pkg/registry/apiservice/etcd/etcd.go (1.33) for API services
 */

import type {
  MutatingWebhookConfiguration,
  ValidatingWebhookConfiguration,
} from 'kubernetes-types/admissionregistration/v1.js';
import type { CertificateSigningRequest } from 'kubernetes-types/certificates/v1.js';
import type { Lease } from 'kubernetes-types/coordination/v1.js';
import type { RuntimeClass } from 'kubernetes-types/node/v1.js';
import type { PriorityClass } from 'kubernetes-types/scheduling/v1.js';
import { type Condition, findCondition, type ObjectMeta } from '#apimachinery';
import { age, humanDuration } from '../age.ts';
import { definePrinter, type Printer } from '../table-convertor.ts';

const lease = definePrinter<Lease>({
  group: 'coordination.k8s.io',
  kind: 'Lease',
  columns: 'Name, Holder, Age',
  cells: ({ metadata, spec }, nowMs) => [
    metadata?.name ?? '',
    spec?.holderIdentity ?? '',
    age(metadata?.creationTimestamp, nowMs),
  ],
});

const priorityClass = definePrinter<PriorityClass>({
  group: 'scheduling.k8s.io',
  kind: 'PriorityClass',
  columns: 'Name, Value:integer, Global-Default:boolean, Age, PreemptionPolicy',
  cells: ({ metadata, value, globalDefault, preemptionPolicy }, nowMs) => [
    metadata?.name ?? '',
    value ?? 0,
    globalDefault ?? false,
    age(metadata?.creationTimestamp, nowMs),
    preemptionPolicy ?? '',
  ],
});

const runtimeClass = definePrinter<RuntimeClass>({
  group: 'node.k8s.io',
  kind: 'RuntimeClass',
  columns: 'Name, Handler, Age',
  cells: ({ metadata, handler }, nowMs) => [
    metadata?.name ?? '',
    handler ?? '',
    age(metadata?.creationTimestamp, nowMs),
  ],
});

const certificateSigningRequest = definePrinter<CertificateSigningRequest>({
  group: 'certificates.k8s.io',
  kind: 'CertificateSigningRequest',
  columns: 'Name, Age, SignerName, Requestor, RequestedDuration, Condition',
  cells: (request, nowMs) => {
    const { metadata, spec } = request;
    const seconds = spec?.expirationSeconds;
    return [
      metadata?.name ?? '',
      age(metadata?.creationTimestamp, nowMs),
      spec?.signerName || '<none>',
      spec?.username ?? '',
      seconds === undefined ? '<none>' : humanDuration(seconds * 1000),
      requestCondition(request),
    ];
  },
});

/** `Approved,Issued`. */
function requestCondition({ status }: CertificateSigningRequest): string {
  const has = (type: string) => findCondition(status?.conditions, type) !== undefined;
  const decided = has('Approved') ? 'Approved' : 'Pending';
  return [
    has('Denied') ? 'Denied' : decided,
    ...(has('Failed') ? ['Failed'] : []),
    ...(status?.certificate ? ['Issued'] : []),
  ].join(',');
}

function webhookPrinter(kind: string): Printer {
  return definePrinter<MutatingWebhookConfiguration | ValidatingWebhookConfiguration>({
    group: 'admissionregistration.k8s.io',
    kind,
    columns: 'Name, Webhooks:integer, Age',
    cells: ({ metadata, webhooks }, nowMs) => [
      metadata?.name ?? '',
      webhooks?.length ?? 0,
      age(metadata?.creationTimestamp, nowMs),
    ],
  });
}

/** `kubernetes-types` does not have it. */
interface ApiService {
  readonly metadata?: ObjectMeta;
  readonly spec?: { readonly service?: { readonly namespace?: string; readonly name?: string } };
  readonly status?: { readonly conditions?: readonly Condition[] };
}

const apiService = definePrinter<ApiService>({
  group: 'apiregistration.k8s.io',
  kind: 'APIService',
  columns: 'Name, Service, Available, Age',
  cells: ({ metadata, spec, status }, nowMs) => {
    const available = findCondition(status?.conditions, 'Available');
    const why = available?.status !== 'True' && available?.reason ? ` (${available.reason})` : '';
    return [
      metadata?.name ?? '',
      spec?.service ? `${spec.service.namespace}/${spec.service.name}` : 'Local',
      `${available?.status ?? 'Unknown'}${why}`,
      age(metadata?.creationTimestamp, nowMs),
    ];
  },
});

export const adminPrinters = [
  lease,
  priorityClass,
  runtimeClass,
  certificateSigningRequest,
  webhookPrinter('MutatingWebhookConfiguration'),
  webhookPrinter('ValidatingWebhookConfiguration'),
  apiService,
];
