import { readFileSync, statSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { BenchError, messageOf } from '../../core/errors.ts';
import type { Bench } from '../../core/standard.ts';
import type { Behaviour } from '../../link/packages/behaviour.ts';
import { benchIdentity, type Identity, newAuthority } from '../../link/packages/certificate.ts';
import { DriveEnd } from '../../core/case.ts';
import { openCoapPackages } from './coap.ts';
import { installedMemory, tellNothingNewer } from './installed.ts';
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
export type Scheme = 'https' | 'http' | 'coap' | 'coaps' | 'foreign';

/** How a package is offered; without anything a good server by the protocol that the declaration prefers. */
export interface Offer {
  readonly behaviour?: Behaviour;
  /** Default: what the declaration says, HTTPS first. */
  readonly scheme?: Scheme;
}

/** The package servers of the bench, opened when first needed. */
export interface Stand {
  /** By what the device fetches unless a case says otherwise: what it declares, HTTPS first. */
  readonly scheme: Exclude<Scheme, 'foreign'>;
  /** Offers a package and gives the URL; until {@link Stand.clear}. */
  serve(name: PackageName, offer?: Offer): Promise<string>;
  /** Counts the package offered last as installed; `running` is the version that runs now, where it can be read. */
  installed(running: string | undefined): void;
  /** The device was reset: the version that runs now tells nothing about the package offered last. */
  forget(): void;
  /** Without a reset, `packageOk` is the next of its folder from now on. */
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

/** What the stand is told of the device. */
export interface Running {
  /** The version that runs, where the declaration tells how to read it and the device answers. */
  version(): Promise<string | undefined>;
}

/** Opens nothing yet. `host` is the address by which the device reaches the bench. */
export function packageStand(bench: Bench, host: string, running: Running): Stand {
  const shelf = newShelf();
  const record = packageRecorder(bench.events);
  const servers = new Map<Scheme, Promise<PackageServer>>();
  const memory = installedMemory(bench.stateDir);
  let used = 0;
  let offered: { readonly content: Buffer; readonly before: string | undefined } | undefined;
  const ran = new Set<string>();

  const identity = async (scheme: Exclude<Scheme, 'coap'>): Promise<Identity | undefined> => {
    if (scheme === 'http') return undefined;
    if (scheme === 'foreign') return (await newAuthority('Nobody')).issue(host);
    return benchIdentity(bench, host);
  };
  const open = async (scheme: Scheme): Promise<PackageServer> => {
    const dripMs = bench.timing.real('drip');
    const coap = { host, port: 0, shelf, record, sink: bench.events, dripMs };
    if (scheme === 'coap') return openCoapPackages(coap);
    const shown = await identity(scheme);
    if (scheme === 'coaps') return openCoapPackages({ ...coap, ...(shown === undefined ? {} : { identity: shown }) });
    return openHttp({ host, port: 0, shelf, record, dripMs, ...(shown === undefined ? {} : { identity: shown }) });
  };
  const firstOf = (name: PackageName, from = 0): Buffer | undefined => {
    const files = filesOf(bench.ixit.text(name));
    if (files.length === 0)
      throw new BenchError('package', `no package in the folder of ${name}`, {
        place: { file: bench.ixit.text(name) },
      });
    const file = files[from];
    return file === undefined ? undefined : readBytes(file);
  };
  /** The first of the folder that is not installed yet; where all are, the drive ends: a device is right not to install what it runs. */
  const newer = async (): Promise<Buffer> => {
    const before = await running.version();
    // Installed unseen: the run was not watched, or its result is overwritten since.
    if (offered?.before !== undefined && before !== undefined && !ran.has(before))
      memory.learn(offered.content, before);
    if (before !== undefined) ran.add(before);
    const files = filesOf(bench.ixit.text('packageOk'));
    const last = before === undefined ? -1 : files.findLastIndex((f) => memory.versionOf(readBytes(f)) === before);
    const content = firstOf('packageOk', Math.max(used, last + 1));
    if (content === undefined) {
      tellNothingNewer(bench.events, 'packageOk', before);
      throw new DriveEnd('the bench has no newer package');
    }
    offered = { content, before };
    return content;
  };
  const contentFor = async (name: PackageName, behaviour: Behaviour): Promise<Buffer> => {
    // A server that only refuses hands out nothing that could be installed.
    if (name === 'packageOk' && behaviour.kind !== 'status') return newer();
    return firstOf(name) ?? Buffer.alloc(0);
  };
  // A bench build without security fetches by CoAP in clear.
  const coap = (): Stand['scheme'] => (bench.declared('OCFSWU 8/1') ? 'coaps' : 'coap');
  const scheme = bench.declared('OCFSWU 6/1') ? 'https' : bench.declared('OCFSWU 6/3') ? 'http' : coap();

  return {
    scheme,
    async serve(name, { behaviour = GOOD, scheme: by = scheme } = {}) {
      const bytes = await contentFor(name, behaviour);
      const server = servers.get(by) ?? open(by);
      servers.set(by, server);
      const path = shelf.put({ name, behaviour, content: () => bytes });
      return `${(await server).base}${path}`;
    },
    installed(now) {
      // A device that says "success" and runs the same version as before has taught nothing.
      if (offered !== undefined && now !== undefined && now !== offered.before) memory.learn(offered.content, now);
    },
    forget() {
      offered = undefined;
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
