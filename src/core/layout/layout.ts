import { type ByteOrder, Reader, Writer } from './cursor.ts';

/** Values of a layout by field name, as fields see the ones before them. */
export type Values = Readonly<Record<string, unknown>>;

/** One field: how it is read, written and printed. A value of `undefined` means that the field is absent. */
export interface Field<T> {
  read(reader: Reader, name: string, before: Values): T;
  write(writer: Writer, value: T, name: string, all: Values): void;
  print(value: T): string;
}

/** Bits reserved for future use: written as 0, reported when received otherwise; they carry no value. */
export interface Reserved {
  readonly reserved: number;
}

/** The fields of a message in the order of transmission. Declared once; encoder, decoder, printer and type come from it. */
export type Layout = { readonly [name: string]: Field<unknown> | Reserved };

type TypeOf<F> = F extends Field<infer T> ? T : never;
type Needed<L> = {
  [K in keyof L as L[K] extends Reserved ? never : undefined extends TypeOf<L[K]> ? never : K]: TypeOf<L[K]>;
};
type Perhaps<L> = {
  [K in keyof L as L[K] extends Reserved ? never : undefined extends TypeOf<L[K]> ? K : never]?: Exclude<
    TypeOf<L[K]>,
    undefined
  >;
};

/** The value that a layout stands for. */
export type Value<L> = { readonly [K in keyof (Needed<L> & Perhaps<L>)]: (Needed<L> & Perhaps<L>)[K] };

/** Reads every field; absent ones get no key. Throws FrameError. */
export function readLayout<const L extends Layout>(layout: L, reader: Reader): Value<L> {
  const value: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(layout)) {
    if ('reserved' in field) {
      const bits = reader.bits(field.reserved, name);
      if (bits !== 0) reader.reports.push(`reserved bits set: ${name} = 0x${bits.toString(16)}`);
      continue;
    }
    const read = field.read(reader, name, value);
    if (read !== undefined) value[name] = read;
  }
  return value as Value<L>;
}

/** Writes every field. Throws TesterError where a value does not fit. */
export function writeLayout<const L extends Layout>(layout: L, value: Value<L>, writer: Writer): void {
  const all: Values = value;
  for (const [name, field] of Object.entries(layout)) {
    if ('reserved' in field) writer.bits(field.reserved, 0, name);
    else field.write(writer, all[name], name, all);
  }
}

/** The octets of a whole message. Throws TesterError where a value does not fit. */
export function encodeLayout<const L extends Layout>(layout: L, value: Value<L>, order: ByteOrder): Buffer {
  const writer = new Writer(order);
  writeLayout(layout, value, writer);
  return writer.done();
}

/** Reads a whole message called `name`, with what was odd about it. Throws FrameError for short and for long input. */
export function decodeLayout<const L extends Layout>(
  layout: L,
  octets: Uint8Array,
  order: ByteOrder,
  name: string,
): { value: Value<L>; reports: readonly string[] } {
  const reader = new Reader(octets, order);
  const value = readLayout(layout, reader);
  reader.end(name);
  return { value, reports: reader.reports };
}

/** Name and printed value of every field that is there, in the order of transmission. */
export function printFields<const L extends Layout>(
  layout: L,
  value: Value<L>,
): readonly (readonly [string, string])[] {
  const all: Values = value;
  return Object.entries(layout).flatMap(([name, field]) =>
    'reserved' in field || all[name] === undefined ? [] : [[name, field.print(all[name])] as const],
  );
}

/** `name=value, name=value` in the order of transmission. */
export function printLayout<const L extends Layout>(layout: L, value: Value<L>): string {
  return printFields(layout, value)
    .map(([name, text]) => `${name}=${text}`)
    .join(', ');
}
