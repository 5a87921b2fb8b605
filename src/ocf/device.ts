import { setTimeout as sleep } from 'node:timers/promises';
import { BenchError } from '../core/errors.ts';
import type { Bench } from '../core/standard.ts';
import type { Method } from '../coap/message.ts';
import type { Observation } from '../coap/observe.ts';
import type { Outcome } from '../coap/request.ts';
import { parsePeer, type Peer, printPeer } from '../link/wire.ts';
import { type Client, type ClientRequest, openClient } from './client.ts';
import { type CborMap, decodeCbor, isCborMap } from './codec/cbor.ts';
import { RESOURCE_TYPE } from './codec/ocf.ts';
import { devicesOf, linksOf } from './links.ts';
import { answersOf, ask, byId, type Found, groupBy, isLoopback, type Query } from './multicast.ts';
import { checkIdentity, iutPeer, localTowards, locate, type Target } from './target.ts';
import type { Variation } from './tester.ts';

/** So many exchanges tell how slow the device and the link are just now. */
const RECENT = 6;

/** Where a device may have gone after so many looks without answer: it is looked for anew. */
const LOST_LOOKS = 2;

/** The device under test on the network: its address now, its resource, and the two clients that talk to it. */
export interface Device {
  /** Address of this computer that the device sees. */
  readonly local: string;
  readonly client: Client;
  /** True where the device was found silent altogether. */
  gone(): Promise<boolean>;
  /** Real milliseconds that the slowest of the latest exchanges took. */
  slowestMs(): number;
  /** The second client, opened when first needed. */
  other(): Promise<Client>;
  peer(): Promise<Peer>;
  target(): Promise<Target>;
  /** A request to the resource. */
  request(method: Method, o: Variation & Pick<ClientRequest, 'body' | 'look' | 'subject'>): Promise<Outcome>;
  observe(o: Variation): Promise<Observation | undefined>;
  /** One look at the resource; after several without answer the device is looked for anew. */
  look(): Promise<void>;
  alive(): Promise<void>;
  multicast(query: Omit<Query, 'group' | 'iface' | 'ours'> & { readonly ipv6?: boolean }): Promise<Found[]>;
  /** Its address may have changed: power, reset. Waits until it answers, for the IXIT `rebootS`; a BenchError then. */
  restarted(): Promise<void>;
  close(): Promise<void>;
}

/** The map in an answer, if it is one. */
export function mapOf(outcome: Outcome): CborMap | undefined {
  if (outcome.kind !== 'reply' || !outcome.code.startsWith('2.')) return undefined;
  const decoded = decodeCbor(outcome.payload);
  return decoded.ok && isCborMap(decoded.value) ? decoded.value : undefined;
}

/** Opens the clients; nothing is sent yet. */
export async function openDevice(bench: Bench): Promise<Device> {
  const { events, timing } = bench;
  let peer = await iutPeer(bench);
  let target: Target | undefined;
  let ids: string[] = [];
  let missed = 0;
  let took: number[] = [];
  const local = bench.has('localAddress') ? bench.address('localAddress') : await localTowards(peer);
  const client = await openClient('coap', local, events, timing);
  let second: Promise<Client> | undefined;
  const other = (): Promise<Client> => {
    second ??= openClient('coap2', local, events, timing);
    return second;
  };

  const findTarget = async (): Promise<Target> => {
    target ??= await locate(bench, client, peer);
    return target;
  };
  /** A rig whose network carries no IPv6 multicast may name a stand-in for the group. */
  const way = (ipv6: boolean): Pick<Query, 'group' | 'iface'> => {
    const iface = bench.has('multicastInterface') ? bench.address('multicastInterface') : local;
    const standIn = ipv6 && bench.has('ipv6Group') ? parsePeer(bench.address('ipv6Group')) : undefined;
    return standIn === undefined ? groupBy(iface, ipv6) : { group: standIn, iface };
  };
  const multicast: Device['multicast'] = ({ ipv6 = false, ...query }) =>
    ask({ ...query, ...way(ipv6), ours: answersOf(ids, peer) }, events, timing);
  /** Takes the address that the rig names now; true where it is another one. */
  const readdress = async (): Promise<boolean> => {
    const said = await iutPeer(bench);
    target = undefined;
    client.endpoint.forget(peer);
    if (said.port === peer.port && said.address === peer.address) return false;
    peer = said;
    return true;
  };
  /**
   * The rig's word first; where that is unchanged and the device does not answer there, multicast by its id. Of simulated devices the rig always knows, and
   * others with the same id may be about.
   */
  const findAgain = async (): Promise<void> => {
    if ((await readdress()) || ids.length === 0 || isLoopback(peer.address)) return;
    const query = { label: 'find again', rt: RESOURCE_TYPE.softwareUpdate, tries: 1, ours: byId(ids) };
    const from = (await ask({ ...query, ...way(peer.address.includes(':')) }, events, timing))[0]?.from;
    if (from !== undefined) peer = from;
  };
  const request: Device['request'] = async (method, { other: byOther, if: iface, ...rest }) => {
    const { peer: to, path } = await findTarget();
    const who = byOther === true ? await other() : client;
    const began = performance.now();
    const outcome = await who.request(method, {
      ...rest,
      to,
      path,
      ...(iface === undefined ? {} : { query: [`if=${iface}`] }),
    });
    if (outcome.kind === 'reply') took = [...took, performance.now() - began].slice(-RECENT);
    return outcome;
  };
  const links = async (): Promise<Outcome> => client.request('GET', { to: peer, path: '/oic/res', subject: 'alive' });

  return {
    local,
    client,
    gone: async () => client.gone || (second !== undefined && (await second).gone),
    slowestMs: () => Math.max(0, ...took),
    other,
    peer: () => Promise.resolve(peer),
    target: findTarget,
    request,
    async observe({ other: byOther, if: iface, ...rest }) {
      const { peer: to, path } = await findTarget();
      const who = byOther === true ? await other() : client;
      const query = iface === undefined ? {} : { query: [`if=${iface}`] };
      const observed = await who.observe({ ...rest, subject: 'swu', to, path, ...query });
      return observed.kind === 'observing' ? observed.observation : undefined;
    },
    async look() {
      const outcome = await request('GET', { subject: 'look', look: true });
      missed = outcome.kind === 'reply' ? 0 : missed + 1;
      if (missed < LOST_LOOKS) return;
      missed = 0;
      await findAgain().catch(() => undefined);
    },
    async alive() {
      const outcome = await links();
      if (outcome.kind !== 'reply')
        throw new BenchError('no-answer', `the device did not answer GET /oic/res (${outcome.kind})`, {
          place: { where: printPeer(peer) },
        });
      const found = linksOf(outcome.payload);
      checkIdentity(bench, found, peer);
      ids = devicesOf(found);
    },
    multicast,
    async restarted() {
      const limit = bench.timing.real('rebootS');
      const until = performance.now() + limit;
      await readdress();
      for (let missing = 1; ; missing++) {
        const outcome = await client.request('GET', { to: peer, path: '/oic/res', subject: 'alive', look: true });
        if (outcome.kind === 'reply') return;
        if (performance.now() >= until)
          throw new BenchError('no-answer', `the device did not answer in ${Math.round(limit)} ms after power on`, {
            place: { where: printPeer(peer) },
          });
        await sleep(timing.real('pollInterval'));
        if (missing % LOST_LOOKS === 0) await findAgain().catch(() => undefined);
      }
    },
    async close() {
      await client.close();
      if (second !== undefined) await (await second).close();
    },
  };
}
