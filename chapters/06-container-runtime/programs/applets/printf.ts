/** `printf`: formats and escapes. Given. */

const ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  a: '\x07',
  b: '\b',
  f: '\f',
  v: '\v',
  '\\': '\\',
  e: '\x1b',
  '"': '"',
};

/** The text that `printf FORMAT ARG…` writes. */
export function printfText(format: string, args: readonly string[]): string {
  let left = [...args];
  let text = '';
  do {
    const before = left.length;
    const round = once(format, left);
    text += round.text;
    left = round.left;
    if (left.length === before) break;
  } while (left.length > 0);
  return text;
}

function once(format: string, args: readonly string[]): { text: string; left: string[] } {
  const left = [...args];
  let text = '';
  for (let i = 0; i < format.length; i++) {
    const char = format[i] ?? '';
    if (char === '\\') {
      const octal = /^0?[0-7]{1,3}/.exec(format.slice(i + 1))?.[0];
      const hex = /^x([0-9a-fA-F]{1,2})/.exec(format.slice(i + 1));
      if (octal !== undefined) {
        text += String.fromCharCode(Number.parseInt(octal, 8));
        i += octal.length;
      } else if (hex !== null) {
        text += String.fromCharCode(Number.parseInt(hex[1] ?? '', 16));
        i += hex[0].length;
      } else {
        const next = format[++i] ?? '';
        text += ESCAPES[next] ?? `\\${next}`;
      }
    } else if (char === '%') {
      const spec = /^%([-0+ ]*)(\d*)(?:\.(\d+))?([sdiuxXofcb%])/.exec(format.slice(i));
      if (spec === null) {
        text += char;
        continue;
      }
      i += spec[0].length - 1;
      text += spec[4] === '%' ? '%' : formatted(spec, left.shift());
    } else text += char;
  }
  return { text, left };
}

function formatted(spec: RegExpExecArray, arg = ''): string {
  const [, flags = '', width = '', precision, kind] = spec;
  const body = bodyOf(kind ?? 's', arg, precision);
  if (flags.includes('-')) return body.padEnd(Number(width));
  return body.padStart(Number(width), flags.includes('0') && kind !== 's' ? '0' : ' ');
}

function bodyOf(kind: string, arg: string, precision: string | undefined): string {
  const number = Number(arg) || 0;
  switch (kind) {
    case 'd':
    case 'i':
    case 'u':
      return String(Math.trunc(number));
    case 'x':
      return Math.trunc(number).toString(16);
    case 'X':
      return Math.trunc(number).toString(16).toUpperCase();
    case 'o':
      return Math.trunc(number).toString(8);
    case 'f':
      return number.toFixed(precision === undefined ? 6 : Number(precision));
    case 'c':
      return arg.slice(0, 1);
    case 'b':
      return printfText(arg.replaceAll('%', '%%'), []);
    default:
      return precision === undefined ? arg : arg.slice(0, Number(precision));
  }
}
