/** Reads a container's log as the runtime wrote it. Given. */

import type { Clock, FileSystem } from '#apimachinery';

/** What is asked of a log. */
export interface LogOptions {
  readonly follow: boolean;
  readonly timestamps: boolean;
  /** The last so many lines; absent: all. */
  readonly tailLines?: number;
  readonly limitBytes?: number;
  /** Nothing older, in milliseconds since 1970. */
  readonly since?: number;
}

const POLL_MS = 250;

/**
 * A log's lines, without what the runtime put before them.
 *
 * @param hasEnded - has the container ended, so that nothing more comes?
 * @returns a stream that ends at the end of the log, or, with `follow`, when the container has ended
 */
export function readLog(
  { files, clock }: { files: FileSystem; clock: Clock },
  path: string,
  options: LogOptions,
  hasEnded: () => Promise<boolean>,
  signal: AbortSignal,
): ReadableStream<Uint8Array> {
  let left = options.limitBytes ?? Number.POSITIVE_INFINITY;
  let read = 0;
  let isFirst = true;
  const encoder = new TextEncoder();
  const take = (): string => {
    const bytes = files.stat(path) ? files.readFile(path) : new Uint8Array();
    // A log that was rotated begins anew.
    if (bytes.length < read) read = 0;
    const fresh = bytes.subarray(read);
    const end = fresh.lastIndexOf(0x0a) + 1;
    read += end;
    let lines = linesOf(new TextDecoder().decode(fresh.subarray(0, end)), options);
    if (isFirst && options.tailLines !== undefined) {
      lines = options.tailLines === 0 ? [] : lines.slice(-options.tailLines);
    }
    isFirst = false;
    return lines.join('');
  };
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        for (;;) {
          const isOver = !options.follow || signal.aborted || (await hasEnded());
          const bytes = encoder.encode(take()).slice(0, left);
          left -= bytes.length;
          if (bytes.length > 0) controller.enqueue(bytes);
          if (isOver || left <= 0) return controller.close();
          if (bytes.length > 0) return;
          await clock.sleep(POLL_MS, signal).catch(() => {});
        }
      },
    },
    { highWaterMark: 0 },
  );
}

/** `2025-01-01T00:00:00.000000000Z stdout F hello`; `P` for a line that goes on in the next. */
function linesOf(text: string, { since = 0, timestamps }: LogOptions): string[] {
  const lines: string[] = [];
  let begun = '';
  for (const line of text.split('\n')) {
    const [, time, tag, said] = /^(\S+) std(?:out|err) (\S+) ?(.*)$/s.exec(line) ?? [];
    if (time === undefined || Date.parse(time) < since) continue;
    if (begun === '' && timestamps) begun = `${time} `;
    begun += said ?? '';
    if (tag?.startsWith('P')) continue;
    lines.push(`${begun}\n`);
    begun = '';
  }
  return lines;
}
