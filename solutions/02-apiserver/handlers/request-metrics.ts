/** How many requests there were, for `/metrics`. Given. */

import type { RequestInfo } from '../request-info.ts';

/** Counts requests by verb, resource and code. */
export class RequestMetrics {
  readonly #counts = new Map<string, number>();

  count(info: RequestInfo | undefined, code: number): void {
    const {
      verb = '',
      apiGroup = '',
      apiVersion = '',
      resource = '',
      subresource = '',
    } = info ?? {};
    const labels = `code="${code}",group="${apiGroup}",resource="${resource}",subresource="${subresource}",verb="${verb.toUpperCase()}",version="${apiVersion}"`;
    this.#counts.set(labels, (this.#counts.get(labels) ?? 0) + 1);
  }

  /** In the form Prometheus reads. */
  text(): string {
    const lines = [...this.#counts].map(
      ([labels, count]) => `apiserver_request_total{${labels}} ${count}`,
    );
    return [
      '# HELP apiserver_request_total Requests by verb, resource and code.',
      '# TYPE apiserver_request_total counter',
      ...lines.sort(),
      '',
    ].join('\n');
  }
}
