import { printPeer } from '../link/wire.ts';
import { EVENT, packOptions } from './events.ts';
import type { StepReply } from './exchange.ts';
import { isSuccess } from './message.ts';
import type { Incoming } from './message-layer.ts';
import { findOption, findUint, OPTION, type Option, uintOption } from './options.ts';
import {
  begin,
  type Core,
  gather,
  type Outcome,
  receiveBody,
  type Reply,
  type Request,
  type Underway,
  conclude,
} from './request.ts';

/** A registration: a GET (or FETCH) whose answer is followed by notifications. */
export interface ObserveRequest extends Omit<Request, 'method' | 'tokens'> {
  readonly method?: 'GET' | 'FETCH';
}

/** A whole notification. */
export interface Notification {
  readonly code: string;
  readonly options: readonly Option[];
  readonly contentFormat: number | undefined;
  readonly payload: Buffer;
  readonly complete: boolean;
  /** Value of the Observe option; undefined where it is missing. */
  readonly seq: number | undefined;
  /** Newer than all before it; one that is not is delivered all the same, and reported. */
  readonly fresh: boolean;
  /** Ends the observation: an error, or a response without the Observe option. */
  readonly last: boolean;
  /** Number of the `coap.notification` event. */
  readonly n: number;
}

/** An observation that the device has accepted. */
export interface Observation {
  readonly request: number;
  /** True once the device has ended it or {@link cancel} was called. */
  readonly ended: boolean;
  /** The next notification; undefined when none came within the time. Each counts once. */
  next(deadlineMs: number): Promise<Notification | undefined>;
  /** `request`: asks the device to stop (Observe 1, same token) and gives its answer. `reset`: forgets it, so that the next notification is reset. */
  cancel(how: 'request' | 'reset'): Promise<Outcome | undefined>;
}

export type Observed =
  | { readonly kind: 'observing'; readonly observation: Observation; readonly first: Reply }
  /** Answered without the Observe option, with an error, with a reset or not at all. */
  | { readonly kind: 'refused'; readonly outcome: Outcome };

/** Registers. The observation listens from the very message that accepts it, also while the first body still comes in blocks. */
export async function observe(core: Core, wanted: ObserveRequest): Promise<Observed> {
  const request: Request = {
    ...wanted,
    method: wanted.method ?? 'GET',
    options: [...(wanted.options ?? []), uintOption(OPTION.observe, 0)],
  };
  const underway = begin(core, request);
  const token = core.exchanges.newToken();
  const step = await underway.ask(token)({ options: underway.base, payload: Buffer.from(request.payload ?? []) });
  if (step.kind !== 'reply') return { kind: 'refused', outcome: conclude(core, underway, step) };
  const seq = findUint(step.message.options, OPTION.observe);
  const accepted = seq !== undefined && isSuccess(step.message.code);
  const observation = accepted ? new Watching(core, underway, token, { seq, ms: step.ms }) : undefined;
  const first = await receiveBody(core, underway, underway.ask(), step);
  if (observation === undefined || first.kind !== 'reply') {
    await observation?.cancel('reset');
    return { kind: 'refused', outcome: first };
  }
  return { kind: 'observing', observation, first };
}

/** A sequence number with the time at which it came. */
export interface Stamp {
  readonly seq: number;
  /** Real ms. */
  readonly ms: number;
}

const HALF_RANGE = 2 ** 23;
const STALE_MS = 128_000;

/** The freshness rule of RFC 7641 3.4: 24-bit numbers that may wrap, and any number after 128 s. */
export function isFresher(newer: Stamp, older: Stamp): boolean {
  const ahead = newer.seq - older.seq;
  return (ahead > 0 && ahead < HALF_RANGE) || ahead < -HALF_RANGE || newer.ms - older.ms > STALE_MS;
}

class Watching implements Observation {
  readonly request: number;
  private readonly core: Core;
  private readonly underway: Underway;
  private readonly token: Buffer;
  private readonly unlisten: () => void;
  private readonly queue: Notification[] = [];
  private readonly waiting: ((notification: Notification | undefined) => void)[] = [];
  private newest: Stamp;
  private over = false;
  /** Block-wise notifications are fetched one after the other. */
  private work: Promise<void> = Promise.resolve();

  constructor(core: Core, underway: Underway, token: Buffer, first: Stamp) {
    this.core = core;
    this.underway = underway;
    this.token = token;
    this.request = underway.n;
    this.newest = first;
    this.unlisten = core.exchanges.listen(underway.request.to, token, (incoming) => this.take(incoming));
  }

  get ended(): boolean {
    return this.over;
  }

  next(deadlineMs: number): Promise<Notification | undefined> {
    const ready = this.queue.shift();
    if (ready !== undefined) return Promise.resolve(ready);
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.waiting.splice(this.waiting.indexOf(done), 1);
        resolve(undefined);
      }, deadlineMs);
      const done = (notification: Notification | undefined): void => {
        clearTimeout(timer);
        resolve(notification);
      };
      this.waiting.push(done);
    });
  }

  async cancel(how: 'request' | 'reset'): Promise<Outcome | undefined> {
    this.over = true;
    if (how === 'reset') {
      this.unlisten();
      return undefined;
    }
    const { request } = this.underway;
    const others = (request.options ?? []).filter((o) => o.number !== OPTION.observe);
    const stop = { ...request, options: [...others, uintOption(OPTION.observe, 1)], note: 'end of observation' };
    const underway = begin(this.core, stop);
    const step = await underway.ask(this.token)({
      options: underway.base,
      payload: Buffer.from(request.payload ?? []),
    });
    this.unlisten();
    if (step.kind !== 'reply') return conclude(this.core, underway, step);
    return receiveBody(this.core, underway, underway.ask(), step);
  }

  /** Called for every first copy; the message layer acknowledges when this says true. */
  private take(incoming: Incoming): boolean {
    const { message, from, n, ms } = incoming;
    this.core.layer.reportRepetitions(incoming, this.underway.report);
    const seq = findUint(message.options, OPTION.observe);
    const last = seq === undefined || !isSuccess(message.code);
    const fresh = seq === undefined || isFresher({ seq, ms }, this.newest);
    if (!fresh) this.underway.report('observe-order', `after ${this.newest.seq} a newer one`, `Observe ${seq}`, n);
    if (fresh && seq !== undefined) this.newest = { seq, ms };
    if (last) {
      this.over = true;
      this.unlisten();
    }
    const step: StepReply = { kind: 'reply', message, from, n, ms, sent: this.request, separate: true };
    this.work = this.work.then(() => this.deliver(step, { seq, fresh, last })).catch(() => undefined);
    return true;
  }

  private async deliver(step: StepReply, order: Pick<Notification, 'seq' | 'fresh' | 'last'>): Promise<void> {
    const { code, options, payload } = step.message;
    const whole = findOption(options, OPTION.block2) === undefined;
    const { body, complete } = whole
      ? { body: payload, complete: true }
      : await gather(this.underway, this.underway.ask(), step);
    const { seq, fresh, last } = order;
    const { n } = this.core.sink.append({
      channel: this.core.channel,
      type: EVENT.notification,
      dir: 'in',
      raw: body,
      via: step.n,
      data: {
        peer: printPeer(step.from),
        request: this.request,
        code,
        options: packOptions(options),
        complete,
        fresh,
        last,
        ...(seq === undefined ? {} : { seq }),
      },
    });
    const contentFormat = findUint(options, OPTION.contentFormat);
    const notification = { code, options, contentFormat, payload: body, complete, seq, fresh, last, n };
    const waiter = this.waiting.shift();
    if (waiter === undefined) this.queue.push(notification);
    else waiter(notification);
  }
}
