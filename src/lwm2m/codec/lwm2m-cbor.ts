import { indefiniteMap, type Item, itemValue, readItem, valueItem, writeItem } from './cbor.ts';
import type { Path } from './path.ts';
import type { Decoded, Entry, TypeOf } from './value.ts';

const DEEPEST = 4;

/** The ids of a key: one number, or several in a list. */
function idsOf(key: Item): Path | undefined {
  const ids: readonly Item[] = Array.isArray(key) ? key : [key];
  return ids.every((id) => typeof id === 'number' && Number.isInteger(id) && id >= 0 && id <= 0xffff)
    ? (ids as Path)
    : undefined;
}

/** Reads LwM2M CBOR (11544): maps in maps, each key one or several ids of the path. */
export function decodeLwm2mCbor(payload: Uint8Array, typeOf: TypeOf): Decoded {
  const read = readItem(payload);
  if (!read.ok) return { ok: false, reason: `no CBOR: ${read.reason}` };
  const entries: Entry[] = [];
  const walk = (item: Item, above: Path): string | undefined => {
    if (!(item instanceof Map)) {
      const value = itemValue(item, typeOf(above));
      if (value === undefined) return `/${above.join('/')} holds neither a value nor a map`;
      entries.push({ path: above, value });
      return undefined;
    }
    const map = item as ReadonlyMap<Item, Item>;
    if (map.size === 0 && above.length > 0) entries.push({ path: above });
    for (const [key, inner] of map) {
      const ids = idsOf(key);
      if (ids === undefined) return `a key under /${above.join('/')} is no id`;
      if (above.length + ids.length > DEEPEST) return `a path of more than ${DEEPEST} ids`;
      const problem = walk(inner, [...above, ...ids]);
      if (problem !== undefined) return problem;
    }
    return undefined;
  };
  if (!(read.item instanceof Map)) return { ok: false, reason: 'LwM2M CBOR is a map' };
  const problem = walk(read.item, []);
  return problem === undefined ? { ok: true, entries } : { ok: false, reason: problem };
}

function nested(entries: readonly Entry[], depth: number): Buffer {
  const here = entries.find((e) => e.path.length === depth);
  if (here?.value !== undefined) return writeItem(valueItem(here.value));
  const ids = [...new Set(entries.flatMap((e) => e.path[depth] ?? []))];
  const inner = (id: number): Entry[] => entries.filter((e) => e.path[depth] === id);
  return indefiniteMap(ids.map((id) => [writeItem(id), nested(inner(id), depth + 1)] as const));
}

/** Writes entries with the path `base` as one key. */
export function encodeLwm2mCbor(base: Path, entries: readonly Entry[]): Buffer {
  const [only, second] = base;
  if (only === undefined) return nested(entries, 0);
  const key = second === undefined ? writeItem(only) : writeItem(base);
  return indefiniteMap([[key, nested(entries, base.length)]]);
}
