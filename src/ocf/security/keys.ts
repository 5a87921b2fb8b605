import { pbkdf2Sync } from 'node:crypto';
import { pSha256 } from '../../link/dtls/keys.ts';

/** Owner transfer methods by their number in `oxms`. */
export const METHODS = { justWorks: 0, randomPin: 1, certificate: 2 } as const;
export type MethodName = keyof typeof METHODS;

/** What tells the methods apart when the owner key is made of the key block. */
const LABELS: Readonly<Record<MethodName, string>> = {
  justWorks: 'oic.sec.doxm.jw',
  randomPin: 'oic.sec.doxm.rdp',
  certificate: 'oic.sec.doxm.mfgcert',
};

/** Identity that the onboarding tool shows in the handshake by PIN. */
export const PIN_IDENTITY = Buffer.from('oic.sec.doxm.rdp', 'ascii');

const KEY_OCTETS = 16;
const PIN_ROUNDS = 1000;

/** `11111111-2222-…` as 16 octets. */
export function uuidOctets(uuid: string): Buffer {
  return Buffer.from(uuid.replaceAll('-', ''), 'hex');
}

/** The key by which the owner comes back, made of the key block of the onboarding association; `device` is the id after onboarding. */
export function ownerPsk(method: MethodName, keyBlock: Uint8Array, tester: string, device: string): Buffer {
  const seed = Buffer.concat([Buffer.from(LABELS[method], 'ascii'), uuidOctets(tester), uuidOctets(device)]);
  return pSha256(keyBlock, seed, KEY_OCTETS);
}

/** The key of the handshake by PIN; `device` is the id before onboarding. */
export function pinPsk(pin: string, device: string): Buffer {
  return pbkdf2Sync(Buffer.from(pin, 'ascii'), uuidOctets(device), PIN_ROUNDS, KEY_OCTETS, 'sha256');
}
