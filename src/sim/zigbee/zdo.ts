import { longNumber, times, u16, u8 } from '../../core/layout/fields.ts';
import { FrameError, Reader } from '../../core/layout/cursor.ts';
import { encodeLayout, type Layout, readLayout, type Value } from '../../core/layout/layout.ts';

/** Messages of the Zigbee device profile that are used here, by cluster; the answer has bit 15 set. */
export const zdo = {
  NETWORK_ADDRESS: 0x0000,
  IEEE_ADDRESS: 0x0001,
  NODE_DESCRIPTOR: 0x0002,
  POWER_DESCRIPTOR: 0x0003,
  SIMPLE_DESCRIPTOR: 0x0004,
  ACTIVE_ENDPOINTS: 0x0005,
  MATCH_DESCRIPTOR: 0x0006,
  DEVICE_ANNOUNCE: 0x0013,
  MANAGE_LQI: 0x0031,
  MANAGE_LEAVE: 0x0034,
  MANAGE_PERMIT_JOINING: 0x0036,
  RESPONSE: 0x8000,
} as const;

/** Statuses of the device profile. */
export const zdoStatus = {
  SUCCESS: 0x00,
  INVALID_ENDPOINT: 0x82,
  NOT_SUPPORTED: 0x84,
  DEVICE_NOT_FOUND: 0x81,
} as const;

const eui64 = longNumber(8);

/** What follows the sequence number in the requests and announcements. */
export const zdoLayout = {
  networkAddress: { ieee: eui64, type: u8, start: u8 },
  ieeeAddress: { address: u16, type: u8, start: u8 },
  ofInterest: { address: u16 },
  simpleDescriptor: { address: u16, endpoint: u8 },
  matchDescriptor: {
    address: u16,
    profile: u16,
    inCount: u8,
    inClusters: times('inCount', u16),
    outCount: u8,
    outClusters: times('outCount', u16),
  },
  announce: { address: u16, ieee: eui64, capabilities: u8 },
  leave: { ieee: eui64, flags: u8 },
  permitJoining: { seconds: u8, significance: u8 },
} as const;

/** One endpoint as its simple descriptor tells of it. */
export interface Endpoint {
  readonly endpoint: number;
  readonly profile: number;
  readonly device: number;
  readonly version: number;
  readonly inClusters: readonly number[];
  readonly outClusters: readonly number[];
}

/** What a station tells of itself. */
export interface Description {
  readonly address: number;
  readonly ieee: string;
  /** Logical type of the node descriptor: 0 coordinator, 1 router. */
  readonly type: 0 | 1;
  readonly manufacturer: number;
  readonly endpoints: readonly Endpoint[];
}

/** MAC capabilities: mains powered, full function, receiver always on, and whether an alternate coordinator. */
export const CAPABILITIES = 0x8e;
/** Primary trust centre and network manager, and revision 22 of the stack. */
const SERVER_MASK = { 0: 0x2c41, 1: 0x2c00 } as const;
const LARGEST_TRANSFER = 0x00a0;

/** Reads a request; undefined where it is too short. */
export function readZdo<const L extends Layout>(layout: L, payload: Buffer): Value<L> | undefined {
  try {
    return readLayout(layout, new Reader(payload, 'little'));
  } catch (e) {
    if (e instanceof FrameError) return undefined;
    throw e;
  }
}

/** The octets of a request or announcement. */
export function writeZdo<const L extends Layout>(layout: L, value: Value<L>): Buffer {
  return encodeLayout(layout, value, 'little');
}

/**
 * What the station answers to a descriptor or address request, without the sequence number; undefined where it keeps silent.
 * Requests that need more than a description (leave, permit joining) are not known here.
 */
export function describe(self: Description, cluster: number, payload: Buffer, broadcast: boolean): Buffer | undefined {
  const own = Buffer.alloc(2);
  own.writeUInt16LE(self.address);
  const answer = (status: number, ...rest: Buffer[]): Buffer => Buffer.concat([Buffer.of(status), own, ...rest]);
  const address = Buffer.concat([Buffer.of(zdoStatus.SUCCESS), Buffer.from(self.ieee, 'hex').reverse(), own]);
  switch (cluster) {
    case zdo.NETWORK_ADDRESS:
      return readZdo(zdoLayout.networkAddress, payload)?.ieee === self.ieee ? address : undefined;
    case zdo.IEEE_ADDRESS:
      return readZdo(zdoLayout.ieeeAddress, payload)?.address === self.address ? address : undefined;
    case zdo.NODE_DESCRIPTOR:
      return answer(zdoStatus.SUCCESS, nodeDescriptor(self));
    case zdo.POWER_DESCRIPTOR:
      return answer(zdoStatus.SUCCESS, Buffer.of(0x10, 0xc1));
    case zdo.ACTIVE_ENDPOINTS:
      return answer(
        zdoStatus.SUCCESS,
        Buffer.of(self.endpoints.length, ...self.endpoints.map(({ endpoint }) => endpoint)),
      );
    case zdo.SIMPLE_DESCRIPTOR: {
      const wanted = readZdo(zdoLayout.simpleDescriptor, payload)?.endpoint;
      const found = self.endpoints.find(({ endpoint }) => endpoint === wanted);
      if (found === undefined) return answer(zdoStatus.INVALID_ENDPOINT, Buffer.of(0));
      const descriptor = simpleDescriptor(found);
      return answer(zdoStatus.SUCCESS, Buffer.of(descriptor.length), descriptor);
    }
    case zdo.MATCH_DESCRIPTOR: {
      const found = matching(self, payload);
      if (found.length === 0 && broadcast) return undefined;
      return answer(zdoStatus.SUCCESS, Buffer.of(found.length, ...found));
    }
    default:
      return undefined;
  }
}

/** Endpoints of the profile that have one of the clusters, on the side asked for. */
function matching({ endpoints }: Description, payload: Buffer): number[] {
  const asked = readZdo(zdoLayout.matchDescriptor, payload);
  if (asked === undefined) return [];
  return endpoints
    .filter(({ profile }) => profile === asked.profile)
    .filter(
      ({ inClusters, outClusters }) =>
        asked.inClusters.some((cluster) => inClusters.includes(cluster)) ||
        asked.outClusters.some((cluster) => outClusters.includes(cluster)),
    )
    .map(({ endpoint }) => endpoint);
}

/** 13 octets: type, frequency band, capabilities, manufacturer, buffer and transfer sizes, server mask. */
function nodeDescriptor({ type, manufacturer }: Description): Buffer {
  const descriptor = Buffer.alloc(13);
  descriptor.writeUInt8(type, 0);
  descriptor.writeUInt8(0x40, 1);
  descriptor.writeUInt8(CAPABILITIES, 2);
  descriptor.writeUInt16LE(manufacturer, 3);
  descriptor.writeUInt8(0x52, 5);
  descriptor.writeUInt16LE(LARGEST_TRANSFER, 6);
  descriptor.writeUInt16LE(SERVER_MASK[type], 8);
  descriptor.writeUInt16LE(LARGEST_TRANSFER, 10);
  return descriptor;
}

function simpleDescriptor({ endpoint, profile, device, version, inClusters, outClusters }: Endpoint): Buffer {
  const clusters = (list: readonly number[]): Buffer =>
    Buffer.concat([Buffer.of(list.length), Buffer.from(new Uint16Array(list).buffer)]);
  const head = Buffer.alloc(6);
  head.writeUInt8(endpoint, 0);
  head.writeUInt16LE(profile, 1);
  head.writeUInt16LE(device, 3);
  head.writeUInt8(version, 5);
  return Buffer.concat([head, clusters(inClusters), clusters(outClusters)]);
}
