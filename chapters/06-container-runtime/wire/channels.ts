/**
 * Kubernetes' channels in a WebSocket: the first byte of a message says which stream it is of.
 *
 * @see kubernetes v1.33 staging/src/k8s.io/apimachinery/pkg/util/remotecommand/constants.go
 */

/** Subprotocols that are spoken, the preferred first. v5 can close a stream. */
export const CHANNEL_PROTOCOLS: readonly string[] = ['v5.channel.k8s.io', 'v4.channel.k8s.io'];

/** Channels of exec and attach. */
export const CHANNEL = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4, close: 255 } as const;

/** One message for a channel. */
export function channelMessage(channel: number, bytes: Uint8Array | string): Buffer {
  const content = typeof bytes === 'string' ? new TextEncoder().encode(bytes) : bytes;
  const message = Buffer.allocUnsafe(content.length + 1);
  message[0] = channel;
  message.set(content, 1);
  return message;
}

/** The status at the end of an exec, as the error channel carries it. */
export function exitStatus(exitCode: number): string {
  if (exitCode === 0) return JSON.stringify({ metadata: {}, status: 'Success' });
  return JSON.stringify({
    metadata: {},
    status: 'Failure',
    message: `command terminated with non-zero exit code: exit status ${exitCode}`,
    reason: 'NonZeroExitCode',
    details: { causes: [{ reason: 'ExitCode', message: String(exitCode) }] },
  });
}

/** The exit code in such a status. @throws Error for one that tells of something else */
export function exitCodeIn(text: string): number {
  const status = JSON.parse(text) as {
    status?: string;
    message?: string;
    details?: { causes?: { reason?: string; message?: string }[] };
  };
  if (status.status === 'Success') return 0;
  const cause = status.details?.causes?.find(({ reason }) => reason === 'ExitCode');
  if (cause?.message !== undefined) return Number(cause.message);
  throw new Error(status.message ?? text);
}
