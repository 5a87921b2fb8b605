import { createCipheriv } from 'node:crypto';

const BLOCK = 16;
/** From here on the length in bits takes more than 16 of them. */
const LONG_MESSAGE_OCTETS = 2 ** 13;

/**
 * The AES-MMO hash of Zigbee (Matyas-Meyer-Oseas on AES-128): 16 octets. Messages of 8192 octets and more are padded with a
 * length of 32 bits and two octets of 0 instead of a length of 16 bits.
 */
export function aesMmo(message: Uint8Array): Buffer {
  let digest = Buffer.alloc(BLOCK);
  const last = message.length - (message.length % BLOCK);
  const blocks = [
    Buffer.from(message.buffer, message.byteOffset, last),
    padded(message.subarray(last), message.length),
  ];
  for (const octets of blocks)
    for (let at = 0; at < octets.length; at += BLOCK) digest = compress(digest, octets.subarray(at, at + BLOCK));
  return digest;
}

/** One step: the block encrypted under the digest so far, and added to itself. */
function compress(key: Buffer, block: Buffer): Buffer<ArrayBuffer> {
  const out = Buffer.from(createCipheriv('aes-128-ecb', key, null).update(block));
  for (const [i, octet] of block.entries()) out[i] = (out[i] ?? 0) ^ octet;
  return out;
}

/** The octets after the last whole block: what is left, a single 1 bit, zeros, and the length of the whole in bits. */
function padded(rest: Uint8Array, octets: number): Buffer {
  const tail = octets < LONG_MESSAGE_OCTETS ? 2 : 6;
  const out = Buffer.alloc(Math.ceil((rest.length + 1 + tail) / BLOCK) * BLOCK);
  out.set(rest);
  out[rest.length] = 0x80;
  if (tail === 2) out.writeUInt16BE(octets * 8, out.length - tail);
  else out.writeUInt32BE(octets * 8, out.length - tail);
  return out;
}
