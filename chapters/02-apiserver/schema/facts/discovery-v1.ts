/** The types of discovery.k8s.io/v1, as Kubernetes 1.33 has them; the notation is in `../facts.ts`. */

export const discoveryV1 = `
Endpoint
  addresses 1 []string! set
  conditions 2 EndpointConditions
  hostname 3 string
  targetRef 4 core.ObjectReference
  deprecatedTopology 5 {}string
  nodeName 6 string
  zone 7 string
  hints 8 EndpointHints
EndpointConditions
  ready 1 bool
  serving 2 bool
  terminating 3 bool
EndpointHints
  forZones 1 []ForZone
  forNodes 2 []ForNode
EndpointPort atomic
  name 1 string
  protocol 2 string enum=TCP|UDP|SCTP
  port 3 int32
  appProtocol 4 string
EndpointSlice kind
  metadata 1 meta.ObjectMeta
  addressType 4 string!
  endpoints 2 []Endpoint!
  ports 3 []EndpointPort
ForNode
  name 1 string!
ForZone
  name 1 string!
`;
