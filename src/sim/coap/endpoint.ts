import { randomBytes, randomInt } from 'node:crypto';
import { type Peer, printPeer, type Wire } from '../../link/wire.ts';
import {
  EMPTY,
  emptyMessage,
  type Malformed,
  type Message,
  type Option,
  OPTION,
  readMessage,
  writeMessage,
} from './message.ts';

/** Timers of the message layer in real milliseconds. */
export interface LinkTiming {
  readonly ackTimeoutMs: number;
  readonly maxRetransmit: number;
  /** How long a repeated message is recognised as such. */
  readonly lifetimeMs: number;
  /** A request that takes longer is acknowledged first and answered in a message of its own. */
  readonly promptMs: number;
}

/** The values of RFC 7252 section 4.8, times `scale`. */
export function linkTiming(scale: number): LinkTiming {
  return { ackTimeoutMs: 2000 * scale, maxRetransmit: 4, lifetimeMs: 247_000 * scale, promptMs: 1000 * scale };
}

export interface Request {
  readonly message: Message;
  readonly from: Peer;
  /** Came to a group address: never reset, never acknowledged, answered only if there is something to say. */
  readonly multicast: boolean;
}

export interface Reply {
  readonly code: string;
  readonly options?: readonly Option[];
  readonly payload?: Buffer;
}

/** A reply, or what a device does instead of one. */
export type Answer = Reply | 'silence' | 'reset';
export type Handler = (request: Request) => Answer | Promise<Answer>;

/** What became of a request of ours. */
export type Outcome =
  | { readonly ok: true; readonly message: Message }
  | { readonly ok: false; readonly why: 'silence' | 'reset' };

/** What became of a confirmable message. */
export type Delivery = 'acknowledged' | 'reset' | 'silence' | 'withdrawn';

interface Sending {
  settle(delivery: Delivery): void;
}

const NO_PAYLOAD = Buffer.alloc(0);

/** Ways in which real message layers differ from RFC 7252. */
export interface MessageQuirks {
  /** Requests that are served anew when they are repeated, as by a device without a cache of its answers. */
  readonly uncached?: (message: Message) => boolean;
  readonly acknowledgesNon?: true;
  readonly acknowledgesPing?: true;
  readonly takesAnyCritical?: true;
}

/**
 * The message layer and the request/response layer of a device over one wire: repeated messages get the same answer again, slow
 * requests a separate one, confirmable messages are repeated until acknowledged, a ping is reset.
 */
export class Endpoint {
  /** A frozen or switched-off device: nothing gets in or out. */
  muted = false;
  /** A device that sleeps: nothing gets in, what it sends gets out. */
  asleep = false;
  private readonly wire: Wire;
  private readonly timing: LinkTiming;
  private readonly handler: Handler;
  private readonly critical: ReadonlySet<number>;
  private readonly quirks: MessageQuirks;
  /** By peer and mid: when it came and what we answered, if anything yet. */
  private readonly seen = new Map<string, { readonly at: number; reply?: Buffer }>();
  private readonly sending = new Map<string, Sending>();
  private readonly waiting = new Map<string, (message: Message) => void>();
  private readonly timers = new Set<NodeJS.Timeout>();
  private readonly stops: (() => void)[] = [];
  private readonly resetListeners: ((from: Peer, mid: number) => void)[] = [];
  // At random, so that a device which restarts on the same port is not taken for a repetition of itself.
  private nextMid = randomInt(0x1_0000);

  /** `critical`: the critical options that the handler understands, beside the block options. */
  constructor(
    wire: Wire,
    timing: LinkTiming,
    handler: Handler,
    critical: readonly number[] = [],
    quirks: MessageQuirks = {},
  ) {
    this.wire = wire;
    this.quirks = quirks;
    this.timing = timing;
    this.handler = handler;
    const { uriHost, uriPort, uriPath, uriQuery, accept, block1, block2 } = OPTION;
    this.critical = new Set([uriHost, uriPort, uriPath, uriQuery, accept, block1, block2, ...critical]);
    this.listen(wire, false);
  }

  /** Takes requests from one more wire, as a rule a group address; answers leave by the endpoint's own. */
  listen(wire: Wire, multicast = true): void {
    this.stops.push(wire.onReceive((data, from) => this.receive(data, from, multicast)));
  }

  /** Calls the listener for every reset of something we sent (a notification): where from and for which message. */
  onReset(listener: (from: Peer, mid: number) => void): void {
    this.resetListeners.push(listener);
  }

  /** Forgets everything a restart forgets; what is on its way is given up. */
  restart(): void {
    for (const timer of this.timers) clearTimeout(timer);
    for (const message of this.sending.values()) message.settle('withdrawn');
    this.timers.clear();
    this.seen.clear();
    this.waiting.clear();
    this.nextMid = randomInt(0x1_0000);
  }

  /** Stops listening and every timer. The wire is its owner's to close. */
  close(): void {
    this.muted = true;
    for (const stop of this.stops) stop();
    this.restart();
  }

  /** Sends a confirmable request and waits for its response. Resolves also where none came in `limitMs` real milliseconds. */
  request(
    to: Peer,
    code: string,
    options: readonly Option[],
    payload: Buffer = NO_PAYLOAD,
    limitMs = Infinity,
  ): Promise<Outcome> {
    const token = randomBytes(4);
    const key = `${printPeer(to)} ${token.toString('hex')}`;
    const { mid, delivery } = this.confirmable(to, { code, token, options, payload });
    return new Promise((resolve) => {
      const limit = limitMs === Infinity ? undefined : this.later(limitMs, () => finish({ ok: false, why: 'silence' }));
      const finish = (outcome: Outcome): void => {
        this.waiting.delete(key);
        this.cancel(limit);
        this.withdraw(to, mid);
        resolve(outcome);
      };
      this.waiting.set(key, (message) => finish({ ok: true, message }));
      void delivery.then((got) => {
        if (got === 'reset' || got === 'silence') finish({ ok: false, why: got });
      });
    });
  }

  /** Sends a message that is repeated until it is acknowledged or given up. */
  confirmable(to: Peer, content: Omit<Message, 'type' | 'mid'>): { mid: number; delivery: Promise<Delivery> } {
    const message: Message = { type: 'CON', mid: this.takeMid(), ...content };
    const data = writeMessage(message);
    const key = keyOf(to, message.mid);
    const delivery = new Promise<Delivery>((resolve) => {
      let timer: NodeJS.Timeout | undefined;
      const attempt = (tries: number, wait: number): void => {
        if (tries > this.timing.maxRetransmit) return settle('silence');
        this.send(data, to);
        timer = this.later(wait, () => attempt(tries + 1, wait * 2));
      };
      const settle = (outcome: Delivery): void => {
        this.cancel(timer);
        this.sending.delete(key);
        resolve(outcome);
      };
      this.sending.set(key, { settle });
      attempt(0, this.timing.ackTimeoutMs * (1 + Math.random() / 2));
    });
    return { mid: message.mid, delivery };
  }

  /** Sends a message once. */
  unconfirmable(to: Peer, content: Omit<Message, 'type' | 'mid'>): number {
    const message: Message = { type: 'NON', mid: this.takeMid(), ...content };
    this.send(writeMessage(message), to);
    return message.mid;
  }

  /** Ends the repetition of a confirmable message. */
  withdraw(to: Peer, mid: number): void {
    this.sending.get(keyOf(to, mid))?.settle('withdrawn');
  }

  private receive(data: Buffer, from: Peer, multicast: boolean): void {
    if (this.muted || this.asleep) return;
    const message = readMessage(data);
    if ('malformed' in message) return this.refuse(message, from, multicast);
    if (message.type === 'ACK' || message.type === 'RST') return this.settled(message, from);
    if (message.code === EMPTY) {
      const type = this.quirks.acknowledgesPing === true ? 'ACK' : 'RST';
      if (message.type === 'CON' && !multicast) this.send(writeMessage(emptyMessage(type, message.mid)), from);
      return;
    }
    const key = keyOf(from, message.mid);
    this.expire();
    const before = this.seen.get(key);
    const anew = message.code.startsWith('0.') && this.quirks.uncached?.(message) === true;
    if (before !== undefined && !anew) {
      if (message.type === 'CON' && before.reply !== undefined) this.send(before.reply, from);
      return;
    }
    const entry: { at: number; reply?: Buffer } = { at: performance.now() };
    this.seen.set(key, entry);
    if (!message.code.startsWith('0.')) return this.response(message, from, entry);
    void this.serve({ message, from, multicast }, entry);
  }

  private refuse(message: Malformed, from: Peer, multicast: boolean): void {
    if (message.type !== 'CON' || message.mid === undefined || multicast) return;
    this.send(writeMessage(emptyMessage('RST', message.mid)), from);
  }

  private settled(message: Message, from: Peer): void {
    this.sending.get(keyOf(from, message.mid))?.settle(message.type === 'ACK' ? 'acknowledged' : 'reset');
    if (message.type === 'RST') for (const listener of this.resetListeners) listener(from, message.mid);
    else if (message.code !== EMPTY) this.waiting.get(`${printPeer(from)} ${message.token.toString('hex')}`)?.(message);
  }

  private response(message: Message, from: Peer, entry: { reply?: Buffer }): void {
    const take = this.waiting.get(`${printPeer(from)} ${message.token.toString('hex')}`);
    if (message.type === 'CON') {
      entry.reply = writeMessage(emptyMessage(take === undefined ? 'RST' : 'ACK', message.mid));
      this.send(entry.reply, from);
    }
    take?.(message);
  }

  private async serve(request: Request, entry: { reply?: Buffer }): Promise<void> {
    const { message, from, multicast } = request;
    const confirmable = (message.type === 'CON' || this.quirks.acknowledgesNon === true) && !multicast;
    const say = (reply: Message): void => {
      entry.reply = writeMessage(reply);
      this.send(entry.reply, from);
    };
    const slow = confirmable
      ? this.later(this.timing.promptMs, () => say(emptyMessage('ACK', message.mid)))
      : undefined;
    const answer = await this.answer(request);
    this.cancel(slow);
    if (this.muted || answer === 'silence') return;
    if (answer === 'reset') return say(emptyMessage('RST', message.mid));
    const { code, options = [], payload = NO_PAYLOAD } = answer;
    const content = { code, token: message.token, options, payload };
    if (!confirmable) this.unconfirmable(from, content);
    else if (entry.reply === undefined) say({ type: 'ACK', mid: message.mid, ...content });
    else this.confirmable(from, content);
  }

  private async answer(request: Request): Promise<Answer> {
    const unknown = request.message.options.find((o) => o.number % 2 === 1 && !this.critical.has(o.number));
    if (unknown !== undefined && this.quirks.takesAnyCritical !== true)
      return request.message.type === 'CON' ? { code: '4.02' } : 'silence';
    try {
      return await this.handler(request);
    } catch (thrown) {
      process.stderr.write(`simulated device: ${thrown instanceof Error ? thrown.stack : String(thrown)}\n`);
      return { code: '5.00' };
    }
  }

  private send(data: Buffer, to: Peer): void {
    // A port that is gone at the far end is no concern of a device: the other side asks again or does not.
    if (!this.muted) void this.wire.send(data, to).catch(() => undefined);
  }

  private takeMid(): number {
    this.nextMid = (this.nextMid + 1) & 0xffff;
    return this.nextMid;
  }

  private expire(): void {
    const oldest = performance.now() - this.timing.lifetimeMs;
    for (const [key, { at }] of this.seen) {
      if (at > oldest) return;
      this.seen.delete(key);
    }
  }

  private later(ms: number, act: () => void): NodeJS.Timeout {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      act();
    }, ms);
    this.timers.add(timer);
    return timer;
  }

  private cancel(timer: NodeJS.Timeout | undefined): void {
    if (timer === undefined) return;
    clearTimeout(timer);
    this.timers.delete(timer);
  }
}

function keyOf(peer: Peer, mid: number): string {
  return `${printPeer(peer)} ${mid}`;
}
