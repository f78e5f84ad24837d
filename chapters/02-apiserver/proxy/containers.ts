/** Which container of a pod a request means, and what a kubelet calls what is asked of it. Given. */

import { fieldForbidden, fieldInvalid, newBadRequest, newInvalid, type Pod } from '#apimachinery';

/**
 * The container a request is about.
 *
 * @param asked - its name, or `''` for the only one there is
 * @throws StatusError 400 when there is none of that name, or there are several and none is named
 * @see kubernetes/pkg/registry/core/pod/strategy.go (1.33), validateContainer
 */
export function containerOf(pod: Pod, asked: string): string {
  const name = pod.metadata?.name ?? '';
  const all = containerNames(pod);
  if (asked !== '') {
    if (all.includes(asked)) return asked;
    throw newBadRequest(`container ${asked} is not valid for pod ${name}`);
  }
  const containers = pod.spec?.containers ?? [];
  const [first] = containers;
  if (first === undefined) {
    throw newBadRequest(`a container name must be specified for pod ${name}`);
  }
  if (containers.length === 1) return first.name;
  const choice = all.join(' ');
  throw newBadRequest(
    `a container name must be specified for pod ${name}, choose one of: [${choice}]`,
  );
}

/** In the order of Kubernetes: those for init, the pod's own, the ephemeral ones. */
function containerNames({ spec }: Pod): readonly string[] {
  const lists = [spec?.initContainers, spec?.containers, spec?.ephemeralContainers];
  return lists.flatMap((list) => list ?? []).map((one) => one.name);
}

/**
 * The node a pod's kubelet is on.
 *
 * @throws StatusError 400 when it has none yet
 */
export function nodeOf(pod: Pod): string {
  const node = pod.spec?.nodeName ?? '';
  if (node !== '') return node;
  throw newBadRequest(`pod ${pod.metadata?.name} does not have a host assigned`);
}

/** Where a kubelet has `exec` or `attach` of a container. */
export function streamPath(
  kind: 'exec' | 'attach',
  pod: Pod,
  container: string,
  query: URLSearchParams,
): string {
  const asked = new URLSearchParams();
  if (kind === 'exec') for (const word of query.getAll('command')) asked.append('command', word);
  for (const [name, kubeletName] of STREAMS) {
    if (isTrue(query, name)) asked.append(kubeletName, '1');
  }
  asked.sort();
  return withQuery(`/${kind}/${place(pod)}/${encodeURIComponent(container)}`, asked);
}

/** What the API calls a stream, and what kubelets do. */
const STREAMS: readonly (readonly [string, string])[] = [
  ['stdin', 'input'],
  ['stdout', 'output'],
  ['stderr', 'error'],
  ['tty', 'tty'],
];

/** Where a kubelet has the ports of a pod. */
export function portForwardPath(pod: Pod, query: URLSearchParams): string {
  const ports = query.getAll('ports').flatMap((one) => one.split(','));
  const asked = new URLSearchParams();
  if (ports.length > 0) asked.append('port', ports.map(wholeNumber).join(','));
  return withQuery(`/portForward/${place(pod)}`, asked);
}

/**
 * Where a kubelet has a container's log, with those of the options it knows.
 *
 * @throws StatusError 400 when an option is of the wrong type, 422 when its value makes no sense
 * @see kubernetes/pkg/apis/core/validation/validation.go (1.33), ValidatePodLogOptions
 */
export function logPath(pod: Pod, container: string, query: URLSearchParams): string {
  const asked = new URLSearchParams();
  for (const name of ['follow', 'previous', 'timestamps']) {
    if (isTrue(query, name)) asked.append(name, 'true');
  }
  for (const [name, value] of Object.entries(logNumbers(query))) {
    if (value !== undefined) asked.append(name, String(value));
  }
  const sinceTime = timeOf(query);
  if (sinceTime !== undefined) asked.append('sinceTime', sinceTime);
  asked.sort();
  return withQuery(`/containerLogs/${place(pod)}/${encodeURIComponent(container)}`, asked);
}

/** @throws StatusError 400 and 422, as `logPath` */
export function checkLogOptions(podName: string, query: URLSearchParams): void {
  const { tailLines, limitBytes, sinceSeconds } = logNumbers(query);
  const faults = [];
  if (tailLines !== undefined && tailLines < 0) {
    faults.push(fieldInvalid('tailLines', tailLines, 'must be greater than or equal to 0'));
  }
  if (limitBytes !== undefined && limitBytes < 1) {
    faults.push(fieldInvalid('limitBytes', limitBytes, 'must be greater than 0'));
  }
  if (sinceSeconds !== undefined && timeOf(query) !== undefined) {
    const detail = 'at most one of `sinceTime` or `sinceSeconds` may be specified';
    faults.push(fieldForbidden('', detail));
  } else if (sinceSeconds !== undefined && sinceSeconds < 1) {
    faults.push(fieldInvalid('sinceSeconds', sinceSeconds, 'must be greater than 0'));
  }
  if (faults.length > 0) throw newInvalid({ group: '', kind: 'PodLogOptions' }, podName, faults);
}

function logNumbers(query: URLSearchParams) {
  const numberOf = (name: string): number | undefined => {
    const text = query.get(name);
    return text === null ? undefined : wholeNumber(text);
  };
  return {
    tailLines: numberOf('tailLines'),
    limitBytes: numberOf('limitBytes'),
    sinceSeconds: numberOf('sinceSeconds'),
  };
}

function wholeNumber(text: string): number {
  if (/^[+-]?\d+$/.test(text) && Number.isSafeInteger(Number(text))) return Number(text);
  throw newBadRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
}

const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/;

function timeOf(query: URLSearchParams): string | undefined {
  const text = query.get('sinceTime');
  if (text === null || text === '' || text === 'null') return undefined;
  if (RFC3339.test(text) && !Number.isNaN(Date.parse(text))) return text;
  throw newBadRequest(
    `parsing time ${JSON.stringify(text)} as "2006-01-02T15:04:05Z07:00": cannot parse it`,
  );
}

/** Everything but `0` and `false` is true, even nothing. */
export function isTrue(query: URLSearchParams, name: string): boolean {
  const value = query.get(name);
  return value !== null && value !== '0' && value.toLowerCase() !== 'false';
}

function place({ metadata }: Pod): string {
  return `${encodeURIComponent(metadata?.namespace ?? '')}/${encodeURIComponent(metadata?.name ?? '')}`;
}

function withQuery(path: string, query: URLSearchParams): string {
  const text = query.toString();
  return text === '' ? path : `${path}?${text}`;
}
