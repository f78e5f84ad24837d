/**
 * What the program counts, as `/metrics` shows it: requests to the API server, reconciles that failed,
 * and whether it leads.
 *
 * It counts from outside, by what controllers ask for and what they log.
 */

import { type Clock, type KubernetesObject, type Logger, StatusError } from '#apimachinery';
import type { Client, ResourceClient, ResourceType } from '#client';

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

/** A logger by which every reconcile that failed is counted: what a `ControlLoop` says of it. */
export function countFailures(log: Logger, metrics: Metrics): Logger {
  const note = (controller: unknown, key: unknown): void => {
    if (typeof controller !== 'string' || key === undefined) return;
    const help = 'Reconciles that failed, by controller.';
    metrics.count('controller_reconcile_failures_total', help, { controller });
  };
  return {
    debug: (message, fields) => log.debug(message, fields),
    info: (message, fields) => log.info(message, fields),
    warn: (message, fields) => {
      note(fields?.controller, fields?.key);
      log.warn(message, fields);
    },
    error: (message, fields) => {
      note(fields?.controller, fields?.key);
      log.error(message, fields);
    },
    with: (fields) => countFailures(log.with(fields), metrics),
  };
}

/** A client by which every request is counted, by verb, resource and what came of it. */
export function countRequests(client: Client, metrics: Metrics): Client {
  return {
    resource: (type, namespace) => counted(client.resource(type, namespace), type, metrics),
  };
}

function counted<T extends KubernetesObject>(
  client: ResourceClient<T>,
  { resource }: ResourceType<T>,
  metrics: Metrics,
): ResourceClient<T> {
  const sent = async <R>(verb: string, request: Promise<R>): Promise<R> => {
    let code = 'ok';
    try {
      return await request;
    } catch (error) {
      code = error instanceof StatusError ? String(error.code) : '<error>';
      throw error;
    } finally {
      const help = 'Requests to the API server, by verb, resource and code.';
      metrics.count('rest_client_requests_total', help, { verb, resource, code });
    }
  };
  return {
    get: (name, options) => sent('get', client.get(name, options)),
    list: (options) => sent('list', client.list(options)),
    watch: (options) => sent('watch', client.watch(options)),
    create: (object, options) => sent('create', client.create(object, options)),
    update: (object, options) => sent('update', client.update(object, options)),
    updateStatus: (object, options) => sent('update', client.updateStatus(object, options)),
    patch: (name, type, patch, options) => sent('patch', client.patch(name, type, patch, options)),
    delete: (name, options) => sent('delete', client.delete(name, options)),
    deleteCollection: (options, selection) =>
      sent('deletecollection', client.deleteCollection(options, selection)),
  };
}
