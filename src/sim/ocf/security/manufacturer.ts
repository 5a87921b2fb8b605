import { createPrivateKey, X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { InputError, messageOf } from '../../../core/errors.ts';
import { newAuthority, toPem } from '../../../link/dtls/certificates.ts';
import type { OwnCertificate } from '../../../link/dtls/credentials.ts';

const CHAIN_FILE = 'manufacturer.json';

/** The manufacturer's root (PEM), for those who have to trust it. */
export function rootFile(state: string): string {
  return join(state, 'manufacturer-root.pem');
}

/**
 * The chain that the manufacturer gave the device, and its key: made at the first start, the same from then on. Throws an InputError where
 * what was kept cannot be read.
 */
export async function manufacturerCertificate(state: string): Promise<OwnCertificate> {
  const file = join(state, CHAIN_FILE);
  if (!existsSync(file)) await make(state, file);
  try {
    const { chain, key } = JSON.parse(readFileSync(file, 'utf8')) as { chain: string[]; key: string };
    return { kind: 'x509', chain: chain.map((pem) => new X509Certificate(pem)), key: createPrivateKey(key) };
  } catch (e) {
    throw new InputError('sim-state', `not the device's certificates: ${messageOf(e)}`, { place: { file }, cause: e });
  }
}

async function make(state: string, file: string): Promise<void> {
  const root = await newAuthority({ name: 'Plumbline simulated manufacturer' });
  const factory = await root.intermediate({ name: 'Plumbline simulated factory' });
  const own = await factory.issue({ name: 'simulated lamp' });
  mkdirSync(state, { recursive: true });
  writeFileSync(rootFile(state), root.certificate.toString());
  const kept = { chain: own.chain.map((one) => one.toString()), key: toPem(own).key };
  // Renamed when complete: a kill at any moment leaves all of it or nothing.
  writeFileSync(`${file}.new`, JSON.stringify(kept));
  renameSync(`${file}.new`, file);
}
