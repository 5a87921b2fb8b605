import { type Peer, printPeer } from '../../link/wire.ts';
import { type BlockLimits, cut } from './blocks.ts';
import type { Endpoint, Reply, Request } from './endpoint.ts';
import { OPTION, uintOption } from './message.ts';

/** Ways in which a wrong device treats observations. */
export interface ObserveFaults {
  /** Added to the sequence number from one notification to the next; 1 on a right device. */
  readonly sequenceStep?: number;
  /** Goes on after a deregistration. */
  readonly deafToDeregistration?: true;
  /** Goes on after a reset. */
  readonly deafToReset?: true;
}

interface Observation {
  readonly request: Request;
  sent: number;
  /** Of the latest notifications, so that a reset of any of them is understood. */
  mids: number[];
  unacknowledged?: number;
}

const REMEMBERED_MIDS = 16;
const SEQUENCE_BITS = 0xff_ff_ff;

/** The clients that observe one resource (RFC 7641). */
export class Observers {
  private readonly list = new Map<string, Observation>();
  private readonly endpoint: Endpoint;
  private readonly represent: (request: Request) => Reply;
  private readonly limits: BlockLimits;
  private readonly confirmEvery: number;
  private readonly faults: ObserveFaults;
  private sequence: number;

  /** Every `confirmEvery`-th notification to a client is confirmable (1: all of them). `startAt`: first sequence number. */
  constructor(
    endpoint: Endpoint,
    represent: (request: Request) => Reply,
    limits: BlockLimits,
    confirmEvery: number,
    startAt: number,
    faults: ObserveFaults = {},
  ) {
    this.endpoint = endpoint;
    this.represent = represent;
    this.limits = limits;
    this.confirmEvery = confirmEvery;
    this.sequence = startAt & SEQUENCE_BITS;
    this.faults = faults;
    endpoint.onReset((from, mid) => this.wasReset(from, mid));
  }

  get count(): number {
    return this.list.size;
  }

  /** Adds the sender of the request, or renews its entry; returns the reply with the Observe option. */
  register(request: Request): Reply {
    this.list.set(keyOf(request), { request, sent: 0, mids: [] });
    return this.numbered(this.represent(request));
  }

  deregister(request: Request): void {
    if (this.faults.deafToDeregistration !== true) this.list.delete(keyOf(request));
  }

  /** Tells every observer what the resource looks like now. */
  notify(): void {
    this.sequence = (this.sequence + (this.faults.sequenceStep ?? 1)) & SEQUENCE_BITS;
    for (const [key, observation] of this.list) this.tell(key, observation);
  }

  /** A restart: nobody observes any more. */
  clear(): void {
    this.list.clear();
  }

  private tell(key: string, observation: Observation): void {
    const { request } = observation;
    const {
      code,
      options = [],
      payload = Buffer.alloc(0),
    } = cut(this.numbered(this.represent(request)), request.message, this.limits);
    const content = { code, token: request.message.token, options, payload };
    observation.sent += 1;
    // A newer notification replaces one that is still being repeated (RFC 7641 section 4.5.2).
    const replaces = observation.unacknowledged;
    if (replaces !== undefined) this.endpoint.withdraw(request.from, replaces);
    if (replaces === undefined && observation.sent % this.confirmEvery !== 0) {
      remember(observation, this.endpoint.unconfirmable(request.from, content));
      return;
    }
    const { mid, delivery } = this.endpoint.confirmable(request.from, content);
    remember(observation, mid);
    observation.unacknowledged = mid;
    void delivery.then((got) => {
      if (observation.unacknowledged === mid) delete observation.unacknowledged;
      if (got === 'silence' && this.list.get(key) === observation) this.list.delete(key);
    });
  }

  private wasReset(from: Peer, mid: number): void {
    if (this.faults.deafToReset === true) return;
    for (const [key, { request, mids }] of this.list)
      if (printPeer(request.from) === printPeer(from) && mids.includes(mid)) this.list.delete(key);
  }

  private numbered(reply: Reply): Reply {
    return { ...reply, options: [uintOption(OPTION.observe, this.sequence), ...(reply.options ?? [])] };
  }
}

function remember(observation: Observation, mid: number): void {
  observation.mids = [...observation.mids.slice(1 - REMEMBERED_MIDS), mid];
}

function keyOf({ from, message }: Request): string {
  return `${printPeer(from)} ${message.token.toString('hex')}`;
}
