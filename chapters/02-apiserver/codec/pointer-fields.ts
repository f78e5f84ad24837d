/**
 * The single values that are empty, not absent, when they are empty: in Go they are pointers.
 *
 * Protobuf from Go has an empty text, `0` or `false` for every other field that nobody set; that is
 * not to be taken for a value. Facts of the API's Go types as of 1.33; read by `protobuf-plan.ts`.
 */

/** The beginning of types' names, and below it a line for each type: its name, then its fields. */
export const POINTER_FIELDS: Readonly<Record<string, string>> = {
  'io.k8s.api.admissionregistration.v1': `
MatchResources matchPolicy
MutatingWebhook failurePolicy matchPolicy sideEffects timeoutSeconds reinvocationPolicy
ParamRef parameterNotFoundAction
Rule scope
ServiceReference path port
ValidatingAdmissionPolicySpec failurePolicy
ValidatingWebhook failurePolicy matchPolicy sideEffects timeoutSeconds
WebhookClientConfig url`,
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1': `
CustomResourceDefinitionVersion deprecationWarning
CustomResourceSubresourceScale labelSelectorPath
JSONSchemaProps maximum minimum maxLength minLength maxItems minItems multipleOf maxProperties minProperties x-kubernetes-preserve-unknown-fields x-kubernetes-list-type x-kubernetes-map-type
ServiceReference path port
ValidationRule reason optionalOldSelf
WebhookClientConfig url`,
  'io.k8s.api.apps.v1': `
DaemonSetSpec revisionHistoryLimit
DaemonSetStatus collisionCount
DeploymentSpec replicas revisionHistoryLimit progressDeadlineSeconds
DeploymentStatus terminatingReplicas collisionCount
ReplicaSetSpec replicas
ReplicaSetStatus terminatingReplicas
RollingUpdateStatefulSetStrategy partition
StatefulSetSpec replicas revisionHistoryLimit
StatefulSetStatus collisionCount`,
  'io.k8s.api.authentication.v1': `
TokenRequestSpec expirationSeconds`,
  'io.k8s.api.autoscaling.v1': `
ContainerResourceMetricSource targetAverageUtilization
ContainerResourceMetricStatus currentAverageUtilization
HorizontalPodAutoscalerSpec minReplicas targetCPUUtilizationPercentage
HorizontalPodAutoscalerStatus observedGeneration currentCPUUtilizationPercentage
ResourceMetricSource targetAverageUtilization
ResourceMetricStatus currentAverageUtilization`,
  'io.k8s.api.autoscaling.v2': `
HPAScalingRules stabilizationWindowSeconds selectPolicy
HorizontalPodAutoscalerSpec minReplicas
HorizontalPodAutoscalerStatus observedGeneration
MetricTarget averageUtilization
MetricValueStatus averageUtilization`,
  'io.k8s.api.batch.v1': `
CronJobSpec timeZone startingDeadlineSeconds suspend successfulJobsHistoryLimit failedJobsHistoryLimit
JobSpec parallelism completions activeDeadlineSeconds backoffLimit backoffLimitPerIndex maxFailedIndexes manualSelector ttlSecondsAfterFinished completionMode suspend podReplacementPolicy managedBy
JobStatus terminating failedIndexes ready
PodFailurePolicyOnExitCodesRequirement containerName
SuccessPolicyRule succeededIndexes succeededCount`,
  'io.k8s.api.certificates.v1': `
CertificateSigningRequestSpec expirationSeconds`,
  'io.k8s.api.coordination.v1': `
LeaseSpec holderIdentity leaseDurationSeconds leaseTransitions strategy preferredHolder`,
  'io.k8s.api.core.v1': `
AppArmorProfile localhostProfile
AzureDiskVolumeSource cachingMode fsType readOnly kind
AzureFilePersistentVolumeSource secretNamespace
CSIVolumeSource readOnly fsType
ClientIPConfig timeoutSeconds
ClusterTrustBundleProjection name signerName optional
ConfigMap immutable
ConfigMapEnvSource optional
ConfigMapKeySelector optional
ConfigMapProjection optional
ConfigMapVolumeSource defaultMode optional
Container restartPolicy
ContainerStatus started stopSignal
DownwardAPIVolumeFile mode
DownwardAPIVolumeSource defaultMode
EndpointAddress nodeName
EndpointPort appProtocol
EphemeralContainerCommon restartPolicy
FCVolumeSource lun
GRPCAction service
GlusterfsPersistentVolumeSource endpointsNamespace
HostPathVolumeSource type
ISCSIPersistentVolumeSource initiatorName
ISCSIVolumeSource initiatorName
KeyToPath mode
Lifecycle stopSignal
LoadBalancerIngress ipMode
LocalVolumeSource fsType
NodeFeatures supplementalGroupsPolicy
NodeRuntimeHandlerFeatures recursiveReadOnlyMounts userNamespaces
NodeSwapStatus capacity
PersistentVolumeClaimSpec storageClassName volumeMode volumeAttributesClassName
PersistentVolumeClaimStatus currentVolumeAttributesClassName
PersistentVolumeSpec volumeMode volumeAttributesClassName
PodDNSConfigOption value
PodLogOptions sinceSeconds tailLines limitBytes stream
PodResourceClaim resourceClaimName resourceClaimTemplateName
PodResourceClaimStatus resourceClaimName
PodSecurityContext runAsUser runAsGroup runAsNonRoot supplementalGroupsPolicy fsGroup fsGroupChangePolicy seLinuxChangePolicy
PodSpec terminationGracePeriodSeconds activeDeadlineSeconds automountServiceAccountToken shareProcessNamespace priority runtimeClassName enableServiceLinks preemptionPolicy setHostnameAsFQDN hostUsers
PortStatus error
Preconditions uid
Probe terminationGracePeriodSeconds
ProjectedVolumeSource defaultMode
ReplicationControllerSpec replicas
SeccompProfile localhostProfile
Secret immutable
SecretEnvSource optional
SecretKeySelector optional
SecretProjection optional
SecretVolumeSource defaultMode optional
SecurityContext privileged runAsUser runAsGroup runAsNonRoot readOnlyRootFilesystem allowPrivilegeEscalation procMount
ServiceAccount automountServiceAccountToken
ServiceAccountTokenProjection expirationSeconds
ServicePort appProtocol
ServiceSpec ipFamilyPolicy allocateLoadBalancerNodePorts loadBalancerClass internalTrafficPolicy trafficDistribution
Toleration tolerationSeconds
TopologySpreadConstraint minDomains nodeAffinityPolicy nodeTaintsPolicy
TypedLocalObjectReference apiGroup
TypedObjectReference apiGroup namespace
VolumeMount recursiveReadOnly mountPropagation
VolumeMountStatus recursiveReadOnly
WindowsSecurityContextOptions gmsaCredentialSpecName gmsaCredentialSpec runAsUserName hostProcess`,
  'io.k8s.api.discovery.v1': `
Endpoint hostname nodeName zone
EndpointConditions ready serving terminating
EndpointPort name protocol port appProtocol`,
  'io.k8s.apimachinery.pkg.apis.meta.v1': `
DeleteOptions gracePeriodSeconds orphanDependents propagationPolicy ignoreStoreReadErrorWithClusterBreakingPotential
ListMeta remainingItemCount
ListOptions timeoutSeconds sendInitialEvents
ObjectMeta deletionGracePeriodSeconds
OwnerReference controller blockOwnerDeletion
PatchOptions force
Preconditions uid resourceVersion`,
  'io.k8s.api.networking.v1': `
HTTPIngressPath pathType
IngressClassParametersReference apiGroup scope namespace
IngressPortStatus error
IngressSpec ingressClassName
NetworkPolicyPort protocol endPort`,
  'io.k8s.api.policy.v1': `
PodDisruptionBudgetSpec unhealthyPodEvictionPolicy`,
  'io.k8s.api.storage.v1': `
CSIDriverSpec attachRequired podInfoOnMount storageCapacity fsGroupPolicy requiresRepublish seLinuxMount nodeAllocatableUpdatePeriodSeconds
StorageClass reclaimPolicy allowVolumeExpansion volumeBindingMode
TokenRequest expirationSeconds
VolumeAttachmentSource persistentVolumeName
VolumeError errorCode
VolumeNodeResources count`,
};
