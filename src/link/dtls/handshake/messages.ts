import { counted, group, octets, optional, u16, u8, uint, vector } from '../../../core/layout/fields.ts';
import { encodeLayout, readLayout, type Value } from '../../../core/layout/layout.ts';
import type { Reader } from '../../../core/layout/cursor.ts';
import { body, type Body, type ValueOf } from './body.ts';
import { type HandshakeName, SECP256R1 } from '../numbers.ts';
import { HandshakeError } from '../failure.ts';
import type { KeyExchange } from '../suites.ts';

/** One hello extension, undecoded: RFC 5246 7.4.1.4. */
export interface Extension {
  readonly type: number;
  readonly data: Buffer;
}

/** A hello may end before them. */
const extensions = optional(vector(16, group({ type: u16, data: counted(16) })));

/** RFC 5246 7.4.1.2, with the cookie of RFC 6347 4.2.1. */
export const clientHello = body('ClientHello', {
  version: u16,
  random: octets(32),
  sessionId: counted(8),
  cookie: counted(8),
  suites: vector(16, u16),
  compressions: vector(8, u8),
  extensions,
});
export type ClientHello = ValueOf<typeof clientHello>;

/** RFC 5246 7.4.1.3. */
export const serverHello = body('ServerHello', {
  version: u16,
  random: octets(32),
  sessionId: counted(8),
  suite: u16,
  compression: u8,
  extensions,
});
export type ServerHello = ValueOf<typeof serverHello>;

/** RFC 6347 4.2.1. */
export const helloVerifyRequest = body('HelloVerifyRequest', { version: u16, cookie: counted(8) });

/** A chain, leaf first, each certificate in DER: RFC 5246 7.4.2. */
export const x509Certificate = body('Certificate', { chain: vector(24, counted(24)) });

/** A SubjectPublicKeyInfo alone; empty where a client has none: RFC 7250 3. */
export const rawCertificate = body('Certificate', { publicKey: counted(24) });

/** RFC 5246 7.4.4. */
export const certificateRequest = body('CertificateRequest', {
  types: vector(8, u8),
  algorithms: vector(16, u16),
  authorities: vector(16, counted(16)),
});

/** RFC 5246 7.4.8. */
export const certificateVerify = body('CertificateVerify', { algorithm: u16, signature: counted(16) });

export const finished = body('Finished', { verifyData: octets(12) });
export const serverHelloDone = body('ServerHelloDone', {});
export const helloRequest = body('HelloRequest', {});

const curveParameters = { curveType: u8, curve: u16, point: counted(8) };
const NAMED_CURVE = 3;

/** The parameters that an ECDHE server sends, and signs: RFC 8422 5.4. */
export type CurveParameters = Value<typeof curveParameters>;

/** secp256r1 with this point. */
export function curveOf(point: Buffer): CurveParameters {
  return { curveType: NAMED_CURVE, curve: SECP256R1, point };
}

/** The octets that the signature covers besides the randoms. */
export function encodeCurve(parameters: CurveParameters): Buffer {
  return encodeLayout(curveParameters, parameters, 'big');
}

/** Throws a HandshakeError (`illegal_parameter`) for any curve but secp256r1. */
export function checkCurve({ curveType, curve }: CurveParameters): void {
  if (curveType !== NAMED_CURVE || curve !== SECP256R1)
    throw new HandshakeError(
      'illegal_parameter',
      `ServerKeyExchange: expected the named curve secp256r1 (23), received curve type ${curveType}, curve ${curve}`,
    );
}

/** What a ServerKeyExchange may hold, by key exchange: RFC 4279 2, RFC 5489 2, RFC 8422 5.4. */
export interface ServerKeyExchange {
  readonly hint?: Buffer;
  readonly curve?: CurveParameters;
  readonly signed?: { readonly algorithm: number; readonly signature: Buffer };
}

const signed = group({ algorithm: u16, signature: counted(16) });

export const serverKeyExchange: Readonly<Record<KeyExchange, Body<ServerKeyExchange>>> = {
  psk: body('ServerKeyExchange', { hint: counted(16) }),
  ecdhe_psk: body('ServerKeyExchange', { hint: counted(16), curve: group(curveParameters) }),
  ecdhe_ecdsa: body('ServerKeyExchange', { curve: group(curveParameters), signed }),
  ecdh_anon: body('ServerKeyExchange', { curve: group(curveParameters) }),
};

/** What a ClientKeyExchange may hold, by key exchange. The identity is octets, not text. */
export interface ClientKeyExchange {
  readonly identity?: Buffer;
  readonly point?: Buffer;
}

export const clientKeyExchange: Readonly<Record<KeyExchange, Body<ClientKeyExchange>>> = {
  psk: body('ClientKeyExchange', { identity: counted(16) }),
  ecdhe_psk: body('ClientKeyExchange', { identity: counted(16), point: counted(8) }),
  ecdhe_ecdsa: body('ClientKeyExchange', { point: counted(8) }),
  ecdh_anon: body('ClientKeyExchange', { point: counted(8) }),
};

/** A complete handshake message, reassembled. */
export interface Message {
  readonly type: number;
  /** `message_seq`. */
  readonly number: number;
  readonly body: Buffer;
}

const messageHead = { type: u8, length: uint(24), number: u16, offset: uint(24), octets: uint(24) };
export const MESSAGE_HEAD_OCTETS = 12;

/** The message in one piece behind its header, as it enters the transcript. */
export function wholeMessage({ type, number, body }: Message): Buffer {
  return writeFragment({ type, length: body.length, number, offset: 0, data: body });
}

/** A piece of a handshake message: RFC 6347 4.2.3. */
export interface Fragment {
  readonly type: number;
  /** Octets of the whole message. */
  readonly length: number;
  readonly number: number;
  readonly offset: number;
  readonly data: Buffer;
}

/** The next fragment of a record. Throws FrameError. */
export function readFragment(reader: Reader): Fragment {
  const { octets, ...head } = readLayout(messageHead, reader);
  return { ...head, data: reader.bytes(octets, 'fragment') };
}

/** A fragment behind its header. */
export function writeFragment({ data, ...head }: Fragment): Buffer {
  return Buffer.concat([encodeLayout(messageHead, { ...head, octets: data.length }, 'big'), data]);
}

/** The bodies whose layout does not depend on the suite; for tools that print or test every message. */
export const FIXED_LAYOUTS = {
  HelloRequest: helloRequest,
  ClientHello: clientHello,
  ServerHello: serverHello,
  HelloVerifyRequest: helloVerifyRequest,
  CertificateRequest: certificateRequest,
  ServerHelloDone: serverHelloDone,
  CertificateVerify: certificateVerify,
  Finished: finished,
} as const satisfies Partial<Record<HandshakeName, Body<unknown>>>;
