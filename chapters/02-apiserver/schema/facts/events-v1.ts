/** The types of events.k8s.io/v1, as Kubernetes 1.33 has them; the notation is in `../facts.ts`. */

export const eventsV1 = `
Event kind
  metadata 1 meta.ObjectMeta
  eventTime 2 micro-time!
  series 3 EventSeries
  reportingController 4 string
  reportingInstance 5 string
  action 6 string
  reason 7 string
  regarding 8 core.ObjectReference
  related 9 core.ObjectReference
  note 10 string
  type 11 string
  deprecatedSource 12 core.EventSource
  deprecatedFirstTimestamp 13 time
  deprecatedLastTimestamp 14 time
  deprecatedCount 15 int32
EventSeries
  count 1 int32!
  lastObservedTime 2 micro-time!
`;
