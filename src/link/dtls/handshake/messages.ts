import {
  atEnd,
  type Field,
  fixed,
  group,
  layout,
  type Layout,
  list,
  opaque,
  uint,
  type Values,
  type ValuesOf,
} from '../layout.ts';
import { type HandshakeName, SECP256R1 } from '../numbers.ts';
import { HandshakeError } from '../failure.ts';
import type { KeyExchange } from '../suites.ts';

/** One hello extension, undecoded: RFC 5246 7.4.1.4. */
export interface Extension {
  readonly type: number;
  readonly data: Buffer;
}

const extension: Field<Extension> = group({ type: uint(2), data: opaque(2) });
/** What a hello without the extension block is read as. */
export const NO_EXTENSIONS: readonly Extension[] = [];
const extensions = atEnd(list(2, extension), NO_EXTENSIONS);

/** RFC 5246 7.4.1.2, with the cookie of RFC 6347 4.2.1. */
export const clientHello = layout('ClientHello', {
  version: uint(2),
  random: fixed(32),
  sessionId: opaque(1),
  cookie: opaque(1),
  suites: list(2, uint(2)),
  compressions: list(1, uint(1)),
  extensions,
});
export type ClientHello = ValuesOf<typeof clientHello>;

/** RFC 5246 7.4.1.3. */
export const serverHello = layout('ServerHello', {
  version: uint(2),
  random: fixed(32),
  sessionId: opaque(1),
  suite: uint(2),
  compression: uint(1),
  extensions,
});
export type ServerHello = ValuesOf<typeof serverHello>;

/** RFC 6347 4.2.1. */
export const helloVerifyRequest = layout('HelloVerifyRequest', { version: uint(2), cookie: opaque(1) });

/** A chain, leaf first, each certificate in DER: RFC 5246 7.4.2. */
export const x509Certificate = layout('Certificate', { chain: list(3, opaque(3)) });

/** A SubjectPublicKeyInfo alone; empty where a client has none: RFC 7250 3. */
export const rawCertificate = layout('Certificate', { publicKey: opaque(3) });

/** RFC 5246 7.4.4. */
export const certificateRequest = layout('CertificateRequest', {
  types: list(1, uint(1)),
  algorithms: list(2, uint(2)),
  authorities: list(2, opaque(2)),
});

/** RFC 5246 7.4.8. */
export const certificateVerify = layout('CertificateVerify', { algorithm: uint(2), signature: opaque(2) });

export const finished = layout('Finished', { verifyData: fixed(12) });
export const serverHelloDone = layout('ServerHelloDone', {});
export const helloRequest = layout('HelloRequest', {});

const curveFields = { curveType: uint(1), curve: uint(2), point: opaque(1) };
const curveParameters = group(curveFields);
const NAMED_CURVE = 3;

/** The parameters that an ECDHE server sends, and signs: RFC 8422 5.4. */
export type CurveParameters = Values<typeof curveFields>;

/** secp256r1 with this point. */
export function curveOf(point: Buffer): CurveParameters {
  return { curveType: NAMED_CURVE, curve: SECP256R1, point };
}

/** The octets that the signature covers besides the randoms. */
export function encodeCurve(parameters: CurveParameters): Buffer {
  return curveParameters.write(parameters);
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

const signed = group({ algorithm: uint(2), signature: opaque(2) });

export const serverKeyExchange: Readonly<Record<KeyExchange, Layout<ServerKeyExchange>>> = {
  psk: layout('ServerKeyExchange', { hint: opaque(2) }),
  ecdhe_psk: layout('ServerKeyExchange', { hint: opaque(2), curve: curveParameters }),
  ecdhe_ecdsa: layout('ServerKeyExchange', { curve: curveParameters, signed }),
  ecdh_anon: layout('ServerKeyExchange', { curve: curveParameters }),
};

/** What a ClientKeyExchange may hold, by key exchange. The identity is octets, not text. */
export interface ClientKeyExchange {
  readonly identity?: Buffer;
  readonly point?: Buffer;
}

export const clientKeyExchange: Readonly<Record<KeyExchange, Layout<ClientKeyExchange>>> = {
  psk: layout('ClientKeyExchange', { identity: opaque(2) }),
  ecdhe_psk: layout('ClientKeyExchange', { identity: opaque(2), point: opaque(1) }),
  ecdhe_ecdsa: layout('ClientKeyExchange', { point: opaque(1) }),
  ecdh_anon: layout('ClientKeyExchange', { point: opaque(1) }),
};

/** A complete handshake message, reassembled. */
export interface Message {
  readonly type: number;
  /** `message_seq`. */
  readonly number: number;
  readonly body: Buffer;
}

const messageHead = group({ type: uint(1), length: uint(3), number: uint(2), offset: uint(3), octets: uint(3) });
export const MESSAGE_HEAD_OCTETS = 12;

/** The message in one piece behind its header, as it enters the transcript. */
export function wholeMessage({ type, number, body }: Message): Buffer {
  const head = messageHead.write({ type, length: body.length, number, offset: 0, octets: body.length });
  return Buffer.concat([head, body]);
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

export const fragmentField: Field<Fragment> = {
  read(from, name) {
    const { octets, ...head } = messageHead.read(from, name);
    return { ...head, data: from.take(octets, 'fragment') };
  },
  write({ data, ...head }) {
    return Buffer.concat([messageHead.write({ ...head, octets: data.length }), data]);
  },
};

/** The layouts whose body does not depend on the suite; for tools that print or test every message. */
export const FIXED_LAYOUTS = {
  HelloRequest: helloRequest,
  ClientHello: clientHello,
  ServerHello: serverHello,
  HelloVerifyRequest: helloVerifyRequest,
  CertificateRequest: certificateRequest,
  ServerHelloDone: serverHelloDone,
  CertificateVerify: certificateVerify,
  Finished: finished,
} as const satisfies Partial<Record<HandshakeName, Layout<unknown>>>;
