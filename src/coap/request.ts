import type { EventSink } from '../core/events.ts';
import { type Peer, printPeer } from '../link/wire.ts';
import { blockOption, blockSize, findBlock, MAX_SZX } from './block.ts';
import { type Ask, download, upload } from './block-client.ts';
import { EVENT, packOptions } from './events.ts';
import type { Exchanges, Step, StepReply } from './exchange.ts';
import type { Finding, Report } from './findings.ts';
import { METHOD, type Method } from './message.ts';
import type { MessageLayer } from './message-layer.ts';
import { findUint, OPTION, type Option, pathOf, queryOf, uriOptions } from './options.ts';
import { maxTransmitWaitMs, type Transmission } from './transmission.ts';

/** What the parts of an endpoint share. */
export interface Core {
  readonly sink: EventSink;
  readonly channel: string;
  readonly timing: Transmission;
  readonly layer: MessageLayer;
  readonly exchanges: Exchanges;
}

/** A whole request; bodies larger than one block go and come block-wise by themselves. */
export interface Request {
  readonly to: Peer;
  readonly method: Method;
  /** `/oic/res`; segments may be percent-encoded. */
  readonly path: string;
  readonly query?: readonly string[];
  /** Beyond Uri-Path and Uri-Query. */
  readonly options?: readonly Option[];
  readonly payload?: Uint8Array;
  /** Default true. */
  readonly confirmable?: boolean;
  /** Block size exponent for what is sent, and asked for with GET; without it the largest, and the device's choice. */
  readonly szx?: number;
  /** Default a new token for every block. */
  readonly tokens?: 'per-block' | 'same';
  /** Default the endpoint's. */
  readonly timing?: Transmission;
  /** Longest silence, in real ms, before one message (one block) counts as unanswered. Default MAX_TRANSMIT_WAIT. */
  readonly deadlineMs?: number;
  /** Leaves a block-wise transfer on purpose after so many blocks, in either direction; see `closingBlock` for the way out of an upload. */
  readonly stopAfterBlocks?: number;
  /** Begins a block-wise upload anew in smaller blocks where 4.13 asks for them (RFC 7959 2.9.3); otherwise 4.13 ends it. */
  readonly restartSmaller?: true;
  /** For the reader of the log. */
  readonly note?: string;
}

interface OutcomeBase {
  /** Number of the `coap.request` event. */
  readonly request: number;
  /** What was out of order; also in the log. */
  readonly findings: readonly Finding[];
  /** Number of the event that holds this outcome. */
  readonly n: number;
  /** Octets of the request body that the device accepted. */
  readonly acceptedOctets: number;
}

export interface Reply extends OutcomeBase {
  readonly kind: 'reply';
  readonly code: string;
  readonly options: readonly Option[];
  readonly contentFormat: number | undefined;
  readonly payload: Buffer;
  /** False where a block-wise body ended before its end; the payload is then what had come, or an error's. */
  readonly complete: boolean;
  readonly from: Peer;
  /** Not carried by the acknowledgement. */
  readonly separate: boolean;
}

export interface Silence extends OutcomeBase {
  readonly kind: 'silence';
  readonly afterMs: number;
  /** An empty acknowledgement came, the response did not. */
  readonly acked: boolean;
}

export interface Reset extends OutcomeBase {
  readonly kind: 'reset';
}

/** What a request came to. The device can do nothing that throws. */
export type Outcome = Reply | Silence | Reset;

/** A request on its way: its event, its parameters and where its findings go. */
export interface Underway {
  readonly request: Request;
  readonly n: number;
  readonly base: readonly Option[];
  readonly found: Finding[];
  readonly report: Report;
  ask(token?: Buffer): Ask;
}

/** Writes the `coap.request` event and prepares the exchanges that will serve it. */
export function begin(core: Core, request: Request): Underway {
  const { sink, channel, layer, exchanges } = core;
  const { to, timing = core.timing } = request;
  const base = [...uriOptions(request.path, request.query), ...(request.options ?? [])];
  const { n } = sink.append({
    channel,
    type: EVENT.request,
    dir: 'out',
    raw: request.payload ?? Buffer.alloc(0),
    data: {
      peer: printPeer(to),
      code: METHOD[request.method],
      path: pathOf(base),
      query: queryOf(base),
      options: packOptions(base),
      ...(request.note === undefined ? {} : { note: request.note }),
    },
  });
  const found: Finding[] = [];
  const report = layer.reporter(to, n, found);
  const options = { timing, deadlineMs: request.deadlineMs ?? maxTransmitWaitMs(timing), via: n, report };
  const confirmable = request.confirmable ?? true;
  const ask =
    (token?: Buffer): Ask =>
    (outgoing) => {
      const tokenPart = token === undefined ? {} : { token };
      return exchanges.run(to, { code: METHOD[request.method], confirmable, ...tokenPart, ...outgoing }, options);
    };
  return { request, n, base, found, report, ask };
}

/** Carries a request out, body and all, and writes its outcome. Rejects only where the link fails (BenchError). */
export async function runRequest(core: Core, request: Request): Promise<Outcome> {
  const underway = begin(core, request);
  const ask = underway.ask(request.tokens === 'same' ? core.exchanges.newToken() : undefined);
  const { step, acceptedOctets } = await sendBody(underway, ask);
  return step.kind === 'reply'
    ? receiveBody(core, underway, ask, step, acceptedOctets)
    : conclude(core, underway, step, acceptedOctets);
}

async function sendBody(
  { request, base, report }: Underway,
  ask: Ask,
): Promise<{ step: Step; acceptedOctets: number }> {
  const body = Buffer.from(request.payload ?? []);
  const szx = request.szx ?? MAX_SZX;
  if (body.length > blockSize(szx)) {
    const { stopAfterBlocks, restartSmaller } = request;
    return upload({ ask, base, report, stopAfterBlocks, restartSmaller }, body, szx);
  }
  const step = await ask({ options: [...base, ...askedBlock(request)], payload: body });
  return { step, acceptedOctets: step.kind === 'reply' ? body.length : 0 };
}

/** A GET that names a block size asks for it from the start. */
function askedBlock(request: Request): Option[] {
  if (request.method !== 'GET' || request.szx === undefined) return [];
  return [blockOption(OPTION.block2, { num: 0, more: false, szx: request.szx })];
}

/** Gathers the rest of a body that comes in blocks, then writes the outcome. */
export async function receiveBody(
  core: Core,
  underway: Underway,
  ask: Ask,
  first: StepReply,
  acceptedOctets = 0,
): Promise<Outcome> {
  const { step, body, complete } = await gather(underway, ask, first);
  if (step.kind !== 'reply') return conclude(core, underway, step, acceptedOctets);
  return reply(core, underway, step, complete ? body : stoppedBody(step, body), complete, acceptedOctets);
}

/** The body of a response or a notification, whole. */
export function gather({ request, base, report }: Underway, ask: Ask, first: StepReply): ReturnType<typeof download> {
  const asked = askedBlock(request).length === 0 ? undefined : request.szx;
  // What follows a registration must not register again (RFC 7959 3.4).
  const follow = base.filter((o) => o.number !== OPTION.observe);
  const transfer = { ask, base: follow, report, stopAfterBlocks: request.stopAfterBlocks };
  return download(transfer, first, asked, request.szx ?? MAX_SZX);
}

/** An error in mid transfer speaks for itself; otherwise what had come stays. */
function stoppedBody({ message }: StepReply, body: Buffer): Buffer {
  return findBlock(message.options, OPTION.block2) === undefined ? message.payload : body;
}

function reply(
  core: Core,
  { n, found }: Underway,
  step: StepReply,
  payload: Buffer,
  complete: boolean,
  acceptedOctets: number,
): Reply {
  const { code, options } = step.message;
  const event = core.sink.append({
    channel: core.channel,
    type: EVENT.reply,
    dir: 'in',
    raw: payload,
    via: step.n,
    data: { peer: printPeer(step.from), request: n, code, options: packOptions(options), complete },
  });
  return {
    kind: 'reply',
    code,
    options,
    contentFormat: findUint(options, OPTION.contentFormat),
    payload,
    complete,
    from: step.from,
    separate: step.separate,
    request: n,
    findings: found,
    n: event.n,
    acceptedOctets,
  };
}

/** Writes the event of a request that got no response. */
export function conclude(
  core: Core,
  underway: Underway,
  step: Exclude<Step, StepReply>,
  acceptedOctets = 0,
): Silence | Reset {
  const { n: request, found: findings } = underway;
  const common = { channel: core.channel };
  const data = { peer: printPeer(underway.request.to), request };
  if (step.kind === 'reset') {
    const { n } = core.sink.append({ ...common, type: EVENT.reset, dir: 'in', via: step.n, data });
    return { kind: 'reset', request, findings, n, acceptedOctets };
  }
  const { afterMs, acked } = step;
  const { n } = core.sink.append({ ...common, type: EVENT.silence, data: { ...data, afterMs, acked } });
  return { kind: 'silence', afterMs, acked, request, findings, n, acceptedOctets };
}
