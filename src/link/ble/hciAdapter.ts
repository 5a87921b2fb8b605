import { BenchError, messageOf } from '../../core/errors.ts';
import { Adapter } from './adapter.ts';
import { advertisingReports } from './advert.ts';
import { h4Type } from './h4.ts';
import { eventCode, HciPort, opcode, type Recording, type RecordingSeat } from './hciPort.ts';
import { loadNobleOn, type Noble, type NobleSocket, poweredOn } from './noble.ts';
import { type HciTransport, openTransport } from './transport.ts';

/** Subevents of LE Meta that tell of a new connection. */
const CONNECTION_COMPLETE: readonly (number | undefined)[] = [0x01, 0x0a];
const CENTRAL = 0;
const ATT = { channel: 4, WRITE_COMMAND: 0x52 } as const;
/** HCI errors that noble is told when the controller can tell no more. */
const GONE = { connection: 0x08, connecting: 0x1f } as const;

/** noble on a controller whose packets all pass through our hands, from the kernel or from a byte stream. */
export class HciAdapter {
  readonly adapter: Adapter;
  readonly #url: string;
  readonly #noble: Noble;
  readonly #socket: NobleSocket;
  readonly #handles = new Map<number, string>();
  readonly #recording: RecordingSeat;
  /** What noble set up at the start: said again to a controller that was lost and found. */
  readonly #setup: Buffer[] = [];
  #ready = false;
  #connecting = false;
  #transport: HciTransport;
  #port: HciPort;
  #current: number | undefined;

  private constructor(url: string, transport: HciTransport, port: HciPort, recording: RecordingSeat) {
    this.#url = url;
    this.#transport = transport;
    this.#port = port;
    this.#recording = recording;
    const { noble, socket } = loadNobleOn({
      write: (packet) => this.#fromNoble(packet),
      filter: (mask) => this.#transport.filter?.(mask),
      isUp: () => this.#transport.isUp(),
    });
    this.#socket = socket;
    this.adapter = new Adapter(noble, {
      where: url,
      recording,
      seesPackets: true,
      currentEvent: () => this.#current,
    });
    this.#noble = noble;
  }

  /** Opens port, controller and noble. */
  static async open(url: string, recording: Recording, deadlineMs: number): Promise<HciAdapter> {
    const seat: RecordingSeat = { now: recording };
    const owner: Owner = {};
    const { transport, port } = await openPort(url, seat, deadlineMs, owner);
    const made = new HciAdapter(url, transport, port, seat);
    owner.adapter = made;
    await poweredOn(made.#noble, url, deadlineMs);
    made.#ready = true;
    return made;
  }

  /** Connects to a lost port anew and sets the controller up as noble did. */
  async mend(deadlineMs: number): Promise<void> {
    const { lost } = this.#port;
    if (lost === undefined) return;
    // The kernel's adapter has other users and states; what became of it is for the operator to see.
    if (!this.#transport.own) throw lost;
    const { transport, port } = await openPort(this.#url, this.#recording, deadlineMs, { adapter: this });
    for (const packet of this.#setup) await port.command(packet.readUInt16LE(1), packet.subarray(4), deadlineMs);
    this.#transport = transport;
    this.#port = port;
    this.adapter.mended();
  }

  #fromNoble(packet: Buffer): void {
    if (!this.#ready && packet[0] === h4Type.COMMAND) this.#setup.push(packet);
    this.#port.send(packet);
  }

  /** A packet has left for the controller. */
  sent(packet: Buffer): void {
    if (packet[0] === h4Type.COMMAND && packet.readUInt16LE(1) === opcode.LE_CREATE_CONNECTION) this.#connecting = true;
    if (packet[0] !== h4Type.ACL || packet.length < 10 || packet.readUInt16LE(7) !== ATT.channel) return;
    if (packet[9] !== ATT.WRITE_COMMAND || packet.readUInt8(2) >> 4 === 1) return;
    this.adapter.connections.get(this.#handles.get(packet.readUInt16LE(1) & 0xfff) ?? '')?.wrote();
  }

  /**
   * A packet came from the controller. noble does not get advertisements that it cannot connect by: it keeps a table of every
   * address ever heard, and a mesh node takes a new one for every beacon.
   */
  received(packet: Buffer, n: number): void {
    this.#current = n;
    const reports = advertisingReports(packet);
    for (const report of reports) this.adapter.heard(report, n);
    const useless = reports.every(({ pdu }) => pdu === 'ADV_NONCONN_IND' || pdu === 'ADV_SCAN_IND');
    if (reports.length === 0 || !useless) this.#toNoble(packet);
  }

  /** The port is gone: noble is told that its connections are, so that it can go on with the port when it comes back. */
  lost(error: BenchError): void {
    this.adapter.broken(error);
    for (const handle of this.#handles.keys()) this.#toNoble(disconnectionComplete(handle));
    if (this.#connecting) this.#toNoble(connectionFailed());
  }

  #toNoble(packet: Buffer): void {
    const [type, code, , subevent, status, , , role] = packet;
    const isEvent = type === h4Type.EVENT;
    if (isEvent && code === eventCode.LE_META && CONNECTION_COMPLETE.includes(subevent)) {
      this.#connecting = false;
      if (status === 0 && role === CENTRAL && packet.length >= 15) {
        const id = Buffer.from(packet.subarray(9, 15)).reverse().toString('hex');
        this.#handles.set(packet.readUInt16LE(5), id);
      }
    }
    try {
      this.#socket.emit('data', packet);
    } catch (e) {
      this.#refuse(packet, e);
    }
    if (isEvent && code === eventCode.DISCONNECTION_COMPLETE && packet.length >= 6)
      this.#handles.delete(packet.readUInt16LE(4));
  }

  /** noble reads what a device sends without checking lengths. What it stumbles over ends the connection, not the tester. */
  #refuse(packet: Buffer, e: unknown): void {
    const { sink, channel } = this.#recording.now;
    const data = { reason: `noble cannot read this: ${messageOf(e)}` };
    sink.append({ channel, type: 'hci.refused', dir: 'in', raw: packet, data });
    if (packet[0] !== h4Type.ACL) return;
    const disconnect = Buffer.from([h4Type.COMMAND, 0, 0, 3, 0, 0, 0x13]);
    disconnect.writeUInt16LE(opcode.DISCONNECT, 1);
    disconnect.writeUInt16LE(packet.readUInt16LE(1) & 0xfff, 4);
    this.#port.send(disconnect);
  }
}

/** Who takes what a port hands up; nobody while the controller is being reset. */
interface Owner {
  adapter?: HciAdapter;
}

/** Opens the port and resets the controller, which may have been left in the middle of something. */
async function openPort(
  url: string,
  recording: RecordingSeat,
  deadlineMs: number,
  owner: Owner,
): Promise<{ transport: HciTransport; port: HciPort }> {
  const transport = await openTransport(url, deadlineMs);
  try {
    const port = new HciPort(transport, recording, {
      packet: (packet, n) => owner.adapter?.received(packet, n),
      sent: (packet) => owner.adapter?.sent(packet),
      lost: (error) => owner.adapter?.lost(error),
    });
    if (transport.own) await port.reset(deadlineMs);
    return { transport, port };
  } catch (e) {
    transport.close();
    throw e;
  }
}

function disconnectionComplete(handle: number): Buffer {
  return Buffer.from([
    h4Type.EVENT,
    eventCode.DISCONNECTION_COMPLETE,
    4,
    0,
    handle & 0xff,
    handle >> 8,
    GONE.connection,
  ]);
}

function connectionFailed(): Buffer {
  const octets = Buffer.alloc(22);
  octets.set([h4Type.EVENT, eventCode.LE_META, 19, 0x01, GONE.connecting]);
  return octets;
}
