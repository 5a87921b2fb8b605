import { type Path, parsePath, printPath } from './path.ts';
import { readJson } from './senml.ts';
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

interface Fields {
  readonly [label: string]: unknown;
}

function isFields(json: unknown): json is Fields {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}

function valueOf({ v, sv, bv, ov }: Fields, path: Path, typeOf: TypeOf): Value | undefined {
  const type = typeOf(path);
  if (typeof v === 'number') return numeric(v, type);
  if (typeof bv === 'boolean') return boolean(bv);
  if (typeof sv === 'string') return type === 'Opaque' && isBase64(sv) ? opaque(Buffer.from(sv, 'base64')) : string(sv);
  const link = typeof ov === 'string' ? parseLink(ov) : undefined;
  return link === undefined ? undefined : { type: 'Objlnk', value: link };
}

/** True for base64 with its padding. */
export function isBase64(text: string): boolean {
  return text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text);
}

/** Reads LwM2M JSON (11543) for the path `base`; without `bn`, names are relative to it. */
export function decodeOldJson(base: Path, payload: Uint8Array, typeOf: TypeOf): Decoded {
  const read = readJson(payload);
  if (!read.ok) return read;
  if (!isFields(read.json) || !Array.isArray(read.json['e'])) return { ok: false, reason: 'LwM2M JSON has a list e' };
  const { bn, bt } = read.json;
  if (bn !== undefined && typeof bn !== 'string') return { ok: false, reason: 'bn is no text' };
  const baseTime = typeof bt === 'number' ? bt : 0;
  const entries: Entry[] = [];
  for (const [i, item] of (read.json['e'] as readonly unknown[]).entries()) {
    const fields = isFields(item) ? item : {};
    const n = typeof fields['n'] === 'string' ? fields['n'] : '';
    const name = bn === undefined ? `${printPath(base)}${n === '' ? '' : '/'}${n}` : `${bn}${n}`;
    const path = parsePath(name);
    if (path === undefined) return { ok: false, reason: `element ${i}: the name ${JSON.stringify(name)} is no path` };
    const value = valueOf(fields, path, typeOf);
    if (value === undefined) return { ok: false, reason: `element ${i} (${name}) has no value of a known type` };
    const t = fields['t'];
    entries.push({ path, value, ...(typeof t === 'number' ? { time: baseTime + t } : {}) });
  }
  return { ok: true, entries };
}

function labelled(value: Value): Fields {
  switch (value.type) {
    case 'String':
      return { sv: value.value };
    case 'Integer':
    case 'Float':
    case 'Time':
      return { v: Number(value.value) };
    case 'Boolean':
      return { bv: value.value };
    case 'Opaque':
      return { sv: value.value.toString('base64') };
    case 'Objlnk':
      return { ov: printLink(value.value) };
  }
}

/** Writes LwM2M JSON: the base name ends in `/` where names follow. Entries without value have no place in it and are left out. */
export function encodeOldJson(base: Path, entries: readonly Entry[]): Buffer {
  const below = entries.some((e) => e.path.length > base.length);
  const bn = `${printPath(base)}${below && base.length > 0 ? '/' : ''}`;
  const e = entries.flatMap(({ path, value, time }) => {
    const n = path.slice(base.length).join('/');
    const t = time === undefined ? {} : { t: time };
    return value === undefined ? [] : [{ ...(n === '' ? {} : { n }), ...labelled(value), ...t }];
  });
  return Buffer.from(JSON.stringify({ bn, e }), 'utf8');
}
