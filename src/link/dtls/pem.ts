import { createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';
import { BenchError, messageOf } from '../../core/errors.ts';
import type { OwnCertificate } from './credentials.ts';

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^]+?-----END CERTIFICATE-----/g;
const PRIVATE_KEY = /-----BEGIN [A-Z ]*PRIVATE KEY-----[^]+?-----END [A-Z ]*PRIVATE KEY-----/;

function reading<T>(what: string, where: string, read: () => T): T {
  try {
    return read();
  } catch (e) {
    throw new BenchError('pem', `expected ${what} in PEM: ${messageOf(e)}`, { place: { where }, cause: e });
  }
}

function privateKeyIn(pem: string): KeyObject {
  const found = PRIVATE_KEY.exec(pem)?.[0];
  if (found === undefined) throw new Error('there is none');
  return createPrivateKey(found);
}

/** Every certificate of a text, in its order. Throws a BenchError that names `where` for a text without any, or with one that cannot be read. */
export function certificatesIn(pem: string, where: string): X509Certificate[] {
  return reading('certificates', where, () => {
    const found = (pem.match(CERTIFICATE) ?? []).map((one) => new X509Certificate(one));
    if (found.length === 0) throw new Error('there is none');
    return found;
  });
}

/** The chain, leaf first, and the private key of one text. Throws a BenchError where one of both is missing. */
export function ownCertificateIn(pem: string, where: string): OwnCertificate {
  const chain = certificatesIn(pem, where);
  return { kind: 'x509', chain, key: reading('a private key', where, () => privateKeyIn(pem)) };
}

/** The private key of a text, its public half to be shown raw. Throws a BenchError where there is none. */
export function ownKeyIn(pem: string, where: string): OwnCertificate {
  return { kind: 'raw', key: reading('a private key', where, () => privateKeyIn(pem)) };
}

/** The public key of a text: of its certificate, or a bare one. Throws a BenchError where there is none. */
export function publicKeyIn(pem: string, where: string): KeyObject {
  return reading('a public key or a certificate', where, () => createPublicKey(pem));
}
