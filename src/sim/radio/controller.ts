import { TesterError } from '../../core/errors.ts';
import { below, octets, type Random } from '../../core/random.ts';
import { H4Framer, h4Type } from '../../link/ble/h4.ts';
import { Advertiser } from './advertiser.ts';
import { commandNamed } from './commands.ts';
import { Connection, type ConnectionOwner } from './connection.ts';
import {
  aclBuffers,
  aclPacket,
  advType,
  boundary,
  eventPacket,
  hciError,
  hciEvent,
  leEvent,
  printAddress,
  type RadioAddress,
  role,
  sameAddress,
  u16,
} from './hci.ts';
import type { ConnectionParameters, LinkEnd } from './linkLayer.ts';
import type { AirAdvert, Medium, Radio } from './medium.ts';

const ACL_HEADER_OCTETS = 5;
const FIRST_HANDLE = 0x40;
const RSSI = { strongest: -40, span: 20 } as const;
/** Event masks after a reset (7.3.1 and 7.8.1): without the host's word, LE events are not sent. */
const MASKS_AFTER_RESET = { events: 0x1fff_ffff_ffffn, le: 0x1fn } as const;
const UNMASKABLE: readonly number[] = [hciEvent.COMMAND_COMPLETE, hciEvent.COMMAND_STATUS, hciEvent.COMPLETED_PACKETS];

/** What a host asked to be connected to. */
export interface Initiation {
  /** Undefined where the accept list says whom. */
  readonly peer: RadioAddress | undefined;
  readonly own: RadioAddress;
  readonly parameters: ConnectionParameters;
}

export interface ControllerOptions {
  readonly medium: Medium;
  /** Public address, lowest octet first. */
  readonly address: Buffer;
  readonly random: Random;
  /** Takes whole H4 packets for the host. */
  readonly toHost: (packet: Buffer) => void;
  /** Told of what a host does that this controller does not know or allow. */
  readonly note?: (text: string) => void;
}

/** A virtual Bluetooth LE controller: HCI above, the shared medium below. Legacy advertising only. */
export class Controller implements Radio, ConnectionOwner {
  readonly medium: Medium;
  readonly random: Random;
  readonly advertiser: Advertiser;
  readonly connections = new Map<number, Connection>();
  acceptList: RadioAddress[] = [];
  masks: { events: bigint; le: bigint } = { ...MASKS_AFTER_RESET };
  randomAddress: Buffer | undefined;
  scan = { on: false, active: false, filterDuplicates: false, acceptListOnly: false };
  initiation: Initiation | undefined;
  readonly #options: ControllerOptions;
  readonly #framer: H4Framer;
  readonly #leave: () => void;
  readonly #reported = new Set<string>();
  #nextHandle = FIRST_HANDLE;

  constructor(options: ControllerOptions) {
    this.#options = options;
    this.medium = options.medium;
    this.random = options.random;
    this.advertiser = new Advertiser(this.medium.ticks, options.random, (advert) =>
      this.medium.advertise(this, advert),
    );
    this.#framer = new H4Framer({
      packet: (packet) => this.#packet(packet),
      problem: (text, raw) => this.note(`${text} [${raw.subarray(0, 16).toString('hex')}]`),
    });
    this.#leave = this.medium.join(this);
  }

  get publicAddress(): Buffer {
    return this.#options.address;
  }

  /** The address that the host means by an own address type; undefined where it has set no random one. */
  ownAddress(type: number): RadioAddress | undefined {
    const random = (type & 1) === 1;
    const chosen = random ? this.randomAddress : this.#options.address;
    return chosen && { random, octets: chosen };
  }

  /** Takes octets from the host, cut anywhere. */
  feed(chunk: Buffer): void {
    this.#framer.push(chunk);
  }

  note(text: string): void {
    this.#options.note?.(text);
  }

  /** Forgets everything, as after power-on. The other sides of connections notice by their supervision timeouts. */
  reset(): void {
    this.advertiser.reset();
    for (const connection of this.connections.values()) connection.gone = true;
    this.connections.clear();
    this.acceptList = [];
    this.masks = { ...MASKS_AFTER_RESET };
    this.randomAddress = undefined;
    this.stopScan();
    this.initiation = undefined;
  }

  /** The host is gone: off the air without a word. */
  close(): void {
    this.#framer.end();
    this.reset();
    this.#leave();
  }

  startScan(filterDuplicates: boolean): void {
    this.#reported.clear();
    this.scan = { ...this.scan, on: true, filterDuplicates };
  }

  stopScan(): void {
    this.scan = { ...this.scan, on: false };
  }

  /** Tells the host that no connection came about. */
  connectionFailed({ peer, parameters }: Initiation, status: number): void {
    const nobody = { random: false, octets: Buffer.alloc(6) };
    this.#connectionComplete(status, 0, role.CENTRAL, peer ?? nobody, parameters);
  }

  event(code: number, parameters: Buffer): void {
    const masked = (this.masks.events & (1n << BigInt(code - 1))) === 0n;
    if (UNMASKABLE.includes(code) || !masked) this.#options.toHost(eventPacket(code, parameters));
  }

  leEvent(subevent: number, parameters: Buffer): void {
    if (!this.#wantsLe(subevent)) return;
    this.event(hciEvent.LE_META, Buffer.concat([Buffer.of(subevent), parameters]));
  }

  acl(handle: number, flag: number, data: Buffer): void {
    this.#options.toHost(aclPacket(handle, flag, data));
  }

  forget(handle: number): void {
    this.connections.delete(handle);
  }

  hear(advert: AirAdvert): 'scan' | 'connect' | undefined {
    const wanted = this.initiation;
    if (wanted !== undefined && advert.type === advType.CONNECTABLE) {
      const peers = wanted.peer === undefined ? this.acceptList : [wanted.peer];
      if (peers.some((peer) => sameAddress(peer, advert.from))) return 'connect';
    }
    if (!this.scan.on) return undefined;
    if (this.scan.acceptListOnly && !this.acceptList.some((peer) => sameAddress(peer, advert.from))) return undefined;
    this.#report(advert.type, advert.from, advert.data);
    return this.scan.active && advert.type !== advType.NON_CONNECTABLE ? 'scan' : undefined;
  }

  hearScanResponse({ from, scanResponse }: AirAdvert): void {
    if (this.scan.on) this.#report(advType.SCAN_RESPONSE, from, scanResponse);
  }

  acceptsConnection(): boolean {
    return this.advertiser.on && this.advertiser.parameters.type === advType.CONNECTABLE;
  }

  joinAsCentral(advert: AirAdvert): { end: LinkEnd; parameters: ConnectionParameters; address: RadioAddress } {
    const wanted = this.initiation;
    if (wanted === undefined) throw new TesterError('radio', 'a connection that nobody asked for');
    this.initiation = undefined;
    const end = this.#newConnection();
    this.#connectionComplete(hciError.SUCCESS, end.handle, role.CENTRAL, advert.from, wanted.parameters);
    return { end, parameters: wanted.parameters, address: wanted.own };
  }

  joinAsPeripheral(central: RadioAddress, parameters: ConnectionParameters): LinkEnd {
    this.advertiser.stop();
    const end = this.#newConnection();
    this.#connectionComplete(hciError.SUCCESS, end.handle, role.PERIPHERAL, central, parameters);
    return end;
  }

  #newConnection(): Connection {
    const connection = new Connection(this.#nextHandle++, this);
    this.connections.set(connection.handle, connection);
    return connection;
  }

  #packet(packet: Buffer): void {
    if (packet[0] === h4Type.COMMAND) return this.#command(packet.readUInt16LE(1), packet.subarray(4));
    if (packet[0] === h4Type.ACL) return this.#acl(packet);
    this.note(`packet of type ${packet[0] ?? 0} from the host: not supported`);
  }

  #command(opcode: number, parameters: Buffer): void {
    const command = commandNamed(opcode);
    if (command === undefined) {
      this.note(`HCI command 0x${opcode.toString(16).padStart(4, '0')}: not known`);
      return this.#complete(opcode, Buffer.of(hciError.UNKNOWN_COMMAND));
    }
    if (parameters.length < command.octets) {
      this.note(`${command.name}: ${parameters.length} octets of parameters, expected ${command.octets}`);
      if (command.answer === 'complete') this.#complete(opcode, Buffer.of(hciError.INVALID_PARAMETERS));
      else this.#status(opcode, hciError.INVALID_PARAMETERS);
      return;
    }
    if (command.answer === 'complete') {
      const { result, after } = command.run(this, parameters);
      this.#complete(opcode, result);
      return after?.();
    }
    const { status, after } = command.run(this, parameters);
    this.#status(opcode, status);
    after?.();
  }

  #complete(opcode: number, result: Buffer): void {
    this.event(hciEvent.COMMAND_COMPLETE, Buffer.concat([Buffer.of(1), u16(opcode), result]));
  }

  #status(opcode: number, status: number): void {
    this.event(hciEvent.COMMAND_STATUS, Buffer.concat([Buffer.of(status, 1), u16(opcode)]));
  }

  /** Data for a handle that has just gone is dropped without a word, as the host could not know. */
  #acl(packet: Buffer): void {
    const word = packet.readUInt16LE(1);
    const connection = this.connections.get(word & 0xfff);
    if (connection === undefined || connection.ending !== undefined) return;
    const data = packet.subarray(ACL_HEADER_OCTETS);
    const full =
      [...this.connections.values()].reduce((sum, each) => sum + each.outgoing.length, 0) >= aclBuffers.count;
    if (full || data.length > aclBuffers.octets) {
      this.note(`${data.length} octets of ACL data more than the buffers hold: dropped`);
      return this.event(hciEvent.BUFFER_OVERFLOW, Buffer.of(1));
    }
    connection.outgoing.push({ continues: ((word >> 12) & 3) === boundary.CONTINUES, data: Buffer.from(data) });
  }

  #report(type: number, { random, octets: address }: RadioAddress, data: Buffer): void {
    const key = `${type} ${printAddress({ octets: address })} ${data.toString('hex')}`;
    if (this.scan.filterDuplicates && this.#reported.has(key)) return;
    this.#reported.add(key);
    const rssi = Buffer.of(RSSI.strongest - below(this.random, RSSI.span));
    const head = Buffer.of(1, type, random ? 1 : 0);
    this.leEvent(leEvent.ADVERTISING_REPORT, Buffer.concat([head, address, Buffer.of(data.length), data, rssi]));
  }

  #connectionComplete(
    status: number,
    handle: number,
    own: number,
    peer: RadioAddress,
    { interval, latency, supervisionTimeout }: ConnectionParameters,
  ): void {
    const head = Buffer.concat([Buffer.of(status), u16(handle), Buffer.of(own, peer.random ? 1 : 0), peer.octets]);
    const tail = Buffer.concat([u16(interval), u16(latency), u16(supervisionTimeout), Buffer.of(0)]);
    if (this.#wantsLe(leEvent.ENHANCED_CONNECTION_COMPLETE))
      this.leEvent(leEvent.ENHANCED_CONNECTION_COMPLETE, Buffer.concat([head, Buffer.alloc(12), tail]));
    else this.leEvent(leEvent.CONNECTION_COMPLETE, Buffer.concat([head, tail]));
  }

  #wantsLe(subevent: number): boolean {
    return (this.masks.le & (1n << BigInt(subevent - 1))) !== 0n;
  }

  /** Octets from the controller's own reproducible source. */
  randomOctets(count: number): Buffer {
    return octets(this.random, count);
  }
}
