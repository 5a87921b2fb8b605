import { BenchError } from '../../../core/errors.ts';
import { h4Type } from '../../../link/ble/h4.ts';
import { aclPacket, boundary, commandPacket, hciEvent, leEvent, type RadioAddress, role, u16 } from '../hci.ts';
import type { H4Pipe } from './pipe.ts';

/** Commands that the host uses (Core specification, Vol 4 Part E 7). */
const opcode = {
  RESET: 0x0c03,
  SET_EVENT_MASK: 0x0c01,
  DISCONNECT: 0x0406,
  LE_SET_EVENT_MASK: 0x2001,
  LE_READ_BUFFER_SIZE: 0x2002,
  LE_SET_RANDOM_ADDRESS: 0x2005,
  LE_SET_ADVERTISING_PARAMETERS: 0x2006,
  LE_SET_ADVERTISING_DATA: 0x2008,
  LE_SET_SCAN_RESPONSE_DATA: 0x2009,
  LE_SET_ADVERTISING_ENABLE: 0x200a,
} as const;

const ALL_EVENTS = Buffer.alloc(8, 0xff);
/** Without the enhanced form of Connection Complete. */
const LE_EVENTS = Buffer.from('1f00000000000000', 'hex');
const ADVERTISING_OCTETS = 31;
const ALL_CHANNELS = 7;
const L2CAP_HEADER_OCTETS = 4;

/** What is advertised. */
export interface Advertising {
  /** `advType` of hci.ts. */
  readonly type: number;
  readonly data: Buffer;
  readonly scanResponse?: Buffer;
  readonly intervalMs: number;
}

/** A connection with its L2CAP channels. */
export interface HostConnection {
  readonly handle: number;
  readonly peer: RadioAddress;
  /** Sends a message on a fixed channel; resolves when all of it has reached the other side's controller. */
  send(channel: number, message: Buffer): Promise<void>;
  disconnect(reason: number): void;
}

/** What the host hands up. */
export interface HostEvents {
  connected(connection: HostConnection): void;
  message(connection: HostConnection, channel: number, message: Buffer): void;
  disconnected(connection: HostConnection, reason: number): void;
  /** The controller is gone. */
  closed(): void;
}

interface Open {
  readonly connection: HostConnection;
  /** The message that is coming in. */
  pending: Buffer;
  /** Packets that the controller holds, each with what to do once it was delivered. */
  readonly inController: (() => void)[];
}

interface Outgoing {
  readonly handle: number;
  readonly packet: Buffer;
  readonly delivered: () => void;
}

/** A Bluetooth LE host in the peripheral role: HCI commands with their answers, advertising, L2CAP over ACL with flow control. */
export class HciHost {
  readonly #pipe: H4Pipe;
  readonly #events: HostEvents;
  readonly #open = new Map<number, Open>();
  readonly #queue: Outgoing[] = [];
  #buffers = { octets: 27, free: 1 };
  #answer:
    | { readonly opcode: number; settle(status: number, result: Buffer): void; fail(error: Error): void }
    | undefined;
  #commands: Promise<unknown> = Promise.resolve();
  #gone = false;

  constructor(pipe: H4Pipe, events: HostEvents) {
    this.#pipe = pipe;
    this.#events = events;
    pipe.start({ packet: (packet) => this.#packet(packet), closed: () => this.#closed() });
  }

  /** Resets the controller and gives it a static random address, lowest octet first. */
  async start(address: Buffer): Promise<void> {
    await this.#command(opcode.RESET);
    await this.#command(opcode.SET_EVENT_MASK, ALL_EVENTS);
    await this.#command(opcode.LE_SET_EVENT_MASK, LE_EVENTS);
    const sizes = await this.#command(opcode.LE_READ_BUFFER_SIZE);
    this.#buffers = { octets: sizes.readUInt16LE(0), free: sizes.readUInt8(2) };
    await this.#command(opcode.LE_SET_RANDOM_ADDRESS, address);
  }

  /** Advertises until told otherwise or until a connection comes about. */
  async advertise({ type, data, scanResponse, intervalMs }: Advertising): Promise<void> {
    await this.stopAdvertising();
    const interval = u16(Math.round(intervalMs / 0.625));
    const own = Buffer.of(type, 1, 0, 0, 0, 0, 0, 0, 0, ALL_CHANNELS, 0);
    await this.#command(opcode.LE_SET_ADVERTISING_PARAMETERS, Buffer.concat([interval, interval, own]));
    await this.#command(opcode.LE_SET_ADVERTISING_DATA, advertisingData(data));
    await this.#command(opcode.LE_SET_SCAN_RESPONSE_DATA, advertisingData(scanResponse ?? Buffer.alloc(0)));
    await this.#command(opcode.LE_SET_ADVERTISING_ENABLE, Buffer.of(1));
  }

  async stopAdvertising(): Promise<void> {
    await this.#command(opcode.LE_SET_ADVERTISING_ENABLE, Buffer.of(0));
  }

  /** Leaves without a word, as a device that loses its power. */
  close(): void {
    this.#pipe.close();
  }

  /** One command at a time. Rejects where the controller refuses it: the result is without the status. */
  #command(code: number, parameters: Buffer = Buffer.alloc(0)): Promise<Buffer> {
    const turn = this.#commands.then(
      () =>
        new Promise<Buffer>((resolve, reject) => {
          const settle = (status: number, result: Buffer): void => {
            this.#answer = undefined;
            if (status === 0) return resolve(result);
            const text = `HCI command 0x${code.toString(16).padStart(4, '0')} was refused with 0x${status.toString(16)}`;
            reject(new BenchError('radio-host', text));
          };
          if (this.#gone) return reject(controllerGone());
          this.#answer = { opcode: code, settle, fail: reject };
          this.#pipe.write(commandPacket(code, parameters));
        }),
    );
    this.#commands = turn.catch(() => undefined);
    return turn;
  }

  #packet(packet: Buffer): void {
    if (packet[0] === h4Type.ACL) return this.#acl(packet);
    const [, code] = packet;
    const body = packet.subarray(3);
    switch (code) {
      case hciEvent.COMMAND_COMPLETE:
        if (body.readUInt16LE(1) === this.#answer?.opcode) this.#answer.settle(body.readUInt8(3), body.subarray(4));
        return;
      case hciEvent.COMMAND_STATUS:
        if (body.readUInt16LE(2) === this.#answer?.opcode) this.#answer.settle(body.readUInt8(0), Buffer.alloc(0));
        return;
      case hciEvent.COMPLETED_PACKETS:
        return this.#completed(body);
      case hciEvent.DISCONNECTION_COMPLETE:
        return this.#disconnected(body.readUInt16LE(1), body.readUInt8(3));
      case hciEvent.LE_META:
        if (body[0] === leEvent.CONNECTION_COMPLETE) this.#connected(body.subarray(1));
        return;
      case undefined:
      default:
    }
  }

  #connected(body: Buffer): void {
    if (body.readUInt8(0) !== 0 || body.readUInt8(3) !== role.PERIPHERAL) return;
    const handle = body.readUInt16LE(1);
    const connection: HostConnection = {
      handle,
      peer: { random: body.readUInt8(4) === 1, octets: Buffer.from(body.subarray(5, 11)) },
      send: (channel, message) => this.#send(handle, channel, message),
      disconnect: (reason) => {
        // Refused where the connection has just ended: then there is nothing left to do.
        this.#command(opcode.DISCONNECT, Buffer.concat([u16(handle), Buffer.of(reason)])).catch(() => undefined);
      },
    };
    this.#open.set(handle, { connection, pending: Buffer.alloc(0), inController: [] });
    this.#events.connected(connection);
  }

  #send(handle: number, channel: number, message: Buffer): Promise<void> {
    if (!this.#open.has(handle)) return Promise.reject(new BenchError('radio-host', 'the connection is over'));
    const whole = Buffer.concat([u16(message.length), u16(channel), message]);
    return new Promise((resolve) => {
      for (let at = 0; at < whole.length; at += this.#buffers.octets) {
        const part = whole.subarray(at, at + this.#buffers.octets);
        const last = at + this.#buffers.octets >= whole.length;
        const packet = aclPacket(handle, at === 0 ? boundary.FROM_HOST : boundary.CONTINUES, part);
        this.#queue.push({ handle, packet, delivered: last ? resolve : () => undefined });
      }
      this.#flush();
    });
  }

  #flush(): void {
    while (this.#buffers.free > 0) {
      const next = this.#queue.shift();
      if (next === undefined) return;
      const open = this.#open.get(next.handle);
      if (open === undefined) continue;
      this.#buffers.free--;
      open.inController.push(next.delivered);
      this.#pipe.write(next.packet);
    }
  }

  /** Number Of Completed Packets (7.7.19). */
  #completed(body: Buffer): void {
    for (let at = 1; at + 4 <= body.length; at += 4) {
      const open = this.#open.get(body.readUInt16LE(at));
      const delivered = open?.inController.splice(0, body.readUInt16LE(at + 2)) ?? [];
      this.#buffers.free += delivered.length;
      for (const each of delivered) each();
    }
    this.#flush();
  }

  /** The controller frees the buffers of a connection that has ended without counting them. */
  #disconnected(handle: number, reason: number): void {
    const open = this.#open.get(handle);
    if (open === undefined) return;
    this.#open.delete(handle);
    this.#buffers.free += open.inController.length;
    this.#events.disconnected(open.connection, reason);
    this.#flush();
  }

  #acl(packet: Buffer): void {
    const word = packet.readUInt16LE(1);
    const open = this.#open.get(word & 0xfff);
    if (open === undefined) return;
    const data = packet.subarray(5);
    const continues = ((word >> 12) & 3) === boundary.CONTINUES;
    open.pending = continues ? Buffer.concat([open.pending, data]) : Buffer.from(data);
    if (open.pending.length < L2CAP_HEADER_OCTETS) return;
    const end = L2CAP_HEADER_OCTETS + open.pending.readUInt16LE(0);
    if (open.pending.length < end) return;
    const message = open.pending.subarray(L2CAP_HEADER_OCTETS, end);
    const channel = open.pending.readUInt16LE(2);
    open.pending = Buffer.alloc(0);
    this.#events.message(open.connection, channel, message);
  }

  #closed(): void {
    this.#gone = true;
    this.#answer?.fail(controllerGone());
    this.#answer = undefined;
    for (const { connection } of this.#open.values()) this.#events.disconnected(connection, 0);
    this.#open.clear();
    this.#events.closed();
  }
}

function controllerGone(): BenchError {
  return new BenchError('radio-host', 'the controller is gone');
}

function advertisingData(data: Buffer): Buffer {
  if (data.length > ADVERTISING_OCTETS)
    throw new BenchError('radio-host', `${data.length} octets of advertising data, at most ${ADVERTISING_OCTETS}`);
  return Buffer.concat([Buffer.of(data.length), data, Buffer.alloc(ADVERTISING_OCTETS - data.length)]);
}
