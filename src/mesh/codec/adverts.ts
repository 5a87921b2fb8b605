import { blockCipher } from './crypto.ts';
import { Reader } from '../../core/layout/cursor.ts';
import { identityKey, k3 } from './keys.ts';

/** UUIDs of the two mesh GATT services and their characteristics (Mesh Protocol 7). */
export const meshGatt = {
  provisioningService: 0x1827,
  provisioningDataIn: 0x2adb,
  provisioningDataOut: 0x2adc,
  proxyService: 0x1828,
  proxyDataIn: 0x2add,
  proxyDataOut: 0x2ade,
} as const;

/** What the service data of a proxy server shows: which network, or which node. */
export type ProxyAdvert =
  | { readonly kind: 'network id'; readonly networkId: Buffer }
  | {
      readonly kind: 'node identity' | 'private network identity' | 'private node identity';
      readonly hash: Buffer;
      readonly random: Buffer;
    }
  | { readonly kind: 'unknown'; readonly type: number };

/** A network and, where one node is meant, its primary address. */
export interface AdvertOwner {
  readonly netKey: Uint8Array;
  readonly address?: number;
}

const KINDS = ['network id', 'node identity', 'private network identity', 'private node identity'] as const;

/** Reads the service data of UUID 1828, without the UUID. Throws FrameError. */
export function decodeProxyAdvert(data: Uint8Array): ProxyAdvert {
  const r = new Reader(data, 'big');
  const type = r.bits(8, 'identification type');
  const kind = KINDS[type];
  if (kind === undefined) return { kind: 'unknown', type };
  const advert =
    kind === 'network id'
      ? { kind, networkId: r.bytes(8, 'network id') }
      : { kind, hash: r.bytes(8, 'hash'), random: r.bytes(8, 'random') };
  r.end(kind);
  return advert;
}

/** The service data of UUID 1828 that such a network or node shows. `random`: 8 octets, for all but the network id. */
export function encodeProxyAdvert(kind: (typeof KINDS)[number], owner: AdvertOwner, random: Uint8Array): Buffer {
  const type = Buffer.of(KINDS.indexOf(kind));
  if (kind === 'network id') return Buffer.concat([type, k3(owner.netKey)]);
  return Buffer.concat([type, identityHash(kind, owner, random), random]);
}

/** Whether the advertisement is of this network, or of this node of it where it names a node. */
export function advertMatches(advert: ProxyAdvert, owner: AdvertOwner): boolean {
  switch (advert.kind) {
    case 'unknown':
      return false;
    case 'network id':
      return advert.networkId.equals(k3(owner.netKey));
    case 'node identity':
    case 'private network identity':
    case 'private node identity':
      return advert.hash.equals(identityHash(advert.kind, owner, advert.random));
  }
}

/** Low 8 octets of the encrypted block; the padding tells the three kinds apart (7.2.2.2). */
function identityHash(
  kind: Exclude<(typeof KINDS)[number], 'network id'>,
  owner: AdvertOwner,
  random: Uint8Array,
): Buffer {
  const block = Buffer.alloc(16);
  if (kind === 'private network identity') {
    k3(owner.netKey).copy(block, 0);
    Buffer.from(random).copy(block, 8);
  } else {
    block[5] = kind === 'private node identity' ? 3 : 0;
    Buffer.from(random).copy(block, 6);
    block.writeUInt16BE(owner.address ?? 0, 14);
  }
  return blockCipher(identityKey(owner.netKey))(block).subarray(8);
}
