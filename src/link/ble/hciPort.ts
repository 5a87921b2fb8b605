import { BenchError } from '../../core/errors.ts';
import type { EventSink } from '../../core/events.ts';
import { h4Type } from './h4.ts';
import type { HciTransport } from './transport.ts';

/** HCI commands and events that the link itself sends or reads (Core specification, Vol 4 Part E 7). */
export const opcode = { RESET: 0x0c03, DISCONNECT: 0x0406, LE_CREATE_CONNECTION: 0x200d } as const;
export const eventCode = {
  DISCONNECTION_COMPLETE: 0x05,
  COMMAND_COMPLETE: 0x0e,
  COMMAND_STATUS: 0x0f,
  LE_META: 0x3e,
} as const;

/** Where events go, and under which channel. */
export interface Recording {
  readonly sink: EventSink;
  readonly channel: string;
}

/** Holds the recording of the moment: it changes with every case, while port and noble stay. */
export interface RecordingSeat {
  now: Recording;
}

/** What the port hands up: every packet of the controller that noble may see, with the event that recorded it. */
export interface PortEvents {
  packet(packet: Buffer, n: number): void;
  sent(packet: Buffer, n: number): void;
  lost(error: BenchError): void;
}

/** A command of our own that waits for its answer. */
interface Waiting {
  readonly opcode: number;
  settle(answer: Buffer): void;
}

/**
 * One HCI controller: records every packet as `hci` (what is no packet as `hci.refused`), and holds commands back until the
 * controller has room for them, which noble does not do.
 */
export class HciPort {
  readonly #transport: HciTransport;
  readonly #events: PortEvents;
  readonly #recording: RecordingSeat;
  readonly #commands: Buffer[] = [];
  #credits = 1;
  #waiting: Waiting | undefined;
  #lost: BenchError | undefined;

  constructor(transport: HciTransport, recording: RecordingSeat, events: PortEvents) {
    this.#transport = transport;
    this.#events = events;
    this.#recording = recording;
    transport.start({
      packet: (packet) => this.#receive(packet),
      problem: (text, raw) => void this.#record('hci.refused', 'in', raw, { reason: text }),
      lost: (error) => {
        this.#lost = error;
        events.lost(error);
      },
    });
  }

  /** What ended the port, where something did. */
  get lost(): BenchError | undefined {
    return this.#lost;
  }

  /** Sends a packet; commands wait their turn. */
  send(packet: Buffer): void {
    if (this.#lost !== undefined) return;
    if (packet[0] !== h4Type.COMMAND || !this.#transport.own) return this.#write(packet);
    this.#commands.push(packet);
    this.#nextCommand();
  }

  /**
   * Resets the controller, which may have been left in the middle of something. Tried twice: on a serial port the first octets
   * may be the rest of a packet whose beginning nobody heard, and swallow the answer.
   */
  async reset(deadlineMs: number): Promise<void> {
    try {
      await this.command(opcode.RESET, Buffer.alloc(0), deadlineMs / 2);
    } catch {
      this.#transport.restart?.();
      this.#credits = 1;
      await this.command(opcode.RESET, Buffer.alloc(0), deadlineMs / 2);
    }
  }

  /** A command of our own; resolves with the parameters of its Command Complete. noble does not see the answer. */
  async command(code: number, parameters: Buffer, deadlineMs: number): Promise<Buffer> {
    const packet = Buffer.concat([Buffer.of(h4Type.COMMAND, code & 0xff, code >> 8, parameters.length), parameters]);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting = undefined;
        const text = `no answer to HCI command 0x${code.toString(16).padStart(4, '0')} within ${deadlineMs} ms`;
        reject(new BenchError('ble-port', text, { place: { where: this.#transport.where } }));
      }, deadlineMs);
      this.#waiting = {
        opcode: code,
        settle(answer) {
          clearTimeout(timer);
          resolve(answer);
        },
      };
      this.send(packet);
    });
  }

  close(): void {
    this.#transport.close();
  }

  #nextCommand(): void {
    while (this.#credits > 0) {
      const packet = this.#commands.shift();
      if (packet === undefined) return;
      this.#credits--;
      this.#write(packet);
    }
  }

  #write(packet: Buffer): void {
    const n = this.#record('hci', 'out', packet);
    this.#transport.send(packet);
    this.#events.sent(packet, n);
  }

  #receive(packet: Buffer): void {
    const n = this.#record('hci', 'in', packet);
    const answered = packet[0] === h4Type.EVENT ? this.#credit(packet) : undefined;
    const waiting = this.#waiting;
    if (waiting !== undefined && answered === waiting.opcode) {
      this.#waiting = undefined;
      waiting.settle(packet.subarray(6));
      return;
    }
    this.#events.packet(packet, n);
  }

  /** Takes the credits of Command Complete and Command Status; returns the opcode that they answer. */
  #credit(event: Buffer): number | undefined {
    const at = event[1] === eventCode.COMMAND_COMPLETE ? 3 : event[1] === eventCode.COMMAND_STATUS ? 4 : undefined;
    if (at === undefined || event.length < at + 3) return undefined;
    this.#credits = event.readUInt8(at);
    this.#nextCommand();
    return event.readUInt16LE(at + 1);
  }

  #record(type: string, dir: 'in' | 'out', raw: Buffer, data?: { reason: string }): number {
    const { sink, channel } = this.#recording.now;
    return sink.append({ channel, type, dir, raw, ...(data && { data }) }).n;
  }
}
