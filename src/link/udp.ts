import { createSocket, type Socket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { isIPv6 } from 'node:net';
import { BenchError, messageOf } from '../core/errors.ts';
import type { EventSink } from '../core/events.ts';
import { type Fate, type Impairments, linkFate, type LinkFate, ON_TIME } from './impair.ts';
import { type Peer, printPeer, type Wire } from './wire.ts';

export interface UdpOptions {
  /** Local address; one with colons makes an IPv6 socket, which then carries IPv6 only. */
  readonly host: string;
  /** Local port; 0 lets the system choose. */
  readonly port: number;
  readonly sink: EventSink;
  /** Channel of the recorded events. */
  readonly channel: string;
  readonly impair?: Impairments;
  /** Lets several sockets share the port; for multicast listeners. */
  readonly share?: boolean;
}

/** A UDP port. Datagrams are recorded as `datagram`, those that the impairment swallowed as `datagram.lost`. */
export interface UdpWire extends Wire {
  readonly secure: false;
  /** From now on; undefined ends it. */
  impair(impairments: Impairments | undefined): void;
  /** Also receive what is sent to the group, on this interface (IPv4: its address; IPv6: `::%eth0`). */
  join(group: string, iface?: string): void;
  /** The interface that multicast datagrams leave by (IPv4: its address; IPv6: `::%eth0`). */
  multicastFrom(iface: string): void;
}

/** What the system's error codes mean on a bench. */
const MEANING: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the port is taken by another program',
  EADDRNOTAVAIL: 'this computer does not have that address',
  EACCES: 'the system does not allow it (ports below 1024 need rights)',
  ENETUNREACH: 'the network cannot be reached',
  EHOSTUNREACH: 'the host cannot be reached',
  ENETDOWN: 'the network is down',
  ENODEV: 'there is no such interface',
  EMSGSIZE: 'the datagram is too large for the network',
};

function benchError(doing: string, where: string, cause: unknown): BenchError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown';
  const why = MEANING[code] ?? messageOf(cause);
  return new BenchError('udp', `${doing}: ${why} (${code})`, { place: { where }, cause });
}

/** Turns a host name into an address; addresses pass unchanged. Rejects with a BenchError that names the host. */
export async function resolvePeer(host: string, port: number): Promise<Peer> {
  try {
    return { address: (await lookup(host)).address, port };
  } catch (e) {
    throw benchError('host name cannot be resolved', host, e);
  }
}

/** Whether an address, with its zone or without, is one of IPv6. */
function isV6(address: string): boolean {
  return isIPv6(address.split('%')[0] ?? '');
}

/** The address of this computer that a peer sees; a BenchError where there is no way to it. */
export function localTowards(peer: Peer): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createSocket(isV6(peer.address) ? 'udp6' : 'udp4');
    socket.once('error', (e) => {
      socket.close();
      reject(new BenchError('route', `no way to ${printPeer(peer)}: ${e.message}`, { cause: e }));
    });
    socket.connect(peer.port, peer.address, () => {
      const { address } = socket.address();
      socket.close();
      resolve(address);
    });
  });
}

/** Opens a local UDP port. Rejects with a BenchError that names the port where it is taken or the address is not ours. */
export async function openUdp(options: UdpOptions): Promise<UdpWire> {
  const { host, port, sink, channel } = options;
  const v6 = isV6(host);
  const socket = createSocket({
    type: v6 ? 'udp6' : 'udp4',
    ipv6Only: v6,
    reuseAddr: options.share ?? false,
    // Peers are addresses; without this each datagram would wait for a look-up of nothing.
    lookup: (address, _options, done) => done(null, address, v6 ? 6 : 4),
  });
  const where = `udp ${printPeer({ address: host, port })}`;
  await new Promise<void>((resolve, reject) => {
    socket.once('error', (e) => {
      socket.close();
      reject(benchError('cannot open', where, e));
    });
    socket.bind({ address: host, port, exclusive: true }, resolve);
  });
  socket.removeAllListeners('error');
  return new Udp(socket, where, sink, channel, options.impair);
}

class Udp implements UdpWire {
  readonly secure = false;
  readonly local: Peer;
  private readonly socket: Socket;
  private readonly where: string;
  private readonly sink: EventSink;
  private readonly channel: string;
  private readonly localName: string;
  private readonly listeners = new Set<(data: Buffer, from: Peer, n: number) => void>();
  private readonly late = new Set<NodeJS.Timeout>();
  private fate: LinkFate;
  private open = true;

  constructor(socket: Socket, where: string, sink: EventSink, channel: string, impairments: Impairments | undefined) {
    const { address, port } = socket.address();
    this.local = { address, port };
    this.localName = printPeer(this.local);
    this.socket = socket;
    this.where = where;
    this.sink = sink;
    this.channel = channel;
    this.fate = linkFate(impairments);
    socket.on('message', (data, from) => this.arrive(data, { address: from.address, port: from.port }));
    socket.on('error', (e) => sink.append({ channel, type: 'link.error', data: { where, error: e.message } }));
  }

  impair(impairments: Impairments | undefined): void {
    this.fate = linkFate(impairments);
  }

  join(group: string, iface?: string): void {
    this.multicast(`cannot join ${group}`, () => this.socket.addMembership(group, iface));
  }

  multicastFrom(iface: string): void {
    this.multicast(`cannot send multicast by ${iface}`, () => this.socket.setMulticastInterface(iface));
  }

  private multicast(doing: string, act: () => void): void {
    try {
      act();
    } catch (e) {
      throw benchError(doing, this.where, e);
    }
  }

  send(data: Uint8Array, to: Peer, via?: number): Promise<void> {
    const fate = this.fate.out();
    return fate === ON_TIME ? this.transmit(data, to, via) : this.sendImpaired(data, to, via, fate);
  }

  private async sendImpaired(data: Uint8Array, to: Peer, via: number | undefined, fate: Fate): Promise<void> {
    if (fate.length === 0) this.record('datagram.lost', 'out', data, to, via);
    for (const ms of fate)
      if (ms === 0) await this.transmit(data, to, via);
      else this.later(ms, () => void this.transmit(data, to, via).catch(() => undefined));
  }

  private transmit(data: Uint8Array, to: Peer, via: number | undefined): Promise<void> {
    if (!this.open)
      return Promise.reject(new BenchError('udp', 'the port is closed', { place: { where: this.where } }));
    const recorded = this.record('datagram', 'out', data, to, via);
    return new Promise((resolve, reject) => {
      const done = (e: Error | null): void => {
        if (e === null) return resolve();
        const error = benchError(`cannot send ${data.length} octets to ${printPeer(to)}`, this.where, e);
        this.sink.append({
          channel: this.channel,
          type: 'link.error',
          via: recorded,
          data: { where: this.where, error: error.message },
        });
        reject(error);
      };
      try {
        this.socket.send(data, to.port, to.address, done);
      } catch (e) {
        done(e instanceof Error ? e : new Error(messageOf(e)));
      }
    });
  }

  private arrive(data: Buffer, from: Peer): void {
    const fate = this.fate.in();
    if (fate.length === 0) this.record('datagram.lost', 'in', data, from);
    for (const ms of fate)
      if (ms === 0) this.deliver(data, from);
      else this.later(ms, () => this.deliver(data, from));
  }

  private deliver(data: Buffer, from: Peer): void {
    const n = this.record('datagram', 'in', data, from);
    for (const listener of this.listeners) listener(data, from, n);
  }

  private record(type: string, dir: 'in' | 'out', raw: Uint8Array, peer: Peer, via?: number): number {
    const data = { local: this.localName, peer: printPeer(peer) };
    return this.sink.append({ channel: this.channel, type, dir, raw, data, ...(via === undefined ? {} : { via }) }).n;
  }

  private later(ms: number, act: () => void): void {
    const timer = setTimeout(() => {
      this.late.delete(timer);
      act();
    }, ms);
    this.late.add(timer);
  }

  onReceive(listener: (data: Buffer, from: Peer, n: number) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  async close(): Promise<void> {
    if (!this.open) return;
    this.open = false;
    for (const timer of this.late) clearTimeout(timer);
    this.late.clear();
    this.listeners.clear();
    await new Promise<void>((resolve) => this.socket.close(resolve));
  }
}
