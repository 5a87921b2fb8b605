import { createCipheriv, createDecipheriv, createHmac, timingSafeEqual } from 'node:crypto';
import { CONTENT, VERSION } from '../numbers.ts';
import type { DirectionKeys } from '../keys.ts';
import type { CipherName } from '../suites.ts';
import { epochAndSequence, type RecordHead } from './record.ts';

/** A source of octets that nobody can guess, or of given ones in tests. */
export type RandomOctets = (count: number) => Buffer;

const TAG = 8;
const BLOCK = 16;
const MAC = 32;
const CCM = 'aes-128-ccm';
const CBC = 'aes-128-cbc';

/** What is authenticated besides the content: RFC 5246 6.2.3.3 with DTLS sequence numbers; with a connection id RFC 9146 5. */
function authenticated(head: RecordHead, length: number): Buffer {
  const numbers = epochAndSequence(head);
  const version = Buffer.from([VERSION.dtls12 >> 8, VERSION.dtls12 & 0xff]);
  const octets = Buffer.from([length >> 8, length & 0xff]);
  if (head.cid === undefined) return Buffer.concat([numbers, Buffer.from([head.content]), version, octets]);
  const type = CONTENT.tls12Cid;
  const start = Buffer.concat([Buffer.alloc(8, 0xff), Buffer.from([type, head.cid.length, type])]);
  return Buffer.concat([start, version, numbers, head.cid, octets]);
}

interface Cipher {
  seal(keys: DirectionKeys, head: RecordHead, plain: Buffer, random: RandomOctets): Buffer;
  /** Undefined where the octets were not made with these keys for this head. */
  open(keys: DirectionKeys, head: RecordHead, fragment: Buffer): Buffer | undefined;
}

const ccm8: Cipher = {
  seal(keys, head, plain) {
    const explicit = epochAndSequence(head);
    const cipher = createCipheriv(CCM, keys.key, Buffer.concat([keys.iv, explicit]), { authTagLength: TAG });
    cipher.setAAD(authenticated(head, plain.length), { plaintextLength: plain.length });
    return Buffer.concat([explicit, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  },
  open(keys, head, fragment) {
    const length = fragment.length - 8 - TAG;
    if (length < 0) return undefined;
    const nonce = Buffer.concat([keys.iv, fragment.subarray(0, 8)]);
    const cipher = createDecipheriv(CCM, keys.key, nonce, { authTagLength: TAG });
    cipher.setAuthTag(fragment.subarray(8 + length));
    cipher.setAAD(authenticated(head, length), { plaintextLength: length });
    try {
      const plain = cipher.update(fragment.subarray(8, 8 + length));
      cipher.final();
      return plain;
    } catch {
      return undefined;
    }
  },
};

const macOf = (keys: DirectionKeys, head: RecordHead, plain: Buffer): Buffer =>
  createHmac('sha256', keys.macKey).update(authenticated(head, plain.length)).update(plain).digest();

const cbc: Cipher = {
  seal(keys, head, plain, random) {
    const pad = BLOCK - 1 - ((plain.length + MAC) % BLOCK);
    const iv = random(BLOCK);
    const cipher = createCipheriv(CBC, keys.key, iv).setAutoPadding(false);
    const inside = Buffer.concat([plain, macOf(keys, head, plain), Buffer.alloc(pad + 1, pad)]);
    return Buffer.concat([iv, cipher.update(inside), cipher.final()]);
  },
  open(keys, head, fragment) {
    if (fragment.length % BLOCK !== 0 || fragment.length < BLOCK + MAC + BLOCK) return undefined;
    const cipher = createDecipheriv(CBC, keys.key, fragment.subarray(0, BLOCK)).setAutoPadding(false);
    const inside = Buffer.concat([cipher.update(fragment.subarray(BLOCK)), cipher.final()]);
    const pad = inside.at(-1) ?? 0;
    const length = inside.length - 1 - pad - MAC;
    if (length < 0 || inside.subarray(-1 - pad).some((octet) => octet !== pad)) return undefined;
    const plain = inside.subarray(0, length);
    return timingSafeEqual(macOf(keys, head, plain), inside.subarray(length, length + MAC)) ? plain : undefined;
  },
};

const TABLE: Readonly<Record<CipherName, Cipher>> = { ccm8, cbc };

/** Protects the content of one record. */
export function seal(keys: DirectionKeys, head: RecordHead, plain: Buffer, random: RandomOctets): Buffer {
  return TABLE[keys.cipher].seal(keys, head, plain, random);
}

/** The content of a protected record; undefined where tag, MAC or padding are wrong. */
export function open(keys: DirectionKeys, head: RecordHead, fragment: Buffer): Buffer | undefined {
  return TABLE[keys.cipher].open(keys, head, fragment);
}
