import { createPublicKey, type KeyObject, type X509Certificate } from 'node:crypto';
import { TesterError } from '../../core/errors.ts';
import type { Peer } from '../wire.ts';
import { CERTIFICATE_TYPE } from './numbers.ts';
import { printSuite, SUITE_NAMES, type SuiteName, SUITES, usesPsk } from './suites.ts';

/** The certificate or raw public key that this end shows, with its private key (P-256). */
export type OwnCertificate =
  | { readonly kind: 'x509'; readonly chain: readonly X509Certificate[]; readonly key: KeyObject }
  | { readonly kind: 'raw'; readonly key: KeyObject };

/** What a peer may show. Several may be given; one that fits is enough. */
export interface Trust {
  /** Chains that end in one of these. */
  readonly roots?: readonly X509Certificate[];
  /** These public keys, shown raw. */
  readonly keys?: readonly KeyObject[];
  /** Any certificate and any raw key; the signature made with it is still checked. */
  readonly anyone?: boolean;
}

/** What a client has to offer. */
export interface ClientCredentials {
  /** Suites offered, best liked first. Left out: all that the credentials serve, but never the anonymous one. */
  readonly suites?: readonly SuiteName[];
  readonly psk?: { readonly identity: Uint8Array; readonly key: Uint8Array };
  readonly certificate?: OwnCertificate;
  readonly trust?: Trust;
}

/** What a server takes. */
export interface ServerCredentials {
  /** Suites accepted, best liked first. Left out: all that the credentials serve, but never the anonymous one. */
  readonly suites?: readonly SuiteName[];
  /** The key of an identity, undefined where it is not known. */
  readonly psk?: (identity: Buffer, peer: Peer) => Uint8Array | undefined;
  /** Sent to help clients choose a key; may be empty. Plain PSK sends no ServerKeyExchange without it. */
  readonly pskHint?: Uint8Array;
  readonly certificate?: OwnCertificate;
  /** With it clients are asked for a certificate. */
  readonly trust?: Trust;
  /** A client that is asked may still come without. Off unless told. */
  readonly certificateOptional?: boolean;
}

const serves = (suite: SuiteName, has: { psk: boolean; certificates: boolean }): boolean => {
  switch (SUITES[suite].keyExchange) {
    case 'psk':
    case 'ecdhe_psk':
      return has.psk;
    case 'ecdhe_ecdsa':
      return has.certificates;
    case 'ecdh_anon':
      return true;
  }
};

function suitesFor(
  wanted: readonly SuiteName[] | undefined,
  has: { psk: boolean; certificates: boolean },
): SuiteName[] {
  const named = SUITE_NAMES.filter((suite) => SUITES[suite].keyExchange !== 'ecdh_anon');
  if (wanted === undefined) return named.filter((suite) => serves(suite, has));
  for (const suite of wanted)
    if (!serves(suite, has)) {
      const lacking = usesPsk(suite) ? 'a pre-shared key' : 'certificates';
      throw new TesterError('dtls-credentials', `${printSuite(suite)} needs ${lacking}, and none are given`);
    }
  return [...wanted];
}

/** The suites that a client offers. Throws a TesterError for one that its credentials do not serve. */
export function clientSuites(credentials: ClientCredentials): SuiteName[] {
  return suitesFor(credentials.suites, {
    psk: credentials.psk !== undefined,
    certificates: credentials.trust !== undefined,
  });
}

/** The suites that a server accepts. Throws a TesterError for one that its credentials do not serve. */
export function serverSuites(credentials: ServerCredentials): SuiteName[] {
  return suitesFor(credentials.suites, {
    psk: credentials.psk !== undefined,
    certificates: credentials.certificate !== undefined,
  });
}

/** The certificate types (RFC 7250) that a peer may show under this trust. */
export function trustedTypes({ roots, keys, anyone = false }: Trust): number[] {
  return [
    ...(roots !== undefined || anyone ? [CERTIFICATE_TYPE.x509] : []),
    ...(keys !== undefined || anyone ? [CERTIFICATE_TYPE.rawPublicKey] : []),
  ];
}

export function typeOf(certificate: OwnCertificate): number {
  return certificate.kind === 'x509' ? CERTIFICATE_TYPE.x509 : CERTIFICATE_TYPE.rawPublicKey;
}

/** A public key as SubjectPublicKeyInfo, taken from the public or the private key. */
export function publicKeyInfo(key: KeyObject): Buffer {
  return (key.type === 'private' ? createPublicKey(key) : key).export({ type: 'spki', format: 'der' });
}
