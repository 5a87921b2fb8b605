import type { X509Certificate } from 'node:crypto';
import { newAuthority, newRawKey, toPem } from '../certificates.ts';
import type { ClientCredentials, OwnCertificate, ServerCredentials } from '../credentials.ts';
import type { SuiteName } from '../suites.ts';
import { file, freePort, type Program, start } from './tools.ts';

export const IDENTITY = 'bench-tester';
export const KEY = 'not-a-secret-at-all';
/** What our server answers to any GET, and what the OpenSSL tool is told to say. */
export const GREETING = 'plumbline';

/** Keys of both ends, and the files that hold those of the outside program. */
export interface Keys {
  readonly root: X509Certificate;
  readonly ours: OwnCertificate;
  readonly ourRawKey: OwnCertificate;
  readonly rootFile: string;
  readonly theirCertificate: string;
  readonly theirKey: string;
  readonly theirRawKey: string;
}

export async function makeKeys(): Promise<Keys> {
  const root = await newAuthority({ name: 'bench root' });
  const theirs = await root.issue({ name: 'outside program' });
  const { certificates, key } = toPem(theirs);
  return {
    root: root.certificate,
    ours: await root.issue({ name: 'tester' }),
    ourRawKey: await newRawKey(),
    rootFile: file('root.pem', root.certificate.toString()),
    theirCertificate: file('theirs.pem', certificates),
    theirKey: file('theirs.key', key),
    theirRawKey: file('raw.pem', toPem(await newRawKey()).key),
  };
}

/** What is checked between the two ends. */
export type Mode = SuiteName | 'raw public keys';
const CERTIFICATES: readonly Mode[] = ['TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8', 'raw public keys'];
const IANA: readonly Mode[] = [
  'TLS_PSK_WITH_AES_128_CCM_8',
  'TLS_PSK_WITH_AES_128_CBC_SHA256',
  'TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA256',
  'TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8',
];

const OPENSSL_NAMES: Partial<Readonly<Record<Mode, string>>> = {
  TLS_PSK_WITH_AES_128_CCM_8: 'PSK-AES128-CCM8',
  TLS_PSK_WITH_AES_128_CBC_SHA256: 'PSK-AES128-CBC-SHA256',
  TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8: 'ECDHE-ECDSA-AES128-CCM8',
  TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA256: 'ECDHE-PSK-AES128-CBC-SHA256',
};

/** An outside program that can be one end. */
export interface OutsideProgram {
  readonly name: string;
  readonly program: string;
  readonly modes: readonly Mode[];
  /** Speaks CoAP above DTLS; else lines of text pass. */
  readonly coap: boolean;
}

const rpk: Mode = 'raw public keys';
/** What can be met as server. libcoap's OpenSSL flavour refuses two suites as server, from any client. */
export const SERVERS: readonly OutsideProgram[] = [
  { name: 'OpenSSL s_server', program: 'openssl', modes: IANA, coap: false },
  {
    name: 'libcoap server, OpenSSL',
    program: 'coap-server-openssl',
    modes: ['TLS_PSK_WITH_AES_128_CCM_8', 'TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8'],
    coap: true,
  },
  { name: 'libcoap server, GnuTLS', program: 'coap-server-gnutls', modes: [...IANA, rpk], coap: true },
];
export const CLIENTS: readonly OutsideProgram[] = [
  { name: 'OpenSSL s_client', program: 'openssl', modes: IANA, coap: false },
  { name: 'libcoap client, OpenSSL', program: 'coap-client-openssl', modes: IANA, coap: true },
  { name: 'libcoap client, GnuTLS', program: 'coap-client-gnutls', modes: [...IANA, rpk], coap: true },
];

/** Our side as client, for one suite. */
export function asClient(mode: Mode, keys: Keys): ClientCredentials {
  if (mode === rpk)
    return { suites: ['TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8'], certificate: keys.ourRawKey, trust: { anyone: true } };
  const psk = { identity: Buffer.from(IDENTITY), key: Buffer.from(KEY) };
  return { suites: [mode as SuiteName], psk, certificate: keys.ours, trust: { roots: [keys.root] } };
}

/** Our side as server, for one suite. */
export function asServer(mode: Mode, keys: Keys): ServerCredentials {
  if (mode === rpk)
    return { suites: ['TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8'], certificate: keys.ourRawKey, trust: { anyone: true } };
  return {
    suites: [mode as SuiteName],
    psk: (identity) => (identity.toString() === IDENTITY ? Buffer.from(KEY) : undefined),
    certificate: keys.ours,
    trust: { roots: [keys.root] },
  };
}

function coapKeys(mode: Mode, keys: Keys): readonly string[] {
  if (mode === rpk) return ['-M', keys.theirRawKey];
  return CERTIFICATES.includes(mode)
    ? ['-c', keys.theirCertificate, '-j', keys.theirKey, '-C', keys.rootFile]
    : ['-k', KEY];
}

function opensslKeys(mode: Mode, keys: Keys): readonly string[] {
  const suite = ['-cipher', `${OPENSSL_NAMES[mode] ?? ''}:@SECLEVEL=0`];
  return CERTIFICATES.includes(mode)
    ? [
        ...suite,
        '-cert',
        keys.theirCertificate,
        '-key',
        keys.theirKey,
        '-CAfile',
        keys.rootFile,
        '-verify_return_error',
      ]
    : [...suite, '-psk', Buffer.from(KEY).toString('hex')];
}

/** Starts the program as server; resolves with the port it speaks DTLS on. */
export async function startServer(
  { program, coap }: OutsideProgram,
  mode: Mode,
  keys: Keys,
): Promise<{ program: Program; port: number }> {
  const port = await freePort();
  if (coap) {
    const own = coapKeys(mode, keys);
    return { program: start(program, ['-A', '127.0.0.1', '-p', `${port}`, '-d', '2', ...own]), port: port + 1 };
  }
  const asks = CERTIFICATES.includes(mode) ? ['-Verify', '2'] : ['-nocert'];
  const args = ['s_server', '-dtls1_2', '-accept', `127.0.0.1:${port}`, ...asks, ...opensslKeys(mode, keys)];
  const started = start(program, args);
  await started.until(/ACCEPT/, 5000);
  return { program: started, port };
}

/** Starts the program as client of our port. */
export function startClient({ program, coap }: OutsideProgram, mode: Mode, keys: Keys, port: number): Program {
  if (coap) {
    const own = coapKeys(mode, keys);
    const user = own.includes('-k') ? ['-u', IDENTITY] : [];
    return start(program, ['-B', '10', ...own, ...user, `coaps://127.0.0.1:${port}/`]);
  }
  const user = CERTIFICATES.includes(mode) ? [] : ['-psk_identity', IDENTITY];
  return start(program, ['s_client', '-dtls1_2', '-connect', `127.0.0.1:${port}`, ...opensslKeys(mode, keys), ...user]);
}
