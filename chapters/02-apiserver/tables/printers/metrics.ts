/** Tables of metrics.k8s.io: what nodes and pods use. */

import { Quantity } from '#apimachinery';
import { type Column, columnsOf, type Printer } from '../table-convertor.ts';

interface Measured {
  readonly metadata: { readonly name?: string };
  readonly window?: string;
  readonly usage?: Usage;
  readonly containers?: readonly { readonly usage?: Usage }[];
}
interface Usage {
  readonly cpu?: string;
  readonly memory?: string;
}

const FORMATS: Readonly<Record<string, string>> = {
  cpu: 'quantity',
  memory: 'quantity',
  Window: 'duration',
};

/** Their names in small letters are those of the resources. */
const columns: Column[] = columnsOf('Name, cpu, memory, Window').map((column) => ({
  ...column,
  format: FORMATS[column.name] ?? column.format,
}));

function sum(usages: readonly (Usage | undefined)[], resource: keyof Usage): string {
  const format = resource === 'memory' ? 'BinarySI' : 'DecimalSI';
  const amounts = usages.map((usage) => {
    const { mantissa, exponent } = Quantity.parse(usage?.[resource] ?? '0');
    // A number without a suffix does not tell its format.
    return new Quantity(mantissa, exponent, format);
  });
  return String(amounts.reduce((all, one) => all.add(one), new Quantity(0n, 0, format)));
}

function printerOf(kind: string): Printer {
  return {
    group: 'metrics.k8s.io',
    kind,
    columns,
    cells(object) {
      const { metadata, window = '', usage, containers } = object as Measured;
      const usages = containers?.map((container) => container.usage) ?? [usage];
      return [metadata.name ?? '', sum(usages, 'cpu'), sum(usages, 'memory'), window];
    },
  };
}

export const metricsPrinters: readonly Printer[] = [
  printerOf('NodeMetrics'),
  printerOf('PodMetrics'),
];
