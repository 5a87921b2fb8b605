import { createHash, createPrivateKey, webcrypto, X509Certificate as NodeCertificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import type { X509Certificate } from '@peculiar/x509';
import { BenchError, messageOf } from '../../core/errors.ts';
import type { Bench } from '../../core/standard.ts';
import { keyPem, newKeys, P256, validFor, x509Library } from '../x509.ts';

/** What an HTTPS package server shows: chain and private key, both PEM. */
export interface Identity {
  readonly certificates: string;
  readonly key: string;
}

/** The certificate authority of a bench. Devices under test trust its certificate. */
export interface Authority {
  /** PEM; what the device must trust. */
  readonly certificate: string;
  issue(host: string): Promise<Identity>;
}

/** Files of the authority in the rig's state folder; the certificate is for the device, the key never leaves the bench. */
export const CA_FILE = 'bench-ca.pem';
const CA_KEY_FILE = 'bench-ca-key.pem';

const SIGNING = { name: 'ECDSA', hash: 'SHA-256' } as const;
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';
const VALID_DAYS = 3650;

/** An authority of its own, kept nowhere; a second one makes certificates that a device must refuse. */
export async function newAuthority(name: string): Promise<Authority & { readonly key: string }> {
  const { BasicConstraintsExtension, KeyUsageFlags, KeyUsagesExtension, X509CertificateGenerator } =
    await x509Library();
  const keys = await newKeys();
  const root = await X509CertificateGenerator.createSelfSigned({
    name: `CN=${name}`,
    keys,
    ...validFor(VALID_DAYS),
    signingAlgorithm: SIGNING,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
    ],
  });
  return { ...authorityOf(root, keys.privateKey), key: keyPem(keys.privateKey) };
}

function authorityOf(root: X509Certificate, signingKey: webcrypto.CryptoKey): Authority {
  const certificate = `${root.toString('pem')}\n`;
  return {
    certificate,
    async issue(host) {
      const x509 = await x509Library();
      const keys = await newKeys();
      const leaf = await x509.X509CertificateGenerator.create({
        subject: `CN=${createHash('sha256').update(host).digest('hex').slice(0, 16)}`,
        issuer: root.subject,
        publicKey: keys.publicKey,
        signingKey,
        signingAlgorithm: SIGNING,
        ...validFor(VALID_DAYS),
        extensions: [
          new x509.BasicConstraintsExtension(false, undefined, true),
          new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
          new x509.ExtendedKeyUsageExtension([SERVER_AUTH]),
          new x509.SubjectAlternativeNameExtension([{ type: isIP(host) === 0 ? 'dns' : 'ip', value: host }]),
        ],
      });
      return { certificates: `${leaf.toString('pem')}\n${certificate}`, key: keyPem(keys.privateKey) };
    },
  };
}

/** The bench's authority from the rig's state folder, made there on first use. */
export async function benchAuthority(stateDir: string): Promise<Authority> {
  const [certificateFile, keyFile] = [join(stateDir, CA_FILE), join(stateDir, CA_KEY_FILE)];
  const [certificate, key] = await Promise.all([certificateFile, keyFile].map(readOrNone));
  if (certificate !== undefined && key !== undefined) {
    const raw = createPrivateKey(key).export({ type: 'pkcs8', format: 'der' });
    const signingKey = await webcrypto.subtle.importKey('pkcs8', raw, P256, false, ['sign']);
    const x509 = await x509Library();
    return authorityOf(new x509.X509Certificate(certificate), signingKey);
  }
  const made = await newAuthority('Plumbline bench');
  await mkdir(stateDir, { recursive: true });
  await writeFile(keyFile, made.key, { mode: 0o600 });
  await writeFile(certificateFile, made.certificate);
  return made;
}

async function readOrNone(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (e) {
    if (e instanceof Error && 'code' in e && e.code === 'ENOENT') return undefined;
    throw new BenchError('bench-ca', `cannot read the bench's certificate: ${messageOf(e)}`, {
      place: { file },
      cause: e,
    });
  }
}

/** A certificate chain and key from one PEM file of the lab. Throws a BenchError where one of both is missing. */
export function identityOf(pem: string, where: string): Identity {
  const key = /-----BEGIN [A-Z ]*PRIVATE KEY-----[^]+?-----END [A-Z ]*PRIVATE KEY-----/.exec(pem)?.[0];
  const certificates = pem.match(/-----BEGIN CERTIFICATE-----[^]+?-----END CERTIFICATE-----/g)?.join('\n');
  if (key === undefined || certificates === undefined)
    throw new BenchError('server-certificate', 'expected certificates and a private key in PEM, found not both', {
      place: { where },
    });
  try {
    if (new NodeCertificate(certificates).publicKey.asymmetricKeyType === undefined) throw new Error('no public key');
  } catch (e) {
    throw new BenchError('server-certificate', `certificate cannot be read: ${messageOf(e)}`, {
      place: { where },
      cause: e,
    });
  }
  return { certificates, key };
}

/**
 * What a package server at this address shows: the lab's certificate and key where the declaration names them (IXIT `serverCertificate`,
 * `serverKey`), else one of the bench's own authority. Rejects with a BenchError that names the file that cannot be used.
 */
export async function benchIdentity(
  { ixit, stateDir }: Pick<Bench, 'ixit' | 'stateDir'>,
  host: string,
): Promise<Identity> {
  if (!ixit.has('serverCertificate')) return (await benchAuthority(stateDir)).issue(host);
  const files = ['serverCertificate', 'serverKey'].map((name) => ixit.text(name).replace(/^file:/, ''));
  return identityOf(files.map((file) => readPem(file)).join('\n'), files.join(', '));
}

function readPem(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (e) {
    throw new BenchError('server-certificate', `certificate cannot be read: ${messageOf(e)}`, {
      place: { file },
      cause: e,
    });
  }
}
