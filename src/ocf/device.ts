import { setTimeout as sleep } from 'node:timers/promises';
import { BenchError } from '../core/errors.ts';
import type { Bench } from '../core/standard.ts';
import type { Method } from '../coap/message.ts';
import type { Observation } from '../coap/observe.ts';
import type { Outcome } from '../coap/request.ts';
import { localTowards } from '../link/udp.ts';
import { parsePeer, type Peer, printPeer } from '../link/wire.ts';
import { type Client, type ClientRequest, openClient } from './client.ts';
import { type CborMap, decodeCbor, isCborMap } from './codec/cbor.ts';
import { RESOURCE_TYPE } from './codec/ocf.ts';
import { devicesOf, linksOf } from './links.ts';
import { answersOf, ask, byId, type Found, groupBy, isLoopback, type Query } from './multicast.ts';
import type { Subject } from './notes.ts';
import { openOwner } from './security/owner.ts';
import { checkIdentity, isSecured, isSought, iutPeer, locate, type Target } from './target.ts';
import type { Variation } from './tester.ts';

/** So many exchanges tell how slow the device and the link are just now. */
const RECENT = 6;

/** Where a device may have gone after so many looks without answer: it is looked for anew. */
const LOST_LOOKS = 2;

/** The device under test on the network: its address now, its resource, and the clients that talk to it. */
export interface Device {
  /** Address of this computer that the device sees. */
  readonly local: string;
  /** In clear: discovery, and what a secured device must refuse. */
  readonly client: Client;
  /** The first client of the resource: over DTLS where the device is secured. */
  readonly first: Client;
  /** True where the device was found silent altogether. */
  gone(): Promise<boolean>;
  /** Real milliseconds that the slowest of the latest exchanges took. */
  slowestMs(): number;
  peer(): Promise<Peer>;
  target(): Promise<Target>;
  /** A request to the resource. */
  request(method: Method, o: Variation & Pick<ClientRequest, 'body' | 'look' | 'subject'>): Promise<Outcome>;
  /** A RETRIEVE sent twice at most, for preparations; undefined where nothing came or the device could not be reached. */
  glance(label: string): Promise<CborMap | undefined>;
  /** The version that runs, by the IXIT `versionSource`; undefined where there is none or the device does not show it. */
  version(): Promise<string | undefined>;
  observe(o: Variation): Promise<Observation | undefined>;
  /** A request to another resource by the first client: where the device is secured, as its owner. */
  ask(method: Method, o: Pick<ClientRequest, 'path' | 'subject' | 'label' | 'body' | 'once'>): Promise<Outcome>;
  watchOther(o: Pick<ClientRequest, 'path' | 'subject' | 'label'>): Promise<Observation | undefined>;
  /** Takes the tester's entry out of the access control list of a secured device, until it is settled anew. */
  bar(): Promise<void>;
  /** A secured device was reset, or left normal operation: the next request looks for it and brings it back. */
  unsettle(): void;
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
  const links = (look = false): Promise<Outcome> =>
    client.request('GET', { to: peer, path: '/oic/res', subject: 'alive', look });
  const answers = async (): Promise<boolean> => (await links(true)).kind === 'reply';
  const owner = isSecured(bench) ? openOwner({ bench, local, plain: client, answers }) : undefined;
  const first = owner === undefined ? client : await openClient('coaps', local, events, timing, owner.secured);
  let second: Promise<Client> | undefined;
  const other = (): Promise<Client> => {
    second ??=
      owner === undefined
        ? openClient('coap2', local, events, timing)
        : openClient('coaps2', local, events, timing, owner.secured);
    return second;
  };

  const findTarget = async (): Promise<Target> => {
    target ??= await locate(bench, client, peer);
    if (owner === undefined || owner.settled) return target;
    await owner.ready(first, { plain: peer, secure: target.peer, device: target.device, swu: target.path });
    ids = owner.device === undefined ? ids : [owner.device];
    return target;
  };
  /** Where a request of the resource goes, and who sends it. */
  const routeOf = async ({ other: byOther, clear }: Variation): Promise<{ who: Client; to: Peer; path: string }> => {
    if (clear === true) {
      target ??= await locate(bench, client, peer);
      return { who: client, to: peer, path: target.path };
    }
    const { peer: to, path } = await findTarget();
    return { who: byOther === true ? await other() : first, to, path };
  };
  /** A rig whose network carries no IPv6 multicast may name a stand-in for the group. */
  const way = (ipv6: boolean): Pick<Query, 'group' | 'iface'> => {
    const iface = bench.has('multicastInterface') ? bench.address('multicastInterface') : local;
    const standIn = ipv6 && bench.has('ipv6Group') ? parsePeer(bench.address('ipv6Group')) : undefined;
    return standIn === undefined ? groupBy(iface, ipv6) : { group: standIn, iface };
  };
  const multicast: Device['multicast'] = ({ ipv6 = false, ...query }) =>
    ask({ ...query, ...way(ipv6), ours: answersOf(ids, peer) }, events, timing);
  const unsettle = (): void => {
    target = undefined;
    owner?.unsettle();
  };
  /** Takes the address that the rig names now; true where it is another one. */
  const readdress = async (): Promise<boolean> => {
    unsettle();
    client.endpoint.forget(peer);
    // A device that is named by its id is looked for once it does not answer where it was.
    if (isSought(bench)) return false;
    const said = await iutPeer(bench);
    if (said.port === peer.port && said.address === peer.address) return false;
    peer = said;
    return true;
  };
  /**
   * The rig's word first; where that is unchanged and the device does not answer there, multicast by its id. Of simulated devices the rig always knows, and
   * others with the same id may be about.
   */
  const findAgain = async (): Promise<void> => {
    const local = isLoopback(peer.address);
    if ((await readdress()) || ids.length === 0 || (local && !isSought(bench))) return;
    // A device that lost its owner has another id until it is taken over again.
    const nameless = owner?.settled === false && !local;
    const ours: Query['ours'] = (found) => byId(ids)(found) || (nameless && found.from.address === peer.address);
    const query = { label: 'find again', rt: RESOURCE_TYPE.softwareUpdate, tries: 1, ours };
    const from = (await ask({ ...query, ...way(peer.address.includes(':')) }, events, timing))[0]?.from;
    if (from !== undefined) peer = from;
  };
  const request: Device['request'] = async (method, { other: byOther, clear, if: iface, ...rest }) => {
    const { who, to, path } = await routeOf({
      ...(byOther === undefined ? {} : { other: byOther }),
      ...(clear === undefined ? {} : { clear }),
    });
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
  /** What a look brings; a secured device that restarts cannot even be asked. */
  const looked = async (subject: Subject, label?: string): Promise<Outcome | undefined> => {
    try {
      return await request('GET', { subject, look: true, ...(label === undefined ? {} : { label }) });
    } catch (e) {
      if (owner !== undefined && e instanceof BenchError) return undefined;
      throw e;
    }
  };

  return {
    local,
    client,
    first,
    gone: async () => client.gone || first.gone || (second !== undefined && (await second).gone),
    slowestMs: () => Math.max(0, ...took),
    peer: () => Promise.resolve(peer),
    target: findTarget,
    request,
    async glance(label) {
      const outcome = await looked('swu', label);
      return outcome === undefined ? undefined : mapOf(outcome);
    },
    async version() {
      const [path = '', property = ''] = bench.ixit.has('versionSource')
        ? bench.ixit.text('versionSource').split('#')
        : [];
      if (path === '') return undefined;
      const outcome = await client.request('GET', { to: peer, path, subject: 'version', label: 'running' });
      const version = mapOf(outcome)?.[property];
      return typeof version === 'string' ? version : undefined;
    },
    async observe({ if: iface, ...rest }) {
      const { who, to, path } = await routeOf(rest);
      const query = iface === undefined ? {} : { query: [`if=${iface}`] };
      const observed = await who.observe({ ...rest, subject: 'swu', to, path, ...query });
      return observed.kind === 'observing' ? observed.observation : undefined;
    },
    async ask(method, o) {
      const { peer: to } = await findTarget();
      return first.request(method, { ...o, to });
    },
    async watchOther(o) {
      const { peer: to } = await findTarget();
      const observed = await first.observe({ ...o, to });
      return observed.kind === 'observing' ? observed.observation : undefined;
    },
    async bar() {
      const { peer: to } = await findTarget();
      await owner?.bar(first, to);
    },
    unsettle,
    async look() {
      const outcome = await looked('look');
      missed = outcome?.kind === 'reply' ? 0 : missed + 1;
      if (missed < LOST_LOOKS) return;
      missed = 0;
      await findAgain().catch(() => undefined);
    },
    async alive() {
      let outcome = await links();
      if (outcome.kind !== 'reply') {
        // A device may have another port since it restarted by itself.
        const before = peer;
        await findAgain().catch(() => undefined);
        if (peer !== before) outcome = await links();
      }
      if (outcome.kind !== 'reply')
        throw new BenchError('no-answer', `the device did not answer GET /oic/res (${outcome.kind})`, {
          place: { where: printPeer(peer) },
        });
      const found = linksOf(outcome.payload);
      // The owner checks the id of a secured device when it comes back; between reset and transfer the device has another one.
      if (owner?.settled !== false) checkIdentity(bench, found, peer);
      ids = devicesOf(found);
    },
    multicast,
    async restarted() {
      const limit = bench.timing.real('rebootS');
      const until = performance.now() + limit;
      await readdress();
      for (let missing = 1; ; missing++) {
        const outcome = await links(true);
        // A secured device on its way through a reset may answer, and refuse to be discovered yet.
        if (outcome.kind === 'reply' && (owner === undefined || outcome.code.startsWith('2.'))) return;
        if (performance.now() >= until)
          throw new BenchError('no-answer', `the device did not answer in ${Math.round(limit)} ms after power on`, {
            place: { where: printPeer(peer) },
          });
        await sleep(timing.real('pollInterval'));
        if (isSought(bench) || missing % LOST_LOOKS === 0) await findAgain().catch(() => undefined);
      }
    },
    async close() {
      if (first !== client) await first.close();
      await client.close();
      if (second !== undefined) await (await second).close();
    },
  };
}
