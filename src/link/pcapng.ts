import { isIPv6 } from 'node:net';
import { type Ev, rawOf } from '../core/events.ts';
import { parsePeer, type Peer } from './wire.ts';

/** Block types, link type and option codes of the pcapng format; everything is written little-endian. */
const SECTION = 0x0a0d0d0a;
const INTERFACE = 1;
const PACKET = 6;
const BYTE_ORDER = 0x1a2b3c4d;
/** What packets begin with: an IPv4 or IPv6 header; a direction, then an H4 packet of a Bluetooth controller. */
const LINK = { RAW: 101, HCI: 201 } as const;
/** Four octets, the highest first: who sent an H4 packet. */
const HCI_SENDER = { out: Buffer.of(0, 0, 0, 0), in: Buffer.of(0, 0, 0, 1) } as const;
const OPTION = { comment: 1, name: 2, flags: 2, application: 4 } as const;
const FLAG = { in: 1, out: 2 } as const;
const UDP = 17;
const HOP_LIMIT = 64;

/** A packet of the log with the interface that it belongs to. */
interface Captured {
  readonly link: number;
  readonly packet: Buffer;
}

/**
 * The `datagram` and `hci` events of a log as a pcapng file: one interface for each channel and kind, each packet commented with
 * the number of its event. IP and UDP headers are made up from the recorded addresses. Lost datagrams are left out: the far side,
 * or we, never saw them.
 * @param epochMs Unix time, in milliseconds, that the events' `ms` count from.
 */
export function capture(events: readonly Ev[], epochMs = 0): Buffer {
  const interfaces: { channel: string; link: number }[] = [];
  const packets: Buffer[] = [];
  for (const event of events) {
    const captured = capturedOf(event);
    if (captured === undefined) continue;
    const { channel } = event;
    const { link, packet } = captured;
    let index = interfaces.findIndex((each) => each.channel === channel && each.link === link);
    if (index === -1) index = interfaces.push({ channel, link }) - 1;
    packets.push(packetBlock(event, index, packet, epochMs));
  }
  const heads = interfaces.map(({ channel, link }) => interfaceBlock(channel, link));
  return Buffer.concat([sectionBlock(), ...heads, ...packets]);
}

function capturedOf(event: Ev): Captured | undefined {
  if (event.type === 'hci')
    return { link: LINK.HCI, packet: Buffer.concat([HCI_SENDER[event.dir ?? 'in'], rawOf(event)]) };
  const ends = endsOf(event);
  return ends && { link: LINK.RAW, packet: ip(ends.from, ends.to, rawOf(event)) };
}

function endsOf(event: Ev): { from: Peer; to: Peer } | undefined {
  if (event.type !== 'datagram') return undefined;
  const local = parsePeer(event.data?.['local']);
  const peer = parsePeer(event.data?.['peer']);
  if (local === undefined || peer === undefined) return undefined;
  return event.dir === 'in' ? { from: peer, to: local } : { from: local, to: peer };
}

function u16(...values: number[]): Buffer {
  const out = Buffer.alloc(values.length * 2);
  for (const [i, value] of values.entries()) out.writeUInt16LE(value, i * 2);
  return out;
}

function u32(...values: number[]): Buffer {
  const out = Buffer.alloc(values.length * 4);
  for (const [i, value] of values.entries()) out.writeUInt32LE(value, i * 4);
  return out;
}

function padded(data: Buffer): Buffer {
  return Buffer.concat([data, Buffer.alloc((4 - (data.length % 4)) % 4)]);
}

function option(code: number, value: Buffer): Buffer {
  return Buffer.concat([u16(code, value.length), padded(value)]);
}

const END_OF_OPTIONS = u16(0, 0);

function block(type: number, ...parts: Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  const length = body.length + 12;
  return Buffer.concat([u32(type, length), body, u32(length)]);
}

function sectionBlock(): Buffer {
  const unknownLength = Buffer.alloc(8, 0xff);
  const application = option(OPTION.application, Buffer.from('Plumbline'));
  return block(SECTION, u32(BYTE_ORDER), u16(1, 0), unknownLength, application, END_OF_OPTIONS);
}

function interfaceBlock(channel: string, link: number): Buffer {
  return block(INTERFACE, u16(link, 0), u32(0), option(OPTION.name, Buffer.from(channel)), END_OF_OPTIONS);
}

function packetBlock(event: Ev, index: number, packet: Buffer, epochMs: number): Buffer {
  const microseconds = BigInt(Math.round((epochMs + event.ms) * 1000));
  const head = u32(
    index,
    Number(microseconds >> 32n),
    Number(microseconds & 0xffffffffn),
    packet.length,
    packet.length,
  );
  const comment = option(OPTION.comment, Buffer.from(`event ${event.n}`));
  const flags = option(OPTION.flags, u32(FLAG[event.dir ?? 'in']));
  return block(PACKET, head, padded(packet), comment, flags, END_OF_OPTIONS);
}

/** The octets of an address, 4 or 16; the zone of an IPv6 address is left out. */
export function addressOctets(address: string): Buffer {
  const bare = address.split('%')[0] ?? address;
  if (!isIPv6(bare)) return Buffer.from(bare.split('.').map(Number));
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(bare);
  const text =
    dotted === null
      ? bare
      : `${dotted[1]}${(Number(dotted[2]) * 256 + Number(dotted[3])).toString(16)}:${(Number(dotted[4]) * 256 + Number(dotted[5])).toString(16)}`;
  const [head = '', tail] = text.split('::');
  const groups = (part: string): number[] => (part === '' ? [] : part.split(':').map((g) => Number.parseInt(g, 16)));
  const left = groups(head);
  const right = tail === undefined ? [] : groups(tail);
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => 0);
  const all = [...left, ...zeros, ...right];
  return Buffer.from(all.flatMap((g) => [g >> 8, g & 0xff]));
}

/** Internet checksum (RFC 1071) over the parts as if they were one row of octets; each part but the last has an even length. */
function checksum(...parts: Buffer[]): number {
  let sum = 0;
  for (const part of parts) for (let i = 0; i < part.length; i += 2) sum += ((part[i] ?? 0) << 8) | (part[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

function ip(from: Peer, to: Peer, data: Buffer): Buffer {
  const source = addressOctets(from.address);
  const target = addressOctets(to.address);
  const udp = Buffer.alloc(8 + data.length);
  udp.writeUInt16BE(from.port, 0);
  udp.writeUInt16BE(to.port, 2);
  udp.writeUInt16BE(udp.length, 4);
  data.copy(udp, 8);
  const sizes = Buffer.alloc(4);
  sizes.writeUInt8(UDP, 1);
  sizes.writeUInt16BE(udp.length, 2);
  // A sum of zero would mean "no checksum"; its complement stands for it (RFC 768).
  udp.writeUInt16BE(checksum(source, target, sizes, udp) || 0xffff, 6);
  return Buffer.concat([
    source.length === 4 ? ipv4(source, target, udp.length) : ipv6(source, target, udp.length),
    udp,
  ]);
}

function ipv4(source: Buffer, target: Buffer, length: number): Buffer {
  const head = Buffer.alloc(20);
  head.writeUInt8(0x45, 0);
  head.writeUInt16BE(head.length + length, 2);
  head.writeUInt8(HOP_LIMIT, 8);
  head.writeUInt8(UDP, 9);
  source.copy(head, 12);
  target.copy(head, 16);
  head.writeUInt16BE(checksum(head), 10);
  return head;
}

function ipv6(source: Buffer, target: Buffer, length: number): Buffer {
  const head = Buffer.alloc(40);
  head.writeUInt8(0x60, 0);
  head.writeUInt16BE(length, 4);
  head.writeUInt8(UDP, 6);
  head.writeUInt8(HOP_LIMIT, 7);
  source.copy(head, 8);
  target.copy(head, 24);
  return head;
}
