import { messageOf } from '../../core/errors.ts';
import { type Item, readItem, writeItem } from './cbor.ts';
import { type Path, parsePath, printPath } from './path.ts';
import {
  boolean,
  type Decoded,
  type Entry,
  numeric,
  opaque,
  parseLink,
  printLink,
  string,
  type TypeOf,
  type Value,
} from './value.ts';

/** Labels of SenML in JSON (RFC 8428 4.3) and their keys in CBOR (section 6); `vlo` is LwM2M's own and a text in both. */
const CBOR_KEYS = { bn: -2, bt: -3, n: 0, v: 2, vs: 3, vb: 4, t: 6, vd: 8 } as const;
const LABELS = new Map<Item, string>(Object.entries(CBOR_KEYS).map(([label, key]) => [key, label]));

/** One record by label, whichever of the two forms it came in. */
type Fields = ReadonlyMap<string, Item>;

function fieldValue(fields: Fields, path: Path, typeOf: TypeOf): Value | undefined | { readonly problem: string } {
  const known = ['v', 'vs', 'vb', 'vd', 'vlo'].filter((label) => fields.has(label));
  const [label, second] = known;
  if (label === undefined) return undefined;
  if (second !== undefined) return { problem: `both ${label} and ${second}` };
  const item = fields.get(label);
  const wrong = { problem: `${label} holds ${JSON.stringify(item)}` };
  if (label === 'v') return typeof item === 'number' || typeof item === 'bigint' ? numeric(item, typeOf(path)) : wrong;
  if (label === 'vb') return typeof item === 'boolean' ? boolean(item) : wrong;
  if (label === 'vd' && item instanceof Uint8Array) return opaque(item);
  if (typeof item !== 'string') return wrong;
  if (label === 'vs') return string(item);
  if (label === 'vd') return /^[\w-]*={0,2}$/.test(item) ? opaque(Buffer.from(item, 'base64url')) : wrong;
  const link = parseLink(item);
  return link === undefined ? wrong : { type: 'Objlnk', value: link };
}

/** Resolves base names and base times and reads each record's value. */
function entriesOf(records: readonly Fields[], typeOf: TypeOf): Decoded {
  let [base, baseTime] = ['', 0];
  const entries: Entry[] = [];
  for (const [i, fields] of records.entries()) {
    const [bn, n, bt, t] = ['bn', 'n', 'bt', 't'].map((label) => fields.get(label));
    const no = (what: string): Decoded => ({ ok: false, reason: `SenML record ${i}: ${what}` });
    if (bn !== undefined && typeof bn !== 'string') return no('bn is no text');
    if (n !== undefined && typeof n !== 'string') return no('n is no text');
    if (bt !== undefined && typeof bt !== 'number') return no('bt is no number');
    if (t !== undefined && typeof t !== 'number') return no('t is no number');
    base = bn ?? base;
    baseTime = bt ?? baseTime;
    const name = `${base}${n ?? ''}`;
    const path = parsePath(name);
    if (path === undefined) return no(`the name ${JSON.stringify(name)} is no path`);
    const value = fieldValue(fields, path, typeOf);
    if (value !== undefined && 'problem' in value) return no(value.problem);
    const at = t === undefined && baseTime === 0 ? {} : { time: baseTime + (t ?? 0) };
    entries.push({ path, ...(value === undefined ? {} : { value }), ...at });
  }
  return { ok: true, entries };
}

/** Reads SenML CBOR (112). */
export function decodeSenmlCbor(payload: Uint8Array, typeOf: TypeOf): Decoded {
  const read = readItem(payload);
  if (!read.ok) return { ok: false, reason: `no CBOR: ${read.reason}` };
  if (!Array.isArray(read.item)) return { ok: false, reason: 'SenML is a list of records' };
  const records: Fields[] = [];
  for (const item of read.item as readonly Item[]) {
    if (!(item instanceof Map)) return { ok: false, reason: 'a SenML record is a map' };
    const fields = [...(item as ReadonlyMap<Item, Item>)].map(
      ([key, value]) => [LABELS.get(key) ?? (typeof key === 'string' ? key : ''), value] as const,
    );
    records.push(new Map(fields));
  }
  return entriesOf(records, typeOf);
}

/** Reads SenML JSON (110). */
export function decodeSenmlJson(payload: Uint8Array, typeOf: TypeOf): Decoded {
  const read = readJson(payload);
  if (!read.ok) return read;
  if (!Array.isArray(read.json)) return { ok: false, reason: 'SenML is a list of records' };
  const records: Fields[] = [];
  for (const item of read.json as readonly unknown[]) {
    if (typeof item !== 'object' || item === null || Array.isArray(item))
      return { ok: false, reason: 'a SenML record is a map' };
    records.push(new Map(Object.entries(item as Record<string, Item>)));
  }
  return entriesOf(records, typeOf);
}

/** Reads UTF-8 JSON; gives the reason where it is none. */
export function readJson(payload: Uint8Array): { ok: true; json: unknown } | { ok: false; reason: string } {
  try {
    return { ok: true, json: JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload)) };
  } catch (e) {
    return { ok: false, reason: `no JSON: ${messageOf(e)}` };
  }
}

/** The label of a value and what stands under it. */
function labelled(value: Value): readonly [string, Item] {
  switch (value.type) {
    case 'String':
      return ['vs', value.value];
    case 'Integer':
    case 'Float':
    case 'Time':
      return ['v', value.value];
    case 'Boolean':
      return ['vb', value.value];
    case 'Opaque':
      return ['vd', value.value];
    case 'Objlnk':
      return ['vlo', printLink(value.value)];
  }
}

/** Records in the order of the labels: the base name with the first, then the rest of the path, then the value. */
function recordsOf(base: Path, entries: readonly Entry[]): (readonly [string, Item])[][] {
  return entries.map(({ path, value, time }, i) => {
    const rest = path.slice(base.length);
    return [
      ...(i === 0 && base.length > 0 ? [['bn', printPath(base)] as const] : []),
      ...(rest.length > 0 ? [['n', printPath(rest)] as const] : []),
      ...(time === undefined ? [] : [['t', time] as const]),
      ...(value === undefined ? [] : [labelled(value)]),
    ];
  });
}

/** Writes SenML CBOR with `base` as base name; entries without value ask for it (composite read). */
export function encodeSenmlCbor(base: Path, entries: readonly Entry[]): Buffer {
  const keys: Readonly<Record<string, number>> = CBOR_KEYS;
  return writeItem(
    recordsOf(base, entries).map((fields) => new Map(fields.map(([label, item]) => [keys[label] ?? label, item]))),
  );
}

/** Writes SenML JSON likewise. */
export function encodeSenmlJson(base: Path, entries: readonly Entry[]): Buffer {
  const plain = (item: Item): unknown =>
    item instanceof Uint8Array
      ? Buffer.from(item).toString('base64url')
      : typeof item === 'bigint'
        ? Number(item)
        : item;
  const records = recordsOf(base, entries).map((fields) =>
    Object.fromEntries(fields.map(([label, item]) => [label, plain(item)])),
  );
  return Buffer.from(JSON.stringify(records), 'utf8');
}
