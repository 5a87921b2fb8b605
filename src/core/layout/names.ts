/** Numbers of a standard with the standard's names. The key is what is printed. */
export type NameTable = Readonly<Record<string, number>>;

/** `NAME (0x95)`, as numbers of a standard appear in every message and report; `reserved (0x0f)` where none is assigned. */
export function nameOf(table: NameTable, value: number, digits = 2): string {
  const name = Object.keys(table).find((key) => table[key] === value);
  return `${name ?? 'reserved'} (${hexNumber(value, digits)})`;
}

/** `0x` and at least `digits` lower-case hex digits. */
export function hexNumber(value: number, digits: number): string {
  return `0x${value.toString(16).padStart(digits, '0')}`;
}
