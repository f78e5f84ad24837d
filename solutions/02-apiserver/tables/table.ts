/**
 * Objects as a table, the form `kubectl get` asks for. Given.
 *
 * What the columns of a built-in kind are is in `printers/`, of a custom one in `custom-columns.ts`.
 */

import type { ApiObject } from '../api-object.ts';
import type { Kind } from '../kinds/kind.ts';
import { customConvertor } from './custom-columns.ts';
import { partialMetadata } from './partial-metadata.ts';
import { adminPrinters } from './printers/admin.ts';
import { configPrinters } from './printers/config.ts';
import { eventPrinters } from './printers/events.ts';
import { horizontalPodAutoscalerPrinter } from './printers/horizontal-pod-autoscaler.ts';
import { metricsPrinters } from './printers/metrics.ts';
import { networkPrinters } from './printers/network.ts';
import { nodePrinter } from './printers/node.ts';
import { podPrinter } from './printers/pod.ts';
import { rbacPrinters } from './printers/rbac.ts';
import { servicePrinter } from './printers/service.ts';
import { storagePrinters } from './printers/storage.ts';
import { workloadPrinters } from './printers/workloads.ts';
import { columnsOf, type TableConvertor } from './table-convertor.ts';

const printers = new Map(
  [
    podPrinter,
    nodePrinter,
    servicePrinter,
    horizontalPodAutoscalerPrinter,
    ...adminPrinters,
    ...configPrinters,
    ...eventPrinters,
    ...metricsPrinters,
    ...networkPrinters,
    ...rbacPrinters,
    ...storagePrinters,
    ...workloadPrinters,
  ].map((printer) => [`${printer.group}/${printer.kind}`, printer] as const),
);

/** For kinds nobody has thought of a table for. */
const standard: TableConvertor = {
  columns: columnsOf('Name, Created At:date'),
  cells: ({ metadata }) => [metadata.name ?? '', metadata.creationTimestamp ?? null],
};

/**
 * What makes rows of a kind's objects.
 *
 * @remarks A kind that is stored in another version is printed as that version: it may know more.
 */
export function tableFor(kind: Kind): TableConvertor {
  if (kind.isCustom) return customConvertor(kind.printerColumns);
  const { group, kind: name } = kind.storageVersion ?? kind;
  const printer = printers.get(`${group}/${name}`) ?? standard;
  if (kind.toStorage === undefined) return printer;
  const toStorage = kind.toStorage.bind(kind);
  return { ...printer, cells: (object, nowMs) => printer.cells(toStorage(object), nowMs) };
}

export interface TableOptions {
  /** What of each object goes along with its row. */
  readonly includeObject: 'None' | 'Metadata' | 'Object';
  readonly noHeaders: boolean;
  readonly resourceVersion: string;
  readonly continue?: string;
  readonly remainingItemCount?: number;
  readonly nowMs: number;
}

/** A `meta.k8s.io/v1` Table: one row for each object. */
export function newTable(
  convertor: TableConvertor,
  objects: readonly ApiObject[],
  options: TableOptions,
): object {
  const { noHeaders, nowMs, includeObject, resourceVersion, remainingItemCount } = options;
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata: {
      resourceVersion,
      ...(options.continue && { continue: options.continue }),
      ...(remainingItemCount !== undefined && { remainingItemCount }),
    },
    columnDefinitions: noHeaders ? null : convertor.columns,
    rows: objects.map((object) => {
      const conditions = convertor.conditions?.(object) ?? [];
      return {
        cells: convertor.cells(object, nowMs),
        ...(conditions.length > 0 && { conditions }),
        object: rowObject(object, includeObject),
      };
    }),
  };
}

function rowObject(
  object: ApiObject,
  include: TableOptions['includeObject'],
): ApiObject | object | null {
  switch (include) {
    case 'None':
      return null;
    case 'Metadata':
      return partialMetadata(object);
    case 'Object':
      return object;
  }
}
