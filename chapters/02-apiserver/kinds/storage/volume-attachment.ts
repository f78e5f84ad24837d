/**
 * VolumeAttachments: a volume that is to be at a node. Given.
 *
 * @see pkg/apis/storage/validation/validation.go (1.33), ValidateVolumeAttachment
 */

import type {
  VolumeAttachmentSource,
  VolumeAttachmentSpec,
  VolumeAttachmentStatus,
} from 'kubernetes-types/storage/v1.js';
import {
  dnsSubdomainFaults,
  type FieldError,
  fieldForbidden,
  fieldRequired,
  fieldTooLong,
} from '#apimachinery';
import type { ApiObject } from '../../api-object.ts';
import { defineKind } from '../define-kind.ts';
import { invalid, specOf, statusOf, validateImmutable } from '../field-checks.ts';
import { validateDriverName } from './csi.ts';

const MAX_METADATA_SIZE = 256 * 1024;
const MAX_MESSAGE_LENGTH = 1024;

function prepareForCreate(object: ApiObject): void {
  object.status = { attached: false } satisfies VolumeAttachmentStatus;
}

function validate(object: ApiObject): FieldError[] {
  const { attacher = '', source, nodeName = '' } = specOf<VolumeAttachmentSpec>(object);
  return [
    ...validateDriverName(attacher, 'spec.attacher'),
    ...validateSource(source ?? {}, 'spec.source'),
    ...invalid('spec.nodeName', nodeName, dnsSubdomainFaults(nodeName)),
    ...validateStatus(object),
  ];
}

function validateSource(source: VolumeAttachmentSource, path: string): FieldError[] {
  const { inlineVolumeSpec, persistentVolumeName: name } = source;
  const why = 'must specify exactly one of inlineVolumeSpec and persistentVolumeName';
  if (!inlineVolumeSpec && name === undefined) return [fieldRequired(path, why)];
  if (inlineVolumeSpec && name !== undefined) return [fieldForbidden(path, why)];
  if (name === undefined) return [];
  const at = `${path}.persistentVolumeName`;
  if (name === '') return [fieldRequired(at, 'must specify non empty persistentVolumeName')];
  return invalid(at, name, dnsSubdomainFaults(name));
}

function validateStatus(object: ApiObject): FieldError[] {
  const status = statusOf<VolumeAttachmentStatus>(object);
  const size = Object.entries(status.attachmentMetadata ?? {}).reduce(
    (sum, [key, value]) => sum + key.length + value.length,
    0,
  );
  const faults: FieldError[] = [];
  if (size > MAX_METADATA_SIZE) {
    faults.push(fieldTooLong('status.attachmentMetadata', MAX_METADATA_SIZE));
  }
  for (const field of ['attachError', 'detachError'] as const) {
    if ((status[field]?.message ?? '').length <= MAX_MESSAGE_LENGTH) continue;
    faults.push(fieldTooLong(`status.${field}.message`, MAX_METADATA_SIZE));
  }
  return faults;
}

export const volumeAttachmentKind = defineKind({
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'VolumeAttachment',
  resource: 'volumeattachments',
  namespaced: false,
  subresources: { status: true },
  allowUnconditionalUpdate: false,
  prepareForCreate,
  validate,
  validateUpdate: (object, old) => [
    ...validate(object),
    ...validateImmutable(object.spec, old.spec, 'spec'),
  ],
  validateStatusUpdate: validateStatus,
});
