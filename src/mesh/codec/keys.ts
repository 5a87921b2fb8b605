import { cmac, hmac } from './crypto.ts';

const ZERO_16 = Buffer.alloc(16);
const ZERO_32 = Buffer.alloc(32);
const ascii = (text: string): Buffer => Buffer.from(text, 'ascii');

/** Salt generation of Mesh Protocol 3.8.2.4. */
export function s1(...message: readonly Uint8Array[]): Buffer {
  return cmac(ZERO_16, ...message);
}

/** Salt of the enhanced provisioning algorithm: HMAC-SHA256 under 32 zero octets. */
export function s2(...message: readonly Uint8Array[]): Buffer {
  return hmac(ZERO_32, ...message);
}

/** Derivation of one key (3.8.2.5). */
export function k1(n: Uint8Array, salt: Uint8Array, p: Uint8Array): Buffer {
  return cmac(cmac(salt, n), p);
}

/** What encrypts and obfuscates a network PDU; `nid` (7 bits) tells a receiver which keys to try. */
export interface NetworkKeys {
  readonly nid: number;
  readonly encryption: Buffer;
  readonly privacy: Buffer;
}

/** Network keys of a NetKey (3.8.2.6); `p` is one zero octet for all but friendship credentials. */
export function k2(n: Uint8Array, p: Uint8Array = Buffer.of(0)): NetworkKeys {
  const t = cmac(s1(ascii('smk2')), n);
  const t1 = cmac(t, p, Buffer.of(1));
  const t2 = cmac(t, t1, p, Buffer.of(2));
  const t3 = cmac(t, t2, p, Buffer.of(3));
  return { nid: (t1[15] ?? 0) & 0x7f, encryption: t2, privacy: t3 };
}

/** Network id of a NetKey (3.8.2.7), 8 octets. */
export function k3(n: Uint8Array): Buffer {
  return cmac(cmac(s1(ascii('smk3')), n), ascii('id64'), Buffer.of(1)).subarray(8);
}

/** AID of an AppKey (3.8.2.8), 6 bits. */
export function k4(n: Uint8Array): number {
  return (cmac(cmac(s1(ascii('smk4')), n), ascii('id6'), Buffer.of(1))[15] ?? 0) & 0x3f;
}

/** Derivation of the enhanced provisioning algorithm, 32 octets. */
export function k5(n: Uint8Array, salt: Uint8Array, p: Uint8Array): Buffer {
  return hmac(hmac(salt, n), p);
}

/** A key of the NetKey that is derived by name (3.8.6.3). */
const named = (netKey: Uint8Array, salt: string): Buffer =>
  k1(netKey, s1(ascii(salt)), Buffer.from('id128\x01', 'ascii'));

/** Key of the node identity hashes. */
export function identityKey(netKey: Uint8Array): Buffer {
  return named(netKey, 'nkik');
}

/** Key of the secure network beacon. */
export function beaconKey(netKey: Uint8Array): Buffer {
  return named(netKey, 'nkbk');
}

/** Key of the private beacon. */
export function privateBeaconKey(netKey: Uint8Array): Buffer {
  return named(netKey, 'nkpk');
}

/** The virtual address (8000 to BFFF) of a 16-octet label UUID (3.4.2.3). */
export function virtualAddress(label: Uint8Array): number {
  return 0x8000 | (cmac(s1(ascii('vtad')), label).readUInt16BE(14) & 0x3fff);
}
