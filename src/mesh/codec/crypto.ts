import { createCipheriv, createDecipheriv, createHmac } from 'node:crypto';

const ZERO_IV = Buffer.alloc(16);

/** Length of a message integrity check in octets. */
export type MicLength = 4 | 8;

/** One AES-128 block, as obfuscation and the identity hashes need it. The cipher is kept: one per key, made once. */
export function blockCipher(key: Uint8Array): (block: Uint8Array) => Buffer {
  const cipher = createCipheriv('aes-128-ecb', key, null).setAutoPadding(false);
  return (block) => cipher.update(block);
}

/** AES-CMAC (RFC 4493) over the parts put together. */
export function cmac(key: Uint8Array, ...parts: readonly Uint8Array[]): Buffer {
  const message = Buffer.concat(parts);
  const whole = message.length > 0 && message.length % 16 === 0;
  const once = double(blockCipher(key)(ZERO_IV));
  const subkey = whole ? once : double(once);
  const padded = Buffer.alloc(whole ? message.length : message.length - (message.length % 16) + 16);
  message.copy(padded);
  if (!whole) padded[message.length] = 0x80;
  const last = padded.length - 16;
  for (const [i, octet] of subkey.entries()) padded[last + i] = (padded[last + i] ?? 0) ^ octet;
  return createCipheriv('aes-128-cbc', key, ZERO_IV).setAutoPadding(false).update(padded).subarray(last);
}

/** HMAC-SHA256 over the parts put together. */
export function hmac(key: Uint8Array, ...parts: readonly Uint8Array[]): Buffer {
  return createHmac('sha256', key).update(Buffer.concat(parts)).digest();
}

/** AES-CCM: the encrypted text followed by its check of `mic` octets. */
export function ccmSeal(
  key: Uint8Array,
  nonce: Uint8Array,
  plain: Uint8Array,
  mic: MicLength,
  aad?: Uint8Array,
): Buffer {
  const cipher = createCipheriv('aes-128-ccm', key, nonce, { authTagLength: mic });
  if (aad !== undefined) cipher.setAAD(aad, { plaintextLength: plain.length });
  const text = cipher.update(plain);
  cipher.final();
  return Buffer.concat([text, cipher.getAuthTag()]);
}

/** The plain text, or undefined where the check does not fit (wrong key, wrong nonce, altered or too short). */
export function ccmOpen(
  key: Uint8Array,
  nonce: Uint8Array,
  sealed: Uint8Array,
  mic: MicLength,
  aad?: Uint8Array,
): Buffer | undefined {
  const length = sealed.length - mic;
  if (length < 0) return undefined;
  const decipher = createDecipheriv('aes-128-ccm', key, nonce, { authTagLength: mic });
  decipher.setAuthTag(sealed.subarray(length));
  if (aad !== undefined) decipher.setAAD(aad, { plaintextLength: length });
  const plain = decipher.update(sealed.subarray(0, length));
  try {
    decipher.final();
  } catch {
    return undefined;
  }
  return plain;
}

/** Doubling in the field of RFC 4493 section 2.3. */
function double(block: Uint8Array): Buffer {
  const out = Buffer.alloc(16);
  for (let i = 0; i < 16; i++) out[i] = ((block[i] ?? 0) << 1) | ((block[i + 1] ?? 0) >> 7);
  if ((block[0] ?? 0) & 0x80) out[15] = (out[15] ?? 0) ^ 0x87;
  return out;
}
