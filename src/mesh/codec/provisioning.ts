import { octets, rest, u16, u32, u8, uint } from '../../core/layout/fields.ts';
import { FrameError, Reader } from '../../core/layout/cursor.ts';
import {
  decodeLayout,
  encodeLayout,
  type Layout,
  printLayout,
  readLayout,
  type Value,
} from '../../core/layout/layout.ts';

/** Algorithms of the key exchange; the bit of the same number announces them in Capabilities. */
export const provisioningAlgorithm = { CMAC_AES128: 0, HMAC_SHA256: 1 } as const;

/** How the two sides authenticate each other. */
export const authMethod = { NO_OOB: 0, STATIC_OOB: 1, OUTPUT_OOB: 2, INPUT_OOB: 3 } as const;

/** What the device does to show a value; also the bit in Capabilities. */
export const outputAction = { BLINK: 0, BEEP: 1, VIBRATE: 2, OUTPUT_NUMERIC: 3, OUTPUT_ALPHANUMERIC: 4 } as const;

/** How a value is entered on the device; also the bit in Capabilities. */
export const inputAction = { PUSH: 0, TWIST: 1, INPUT_NUMERIC: 2, INPUT_ALPHANUMERIC: 3 } as const;

/** Error codes of Provisioning Failed. */
export const provisioningError = {
  INVALID_PDU: 1,
  INVALID_FORMAT: 2,
  UNEXPECTED_PDU: 3,
  CONFIRMATION_FAILED: 4,
  OUT_OF_RESOURCES: 5,
  DECRYPTION_FAILED: 6,
  UNEXPECTED_ERROR: 7,
  CANNOT_ASSIGN_ADDRESSES: 8,
  INVALID_DATA: 9,
} as const;

const check = rest(16, 32);

/** Provisioning PDUs (Mesh Protocol 5.4.1) by type number; multi-octet fields are big-endian. */
const LAYOUTS = {
  invite: [0x00, { attention: u8 }],
  capabilities: [
    0x01,
    {
      elements: uint(8, { range: [1, 255] }),
      algorithms: u16,
      publicKeyType: u8,
      oobType: u8,
      outputSize: u8,
      outputActions: u16,
      inputSize: u8,
      inputActions: u16,
    },
  ],
  start: [
    0x02,
    {
      algorithm: uint(8, { of: provisioningAlgorithm }),
      publicKey: u8,
      method: uint(8, { of: authMethod }),
      action: u8,
      size: u8,
    },
  ],
  'public key': [0x03, { x: octets(32), y: octets(32) }],
  'input complete': [0x04, {}],
  confirmation: [0x05, { value: check }],
  random: [0x06, { value: check }],
  data: [0x07, { encrypted: octets(25), mic: octets(8) }],
  complete: [0x08, {}],
  failed: [0x09, { error: uint(8, { of: provisioningError }) }],
} as const satisfies { [kind: string]: readonly [number, Layout] };

type Layouts = typeof LAYOUTS;

/** The fields of one kind of provisioning PDU. */
export type ProvisioningFields<K extends keyof Layouts> = Value<Layouts[K][1]>;

/** A provisioning PDU. */
export type ProvisioningPdu = { [K in keyof Layouts]: { readonly kind: K } & ProvisioningFields<K> }[keyof Layouts];

/** Octets of a provisioning PDU: type and parameters. */
export function encodeProvisioning<K extends keyof Layouts>(kind: K, fields: ProvisioningFields<K>): Buffer {
  return Buffer.concat([Buffer.of(LAYOUTS[kind][0]), provisioningParameters(kind, fields)]);
}

/** The parameters alone, as they enter the confirmation inputs. */
export function provisioningParameters<K extends keyof Layouts>(kind: K, fields: ProvisioningFields<K>): Buffer {
  return encodeLayout<Layout>(LAYOUTS[kind][1], fields, 'big');
}

/** Reads a provisioning PDU. Throws FrameError for an unknown type, a short or a long one. */
export function decodeProvisioning(pdu: Uint8Array): ProvisioningPdu {
  const r = new Reader(pdu, 'big');
  const type = r.bits(8, 'type');
  for (const [kind, [number, layout]] of Object.entries(LAYOUTS)) {
    if (number !== type) continue;
    const fields = readLayout<Layout>(layout, r);
    r.end(kind);
    const check = 'value' in fields ? (fields['value'] as Buffer).length : 16;
    if (check !== 16 && check !== 32)
      throw new FrameError(check < 16 ? 'truncated' : 'invalid', 1, `${kind} of ${check} octets`);
    return { kind, ...fields } as ProvisioningPdu;
  }
  throw new FrameError('invalid', 0, `provisioning PDU type ${type}`);
}

/** One line for a person. */
export function printProvisioning(pdu: ProvisioningPdu): string {
  const { kind, ...fields } = pdu;
  return `provisioning ${kind}: ${printLayout<Layout>(LAYOUTS[kind][1], fields)}`;
}

/** What a device is given when it becomes a node (5.4.2.5). */
export interface ProvisioningData {
  readonly netKey: Buffer;
  readonly keyIndex: number;
  /** Bit 0: key refresh, bit 1: IV update in progress. */
  readonly flags: number;
  readonly ivIndex: number;
  readonly unicast: number;
}

const DATA = { netKey: octets(16), keyIndex: u16, flags: u8, ivIndex: u32, unicast: u16 } as const;

/** The 25 octets of the data, in clear. */
export function encodeProvisioningData(data: ProvisioningData): Buffer {
  return encodeLayout(DATA, data, 'big');
}

/** The counterpart of `encodeProvisioningData`. Throws FrameError. */
export function decodeProvisioningData(octets: Uint8Array): ProvisioningData {
  return decodeLayout(DATA, octets, 'big', 'provisioning data').value;
}
