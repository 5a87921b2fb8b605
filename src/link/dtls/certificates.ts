import { KeyObject, webcrypto, X509Certificate } from 'node:crypto';
import type * as x509 from '@peculiar/x509';
import { newKeys, P256, validFor, x509Library } from '../x509.ts';
import type { OwnCertificate } from './credentials.ts';

const VALID_DAYS = 30;

/** Who a test certificate is for, and how it shall differ from a plain one. */
export interface CertificateRequest {
  /** Common name. */
  readonly name: string;
  /** Start and end of validity; from yesterday for 30 days unless told. */
  readonly notBefore?: Date;
  readonly notAfter?: Date;
}

/** An authority for tests: its certificate, and the power to issue others. Bench use only. */
export interface TestAuthority {
  readonly certificate: X509Certificate;
  /** A leaf with a fresh P-256 key; the chain holds the issuers below the root. */
  issue(request: CertificateRequest): Promise<Extract<OwnCertificate, { kind: 'x509' }>>;
  /** A further authority whose certificate this one signs. */
  intermediate(request: CertificateRequest): Promise<TestAuthority>;
}

interface Issuer {
  readonly certificate: x509.X509Certificate;
  readonly keys: webcrypto.CryptoKeyPair;
  /** What goes behind a leaf: the issuers without the root. */
  readonly chain: readonly X509Certificate[];
}

/** A self-signed root for tests. */
export async function newAuthority(request: CertificateRequest): Promise<TestAuthority> {
  const keys = await newKeys();
  const certificate = await sign(request, keys, undefined, true);
  return authority({ certificate, keys, chain: [] });
}

/** A fresh P-256 key to be shown as raw public key. */
export async function newRawKey(): Promise<Extract<OwnCertificate, { kind: 'raw' }>> {
  return { kind: 'raw', key: KeyObject.from((await newKeys()).privateKey) };
}

function authority(issuer: Issuer): TestAuthority {
  return {
    certificate: toNode(issuer.certificate),
    async issue(request) {
      const keys = await newKeys();
      const leaf = await sign(request, keys, issuer, false);
      return { kind: 'x509', chain: [toNode(leaf), ...issuer.chain], key: KeyObject.from(keys.privateKey) };
    },
    async intermediate(request) {
      const keys = await newKeys();
      const certificate = await sign(request, keys, issuer, true);
      return authority({ certificate, keys, chain: [toNode(certificate), ...issuer.chain] });
    },
  };
}

async function sign(
  request: CertificateRequest,
  keys: webcrypto.CryptoKeyPair,
  issuer: Issuer | undefined,
  ca: boolean,
): Promise<x509.X509Certificate> {
  const { BasicConstraintsExtension, KeyUsageFlags, KeyUsagesExtension, X509CertificateGenerator } =
    await x509Library();
  const usage = ca
    ? KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign
    : KeyUsageFlags.digitalSignature | KeyUsageFlags.keyAgreement;
  const subject = `CN=${request.name}`;
  const plain = validFor(VALID_DAYS);
  return X509CertificateGenerator.create({
    serialNumber: `01${Buffer.from(webcrypto.getRandomValues(new Uint8Array(8))).toString('hex')}`,
    subject,
    issuer: issuer?.certificate.subject ?? subject,
    notBefore: request.notBefore ?? plain.notBefore,
    notAfter: request.notAfter ?? plain.notAfter,
    publicKey: keys.publicKey,
    signingKey: (issuer?.keys ?? keys).privateKey,
    signingAlgorithm: { ...P256, hash: 'SHA-256' },
    extensions: [new BasicConstraintsExtension(ca, undefined, true), new KeyUsagesExtension(usage, true)],
  });
}

const toNode = (certificate: x509.X509Certificate): X509Certificate =>
  new X509Certificate(Buffer.from(certificate.rawData));

/** Certificate chain and private key as PEM, as outside programs read them. */
export function toPem(own: OwnCertificate): { readonly certificates: string; readonly key: string } {
  const key = own.key.export({ type: 'sec1', format: 'pem' }).toString();
  return { certificates: own.kind === 'x509' ? own.chain.map((one) => one.toString()).join('') : '', key };
}
