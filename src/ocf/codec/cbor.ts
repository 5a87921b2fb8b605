import { decode, encode } from 'cborg';

/** What a CBOR item of an OCF payload becomes. Integers beyond 2^53 are bigint. */
export type CborValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | readonly CborValue[]
  | { readonly [key: string]: CborValue };

export type CborMap = { readonly [key: string]: CborValue };

/**
 * The outcome of decoding. `duplicateKeys` names the first key that a map repeats (its last value is kept), empty in a valid map.
 * `malformed`: not one well-formed item (RFC 8949 appendix F). `unsupported`: well-formed perhaps, but with a feature that OCF
 * payloads do not use and this decoder does not read (tags, keys that are not text, strings in chunks): proves nothing about the sender.
 */
export type Decoded =
  | { readonly ok: true; readonly value: CborValue; readonly duplicateKeys: readonly string[] }
  | { readonly ok: false; readonly kind: 'malformed' | 'unsupported'; readonly reason: string };

const READ = { allowIndefinite: true, allowUndefined: false } as const;
const REPEATED = /found repeat map key "(.*)"$/s;
const UNSUPPORTED = /not supported/;

/** Decodes exactly one item; definite and indefinite lengths of maps and arrays alike, trailing octets are malformed. Never throws. */
export function decodeCbor(data: Uint8Array): Decoded {
  try {
    return { ok: true, value: decode(data, { ...READ, rejectDuplicateMapKeys: true }) as CborValue, duplicateKeys: [] };
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message.replace(/^CBOR decode error: /, '') : String(thrown);
    const repeated = REPEATED.exec(reason)?.[1];
    if (repeated === undefined) {
      return { ok: false, kind: UNSUPPORTED.test(reason) ? 'unsupported' : 'malformed', reason };
    }
    return decodeRepeated(data, repeated);
  }
}

function decodeRepeated(data: Uint8Array, key: string): Decoded {
  try {
    return { ok: true, value: decode(data, READ) as CborValue, duplicateKeys: [key] };
  } catch (thrown) {
    return { ok: false, kind: 'malformed', reason: thrown instanceof Error ? thrown.message : String(thrown) };
  }
}

/** Encodes with definite lengths and shortest forms; map entries stay in the order given. */
export function encodeCbor(value: CborValue): Buffer {
  return Buffer.from(encode(value, { mapSorter: () => 0 }));
}

/** Encodes maps and arrays with indefinite length (`bf`/`9f` ... `ff`), as constrained devices stream them. */
export function encodeCborIndefinite(value: CborValue): Buffer {
  if (isCborMap(value)) {
    const entries = Object.entries(value).flatMap(([key, item]) => [encodeCbor(key), encodeCborIndefinite(item)]);
    return Buffer.concat([Buffer.of(0xbf), ...entries, Buffer.of(0xff)]);
  }
  if (Array.isArray(value)) {
    const items = value.map((item: CborValue) => encodeCborIndefinite(item));
    return Buffer.concat([Buffer.of(0x9f), ...items, Buffer.of(0xff)]);
  }
  return encodeCbor(value);
}

/** True for a map, which is what every OCF representation but a list of links is. */
export function isCborMap(value: CborValue | undefined): value is CborMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
}
