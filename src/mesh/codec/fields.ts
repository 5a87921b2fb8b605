import { TesterError } from '../../core/errors.ts';
import type { Reader, Writer } from './cursor.ts';
import {
  type Field,
  type Layout,
  printLayout,
  readLayout,
  type Reserved,
  type Value,
  type Values,
  writeLayout,
} from './layout.ts';
import { hexNumber, nameOf, type NameTable } from './names.ts';

/** Reserved bits. */
export function reserved(bits: number): Reserved {
  return { reserved: bits };
}

/** An unsigned number. `range` names the allowed values: others are decoded and reported. */
export function uint(bits: number, options: { of?: NameTable; range?: readonly [number, number] } = {}): Field<number> {
  const { of, range } = options;
  return {
    read(reader, name) {
      const value = reader.bits(bits, name);
      if (range !== undefined && (value < range[0] || value > range[1])) {
        reader.reports.push(`prohibited value: ${name} = ${hexNumber(value, 2)}`);
      }
      return value;
    },
    write: (writer, value, name) => void writer.bits(bits, value, name),
    print: (value) => (of === undefined ? String(value) : nameOf(of, value)),
  };
}

/** One octet. */
export const u8 = uint(8);
/** Two octets. */
export const u16 = uint(16);
/** Four octets. */
export const u32 = uint(32);

/** A mesh address, printed in hex. */
export const address: Field<number> = { ...u16, print: (value) => hexNumber(value, 4) };

/** A TTL field of the update models: 00 to 7F, or FF for the default TTL. */
export const ttl: Field<number> = {
  ...u8,
  read(reader, name) {
    const value = reader.bits(8, name);
    if (value > 0x7f && value !== 0xff) reader.reports.push(`prohibited value: ${name} = ${hexNumber(value, 2)}`);
    return value;
  },
};

/** A little-endian number too long for a JavaScript number, held as its hex digits in reading order. */
export function longNumber(octets: number): Field<string> {
  return {
    read: (reader, name) => Buffer.from(reader.bytes(octets, name)).reverse().toString('hex'),
    write: (writer, value, name) => void writer.bytes(sized(Buffer.from(value, 'hex').reverse(), octets, octets, name)),
    print: (value) => `0x${value}`,
  };
}

/** Exactly `count` octets. */
export function octets(count: number): Field<Buffer> {
  return {
    read: (reader, name) => reader.bytes(count, name),
    write: (writer, value, name) => void writer.bytes(sized(value, count, count, name)),
    print: (value) => value.toString('hex'),
  };
}

/** All octets that are left; a number of them outside `min` to `max` is reported. */
export function rest(min = 0, max = 0xffff): Field<Buffer> {
  return {
    read(reader, name) {
      const value = reader.rest(name);
      if (value.length < min || value.length > max)
        reader.reports.push(`prohibited length: ${name} of ${value.length} octets`);
      return value;
    },
    write: (writer, value) => void writer.bytes(value),
    print: (value) => `[${value.toString('hex')}]`,
  };
}

/** One octet of length, then so many octets. */
export const counted: Field<Buffer> = {
  read: (reader, name) => reader.bytes(reader.bits(8, `${name} length`), name),
  write: (writer, value, name) => void writer.bits(8, value.length, `${name} length`).bytes(value),
  print: (value) => `[${value.toString('hex')}]`,
};

/** A counted URI. Held as one character for each octet, so that nothing is lost where it is no proper text. */
export const countedText: Field<string> = {
  read: (reader, name, before) => counted.read(reader, name, before).toString('latin1'),
  write: (writer, value, name, all) => counted.write(writer, Buffer.from(value, 'latin1'), name, all),
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

/** The fields of `layout`, again and again to the end. */
export function list<const L extends Layout>(layout: L): Field<readonly Value<L>[]> {
  return {
    read(reader) {
      const entries: Value<L>[] = [];
      while (reader.left > 0) entries.push(readLayout(layout, reader));
      return entries;
    },
    write(writer, value) {
      for (const entry of value) writeLayout(layout, entry, writer);
    },
    print: (value) => `[${value.map((entry) => `{${printLayout(layout, entry)}}`).join(', ')}]`,
  };
}

/** As many values as an earlier field of this name says. */
export function times<T>(countName: string, field: Field<T>): Field<readonly T[]> {
  return {
    read: (reader, name, before) =>
      Array.from({ length: Number(before[countName]) }, (_, i) => field.read(reader, `${name} ${i}`, before)),
    write: (writer, value, name, all) => value.forEach((entry) => field.write(writer, entry, name, all)),
    print: (value) => `[${value.map((entry) => field.print(entry)).join(', ')}]`,
  };
}

/** Several fields under one name. */
export function group<const L extends Layout>(layout: L): Field<Value<L>> {
  return {
    read: (reader) => readLayout(layout, reader),
    write: (writer, value) => writeLayout(layout, value, writer),
    print: (value) => `{${printLayout(layout, value)}}`,
  };
}

/** A tail that is present as a whole or not at all: the last field of its layout. */
export function optional<T>(field: Field<T>): Field<T | undefined> {
  return present(field, (reader) => reader.left > 0);
}

/** A field that is there only when the earlier field `name` holds `value`. */
export function when<T>(name: string, value: number, field: Field<T>): Field<T | undefined> {
  return present(field, (_, before) => before[name] === value);
}

/** A field that the test decides about on reading, and its value on writing. */
function present<T>(field: Field<T>, test: (reader: Reader, before: Values) => boolean): Field<T | undefined> {
  return {
    read: (reader, name, before) => (test(reader, before) ? field.read(reader, name, before) : undefined),
    write(writer: Writer, value, name, all) {
      if (value !== undefined) field.write(writer, value, name, all);
    },
    print: (value) => (value === undefined ? '-' : field.print(value)),
  };
}

/** Refuses octets of a length that the field does not have. */
function sized(value: Buffer, min: number, max: number, name: string): Buffer {
  if (value.length >= min && value.length <= max) return value;
  throw new TesterError('layout', `${name}: ${value.length} octets, expected ${min}${min === max ? '' : ` to ${max}`}`);
}
