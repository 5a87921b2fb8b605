import type { Reader, Writer } from '../../core/layout/cursor.ts';
import type { Field } from '../../core/layout/layout.ts';
import { hexNumber } from '../../core/layout/names.ts';

/**
 * Chunk numbers to the end of the message, each in the bit pattern of UTF-8. Decoded by bits, because numbers D800 to
 * DFFF are no text. A longer pattern than the number needs is decoded and reported.
 */
export const chunkNumbers: Field<readonly number[]> = {
  read(reader, name) {
    const numbers: number[] = [];
    while (reader.left > 0) numbers.push(readChunkNumber(reader, name));
    return numbers;
  },
  write(writer, value) {
    for (const n of value) writeChunkNumber(writer, n);
  },
  print: (value) => `{${value.join(' ')}}`,
};

/** One to three octets; four-octet patterns stand for numbers that no block has. */
function readChunkNumber(reader: Reader, name: string): number {
  const first = reader.bits(8, name);
  if (first < 0x80) return first;
  const extra = first >> 5 === 0b110 ? 1 : first >> 4 === 0b1110 ? 2 : 0;
  if (extra === 0) throw reader.invalid(`${name}: ${hexNumber(first, 2)} starts no chunk number`);
  let number = first & (extra === 1 ? 0x1f : 0x0f);
  for (let i = 0; i < extra; i++) {
    const next = reader.bits(8, name);
    if (next >> 6 !== 0b10) throw reader.invalid(`${name}: ${hexNumber(next, 2)} continues no chunk number`);
    number = number * 64 + (next & 0x3f);
  }
  if (number < (extra === 1 ? 0x80 : 0x800))
    reader.reports.push(`chunk number ${number} written in ${extra + 1} octets`);
  return number;
}

/** The shortest pattern that holds the number. */
function writeChunkNumber(writer: Writer, n: number): void {
  if (n < 0x80) writer.bits(8, n, 'chunk number');
  else if (n < 0x800) writer.bits(8, 0xc0 | (n >> 6), 'chunk number').bits(8, 0x80 | (n & 0x3f), 'chunk number');
  else {
    writer.bits(8, 0xe0 | (n >> 12), 'chunk number');
    writer.bits(8, 0x80 | ((n >> 6) & 0x3f), 'chunk number').bits(8, 0x80 | (n & 0x3f), 'chunk number');
  }
}

/** A group address (0 for none), or the 16-octet label UUID of a virtual address. */
export const addressOrLabel: Field<number | Buffer> = {
  read: (reader, name) => (reader.left === 16 ? reader.bytes(16, name) : reader.bits(16, name)),
  write: (writer, value, name) => void (typeof value === 'number' ? writer.bits(16, value, name) : writer.bytes(value)),
  print: (value) => (typeof value === 'number' ? hexNumber(value, 4) : value.toString('hex')),
};

/** A model: of the SIG, or of the company whose identifier is given. */
export interface ModelId {
  readonly model: number;
  readonly company?: number;
}

/** A model identifier at the end of a message: 2 octets, or 4 with the company first. */
export const modelId: Field<ModelId> = {
  read(reader, name) {
    if (reader.left <= 2) return { model: reader.bits(16, name) };
    const company = reader.bits(16, `${name} company`);
    return { model: reader.bits(16, name), company };
  },
  write(writer, value, name) {
    if (value.company !== undefined) writer.bits(16, value.company, `${name} company`);
    writer.bits(16, value.model, name);
  },
  print: ({ model, company }) => (company === undefined ? '' : `${hexNumber(company, 4)}:`) + hexNumber(model, 4),
};
