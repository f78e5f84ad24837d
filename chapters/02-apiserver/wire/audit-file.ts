/** The audit log as a file: lines are added at its end, and all are there when it is closed. */

import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import type { Logger } from '#apimachinery';

export interface AuditFile {
  /** Takes one line, without its end. */
  write(line: string): void;
  close(): Promise<void>;
}

/**
 * @param path - `-` for standard output
 * @throws when the file cannot be opened
 */
export async function openAuditFile(path: string, log: Logger): Promise<AuditFile> {
  if (path === '-') {
    return {
      write: (line) => {
        process.stdout.write(`${line}\n`);
      },
      close: async () => {},
    };
  }
  const file = createWriteStream(path, { flags: 'a', mode: 0o600 });
  await once(file, 'open');
  file.on('error', (error) => log.error('the audit log cannot be written', { error }));
  return {
    write: (line) => {
      file.write(`${line}\n`);
    },
    close: () => new Promise((resolve) => file.end(() => resolve())),
  };
}
