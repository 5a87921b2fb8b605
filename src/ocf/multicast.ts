import { randomBytes, randomInt } from 'node:crypto';
import { networkInterfaces } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { openCoap } from '../coap/endpoint.ts';
import { emptyMessage, isResponse, type Message } from '../coap/message.ts';
import type { Arrival } from '../coap/message-layer.ts';
import { OPTION, uintOption, uriOptions } from '../coap/options.ts';
import { BenchError } from '../core/errors.ts';
import type { EventSink } from '../core/events.ts';
import type { Timing } from '../core/timing.ts';
import { openUdp } from '../link/udp.ts';
import { type Peer, printPeer } from '../link/wire.ts';
import { CONTENT_FORMAT, encodeVersion, MULTICAST, OCF_1_0_0, VERSION_OPTION } from './codec/ocf.ts';
import { devicesOf, type Link, linksOf, MULTICAST_ANSWER, MULTICAST_QUERY } from './links.ts';

/** One answer to a multicast query. */
export interface Found {
  readonly links: readonly Link[];
  readonly from: Peer;
}

/** One question to a group, repeated because nothing of it is acknowledged. */
export interface Query {
  /** `rt=…`, or nothing for all links. */
  readonly rt?: string;
  readonly label: string;
  /** Where the query goes, and the interface that it leaves by: IPv4 its address, IPv6 `::%` and its name. */
  readonly group: Peer;
  readonly iface: string;
  /** Sent so many times, or until the device has answered. */
  readonly tries: number;
  /** True for the answers of the device under test; others on the network are recorded as theirs. */
  ours(found: Found): boolean;
  /** Waits a whole leisure after the last try even if an answer came, and sends all tries. */
  readonly whole?: boolean;
}

/** The group of discovery and the interface towards it, for one of this computer's addresses or the name of an interface. */
export function groupBy(iface: string, ipv6: boolean): Pick<Query, 'group' | 'iface'> {
  const { port, ipv4, ipv6Link } = MULTICAST;
  if (!ipv6) return { group: { address: ipv4, port }, iface };
  const named = Object.entries(networkInterfaces()).find(([, all]) => all?.some((a) => a.address === iface));
  const name = named?.[0] ?? iface;
  return { group: { address: `${ipv6Link}%${name}`, port }, iface: `::%${name}` };
}

/** The groups that can be reached by an interface, IPv4 first. Throws a BenchError where this computer has no such interface. */
export function waysBy(iface: string): Pick<Query, 'group' | 'iface'>[] {
  const [name, addresses] =
    Object.entries(networkInterfaces()).find(
      ([name, all]) => name === iface || all?.some((a) => a.address === iface) === true,
    ) ?? [];
  if (name === undefined || addresses === undefined)
    throw new BenchError('interface', `expected an interface of this computer, found ${iface}`, {
      place: { where: 'iut.OCFSWU.iut' },
    });
  const ipv4 = addresses.find((a) => a.family === 'IPv4' && (a.address === iface || name === iface));
  const ipv6 = addresses.find((a) => a.family === 'IPv6' && (a.address === iface || name === iface));
  return [
    ...(ipv4 === undefined ? [] : [groupBy(ipv4.address, false)]),
    ...(ipv6 === undefined ? [] : [groupBy(name, true)]),
  ];
}

/** Channel of multicast events. */
const CHANNEL = 'multicast';

/** Asks `/oic/res` by multicast from a port of its own, non-confirmable as RFC 7252 8.1 demands; resolves with the device's answers. */
export async function ask(query: Query, sink: EventSink, timing: Timing): Promise<Found[]> {
  const { group: to } = query;
  const wire = await openUdp({ host: to.address.includes(':') ? '::' : '0.0.0.0', port: 0, sink, channel: CHANNEL });
  const endpoint = openCoap({ wire, sink, channel: CHANNEL });
  const found: Found[] = [];
  let wake: (() => void) | undefined;
  try {
    wire.multicastFrom(query.iface);
    const tokens = new Set<string>();
    const stop = endpoint.core.layer.tap((arrival) => {
      const answer = answerTo(arrival, tokens);
      if (answer === undefined) return false;
      if (answer.type === 'CON') endpoint.send(arrival.from, emptyMessage('ACK', answer.mid));
      const seen = { links: linksOf(answer.payload), from: arrival.from };
      if (!query.ours(seen)) return true;
      found.push(seen);
      record(sink, query, arrival, answer);
      wake?.();
      return true;
    });
    for (let i = 0; i < query.tries; i++) {
      const token = randomBytes(4);
      tokens.add(token.toString('hex'));
      sink.append({
        channel: CHANNEL,
        type: MULTICAST_QUERY,
        dir: 'out',
        data: { label: query.label, query: query.rt ?? '' },
      });
      endpoint.send(to, messageOf(query, token));
      const last = i === query.tries - 1;
      if (query.whole === true && !last) continue;
      await Promise.race([
        sleep(timing.real('leisure')),
        new Promise<void>((resolve) => {
          wake = query.whole === true ? undefined : resolve;
        }),
      ]);
      if (found.length > 0 && query.whole !== true) break;
    }
    stop();
    return found;
  } finally {
    endpoint.close();
    await wire.close();
  }
}

function messageOf({ rt }: Query, token: Buffer): Message {
  return {
    type: 'NON',
    code: '0.01',
    mid: randomInt(0x10000),
    token,
    options: [
      ...uriOptions('/oic/res', rt === undefined ? [] : [`rt=${rt}`]),
      uintOption(OPTION.accept, CONTENT_FORMAT.ocfCbor),
      { number: VERSION_OPTION.accept, value: encodeVersion(OCF_1_0_0) },
    ],
    payload: Buffer.alloc(0),
  };
}

function answerTo({ decoded }: Arrival, tokens: ReadonlySet<string>): Message | undefined {
  if (!decoded.ok || !isResponse(decoded.message.code)) return undefined;
  return tokens.has(decoded.message.token.toString('hex')) ? decoded.message : undefined;
}

function record(sink: EventSink, { label }: Query, { n, from }: Arrival, answer: Message): void {
  sink.append({
    channel: CHANNEL,
    type: MULTICAST_ANSWER,
    dir: 'in',
    via: n,
    raw: answer.payload,
    data: { peer: printPeer(from), code: answer.code, label },
  });
}

/** Answers of the device with one of these ids. */
export function byId(ids: readonly string[]): Query['ours'] {
  return ({ links }) => devicesOf(links).some((id) => ids.includes(id));
}

/**
 * Answers of one device, by its id or, where its links name none, by its address. On the loopback interface simulated devices of other runs may have the same
 * id, so that there the port must be the device's as well.
 */
export function answersOf(ids: readonly string[], peer: Peer): Query['ours'] {
  return (found) => {
    const ports = [found.from.port, ...found.links.flatMap((l) => l.eps.map((ep) => Number(/:(\d+)$/.exec(ep)?.[1])))];
    const port = ports.includes(peer.port);
    const named = devicesOf(found.links).length > 0 && ids.length > 0;
    if (!named) return port && found.from.address === peer.address;
    return byId(ids)(found) && (port || !isLoopback(peer.address));
  };
}

/** True for an address of this computer that no other one can reach. */
export function isLoopback(address: string): boolean {
  return address === '::1' || address.startsWith('127.');
}
