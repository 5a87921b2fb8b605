import { decode, encode } from 'cborg';
import { messageOf } from '../../core/errors.ts';
import { boolean, numeric, opaque, parseLink, printLink, string, type Value, type ValueType } from './value.ts';

/** What a CBOR item becomes: maps as Map, so that keys keep their type. */
export type Item = null | boolean | number | bigint | string | Uint8Array | readonly Item[] | ReadonlyMap<Item, Item>;

const EPOCH_TIME_TAG = 1;

/** Reads exactly one item, definite or indefinite; gives the reason where it is none. Never throws. */
export function readItem(data: Uint8Array): { ok: true; item: Item } | { ok: false; reason: string } {
  try {
    const item = decode(data, {
      useMaps: true,
      allowIndefinite: true,
      allowUndefined: false,
      rejectDuplicateMapKeys: true,
      tags: { [EPOCH_TIME_TAG]: (inner) => inner() },
    }) as Item;
    return { ok: true, item };
  } catch (e) {
    return { ok: false, reason: messageOf(e).replace(/^CBOR decode error: /, '') };
  }
}

/** Writes one item with definite lengths, map entries in the order given. */
export function writeItem(item: Item): Buffer {
  return Buffer.from(encode(item, { mapSorter: () => 0 }));
}

/** A map of indefinite length from entries that are written already. */
export function indefiniteMap(entries: readonly (readonly [Buffer, Buffer])[]): Buffer {
  return Buffer.concat([Buffer.of(0xbf), ...entries.flat(), Buffer.of(0xff)]);
}

/** The value of a bare item; undefined for lists, maps and null. */
export function itemValue(item: Item, type: ValueType | undefined): Value | undefined {
  if (typeof item === 'boolean') return boolean(item);
  if (typeof item === 'number' || typeof item === 'bigint') return numeric(item, type);
  if (item instanceof Uint8Array) return opaque(item);
  if (typeof item !== 'string') return undefined;
  const link = type === 'Objlnk' ? parseLink(item) : undefined;
  return link === undefined ? string(item) : { type: 'Objlnk', value: link };
}

/** The bare item of a value; links are texts. */
export function valueItem(value: Value): Item {
  return value.type === 'Objlnk' ? printLink(value.value) : value.value;
}
