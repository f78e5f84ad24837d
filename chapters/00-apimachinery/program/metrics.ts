/** What a program counts, and how `/metrics` shows it: Prometheus' text form. Given. */

import type { Clock } from '../clock.ts';

/** What is counted of one kind of thing. */
interface Family {
  readonly help: string;
  readonly type: 'counter' | 'gauge';
  /** By labels, as they are written: `{code="200"}`. */
  readonly values: Map<string, number>;
}

/** Counts, and writes down what it counted. */
export class Metrics {
  readonly #families = new Map<string, Family>();
  readonly #startSeconds: number;

  constructor(clock: Clock) {
    this.#startSeconds = clock.now() / 1000;
  }

  /** One more. */
  count(name: string, help: string, labels: Readonly<Record<string, string>>): void {
    const { values } = this.#family(name, help, 'counter');
    const key = labelsText(labels);
    values.set(key, (values.get(key) ?? 0) + 1);
  }

  /** So many now. */
  set(name: string, help: string, labels: Readonly<Record<string, string>>, value: number): void {
    this.#family(name, help, 'gauge').values.set(labelsText(labels), value);
  }

  #family(name: string, help: string, type: Family['type']): Family {
    const family = this.#families.get(name) ?? { help, type, values: new Map() };
    this.#families.set(name, family);
    return family;
  }

  /** All of it, in Prometheus' text form. */
  text(): string {
    const start = 'Start time of the process since unix epoch in seconds.';
    this.set('process_start_time_seconds', start, {}, this.#startSeconds);
    return [...this.#families]
      .map(([name, { help, type, values }]) => {
        const lines = [...values].map(([labels, value]) => `${name}${labels} ${value}\n`);
        return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`;
      })
      .join('');
  }
}

function labelsText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return pairs.length > 0 ? `{${pairs.join(',')}}` : '';
}
