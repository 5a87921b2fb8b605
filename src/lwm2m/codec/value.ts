import type { Path } from './path.ts';

/** The data types of object definitions; resources that are only executed have none. */
export type ValueType = 'String' | 'Integer' | 'Float' | 'Boolean' | 'Opaque' | 'Time' | 'Objlnk';

/** A link to an object instance; `65535:65535` links to nothing. */
export interface ObjectLink {
  readonly object: number;
  readonly instance: number;
}

/** A value with the type that it had on the wire, refined by the object definition where the format leaves it open. */
export type Value =
  | { readonly type: 'String'; readonly value: string }
  /** A bigint only beyond the exact range of number. */
  | { readonly type: 'Integer'; readonly value: number | bigint }
  | { readonly type: 'Float'; readonly value: number }
  | { readonly type: 'Boolean'; readonly value: boolean }
  | { readonly type: 'Opaque'; readonly value: Buffer }
  /** Seconds since 1970 began. */
  | { readonly type: 'Time'; readonly value: number }
  | { readonly type: 'Objlnk'; readonly value: ObjectLink };

/**
 * One leaf of the tree of object, instance, resource and resource instance, named by its whole path. A part of the tree is the list of its leaves in order; an
 * instance or a multiple resource without anything in it stands as a leaf without value.
 */
export interface Entry {
  readonly path: Path;
  readonly value?: Value;
  /** Seconds, as the format gives them; only in what a device sends by itself. */
  readonly time?: number;
}

/** What a payload says, or why it says nothing. Decoding never throws. */
export type Decoded =
  | { readonly ok: true; readonly entries: readonly Entry[] }
  | { readonly ok: false; readonly reason: string };

/** The type that the object definition gives a resource; undefined where no definition is known. */
export type TypeOf = (path: Path) => ValueType | undefined;

export const string = (value: string): Value => ({ type: 'String', value });
export const integer = (value: number | bigint): Value => ({ type: 'Integer', value });
export const float = (value: number): Value => ({ type: 'Float', value });
export const boolean = (value: boolean): Value => ({ type: 'Boolean', value });
export const opaque = (value: Uint8Array): Value => ({ type: 'Opaque', value: Buffer.from(value) });
export const time = (value: number): Value => ({ type: 'Time', value });
export const objlnk = (object: number, instance: number): Value => ({ type: 'Objlnk', value: { object, instance } });

const LINK = /^(\d{1,5}):(\d{1,5})$/;

/** Reads `14:0`; undefined for anything else. */
export function parseLink(text: string): ObjectLink | undefined {
  const found = LINK.exec(text);
  if (found === null) return undefined;
  const link = { object: Number(found[1]), instance: Number(found[2]) };
  return link.object <= 0xffff && link.instance <= 0xffff ? link : undefined;
}

/** `14:0` */
export function printLink({ object, instance }: ObjectLink): string {
  return `${object}:${instance}`;
}

/** The value of a number on the wire: the definition decides among the three numeric types, where it fits. */
export function numeric(value: number | bigint, type: ValueType | undefined): Value {
  if (type === 'Float') return float(Number(value));
  if (typeof value === 'number' && !Number.isInteger(value)) return float(value);
  return type === 'Time' ? time(Number(value)) : integer(value);
}

/** One line: `3`, `true`, `"App"`, `14:0`, `1024 octets`. */
export function printValue(value: Value): string {
  switch (value.type) {
    case 'String':
      return JSON.stringify(value.value);
    case 'Opaque':
      return `${value.value.length} octets`;
    case 'Objlnk':
      return printLink(value.value);
    case 'Integer':
    case 'Float':
    case 'Boolean':
    case 'Time':
      return String(value.value);
  }
}

/** True for the same type and the same value. */
export function sameValue(a: Value, b: Value): boolean {
  if (a.type === 'Opaque' && b.type === 'Opaque') return a.value.equals(b.value);
  return a.type === b.type && printValue(a) === printValue(b);
}
