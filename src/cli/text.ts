/** Breaks a text at spaces into lines of at most `width` characters; a longer word stands alone. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(/\s+/).filter((w) => w !== '')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines.length === 0 ? [''] : lines;
}

/** One column of a table. */
export interface Column {
  readonly title: string;
  /** Widest line of a cell; longer texts are broken. */
  readonly width: number;
}

/** A table for the terminal: a line of titles, a rule, and the rows with their cells broken to the columns' widths. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const widths = columns.map((c, i) =>
    Math.max(c.title.length, ...rows.flatMap((r) => wrap(r[i] ?? '', c.width).map((l) => l.length))),
  );
  const line = (cells: readonly string[]): string =>
    `  ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  ')}`.trimEnd();
  const body = rows.flatMap((row) => {
    const cells = columns.map((c, i) => wrap(row[i] ?? '', c.width));
    const height = Math.max(...cells.map((c) => c.length));
    return Array.from({ length: height }, (_, y) => line(cells.map((c) => c[y] ?? '')));
  });
  return [line(columns.map((c) => c.title)), line(widths.map((w) => '-'.repeat(w))), ...body].join('\n');
}

/** One line of text on standard output. */
export function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** A value as JSON on standard output. */
export function sayJson(value: unknown): void {
  say(JSON.stringify(value, undefined, 2));
}
