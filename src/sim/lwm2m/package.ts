import { createHash, createHmac } from 'node:crypto';
import { RESULT } from '../../lwm2m/codec/swmgmt.ts';

// The package format of the simulated product: one line of JSON (the manifest), a line feed, the payload.
// The manifest is signed with a key that everybody knows: this is a test product.

const SIGNING_KEY = 'plumbline simulated vendor';
const TYPE = 'software';
const MANIFEST_MAX = 1024;
const PAYLOAD_SIZE = 200;
const HUGE = 2 ** 40;

export interface Component {
  readonly identity: string;
  readonly version: string;
}

export interface Manifest {
  /** Only `software` can be installed. */
  readonly type: string;
  readonly name: string;
  readonly version: string;
  /** Octets of payload behind the manifest. */
  readonly size: number;
  /** Of the payload, hex. */
  readonly sha256: string;
  /** Octets that the device needs to store and to unpack it. */
  readonly storage: number;
  readonly ram: number;
  /** What goes wrong with it though it is valid. */
  readonly fails: 'nothing' | 'install' | 'uninstall' | 'activate';
  /** Its check takes a while, so that DOWNLOADED can be seen. */
  readonly slow: boolean;
  readonly components: readonly Component[];
  /** Objects that the software brings while it is installed, one instance each. */
  readonly objects: readonly number[];
}

export const PACKAGE_KINDS = {
  ok: 'installs',
  slowCheck: 'installs; its check takes 10 s',
  badIntegrity: 'one octet of the payload is wrong',
  wrongType: 'of a type that the device does not know',
  tooBig: 'needs more storage than the device has',
  tooBigRam: 'needs more memory than the device has',
  failsAtInstall: 'valid, but installing it fails',
  failsAtUninstall: 'installs, but cannot be removed',
  failsAtActivation: 'installs, but cannot be activated',
} as const;
export type PackageKind = keyof typeof PACKAGE_KINDS;

const FAILS: Partial<Readonly<Record<PackageKind, Manifest['fails']>>> = {
  failsAtInstall: 'install',
  failsAtUninstall: 'uninstall',
  failsAtActivation: 'activate',
};

export interface PackageOrder {
  readonly kind: PackageKind;
  readonly name?: string;
  readonly version?: string;
  /** Octets of payload. */
  readonly size?: number;
  readonly components?: readonly Component[];
  readonly objects?: readonly number[];
}

/** Makes a package; the same order gives the same octets. */
export function makePackage(order: PackageOrder): Buffer {
  const { kind, name = 'app', version = '1.0', size = PAYLOAD_SIZE, components = [], objects = [] } = order;
  const payload = payloadOf(`${name} ${version}`, size);
  const manifest: Manifest = {
    type: kind === 'wrongType' ? 'poem' : TYPE,
    name,
    version,
    size,
    sha256: createHash('sha256').update(payload).digest('hex'),
    storage: kind === 'tooBig' ? HUGE : size,
    ram: kind === 'tooBigRam' ? HUGE : 1024,
    fails: FAILS[kind] ?? 'nothing',
    slow: kind === 'slowCheck',
    components,
    objects,
  };
  const line = `${JSON.stringify({ ...manifest, signature: sign(manifest) })}\n`;
  if (kind === 'badIntegrity' && payload.length > 0) payload.writeUInt8((payload[0] ?? 0) ^ 1);
  return Buffer.concat([Buffer.from(line), payload]);
}

/** What the device finds when it looks into a package: its manifest, or the result that it reports. */
export type Inspected =
  | { readonly ok: true; readonly manifest: Manifest }
  | { readonly ok: false; readonly result: number; readonly manifest?: Manifest };

/** Checks type, room and integrity. */
export function inspect(data: Buffer, room: { readonly storage: number; readonly ram: number }): Inspected {
  const end = data.subarray(0, MANIFEST_MAX).indexOf(0x0a);
  const read = readManifest(data.subarray(0, Math.max(0, end)));
  if (read === undefined) return { ok: false, result: RESULT.UNSUPPORTED_TYPE };
  const { signature, ...manifest } = read;
  const wrong = (result: number): Inspected => ({ ok: false, result, manifest });
  if (manifest.type !== TYPE) return wrong(RESULT.UNSUPPORTED_TYPE);
  if (manifest.storage > room.storage) return wrong(RESULT.NO_STORAGE);
  if (manifest.ram > room.ram) return wrong(RESULT.NO_MEMORY);
  const payload = data.subarray(end + 1);
  const sound = signature === sign(manifest) && manifest.sha256 === createHash('sha256').update(payload).digest('hex');
  return sound ? { ok: true, manifest } : wrong(RESULT.INTEGRITY_FAILED);
}

function readManifest(line: Buffer): (Manifest & { signature: string }) | undefined {
  try {
    const value = JSON.parse(line.toString()) as (Manifest & { signature: string }) | null;
    return typeof value?.type === 'string' && typeof value.signature === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}

function sign(manifest: Manifest): string {
  return createHmac('sha256', SIGNING_KEY).update(JSON.stringify(manifest)).digest('hex');
}

function payloadOf(seed: string, size: number): Buffer {
  const blocks: Buffer[] = [];
  for (let i = 0; i * 32 < size; i++) blocks.push(createHash('sha256').update(`${seed} ${i}`).digest());
  return Buffer.concat(blocks).subarray(0, size);
}
