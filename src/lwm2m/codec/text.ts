import { isBase64 } from './old-json.ts';
import {
  boolean,
  float,
  integer,
  opaque,
  parseLink,
  printLink,
  string,
  time,
  type Value,
  type ValueType,
} from './value.ts';

const INTEGER = /^-?\d{1,20}$/;
const FLOAT = /^-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?$/;

/** Reads a value as plain text (0), by the type of the resource; undefined where the text does not fit it. */
export function decodeText(payload: Uint8Array, type: ValueType | undefined): Value | undefined {
  const text = Buffer.from(payload).toString('utf8');
  switch (type) {
    case 'String':
    case undefined:
      return string(text);
    case 'Integer':
    case 'Time': {
      if (!INTEGER.test(text)) return undefined;
      if (type === 'Time') return time(Number(text));
      return integer(Number.isSafeInteger(Number(text)) ? Number(text) : BigInt(text));
    }
    case 'Float':
      return FLOAT.test(text) ? float(Number(text)) : undefined;
    case 'Boolean':
      return text === '0' || text === '1' ? boolean(text === '1') : undefined;
    case 'Opaque':
      return isBase64(text) ? opaque(Buffer.from(text, 'base64')) : undefined;
    case 'Objlnk': {
      const link = parseLink(text);
      return link === undefined ? undefined : { type: 'Objlnk', value: link };
    }
  }
}

/** Writes a value as plain text: Boolean `0` or `1`, Opaque in base64, links `14:0`. */
export function encodeText(value: Value): Buffer {
  switch (value.type) {
    case 'Boolean':
      return Buffer.from(value.value ? '1' : '0');
    case 'Opaque':
      return Buffer.from(value.value.toString('base64'));
    case 'Objlnk':
      return Buffer.from(printLink(value.value));
    case 'String':
    case 'Integer':
    case 'Float':
    case 'Time':
      return Buffer.from(String(value.value), 'utf8');
  }
}
