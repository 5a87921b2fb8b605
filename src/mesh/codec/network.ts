import { blockCipher, ccmOpen, ccmSeal } from './crypto.ts';
import type { NetworkKeys } from './keys.ts';
import { networkNonce, proxyNonce } from './nonces.ts';

/** A network PDU in clear (Mesh Protocol 3.4.4). `transport` is the lower transport PDU, or the proxy configuration message. */
export interface NetworkPdu {
  readonly ctl: boolean;
  readonly ttl: number;
  readonly seq: number;
  readonly src: number;
  readonly dst: number;
  readonly transport: Buffer;
}

/** Which nonce protects it: proxy configuration messages have one of their own (3.8.5.4). */
export type NetworkUse = 'network' | 'proxy';

/** Why a PDU is not for these keys. */
export type NetworkRefusal = { readonly refused: 'too short' | 'other NID' | 'other IV index' | 'wrong MIC' };

/** Longest lower transport PDU in one network PDU: access 16 octets, control 12. */
export const MAX_TRANSPORT_OCTETS = { access: 16, control: 12 } as const;

/** Encrypts and obfuscates with one set of keys; made once for a NetKey and kept. */
export class NetworkCipher {
  readonly nid: number;
  readonly #encryption: Buffer;
  readonly #privacy: (block: Uint8Array) => Buffer;

  constructor(keys: NetworkKeys) {
    this.nid = keys.nid;
    this.#encryption = keys.encryption;
    this.#privacy = blockCipher(keys.privacy);
  }

  /** The network PDU as sent. */
  seal(pdu: NetworkPdu, ivIndex: number, use: NetworkUse = 'network'): Buffer {
    const plain = Buffer.allocUnsafe(2 + pdu.transport.length);
    plain.writeUInt16BE(pdu.dst, 0);
    pdu.transport.copy(plain, 2);
    const sealed = ccmSeal(this.#encryption, nonceOf(pdu, ivIndex, use), plain, pdu.ctl ? 8 : 4);
    const out = Buffer.allocUnsafe(7 + sealed.length);
    out[0] = ((ivIndex & 1) << 7) | this.nid;
    out[1] = (pdu.ctl ? 0x80 : 0) | pdu.ttl;
    out.writeUIntBE(pdu.seq, 2, 3);
    out.writeUInt16BE(pdu.src, 5);
    sealed.copy(out, 7);
    this.#obfuscate(out, ivIndex);
    return out;
  }

  /** The PDU in clear, or why it is not for these keys and this IV index. */
  open(octets: Uint8Array, ivIndex: number, use: NetworkUse = 'network'): NetworkPdu | NetworkRefusal {
    if (octets.length < 14) return { refused: 'too short' };
    const first = octets[0] ?? 0;
    if ((first & 0x7f) !== this.nid) return { refused: 'other NID' };
    if (first >> 7 !== (ivIndex & 1)) return { refused: 'other IV index' };
    const clear = Buffer.from(octets);
    this.#obfuscate(clear, ivIndex);
    const header = {
      ctl: (clear[1] ?? 0) > 0x7f,
      ttl: (clear[1] ?? 0) & 0x7f,
      seq: clear.readUIntBE(2, 3),
      src: clear.readUInt16BE(5),
    };
    const sealed = clear.subarray(7);
    const plain = ccmOpen(this.#encryption, nonceOf(header, ivIndex, use), sealed, header.ctl ? 8 : 4);
    if (plain === undefined || plain.length < 3) return { refused: plain === undefined ? 'wrong MIC' : 'too short' };
    return { ...header, dst: plain.readUInt16BE(0), transport: plain.subarray(2) };
  }

  /** Hides or shows CTL to SRC in place; the same operation both ways (3.8.7.3). */
  #obfuscate(pdu: Buffer, ivIndex: number): void {
    const random = Buffer.alloc(16);
    random.writeUInt32BE(ivIndex, 5);
    pdu.copy(random, 9, 7, 14);
    const pecb = this.#privacy(random);
    for (let i = 0; i < 6; i++) pdu[i + 1] = (pdu[i + 1] ?? 0) ^ (pecb[i] ?? 0);
  }
}

function nonceOf(pdu: Omit<NetworkPdu, 'dst' | 'transport'>, ivIndex: number, use: NetworkUse): Buffer {
  const fields = { seq: pdu.seq, src: pdu.src, ivIndex };
  return use === 'proxy' ? proxyNonce(fields) : networkNonce(pdu.ctl, pdu.ttl, fields);
}
