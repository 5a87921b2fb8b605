import { FrameError, Reader } from '../../../core/layout/cursor.ts';
import { decodeLayout, encodeLayout, type Layout, type Value } from '../../../core/layout/layout.ts';
import { messageOf } from '../../../core/errors.ts';
import { HandshakeError } from '../failure.ts';

/** The body of a handshake message or of an extension, declared once; all numbers are big-endian. */
export interface Body<T> {
  readonly name: string;
  /** Throws a HandshakeError (`decode_error`) for short input and for octets left over. */
  decode(octets: Buffer): T;
  encode(value: T): Buffer;
}

/** The value that a body stands for. */
export type ValueOf<B> = B extends Body<infer T> ? T : never;

/** Declares a body. */
export function body<const L extends Layout>(name: string, layout: L): Body<Value<L>> {
  return {
    name,
    decode: (octets) => refusing(name, () => decodeLayout(layout, octets, 'big', name).value),
    encode: (value) => encodeLayout(layout, value, 'big'),
  };
}

/** Reads octets field by field; what does not fit is a HandshakeError that names them. */
export function readOctets<T>(name: string, octets: Buffer, read: (reader: Reader) => T): T {
  return refusing(name, () => read(new Reader(octets, 'big')));
}

function refusing<T>(name: string, read: () => T): T {
  try {
    return read();
  } catch (e) {
    if (!(e instanceof FrameError)) throw e;
    const message = messageOf(e);
    throw new HandshakeError('decode_error', message.startsWith(name) ? message : `${name}.${message}`, e);
  }
}
