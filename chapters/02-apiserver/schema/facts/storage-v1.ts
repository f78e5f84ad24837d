/** The types of storage.k8s.io/v1, as Kubernetes 1.33 has them; the notation is in `../facts.ts`. */

export const storageV1 = `
CSIDriver kind
  metadata 1 meta.ObjectMeta
  spec 2 CSIDriverSpec!
CSIDriverSpec
  attachRequired 1 bool
  podInfoOnMount 2 bool
  volumeLifecycleModes 3 []string set
  storageCapacity 4 bool
  fsGroupPolicy 5 string
  tokenRequests 6 []TokenRequest
  requiresRepublish 7 bool
  seLinuxMount 8 bool
  nodeAllocatableUpdatePeriodSeconds 9 int64
CSINode kind
  metadata 1 meta.ObjectMeta
  spec 2 CSINodeSpec!
CSINodeDriver
  name 1 string!
  nodeID 2 string!
  topologyKeys 3 []string
  allocatable 4 VolumeNodeResources
CSINodeSpec
  drivers 1 []CSINodeDriver! map=name patch=merge:name
CSIStorageCapacity kind
  metadata 1 meta.ObjectMeta
  nodeTopology 2 meta.LabelSelector
  storageClassName 3 string!
  capacity 4 quantity
  maximumVolumeSize 5 quantity
StorageClass kind
  metadata 1 meta.ObjectMeta
  provisioner 2 string!
  parameters 3 {}string
  reclaimPolicy 4 string enum=Recycle|Delete|Retain
  mountOptions 5 []string
  allowVolumeExpansion 6 bool
  volumeBindingMode 7 string enum=Immediate|WaitForFirstConsumer
  allowedTopologies 8 []core.TopologySelectorTerm
TokenRequest
  audience 1 string!
  expirationSeconds 2 int64
VolumeAttachment kind
  metadata 1 meta.ObjectMeta
  spec 2 VolumeAttachmentSpec!
  status 3 VolumeAttachmentStatus
VolumeAttachmentSource
  persistentVolumeName 1 string
  inlineVolumeSpec 2 core.PersistentVolumeSpec
VolumeAttachmentSpec
  attacher 1 string!
  source 2 VolumeAttachmentSource!
  nodeName 3 string!
VolumeAttachmentStatus
  attached 1 bool!
  attachmentMetadata 2 {}string
  attachError 3 VolumeError
  detachError 4 VolumeError
VolumeError
  time 1 time
  message 2 string
  errorCode 3 int32
VolumeNodeResources
  count 1 int32
`;
