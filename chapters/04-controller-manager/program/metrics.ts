/**
 * What the program counts from outside: requests to the API server, and reconciles that failed, by
 * what controllers ask for and what they log.
 */

import { type KubernetesObject, type Logger, StatusError } from '#apimachinery';
import type { Metrics } from '#apimachinery/program';
import type { Client, ResourceClient, ResourceType } from '#client';

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
