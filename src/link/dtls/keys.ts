import { createHash, createHmac } from 'node:crypto';
import { CIPHERS, type CipherName } from './suites.ts';

const hmac = (secret: Uint8Array, ...data: Uint8Array[]): Buffer => {
  const mac = createHmac('sha256', secret);
  for (const part of data) mac.update(part);
  return mac.digest();
};

const uint16 = (n: number): Buffer => Buffer.from([n >> 8, n & 0xff]);

/** P_SHA256 of RFC 5246 5: `length` octets out of secret and seed. OCF's owner PSK is made with it as well. */
export function pSha256(secret: Uint8Array, seed: Uint8Array, length: number): Buffer {
  const out: Buffer[] = [];
  let a = hmac(secret, seed);
  for (let have = 0; have < length; have += 32) {
    out.push(hmac(secret, a, seed));
    a = hmac(secret, a);
  }
  return Buffer.concat(out).subarray(0, length);
}

/** The pseudorandom function of RFC 5246 5 with SHA-256. */
export function prf(secret: Uint8Array, label: string, seed: Uint8Array, length: number): Buffer {
  return pSha256(secret, Buffer.concat([Buffer.from(label, 'ascii'), seed]), length);
}

/** SHA-256 of the handshake messages so far. */
export function transcriptHash(messages: Uint8Array): Buffer {
  return createHash('sha256').update(messages).digest();
}

/** The pre-master secret of the PSK suites: other secret and key, each behind its length. Plain PSK has zeros as other secret (RFC 4279 2, RFC 5489 2). */
export function pskPremaster(key: Uint8Array, shared: Uint8Array = Buffer.alloc(key.length)): Buffer {
  return Buffer.concat([uint16(shared.length), shared, uint16(key.length), key]);
}

export interface Randoms {
  readonly client: Buffer;
  readonly server: Buffer;
}

/** The master secret, 48 octets; with `transcript` the extended one of RFC 7627 over the messages up to ClientKeyExchange. */
export function masterSecret(premaster: Uint8Array, randoms: Randoms, transcript?: Uint8Array): Buffer {
  return transcript === undefined
    ? prf(premaster, 'master secret', Buffer.concat([randoms.client, randoms.server]), 48)
    : prf(premaster, 'extended master secret', transcriptHash(transcript), 48);
}

/** `verify_data` of the Finished of one side, over all handshake messages before it (RFC 5246 7.4.9). */
export function verifyData(master: Uint8Array, side: 'client' | 'server', transcript: Uint8Array): Buffer {
  return prf(master, `${side} finished`, transcriptHash(transcript), 12);
}

/** What protects one direction. */
export interface DirectionKeys {
  readonly cipher: CipherName;
  readonly macKey: Buffer;
  readonly key: Buffer;
  readonly iv: Buffer;
}

/** The key block as expanded (RFC 5246 6.3): 40 octets for CCM_8, 96 for CBC with SHA-256. */
export interface KeyBlock {
  readonly block: Buffer;
  readonly client: DirectionKeys;
  readonly server: DirectionKeys;
}

/** Expands the key block and cuts it into the keys of both directions. */
export function keyBlock(cipher: CipherName, master: Uint8Array, randoms: Randoms): KeyBlock {
  const sizes = CIPHERS[cipher];
  const seed = Buffer.concat([randoms.server, randoms.client]);
  const block = prf(master, 'key expansion', seed, 2 * (sizes.macKey + sizes.key + sizes.iv));
  let at = 0;
  const cut = (size: number): Buffer => block.subarray(at, (at += size));
  const pair = (size: number): [Buffer, Buffer] => [cut(size), cut(size)];
  const mac = pair(sizes.macKey);
  const key = pair(sizes.key);
  const iv = pair(sizes.iv);
  return {
    block,
    client: { cipher, macKey: mac[0], key: key[0], iv: iv[0] },
    server: { cipher, macKey: mac[1], key: key[1], iv: iv[1] },
  };
}

/** A line of the key log that protocol analysers read, for one association. */
export function keyLogLine(randoms: Randoms, master: Uint8Array): string {
  return `CLIENT_RANDOM ${randoms.client.toString('hex')} ${Buffer.from(master).toString('hex')}`;
}
