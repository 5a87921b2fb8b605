import type { Duplex } from 'node:stream';
import { BenchError } from '../../core/errors.ts';
import type { EventSink } from '../../core/events.ts';
import { openStream } from '../../link/stream.ts';

/** Services of the binary test protocol by which the public automation drives a device. */
export const btpService = { CORE: 0, GAP: 1, MESH: 4, MODELS: 5 } as const;
const CORE_REGISTER = 0x03;
const MESH_INIT = 0x04;
/** Opcode of an error response; its one octet says why. */
const ERROR = 0x00;
/** Opcodes from here on are events, which come whenever something happens. */
const FIRST_EVENT = 0x80;
const NO_INDEX = 0xff;
const HEADER_OCTETS = 5;
const FAILURES: Readonly<Record<number, string>> = {
  1: 'fail',
  2: 'unknown command',
  3: 'not ready',
  4: 'invalid index',
};

/** One frame: service, opcode, controller index, length and data, all little-endian. */
export interface BtpFrame {
  readonly service: number;
  readonly opcode: number;
  readonly index: number;
  readonly data: Buffer;
}

/** The octets of a frame. */
export function encodeBtp({ service, opcode, index, data }: BtpFrame): Buffer {
  const header = Buffer.from([service, opcode, index, 0, 0]);
  header.writeUInt16LE(data.length, 3);
  return Buffer.concat([header, data]);
}

/** The whole frames at the beginning of these octets, and what is left of them. */
export function decodeBtp(octets: Buffer): { readonly frames: readonly BtpFrame[]; readonly rest: Buffer } {
  const frames: BtpFrame[] = [];
  let rest = octets;
  while (rest.length >= HEADER_OCTETS) {
    const end = HEADER_OCTETS + rest.readUInt16LE(3);
    if (rest.length < end) break;
    const [service = 0, opcode = 0, index = 0] = rest;
    frames.push({ service, opcode, index, data: rest.subarray(HEADER_OCTETS, end) });
    rest = rest.subarray(end);
  }
  return { frames, rest };
}

/** A device that speaks BTP, its mesh services registered. */
export interface BtpClient {
  /** One command at a time; gives the data of the response. Rejects with a BenchError for an error response, and where none comes in time. */
  ask(service: number, opcode: number, data: Buffer): Promise<Buffer>;
  close(): void;
}

/**
 * Connects to a device by BTP: `tcp://host:port` or `serial:/dev/…?baud=N`. Records every frame as `btp`.
 * @param deadlineMs for connecting and for each response; real milliseconds
 */
export async function openBtp(url: string, events: EventSink, deadlineMs: number): Promise<BtpClient> {
  const stream: Duplex = await openStream(url, deadlineMs);
  let pending: Buffer = Buffer.alloc(0);
  let waiting: { answer(frame: BtpFrame): void; fail(e: Error): void } | undefined;
  const error = (why: string): BenchError => new BenchError('btp', why, { place: { where: url } });
  const record = (dir: 'in' | 'out', frame: BtpFrame): void =>
    void events.append({ channel: 'console', type: 'btp', dir, raw: encodeBtp(frame) });
  stream.on('data', (chunk: Buffer) => {
    const { frames, rest } = decodeBtp(Buffer.concat([pending, chunk]));
    pending = rest;
    for (const frame of frames) {
      record('in', frame);
      if (frame.opcode < FIRST_EVENT) waiting?.answer(frame);
    }
  });
  const lost = (): void => waiting?.fail(error('the device ended the connection'));
  stream.on('close', lost);
  stream.on('error', lost);

  const exchange = (frame: BtpFrame): Promise<Buffer> =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => waiting?.fail(error(`no response within ${deadlineMs} ms`)), deadlineMs);
      const over = (): void => {
        clearTimeout(timer);
        waiting = undefined;
      };
      waiting = {
        fail(e) {
          over();
          reject(e);
        },
        answer({ opcode, data }) {
          over();
          const why = FAILURES[data[0] ?? 0] ?? `code ${data[0] ?? 0}`;
          if (opcode === ERROR) reject(error(`service ${frame.service}, command ${frame.opcode}: ${why}`));
          else resolve(data);
        },
      };
      record('out', frame);
      stream.write(encodeBtp(frame));
    });
  const client: BtpClient = {
    ask: (service, opcode, data) =>
      exchange({ service, opcode, index: service === btpService.CORE ? NO_INDEX : 0, data }),
    close: () => void stream.destroy(),
  };
  for (const service of [btpService.GAP, btpService.MESH])
    await client.ask(btpService.CORE, CORE_REGISTER, Buffer.of(service));
  // Composition 0; a device that is initialised already says so by an error, which changes nothing.
  await client.ask(btpService.MESH, MESH_INIT, Buffer.of(0)).catch(() => undefined);
  await client.ask(btpService.CORE, CORE_REGISTER, Buffer.of(btpService.MODELS));
  return client;
}
