import { EventEmitter } from 'node:events';
import type { Socket } from 'node:dgram';
import { Agent } from 'coap';
import { messageOf } from '../core/errors.ts';
import type { EventSink } from '../core/events.ts';
import { type Peer, peerKey, printPeer, type Wire } from '../link/wire.ts';
import { findBlock } from './block.ts';
import type { CoapEndpoint } from './endpoint.ts';
import { EVENT, packOptions } from './events.ts';
import { decode, encode, isResponse, type Message, METHOD, printMalformed } from './message.ts';
import { findUint, OPTION, type Option, pathOf, queryOf, uriOptions } from './options.ts';

export interface DiscoverOptions {
  /** A wire of its own: answers come from addresses that nobody was asked at, which an endpoint would refuse. The multicast interface is its opener's business. */
  readonly wire: Wire;
  readonly sink: EventSink;
  readonly channel: string;
  /** For the rest of answers that come in blocks; asks the answering device alone. */
  readonly endpoint: CoapEndpoint;
  /** OCF: 224.0.1.187 or ff02::158, port 5683. */
  readonly group: Peer;
  /** `/oic/res` */
  readonly path: string;
  readonly query?: readonly string[];
  readonly options?: readonly Option[];
  /** How often the group is asked, evenly over the time: non-confirmable messages may be lost. */
  readonly tries: number;
  /** Real ms until the last answer counts. */
  readonly deadlineMs: number;
}

/** One device's answer. */
export interface Discovered {
  readonly from: Peer;
  readonly code: string;
  readonly options: readonly Option[];
  readonly contentFormat: number | undefined;
  readonly payload: Buffer;
  /** Number of the `coap.reply` event. */
  readonly n: number;
}

/** Asks a multicast group and gathers the first answer of every device until the time is over, in the order of arrival. */
export async function discover(options: DiscoverOptions): Promise<Discovered[]> {
  const { sink, channel, group, deadlineMs, tries } = options;
  const asked = [...uriOptions(options.path, options.query), ...(options.options ?? [])];
  const request = sink.append({
    channel,
    type: EVENT.request,
    dir: 'out',
    raw: '',
    data: {
      peer: printPeer(group),
      code: METHOD.GET,
      path: pathOf(asked),
      query: queryOf(asked),
      options: packOptions(asked),
    },
  }).n;
  const found = new Map<string, Promise<Discovered | undefined>>();
  const socket = new WireSocket(options, request);
  const agent = new Agent({ socket: socket.asSocket() });
  const cancels: (() => void)[] = [];
  const ask = (): void => {
    const sent = agent.request({
      host: group.address,
      port: group.port,
      multicast: true,
      multicastTimeout: deadlineMs,
      confirmable: false,
    });
    for (const [number, values] of grouped(asked)) sent.setOption(String(number), values);
    sent.on('response', () => {
      const { current } = socket;
      if (current === undefined || found.has(peerKey(current.from))) return;
      found.set(peerKey(current.from), whole(options, request, current));
    });
    sent.on('error', (e: unknown) => sink.append({ channel, type: 'link.error', data: { error: messageOf(e) } }));
    sent.end();
    cancels.push(() => {
      clearTimeout(sent.multicastTimer);
      agent.abort(sent);
    });
  };
  const timers = Array.from({ length: tries }, (_, i) => setTimeout(ask, (i * deadlineMs) / tries));
  await new Promise((resolve) => setTimeout(resolve, deadlineMs));
  for (const timer of timers) clearTimeout(timer);
  for (const cancel of cancels) cancel();
  socket.end();
  return (await Promise.all(found.values())).filter((one) => one !== undefined);
}

function grouped(options: readonly Option[]): Map<number, Buffer[]> {
  const groups = new Map<number, Buffer[]>();
  for (const { number, value } of options) groups.set(number, [...(groups.get(number) ?? []), value]);
  return groups;
}

interface Arrived {
  readonly message: Message;
  readonly from: Peer;
  readonly n: number;
}

/** The answer as it came; one that comes in blocks is asked for again, from its device alone. Undefined where that is not answered. */
async function whole(options: DiscoverOptions, request: number, arrived: Arrived): Promise<Discovered | undefined> {
  const { from, message, n: via } = arrived;
  const { code, payload } = message;
  if (findBlock(message.options, OPTION.block2)?.more) {
    const { path, query = [], options: more = [] } = options;
    const again = await options.endpoint.request({ to: from, method: 'GET', path, query, options: more });
    return again.kind === 'reply' ? again : undefined;
  }
  const data = { peer: printPeer(from), request, code, options: packOptions(message.options), complete: true };
  const { channel } = options;
  const { n } = options.sink.append({ channel, type: EVENT.reply, dir: 'in', raw: payload, via, data });
  const contentFormat = findUint(message.options, OPTION.contentFormat);
  return { from, code, options: message.options, contentFormat, payload, n };
}

/**
 * A wire that looks like a socket to the package `coap`, which sends the group request and tells answers to it from anything else. It sees well-formed responses
 * without the Block2 option only: it would gather blocks without checking them.
 */
class WireSocket extends EventEmitter {
  readonly type: 'udp4' | 'udp6';
  /** The answer being handed over. */
  current: Arrived | undefined;
  private readonly options: DiscoverOptions;
  private readonly request: number;
  readonly end: () => void;

  constructor(options: DiscoverOptions, request: number) {
    super();
    this.options = options;
    this.request = request;
    this.type = options.wire.local.address.includes(':') ? 'udp6' : 'udp4';
    this.end = options.wire.onReceive((raw, from, via) => this.arrive(raw, from, via));
  }

  /** The package declares a whole dgram socket, and uses of it what is here. */
  asSocket(): Socket {
    return this as unknown as Socket;
  }

  address(): Peer & { family: string } {
    return { ...this.options.wire.local, family: this.type === 'udp6' ? 'IPv6' : 'IPv4' };
  }

  send(
    raw: Buffer,
    offset: number,
    length: number,
    port: number,
    address: string,
    done: (e: Error | null) => void,
  ): void {
    const { sink, channel } = this.options;
    const to = { address, port };
    const octets = raw.subarray(offset, offset + length);
    const data = { peer: printPeer(to), attempt: 1 };
    const { n } = sink.append({ channel, type: EVENT.message, dir: 'out', raw: octets, via: this.request, data });
    void this.transmit(octets, to, n, done);
  }

  private async transmit(octets: Buffer, to: Peer, via: number, done: (e: Error | null) => void): Promise<void> {
    let failure: Error | null = null;
    try {
      await this.options.wire.send(octets, to, via);
    } catch (e) {
      failure = e instanceof Error ? e : new Error(messageOf(e));
    }
    done(failure);
  }

  private arrive(raw: Buffer, from: Peer, via: number): void {
    const { sink, channel } = this.options;
    const decoded = decode(raw);
    const type = decoded.ok ? EVENT.message : EVENT.malformed;
    const why = decoded.ok ? {} : { rule: decoded.defect.rule, text: printMalformed(decoded.defect) };
    const { n } = sink.append({ channel, type, dir: 'in', raw, via, data: { peer: printPeer(from), ...why } });
    if (!decoded.ok || !isResponse(decoded.message.code)) return;
    this.current = { message: decoded.message, from, n };
    const options = decoded.message.options.filter((o) => o.number !== OPTION.block2);
    this.emit('message', encode({ ...decoded.message, options }), { ...from, family: this.type });
    this.current = undefined;
  }
}
