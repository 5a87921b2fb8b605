import { CONTENT } from '../numbers.ts';
import { readOctets } from './body.ts';
import { type Fragment, type Message, MESSAGE_HEAD_OCTETS, readFragment, writeFragment } from './messages.ts';

const LARGEST_MESSAGE = 2 ** 16;
/** How far ahead of the expected message number fragments are kept. */
const AHEAD = 16;
/** What a record adds to a fragment at most: header, connection id, IV, MAC and padding. */
const RECORD_OVERHEAD = 110;

/** The fragments of one handshake record. Throws a HandshakeError for a record that ends too early. */
export function readFragments(data: Buffer): readonly Fragment[] {
  return readOctets('handshake record', data, (reader) => {
    const found: Fragment[] = [];
    do found.push(readFragment(reader));
    while (reader.left > 0);
    return found;
  });
}

/** Cuts a whole handshake message, header included, so that each piece fits a datagram of `mtu` octets. */
export function fragment(whole: Buffer, mtu: number): readonly Buffer[] {
  const room = Math.max(1, mtu - RECORD_OVERHEAD - MESSAGE_HEAD_OCTETS);
  if (whole.length - MESSAGE_HEAD_OCTETS <= room) return [whole];
  const [only] = readFragments(whole);
  if (only === undefined) return [];
  const pieces: Buffer[] = [];
  for (let offset = 0; offset < only.length; offset += room)
    pieces.push(writeFragment({ ...only, offset, data: only.data.subarray(offset, offset + room) }));
  return pieces;
}

interface Partial {
  readonly type: number;
  readonly body: Buffer;
  readonly have: Uint8Array;
  missing: number;
}

/** Puts the messages of one peer together: fragments may overlap, repeat, and come in any order. */
export class Reassembler {
  private next: number;
  private readonly partial = new Map<number, Partial>();

  /** `first` is the number of the first message expected. */
  constructor(first: number) {
    this.next = first;
  }

  /** `old` for a piece of a message that was taken before; any text but `old` and `new` says why the piece was dropped. */
  add({ type, length, number, offset, data }: Fragment): 'new' | 'old' | (string & {}) {
    if (number < this.next) return 'old';
    if (number >= this.next + AHEAD) return `message number ${number}, expected ${this.next}`;
    if (length > LARGEST_MESSAGE) return `message of ${length} octets, more than ${LARGEST_MESSAGE}`;
    if (offset + data.length > length) return `fragment ends at ${offset + data.length} of ${length} octets`;
    const known = this.partial.get(number);
    const part = known ?? { type, body: Buffer.alloc(length), have: new Uint8Array(length), missing: length };
    if (part.type !== type || part.body.length !== length)
      return `message ${number} changed from type ${part.type}, ${part.body.length} octets to type ${type}, ${length} octets`;
    this.partial.set(number, part);
    data.copy(part.body, offset);
    for (let at = offset; at < offset + data.length; at++)
      if (part.have[at] === 0) {
        part.have[at] = 1;
        part.missing--;
      }
    return 'new';
  }

  /** The next message in order, once it is complete. */
  take(): Message | undefined {
    const part = this.partial.get(this.next);
    if (part === undefined || part.missing > 0) return undefined;
    this.partial.delete(this.next);
    return { type: part.type, number: this.next++, body: part.body };
  }
}

/** One record's worth of a flight, before protection. */
export interface FlightItem {
  readonly content: number;
  /** For handshake messages the whole message behind its header. */
  readonly data: Buffer;
  readonly epoch: 0 | 1;
}

/** The messages that one end sends in one go: RFC 6347 4.2.4. */
export interface Flight {
  readonly items: readonly FlightItem[];
  /** Nothing answers it: it is sent again only when the peer repeats itself. */
  readonly final: boolean;
  /** Type of the message whose repetition by the peer shows that this flight was lost; none where nothing came before it. */
  readonly repeatOn?: number;
}

/** The flight as datagrams of at most `mtu` octets where a record fits; every call takes new sequence numbers from `seal`. */
export function packFlight(
  items: readonly FlightItem[],
  mtu: number,
  seal: (content: number, data: Buffer, epoch: 0 | 1) => readonly Buffer[],
): readonly Buffer[] {
  const records = items.flatMap(({ content, data, epoch }) =>
    (content === CONTENT.handshake ? fragment(data, mtu) : [data]).flatMap((piece) => seal(content, piece, epoch)),
  );
  const datagrams: Buffer[][] = [];
  let octets = Number.POSITIVE_INFINITY;
  for (const record of records) {
    if (octets + record.length > mtu) {
      datagrams.push([]);
      octets = 0;
    }
    datagrams.at(-1)?.push(record);
    octets += record.length;
  }
  return datagrams.map((parts) => Buffer.concat(parts));
}
