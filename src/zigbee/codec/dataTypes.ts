import { counted, longNumber, rest, uint } from '../../core/layout/fields.ts';
import type { Field } from '../../core/layout/layout.ts';
import { nameOf } from '../../core/layout/names.ts';

/** ZCL data types (2.6.2) by their number. */
export const dataType = {
  NO_DATA: 0x00,
  DATA8: 0x08,
  DATA16: 0x09,
  DATA24: 0x0a,
  DATA32: 0x0b,
  DATA64: 0x0f,
  BOOLEAN: 0x10,
  MAP8: 0x18,
  MAP16: 0x19,
  MAP24: 0x1a,
  MAP32: 0x1b,
  MAP64: 0x1f,
  UINT8: 0x20,
  UINT16: 0x21,
  UINT24: 0x22,
  UINT32: 0x23,
  UINT40: 0x24,
  UINT48: 0x25,
  UINT56: 0x26,
  UINT64: 0x27,
  INT8: 0x28,
  INT16: 0x29,
  INT24: 0x2a,
  INT32: 0x2b,
  INT64: 0x2f,
  ENUM8: 0x30,
  ENUM16: 0x31,
  SEMI: 0x38,
  SINGLE: 0x39,
  DOUBLE: 0x3a,
  OCTET_STRING: 0x41,
  STRING: 0x42,
  OCTET_STRING16: 0x43,
  STRING16: 0x44,
  TIME_OF_DAY: 0xe0,
  DATE: 0xe1,
  UTC: 0xe2,
  CLUSTER_ID: 0xe8,
  ATTRIBUTE_ID: 0xe9,
  BACNET_OID: 0xea,
  EUI64: 0xf0,
  KEY128: 0xf1,
} as const;

/** Octets of the types that have a fixed number of them. */
const FIXED: { readonly [type in keyof typeof dataType]?: number } = {
  NO_DATA: 0,
  DATA8: 1,
  DATA16: 2,
  DATA24: 3,
  DATA32: 4,
  DATA64: 8,
  BOOLEAN: 1,
  MAP8: 1,
  MAP16: 2,
  MAP24: 3,
  MAP32: 4,
  MAP64: 8,
  UINT8: 1,
  UINT16: 2,
  UINT24: 3,
  UINT32: 4,
  UINT40: 5,
  UINT48: 6,
  UINT56: 7,
  UINT64: 8,
  INT8: 1,
  INT16: 2,
  INT24: 3,
  INT32: 4,
  INT64: 8,
  ENUM8: 1,
  ENUM16: 2,
  SEMI: 2,
  SINGLE: 4,
  DOUBLE: 8,
  TIME_OF_DAY: 4,
  DATE: 4,
  UTC: 4,
  CLUSTER_ID: 2,
  ATTRIBUTE_ID: 2,
  BACNET_OID: 4,
  EUI64: 8,
  KEY128: 16,
};

/** Octets of the length that stands before a string. */
const STRINGS: { readonly [type in keyof typeof dataType]?: number } = {
  OCTET_STRING: 1,
  STRING: 1,
  OCTET_STRING16: 2,
  STRING16: 2,
};

/** Up to four octets as an unsigned number, longer numbers as hex digits, strings and types without a known length as octets. */
export type AttributeContent = number | string | Buffer;

/** A value behind the number of its type. */
export interface Typed {
  readonly type: number;
  readonly content: AttributeContent;
}

/** How a value of each type stands on the air. A string length of all ones means "no value", which reads as truncated. */
const CONTENT = new Map<number, Field<AttributeContent>>(
  (Object.keys(dataType) as (keyof typeof dataType)[]).map((name) => [dataType[name], contentOf(name)]),
);

/** The field of a type: a number, a longer number as hex, or counted octets. */
function contentOf(name: keyof typeof dataType): Field<AttributeContent> {
  const octets = FIXED[name];
  if (octets === undefined) return counted(8 * (STRINGS[name] ?? 1));
  return octets <= 4 ? uint(8 * octets) : longNumber(octets);
}

/** A type whose length is not known here. */
const unknown: Field<AttributeContent> = rest();

/** A type and a value of it. A type without a known length takes the rest of the frame, which is reported. */
export const typed: Field<Typed> = {
  read(reader, name, before) {
    const type = reader.bits(8, `${name} type`);
    const field = CONTENT.get(type);
    if (field === undefined) reader.reports.push(`${name}: length of data type ${nameOf(dataType, type)} unknown`);
    return { type, content: (field ?? unknown).read(reader, name, before) };
  },
  write(writer, { type, content }, name, all) {
    writer.bits(8, type, `${name} type`);
    (CONTENT.get(type) ?? unknown).write(writer, content, name, all);
  },
  print: ({ type, content }) => `${(CONTENT.get(type) ?? unknown).print(content)} of ${nameOf(dataType, type)}`,
};
