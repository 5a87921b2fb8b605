import { ccmOpen, ccmSeal, cmac } from './crypto.ts';
import { FrameError, Reader, Writer } from '../../core/layout/cursor.ts';
import { beaconKey, k3, privateBeaconKey } from './keys.ts';

/** What a network tells its nodes about its IV index (Mesh Protocol 3.10). */
export interface NetworkNews {
  readonly keyRefresh: boolean;
  readonly ivUpdate: boolean;
  readonly ivIndex: number;
}

/** What beacons are made and checked with. */
export interface BeaconKeys {
  readonly networkId: Buffer;
  readonly secure: Buffer;
  readonly private: Buffer;
}

/** A received beacon: authenticated news, or what else it is. */
export type Beacon =
  | ({ readonly kind: 'secure' | 'private' } & NetworkNews)
  | { readonly kind: 'unprovisioned'; readonly uuid: Buffer; readonly oob: number; readonly uriHash?: Buffer }
  | { readonly kind: 'foreign'; readonly reason: string };

/** The beacon keys of a NetKey. */
export function beaconKeysOf(netKey: Uint8Array): BeaconKeys {
  return { networkId: k3(netKey), secure: beaconKey(netKey), private: privateBeaconKey(netKey) };
}

/** An unprovisioned device beacon (3.10.2). */
export function encodeUnprovisioned(uuid: Uint8Array, oob: number, uriHash?: Uint8Array): Buffer {
  const w = new Writer('big').bits(8, 0, 'type').bytes(uuid).bits(16, oob, 'OOB information');
  return (uriHash === undefined ? w : w.bytes(uriHash)).done();
}

/** A secure network beacon (3.10.3). */
export function encodeSecureBeacon(news: NetworkNews, keys: BeaconKeys): Buffer {
  const told = Buffer.concat([Buffer.of(flagsOf(news)), keys.networkId, ivOctets(news)]);
  return Buffer.concat([Buffer.of(1), told, cmac(keys.secure, told).subarray(0, 8)]);
}

/** A private beacon (3.10.4) with its 13 random octets. */
export function encodePrivateBeacon(news: NetworkNews, random: Uint8Array, keys: BeaconKeys): Buffer {
  const told = Buffer.concat([Buffer.of(flagsOf(news)), ivOctets(news)]);
  return Buffer.concat([Buffer.of(2), random, ccmSeal(keys.private, random, told, 8)]);
}

/** Reads a beacon of any type. A beacon of another network is `foreign`. Throws FrameError where the length is wrong. */
export function decodeBeacon(octets: Uint8Array, keys: BeaconKeys): Beacon {
  const r = new Reader(octets, 'big');
  const type = r.bits(8, 'beacon type');
  switch (type) {
    case 0: {
      const found = {
        kind: 'unprovisioned' as const,
        uuid: r.bytes(16, 'device UUID'),
        oob: r.bits(16, 'OOB information'),
      };
      if (r.left === 0) return found;
      const uriHash = r.bytes(4, 'URI hash');
      r.end('unprovisioned device beacon');
      return { ...found, uriHash };
    }
    case 1:
      return readSecure(r, keys);
    case 2: {
      const random = r.bytes(13, 'random');
      const told = ccmOpen(keys.private, random, r.bytes(13, 'obfuscated data and tag'), 8);
      r.end('private beacon');
      return told === undefined
        ? { kind: 'foreign', reason: 'private beacon of another network' }
        : { kind: 'private', ...newsOf(told) };
    }
    default:
      return { kind: 'foreign', reason: `beacon type ${type}` };
  }
}

/** Another network id means another network, a wrong authentication value a forgery or a defect. */
function readSecure(r: Reader, keys: BeaconKeys): Beacon {
  const told = r.bytes(13, 'flags, network id and IV index');
  const tag = r.bytes(8, 'authentication value');
  r.end('secure network beacon');
  if (!told.subarray(1, 9).equals(keys.networkId))
    return { kind: 'foreign', reason: 'secure network beacon of another network' };
  if (!cmac(keys.secure, told).subarray(0, 8).equals(tag))
    return { kind: 'foreign', reason: 'beacon fails authentication' };
  return { kind: 'secure', ...newsOf(Buffer.concat([told.subarray(0, 1), told.subarray(9)])) };
}

/** Bit 0: key refresh, bit 1: IV update. */
function flagsOf(news: NetworkNews): number {
  return (news.keyRefresh ? 1 : 0) | (news.ivUpdate ? 2 : 0);
}

function ivOctets(news: NetworkNews): Buffer {
  const out = Buffer.alloc(4);
  out.writeUInt32BE(news.ivIndex);
  return out;
}

/** The counterpart of `flagsOf` and the IV index after it. */
function newsOf(told: Buffer): NetworkNews {
  if (told.length !== 5) throw new FrameError('invalid', 0, `network news of ${told.length} octets`);
  const flags = told[0] ?? 0;
  return { keyRefresh: (flags & 1) !== 0, ivUpdate: (flags & 2) !== 0, ivIndex: told.readUInt32BE(1) };
}
