/**
 * The file of fixed tokens (`--token-auth-file`), CSV: `token,user,uid,"group1,group2"`. Given.
 *
 * @see k8s.io/apiserver/pkg/authentication/token/tokenfile/tokenfile.go (1.33)
 */

import type { User } from '../user.ts';

/** One line of the file. */
export interface StaticToken {
  readonly token: string;
  readonly user: User;
}

/**
 * Reads the file.
 *
 * @remarks The groups may be left out. A line with an empty token counts for nothing; of two lines
 * with the same token, the last one counts.
 *
 * @throws Error when a line has less than three columns, or a quote without its end
 */
export function parseTokenFile(text: string): StaticToken[] {
  const byToken = new Map<string, StaticToken>();
  for (const record of parseCsv(text)) {
    if (record.length < 3) {
      throw new Error(
        `token file must have at least 3 columns (token, user name, user uid), found ${record.length}`,
      );
    }
    const [token = '', username = '', uid = '', groups] = record;
    if (token === '') continue;
    const user = { username, uid, groups: groups ? groups.split(',') : [] };
    byToken.set(token, { token, user });
  }
  return [...byToken.values()];
}

/** Records of a CSV text: fields may stand in double quotes, a quote in them is doubled. */
function parseCsv(text: string): string[][] {
  const records: string[][] = [];
  let record: string[] = [];
  let rest = text.replace(/\r\n/g, '\n');
  while (rest !== '' || record.length > 0) {
    const { field, length } = readField(rest);
    record.push(field);
    const end = rest[length] ?? '\n';
    rest = rest.slice(length + 1);
    if (end === ',') {
      if (rest === '') record.push('');
      else continue;
    }
    if (record.length > 1 || record[0] !== '') records.push(record);
    record = [];
  }
  return records;
}

/** The field a text begins with, and how much of the text it takes. */
function readField(text: string): { field: string; length: number } {
  if (!text.startsWith('"')) {
    const field = /^[^,\n]*/.exec(text)?.[0] ?? '';
    return { field, length: field.length };
  }
  const quoted = /^"((?:[^"]|"")*)"/.exec(text);
  if (!quoted) throw new Error('token file has a quote without its end');
  return { field: (quoted[1] ?? '').replaceAll('""', '"'), length: quoted[0].length };
}
