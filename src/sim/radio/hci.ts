import { h4Type } from '../../link/ble/h4.ts';

/** HCI error codes that the virtual controller gives (Core specification, Vol 1 Part F). */
export const hciError = {
  SUCCESS: 0x00,
  UNKNOWN_COMMAND: 0x01,
  UNKNOWN_CONNECTION: 0x02,
  CONNECTION_TIMEOUT: 0x08,
  COMMAND_DISALLOWED: 0x0c,
  UNSUPPORTED_VALUE: 0x11,
  INVALID_PARAMETERS: 0x12,
  REMOTE_USER_ENDED: 0x13,
  LOCAL_HOST_ENDED: 0x16,
} as const;

/** Event codes (Vol 4 Part E 7.7). */
export const hciEvent = {
  DISCONNECTION_COMPLETE: 0x05,
  REMOTE_VERSION: 0x0c,
  COMMAND_COMPLETE: 0x0e,
  COMMAND_STATUS: 0x0f,
  COMPLETED_PACKETS: 0x13,
  BUFFER_OVERFLOW: 0x1a,
  LE_META: 0x3e,
} as const;

/** Subevents of LE Meta (7.7.65). */
export const leEvent = {
  CONNECTION_COMPLETE: 0x01,
  ADVERTISING_REPORT: 0x02,
  CONNECTION_UPDATE: 0x03,
  REMOTE_FEATURES: 0x04,
  ENHANCED_CONNECTION_COMPLETE: 0x0a,
} as const;

/** Kinds of advertising that are carried: LE Set Advertising Parameters and the report use the same numbers. */
export const advType = { CONNECTABLE: 0, SCANNABLE: 2, NON_CONNECTABLE: 3, SCAN_RESPONSE: 4 } as const;

/** ACL buffers that a host is told of: octets of one, and how many. */
export const aclBuffers = { octets: 251, count: 8 } as const;

export const role = { CENTRAL: 0, PERIPHERAL: 1 } as const;

/** A device address as HCI has it: six octets, the lowest first. */
export interface RadioAddress {
  readonly random: boolean;
  readonly octets: Buffer;
}

/** The usual text of an address: highest octet first, with colons. */
export function printAddress({ octets }: Pick<RadioAddress, 'octets'>): string {
  const text = Buffer.from(octets).reverse().toString('hex');
  return (text.match(/../g) ?? []).join(':');
}

/** Reads `aa:bb:cc:dd:ee:ff`. */
export function addressOctets(text: string): Buffer {
  return Buffer.from(text.replaceAll(':', ''), 'hex').reverse();
}

export function sameAddress(a: RadioAddress, b: RadioAddress): boolean {
  return a.random === b.random && a.octets.equals(b.octets);
}

/** Two octets, the lower first. */
export function u16(value: number): Buffer {
  return Buffer.of(value & 0xff, (value >> 8) & 0xff);
}

/** An event as an H4 packet. */
export function eventPacket(code: number, parameters: Uint8Array): Buffer {
  return Buffer.concat([Buffer.of(h4Type.EVENT, code, parameters.length), parameters]);
}

/** A command as an H4 packet. */
export function commandPacket(opcode: number, parameters: Uint8Array): Buffer {
  return Buffer.concat([Buffer.of(h4Type.COMMAND), u16(opcode), Buffer.of(parameters.length), parameters]);
}

/** Packet-boundary flags of ACL data: how a host begins a message, how a controller does, and how both go on. */
export const boundary = { FROM_HOST: 0, CONTINUES: 1, FROM_CONTROLLER: 2 } as const;

/** ACL data as an H4 packet. */
export function aclPacket(handle: number, flag: number, data: Uint8Array): Buffer {
  return Buffer.concat([Buffer.of(h4Type.ACL), u16(handle | (flag << 12)), u16(data.length), data]);
}
