import { randomInt } from 'node:crypto';
import { type Random, seeded } from '../core/random.ts';
import type { EventSink } from '../core/events.ts';
import type { Peer, Wire } from '../link/wire.ts';
import { Exchanges, type Outgoing, type Step } from './exchange.ts';
import type { Message } from './message.ts';
import { type Arrival, type Incoming, MessageLayer } from './message-layer.ts';
import { observe, type Observed, type ObserveRequest } from './observe.ts';
import { type Core, type Outcome, type Request, runRequest } from './request.ts';
import { EXCHANGE_LIFETIME_MS, maxTransmitWaitMs, RFC_TRANSMISSION, type Transmission } from './transmission.ts';

export interface CoapOptions {
  readonly wire: Wire;
  readonly sink: EventSink;
  /** Channel of the recorded events. */
  readonly channel: string;
  /** Default for exchanges that name none; itself RFC 7252's unless given. Real ms. */
  readonly timing?: Transmission;
  /** How long a received message id is remembered, real ms. */
  readonly rememberMs?: number;
  /** Source of message ids, tokens and the first wait; seeded by chance unless given. */
  readonly random?: Random;
}

/** One message of the caller's making and the wait for what comes back. */
export interface StepRequest {
  readonly to: Peer;
  /** A message, or any octets. Sent once. */
  readonly send: Message | Uint8Array;
  readonly until: (arrival: Arrival) => boolean;
  /** Real ms. */
  readonly deadlineMs: number;
}

/** CoAP over one wire: client and server at once. It never throws for what a device does, only for a failing link. */
export interface CoapEndpoint {
  readonly local: Peer;
  /** A whole request, block-wise where needed. */
  request(request: Request): Promise<Outcome>;
  observe(request: ObserveRequest): Promise<Observed>;
  /** One request message with retransmission and its response, whatever blocks it may be part of. */
  exchange(to: Peer, outgoing: Outgoing, options?: { timing?: Transmission; deadlineMs?: number }): Promise<Step>;
  /** Sends once, then waits for the first arrival that fits; it is handed over untreated (not acknowledged, not reset). */
  step(request: StepRequest): Promise<{ readonly sent: number; readonly arrival: Arrival | undefined }>;
  /** Sends once, without waiting; returns the event. */
  send(to: Peer, what: Message | Uint8Array): number;
  /** The first arrival that fits, untreated; undefined after the time, real ms. */
  expect(fits: (arrival: Arrival) => boolean, deadlineMs: number): Promise<Arrival | undefined>;
  /** Takes requests to the tester; without a taker confirmable ones are reset. Returns the call that ends it. */
  serve(taker: (incoming: Incoming) => boolean): () => void;
  /** Forgets which messages this peer has sent; for a device that was started anew. */
  forget(peer: Peer): void;
  nextMid(to: Peer): number;
  /** For the server side. */
  readonly core: Core;
  /** Ends what is under way (as silence) and stops listening. The wire stays open. */
  close(): void;
}

/** Opens an endpoint on a wire, which stays the caller's. */
export function openCoap(options: CoapOptions): CoapEndpoint {
  const { wire, sink, channel, timing = RFC_TRANSMISSION } = options;
  const random = options.random ?? seeded(randomInt(2 ** 32));
  let taker: ((incoming: Incoming) => boolean) | undefined;
  const layer: MessageLayer = new MessageLayer({
    wire,
    sink,
    channel,
    random,
    rememberMs: options.rememberMs ?? EXCHANGE_LIFETIME_MS,
    upper: {
      request: (incoming) => taker?.(incoming) ?? false,
      response: (incoming) => exchanges.response(incoming),
    },
  });
  const exchanges = new Exchanges(layer, random);
  const core: Core = { sink, channel, timing, layer, exchanges };
  const expect = (fits: (arrival: Arrival) => boolean, deadlineMs: number): Promise<Arrival | undefined> =>
    new Promise((resolve) => {
      const end = (arrival: Arrival | undefined): boolean => {
        clearTimeout(timer);
        stop();
        resolve(arrival);
        return true;
      };
      const stop = layer.tap((arrival) => fits(arrival) && end(arrival));
      const timer = setTimeout(() => end(undefined), deadlineMs);
    });
  const send = (to: Peer, what: Message | Uint8Array): number =>
    what instanceof Uint8Array ? layer.sendOctets(Buffer.from(what), to) : layer.send(what, to);
  return {
    local: wire.local,
    core,
    request: (request) => runRequest(core, request),
    observe: (request) => observe(core, request),
    exchange: (to, outgoing, { timing: own = timing, deadlineMs = maxTransmitWaitMs(own) } = {}) =>
      exchanges.run(to, outgoing, { timing: own, deadlineMs, report: layer.reporter(to) }),
    step: async ({ to, send: what, until, deadlineMs }) => {
      const arrival = expect(until, deadlineMs);
      const sent = send(to, what);
      return { sent, arrival: await arrival };
    },
    send,
    expect,
    serve: (next) => {
      taker = next;
      return () => {
        if (taker === next) taker = undefined;
      };
    },
    forget: (peer) => layer.forget(peer),
    nextMid: (to) => layer.nextMid(to),
    close: () => {
      exchanges.close();
      layer.close();
    },
  };
}
