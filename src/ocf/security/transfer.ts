import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { BenchError, messageOf } from '../../core/errors.ts';
import type { Bench } from '../../core/standard.ts';
import type { ClientCredentials, OwnCertificate } from '../../link/dtls/credentials.ts';
import { METHODS, type MethodName, PIN_IDENTITY, pinPsk } from './keys.ts';
import { pinOf } from './pin.ts';

/** Items of the proforma by which a declaration names the methods, in the order in which they are preferred. */
const DECLARED: Readonly<Record<MethodName, string>> = {
  justWorks: 'OCFSWU 9/1',
  randomPin: 'OCFSWU 9/2',
  certificate: 'OCFSWU 9/3',
};

/** The method of owner transfer: the first that the declaration names and the device offers. Throws a BenchError where there is none. */
export function methodFor(bench: Bench, oxms: readonly number[]): MethodName {
  const names = Object.keys(METHODS) as MethodName[];
  const declared = names.filter((name) => bench.declared(DECLARED[name]));
  const found = declared.find((name) => oxms.includes(METHODS[name]));
  if (found !== undefined) return found;
  const offered = names.filter((name) => oxms.includes(METHODS[name]));
  throw new BenchError(
    'otm-method',
    `no method of owner transfer in common: declared ${list(declared)} (items 9/1 to 9/3), the device offers ${list(offered)} (oxms ${oxms.join(', ')})`,
    { place: { where: '/oic/sec/doxm' } },
  );
}

const list = (names: readonly string[]): string => (names.length === 0 ? 'none' : names.join(', '));

/** What the tester shows in the handshake of a method; `device` is the id of the unowned device. */
export async function transferCredentials(
  bench: Bench,
  method: MethodName,
  device: string,
): Promise<ClientCredentials> {
  switch (method) {
    case 'justWorks':
      return { suites: ['TLS_ECDH_anon_WITH_AES_128_CBC_SHA256'] };
    case 'randomPin':
      return {
        suites: ['TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA256'],
        psk: { identity: PIN_IDENTITY, key: pinPsk(await pinOf(bench), device) },
      };
    case 'certificate':
      return certificates(bench);
  }
}

/** The rig entries `otmRoots`, and `otmCertificate` with `otmKey` where the device wants to see one too. */
function certificates(bench: Bench): ClientCredentials {
  const roots = readAll(bench, 'otmRoots');
  const own = bench.has('otmCertificate') ? ownCertificate(bench) : undefined;
  return {
    suites: ['TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8'],
    trust: { roots },
    ...(own === undefined ? {} : { certificate: own }),
  };
}

function ownCertificate(bench: Bench): OwnCertificate {
  const chain = readAll(bench, 'otmCertificate');
  const pem = textOf(bench, 'otmKey');
  try {
    return { kind: 'x509', chain, key: createPrivateKey(pem) };
  } catch (e) {
    throw unusable('otmKey', messageOf(e));
  }
}

function readAll(bench: Bench, entry: string): X509Certificate[] {
  const found = textOf(bench, entry).match(/-----BEGIN CERTIFICATE-----[^]+?-----END CERTIFICATE-----/g);
  if (found === null) throw unusable(entry, 'expected certificates in PEM, found none');
  try {
    return found.map((pem) => new X509Certificate(pem));
  } catch (e) {
    throw unusable(entry, messageOf(e));
  }
}

/** What a reference stands for is PEM itself; anything else is a path. */
function textOf(bench: Bench, entry: string): string {
  if (!bench.has(entry)) throw unusable(entry, 'owner transfer by certificate needs this entry of the rig');
  const value = bench.address(entry);
  if (value.includes('-----BEGIN')) return value;
  try {
    return readFileSync(value, 'utf8');
  } catch (e) {
    throw unusable(entry, messageOf(e));
  }
}

function unusable(entry: string, why: string): BenchError {
  return new BenchError('otm-certificate', why, { place: { where: `iut.OCFSWU.${entry}` } });
}
