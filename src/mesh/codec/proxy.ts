import { list, u16, uint } from '../../core/layout/fields.ts';
import { type FrameError, Reader, Writer } from '../../core/layout/cursor.ts';
import { address } from './fields.ts';
import { type Layout, printLayout, readLayout, type Value, writeLayout } from '../../core/layout/layout.ts';
import { hexNumber } from '../../core/layout/names.ts';

/** What a proxy PDU carries (Mesh Protocol 6.3.1). */
export const proxyType = { NETWORK_PDU: 0, MESH_BEACON: 1, PROXY_CONFIGURATION: 2, PROVISIONING_PDU: 3 } as const;

/** A message of the proxy bearer, whole. */
export interface ProxyMessage {
  readonly type: number;
  readonly payload: Buffer;
}

const SAR = { COMPLETE: 0, FIRST: 1, CONTINUATION: 2, LAST: 3 } as const;

/** Cuts a message into proxy PDUs of at most `maxOctets`, header included: one for each GATT write or notification. */
export function splitProxy({ type, payload }: ProxyMessage, maxOctets: number): Buffer[] {
  const size = maxOctets - 1;
  const count = Math.max(1, Math.ceil(payload.length / size));
  return Array.from({ length: count }, (_, i) => {
    const sar = count === 1 ? SAR.COMPLETE : i === 0 ? SAR.FIRST : i === count - 1 ? SAR.LAST : SAR.CONTINUATION;
    return Buffer.concat([Buffer.of((sar << 6) | type), payload.subarray(i * size, (i + 1) * size)]);
  });
}

/** Part of a message of which more is to come; the receiver gives up 20 s after its first octets. */
export type ProxyPending = ProxyMessage | undefined;

/** What one proxy PDU led to. */
export interface ProxyStep {
  readonly pending: ProxyPending;
  readonly message?: ProxyMessage;
  /** Why octets were thrown away. The standard has the connection closed then; whether to do so is the caller's choice. */
  readonly problem?: string;
}

/** Takes the next proxy PDU of a connection. */
export function joinProxy(pending: ProxyPending, pdu: Uint8Array): ProxyStep {
  const first = pdu[0];
  if (first === undefined) return { pending, problem: 'empty proxy PDU' };
  const type = first & 0x3f;
  const payload = Buffer.from(pdu).subarray(1);
  switch (first >> 6) {
    case SAR.COMPLETE:
      return { pending: undefined, message: { type, payload }, ...dropped(pending, 'a complete message') };
    case SAR.FIRST:
      return { pending: { type, payload }, ...dropped(pending, 'another first segment') };
    default: {
      if (pending === undefined) return { pending, problem: `segment without a first one (type ${type})` };
      if (pending.type !== type)
        return { pending: undefined, problem: `segment of type ${type} within type ${pending.type}` };
      const joined = { type, payload: Buffer.concat([pending.payload, payload]) };
      return first >> 6 === SAR.LAST ? { pending: undefined, message: joined } : { pending: joined };
    }
  }
}

/** What a new message cut off, where it did. */
function dropped(pending: ProxyPending, by: string): { problem?: string } {
  return pending === undefined
    ? {}
    : { problem: `${pending.payload.length} octets of type ${pending.type} cut off by ${by}` };
}

/** Filter of a proxy connection: pass only listed addresses, or all but the listed ones. */
export const filterType = { ACCEPT_LIST: 0, REJECT_LIST: 1 } as const;

/** Proxy configuration messages (6.6): opcode, name and layout, all big-endian. */
export const proxyConfiguration = {
  setFilterType: { opcode: 0x00, name: 'Set Filter Type', layout: { filter: uint(8, { of: filterType }) } },
  addAddresses: { opcode: 0x01, name: 'Add Addresses To Filter', layout: { addresses: list({ address }) } },
  removeAddresses: { opcode: 0x02, name: 'Remove Addresses From Filter', layout: { addresses: list({ address }) } },
  filterStatus: { opcode: 0x03, name: 'Filter Status', layout: { filter: uint(8, { of: filterType }), listSize: u16 } },
} as const;

/** One kind of proxy configuration message. */
export interface ProxyConfigurationType<L extends Layout> {
  readonly opcode: number;
  readonly name: string;
  readonly layout: L;
}

/** Octets of a proxy configuration message: opcode and parameters. */
export function encodeProxyConfiguration<const L extends Layout>(
  type: ProxyConfigurationType<L>,
  value: Value<L>,
): Buffer {
  const w = new Writer('big').bits(8, type.opcode, 'opcode');
  writeLayout(type.layout, value, w);
  return w.done();
}

/** The value of a proxy configuration message of this type; undefined for another opcode. Throws FrameError. */
export function decodeProxyConfiguration<const L extends Layout>(
  type: ProxyConfigurationType<L>,
  octets: Uint8Array,
): Value<L> | undefined {
  const r = new Reader(octets, 'big');
  if (r.bits(8, 'opcode') !== type.opcode) return undefined;
  const value = readLayout(type.layout, r);
  r.end(type.name);
  return value;
}

/** One line for a person; never throws for what a device sends. */
export function printProxyConfiguration(octets: Uint8Array): string {
  const { setFilterType, addAddresses, removeAddresses, filterStatus } = proxyConfiguration;
  try {
    for (const type of [
      setFilterType,
      addAddresses,
      removeAddresses,
      filterStatus,
    ] as ProxyConfigurationType<Layout>[]) {
      const value = decodeProxyConfiguration(type, octets);
      if (value !== undefined) return `${type.name}: ${printLayout(type.layout, value)}`;
    }
  } catch (error) {
    return `malformed proxy configuration: ${(error as FrameError).message}`;
  }
  return `unknown proxy configuration opcode ${hexNumber(octets[0] ?? 0, 2)}`;
}
