import { counted, rest, u8, uint } from '../../core/layout/fields.ts';
import type { Field } from '../../core/layout/layout.ts';
import { hexNumber } from '../../core/layout/names.ts';

/** A mesh address, printed in hex. */
export const address = uint(16, { hex: true });

/** A TTL field of the update models: 00 to 7F, or FF for the default TTL. */
export const ttl: Field<number> = {
  ...u8,
  read(reader, name) {
    const value = reader.bits(8, name);
    if (value > 0x7f && value !== 0xff) reader.reports.push(`prohibited value: ${name} = ${hexNumber(value, 2)}`);
    return value;
  },
};

/** A counted URI. Held as one character for each octet, so that nothing is lost where it is no proper text. */
export const countedText: Field<string> = {
  read: (reader, name, before) => counted(8).read(reader, name, before).toString('latin1'),
  write: (writer, value, name, all) => counted(8).write(writer, Buffer.from(value, 'latin1'), name, all),
  print: (value) => JSON.stringify(value),
};

/** Octets whose bits, lowest first, stand for blocks or chunks; see `bitsSet` and `bitmapOf`. */
export const bitmap: Field<Buffer> = { ...rest(), print: (value) => `{${bitsSet(value).join(' ')}}` };

/** The numbers of the bits that are set. */
export function bitsSet(map: Uint8Array): number[] {
  const numbers: number[] = [];
  for (let n = 0; n < map.length * 8; n++) if (((map[n >> 3] ?? 0) >> (n & 7)) & 1) numbers.push(n);
  return numbers;
}

/** A bitmap for `count` blocks or chunks with the given bits set. */
export function bitmapOf(numbers: Iterable<number>, count: number): Buffer {
  const map = Buffer.alloc(Math.ceil(count / 8));
  for (const n of numbers) map[n >> 3] = (map[n >> 3] ?? 0) | (1 << (n & 7));
  return map;
}
