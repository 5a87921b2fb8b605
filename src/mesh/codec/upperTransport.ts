import { ccmOpen, ccmSeal, type MicLength } from './crypto.ts';
import { applicationNonce, deviceNonce, type NonceFields } from './nonces.ts';

/** What an access PDU is encrypted for (Mesh Protocol 3.6.4). */
export interface UpperContext extends NonceFields {
  readonly key: Uint8Array;
  /** An application key or a device key: they have different nonces. */
  readonly use: 'app' | 'dev';
  readonly dst: number;
  /** 8 only for a segmented message. */
  readonly mic: MicLength;
  /** Label UUID where the destination is a virtual address. */
  readonly label?: Uint8Array;
}

/** Longest access PDU: 32 segments of 12 octets less a 32-bit check. */
export const MAX_ACCESS_OCTETS = 380;

/** The upper transport PDU of an access PDU. */
export function sealAccess(access: Uint8Array, context: UpperContext): Buffer {
  return ccmSeal(context.key, nonceOf(context), access, context.mic, context.label);
}

/** The access PDU, or undefined where key, label or context do not fit. */
export function openAccess(upper: Uint8Array, context: UpperContext): Buffer | undefined {
  return ccmOpen(context.key, nonceOf(context), upper, context.mic, context.label);
}

function nonceOf(context: UpperContext): Buffer {
  const make = context.use === 'app' ? applicationNonce : deviceNonce;
  return make(context.mic === 8, context.dst, context);
}
