/** The types of admissionregistration.k8s.io/v1, as Kubernetes 1.33 has them; the notation is in `../facts.ts`. */

export const admissionregistrationV1 = `
AuditAnnotation
  key 1 string!
  valueExpression 2 string!
ExpressionWarning
  fieldRef 2 string!
  warning 3 string!
MatchCondition
  name 1 string!
  expression 2 string!
MatchResources atomic
  namespaceSelector 1 meta.LabelSelector
  objectSelector 2 meta.LabelSelector
  resourceRules 3 []NamedRuleWithOperations
  excludeResourceRules 4 []NamedRuleWithOperations
  matchPolicy 7 string enum=Exact|Equivalent
MutatingWebhook
  name 1 string!
  clientConfig 2 WebhookClientConfig!
  rules 3 []RuleWithOperations
  failurePolicy 4 string enum=Ignore|Fail
  matchPolicy 9 string enum=Exact|Equivalent
  namespaceSelector 5 meta.LabelSelector
  objectSelector 11 meta.LabelSelector
  sideEffects 6 string! enum=Unknown|None|Some|NoneOnDryRun
  timeoutSeconds 7 int32
  admissionReviewVersions 8 []string!
  reinvocationPolicy 10 string enum=Never|IfNeeded
  matchConditions 12 []MatchCondition map=name patch=merge:name
MutatingWebhookConfiguration kind
  metadata 1 meta.ObjectMeta
  webhooks 2 []MutatingWebhook map=name patch=merge:name
NamedRuleWithOperations atomic
  resourceNames 1 []string
  + 2 RuleWithOperations
ParamKind atomic
  apiVersion 1 string
  kind 2 string
ParamRef atomic
  name 1 string
  namespace 2 string
  selector 3 meta.LabelSelector
  parameterNotFoundAction 4 string
Rule
  apiGroups 1 []string
  apiVersions 2 []string
  resources 3 []string
  scope 4 string enum=Cluster|Namespaced|*
RuleWithOperations
  operations 1 []string enum=*|CREATE|UPDATE|DELETE|CONNECT
  + 2 Rule
ServiceReference
  namespace 1 string!
  name 2 string!
  path 3 string
  port 4 int32
TypeChecking
  expressionWarnings 1 []ExpressionWarning
ValidatingAdmissionPolicy kind
  metadata 1 meta.ObjectMeta
  spec 2 ValidatingAdmissionPolicySpec
  status 3 ValidatingAdmissionPolicyStatus
ValidatingAdmissionPolicyBinding kind
  metadata 1 meta.ObjectMeta
  spec 2 ValidatingAdmissionPolicyBindingSpec
ValidatingAdmissionPolicyBindingSpec
  policyName 1 string
  paramRef 2 ParamRef
  matchResources 3 MatchResources
  validationActions 4 []string set enum=Deny|Warn|Audit
ValidatingAdmissionPolicySpec
  paramKind 1 ParamKind
  matchConstraints 2 MatchResources
  validations 3 []Validation
  failurePolicy 4 string enum=Ignore|Fail
  auditAnnotations 5 []AuditAnnotation
  matchConditions 6 []MatchCondition map=name patch=merge:name
  variables 7 []Variable map=name patch=merge:name
ValidatingAdmissionPolicyStatus
  observedGeneration 1 int64
  typeChecking 2 TypeChecking
  conditions 3 []meta.Condition map=type
ValidatingWebhook
  name 1 string!
  clientConfig 2 WebhookClientConfig!
  rules 3 []RuleWithOperations
  failurePolicy 4 string enum=Ignore|Fail
  matchPolicy 9 string enum=Exact|Equivalent
  namespaceSelector 5 meta.LabelSelector
  objectSelector 10 meta.LabelSelector
  sideEffects 6 string! enum=Unknown|None|Some|NoneOnDryRun
  timeoutSeconds 7 int32
  admissionReviewVersions 8 []string!
  matchConditions 11 []MatchCondition map=name patch=merge:name
ValidatingWebhookConfiguration kind
  metadata 1 meta.ObjectMeta
  webhooks 2 []ValidatingWebhook map=name patch=merge:name
Validation
  expression 1 string!
  message 2 string
  reason 3 string
  messageExpression 4 string
Variable atomic
  name 1 string!
  expression 2 string!
WebhookClientConfig
  url 3 string
  service 1 ServiceReference
  caBundle 2 bytes
`;
