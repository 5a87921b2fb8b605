import { Reader, FrameError } from '../../../core/layout/cursor.ts';
import { encodeLayout, type Layout, readLayout, type Value } from '../../../core/layout/layout.ts';
import {
  type Air,
  ALL_ENDPOINTS,
  type ApsFrame,
  broadcastAddress,
  COORDINATOR,
  isBroadcast,
  type Station,
  ZDP,
} from '../air.ts';
import { LinkKeys } from '../linkKey.ts';
import type { Parent } from '../node.ts';
import { type Description, describe, type Endpoint, zdo, zdoStatus } from '../zdo.ts';
import { type Indication, indications, type Request, requests, RESET } from './commands.ts';
import { encodeMt, type MtFrame, mtType, subsystem } from './frame.ts';
import type { Memory } from './memory.ts';
import { addressMode, APS_ACKNOWLEDGED, deviceState, mtStatus } from './status.ts';

/** Firmware of the dongle: Z-Stack 3.x.0. */
const VERSION = { transport: 2, product: 1, major: 2, minor: 7, maintenance: 1, revision: 20_240_710 } as const;
/** System, AF, device objects, utilities and application configuration. */
const CAPABILITIES = 0x0659;
const TEXAS_INSTRUMENTS = 0x0007;
const HARDWARE = 1;
const LINK_QUALITY = 255;
/** The most data of an incoming frame that is told at once; the rest is fetched. */
const LARGEST_INCOMING = 220;
/** RPC error: the command is not known. */
const UNKNOWN_COMMAND = 2;
/** Requests of the device profile whose data begin with the address they are sent to. */
const ADDRESSED: ReadonlySet<number> = new Set([
  zdo.NODE_DESCRIPTOR,
  zdo.POWER_DESCRIPTOR,
  zdo.SIMPLE_DESCRIPTOR,
  zdo.ACTIVE_ENDPOINTS,
  zdo.MATCH_DESCRIPTOR,
  0x0021,
  0x0022,
  zdo.MANAGE_LQI,
  0x0032,
  0x0033,
  zdo.MANAGE_LEAVE,
]);

/** What the dongle is connected with. */
export interface DongleParts {
  readonly air: Air;
  readonly memory: Memory;
  /** Octets for the host. */
  readonly toHost: (octets: Buffer) => void;
  /** The network came up, opened or closed. */
  readonly networkChanged: () => void;
}

/** A coordinator dongle that speaks TI's monitor-and-test protocol. */
export class Dongle implements Station, Parent {
  readonly address = COORDINATOR;
  readonly groups = new Set<number>();
  readonly #parts: DongleParts;
  readonly #memory: Memory;
  readonly #endpoints = new Map<number, Endpoint>();
  /** Endpoint and group. */
  readonly #memberships = new Set<string>();
  readonly #stored = new Map<number, Buffer>();
  readonly #handlers = new Map<number, (data: Buffer) => Buffer>();
  #started = false;
  #openUntil = 0;
  #sequence = 0;
  #timestamp = 0;
  readonly #children = new Set<number>();
  readonly #linkKeys = new LinkKeys();

  constructor(parts: DongleParts) {
    this.#parts = parts;
    this.#memory = parts.memory;
    parts.air.stations.add(this);
    this.#on(requests.ping, () => ({ capabilities: CAPABILITIES }));
    this.#on(requests.version, () => VERSION);
    this.#on(requests.extendedAddress, () => ({ ieee: this.ieee }));
    this.#on(requests.nvInit, ({ id, length, value }) => ({ status: this.#memory.create(id, length, value) }));
    this.#on(requests.nvRead, ({ id, offset }) => this.#memory.read(id, offset));
    this.#on(requests.nvReadLong, ({ id, offset }) => this.#memory.read(id, offset));
    this.#on(requests.nvWrite, ({ id, offset, value }) => ({ status: this.#memory.write(id, offset, value) }));
    this.#on(requests.nvWriteLong, ({ id, offset, value }) => ({ status: this.#memory.write(id, offset, value) }));
    this.#on(requests.nvDelete, ({ id }) => ({ status: this.#memory.remove(id) }));
    this.#on(requests.nvLength, ({ id }) => ({ length: this.#memory.length(id) }));
    this.#on(requests.tableCreate, (row) => ({ status: this.#memory.createRow(row) }));
    this.#on(requests.tableDelete, (row) => ({ status: this.#memory.removeRow(row) }));
    this.#on(requests.tableLength, (row) => ({ length: this.#memory.rowLength(row) }));
    this.#on(requests.tableRead, (row) => this.#memory.readRow(row));
    this.#on(requests.tableWrite, (row) => ({ status: this.#memory.writeRow(row) }));
    this.#on(requests.stackTune, ({ value }) => ({ value }));
    this.#on(requests.ledControl, () => ({ status: mtStatus.SUCCESS }));
    this.#on(requests.routeDiscovery, () => ({ status: mtStatus.SUCCESS }));
    this.#on(requests.addInstallCode, ({ format, ieee, code }) => ({
      status: this.#linkKeys.add(format, ieee, code) ? mtStatus.SUCCESS : mtStatus.INVALID_PARAMETER,
    }));
    this.#on(requests.setChannel, () => ({ status: mtStatus.SUCCESS }));
    this.#on(requests.deviceInfo, () => ({
      status: mtStatus.SUCCESS,
      ieee: this.ieee,
      address: COORDINATOR,
      type: 7,
      state: this.#state,
      count: this.#children.size,
      children: [...this.#children],
    }));
    this.#on(requests.childByAddress, ({ address }) =>
      this.#children.has(address)
        ? { address, index: 0, relation: 1 }
        : { address: 0xfffe, index: 0xffff, relation: 0xff },
    );
    this.#on(requests.childRemove, () => ({ status: mtStatus.SUCCESS }));
    this.#on(requests.childAdd, ({ address }) => {
      this.#children.add(address);
      return { status: mtStatus.SUCCESS };
    });
    this.#on(requests.register, (endpoint) => {
      this.#endpoints.set(endpoint.endpoint, endpoint);
      return { status: mtStatus.SUCCESS };
    });
    this.#on(requests.findGroup, ({ endpoint, group }) => ({
      status: this.#memberships.has(`${endpoint}/${group}`) ? mtStatus.SUCCESS : mtStatus.FAILURE,
      group,
      name: Buffer.alloc(0),
    }));
    this.#on(requests.addGroup, ({ endpoint, group }) => {
      this.#memberships.add(`${endpoint}/${group}`);
      this.groups.add(group);
      return { status: mtStatus.SUCCESS };
    });
    this.#on(requests.networkInfo, () => {
      const { pan = 0xffff, extendedPan = '0'.repeat(16), channel = 0 } = this.#memory.network ?? {};
      const parent = { parent: COORDINATOR, parentIeee: '0'.repeat(16) };
      return { address: COORDINATOR, state: this.#state, pan, extendedPan, channel, ...parent };
    });
    this.#on(requests.startup, () => this.#start(this.#memory.network !== undefined));
    this.#on(requests.commission, () => this.#start(this.#memory.form()));
    this.#on(requests.data, ({ address, data, ...head }) => this.#data({ address }, data, head));
    this.#on(requests.dataExtended, ({ mode, address, data, ...head }) => {
      if (mode === addressMode.EXTENDED) return { status: mtStatus.INVALID_PARAMETER };
      const short = address.readUInt16LE(0);
      return this.#data(mode === addressMode.GROUP ? { group: short } : { address: short }, data, head);
    });
    this.#on(requests.dataRetrieve, ({ timestamp, index, length }) => {
      const stored = this.#stored.get(timestamp);
      if (length === 0) this.#stored.delete(timestamp);
      const data = stored?.subarray(index, index + length) ?? Buffer.alloc(0);
      return { status: stored === undefined ? mtStatus.FAILURE : mtStatus.SUCCESS, data };
    });
  }

  get ieee(): string {
    return this.#memory.ieee;
  }

  get network(): string | undefined {
    const { extendedPan, key } = this.#memory.network ?? {};
    return this.#started && extendedPan !== undefined ? `${extendedPan}/${key}` : undefined;
  }

  get open(): boolean {
    return performance.now() < this.#openUntil;
  }

  linkKeyOf(ieee: string): string {
    return this.#linkKeys.of(ieee);
  }

  listening(): boolean {
    return this.#started;
  }

  /** A command of the host. */
  command({ type, subsystem: part, id, data }: MtFrame): void {
    if (type === mtType.AREQ) {
      if (part === RESET.subsystem && id === RESET.id) this.#reset();
      return;
    }
    if (type !== mtType.SREQ) return;
    const response = this.#respond(part, id, data);
    if (response === undefined)
      return this.#toHost(mtType.SRSP, subsystem.RPC_ERROR, 0, Buffer.of(UNKNOWN_COMMAND, (type << 5) | part, id));
    this.#toHost(mtType.SRSP, part, id, response);
  }

  joined({ address, ieee }: Station): void {
    this.#children.add(address);
    this.#memory.remember(address, ieee);
    this.#tell(indications.joined, { address, ieee, parent: COORDINATOR });
  }

  left({ address, ieee }: Station, rejoin: boolean): void {
    this.#children.delete(address);
    this.#memory.forget(ieee);
    this.#tell(indications.left, { address, ieee, request: 0, children: 0, rejoin: rejoin ? 1 : 0 });
  }

  receive(frame: ApsFrame): void {
    if (frame.profile === ZDP && frame.endpoint === 0) return this.#zdoReceived(frame);
    const endpoints = [...this.#endpoints.values()].filter(({ endpoint }) =>
      frame.endpoint === ALL_ENDPOINTS ? true : endpoint === frame.endpoint,
    );
    for (const { endpoint } of endpoints) this.#incoming(frame, endpoint);
  }

  get #state(): number {
    return this.#started ? deviceState.COORDINATOR : deviceState.HOLD;
  }

  #on<Q extends Layout, R extends Layout>(type: Request<Q, R>, act: (asked: Value<Q>) => Value<R>): void {
    this.#handlers.set((type.subsystem << 8) | type.id, (data) =>
      encodeLayout(type.response, act(readLayout(type.request, new Reader(data, 'little'))), 'little'),
    );
  }

  /** Undefined where the command is not known; a request that is cut off is an invalid one. */
  #respond(part: number, id: number, data: Buffer): Buffer | undefined {
    try {
      if (part === subsystem.ZDO && !this.#handlers.has((part << 8) | id)) return this.#zdoRequested(id, data);
      return this.#handlers.get((part << 8) | id)?.(data);
    } catch (e) {
      if (e instanceof FrameError) return Buffer.of(mtStatus.INVALID_PARAMETER);
      throw e;
    }
  }

  #reset(): void {
    this.#started = false;
    this.#endpoints.clear();
    this.#memberships.clear();
    this.groups.clear();
    this.#memory.reset();
    const { transport, product, major, minor } = VERSION;
    this.#tell(indications.reset, { reason: 0, transport, product, major, minor, hardware: HARDWARE });
  }

  /** Starts the network where there is one, and says so after the answer. */
  #start(possible: boolean): { status: number } {
    if (!possible) return { status: mtStatus.FAILURE };
    this.#started = true;
    queueMicrotask(() => {
      this.#tell(indications.state, { state: deviceState.COORDINATOR });
      this.#parts.networkChanged();
    });
    return { status: mtStatus.SUCCESS };
  }

  #data(
    to: ApsFrame['to'],
    data: Buffer,
    head: {
      readonly endpoint: number;
      readonly sourceEndpoint: number;
      readonly cluster: number;
      readonly transaction: number;
      readonly options: number;
    },
  ): { status: number } {
    const { endpoint, sourceEndpoint, cluster, transaction, options } = head;
    const own = this.#endpoints.get(sourceEndpoint);
    if (!this.#started || own === undefined) return { status: mtStatus.INVALID_PARAMETER };
    const acknowledged = (options & APS_ACKNOWLEDGED) !== 0;
    const frame = { to, endpoint, sourceEndpoint, cluster, profile: own.profile, data, acknowledged };
    // After the answer: the host learns first that the dongle has taken the frame, then what became of it.
    queueMicrotask(() => {
      const arrives = this.#parts.air.send({ ...frame, source: COORDINATOR });
      const status = arrives ? mtStatus.SUCCESS : mtStatus.MAC_NO_ACK;
      this.#tell(indications.confirm, { status, endpoint: sourceEndpoint, transaction });
    });
    return { status: mtStatus.SUCCESS };
  }

  #incoming(frame: ApsFrame, endpoint: number): void {
    const { source, sourceEndpoint, cluster, data, to } = frame;
    this.#timestamp += 1;
    const common = {
      group: 'group' in to ? to.group : 0,
      cluster,
      sourceEndpoint,
      endpoint,
      broadcast: isBroadcast(frame) ? 1 : 0,
      linkQuality: LINK_QUALITY,
      secured: 0,
      timestamp: this.#timestamp,
      sequence: 0,
    };
    if (data.length <= LARGEST_INCOMING)
      return this.#tell(indications.incoming, { ...common, address: source, data, parent: source, radius: 29 });
    this.#stored.set(this.#timestamp, data);
    const address = Buffer.alloc(8);
    address.writeUInt16LE(source);
    const pan = this.#memory.network?.pan ?? 0xffff;
    this.#tell(indications.incomingLong, { ...common, mode: addressMode.SHORT, address, pan, length: data.length });
  }

  /** A request of the device profile by the host; its number is the cluster. */
  #zdoRequested(cluster: number, data: Buffer): Buffer | undefined {
    if (cluster === zdo.MANAGE_PERMIT_JOINING) {
      this.#permitJoining(data.readUInt16LE(1), data.subarray(3));
      return Buffer.of(mtStatus.SUCCESS);
    }
    const request = zdoRequest(cluster, data);
    if (request === undefined) return undefined;
    const { address, payload } = request;
    queueMicrotask(() => {
      this.#ask(address, cluster, payload);
    });
    return Buffer.of(mtStatus.SUCCESS);
  }

  #ask(address: number, cluster: number, payload: Buffer): void {
    const many = address >= broadcastAddress.ROUTERS;
    if (address === COORDINATOR || many) {
      const answer = describe(this.#description, cluster, payload, many);
      if (answer !== undefined) this.#zdoAnswer(cluster, answer, COORDINATOR);
      if (!many) return;
    }
    this.#sequence = (this.#sequence + 1) & 0xff;
    this.#sendZdo(address, cluster, Buffer.concat([Buffer.of(this.#sequence), payload]));
  }

  #permitJoining(address: number, payload: Buffer): void {
    const seconds = payload[0] ?? 0;
    this.#openUntil = seconds === 0 ? 0 : performance.now() + seconds * 1000;
    if (address >= broadcastAddress.ROUTERS)
      this.#sendZdo(address, zdo.MANAGE_PERMIT_JOINING, Buffer.concat([Buffer.of(0), payload]));
    queueMicrotask(() => {
      this.#zdoAnswer(zdo.MANAGE_PERMIT_JOINING, Buffer.of(zdoStatus.SUCCESS), COORDINATOR);
      this.#parts.networkChanged();
    });
  }

  #sendZdo(address: number, cluster: number, data: Buffer): void {
    this.#parts.air.send({
      source: COORDINATOR,
      sourceEndpoint: 0,
      to: { address },
      endpoint: 0,
      profile: ZDP,
      cluster,
      data,
      acknowledged: true,
    });
  }

  #zdoReceived(frame: ApsFrame): void {
    const { cluster, source } = frame;
    const payload = frame.data.subarray(1);
    if (cluster >= zdo.RESPONSE) return this.#zdoAnswer(cluster & ~zdo.RESPONSE, payload, source);
    if (cluster === zdo.DEVICE_ANNOUNCE) {
      this.#children.add(source);
      return this.#toHost(mtType.AREQ, subsystem.ZDO, 0xc1, Buffer.concat([short(source), payload]));
    }
    const answer = describe(this.#description, cluster, payload, isBroadcast(frame));
    if (answer === undefined) return;
    this.#sendZdo(source, zdo.RESPONSE | cluster, Buffer.concat([frame.data.subarray(0, 1), answer]));
  }

  /** Tells the host of an answer; both address answers come without the sender, but with an empty list of children. */
  #zdoAnswer(cluster: number, payload: Buffer, source: number): void {
    const isAddress = cluster === zdo.NETWORK_ADDRESS || cluster === zdo.IEEE_ADDRESS;
    const data = isAddress ? Buffer.concat([payload, Buffer.of(0, 0)]) : Buffer.concat([short(source), payload]);
    this.#toHost(mtType.AREQ, subsystem.ZDO, 0x80 | (cluster & 0x7f), data);
  }

  get #description(): Description {
    return {
      address: COORDINATOR,
      ieee: this.ieee,
      type: 0,
      manufacturer: TEXAS_INSTRUMENTS,
      endpoints: [...this.#endpoints.values()],
    };
  }

  #tell<L extends Layout>({ subsystem: part, id, layout }: Indication<L>, value: Value<L>): void {
    this.#toHost(mtType.AREQ, part, id, encodeLayout(layout, value, 'little'));
  }

  #toHost(type: number, part: number, id: number, data: Buffer): void {
    this.#parts.toHost(encodeMt({ type, subsystem: part, id, data }));
  }
}

/** Where a request of the device profile goes, and what is in it; undefined for one that is not known. */
function zdoRequest(cluster: number, data: Buffer): { address: number; payload: Buffer } | undefined {
  if (cluster === zdo.NETWORK_ADDRESS) return { address: broadcastAddress.RX_ON_WHEN_IDLE, payload: data };
  if (cluster === zdo.IEEE_ADDRESS) return { address: data.readUInt16LE(0), payload: data };
  if (!ADDRESSED.has(cluster)) return undefined;
  return { address: data.readUInt16LE(0), payload: data.subarray(2) };
}

function short(address: number): Buffer {
  const octets = Buffer.alloc(2);
  octets.writeUInt16LE(address);
  return octets;
}
