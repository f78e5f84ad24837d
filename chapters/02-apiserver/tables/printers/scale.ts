/**
 * A Scale's row: how many there are to be, and how many there are. Given.
 *
 * @see pkg/printers/internalversion/printers.go (1.33), printScale
 */

import type { Scale } from 'kubernetes-types/autoscaling/v1.js';
import { age } from '../age.ts';
import { definePrinter } from '../table-convertor.ts';

export const scalePrinter = definePrinter<Scale>({
  group: 'autoscaling',
  kind: 'Scale',
  columns: 'Name, Desired:integer, Available:integer, Age',
  cells: ({ metadata, spec, status }, nowMs) => [
    metadata?.name ?? '',
    spec?.replicas ?? 0,
    status?.replicas ?? 0,
    age(metadata?.creationTimestamp, nowMs),
  ],
});
