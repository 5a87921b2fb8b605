import { counted, longNumber, octets, rest, times, u16, u32, u8 } from '../../../core/layout/fields.ts';
import type { Layout } from '../../../core/layout/layout.ts';
import { subsystem } from './frame.ts';

const { SYS, AF, ZDO, UTIL, APP_CONFIG } = subsystem;
/** An EUI-64 or extended PAN id, from the high octet down. */
const eui64 = longNumber(8);
const status = { status: u8 } as const;
const u16s = (countName: string) => times(countName, u16);

/** A command of the host that the dongle answers at once. All numbers are little-endian. */
export interface Request<Q extends Layout = Layout, R extends Layout = Layout> {
  readonly subsystem: number;
  readonly id: number;
  readonly request: Q;
  readonly response: R;
}

/** A message of the dongle that answers nothing. */
export interface Indication<L extends Layout = Layout> {
  readonly subsystem: number;
  readonly id: number;
  readonly layout: L;
}

function request<const Q extends Layout, const R extends Layout>(
  part: number,
  id: number,
  asked: Q,
  response: R,
): Request<Q, R> {
  return { subsystem: part, id, request: asked, response };
}

function indication<const L extends Layout>(part: number, id: number, layout: L): Indication<L> {
  return { subsystem: part, id, layout };
}

/** Where a frame of the application goes and what is in it. */
const dataHead = {
  endpoint: u8,
  sourceEndpoint: u8,
  cluster: u16,
  transaction: u8,
  options: u8,
  radius: u8,
} as const;

/** What the dongle answers, as the monitor-and-test guide of Z-Stack 3.x.0 lays it out. */
export const requests = {
  ping: request(SYS, 0x01, {}, { capabilities: u16 }),
  version: request(SYS, 0x02, {}, { transport: u8, product: u8, major: u8, minor: u8, maintenance: u8, revision: u32 }),
  extendedAddress: request(SYS, 0x04, {}, { ieee: eui64 }),
  nvInit: request(SYS, 0x07, { id: u16, length: u16, value: counted(8) }, status),
  nvRead: request(SYS, 0x08, { id: u16, offset: u8 }, { status: u8, value: counted(8) }),
  nvWrite: request(SYS, 0x09, { id: u16, offset: u8, value: counted(8) }, status),
  stackTune: request(SYS, 0x0f, { operation: u8, value: u8 }, { value: u8 }),
  nvDelete: request(SYS, 0x12, { id: u16, length: u16 }, status),
  nvLength: request(SYS, 0x13, { id: u16 }, { length: u16 }),
  nvReadLong: request(SYS, 0x1c, { id: u16, offset: u16 }, { status: u8, value: counted(8) }),
  nvWriteLong: request(SYS, 0x1d, { id: u16, offset: u16, value: counted(16) }, status),
  tableCreate: request(SYS, 0x30, { system: u8, item: u16, entry: u16, length: u32 }, status),
  tableDelete: request(SYS, 0x31, { system: u8, item: u16, entry: u16 }, status),
  tableLength: request(SYS, 0x32, { system: u8, item: u16, entry: u16 }, { length: u8 }),
  tableRead: request(
    SYS,
    0x33,
    { system: u8, item: u16, entry: u16, offset: u16, length: u8 },
    { status: u8, value: counted(8) },
  ),
  tableWrite: request(SYS, 0x34, { system: u8, item: u16, entry: u16, offset: u16, value: counted(8) }, status),
  deviceInfo: request(
    UTIL,
    0x00,
    {},
    { status: u8, ieee: eui64, address: u16, type: u8, state: u8, count: u8, children: u16s('count') },
  ),
  ledControl: request(UTIL, 0x0a, { led: u8, mode: u8 }, status),
  childByAddress: request(UTIL, 0x4a, { ieee: eui64, address: u16 }, { address: u16, index: u16, relation: u8 }),
  childRemove: request(UTIL, 0x63, { ieee: eui64 }, status),
  childAdd: request(UTIL, 0x64, { ieee: eui64, address: u16, relation: u8 }, status),
  register: request(
    AF,
    0x00,
    {
      endpoint: u8,
      profile: u16,
      device: u16,
      version: u8,
      latency: u8,
      inCount: u8,
      inClusters: u16s('inCount'),
      outCount: u8,
      outClusters: u16s('outCount'),
    },
    status,
  ),
  data: request(AF, 0x01, { address: u16, ...dataHead, data: counted(8) }, status),
  dataExtended: request(
    AF,
    0x02,
    {
      mode: u8,
      address: octets(8),
      endpoint: u8,
      pan: u16,
      sourceEndpoint: u8,
      cluster: u16,
      transaction: u8,
      options: u8,
      radius: u8,
      data: counted(16),
    },
    status,
  ),
  dataRetrieve: request(AF, 0x12, { timestamp: u32, index: u16, length: u8 }, { status: u8, data: counted(8) }),
  startup: request(ZDO, 0x40, { delay: u16 }, status),
  routeDiscovery: request(ZDO, 0x45, { address: u16, options: u8, radius: u8 }, status),
  findGroup: request(ZDO, 0x4a, { endpoint: u8, group: u16 }, { status: u8, group: u16, name: counted(8) }),
  addGroup: request(ZDO, 0x4b, { endpoint: u8, group: u16, name: counted(8) }, status),
  networkInfo: request(
    ZDO,
    0x50,
    {},
    { address: u16, state: u8, pan: u16, parent: u16, extendedPan: eui64, parentIeee: eui64, channel: u8 },
  ),
  addInstallCode: request(APP_CONFIG, 0x04, { format: u8, ieee: eui64, code: rest() }, status),
  commission: request(APP_CONFIG, 0x05, { mode: u8 }, status),
  setChannel: request(APP_CONFIG, 0x08, { primary: u8, channels: u32 }, status),
} as const;

/** Number of the one command that gets no answer of its own: a reset, reported by `indications.reset` when it is done. */
export const RESET = { subsystem: SYS, id: 0x00 } as const;

/** What the dongle says by itself. */
export const indications = {
  reset: indication(SYS, 0x80, { reason: u8, transport: u8, product: u8, major: u8, minor: u8, hardware: u8 }),
  confirm: indication(AF, 0x80, { status: u8, endpoint: u8, transaction: u8 }),
  incoming: indication(AF, 0x81, {
    group: u16,
    cluster: u16,
    address: u16,
    sourceEndpoint: u8,
    endpoint: u8,
    broadcast: u8,
    linkQuality: u8,
    secured: u8,
    timestamp: u32,
    sequence: u8,
    data: counted(8),
    parent: u16,
    radius: u8,
  }),
  incomingLong: indication(AF, 0x82, {
    group: u16,
    cluster: u16,
    mode: u8,
    address: octets(8),
    sourceEndpoint: u8,
    pan: u16,
    endpoint: u8,
    broadcast: u8,
    linkQuality: u8,
    secured: u8,
    timestamp: u32,
    sequence: u8,
    /** Of the data, which the host fetches with `dataRetrieve`. */
    length: u16,
  }),
  state: indication(ZDO, 0xc0, { state: u8 }),
  left: indication(ZDO, 0xc9, { address: u16, ieee: eui64, request: u8, children: u8, rejoin: u8 }),
  joined: indication(ZDO, 0xca, { address: u16, ieee: eui64, parent: u16 }),
} as const;
