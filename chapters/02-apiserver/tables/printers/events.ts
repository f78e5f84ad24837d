/**
 * An event's row. Given. Events of `events.k8s.io` come here in the form of core ones.
 *
 * @see pkg/printers/internalversion/printers.go (1.33), printEvent
 */

import type { Event } from 'kubernetes-types/core/v1.js';
import { age } from '../age.ts';
import { definePrinter } from '../table-convertor.ts';

function cells(event: Event, nowMs: number): (string | number)[] {
  const { involvedObject, source, series, metadata } = event;
  const first = age(event.firstTimestamp ?? event.eventTime, nowMs);
  const last = event.lastTimestamp ? age(event.lastTimestamp, nowMs) : first;
  const kind = (involvedObject?.kind ?? '').toLowerCase();
  const component = source?.component || event.reportingComponent || '';
  const instance = source?.host || event.reportingInstance || '';
  return [
    series ? age(series.lastObservedTime, nowMs) : last,
    event.type ?? '',
    event.reason ?? '',
    involvedObject?.name ? `${kind}/${involvedObject.name}` : kind,
    involvedObject?.fieldPath ?? '',
    instance === '' ? component : `${component}, ${instance}`,
    (event.message ?? '').trim(),
    first,
    series ? (series.count ?? 0) : event.count || 1,
    metadata?.name ?? '',
  ];
}

export const eventPrinters = [
  definePrinter<Event>({
    group: '',
    kind: 'Event',
    columns:
      'Last Seen, Type, Reason, Object, Subobject*, Source*, Message, First Seen*, Count*, Name*',
    cells,
  }),
];
