import {
  addressOf,
  FREE_ADDRESS,
  nvItem,
  nvTable,
  type Network,
  type NvMemory,
  patched,
  readNetwork,
  rowKey,
  writeKey,
  writeNib,
} from './nv.ts';
import { mtStatus } from './status.ts';

/** A row of a table as the host names it. */
interface Row {
  readonly item: number;
  readonly entry: number;
}

/** The most octets of an item that one answer carries. */
const CHUNK = 240;
/** What a host leaves in the dongle when it has formed a network. */
const HOST_IS_DONE = 0x55;
/** Bits of the startup option: forget the settings, forget the network. */
const CLEAR = 0x03;

/** The memory as the commands of the host and the firmware of the dongle see it. */
export class Memory {
  readonly #nv: NvMemory;
  readonly #ieee: string;
  /** Of the network; read often, written hardly ever. */
  #known: Network | undefined;

  constructor(nv: NvMemory, ieee: string) {
    this.#nv = nv;
    this.#ieee = ieee;
    this.#refresh();
  }

  /** The dongle's EUI-64: its own, or the one that a backup brought. */
  get ieee(): string {
    const item = this.#nv.items.get(nvItem.EXTENDED_ADDRESS);
    return item?.length === 8 ? Buffer.from(item).reverse().toString('hex') : this.#ieee;
  }

  get network(): Network | undefined {
    return this.#known;
  }

  /** Forms a network by what the host wrote; false where something is missing. */
  form(): boolean {
    const [pan, extended, key, channels] = [
      nvItem.PAN,
      nvItem.EXTENDED_PAN,
      nvItem.PRECONFIGURED_KEY,
      nvItem.CHANNELS,
    ].map((id) => this.#nv.items.get(id));
    if (pan === undefined || extended === undefined || key === undefined || channels === undefined) return false;
    this.#install({
      pan: pan.readUInt16LE(0),
      extendedPan: Buffer.from(extended).reverse().toString('hex'),
      key: key.toString('hex'),
      channel: 31 - Math.clz32(channels.readUInt32LE(0) & -channels.readUInt32LE(0)),
    });
    return true;
  }

  /** Puts a network into an empty memory, as if a host had formed it. */
  provide(network: Network): void {
    this.#nv.items.set(nvItem.CONFIGURED, Buffer.of(HOST_IS_DONE));
    this.#install(network);
  }

  #install(network: Network): void {
    const { items } = this.#nv;
    items.set(nvItem.NIB, writeNib(network, this.ieee));
    items.set(nvItem.ACTIVE_KEY, writeKey(network.key));
    items.set(nvItem.ALTERNATE_KEY, writeKey(network.key));
    items.set(nvItem.PRECONFIGURED_KEY, Buffer.from(network.key, 'hex'));
    this.#saved();
  }

  /** What a restart does: an order to forget everything, left by the host, is carried out. */
  reset(): void {
    const option = this.#nv.items.get(nvItem.STARTUP_OPTION)?.[0] ?? 0;
    if ((option & CLEAR) !== 0) this.#nv.wipe();
    this.#saved();
  }

  remember(address: number, ieee: string): void {
    const rows = [...this.#nv.rows].filter(([key]) => key.startsWith(`${nvTable.ADDRESSES}/`));
    const known = rows.find(([, row]) => row.equals(addressOf(address, ieee)));
    const [free] = known ?? rows.find(([, row]) => row.equals(FREE_ADDRESS)) ?? [];
    if (free === undefined) return;
    this.#nv.rows.set(free, addressOf(address, ieee));
    this.#saved();
  }

  forget(ieee: string): void {
    const octets = Buffer.from(ieee, 'hex').reverse();
    for (const [key, row] of this.#nv.rows)
      if (key.startsWith(`${nvTable.ADDRESSES}/`) && row.subarray(3).equals(octets))
        this.#nv.rows.set(key, FREE_ADDRESS);
    this.#saved();
  }

  length(id: number): number {
    return this.#nv.items.get(id)?.length ?? 0;
  }

  read(id: number, offset: number): { status: number; value: Buffer } {
    const item = this.#nv.items.get(id);
    if (item === undefined || offset > item.length) return nothing();
    return { status: mtStatus.SUCCESS, value: item.subarray(offset, offset + CHUNK) };
  }

  create(id: number, length: number, value: Buffer): number {
    if (this.#nv.items.has(id)) return mtStatus.SUCCESS;
    const item = Buffer.alloc(Math.max(length, value.length));
    value.copy(item);
    this.#nv.items.set(id, item);
    this.#saved();
    return mtStatus.NV_ITEM_CREATED;
  }

  write(id: number, offset: number, value: Buffer): number {
    const item = patched(this.#nv.items.get(id), offset, value);
    if (item === undefined) return mtStatus.NV_OPERATION_FAILED;
    this.#nv.items.set(id, item);
    this.#saved();
    return mtStatus.SUCCESS;
  }

  remove(id: number): number {
    const found = this.#nv.items.delete(id);
    this.#saved();
    return found ? mtStatus.SUCCESS : mtStatus.NV_OPERATION_FAILED;
  }

  rowLength({ item, entry }: Row): number {
    return this.#nv.rows.get(rowKey(item, entry))?.length ?? 0;
  }

  readRow({ item, entry, offset, length }: Row & { offset: number; length: number }): {
    status: number;
    value: Buffer;
  } {
    const row = this.#nv.rows.get(rowKey(item, entry));
    if (row === undefined) return nothing();
    return { status: mtStatus.SUCCESS, value: row.subarray(offset, offset + length) };
  }

  createRow({ item, entry, length }: Row & { length: number }): number {
    this.#nv.rows.set(rowKey(item, entry), Buffer.alloc(length));
    this.#saved();
    return mtStatus.SUCCESS;
  }

  writeRow({ item, entry, offset, value }: Row & { offset: number; value: Buffer }): number {
    const row = patched(this.#nv.rows.get(rowKey(item, entry)), offset, value);
    if (row === undefined) return mtStatus.NV_OPERATION_FAILED;
    this.#nv.rows.set(rowKey(item, entry), row);
    this.#saved();
    return mtStatus.SUCCESS;
  }

  removeRow({ item, entry }: Row): number {
    const found = this.#nv.rows.delete(rowKey(item, entry));
    this.#saved();
    return found ? mtStatus.SUCCESS : mtStatus.NV_OPERATION_FAILED;
  }

  #saved(): void {
    this.#refresh();
    this.#nv.save();
  }

  #refresh(): void {
    this.#known = readNetwork(this.#nv.items.get(nvItem.NIB), this.#nv.items.get(nvItem.ACTIVE_KEY));
  }
}

function nothing(): { status: number; value: Buffer } {
  return { status: mtStatus.NV_OPERATION_FAILED, value: Buffer.alloc(0) };
}
