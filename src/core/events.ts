/** What JSON can hold: the only values that an event carries, so that a log re-read from disk equals the one written. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** One line of a case's event log (`events.jsonl`). Events keep raw bytes; decoding happens on reading. */
export interface Ev {
  /** Running number within the log, from 0. */
  readonly n: number;
  /** Milliseconds on the bench clock since the run's epoch, real time (never scaled), to a microsecond. */
  readonly ms: number;
  /** Which link, server or console: `coap`, `packages`, `gatt`, `console`, `run`. */
  readonly channel: string;
  /** What happened, dotted and lower-case: `datagram`, `coap.reply`, `silence`. */
  readonly type: string;
  /** Seen from the tester. */
  readonly dir?: 'in' | 'out';
  /** Octets as lower-case hex. */
  readonly raw?: string;
  /** The earlier event that carried this one (a reply's datagram). */
  readonly via?: number;
  readonly data?: { readonly [key: string]: Json };
}

/** An event as its producer gives it; number and time are the sink's. */
export type NewEvent = Omit<Ev, 'n' | 'ms' | 'raw'> & { readonly raw?: Uint8Array | string };

/** Where links, servers and testers write what they see. Append only; one clock for all producers. */
export interface EventSink {
  /** Writes the event and returns it with its number and time. Never throws for a full disk: the run is told instead. */
  append(event: NewEvent): Ev;
}

/** The octets that were turned into hex last, and what they gave. A copy, because their producer may use its buffer again. */
const known = { octets: Buffer.alloc(0x10000), length: 0, hex: '' };

/** `raw` as hex, whichever way the producer held it. A datagram and the message in it are two events with the same octets: those are turned only once. */
export function hexOf(raw: Uint8Array | string): string {
  if (typeof raw === 'string') return raw;
  const octets = Buffer.isBuffer(raw) ? raw : Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength);
  const { length } = octets;
  if (length === known.length && octets.compare(known.octets, 0, length) === 0) return known.hex;
  const hex = octets.toString('hex');
  if (length <= known.octets.length) {
    octets.copy(known.octets);
    known.length = length;
    known.hex = hex;
  }
  return hex;
}

/** The octets of an event's `raw`; empty where it has none. */
export function rawOf(event: Ev): Buffer {
  return Buffer.from(event.raw ?? '', 'hex');
}

/** A sink that keeps its events in memory, for unit tests and for tools that need no file. */
export function memorySink(
  now: () => number = () => performance.now(),
): EventSink & { readonly events: readonly Ev[] } {
  const events: Ev[] = [];
  return {
    events,
    append(event) {
      const { raw, ...rest } = event;
      const stored: Ev = { n: events.length, ms: now(), ...rest, ...(raw === undefined ? {} : { raw: hexOf(raw) }) };
      events.push(stored);
      return stored;
    },
  };
}
