import { TesterError } from '../../core/errors.ts';
import { isWithin, NEW_INSTANCE, type Path, printPath } from './path.ts';
import {
  boolean,
  type Decoded,
  type Entry,
  float,
  integer,
  objlnk,
  opaque,
  string,
  time,
  type TypeOf,
  type Value,
  type ValueType,
} from './value.ts';

/** What a TLV record holds, bits 7 and 6 of its first octet. */
const KIND = { instance: 0, resourceInstance: 1, multiple: 2, resource: 3 } as const;
type Kind = (typeof KIND)[keyof typeof KIND];

const LONG_ID = 0x20;
const MAX_LENGTH = 0xffffff;

interface Record {
  readonly kind: Kind;
  readonly id: number;
  readonly value: Buffer;
  readonly end: number;
}

/** Why octets are no TLV; thrown within this file only. */
class Malformed extends Error {}

/** Reads the record that begins at `at`; every length is checked against what is there. */
function recordAt(data: Buffer, at: number): Record {
  const need = (from: number, octets: number, what: string): void => {
    if (from + octets > data.length) throw new Malformed(`ends within the ${what} of the record at octet ${at}`);
  };
  const head = data.readUInt8(at);
  const idOctets = (head & LONG_ID) === 0 ? 1 : 2;
  const lengthOctets = (head >> 3) & 3;
  let next = at + 1;
  need(next, idOctets, 'identifier');
  const id = data.readUIntBE(next, idOctets);
  next += idOctets;
  need(next, lengthOctets, 'length');
  const length = lengthOctets === 0 ? head & 7 : data.readUIntBE(next, lengthOctets);
  next += lengthOctets;
  need(next, length, 'value');
  return { kind: (head >> 6) as Kind, id, value: data.subarray(next, next + length), end: next + length };
}

function recordsOf(data: Buffer): Record[] {
  const records: Record[] = [];
  for (let at = 0; at < data.length; at = records.at(-1)?.end ?? data.length) records.push(recordAt(data, at));
  return records;
}

function integerOf(data: Buffer): number | bigint {
  if (data.length === 8) {
    const value = data.readBigInt64BE();
    return BigInt(Number(value)) === value && Number.isSafeInteger(Number(value)) ? Number(value) : value;
  }
  if (![1, 2, 4].includes(data.length)) throw new Malformed(`an Integer of ${data.length} octets`);
  return data.readIntBE(0, data.length);
}

function valueOf(data: Buffer, type: ValueType | undefined): Value {
  switch (type) {
    case 'String':
      return string(data.toString('utf8'));
    case 'Integer':
      return integer(integerOf(data));
    case 'Time':
      return time(Number(integerOf(data)));
    case 'Float':
      if (data.length === 4) return float(data.readFloatBE());
      if (data.length === 8) return float(data.readDoubleBE());
      throw new Malformed(`a Float of ${data.length} octets`);
    case 'Boolean':
      if (data.length !== 1 || data.readUInt8() > 1)
        throw new Malformed(`the octets ${data.toString('hex')} of a Boolean`);
      return boolean(data.readUInt8() === 1);
    case 'Objlnk':
      if (data.length !== 4) throw new Malformed(`an Objlnk of ${data.length} octets`);
      return objlnk(data.readUInt16BE(0), data.readUInt16BE(2));
    case 'Opaque':
    case undefined:
      return opaque(data);
  }
}

function resourceEntries({ kind, id, value }: Record, instance: Path, typeOf: TypeOf): Entry[] {
  const path = [...instance, id];
  if (kind === KIND.resource) return [{ path, value: valueOf(value, typeOf(path)) }];
  if (kind !== KIND.multiple) throw new Malformed(`a record of kind ${kind} where a resource was expected`);
  const parts = recordsOf(value);
  if (parts.length === 0) return [{ path }];
  return parts.map((part) => {
    if (part.kind !== KIND.resourceInstance)
      throw new Malformed(`a record of kind ${part.kind} within the multiple resource ${printPath(path)}`);
    return { path: [...path, part.id], value: valueOf(part.value, typeOf(path)) };
  });
}

/**
 * Reads a TLV payload of the resource, instance or object at `base`. The instance may be wrapped or not; without wrapper under an object its id is
 * {@link NEW_INSTANCE}. Values whose type is not known become Opaque.
 */
export function decodeTlv(base: Path, payload: Uint8Array, typeOf: TypeOf): Decoded {
  const [object] = base;
  if (object === undefined) return { ok: false, reason: 'TLV cannot say to which object it belongs' };
  try {
    const entries = recordsOf(Buffer.from(payload)).flatMap((record): Entry[] => {
      if (record.kind !== KIND.instance) return resourceEntries(record, [object, base[1] ?? NEW_INSTANCE], typeOf);
      const path = [object, record.id];
      const inner = recordsOf(record.value).flatMap((r) => resourceEntries(r, path, typeOf));
      return inner.length === 0 ? [{ path }] : inner;
    });
    const stranger = entries.find((e) => !isWithin(e.path, base) && !isWithin(base, e.path));
    if (stranger !== undefined)
      return { ok: false, reason: `${printPath(stranger.path)} in a payload of ${printPath(base)}` };
    return { ok: true, entries };
  } catch (e) {
    if (e instanceof Malformed) return { ok: false, reason: e.message };
    throw e;
  }
}

function record(kind: Kind, id: number, value: Buffer): Buffer {
  const { length } = value;
  if (length > MAX_LENGTH)
    throw new TesterError('tlv', `a TLV value of ${length} octets; the largest has ${MAX_LENGTH}`);
  const lengthOctets = length < 8 ? 0 : length < 0x100 ? 1 : length < 0x10000 ? 2 : 3;
  const idOctets = id < 0x100 ? 1 : 2;
  const head = Buffer.alloc(1 + idOctets + lengthOctets);
  head[0] = (kind << 6) | (idOctets === 2 ? LONG_ID : 0) | (lengthOctets << 3) | (lengthOctets === 0 ? length : 0);
  head.writeUIntBE(id, 1, idOctets);
  if (lengthOctets > 0) head.writeUIntBE(length, 1 + idOctets, lengthOctets);
  return Buffer.concat([head, value]);
}

function integerOctets(value: number | bigint): Buffer {
  const out = Buffer.alloc(8);
  out.writeBigInt64BE(BigInt(value));
  const size = [1, 2, 4].find((n) => value >= -(2 ** (8 * n - 1)) && value < 2 ** (8 * n - 1)) ?? 8;
  return out.subarray(8 - size);
}

/** The octets of one value, without the record around it. */
export function tlvValue(value: Value): Buffer {
  switch (value.type) {
    case 'String':
      return Buffer.from(value.value, 'utf8');
    case 'Integer':
    case 'Time':
      return integerOctets(value.value);
    case 'Float': {
      const out = Buffer.alloc(8);
      out.writeDoubleBE(value.value);
      return out;
    }
    case 'Boolean':
      return Buffer.of(value.value ? 1 : 0);
    case 'Opaque':
      return value.value;
    case 'Objlnk': {
      const out = Buffer.alloc(4);
      out.writeUInt16BE(value.value.object, 0);
      out.writeUInt16BE(value.value.instance, 2);
      return out;
    }
  }
}

/** The entries by the id at this depth of their paths, in order of first appearance; what ends above has the key undefined. */
function grouped(entries: readonly Entry[], depth: number): Map<number, Entry[]> {
  const groups = new Map<number, Entry[]>();
  for (const entry of entries) {
    const id = entry.path[depth];
    if (id !== undefined) groups.set(id, [...(groups.get(id) ?? []), entry]);
  }
  return groups;
}

function resources(entries: readonly Entry[]): Buffer {
  const parts = [...grouped(entries, 2)].map(([id, group]) => {
    const single = group.find((e) => e.path.length === 3);
    if (single?.value !== undefined) return record(KIND.resource, id, tlvValue(single.value));
    const instances = group.flatMap(({ path, value }) =>
      path[3] === undefined || value === undefined ? [] : [record(KIND.resourceInstance, path[3], tlvValue(value))],
    );
    return record(KIND.multiple, id, Buffer.concat(instances));
  });
  return Buffer.concat(parts);
}

/** Writes entries for the path `base`: wrapped in their instances under an object, bare below. */
export function encodeTlv(base: Path, entries: readonly Entry[]): Buffer {
  if (base.length > 1) return resources(entries);
  const instances = [...grouped(entries, 1)].map(([id, group]) => record(KIND.instance, id, resources(group)));
  return Buffer.concat(instances);
}
