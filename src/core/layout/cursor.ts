import { TesterError } from '../errors.ts';

/** `little`: the low bits of the low octet come first. `big`: the high bits first. */
export type ByteOrder = 'little' | 'big';

/**
 * Octets that do not fit their layout. It is neither a bench nor a tester fault: whoever decodes turns it into a
 * "malformed" value, which a judge may hold against the device.
 */
export class FrameError extends Error {
  readonly code: 'truncated' | 'trailing' | 'invalid';
  /** Octet, from 0, at which the layout stopped to fit. */
  readonly at: number;

  constructor(code: FrameError['code'], at: number, message: string) {
    super(`${message} (at octet ${at})`);
    this.name = 'FrameError';
    this.code = code;
    this.at = at;
  }
}

/** Reads fields of any bit width from octets; never past the end: a short input is a `truncated` FrameError. */
export class Reader {
  /** Oddities that do not stop decoding: reserved bits set, prohibited values. */
  readonly reports: string[];
  readonly order: ByteOrder;
  readonly #octets: Buffer;
  readonly #start: number;
  #bit = 0;

  /** `inside`: the octets are a part of those of another reader, whose reports and offsets go on. */
  constructor(octets: Uint8Array, order: ByteOrder = 'little', inside?: { reports: string[]; start: number }) {
    this.#octets = Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength);
    this.order = order;
    this.reports = inside?.reports ?? [];
    this.#start = inside?.start ?? 0;
  }

  /** The octet in which the next bit lies, counted from the start of the whole frame. */
  get at(): number {
    return this.#start + (this.#bit >> 3);
  }

  /** Whole octets not read yet. */
  get left(): number {
    return this.#octets.length - ((this.#bit + 7) >> 3);
  }

  /** An unsigned number of 1 to 32 bits. */
  bits(count: number, what: string): number {
    this.#need(count, what);
    let value = 0;
    for (let done = 0; done < count; ) {
      const offset = this.#bit & 7;
      const taken = Math.min(8 - offset, count - done);
      const octet = this.#octets[this.#bit >> 3] ?? 0;
      const shift = this.order === 'little' ? offset : 8 - offset - taken;
      const part = (octet >> shift) & (0xff >> (8 - taken));
      value = this.order === 'little' ? value + part * 2 ** done : value * 2 ** taken + part;
      this.#bit += taken;
      done += taken;
    }
    return value;
  }

  /** The next `count` octets, as they stand. */
  bytes(count: number, what: string): Buffer {
    if ((this.#bit & 7) !== 0) throw new TesterError('layout', `${what} does not start at an octet boundary`);
    this.#need(count * 8, what);
    const start = this.#bit >> 3;
    this.#bit += count * 8;
    return this.#octets.subarray(start, start + count);
  }

  /** A reader of the next `count` octets alone. */
  part(count: number, what: string): Reader {
    const start = this.at;
    return new Reader(this.bytes(count, what), this.order, { reports: this.reports, start });
  }

  /** All octets not read yet, perhaps none. */
  rest(what: string): Buffer {
    return this.bytes(this.left, what);
  }

  /** Ends the reading: octets left over are a `trailing` FrameError. */
  end(what: string): void {
    if (this.left > 0) throw new FrameError('trailing', this.at, `${what}: ${this.left} octets after the last field`);
  }

  /** A FrameError about a value that cannot be read at all. */
  invalid(message: string): FrameError {
    return new FrameError('invalid', this.at, message);
  }

  #need(bits: number, what: string): void {
    const left = this.#octets.length * 8 - this.#bit;
    if (bits <= left) return;
    const expected = bits % 8 === 0 ? `${bits / 8} octets` : `${bits} bits`;
    throw new FrameError(
      'truncated',
      this.at,
      `${what}: expected ${expected}, ${Math.floor(left / 8)} octets are left`,
    );
  }
}

/** The counterpart of Reader. A number that does not fit its field is a defect of the caller (TesterError). */
export class Writer {
  readonly order: ByteOrder;
  readonly #octets: number[] = [];
  #bit = 0;

  constructor(order: ByteOrder = 'little') {
    this.order = order;
  }

  /** Appends the low `count` bits of a number. */
  bits(count: number, value: number, what: string): this {
    if (!Number.isInteger(value) || value < 0 || value >= 2 ** count) {
      throw new TesterError('layout', `${what}: ${value} does not fit ${count} bits`);
    }
    for (let done = 0; done < count; ) {
      const offset = this.#bit & 7;
      if (offset === 0) this.#octets.push(0);
      const taken = Math.min(8 - offset, count - done);
      const below = this.order === 'little' ? done : count - done - taken;
      const part = Math.floor(value / 2 ** below) % 2 ** taken;
      const shift = this.order === 'little' ? offset : 8 - offset - taken;
      const last = this.#octets.length - 1;
      this.#octets[last] = (this.#octets[last] ?? 0) | (part << shift);
      this.#bit += taken;
      done += taken;
    }
    return this;
  }

  /** Appends octets as they stand; only at an octet boundary. */
  bytes(value: Uint8Array): this {
    if ((this.#bit & 7) !== 0) throw new TesterError('layout', 'octets do not start at an octet boundary');
    for (const octet of value) this.#octets.push(octet);
    this.#bit += value.length * 8;
    return this;
  }

  /** All that was written; unused bits of the last octet are 0. */
  done(): Buffer {
    return Buffer.from(this.#octets);
  }
}
