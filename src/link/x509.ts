import { KeyObject, webcrypto } from 'node:crypto';
import type * as Library from '@peculiar/x509';

export const P256 = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const DAY_MS = 86_400_000;

let loaded: Promise<typeof Library> | undefined;

/** The library that issues certificates, loaded when first needed: that takes more processor time than all else a process of ours loads. */
export function x509Library(): Promise<typeof Library> {
  loaded ??= load();
  return loaded;
}

async function load(): Promise<typeof Library> {
  await import('reflect-metadata');
  const library = await import('@peculiar/x509');
  library.cryptoProvider.set(webcrypto as unknown as Parameters<typeof library.cryptoProvider.set>[0]);
  return library;
}

/** A fresh key pair on P-256. */
export function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(P256, true, ['sign', 'verify']);
}

/** A private key as PEM, PKCS #8. */
export function keyPem(key: webcrypto.CryptoKey): string {
  return KeyObject.from(key).export({ type: 'pkcs8', format: 'pem' }).toString();
}

/** Valid from yesterday on, for so many days from now. */
export function validFor(days: number): { readonly notBefore: Date; readonly notAfter: Date } {
  const now = Date.now();
  return { notBefore: new Date(now - DAY_MS), notAfter: new Date(now + days * DAY_MS) };
}
