import { createECDH, type ECDH, type KeyObject, sign, verify } from 'node:crypto';
import { HandshakeError } from '../failure.ts';
import { ECDSA_SHA256 } from '../numbers.ts';
import type { RandomOctets } from '../record/cipher.ts';

/** A fresh key pair on secp256r1, its private key taken from `random`. */
export function newKeyPair(random: RandomOctets): ECDH {
  const pair = createECDH('prime256v1');
  for (;;) {
    try {
      pair.setPrivateKey(random(32));
      return pair;
    } catch {
      // Zero, or not below the order of the curve: less than once in 2^32. The next octets will do.
    }
  }
}

/** The X coordinate, 32 octets. HandshakeError (`illegal_parameter`) where the point is not on the curve. */
export function sharedSecret(own: ECDH, point: Buffer): Buffer {
  try {
    return own.computeSecret(point);
  } catch (e) {
    throw new HandshakeError(
      'illegal_parameter',
      `key exchange: ${point.toString('hex') || 'nothing'} is no point of secp256r1`,
      e,
    );
  }
}

export interface Signed {
  readonly algorithm: number;
  readonly signature: Buffer;
}

export function signWith(key: KeyObject, data: Buffer): Signed {
  return { algorithm: ECDSA_SHA256, signature: sign('sha256', data, key) };
}

/** HandshakeError (`decrypt_error`) where the signature was not made over `data` with the key. */
export function checkSignature(what: string, key: KeyObject, data: Buffer, signed: Signed): void {
  if (signed.algorithm !== ECDSA_SHA256)
    throw new HandshakeError(
      'illegal_parameter',
      `${what}: expected signature algorithm 0x0403, received 0x${signed.algorithm.toString(16)}`,
    );
  if (!verify('sha256', data, key, signed.signature))
    throw new HandshakeError('decrypt_error', `${what}: the signature does not fit the certificate's key`);
}
