import { createSocket } from 'node:dgram';
import { isIP } from 'node:net';
import { BenchError } from '../core/errors.ts';
import type { Bench } from '../core/standard.ts';
import { resolvePeer } from '../link/udp.ts';
import { parsePeer, type Peer, printPeer } from '../link/wire.ts';
import type { Client } from './client.ts';
import { RESOURCE_TYPE } from './codec/ocf.ts';
import { devicesOf, type Link, linksOf } from './links.ts';

/** Where the resource is. */
export interface Target {
  readonly peer: Peer;
  /** Path of the software update resource. */
  readonly path: string;
}

/** `coap://192.168.1.7:5683` as an address. Throws a BenchError that names the entry of the rig. */
export async function iutPeer(bench: Bench): Promise<Peer> {
  const text = bench.address('iut');
  const peer = text.startsWith('coap://') ? parsePeer(text.replace(/^coap:\/\//, '').replace(/\/$/, '')) : undefined;
  if (peer === undefined)
    throw new BenchError('iut', `expected coap://host:port, found ${text}`, { place: { where: 'iut.OCFSWU.iut' } });
  return isIP(peer.address.split('%')[0] ?? '') === 0 ? resolvePeer(peer.address, peer.port) : peer;
}

/** The address of this computer that faces the peer. */
export function localTowards(peer: Peer): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createSocket(peer.address.includes(':') ? 'udp6' : 'udp4');
    socket.once('error', (e) => {
      socket.close();
      reject(new BenchError('route', `no way to ${printPeer(peer)}: ${e.message}`, { cause: e }));
    });
    socket.connect(peer.port, peer.address, () => {
      const { address } = socket.address();
      socket.close();
      resolve(address);
    });
  });
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
  const wanted = bench.has('deviceUuid')
    ? bench.address('deviceUuid')
    : bench.ixit.has('deviceUuid')
      ? bench.ixit.text('deviceUuid')
      : undefined;
  const found = devicesOf(links);
  if (wanted === undefined || found.length === 0 || found.includes(wanted.toLowerCase())) return;
  throw new BenchError('wrong-device', `expected device ${wanted}, found ${found.join(', ')}`, {
    place: { where: printPeer(where) },
  });
}

/** Finds the resource by its type. Throws a BenchError where the device does not answer or does not have it. */
export async function locate(bench: Bench, client: Client, peer: Peer): Promise<Target> {
  const links = await linksAt(client, peer, RESOURCE_TYPE.softwareUpdate, 'locate');
  checkIdentity(bench, links, peer);
  // Where the filter is not understood the whole list comes back.
  const link = links.find((l) => l.rt.includes(RESOURCE_TYPE.softwareUpdate)) ?? (await anyLink(client, peer));
  if (link === undefined)
    throw new BenchError('no-resource', `no link of type ${RESOURCE_TYPE.softwareUpdate} in /oic/res`, {
      place: { where: printPeer(peer) },
    });
  return { peer: await endpointOf(link, peer), path: link.href };
}

async function anyLink(client: Client, peer: Peer): Promise<Link | undefined> {
  const links = await linksAt(client, peer, undefined, 'locate');
  return links.find((l) => l.rt.includes(RESOURCE_TYPE.softwareUpdate));
}

/** The plain endpoint that the link names, or the one that answered where it names none. */
function endpointOf(link: Link, answered: Peer): Promise<Peer> | Peer {
  const plain = link.eps.flatMap((ep) =>
    ep.startsWith('coap://') ? (parsePeer(ep.replace(/^coap:\/\//, '')) ?? []) : [],
  );
  return plain.some((p) => p.port === answered.port) ? answered : (plain[0] ?? answered);
}
