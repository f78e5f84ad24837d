/** The requests of the load, as bytes that are made once. */

/** How many pods the lists show. */
export const PODS = 2000;
/** Where they are. What the load makes is in a namespace of its own, so that lists stay as they are. */
export const NAMESPACE = 'bench';
export const CREATED_NAMESPACE = 'bench-created';
export const WATCHED_NAMESPACE = 'bench-watched';
/** How many pods there are that watchers watch. */
export const WATCHED_PODS = 8;

/** A request before it is bytes. */
export interface PlainRequest {
  readonly method: string;
  readonly target: string;
  readonly body?: string;
  readonly type?: string;
}

/** Makes the namespaces, and what else must be there before pods can be. */
export function setUpRequests(): PlainRequest[] {
  const metadata = (name: string) => ({ apiVersion: 'v1', metadata: { name } });
  const own = [NAMESPACE, CREATED_NAMESPACE, WATCHED_NAMESPACE].flatMap((name) => [
    {
      method: 'POST',
      target: '/api/v1/namespaces',
      body: JSON.stringify({ kind: 'Namespace', ...metadata(name) }),
    },
    {
      // Elsewhere a controller makes it.
      method: 'POST',
      target: `/api/v1/namespaces/${name}/serviceaccounts`,
      body: JSON.stringify({ kind: 'ServiceAccount', ...metadata('default') }),
    },
  ]);
  const watched = Array.from({ length: WATCHED_PODS }, (_, i) => ({
    method: 'POST',
    target: podsPath(WATCHED_NAMESPACE),
    body: podBody(podName(i)),
  }));
  return [...own, ...watched];
}

/** A request of which digits are counted up, so that no two are the same. */
export interface Counted {
  readonly bytes: Buffer;
  /** Where its eight digits are. */
  readonly at: number;
}

/** Stands where the digits go. */
const MARK = '########';

/** Is read by the server only where it has no choice: so it is in the headers of every write. */
const USER_AGENT = 'bench/1.0';

export const podName = (i: number): string => `pod-${String(i).padStart(4, '0')}`;
export const podsPath = (namespace: string): string => `/api/v1/namespaces/${namespace}/pods`;

export function getRequest(path: string): Buffer {
  return Buffer.from(`GET ${path} HTTP/1.1\r\nHost: bench\r\nUser-Agent: ${USER_AGENT}\r\n\r\n`);
}

export function writeRequest(
  method: string,
  path: string,
  body: string,
  type = 'application/json',
): Buffer {
  const head = [
    `${method} ${path} HTTP/1.1`,
    'Host: bench',
    `User-Agent: ${USER_AGENT}`,
    `Content-Type: ${type}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`);
}

function counted(bytes: Buffer): Counted {
  return { bytes, at: bytes.indexOf(MARK) };
}

/** Writes the next number into a copy: what was sent before may still be on its way. */
export function numbered({ bytes, at }: Counted, number: number): Buffer {
  const copy = Buffer.from(bytes);
  copy.write(String(number).padStart(MARK.length, '0'), at, 'latin1');
  return copy;
}

/** A pod as people write them. */
export function podBody(name: string): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels: { app: 'bench' } },
    spec: {
      containers: [
        {
          name: 'c',
          image: 'nginx:1.25',
          ports: [{ containerPort: 80 }],
          env: [{ name: 'A', value: '1' }],
          resources: { requests: { cpu: '100m', memory: '64Mi' } },
        },
      ],
    },
  });
}

/** Makes pods of new names. @param run - tells the names of one run from those of another */
export function createRequest(run: string): Counted {
  const body = podBody(`pod-${run}-${MARK}`);
  return counted(writeRequest('POST', podsPath(CREATED_NAMESPACE), body));
}

/**
 * Writes a pod back as it was read, with a label that is different each time.
 *
 * @param text - the pod, as the server gave it
 */
export function updateRequest(path: string, text: string): Counted {
  return counted(writeRequest('PUT', path, bodyOf(text, `n${MARK}`)));
}

/** A pod as it was read, with another label, to be written over whatever version is there. */
export function bodyOf(text: string, label: string): string {
  const pod = JSON.parse(text);
  delete pod.metadata.resourceVersion;
  pod.metadata.labels.count = label;
  return JSON.stringify(pod);
}

/** Gives a pod a label that is different each time. */
export function patchRequest(path: string): Counted {
  const body = JSON.stringify({ metadata: { labels: { count: `n${MARK}` } } });
  return counted(writeRequest('PATCH', path, body, 'application/merge-patch+json'));
}
