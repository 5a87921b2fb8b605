import { readFileSync } from 'node:fs';
import { blockSize, findBlock, MAX_SZX } from '../coap/block.ts';
import { messages, replies, requests } from '../coap/events.ts';
import { OPTION, pathOf as pathOfOptions } from '../coap/options.ts';
import type { Behaviour } from '../coap/misbehave.ts';
import { BenchError, messageOf } from '../core/errors.ts';
import type { Kind } from '../core/log.ts';
import type { Bench } from '../core/standard.ts';
import { PACKAGES, packageAsked, packageSent } from '../link/packages/events.ts';
import type { Credentials } from '../link/packages/shelf.ts';
import { openUdp } from '../link/udp.ts';
import { type Peer, peerKey, type Wire } from '../link/wire.ts';
import { type Door, openDoor } from './door.ts';
import { webPackages } from './web-packages.ts';

/** Packages that a declaration can name. */
export const PACKAGE_NAMES = [
  'packageA',
  'packageB',
  'packageSmall',
  'packageBroken',
  'packageWrongType',
  'packageTooLarge',
  'packageInstallFails',
  'packageUninstallFails',
  'packageActivateFails',
  'packageNewObjects',
  'packageDropsObjects',
  'packageComponents',
  'packageSlowCheck',
] as const;
export type PackageName = (typeof PACKAGE_NAMES)[number];

export type Scheme = 'coap' | 'coaps' | 'http' | 'https';
type CoapScheme = 'coap' | 'coaps';

export interface Offer {
  readonly scheme?: Scheme;
  /** By HTTP and HTTPS: asked for by basic authentication. */
  readonly credentials?: Credentials;
  /** By CoAP, as all below: what is served wrongly; block numbers in the size in use. */
  readonly behaviour?: Behaviour;
  /** The whole takes the row `drip` for each of `blocks`, whatever the blocks that the device asks for. */
  readonly slow?: true;
  /** In so many blocks at least, so that something can happen midway. */
  readonly blocks?: number;
  /** The URL is filled up to so many octets. */
  readonly urlOctets?: number;
}

/** The package servers of the bench, opened when first needed. */
export interface Packages {
  content(name: PackageName): Buffer;
  /** Offers a package and gives its URL; until {@link clear}. */
  serve(name: PackageName, offer?: Offer): Promise<string>;
  /** A URL at which nobody answers. */
  nobody(): Promise<string>;
  /** A URL of the server without a package. */
  missing(): Promise<string>;
  /** From now on another package stands under this URL. */
  swap(url: string, name: PackageName): void;
  /** From now on the package is served so; undefined: rightly. What the device repeats is answered anew. */
  behave(url: string, behaviour: Behaviour | undefined): void;
  clear(): void;
  close(): Promise<void>;
}

/** Channel of the port at which nobody answers. */
const NOBODY = 'nobody';

interface Item {
  body: Buffer;
}

function pathOf(url: string): string {
  return /^[a-z+]+:\/\/[^/]+(\/.*)$/.exec(url)?.[1] ?? '/';
}

/** The largest block size that cuts the body into so many blocks. */
function szxFor(octets: number, blocks: number): number {
  for (let szx = MAX_SZX; szx > 0; szx--) if (octets > blockSize(szx) * (blocks - 1)) return szx;
  return 0;
}

/** @param host The address by which the device reaches the bench; asked for when first needed. */
export function packageServers(bench: Bench, host: () => Promise<string>): Packages {
  const doors = new Map<CoapScheme, Promise<Door>>();
  const web = webPackages(bench, host);
  const items = new Map<string, Item>();
  const spoilt = new Set<{ door: Promise<Door>; path: string }>();
  const peers = new Map<string, Peer>();
  const loose: Promise<Wire>[] = [];
  let next = 0;

  const open = async (scheme: CoapScheme): Promise<Door> => {
    const door = await openDoor(bench, { secure: scheme === 'coaps', host: await host(), port: 0 }, PACKAGES);
    return door;
  };
  const doorOf = (scheme: CoapScheme): Promise<Door> => {
    const known = doors.get(scheme);
    if (known !== undefined) return known;
    const opening = open(scheme);
    doors.set(scheme, opening);
    return opening;
  };
  const base = async (scheme: CoapScheme, port: number): Promise<string> => {
    const address = await host();
    return `${scheme}://${address.includes(':') ? `[${address}]` : address}:${port}`;
  };
  const content = (name: PackageName): Buffer => {
    const file = bench.ixit.text(name).replace(/^file:/, '');
    try {
      return readFileSync(file);
    } catch (e) {
      throw new BenchError('package', `package cannot be read: ${messageOf(e)}`, { place: { file }, cause: e });
    }
  };
  /** The message layer knows repetitions; a server that was silent must not take the next one for such. */
  const forgetPeers = async (door: Promise<Door>): Promise<void> => {
    const { server } = await door;
    for (const peer of peers.values()) server.forget(peer);
  };

  return {
    content,
    async serve(name, { scheme = 'coap', credentials, behaviour: wrong, slow, blocks, urlOctets = 0 } = {}) {
      if (scheme === 'http' || scheme === 'https') {
        const body = content(name);
        const asked = credentials === undefined ? {} : { credentials };
        return web.serve(scheme, { name, behaviour: { kind: 'good' }, content: () => body, ...asked });
      }
      const opening = doorOf(scheme);
      const door = await opening;
      const body = content(name);
      const wholeMs = bench.timing.real('drip') * (blocks ?? 1);
      const behaviour = slow === undefined ? wrong : { octetMs: wholeMs / Math.max(1, body.length), ...wrong };
      const root = await base(scheme, door.endpoint.local.port);
      const short = `/${next++}/${name}`;
      const filler = urlOctets - root.length - short.length;
      const path = filler > 1 ? `${short}/${'x'.repeat(filler - 1)}` : short;
      const item: Item = { body };
      items.set(path, item);
      door.server.route(
        path,
        ({ method, from }) => {
          peers.set(peerKey(from), from);
          if (!items.has(path)) return { code: '4.04' };
          return method === 'GET' ? { code: '2.05', payload: item.body } : { code: '4.05' };
        },
        { szx: blocks === undefined ? MAX_SZX : szxFor(body.length, blocks) },
      );
      if (behaviour !== undefined) {
        door.server.behave(path, behaviour);
        spoilt.add({ door: opening, path });
      }
      return `${root}${path}`;
    },
    async nobody() {
      const wire = openUdp({ host: await host(), port: 0, sink: bench.events, channel: NOBODY });
      loose.push(wire);
      return `${await base('coap', (await wire).local.port)}/nobody`;
    },
    async missing() {
      const door = await doorOf('coap');
      return `${await base('coap', door.endpoint.local.port)}/${next++}/missing`;
    },
    swap(url, name) {
      const item = items.get(pathOf(url));
      if (item !== undefined) item.body = content(name);
      for (const door of doors.values()) void forgetPeers(door);
    },
    behave(url, behaviour) {
      for (const opening of doors.values())
        void opening.then((door) => {
          door.server.behave(pathOf(url), behaviour);
          return forgetPeers(opening);
        });
    },
    clear() {
      items.clear();
      web.clear();
      for (const { door, path } of spoilt) void door.then((d) => d.server.behave(path, undefined));
      spoilt.clear();
      for (const wire of loose.splice(0)) void wire.then((w) => w.close());
    },
    async close() {
      for (const wire of loose.splice(0)) await (await wire).close();
      for (const door of doors.values()) await (await door).close();
      await web.close();
    },
  };
}

/** A request of the device at a package server, whole or the first of a block-wise one. */
export interface Fetch {
  /** Name of the package, as the URL has it. */
  readonly served: string;
  /** By HTTP and HTTPS: whether it carried the credentials that the package asks for. */
  readonly authorised?: boolean | undefined;
}

function servedIn(path: string): string {
  return path.split('/')[2] ?? '';
}

/** Everything that the device asks a package server for. */
export const fetches: Kind<Fetch> = {
  name: 'package request',
  read(event, log) {
    const request = event.channel === PACKAGES ? requests.read(event, log) : undefined;
    if (request?.dir === 'in') return { served: servedIn(request.path) };
    const { served, authorised } = packageAsked.read(event, log) ?? {};
    return served === undefined ? undefined : { served, authorised };
  },
};

/** Whatever the device sends to a package server: its pull goes on. */
export const pulling: Kind<object> = {
  name: 'progress of a pull',
  read: (event) => (event.channel === PACKAGES && event.dir === 'in' ? {} : undefined),
};

/** A package whose last block went out. */
export const fetched: Kind<Fetch> = {
  name: 'complete package fetch',
  read(event, log) {
    const reply = event.channel === PACKAGES ? replies.read(event, log) : undefined;
    if (reply?.dir === 'out' && reply.code === '2.05') return { served: servedIn(reply.request?.path ?? '') };
    const sent = packageSent.read(event, log);
    const asked = sent === undefined ? undefined : log.at(sent.request);
    return asked === undefined ? undefined : fetches.read(asked, log);
  },
};

/** A datagram of the device at the port where nobody answers. */
export const knocks: Kind<{ readonly octets: number }> = {
  name: 'datagram to the address where nobody answers',
  read: (event) =>
    event.channel === NOBODY && event.type === 'datagram' && event.dir === 'in'
      ? { octets: (event.raw ?? '').length / 2 }
      : undefined,
};

/** One request message for a block of a package. */
export const blockRequests: Kind<{ readonly served: string; readonly num: number }> = {
  name: 'request for a block of the package',
  read(event, log) {
    const seen = event.channel === PACKAGES ? messages.read(event, log) : undefined;
    if (seen?.dir !== 'in' || seen.message.code !== '0.01') return undefined;
    const { options } = seen.message;
    return { served: servedIn(pathOfOptions(options)), num: findBlock(options, OPTION.block2)?.num ?? 0 };
  },
};
