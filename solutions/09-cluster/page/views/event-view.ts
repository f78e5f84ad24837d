/** An event as the page shows it. Given. Old and new ways of saying when and how often are both read. */

import type { Event } from 'kubernetes-types/core/v1.js';
import { keyOf } from '#apimachinery';
import type { EventView } from '../messages.ts';

export function eventView(event: Event): EventView {
  const { involvedObject: about, series, metadata, source } = event;
  const place = about.namespace ? `${about.namespace}/${about.name}` : about.name;
  const seen = series?.lastObservedTime ?? event.lastTimestamp ?? event.eventTime;
  return {
    key: keyOf(event),
    at: Date.parse(String(seen ?? metadata.creationTimestamp ?? '')) || 0,
    isWarning: event.type === 'Warning',
    reason: event.reason ?? '',
    about: `${about.kind ?? ''} ${place ?? ''}`.trim(),
    message: event.message ?? '',
    count: series?.count ?? event.count ?? 1,
    from: event.reportingComponent || source?.component || '',
  };
}
