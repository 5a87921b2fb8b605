import { octets, reserved, u16, u32, u8, longNumber } from '../../../core/layout/fields.ts';
import { encodeLayout } from '../../../core/layout/layout.ts';
import { Reader } from '../../../core/layout/cursor.ts';
import { readLayout } from '../../../core/layout/layout.ts';

/** Items of the dongle's non-volatile memory that its own firmware reads or writes. */
export const nvItem = {
  EXTENDED_ADDRESS: 0x0001,
  STARTUP_OPTION: 0x0003,
  NIB: 0x0021,
  EXTENDED_PAN: 0x002d,
  ACTIVE_KEY: 0x003a,
  ALTERNATE_KEY: 0x003b,
  LINK_KEYS: 0x004c,
  CONFIGURED: 0x0060,
  PRECONFIGURED_KEY: 0x0062,
  NETWORK_KEY: 0x0082,
  PAN: 0x0083,
  CHANNELS: 0x0084,
} as const;

/** Tables of the second kind of memory, all of system 1. */
export const nvTable = { ADDRESSES: 1, TRUST_CENTER_KEYS: 4, APS_KEYS: 6, SECURITY_MATERIAL: 7 } as const;

/** The network as the dongle knows it. */
export interface Network {
  readonly pan: number;
  /** 16 hex digits, from the high octet down. */
  readonly extendedPan: string;
  /** 32 hex digits. */
  readonly key: string;
  readonly channel: number;
}

/** The network information base of Z-Stack, packed; fields that neither side uses here are 0. */
const nib = {
  before: reserved(8 * 12),
  securityLevel: u8,
  symmetricLink: u8,
  capabilities: u8,
  persistenceTime: u16,
  protocolVersion: u8,
  discovery: reserved(8 * 2),
  address: u16,
  channel: u8,
  coordinatorAddress: u16,
  coordinatorIeee: longNumber(8),
  pan: u16,
  state: u8,
  channels: u32,
  superframe: reserved(8 * 4),
  allocated: reserved(8 * 8),
  depth: u8,
  extendedPan: longNumber(8),
  keyLoaded: u8,
  spare: reserved(8 * 36),
  routing: reserved(8 * 7),
  manager: u16,
  transmissions: u16,
  updateId: u8,
} as const;

/** Octets of the NIB item that describe a running network. */
export function writeNib({ pan, extendedPan, channel }: Network, ieee: string): Buffer {
  return encodeLayout(
    nib,
    {
      securityLevel: 5,
      symmetricLink: 1,
      capabilities: 0x8f,
      persistenceTime: 7,
      protocolVersion: 2,
      address: 0,
      channel,
      coordinatorAddress: 0,
      coordinatorIeee: ieee,
      pan,
      state: 8,
      channels: 1 << channel,
      depth: 0,
      extendedPan,
      keyLoaded: 1,
      manager: 0,
      transmissions: 0,
      updateId: 0,
    },
    'little',
  );
}

/** What the NIB and the active key say about the network; undefined where there is none. */
export function readNetwork(nibOctets: Buffer | undefined, keyOctets: Buffer | undefined): Network | undefined {
  if (nibOctets === undefined || keyOctets === undefined) return undefined;
  const { pan, extendedPan, channel } = readLayout(nib, new Reader(nibOctets, 'little'));
  return { pan, extendedPan, channel, key: readLayout(keyInfo, new Reader(keyOctets, 'little')).key.toString('hex') };
}

/** A network key with its sequence number. */
const keyInfo = { sequence: u8, key: octets(16) } as const;

/** Octets of the two key items. */
export function writeKey(key: string): Buffer {
  return encodeLayout(keyInfo, { sequence: 0, key: Buffer.from(key, 'hex') }, 'little');
}

/** One row of the table of addresses: a neighbour, or a free row. */
const addressRow = { user: u8, address: u16, ieee: longNumber(8) } as const;
export const FREE_ADDRESS = encodeLayout(addressRow, { user: 0, address: 0xfffe, ieee: 'ffffffffffffffff' }, 'little');
/** Row of a device that joined at this dongle. */
export function addressOf(address: number, ieee: string): Buffer {
  return encodeLayout(addressRow, { user: 1, address, ieee }, 'little');
}

/** Tables as they are in an empty memory: rows, and what a free row holds. */
export const EMPTY_TABLES: readonly { readonly item: number; readonly rows: number; readonly free: Buffer }[] = [
  { item: nvTable.ADDRESSES, rows: 16, free: FREE_ADDRESS },
  { item: nvTable.TRUST_CENTER_KEYS, rows: 16, free: Buffer.alloc(19) },
  { item: nvTable.APS_KEYS, rows: 16, free: Buffer.alloc(24) },
  { item: nvTable.SECURITY_MATERIAL, rows: 12, free: Buffer.concat([Buffer.alloc(4), Buffer.alloc(8, 0xff)]) },
];

/** Octets of the link key table: the number of rows in use, then sixteen free ones. */
export const EMPTY_LINK_KEYS = Buffer.alloc(2 + 16 * 5);
/** Octets of the network key item: packed, by which a host learns that all items are. */
export const EMPTY_NETWORK_KEY = Buffer.alloc(21);

/** The memory: items by number, and rows of tables by `item/row`. Saved as hex. */
export interface SavedMemory {
  readonly items: Readonly<Record<string, string>>;
  readonly rows: Readonly<Record<string, string>>;
}

/** Non-volatile memory of the dongle; `changed` is called after every change. */
export class NvMemory {
  readonly items = new Map<number, Buffer>();
  readonly rows = new Map<string, Buffer>();
  readonly #changed: (saved: SavedMemory) => void;

  constructor(saved: SavedMemory | undefined, changed: (saved: SavedMemory) => void) {
    this.#changed = changed;
    this.wipe();
    for (const [id, hex] of Object.entries(saved?.items ?? {})) this.items.set(Number(id), Buffer.from(hex, 'hex'));
    for (const [key, hex] of Object.entries(saved?.rows ?? {})) this.rows.set(key, Buffer.from(hex, 'hex'));
  }

  /** Back to the state of a new dongle. */
  wipe(): void {
    this.items.clear();
    this.rows.clear();
    this.items.set(nvItem.LINK_KEYS, EMPTY_LINK_KEYS);
    this.items.set(nvItem.NETWORK_KEY, EMPTY_NETWORK_KEY);
    for (const { item, rows, free } of EMPTY_TABLES)
      for (let row = 0; row < rows; row++) this.rows.set(rowKey(item, row), free);
  }

  set(id: number, value: Buffer): void {
    this.items.set(id, value);
    this.save();
  }

  save(): void {
    const hex = <K>(map: ReadonlyMap<K, Buffer>): Record<string, string> =>
      Object.fromEntries([...map].map(([key, value]) => [String(key), value.toString('hex')]));
    this.#changed({ items: hex(this.items), rows: hex(this.rows) });
  }
}

/** Where a row of a table is kept. */
export function rowKey(item: number, row: number): string {
  return `${item}/${row}`;
}

/** Puts octets into an item from this offset on; undefined where they do not fit. */
export function patched(item: Buffer | undefined, offset: number, value: Buffer): Buffer | undefined {
  if (item === undefined || offset + value.length > item.length) return undefined;
  const whole = Buffer.from(item);
  value.copy(whole, offset);
  return whole;
}
