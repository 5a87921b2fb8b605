import { createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';
import { messageOf } from '../../core/errors.ts';
import { type OwnCertificate, publicKeyInfo, type Trust } from './credentials.ts';
import { HandshakeError } from './failure.ts';
import { rawCertificate, x509Certificate } from './handshake/messages.ts';
import { CERTIFICATE_TYPE } from './numbers.ts';

/** What a peer showed in its Certificate message. */
export type PeerCertificate =
  | { readonly kind: 'x509'; readonly leaf: X509Certificate; readonly others: readonly X509Certificate[] }
  | { readonly kind: 'raw'; readonly key: KeyObject };

/** The body of the Certificate message of this end; without a certificate the empty one of the type. */
export function encodeOwn(type: number, own: OwnCertificate | undefined): Buffer {
  if (type === CERTIFICATE_TYPE.rawPublicKey)
    return rawCertificate.encode({ publicKey: own === undefined ? Buffer.alloc(0) : publicKeyInfo(own.key) });
  return x509Certificate.encode({ chain: own?.kind === 'x509' ? own.chain.map((one) => one.raw) : [] });
}

/** Reads a Certificate message; undefined for an empty one. HandshakeError for what is no P-256 certificate or key. */
export function readPeer(type: number, body: Buffer): PeerCertificate | undefined {
  const peer = type === CERTIFICATE_TYPE.rawPublicKey ? readRaw(body) : readChain(body);
  if (peer === undefined) return undefined;
  const key = parse('public key', () => keyOf(peer));
  const curve = key.asymmetricKeyDetails?.namedCurve;
  if (curve !== 'prime256v1')
    throw new HandshakeError(
      'unsupported_certificate',
      `Certificate: expected a key on secp256r1, received ${curve ?? key.asymmetricKeyType ?? 'another'}`,
    );
  return peer;
}

function readRaw(body: Buffer): PeerCertificate | undefined {
  const { publicKey } = rawCertificate.decode(body);
  if (publicKey.length === 0) return undefined;
  return parse('raw public key', () => ({
    kind: 'raw',
    key: createPublicKey({ key: publicKey, format: 'der', type: 'spki' }),
  }));
}

function readChain(body: Buffer): PeerCertificate | undefined {
  const [leaf, ...others] = x509Certificate
    .decode(body)
    .chain.map((der, n) => parse(`certificate ${n + 1}`, () => new X509Certificate(der)));
  return leaf === undefined ? undefined : { kind: 'x509', leaf, others };
}

function parse<T>(what: string, read: () => T): T {
  try {
    return read();
  } catch (e) {
    throw new HandshakeError('bad_certificate', `Certificate: ${what} cannot be read: ${messageOf(e)}`, e);
  }
}

/** The public key that the peer's signatures are checked with. */
export function keyOf(peer: PeerCertificate): KeyObject {
  return peer.kind === 'raw' ? peer.key : peer.leaf.publicKey;
}

/** Throws a HandshakeError that says which certificate or key is not trusted, and why. */
export function checkTrust(peer: PeerCertificate, trust: Trust, today: Date): void {
  if (trust.anyone === true) return;
  if (peer.kind === 'x509') return checkChain(peer.leaf, peer.others, trust.roots ?? [], today);
  const shown = publicKeyInfo(peer.key);
  if (!(trust.keys ?? []).some((key) => publicKeyInfo(key).equals(shown)))
    throw new HandshakeError(
      'certificate_unknown',
      `raw public key ${shown.toString('hex')} is none of the ${trust.keys?.length ?? 0} trusted ones`,
    );
}

const LONGEST_CHAIN = 8;

/** Walks from the leaf to a root: issuers, signatures, dates, and who may issue. */
function checkChain(
  leaf: X509Certificate,
  others: readonly X509Certificate[],
  roots: readonly X509Certificate[],
  today: Date,
): void {
  let current = leaf;
  for (let depth = 0; depth < LONGEST_CHAIN; depth++) {
    checkDates(current, today);
    if (roots.some((root) => root.fingerprint256 === current.fingerprint256)) return;
    const issuer = [...roots, ...others].find((one) => issued(one, current));
    if (issuer === undefined)
      throw new HandshakeError(
        'unknown_ca',
        `certificate "${print(current)}" is issued by "${current.issuer.replaceAll('\n', ', ')}", which is neither trusted nor in the chain`,
      );
    current = issuer;
  }
  throw new HandshakeError('unknown_ca', `no trusted root within ${LONGEST_CHAIN} certificates of "${print(leaf)}"`);
}

function issued(issuer: X509Certificate, subject: X509Certificate): boolean {
  if (!issuer.ca || !subject.checkIssued(issuer)) return false;
  try {
    return subject.verify(issuer.publicKey);
  } catch {
    // A key of a kind that this Node cannot use: as good as a signature that does not fit.
    return false;
  }
}

function checkDates(certificate: X509Certificate, today: Date): void {
  const { validFrom, validTo } = certificate;
  if (today < new Date(validFrom) || today > new Date(validTo))
    throw new HandshakeError(
      'certificate_expired',
      `certificate "${print(certificate)}" is valid from ${validFrom} to ${validTo}, today is ${today.toISOString()}`,
    );
}

const print = (certificate: X509Certificate): string => certificate.subject.replaceAll('\n', ', ');
