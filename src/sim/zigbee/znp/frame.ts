/** First octet of every frame between host and dongle. */
const START = 0xfe;
/** Octets before the data (start, length, two of the command), and the checksum after it. */
const HEAD = 4;
/** The most data that a frame carries. */
export const MAX_DATA = 250;

/** Kinds of monitor-and-test commands: a request with an answer at once, one without, and that answer. */
export const mtType = { SREQ: 1, AREQ: 2, SRSP: 3 } as const;

/** Parts of the firmware that a command belongs to; `RPC_ERROR` answers what none of them knows. */
export const subsystem = { RPC_ERROR: 0, SYS: 1, AF: 4, ZDO: 5, UTIL: 7, APP_CONFIG: 15 } as const;

/** One frame of TI's monitor-and-test interface. */
export interface MtFrame {
  readonly type: number;
  readonly subsystem: number;
  readonly id: number;
  readonly data: Buffer;
}

/** The octets of a frame, start and checksum included. */
export function encodeMt({ type, subsystem: part, id, data }: MtFrame): Buffer {
  const frame = Buffer.concat([Buffer.of(START, data.length, (type << 5) | part, id), data, Buffer.of(0)]);
  frame[frame.length - 1] = checksum(frame.subarray(1, -1));
  return frame;
}

/** Finds frames in a stream of octets; what is between frames, or has a wrong checksum, is skipped. */
export class MtParser {
  #rest = Buffer.alloc(0);

  feed(chunk: Uint8Array): MtFrame[] {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    const frames: MtFrame[] = [];
    for (;;) {
      const start = this.#rest.indexOf(START);
      if (start < 0) {
        this.#rest = Buffer.alloc(0);
        return frames;
      }
      this.#rest = this.#rest.subarray(start);
      const end = HEAD + (this.#rest[1] ?? 0) + 1;
      if (this.#rest.length < HEAD + 1 || this.#rest.length < end) return frames;
      const frame = this.#rest.subarray(0, end);
      if (checksum(frame.subarray(1, -1)) !== frame[end - 1]) {
        // A start octet that is none: look for the next one behind it.
        this.#rest = this.#rest.subarray(1);
        continue;
      }
      const command = frame[2] ?? 0;
      const data = Buffer.from(frame.subarray(HEAD, -1));
      frames.push({ type: command >> 5, subsystem: command & 0x1f, id: frame[3] ?? 0, data });
      this.#rest = this.#rest.subarray(end);
    }
  }
}

function checksum(octets: Uint8Array): number {
  return octets.reduce((sum, octet) => sum ^ octet, 0);
}
