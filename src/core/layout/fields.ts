import { TesterError } from '../errors.ts';
import { type ByteOrder, type Reader, Writer } from './cursor.ts';
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

/** What an unsigned number means. Values that are not allowed are decoded and reported. */
export interface NumberOptions {
  /** Names of values, for printing. */
  readonly of?: NameTable;
  /** The lowest and the highest allowed value. */
  readonly range?: readonly [number, number];
  /** The only allowed values. */
  readonly only?: readonly number[];
  /** Printed in hex. */
  readonly hex?: true;
}

/** An unsigned number. */
export function uint(bits: number, { of, range, only, hex }: NumberOptions = {}): Field<number> {
  const plain = (value: number): string => (hex === true ? hexNumber(value, Math.ceil(bits / 4)) : String(value));
  const [lowest, highest] = range ?? [0, 2 ** bits - 1];
  return {
    read(reader, name) {
      const value = reader.bits(bits, name);
      if (value < lowest || value > highest || only?.includes(value) === false) {
        reader.reports.push(`prohibited value: ${name} = ${hexNumber(value, 2)}`);
      }
      return value;
    },
    write: (writer, value, name) => void writer.bits(bits, value, name),
    print: (value) => (of === undefined ? plain(value) : nameOf(of, value)),
  };
}

/** One octet. */
export const u8 = uint(8);
/** Two octets. */
export const u16 = uint(16);
/** Four octets. */
export const u32 = uint(32);

/** A number too long for a JavaScript number, held as its hex digits in reading order. */
export function longNumber(octets: number): Field<string> {
  const turned = (bytes: Buffer, order: ByteOrder): Buffer => (order === 'little' ? bytes.reverse() : bytes);
  return {
    read: (reader, name) => turned(Buffer.from(reader.bytes(octets, name)), reader.order).toString('hex'),
    write: (writer, value, name) =>
      void writer.bytes(turned(sized(Buffer.from(value, 'hex'), octets, name), writer.order)),
    print: (value) => `0x${value}`,
  };
}

/** Exactly `count` octets. */
export function octets(count: number): Field<Buffer> {
  return {
    read: (reader, name) => reader.bytes(count, name),
    write: (writer, value, name) => void writer.bytes(sized(value, count, name)),
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

/** A length of so many bits, then as many octets as it says. */
export function counted(lengthBits: number): Field<Buffer> {
  return {
    read: (reader, name) => reader.bytes(reader.bits(lengthBits, `${name} length`), name),
    write: (writer, value, name) => void writer.bits(lengthBits, value.length, `${name} length`).bytes(value),
    print: (value) => `[${value.toString('hex')}]`,
  };
}

/** Values behind the number of octets that they take together, itself of so many bits. */
export function vector<T>(lengthBits: number, item: Field<T>): Field<readonly T[]> {
  return {
    read(reader, name, before) {
      const inside = reader.part(reader.bits(lengthBits, `${name} length`), name);
      const items: T[] = [];
      while (inside.left > 0) items.push(item.read(inside, `${name} ${items.length}`, before));
      return items;
    },
    write(writer, value, name, all) {
      const inside = new Writer(writer.order);
      for (const one of value) item.write(inside, one, name, all);
      counted(lengthBits).write(writer, inside.done(), name, all);
    },
    print: (value) => `[${value.map((one) => item.print(one)).join(', ')}]`,
  };
}

/** Values of one field, again and again to the end. */
export function toEnd<T>(item: Field<T>): Field<readonly T[]> {
  return {
    read(reader, name, before) {
      const items: T[] = [];
      while (reader.left > 0) items.push(item.read(reader, `${name} ${items.length}`, before));
      return items;
    },
    write: (writer, value, name, all) => value.forEach((one) => item.write(writer, one, name, all)),
    print: (value) => `[${value.map((one) => item.print(one)).join(', ')}]`,
  };
}

/** The fields of `layout`, again and again to the end. */
export function list<const L extends Layout>(layout: L): Field<readonly Value<L>[]> {
  return toEnd(group(layout));
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

/** What an earlier field must hold for a later one to be there: a number, or a test of its value. */
export type Condition = number | ((value: unknown) => boolean);

/** Whether the bit of this number (0 is the lowest) is set. */
export function bit(n: number): Condition {
  return (value) => ((Number(value) >> n) & 1) === 1;
}

/** Whether the value lies in this range. */
export function within(min: number, max: number): Condition {
  return (value) => Number(value) >= min && Number(value) <= max;
}

/** Whether the earlier field is there itself. */
export const given: Condition = (value) => value !== undefined;

/** A field that is there only when the earlier field `name` holds this value. Writing it otherwise is a TesterError. */
export function when<T>(name: string, condition: Condition, field: Field<T>): Field<T | undefined> {
  const holds = (values: Values): boolean =>
    typeof condition === 'number' ? values[name] === condition : condition(values[name]);
  const plain = present(field, (_, before) => holds(before));
  return {
    ...plain,
    write(writer, value, own, all) {
      if ((value !== undefined) !== holds(all)) {
        const found = value === undefined ? 'is missing' : 'has no place';
        throw new TesterError('layout', `${own} ${found} where ${name} is ${String(all[name])}`);
      }
      plain.write(writer, value, own, all);
    },
  };
}

/** A field that the test decides about on reading, and its value on writing. The test may report why a field is absent. */
export function present<T>(
  field: Field<T>,
  test: (reader: Reader, before: Values, name: string) => boolean,
): Field<T | undefined> {
  return {
    read: (reader, name, before) => (test(reader, before, name) ? field.read(reader, name, before) : undefined),
    write(writer, value, name, all) {
      if (value !== undefined) field.write(writer, value, name, all);
    },
    print: (value) => (value === undefined ? '-' : field.print(value)),
  };
}

/** Refuses octets of a length that the field does not have. */
function sized(value: Buffer, count: number, name: string): Buffer {
  if (value.length === count) return value;
  throw new TesterError('layout', `${name}: ${value.length} octets, expected ${count}`);
}
