/**
 * Text cut and wrapped to a terminal's width, and made harmless to print.
 *
 * Widths are counted in code points: the course's own texts have no wide characters, and a wide
 * one in a student's message makes one line longer, nothing worse.
 */

/** Removes what would move the cursor or change colours: messages come from student code. */
export function harmless(text: string): string {
  return (
    text
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are the point
      .replace(/\u001b\[[0-9;?]*[ -/]*[@-~]/g, '')
      .replaceAll('\r\n', '\n')
      .replaceAll('\t', '  ')
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are the point
      .replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g, '�')
  );
}

/**
 * Breaks a text into lines of at most `width`, at spaces where it can; the rest of a broken line
 * keeps its indentation.
 */
export function wrap(text: string, width: number): string[] {
  return text.split('\n').flatMap((line) => wrapLine(line, Math.max(width, 8)));
}

function wrapLine(line: string, width: number): string[] {
  const lines: string[] = [];
  const indent = /^ */.exec(line)?.[0].slice(0, Math.floor(width / 2)) ?? '';
  let rest = [...line];
  while (rest.length > width) {
    const space = rest.lastIndexOf(' ', width);
    const cut = space > indent.length ? space : width;
    lines.push(rest.slice(0, cut).join('').trimEnd());
    rest = [...indent, ...rest.slice(cut).join('').trimStart()];
  }
  lines.push(rest.join('').trimEnd());
  return lines;
}

/** Cuts a line that is too long and shows that it was cut. */
export function cut(line: string, width: number): string {
  const letters = [...line];
  return letters.length <= width ? line : `${letters.slice(0, Math.max(width - 1, 0)).join('')}…`;
}

/** A bar of `width` cells: `█████░░░░░`. Nothing done shows no cell, all done shows all. */
export function progressBar(done: number, total: number, width: number): string {
  const share = total === 0 ? 0 : done / total;
  const filled = share >= 1 ? width : Math.min(Math.floor(share * width), width - 1);
  return '█'.repeat(Math.max(filled, 0)) + '░'.repeat(width - Math.max(filled, 0));
}
