import { TesterError } from '../../core/errors.ts';
import { HandshakeError } from './failure.ts';

/** Reads octets from the front; a read past the end is a HandshakeError (`decode_error`) that names message and field. */
export class Cursor {
  private readonly bytes: Buffer;
  private readonly message: string;
  private at = 0;

  constructor(bytes: Buffer, message: string) {
    this.bytes = bytes;
    this.message = message;
  }

  get left(): number {
    return this.bytes.length - this.at;
  }

  take(count: number, field: string): Buffer {
    if (count > this.left)
      throw new HandshakeError(
        'decode_error',
        `${this.message}.${field}: expected ${count} octets at offset ${this.at}, found ${this.left}`,
      );
    this.at += count;
    return this.bytes.subarray(this.at - count, this.at);
  }

  /** A cursor over the next `count` octets alone. */
  part(count: number, field: string): Cursor {
    return new Cursor(this.take(count, field), `${this.message}.${field}`);
  }
}

/** One field of a message: how it stands on the wire. */
export interface Field<T> {
  read(from: Cursor, name: string): T;
  write(value: T): Buffer;
}

/** A whole message, declared once; reader and writer follow from it. */
export interface Layout<T> {
  readonly name: string;
  /** Throws a HandshakeError for short input and for octets left over. */
  decode(bytes: Buffer): T;
  encode(value: T): Buffer;
}

type Fields = Readonly<Record<string, Field<unknown>>>;
/** The values that a set of fields holds. */
export type Values<S extends Fields> = { readonly [K in keyof S]: S[K] extends Field<infer T> ? T : never };
/** The values of a layout. */
export type ValuesOf<L> = L extends Layout<infer T> ? T : never;

/** Unsigned number of `size` octets, big-endian. */
export function uint(size: 1 | 2 | 3): Field<number> {
  return {
    read: (from, name) => from.take(size, name).readUIntBE(0, size),
    write(value) {
      const out = Buffer.alloc(size);
      out.writeUIntBE(value, 0, size);
      return out;
    },
  };
}

/** Exactly `count` octets. */
export function fixed(count: number): Field<Buffer> {
  return {
    read: (from, name) => Buffer.from(from.take(count, name)),
    write(value) {
      if (value.length !== count) throw new TesterError('dtls-layout', `${value.length} octets where ${count} belong`);
      return value;
    },
  };
}

function prefixed(size: 1 | 2 | 3, body: Buffer): Buffer {
  if (body.length >= 256 ** size)
    throw new TesterError('dtls-layout', `${body.length} octets do not fit a length of ${size} octets`);
  return Buffer.concat([uint(size).write(body.length), body]);
}

/** Octets behind a length of `size` octets. */
export function opaque(size: 1 | 2 | 3): Field<Buffer> {
  return {
    read: (from, name) => Buffer.from(from.take(uint(size).read(from, name), name)),
    write: (value) => prefixed(size, value),
  };
}

/** Items behind their length in octets. */
export function list<T>(size: 1 | 2 | 3, item: Field<T>): Field<readonly T[]> {
  return {
    read(from, name) {
      const inside = from.part(uint(size).read(from, name), name);
      const items: T[] = [];
      while (inside.left > 0) items.push(item.read(inside, `${items.length}`));
      return items;
    },
    write: (items) => prefixed(size, Buffer.concat(items.map((one) => item.write(one)))),
  };
}

/** Fields one after the other. */
export function group<S extends Fields>(fields: S): Field<Values<S>> {
  const entries = Object.entries(fields);
  return {
    read: (from) => Object.fromEntries(entries.map(([name, field]) => [name, field.read(from, name)])) as Values<S>,
    write: (values) => Buffer.concat(entries.map(([name, field]) => field.write(values[name]))),
  };
}

/** A field that may be missing at the end of a message; `absent` is its value then, and is written as nothing. */
export function atEnd<T>(field: Field<T>, absent: T): Field<T> {
  return {
    read: (from, name) => (from.left === 0 ? absent : field.read(from, name)),
    write: (value) => (value === absent ? Buffer.alloc(0) : field.write(value)),
  };
}

/** Declares a message. */
export function layout<S extends Fields>(name: string, fields: S): Layout<Values<S>> {
  const body = group(fields);
  return {
    name,
    decode(bytes) {
      const from = new Cursor(bytes, name);
      const values = body.read(from, '');
      if (from.left > 0) throw new HandshakeError('decode_error', `${name}: ${from.left} octets after the last field`);
      return values;
    },
    encode: (values) => body.write(values),
  };
}
