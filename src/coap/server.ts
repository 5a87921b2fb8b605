import { createHash } from 'node:crypto';
import { messageOf } from '../core/errors.ts';
import { type Peer, peerKey } from '../link/wire.ts';
import { Answering, Ends } from './answering.ts';
import { type Block, findBlock, MAX_SZX, printBlock } from './block.ts';
import { askedBlock, sliceOf, Uploads } from './block-server.ts';
import type { CoapEndpoint } from './endpoint.ts';
import { type Method, methodOf } from './message.ts';
import type { Incoming } from './message-layer.ts';
import type { Behaviour } from './misbehave.ts';
import { findOption, findUint, OPTION, type Option, optionDefects, queryOf, uintOption } from './options.ts';

/** A whole request from a device. */
export interface ServedRequest {
  readonly from: Peer;
  /** Undefined for a method that no standard knows. */
  readonly method: Method | undefined;
  readonly code: string;
  readonly path: string;
  readonly query: readonly string[];
  readonly options: readonly Option[];
  readonly contentFormat: number | undefined;
  readonly body: Buffer;
  /** Number of the `coap.request` event. */
  readonly n: number;
}

export interface ServedReply {
  readonly code: string;
  readonly options?: readonly Option[];
  readonly payload?: Uint8Array;
}

/** Answers a request, at once or later (then as a separate response); undefined leaves it unanswered. */
export type Handler = (request: ServedRequest) => ServedReply | undefined | Promise<ServedReply | undefined>;

export interface RouteOptions {
  /** Largest block size exponent used and accepted. */
  readonly szx?: number;
  /** Largest body accepted; more is refused with 4.13. */
  readonly limitOctets?: number;
}

/** The tester as server. */
export interface CoapServer {
  /** Serves a path, or every path that the test says yes to; the newest route that fits wins, no route is 4.04. */
  route(path: string | ((path: string) => boolean), handler: Handler, options?: RouteOptions): void;
  /** Serves octets to GET, block-wise where they are many. */
  file(path: string, body: Uint8Array, options?: RouteOptions & { readonly contentFormat?: number }): void;
  /** From now on this path is served wrongly; undefined ends it. */
  behave(path: string, behaviour: Behaviour | undefined): void;
  /** Drops what is under way with a peer, and what it has sent: it was started anew, or its transfer is to be closed. */
  forget(peer: Peer): void;
  close(): void;
}

interface Route extends Required<RouteOptions> {
  fits(path: string): boolean;
  readonly handler: Handler;
}

/** An answer on its way out, in one piece or in blocks. */
interface Serving {
  readonly reply: ServedReply;
  readonly body: Buffer;
  readonly request: number;
  /** Made once, whatever the number of blocks. */
  readonly etag: readonly Option[];
  /** Its end was written to the log. */
  told: boolean;
}

/** One request message and what is known about it. */
interface Job {
  readonly incoming: Incoming;
  readonly answering: Answering;
  readonly route: Route;
  /** What makes messages parts of one operation; tokens may differ (RFC 7959 2.5, RFC 9175 3.3). */
  readonly key: string;
  /** The Block2 that was asked for. */
  readonly asked: Block | undefined;
}

const LIMIT_OCTETS = 64 * 1024 * 1024;
const SERVINGS_MAX = 64;
const ETAG_OCTETS = 8;
const NOT_FOUND: Route = {
  fits: () => true,
  handler: () => ({ code: '4.04' }),
  szx: MAX_SZX,
  limitOctets: LIMIT_OCTETS,
};

/**
 * Serves requests that arrive at an endpoint.
 * @param onError Told when a handler throws (the device gets 5.00); without it the error is thrown where nobody catches it: the tester is broken.
 */
export function openServer(endpoint: CoapEndpoint, onError: (e: unknown) => void = throwAlone): CoapServer {
  return new Server(endpoint, onError);
}

function throwAlone(e: unknown): void {
  queueMicrotask(() => {
    throw e;
  });
}

class Server implements CoapServer {
  private readonly endpoint: CoapEndpoint;
  private readonly onError: (e: unknown) => void;
  private readonly routes: Route[] = [];
  private readonly behaviours = new Map<string, Behaviour>();
  private readonly uploads = new Uploads();
  private readonly servings = new Map<string, Serving>();
  private readonly ends = new Ends();
  private readonly stop: () => void;

  constructor(endpoint: CoapEndpoint, onError: (e: unknown) => void) {
    this.endpoint = endpoint;
    this.onError = onError;
    this.stop = endpoint.serve((incoming) => this.take(incoming));
  }

  route(path: string | ((path: string) => boolean), handler: Handler, options: RouteOptions = {}): void {
    const fits = typeof path === 'string' ? (p: string) => p === path : path;
    this.routes.unshift({ szx: MAX_SZX, limitOctets: LIMIT_OCTETS, ...options, fits, handler });
  }

  file(path: string, body: Uint8Array, options: RouteOptions & { readonly contentFormat?: number } = {}): void {
    const { contentFormat, ...rest } = options;
    const format = contentFormat === undefined ? [] : [uintOption(OPTION.contentFormat, contentFormat)];
    const found = { code: '2.05', options: format, payload: body };
    this.route(path, ({ method }) => (method === 'GET' ? found : { code: '4.05' }), rest);
  }

  behave(path: string, behaviour: Behaviour | undefined): void {
    if (behaviour === undefined) this.behaviours.delete(path);
    else this.behaviours.set(path, behaviour);
  }

  forget(peer: Peer): void {
    const prefix = `${peerKey(peer)}|`;
    this.uploads.forget(prefix);
    for (const key of this.servings.keys()) if (key.startsWith(prefix)) this.servings.delete(key);
    this.endpoint.forget(peer);
  }

  close(): void {
    this.stop();
    this.ends.run();
  }

  /** The message layer hands over first copies only. False: a NON with unusable options, which is to be ignored. */
  private take(incoming: Incoming): boolean {
    const { message, n } = incoming;
    const answering = new Answering(this.endpoint.core, incoming, (path) => this.behaviours.get(path), this.ends);
    const { path, report } = answering;
    const defects = optionDefects(message.options);
    for (const defect of defects) report('options', 'options as RFC 7252 allows', defect, n);
    if (defects.some((defect) => defect.startsWith('unknown critical'))) {
      if (message.type === 'CON') answering.send({ code: '4.02', options: [] });
      return message.type === 'CON';
    }
    const asked = askedBlock(message.options, report, n);
    if (asked === 'reserved') {
      answering.send({ code: '4.00', options: [] });
      return true;
    }
    const route = this.routes.find((r) => r.fits(path)) ?? NOT_FOUND;
    const job: Job = { incoming, answering, route, asked, key: keyOf(incoming, path) };
    const block1 = findBlock(message.options, OPTION.block1);
    if (block1 !== undefined && route !== NOT_FOUND) this.receive(job, block1);
    else if (asked !== undefined && asked.num > 0 && this.servings.has(job.key)) this.sendBlock(job, []);
    else this.handle(job, message.payload, []);
    return true;
  }

  /** One block of an upload; the last hands the body over. */
  private receive(job: Job, block: Block): void {
    const { incoming, answering, route } = job;
    const { options, payload } = incoming.message;
    const limits = { szx: route.szx, octets: route.limitOctets };
    const received = this.uploads.take(job.key, block, options, payload, limits, answering.report, incoming.n);
    if (received.kind === 'answer') answering.send(received.answer);
    else this.handle(job, received.body, [received.echo]);
  }

  /** Asks the handler, then sends its answer, or the block of it that was asked for. */
  private handle(job: Job, body: Buffer, echo: readonly Option[]): void {
    const { incoming, answering, route } = job;
    const n = answering.record(body);
    const done = (reply: ServedReply | undefined): void => {
      if (reply === undefined) return;
      this.keep(job.key, reply, n);
      this.sendBlock(job, echo);
    };
    const failed = (e: unknown): void => {
      done({ code: '5.00', payload: Buffer.from(messageOf(e)) });
      this.onError(e);
    };
    try {
      const reply = route.handler(served(incoming, answering.path, body, n));
      if (!(reply instanceof Promise)) return done(reply);
      answering.acknowledgeSoon();
      void settle(reply, done, failed);
    } catch (e) {
      failed(e);
    }
  }

  private keep(key: string, reply: ServedReply, request: number): void {
    const body = Buffer.from(reply.payload ?? []);
    const own = findOption(reply.options ?? [], OPTION.etag) !== undefined;
    const value = createHash('sha256').update(body).digest().subarray(0, ETAG_OCTETS);
    this.servings.delete(key);
    this.servings.set(key, { reply, body, request, etag: own ? [] : [{ number: OPTION.etag, value }], told: false });
    for (const old of this.servings.keys()) {
      if (this.servings.size <= SERVINGS_MAX) break;
      this.servings.delete(old);
    }
  }

  private sendBlock({ key, incoming, answering, route, asked }: Job, echo: readonly Option[]): void {
    const serving = this.servings.get(key);
    if (serving === undefined) return;
    const { reply, body, etag } = serving;
    const slice = sliceOf(body, asked, route.szx);
    if (slice === undefined) {
      const expected = `a block within ${body.length} octets`;
      answering.report('download-past-end', expected, `Block2 ${printBlock(asked)}`, incoming.n);
      return answering.send({ code: '4.00', options: echo });
    }
    const inBlocks = slice.options.length > 0;
    const options = [...echo, ...(reply.options ?? []), ...(inBlocks ? etag : []), ...slice.options];
    const tell = slice.last && !serving.told;
    if (tell) serving.told = true;
    answering.send({ code: reply.code, options }, slice.payload, tell ? serving : undefined);
  }
}

async function settle(
  reply: Promise<ServedReply | undefined>,
  done: (reply: ServedReply | undefined) => void,
  failed: (e: unknown) => void,
): Promise<void> {
  try {
    done(await reply);
  } catch (e) {
    failed(e);
  }
}

function served({ from, message }: Incoming, path: string, body: Buffer, n: number): ServedRequest {
  const { code, options } = message;
  const contentFormat = findUint(options, OPTION.contentFormat);
  return { from, code, method: methodOf(code), path, query: queryOf(options), options, contentFormat, body, n };
}

function keyOf({ from, message }: Incoming, path: string): string {
  const tag = findOption(message.options, OPTION.requestTag)?.toString('hex') ?? '';
  return [peerKey(from), message.code, path, queryOf(message.options).join('&'), tag].join('|');
}
