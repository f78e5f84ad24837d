/**
 * Rows of volumes and what provides them. Given.
 *
 * @see pkg/printers/internalversion/printers.go (1.33)
 */

import type { PersistentVolume, PersistentVolumeClaim } from 'kubernetes-types/core/v1.js';
import type {
  CSIDriver,
  CSINode,
  CSIStorageCapacity,
  StorageClass,
  VolumeAttachment,
} from 'kubernetes-types/storage/v1.js';
import { age } from '../age.ts';
import { amountText } from '../cell-text.ts';
import { definePrinter } from '../table-convertor.ts';

const MODES = [
  ['ReadWriteOnce', 'RWO'],
  ['ReadOnlyMany', 'ROX'],
  ['ReadWriteMany', 'RWX'],
  ['ReadWriteOncePod', 'RWOP'],
] as const;

/** `RWO,RWX`, in an order of their own. */
function accessModes(modes: readonly string[] | undefined): string {
  const present = MODES.filter(([mode]) => modes?.includes(mode));
  return present.map(([, short]) => short).join(',');
}

const CLASS_ANNOTATION = 'volume.beta.kubernetes.io/storage-class';

const persistentVolume = definePrinter<PersistentVolume>({
  group: '',
  kind: 'PersistentVolume',
  columns:
    'Name, Capacity, Access Modes, Reclaim Policy, Status, Claim, StorageClass, VolumeAttributesClass, Reason, Age, VolumeMode*',
  cells: ({ metadata, spec, status }, nowMs) => [
    metadata?.name ?? '',
    amountText(spec?.capacity?.storage),
    accessModes(spec?.accessModes),
    spec?.persistentVolumeReclaimPolicy ?? '',
    metadata?.deletionTimestamp === undefined ? (status?.phase ?? '') : 'Terminating',
    spec?.claimRef ? `${spec.claimRef.namespace ?? ''}/${spec.claimRef.name ?? ''}` : '',
    metadata?.annotations?.[CLASS_ANNOTATION] ?? spec?.storageClassName ?? '',
    spec?.volumeAttributesClassName ?? '<unset>',
    status?.reason ?? '',
    age(metadata?.creationTimestamp, nowMs),
    spec?.volumeMode ?? '<unset>',
  ],
});

const persistentVolumeClaim = definePrinter<PersistentVolumeClaim>({
  group: '',
  kind: 'PersistentVolumeClaim',
  columns:
    'Name, Status, Volume, Capacity, Access Modes, StorageClass, VolumeAttributesClass, Age, VolumeMode*',
  cells: ({ metadata, spec, status }, nowMs) => {
    const isBound = Boolean(spec?.volumeName);
    return [
      metadata?.name ?? '',
      metadata?.deletionTimestamp === undefined ? (status?.phase ?? '') : 'Terminating',
      spec?.volumeName ?? '',
      isBound ? amountText(status?.capacity?.storage) : '',
      isBound ? accessModes(status?.accessModes) : '',
      metadata?.annotations?.[CLASS_ANNOTATION] ?? spec?.storageClassName ?? '',
      spec?.volumeAttributesClassName ?? '<unset>',
      age(metadata?.creationTimestamp, nowMs),
      spec?.volumeMode ?? '<unset>',
    ];
  },
});

const DEFAULT_ANNOTATIONS = [
  'storageclass.kubernetes.io/is-default-class',
  'storageclass.beta.kubernetes.io/is-default-class',
];

const storageClass = definePrinter<StorageClass>({
  group: 'storage.k8s.io',
  kind: 'StorageClass',
  columns: 'Name, Provisioner, ReclaimPolicy, VolumeBindingMode, AllowVolumeExpansion, Age',
  cells: (storageClass, nowMs) => {
    const { annotations = {}, name = '', creationTimestamp } = storageClass.metadata ?? {};
    const isDefault = DEFAULT_ANNOTATIONS.some((key) => annotations[key] === 'true');
    return [
      isDefault ? `${name} (default)` : name,
      storageClass.provisioner ?? '',
      storageClass.reclaimPolicy ?? 'Delete',
      storageClass.volumeBindingMode ?? 'Immediate',
      storageClass.allowVolumeExpansion ?? false,
      age(creationTimestamp, nowMs),
    ];
  },
});

const volumeAttachment = definePrinter<VolumeAttachment>({
  group: 'storage.k8s.io',
  kind: 'VolumeAttachment',
  columns: 'Name, Attacher, PV, Node, Attached:boolean, Age',
  cells: ({ metadata, spec, status }, nowMs) => [
    metadata?.name ?? '',
    spec?.attacher ?? '',
    spec?.source?.persistentVolumeName ?? '',
    spec?.nodeName ?? '',
    status?.attached ?? false,
    age(metadata?.creationTimestamp, nowMs),
  ],
});

const csiNode = definePrinter<CSINode>({
  group: 'storage.k8s.io',
  kind: 'CSINode',
  columns: 'Name, Drivers:integer, Age',
  cells: ({ metadata, spec }, nowMs) => [
    metadata?.name ?? '',
    (spec?.drivers ?? []).length,
    age(metadata?.creationTimestamp, nowMs),
  ],
});

const csiDriver = definePrinter<CSIDriver>({
  group: 'storage.k8s.io',
  kind: 'CSIDriver',
  columns:
    'Name, AttachRequired:boolean, PodInfoOnMount:boolean, StorageCapacity:boolean, TokenRequests, RequiresRepublish:boolean, Modes, Age',
  cells: ({ metadata, spec }, nowMs) => [
    metadata?.name ?? '',
    spec?.attachRequired ?? true,
    spec?.podInfoOnMount ?? false,
    spec?.storageCapacity ?? false,
    spec?.tokenRequests?.map(({ audience }) => audience).join(',') ?? '<unset>',
    spec?.requiresRepublish ?? false,
    (spec?.volumeLifecycleModes ?? []).join(',') || '<none>',
    age(metadata?.creationTimestamp, nowMs),
  ],
});

const csiStorageCapacity = definePrinter<CSIStorageCapacity>({
  group: 'storage.k8s.io',
  kind: 'CSIStorageCapacity',
  columns: 'Name, StorageClassName, Capacity',
  cells: ({ metadata, storageClassName, capacity }) => [
    metadata?.name ?? '',
    storageClassName ?? '',
    capacity === undefined ? '<unset>' : amountText(capacity),
  ],
});

export const storagePrinters = [
  persistentVolume,
  persistentVolumeClaim,
  storageClass,
  volumeAttachment,
  csiNode,
  csiDriver,
  csiStorageCapacity,
];
