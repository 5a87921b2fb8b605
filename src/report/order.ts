/** Compares ids such as `DFUM 11/2` and `DFUM 3/10` as people do: runs of digits by their value. */
export function natural(a: string, b: string): number {
  return new Intl.Collator('en', { numeric: true }).compare(a, b);
}

/** Digit runs filled up with zeros, for readers that sort plain text: `DFUM 3/2` becomes `DFUM 03/02`. */
export function padded(id: string, width = 2): string {
  return id.replaceAll(/\d+/g, (digits) => digits.padStart(width, '0'));
}

/** `DFUM 11/2` in its parts; the table is empty for an item written without one. */
export function itemParts(item: string): { spec: string; table: string; row: string } {
  const [spec = '', place = ''] = item.split(' ');
  const [table = '', row] = place.split('/');
  return row === undefined ? { spec, table: '', row: table } : { spec, table, row };
}
