import { TesterError } from '../../core/errors.ts';
import { itemValue, readItem, valueItem, writeItem } from './cbor.ts';
import { typeOf as standardTypes } from './definitions.ts';
import { decodeLwm2mCbor, encodeLwm2mCbor } from './lwm2m-cbor.ts';
import { decodeOldJson, encodeOldJson } from './old-json.ts';
import { type Path, printPath } from './path.ts';
import { decodeSenmlCbor, decodeSenmlJson, encodeSenmlCbor, encodeSenmlJson } from './senml.ts';
import { decodeText, encodeText } from './text.ts';
import { decodeTlv, encodeTlv } from './tlv.ts';
import { type Decoded, type Entry, opaque, type TypeOf, type Value } from './value.ts';

/** Content formats by name (LwM2M core 7.4, CoAP registry). */
export const FORMAT = {
  text: 0,
  link: 40,
  opaque: 42,
  cbor: 60,
  senmlJson: 110,
  senmlCbor: 112,
  tlv: 11542,
  json: 11543,
  lwm2mCbor: 11544,
} as const;
export type FormatName = keyof typeof FORMAT;

/** Numbers of the same formats before LwM2M 1.0 was final; no device of the standard takes them. */
export const EARLY_FORMAT = { tlv: 1542, json: 1543 } as const;

/** Formats that carry one resource and nothing above it. */
export const SINGLE_VALUE: readonly number[] = [FORMAT.text, FORMAT.opaque, FORMAT.cbor];

/** `TLV (11542)`-like name for messages. */
export function printFormat(number: number | undefined): string {
  if (number === undefined) return 'no Content-Format';
  const name = Object.entries(FORMAT).find(([, n]) => n === number)?.[0];
  return name === undefined ? String(number) : `${name} (${number})`;
}

function single(path: Path, value: Value | undefined, reason: string): Decoded {
  return value === undefined ? { ok: false, reason } : { ok: true, entries: [{ path, value }] };
}

/** Reads a payload of the path `base`. A format that carries no values, or none at all, is a reason, not an exception. */
export function decodeContent(
  format: number | undefined,
  base: Path,
  payload: Uint8Array,
  typeOf: TypeOf = standardTypes,
): Decoded {
  const type = typeOf(base);
  switch (format) {
    case FORMAT.text:
      return single(base, decodeText(payload, type), `the text is no ${type ?? 'value'}`);
    case FORMAT.opaque:
      return single(base, opaque(payload), '');
    case FORMAT.cbor: {
      const read = readItem(payload);
      if (!read.ok) return { ok: false, reason: `no CBOR: ${read.reason}` };
      return single(base, itemValue(read.item, type), 'the CBOR item is no value');
    }
    case FORMAT.senmlJson:
      return decodeSenmlJson(payload, typeOf);
    case FORMAT.senmlCbor:
      return decodeSenmlCbor(payload, typeOf);
    case FORMAT.tlv:
      return decodeTlv(base, payload, typeOf);
    case FORMAT.json:
      return decodeOldJson(base, payload, typeOf);
    case FORMAT.lwm2mCbor:
      return decodeLwm2mCbor(payload, typeOf);
    case undefined:
    default:
      return { ok: false, reason: `${printFormat(format)} carries no values` };
  }
}

/** Writes entries at or below `base`. Octets that no encoder makes are for the caller to write by hand. */
export function encodeContent(format: number, base: Path, entries: readonly Entry[]): Buffer {
  switch (format) {
    case FORMAT.text:
      return encodeText(only(base, entries, format));
    case FORMAT.opaque: {
      const value = only(base, entries, format);
      if (value.type !== 'Opaque')
        throw new TesterError('content', `${printFormat(format)} cannot carry a ${value.type}`);
      return value.value;
    }
    case FORMAT.cbor:
      return writeItem(valueItem(only(base, entries, format)));
    case FORMAT.senmlJson:
      return encodeSenmlJson(base, entries);
    case FORMAT.senmlCbor:
      return encodeSenmlCbor(base, entries);
    case FORMAT.tlv:
      return encodeTlv(base, entries);
    case FORMAT.json:
      return encodeOldJson(base, entries);
    case FORMAT.lwm2mCbor:
      return encodeLwm2mCbor(base, entries);
    default:
      throw new TesterError('content', `${printFormat(format)} carries no values`);
  }
}

function only(base: Path, entries: readonly Entry[], format: number): Value {
  const [entry, second] = entries;
  if (entry?.value === undefined || second !== undefined)
    throw new TesterError(
      'content',
      `${printFormat(format)} carries one value, not ${entries.length} of ${printPath(base)}`,
    );
  return entry.value;
}
