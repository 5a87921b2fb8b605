import { readFileSync, statSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { BenchError, messageOf } from '../../core/errors.ts';
import type { Bench } from '../../core/standard.ts';
import type { Behaviour } from '../../link/packages/behaviour.ts';
import { benchIdentity, type Identity, newAuthority } from '../../link/packages/certificate.ts';
import { openCoapPackages } from './coap.ts';
import { packageRecorder } from '../../link/packages/events.ts';
import { openHttp } from '../../link/packages/http.ts';
import { newShelf, type PackageServer } from '../../link/packages/shelf.ts';

/** Packages that a declaration can name. */
export const PACKAGE_NAMES = [
  'packageOk',
  'packageOld',
  'packageBadSignature',
  'packageTooBigForRam',
  'packageTooBig',
  'packageFailsAtInstall',
] as const;
/** IXIT name of a package. */
export type PackageName = (typeof PACKAGE_NAMES)[number];

/** Protocols that the bench can serve; `foreign` is HTTPS with a certificate that no device trusts, `coap` is in clear. */
export type Scheme = 'https' | 'http' | 'coap' | 'foreign';

/** How a package is offered; without anything a good server by the protocol that the declaration prefers. */
export interface Offer {
  readonly behaviour?: Behaviour;
  /** Default: what the declaration says, HTTPS first. */
  readonly scheme?: Scheme;
}

/** The package servers of the bench, opened when first needed. */
export interface Stand {
  /** Offers a package and gives the URL; until {@link Stand.clear}. */
  serve(name: PackageName, offer?: Offer): Promise<string>;
  /** Counts a package as installed: `packageOk` is the next of its folder from now on. */
  consume(): void;
  clear(): void;
  close(): Promise<void>;
}

const GOOD: Behaviour = { kind: 'good' };

/** The file of `file:path`, or of a bare path. */
function pathOf(reference: string): string {
  return reference.replace(/^file:/, '');
}

/** The files of a reference: itself, or what its folder holds, in the order of names. */
function filesOf(reference: string): string[] {
  const path = pathOf(reference);
  try {
    if (!statSync(path).isDirectory()) return [path];
    return readdirSync(path)
      .sort()
      .map((name) => join(path, name));
  } catch (e) {
    throw new BenchError('package', `package cannot be read: ${messageOf(e)}`, { place: { file: path }, cause: e });
  }
}

/** Opens nothing yet. `host` is the address by which the device reaches the bench. */
export function packageStand(bench: Bench, host: string): Stand {
  const shelf = newShelf();
  const record = packageRecorder(bench.events);
  const servers = new Map<Scheme, Promise<PackageServer>>();
  let used = 0;

  const identity = async (scheme: Exclude<Scheme, 'coap'>): Promise<Identity | undefined> => {
    if (scheme === 'http') return undefined;
    if (scheme === 'foreign') return (await newAuthority('Nobody')).issue(host);
    return benchIdentity(bench, host);
  };
  const open = async (scheme: Scheme): Promise<PackageServer> => {
    const dripMs = bench.timing.real('drip');
    if (scheme === 'coap') return openCoapPackages({ host, port: 0, shelf, record, sink: bench.events, dripMs });
    const shown = await identity(scheme);
    return openHttp({ host, port: 0, shelf, record, dripMs, ...(shown === undefined ? {} : { identity: shown }) });
  };
  const content = (name: PackageName): Buffer => {
    const files = filesOf(bench.ixit.text(name));
    const file = files[Math.min(name === 'packageOk' ? used : 0, files.length - 1)];
    if (file === undefined)
      throw new BenchError('package', `no package in the folder of ${name}`, {
        place: { file: bench.ixit.text(name) },
      });
    return readBytes(file);
  };
  // Secured CoAP needs an onboarded device; a bench build without security fetches by CoAP in clear.
  const preferred = (): Scheme =>
    bench.declared('OCFSWU 6/1') ? 'https' : bench.declared('OCFSWU 6/3') ? 'http' : 'coap';

  return {
    async serve(name, { behaviour = GOOD, scheme = preferred() } = {}) {
      const bytes = content(name);
      const server = servers.get(scheme) ?? open(scheme);
      servers.set(scheme, server);
      const path = shelf.put({ name, behaviour, content: () => bytes });
      return `${(await server).base}${path}`;
    },
    consume: () => {
      used++;
    },
    clear() {
      shelf.clear();
      for (const server of servers.values()) void server.then((s) => s.drop()).catch(() => undefined);
    },
    async close() {
      for (const server of servers.values()) await (await server).close();
    },
  };
}

function readBytes(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (e) {
    throw new BenchError('package', `package cannot be read: ${messageOf(e)}`, { place: { file }, cause: e });
  }
}
