import { createECDH } from 'node:crypto';
import { ccmOpen, ccmSeal, cmac, hmac } from './crypto.ts';
import { k1, k5, s1, s2 } from './keys.ts';
import {
  decodeProvisioningData,
  encodeProvisioningData,
  type ProvisioningData,
  provisioningAlgorithm,
} from './provisioning.ts';

/** A P-256 key pair; the public key is X and Y, 64 octets. */
export interface KeyPair {
  readonly private: Buffer;
  readonly public: Buffer;
}

/** The parts of an exchange that both sides have seen and that the confirmations cover. */
export interface ConfirmationInputs {
  readonly invite: Uint8Array;
  readonly capabilities: Uint8Array;
  readonly start: Uint8Array;
  readonly provisionerKey: Uint8Array;
  readonly deviceKey: Uint8Array;
}

/** What authenticates the two sides to each other (Mesh Protocol 5.4.2.4). */
export interface Confirmer {
  readonly salt: Buffer;
  readonly key: Buffer;
  /** The confirmation of a side that will show this random. */
  confirm(random: Uint8Array): Buffer;
}

/** What protects the provisioning data, and the device key that results. */
export interface SessionKeys {
  readonly salt: Buffer;
  readonly key: Buffer;
  readonly nonce: Buffer;
  readonly deviceKey: Buffer;
}

const ascii = (text: string): Buffer => Buffer.from(text, 'ascii');

/** A key pair: new, or of a known private key. */
export function keyPair(privateKey?: Uint8Array): KeyPair {
  const ecdh = createECDH('prime256v1');
  if (privateKey === undefined) ecdh.generateKeys();
  else ecdh.setPrivateKey(privateKey);
  return { private: ecdh.getPrivateKey(), public: ecdh.getPublicKey().subarray(1) };
}

/** The shared secret, or undefined where the peer's public key is no point of the curve. */
export function sharedSecret(own: KeyPair, peer: Uint8Array): Buffer | undefined {
  const ecdh = createECDH('prime256v1');
  ecdh.setPrivateKey(own.private);
  try {
    return ecdh.computeSecret(Buffer.concat([Buffer.of(4), peer]));
  } catch {
    return undefined;
  }
}

/** Length in octets of confirmation, random and authentication value under an algorithm. */
export function authOctets(algorithm: number): 16 | 32 {
  return algorithm === provisioningAlgorithm.HMAC_SHA256 ? 32 : 16;
}

/** Confirmation salt and key of an exchange; `auth` has `authOctets` octets. */
export function confirmer(
  algorithm: number,
  inputs: ConfirmationInputs,
  secret: Uint8Array,
  auth: Uint8Array,
): Confirmer {
  const seen = [inputs.invite, inputs.capabilities, inputs.start, inputs.provisionerKey, inputs.deviceKey];
  if (algorithm === provisioningAlgorithm.HMAC_SHA256) {
    const salt = s2(...seen);
    const key = k5(Buffer.concat([secret, auth]), salt, ascii('prck256'));
    return { salt, key, confirm: (random) => hmac(key, random) };
  }
  const salt = s1(...seen);
  const key = k1(secret, salt, ascii('prck'));
  return { salt, key, confirm: (random) => cmac(key, random, auth) };
}

/** Session keys once both randoms are known (5.4.2.5). */
export function sessionKeys(
  salt: Uint8Array,
  provisionerRandom: Uint8Array,
  deviceRandom: Uint8Array,
  secret: Uint8Array,
): SessionKeys {
  const sessionSalt = s1(salt, provisionerRandom, deviceRandom);
  return {
    salt: sessionSalt,
    key: k1(secret, sessionSalt, ascii('prsk')),
    nonce: k1(secret, sessionSalt, ascii('prsn')).subarray(3),
    deviceKey: k1(secret, sessionSalt, ascii('prdk')),
  };
}

/** The two fields of a Data PDU. */
export function sealProvisioningData(data: ProvisioningData, session: SessionKeys): { encrypted: Buffer; mic: Buffer } {
  const sealed = ccmSeal(session.key, session.nonce, encodeProvisioningData(data), 8);
  return { encrypted: sealed.subarray(0, 25), mic: sealed.subarray(25) };
}

/** The data of a Data PDU, or undefined where it does not decrypt. */
export function openProvisioningData(
  encrypted: Uint8Array,
  mic: Uint8Array,
  session: SessionKeys,
): ProvisioningData | undefined {
  const plain = ccmOpen(session.key, session.nonce, Buffer.concat([encrypted, mic]), 8);
  return plain === undefined ? undefined : decodeProvisioningData(plain);
}

/** The authentication value of a number that was shown or entered: right-aligned, big-endian. */
export function numericAuth(value: number, algorithm: number): Buffer {
  const auth = Buffer.alloc(authOctets(algorithm));
  auth.writeUIntBE(value, auth.length - 6, 6);
  return auth;
}

/** The authentication value of octets (a static value, or text that was shown or entered): left-aligned, cut to length. */
export function octetAuth(value: Uint8Array, algorithm: number): Buffer {
  const auth = Buffer.alloc(authOctets(algorithm));
  auth.set(value.subarray(0, auth.length));
  return auth;
}
