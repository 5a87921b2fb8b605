import { below, type Random } from '../core/random.ts';
import type { EventSink } from '../core/events.ts';
import { type Peer, peerKey, printPeer, type Wire } from '../link/wire.ts';
import { EVENT } from './events.ts';
import type { Finding, Report, Rule } from './findings.ts';
import { type Decoded, decode, emptyMessage, EMPTY, encode, isRequest, type Message } from './message.ts';
import { type Malformed, printMalformed, printMessage } from './message.ts';
import { findOption, OPTION } from './options.ts';
import { firstWaitMs, type Transmission, waitFactor } from './transmission.ts';

/** One datagram as it came in: what it holds, from whom, which event recorded it and when (bench clock). */
export interface Arrival {
  readonly raw: Buffer;
  readonly from: Peer;
  readonly decoded: Decoded;
  readonly n: number;
  readonly ms: number;
}

/** A well-formed arrival. */
export interface Incoming {
  readonly message: Message;
  readonly from: Peer;
  readonly n: number;
  readonly ms: number;
}

/** What the sender of a message wants to hear about it. */
export interface Hooks {
  acknowledged(): void;
  reset(incoming: Incoming): void;
  /** All repetitions were sent and the last wait is over. */
  exhausted(): void;
  /** The link refused to send. */
  failed(error: unknown): void;
  readonly report: Report;
}

/** The layer above. */
export interface Upper {
  /** A request, first copy only. False: there is nobody to answer it. */
  request(incoming: Incoming): boolean;
  /** A response, first copy only. False: it belongs to nothing under way. */
  response(incoming: Incoming): boolean;
}

interface Pending {
  readonly hooks: Hooks;
  stop(): void;
}

/** A message received before, kept so that its repetition is recognised and answered with the same octets. */
interface Remembered {
  readonly raw: Buffer;
  readonly untilMs: number;
  answer?: Message;
  report?: Report;
}

/** More than any device can have under way; keeps a fast transfer of small blocks from filling the memory. */
const REMEMBERED_MAX = 4096;

export interface LayerOptions {
  readonly wire: Wire;
  readonly sink: EventSink;
  readonly channel: string;
  readonly random: Random;
  /** How long a received message id is remembered, real ms. */
  readonly rememberMs: number;
  readonly upper: Upper;
}

/** The message layer of RFC 7252 section 4: ids, repetition, acknowledgements, resets, duplicates. Records every message. */
export class MessageLayer {
  private readonly options: LayerOptions;
  private readonly mids = new Map<string, number>();
  private readonly pending = new Map<string, Pending>();
  private readonly remembered = new Map<string, Remembered>();
  private readonly taps = new Set<(arrival: Arrival) => boolean>();
  private readonly stopReceiving: () => void;

  constructor(options: LayerOptions) {
    this.options = options;
    this.stopReceiving = options.wire.onReceive((data, from, n) => this.receive(data, from, n));
  }

  /** The next message id for this peer. */
  nextMid(to: Peer): number {
    const key = peerKey(to);
    const mid = ((this.mids.get(key) ?? below(this.options.random, 0x10000)) + 1) & 0xffff;
    this.mids.set(key, mid);
    return mid;
  }

  /** Sends one message once, as it is; returns the number of its event. A failing link is told to `failed`. */
  send(message: Message, to: Peer, via?: number, attempt = 1, failed?: (e: unknown) => void): number {
    return this.sendOctets(encode(message), to, via, attempt, failed);
  }

  /** Sends any octets once. */
  sendOctets(raw: Buffer, to: Peer, via?: number, attempt = 1, failed?: (e: unknown) => void): number {
    const { sink, channel, wire } = this.options;
    const data = { peer: printPeer(to), attempt };
    const { n } = sink.append({
      channel,
      type: EVENT.message,
      dir: 'out',
      raw,
      data,
      ...(via === undefined ? {} : { via }),
    });
    wire.send(raw, to, n).catch((e: unknown) => failed?.(e));
    return n;
  }

  /** Sends a CON until it is acknowledged or the waits are over, a NON once. Returns the first event and the call that ends it. */
  transmit(
    message: Message,
    to: Peer,
    timing: Transmission,
    hooks: Hooks,
    via?: number,
  ): { n: number; stop: () => void } {
    const key = `${peerKey(to)}|${message.mid}`;
    const repeats = message.type === 'CON' ? timing.maxRetransmit : -1;
    const first = firstWaitMs(timing, this.options.random);
    let timer: NodeJS.Timeout | undefined;
    let attempt = 0;
    const stop = (): void => {
      clearTimeout(timer);
      if (this.pending.get(key) === entry) this.pending.delete(key);
    };
    const entry: Pending = { hooks, stop: () => clearTimeout(timer) };
    this.pending.set(key, entry);
    const send = (): number => {
      attempt++;
      const wait = first * waitFactor(timing, attempt);
      if (repeats >= 0) timer = setTimeout(() => (attempt <= repeats ? send() : hooks.exhausted()), wait);
      return this.send(message, to, via, attempt, (e) => hooks.failed(e));
    };
    return { n: send(), stop };
  }

  /** Sees every datagram before anything else does; true keeps it from all further treatment. Returns the call that ends it. */
  tap(see: (arrival: Arrival) => boolean): () => void {
    this.taps.add(see);
    return () => this.taps.delete(see);
  }

  /** Sends `answer` to a received message and remembers it for repetitions of that message. */
  answer(incoming: Incoming, answer: Message, via?: number): number {
    const entry = this.remembered.get(`${peerKey(incoming.from)}|${incoming.message.mid}`);
    if (entry !== undefined) entry.answer = answer;
    return this.send(answer, incoming.from, via);
  }

  acknowledge(incoming: Incoming): void {
    if (incoming.message.type === 'CON') this.answer(incoming, emptyMessage('ACK', incoming.message.mid));
  }

  reject(incoming: Incoming): void {
    this.answer(incoming, emptyMessage('RST', incoming.message.mid));
  }

  /** Repetitions of this message are reported there from now on. */
  reportRepetitions(incoming: Incoming, report: Report): void {
    const entry = this.remembered.get(rememberKey(incoming));
    if (entry !== undefined) entry.report = report;
  }

  /** Forgets what was received from this peer; for a device that was started anew. */
  forget(peer: Peer): void {
    const prefix = `${peerKey(peer)}|`;
    for (const key of this.remembered.keys()) if (key.startsWith(prefix)) this.remembered.delete(key);
  }

  /** A report that writes `coap.finding` events and fills a list. */
  reporter(peer: Peer, request?: number, into?: Finding[]): Report {
    const { sink, channel } = this.options;
    return (rule: Rule, expected: string, observed: string, at: number) => {
      into?.push({ rule, expected, observed, at });
      const data = { peer: printPeer(peer), rule, expected, observed, ...(request === undefined ? {} : { request }) };
      sink.append({ channel, type: EVENT.finding, via: at, data });
    };
  }

  close(): void {
    this.stopReceiving();
    for (const entry of this.pending.values()) entry.stop();
    this.pending.clear();
    this.remembered.clear();
    this.taps.clear();
  }

  private receive(raw: Buffer, from: Peer, via: number): void {
    const decoded = decode(raw);
    const { sink, channel } = this.options;
    const type = decoded.ok ? EVENT.message : EVENT.malformed;
    const why = decoded.ok ? {} : { rule: decoded.defect.rule, text: printMalformed(decoded.defect) };
    const { n, ms } = sink.append({ channel, type, dir: 'in', raw, via, data: { peer: printPeer(from), ...why } });
    for (const see of this.taps) if (see({ raw, from, decoded, n, ms })) return;
    if (!decoded.ok) return this.refuse(decoded.defect, from, n);
    const incoming = { message: decoded.message, from, n, ms };
    const reply = decoded.message.type === 'ACK' || decoded.message.type === 'RST';
    if (reply) this.settle(incoming, raw);
    else this.take(incoming, raw);
  }

  /** A confirmable message with a format error is reset, any other is ignored (RFC 7252 4.2, 4.3). */
  private refuse(defect: Malformed, from: Peer, n: number): void {
    if (defect.mid === undefined) return;
    const pending = this.pending.get(`${peerKey(from)}|${defect.mid}`);
    if (defect.type === 'ACK') pending?.hooks.report('malformed', 'a well-formed message', printMalformed(defect), n);
    if (defect.type === 'CON') this.send(emptyMessage('RST', defect.mid), from);
  }

  /** An acknowledgement or a reset of something that we sent. */
  private settle(incoming: Incoming, raw: Buffer): void {
    const { message, from } = incoming;
    const pending = this.pending.get(`${peerKey(from)}|${message.mid}`);
    if (pending === undefined) {
      if (!this.repeated(incoming, raw, rememberKey(incoming)))
        this.stray(incoming, `no message ${message.mid} to this peer is under way`);
      return;
    }
    this.remember(raw, rememberKey(incoming)).report = pending.hooks.report;
    pending.stop();
    if (message.type === 'RST') return pending.hooks.reset(incoming);
    pending.hooks.acknowledged();
    if (message.code === EMPTY || this.options.upper.response(incoming)) return;
    pending.hooks.report('token', 'the token of the request', printMessage(message), incoming.n);
    this.stray(incoming, 'an acknowledgement with another token');
  }

  /** A confirmable or non-confirmable message: ping, request or response. */
  private take(incoming: Incoming, raw: Buffer): void {
    const { message } = incoming;
    const key = rememberKey(incoming);
    if (this.repeated(incoming, raw, key)) return;
    this.remember(raw, key);
    if (message.code === EMPTY) return this.reject(incoming);
    const { upper } = this.options;
    if (isRequest(message.code)) {
      if (!upper.request(incoming) && message.type === 'CON') this.reject(incoming);
      return;
    }
    if (upper.response(incoming)) return this.acknowledge(incoming);
    this.stray(incoming, 'no request or observation with this peer has this token');
    // A NON may be left alone, but only a reset ends an observation that the device still believes in (RFC 7641 3.6).
    const notification = findOption(message.options, OPTION.observe) !== undefined;
    if (message.type === 'CON' || notification) this.reject(incoming);
  }

  /** True for an octet-for-octet copy of an earlier message; it gets the same answer again. */
  private repeated(incoming: Incoming, raw: Buffer, key: string): boolean {
    const entry = this.remembered.get(key);
    if (entry === undefined || entry.untilMs < performance.now() || !entry.raw.equals(raw)) return false;
    const report = entry.report ?? this.reporter(incoming.from);
    report('duplicate', 'one copy', `again ${printMessage(incoming.message)}`, incoming.n);
    if (entry.answer !== undefined) this.send(entry.answer, incoming.from);
    return true;
  }

  private remember(raw: Buffer, key: string): Remembered {
    const now = performance.now();
    const entry: Remembered = { raw, untilMs: now + this.options.rememberMs };
    this.remembered.delete(key);
    this.remembered.set(key, entry);
    if (this.remembered.size > REMEMBERED_MAX) this.forgetOldest(now);
    return entry;
  }

  /** Drops what is over and enough of the rest that this need not be done for every message. */
  private forgetOldest(now: number): void {
    for (const [key, { untilMs }] of this.remembered) {
      if (this.remembered.size <= REMEMBERED_MAX / 2 && untilMs > now) break;
      this.remembered.delete(key);
    }
  }

  private stray(incoming: Incoming, why: string): void {
    const { sink, channel } = this.options;
    const data = { peer: printPeer(incoming.from), why };
    sink.append({ channel, type: EVENT.stray, dir: 'in', via: incoming.n, data });
  }
}

/** Ids of what the peer sent and of what it acknowledges are different rows of numbers. */
function rememberKey({ message, from }: Incoming): string {
  const own = message.type === 'CON' || message.type === 'NON';
  return own ? `${peerKey(from)}|${message.mid}` : `${peerKey(from)}|ack ${message.mid}`;
}
