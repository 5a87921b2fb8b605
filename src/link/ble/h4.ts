/** First octet of an H4 packet: what it holds (Core specification, Vol 4 Part A). */
export const h4Type = { COMMAND: 1, ACL: 2, SCO: 3, EVENT: 4, ISO: 5 } as const;

/** Where the length of each kind of packet stands: octets before the payload, type included, and how to read its size. */
const HEADERS: Readonly<Record<number, { readonly octets: number; payload(head: Buffer): number }>> = {
  [h4Type.COMMAND]: { octets: 4, payload: (head) => head.readUInt8(3) },
  [h4Type.ACL]: { octets: 5, payload: (head) => head.readUInt16LE(3) },
  [h4Type.SCO]: { octets: 4, payload: (head) => head.readUInt8(3) },
  [h4Type.EVENT]: { octets: 3, payload: (head) => head.readUInt8(2) },
  [h4Type.ISO]: { octets: 5, payload: (head) => head.readUInt16LE(3) & 0x3fff },
};

/** What a framer hands up. */
export interface H4Events {
  /** One whole packet, its type octet included. */
  packet(packet: Buffer): void;
  /** Octets that are no packet and were thrown away; the text says why. */
  problem(text: string, octets: Buffer): void;
}

/** Cuts a stream of octets into H4 packets, however the stream was cut. */
export class H4Framer {
  readonly #events: H4Events;
  #pending: Buffer = Buffer.alloc(0);

  constructor(events: H4Events) {
    this.#events = events;
  }

  /**
   * Takes the next octets. H4 has no mark to find the next packet by: after an unknown type everything received so far is
   * dropped, and the stream may stay out of step.
   */
  push(chunk: Uint8Array): void {
    this.#pending = this.#pending.length === 0 ? Buffer.from(chunk) : Buffer.concat([this.#pending, chunk]);
    for (;;) {
      const type = this.#pending[0];
      if (type === undefined) return;
      if (HEADERS[type] === undefined) return this.#drop(`packet type ${type}: none of H4`);
      const size = sizeOf(this.#pending);
      if (size === undefined || this.#pending.length < size) return;
      const packet = this.#pending.subarray(0, size);
      this.#pending = this.#pending.subarray(size);
      this.#events.packet(packet);
    }
  }

  /** Drops what has come of a packet: the next octet begins a new one. */
  restart(): void {
    if (this.#pending.length > 0) this.#drop('octets before the packet that was waited for');
  }

  /** The stream has ended. A packet that is not complete is reported. */
  end(): void {
    if (this.#pending.length === 0) return;
    const size = sizeOf(this.#pending);
    this.#drop(`the stream ended within a packet: ${this.#pending.length} of ${size ?? 'unknown'} octets`);
  }

  #drop(text: string): void {
    const octets = this.#pending;
    this.#pending = Buffer.alloc(0);
    this.#events.problem(text, octets);
  }
}

/** Octets of the packet that begins here; undefined while its length has not come. */
function sizeOf(octets: Buffer): number | undefined {
  const header = HEADERS[octets[0] ?? 0];
  if (header === undefined || octets.length < header.octets) return undefined;
  return header.octets + header.payload(octets);
}
