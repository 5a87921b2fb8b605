import { isIP } from 'node:net';
import { BenchError } from '../core/errors.ts';
import type { Bench } from '../core/standard.ts';
import { resolvePeer } from '../link/udp.ts';
import { parsePeer, type Peer, printPeer } from '../link/wire.ts';
import type { Client } from './client.ts';
import { RESOURCE_TYPE } from './codec/ocf.ts';
import { devicesOf, type Link, linksOf } from './links.ts';
import { ask, byId, type Query, waysBy } from './multicast.ts';

/** Where the resource is. */
export interface Target {
  /** In clear, or where it is secured its secure endpoint. */
  readonly peer: Peer;
  /** Path of the software update resource. */
  readonly path: string;
  /** Id of the device that the link names; empty where it names none. */
  readonly device: string;
}

/** A device that the rig names by its id: `ocf://ID?interface=NAME`. */
interface Sought {
  readonly id: string;
  readonly iface: string;
}

function soughtBy(bench: Bench): Sought | undefined {
  const [, id, iface] = /^ocf:\/\/([^?]+)\?interface=(.+)$/.exec(bench.address('iut')) ?? [];
  return id === undefined || iface === undefined ? undefined : { id: id.toLowerCase(), iface };
}

/** True where the rig names the device by its id, so that its address is found and not told. */
export function isSought(bench: Bench): boolean {
  return soughtBy(bench) !== undefined;
}

/** The id of the device that the rig or the declaration names. */
export function namedDevice(bench: Bench): string | undefined {
  const id = bench.has('deviceUuid') ? bench.address('deviceUuid') : soughtBy(bench)?.id;
  return (id ?? (bench.ixit.has('deviceUuid') ? bench.ixit.text('deviceUuid') : undefined))?.toLowerCase();
}

/** Multicast queries for a device by its id, over each family of addresses that the interface has. */
const SEARCH_TRIES = 3;

async function find(bench: Bench, { id, iface }: Sought): Promise<Peer> {
  const others = new Set<string>();
  const ours: Query['ours'] = (found) => {
    for (const other of devicesOf(found.links)) if (other !== id) others.add(other);
    return byId([id])(found);
  };
  for (const way of waysBy(iface)) {
    const query = { ...way, label: 'find', rt: RESOURCE_TYPE.softwareUpdate, tries: SEARCH_TRIES, ours };
    const from = (await ask(query, bench.events, bench.timing))[0]?.from;
    if (from !== undefined) return from;
  }
  const answered = others.size === 0 ? 'no other device answered either' : `answered: ${[...others].join(', ')}`;
  throw new BenchError('not-found', `device ${id} did not answer multicast discovery by ${iface}; ${answered}`, {
    place: { where: 'iut.OCFSWU.iut' },
  });
}

/** Where the device is: `coap://192.168.1.7:5683`, or found by its id. Throws a BenchError that names the entry of the rig. */
export async function iutPeer(bench: Bench): Promise<Peer> {
  const sought = soughtBy(bench);
  if (sought !== undefined) return find(bench, sought);
  const text = bench.address('iut');
  const peer = text.startsWith('coap://') ? parsePeer(text.replace(/^coap:\/\//, '').replace(/\/$/, '')) : undefined;
  if (peer === undefined)
    throw new BenchError('iut', `expected coap://host:port, or a device with its interface, found ${text}`, {
      place: { where: 'iut.OCFSWU.iut' },
    });
  return isIP(peer.address.split('%')[0] ?? '') === 0 ? resolvePeer(peer.address, peer.port) : peer;
}

/** The links of `/oic/res`, all or of one type; a BenchError where the device does not answer. */
export async function linksAt(client: Client, to: Peer, rt: string | undefined, label?: string): Promise<Link[]> {
  const outcome = await client.request('GET', {
    to,
    path: '/oic/res',
    subject: 'links',
    ...(rt === undefined ? {} : { query: [`rt=${rt}`] }),
    ...(label === undefined ? {} : { label }),
  });
  if (outcome.kind === 'reply') return linksOf(outcome.payload);
  throw new BenchError('no-answer', `the device did not answer GET /oic/res (${outcome.kind})`, {
    place: { where: printPeer(to) },
  });
}

/** Throws a BenchError where the rig or the declaration names a device and another one answers. */
export function checkIdentity(bench: Bench, links: readonly Link[], where: Peer): void {
  const wanted = namedDevice(bench);
  const found = devicesOf(links);
  if (wanted === undefined || found.length === 0 || found.includes(wanted)) return;
  throw new BenchError('wrong-device', `expected device ${wanted}, found ${found.join(', ')}`, {
    place: { where: printPeer(where) },
  });
}

/** True where the declaration says that the device is secured: requests to its resource go over DTLS then. */
export function isSecured(bench: Bench): boolean {
  return bench.declared('OCFSWU 8/1');
}

/** Finds the resource by its type. Throws a BenchError where the device does not answer or does not have it, or is secured and names no secure endpoint. */
export async function locate(bench: Bench, client: Client, peer: Peer): Promise<Target> {
  const links = await linksAt(client, peer, RESOURCE_TYPE.softwareUpdate, 'locate');
  // Of a secured device the owner checks the id: an unowned one has an id for the time being only.
  if (!isSecured(bench)) checkIdentity(bench, links, peer);
  // Where the filter is not understood the whole list comes back.
  const link = links.find((l) => l.rt.includes(RESOURCE_TYPE.softwareUpdate)) ?? (await anyLink(client, peer));
  if (link === undefined)
    throw new BenchError('no-resource', `no link of type ${RESOURCE_TYPE.softwareUpdate} in /oic/res`, {
      place: { where: printPeer(peer) },
    });
  const device = devicesOf([link])[0] ?? devicesOf(links)[0] ?? '';
  const at = isSecured(bench) ? await secureEndpointOf(link, client, peer) : endpointOf(link, peer);
  return { peer: at, path: link.href, device };
}

/** The secure endpoint of the link, or of any other link of the device: on one that a case finds without, the others still lead to the device. */
async function secureEndpointOf(link: Link, client: Client, answered: Peer): Promise<Peer> {
  const own = secureEndpoints([link], answered)[0];
  const found = own ?? secureEndpoints(await linksAt(client, answered, undefined, 'locate'), answered)[0];
  if (found !== undefined) return found;
  throw new BenchError(
    'no-secure-endpoint',
    'the declaration says that the device is secured (8/1), and no link of /oic/res has a coaps:// endpoint',
    { place: { where: printPeer(answered) } },
  );
}

/** Secure endpoints of links, those at the address that answered first: only they can be reached for certain. */
export function secureEndpoints(links: readonly Link[], answered: Peer): Peer[] {
  const all = links.flatMap((l) =>
    l.eps.flatMap((ep) => (ep.startsWith('coaps://') ? (parsePeer(ep.slice(8)) ?? []) : [])),
  );
  const zone = answered.address.split('%')[1];
  const zoned = all.map((p) =>
    zone !== undefined && p.address.startsWith('fe80:') && !p.address.includes('%')
      ? { ...p, address: `${p.address}%${zone}` }
      : p,
  );
  return zoned.toSorted((a, b) => Number(b.address === answered.address) - Number(a.address === answered.address));
}

async function anyLink(client: Client, peer: Peer): Promise<Link | undefined> {
  const links = await linksAt(client, peer, undefined, 'locate');
  return links.find((l) => l.rt.includes(RESOURCE_TYPE.softwareUpdate));
}

/** The plain endpoint that the link names, or the one that answered where it names none. */
function endpointOf(link: Link, answered: Peer): Peer {
  const plain = link.eps.flatMap((ep) =>
    ep.startsWith('coap://') ? (parsePeer(ep.replace(/^coap:\/\//, '')) ?? []) : [],
  );
  return plain.some((p) => p.port === answered.port) ? answered : (plain[0] ?? answered);
}
