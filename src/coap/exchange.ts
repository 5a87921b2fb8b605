import { TesterError } from '../core/errors.ts';
import { type Peer, peerKey, printPeer } from '../link/wire.ts';
import { octets, type Random } from '../core/random.ts';
import type { Report } from './findings.ts';
import { isSuccess, type Message, printMessage } from './message.ts';
import type { Incoming, MessageLayer } from './message-layer.ts';
import { findOption, OPTION, type Option, optionDefects } from './options.ts';
import type { Transmission } from './transmission.ts';

/** One request message to be sent; token and id are chosen unless given. */
export interface Outgoing {
  readonly code: string;
  readonly options: readonly Option[];
  readonly payload?: Buffer;
  readonly confirmable?: boolean;
  /** 0 to 8 octets (longer ones are malformed on purpose). */
  readonly token?: Buffer;
  readonly mid?: number;
}

/** How long and how often. */
export interface ExchangeOptions {
  readonly timing: Transmission;
  /** Real milliseconds from the first sending to giving up. */
  readonly deadlineMs: number;
  /** The event that the message serves. */
  readonly via?: number;
  readonly report: Report;
}

/** What one message was answered with. Nothing that the device does makes an exchange throw; only a failing link does (BenchError). */
export type Step = StepReply | StepSilence | StepReset;

export interface StepReply {
  readonly kind: 'reply';
  readonly message: Message;
  readonly from: Peer;
  /** Event of the response message. */
  readonly n: number;
  /** Bench clock, real ms. */
  readonly ms: number;
  /** Event of the first sending. */
  readonly sent: number;
  /** Not carried by the acknowledgement. */
  readonly separate: boolean;
}

export interface StepSilence {
  readonly kind: 'silence';
  readonly sent: number;
  readonly afterMs: number;
  /** An empty acknowledgement came, the response did not. */
  readonly acked: boolean;
}

export interface StepReset {
  readonly kind: 'reset';
  readonly sent: number;
  readonly n: number;
}

interface Open {
  readonly mid: number;
  readonly to: Peer;
  readonly token: Buffer;
  readonly report: Report;
  finish(incoming: Incoming): void;
  /** For the end of the endpoint: silence. */
  abandon(): void;
}

/** Takes notifications; true if it wants this one (it is then acknowledged), false to have it reset. */
export type Listener = (incoming: Incoming) => boolean;

const TOKEN_OCTETS = 4;

/** Requests and responses over the message layer: tokens, separate responses, deadlines (RFC 7252 section 5). */
export class Exchanges {
  private readonly layer: MessageLayer;
  private readonly random: Random;
  private readonly open = new Map<string, Open>();
  private readonly listeners = new Map<string, Listener>();

  constructor(layer: MessageLayer, random: Random) {
    this.layer = layer;
    this.random = random;
  }

  newToken(): Buffer {
    return octets(this.random, TOKEN_OCTETS);
  }

  /** Sends the message with retransmission and waits for its response, a reset, or the end of patience. */
  async run(to: Peer, outgoing: Outgoing, options: ExchangeOptions): Promise<Step> {
    const token = outgoing.token ?? this.newToken();
    const message: Message = {
      type: outgoing.confirmable === false ? 'NON' : 'CON',
      code: outgoing.code,
      mid: outgoing.mid ?? this.layer.nextMid(to),
      token,
      options: outgoing.options,
      payload: outgoing.payload ?? Buffer.alloc(0),
    };
    const key = exchangeKey(to, token);
    if (this.open.has(key))
      throw new TesterError('token', `token ${token.toString('hex')} is in use with ${printPeer(to)}`);
    return await new Promise((resolve, reject) => {
      const started = performance.now();
      let acked = false;
      const settle = (result: () => void): void => {
        if (this.open.get(key) !== entry) return;
        this.open.delete(key);
        clearTimeout(deadline);
        sending.stop();
        result();
      };
      const silence = (): void =>
        settle(() => {
          resolve({ kind: 'silence', sent: sending.n, afterMs: Math.round(performance.now() - started), acked });
        });
      const entry: Open = {
        mid: message.mid,
        to,
        token,
        report: options.report,
        abandon: silence,
        finish: ({ message, from, n, ms }) =>
          settle(() => {
            resolve({ kind: 'reply', message, from, n, ms, sent: sending.n, separate: message.type !== 'ACK' });
          }),
      };
      this.open.set(key, entry);
      const deadline = setTimeout(silence, options.deadlineMs);
      const sending = this.layer.transmit(
        message,
        to,
        options.timing,
        {
          acknowledged: () => {
            acked = true;
          },
          reset: ({ n }) => settle(() => resolve({ kind: 'reset', sent: sending.n, n })),
          exhausted: silence,
          failed: (e) => settle(() => reject(e)),
          report: options.report,
        },
        options.via,
      );
    });
  }

  /** Hands every response with this token that no exchange waits for, and every notification, to the listener. */
  listen(to: Peer, token: Buffer, listener: Listener): () => void {
    const key = exchangeKey(to, token);
    this.listeners.set(key, listener);
    return () => {
      if (this.listeners.get(key) === listener) this.listeners.delete(key);
    };
  }

  /** Finds out what a response belongs to; false if to nothing. */
  response(incoming: Incoming): boolean {
    const { message, from } = incoming;
    const key = exchangeKey(from, message.token);
    const open = this.open.get(key);
    const listener = this.listeners.get(key);
    const notification = isSuccess(message.code) && findOption(message.options, OPTION.observe) !== undefined;
    if (listener !== undefined && message.type !== 'ACK' && (notification || open === undefined))
      return listener(incoming);
    if (open === undefined || (message.type === 'ACK' && message.mid !== open.mid)) {
      this.reportForeignSource(incoming);
      return false;
    }
    this.layer.reportRepetitions(incoming, open.report);
    for (const defect of optionDefects(message.options))
      open.report('options', 'options as RFC 7252 allows', defect, incoming.n);
    open.finish(incoming);
    return true;
  }

  /** Ends everything under way as silence. */
  close(): void {
    for (const open of this.open.values()) open.abandon();
    this.listeners.clear();
  }

  /** The right token from the wrong place is told to whoever waits for it. */
  private reportForeignSource({ message, from, n }: Incoming): void {
    if (message.token.length === 0) return;
    for (const open of this.open.values())
      if (open.token.equals(message.token) && peerKey(open.to) !== peerKey(from))
        open.report(
          'source',
          `a response from ${printPeer(open.to)}`,
          `${printMessage(message)} from ${printPeer(from)}`,
          n,
        );
  }
}

function exchangeKey(peer: Peer, token: Buffer): string {
  return `${peerKey(peer)}|${token.toString('latin1')}`;
}
