/**
 * The form of what makes rows of objects: columns, and an object's cells. Given.
 *
 * The built-in kinds' are in `printers/`; `table.ts` finds the right one and makes the whole table.
 */

import type { ApiObject, Json } from '../api-object.ts';

/** A column's head, as it goes out. */
export interface Column {
  readonly name: string;
  /** `string`, `integer`, `number`, `boolean`, `date`. */
  readonly type: string;
  /** `name` for the column that names the object. */
  readonly format: string;
  readonly description: string;
  /** 0 is always shown, 1 with `-o wide`. */
  readonly priority: number;
}

/** Something a client may want to know of a row at once: that a pod has ended. */
export interface RowCondition {
  readonly type: 'Completed';
  readonly status: 'True';
  readonly reason: string;
  readonly message: string;
}

/** Makes rows of one kind's objects. */
export interface TableConvertor {
  readonly columns: readonly Column[];
  /** One value for each column. */
  cells(object: ApiObject, nowMs: number): Json[];
  conditions?(object: ApiObject): readonly RowCondition[];
}

/** A built-in kind's convertor and which kind it is for. */
export interface Printer extends TableConvertor {
  readonly group: string;
  readonly kind: string;
}

/** A printer as it is written down: with the kind's own type. */
export interface PrinterDefinition<T> {
  readonly group: string;
  readonly kind: string;
  /** The heads in short, see `columnsOf`. */
  readonly columns: string;
  /**
   * @param object - whatever its type says, all but its metadata may be missing: a watch's bookmark
   * has a row like any object, and is nothing but a resourceVersion
   */
  cells(object: T, nowMs: number): Json[];
  conditions?(object: T): readonly RowCondition[];
}

/** Makes a printer; `T` is the kind's type. */
export function definePrinter<T>(definition: PrinterDefinition<T>): Printer {
  const { group, kind, columns, cells, conditions } = definition;
  return {
    group,
    kind,
    columns: columnsOf(columns),
    cells: (object, nowMs) => cells(object as T, nowMs),
    ...(conditions && { conditions: (object: ApiObject) => conditions(object as T) }),
  };
}

/**
 * Heads from their short form, for example `Name, Ready, Restarts:integer, IP*`.
 *
 * @remarks Behind the name the type, when it is not `string`; a star says that it is only for `-o
 * wide`.
 */
export function columnsOf(text: string): Column[] {
  return text.split(', ').map((part) => {
    const isWide = part.endsWith('*');
    const [name = '', type = 'string'] = (isWide ? part.slice(0, -1) : part).split(':');
    return {
      name,
      type,
      format: name === 'Name' ? 'name' : '',
      description: DESCRIPTIONS[name] ?? '',
      priority: isWide ? 1 : 0,
    };
  });
}

const DESCRIPTIONS: Readonly<Record<string, string>> = {
  Name: 'What the object is called; no other of its kind in its namespace has this name.',
  Age: 'How long the object has been there.',
  'Created At': 'When the object was created.',
};
