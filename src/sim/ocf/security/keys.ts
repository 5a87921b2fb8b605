import { pbkdf2Sync } from 'node:crypto';
import { pSha256 } from '../../../link/dtls/keys.ts';

/** Identity of the handshake by a random PIN; with a colon and the UUID behind it also the server's hint. */
export const PIN_IDENTITY = 'oic.sec.doxm.rdp';

const KEY_OCTETS = 16;
const PIN_ROUNDS = 1000;

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export function isUuid(text: unknown): text is string {
  return typeof text === 'string' && UUID.test(text);
}

/** The 16 octets of a UUID. */
export function uuidOctets(uuid: string): Buffer {
  return Buffer.from(uuid.replaceAll('-', ''), 'hex');
}

/** A UUID as text, from its 16 octets. */
export function uuidText(octets: Uint8Array): string {
  return Buffer.from(octets)
    .toString('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

/** The owner's key, 16 octets, which both ends make of the key block of the onboarding association. `label` is that of the transfer method. */
export function ownerKey(keyBlock: Uint8Array, label: string, owner: string, device: string): Buffer {
  const seed = Buffer.concat([Buffer.from(label, 'ascii'), uuidOctets(owner), uuidOctets(device)]);
  return pSha256(keyBlock, seed, KEY_OCTETS);
}

/** The key of the onboarding association by random PIN, 16 octets. */
export function pinKey(pin: string, device: string): Buffer {
  return pbkdf2Sync(Buffer.from(pin, 'ascii'), uuidOctets(device), PIN_ROUNDS, KEY_OCTETS, 'sha256');
}
