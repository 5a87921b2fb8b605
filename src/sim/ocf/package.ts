import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

// The package format of the simulated product: one line of JSON (the manifest), a line feed, the payload.
// The manifest is signed with a key that everybody knows: this is a test product.

const VENDOR = 'Plumbline';
const SIGNING_KEY = 'plumbline simulated vendor';

/** The manifest and its line feed fit in this many octets, so that a check needs to fetch no more than these. */
export const MANIFEST_MAX = 1024;

export interface Manifest {
  readonly vendor: string;
  /** Numbers with dots: `2.0.0`. */
  readonly version: string;
  /** Octets of payload behind the manifest. */
  readonly size: number;
  /** Of the payload, hex. */
  readonly sha256: string;
  /** Octets that the device needs to unpack and to store it. */
  readonly ram: number;
  readonly flash: number;
  /** The device cannot install it though it is valid. */
  readonly failsAtInstall: boolean;
  /** HMAC-SHA256 of the manifest without this field, hex. */
  readonly signature: string;
}

const MANIFEST: Readonly<Record<keyof Manifest, 'string' | 'number' | 'boolean'>> = {
  vendor: 'string',
  version: 'string',
  size: 'number',
  sha256: 'string',
  ram: 'number',
  flash: 'number',
  failsAtInstall: 'boolean',
  signature: 'string',
};

export const PACKAGE_KINDS = {
  ok: 'installs',
  old: 'valid, of a version below the one that the device runs',
  badSignature: 'signature of somebody else',
  truncated: 'ends in the middle of its payload',
  tooBigRam: 'needs more RAM than the device has',
  tooBigFlash: 'needs more flash than the device has',
  failsAtInstall: 'valid, but installing it fails',
} as const;

export type PackageKind = keyof typeof PACKAGE_KINDS;

/** Versions that packages get unless told; the simulated device leaves its factory with {@link FACTORY_VERSION}. */
export const FACTORY_VERSION = '1.0.0';
const NEWER_VERSION = '2.0.0';
const OLDER_VERSION = '0.9.0';
const PAYLOAD_SIZE = 8192;
const HUGE = 2 ** 40;

export interface PackageOrder {
  readonly kind: PackageKind;
  readonly version?: string;
  /** Octets of payload. */
  readonly size?: number;
}

/** Makes a package; the same order gives the same octets. */
export function makePackage({ kind, version, size = PAYLOAD_SIZE }: PackageOrder): Buffer {
  const wanted = version ?? (kind === 'old' ? OLDER_VERSION : NEWER_VERSION);
  const payload = payloadOf(wanted, size);
  const unsigned: Omit<Manifest, 'signature'> = {
    vendor: VENDOR,
    version: wanted,
    size,
    sha256: sha256(payload),
    ram: kind === 'tooBigRam' ? HUGE : 1024,
    flash: kind === 'tooBigFlash' ? HUGE : size,
    failsAtInstall: kind === 'failsAtInstall',
  };
  const signature = sign(unsigned, kind === 'badSignature' ? 'somebody else' : SIGNING_KEY);
  const line = `${JSON.stringify({ ...unsigned, signature })}\n`;
  return Buffer.concat([Buffer.from(line), kind === 'truncated' ? payload.subarray(0, size >> 1) : payload]);
}

/** The manifest at the head of (the beginning of) a package, undefined where there is none. Says nothing of its signature. */
export function manifestOf(data: Buffer): Manifest | undefined {
  const end = data.subarray(0, MANIFEST_MAX).indexOf(0x0a);
  if (end < 0) return undefined;
  try {
    const value = JSON.parse(data.subarray(0, end).toString()) as Record<string, unknown> | null;
    return Object.entries(MANIFEST).every(([name, type]) => typeof value?.[name] === type)
      ? (value as unknown as Manifest)
      : undefined;
  } catch {
    return undefined;
  }
}

/** True where vendor, signature, length and digest are right. */
export function isValidPackage(data: Buffer): boolean {
  const manifest = manifestOf(data);
  if (manifest === undefined || manifest.vendor !== VENDOR) return false;
  const { signature, ...unsigned } = manifest;
  const expected = Buffer.from(sign(unsigned, SIGNING_KEY));
  const found = Buffer.from(signature);
  const payload = data.subarray(data.indexOf(0x0a) + 1);
  const signed = found.length === expected.length && timingSafeEqual(found, expected);
  return signed && payload.length === manifest.size && sha256(payload) === manifest.sha256;
}

/** Compares versions number by number: negative where `a` is the older one. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((text) => text.split('.').map(Number)) as [number[], number[]];
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function sign(unsigned: Omit<Manifest, 'signature'>, key: string): string {
  return createHmac('sha256', key).update(JSON.stringify(unsigned)).digest('hex');
}

function sha256(data: Buffer): string {
  return createHash('sha256').update(data).digest('hex');
}

function payloadOf(version: string, size: number): Buffer {
  const blocks: Buffer[] = [];
  for (let i = 0; i * 32 < size; i++) blocks.push(createHash('sha256').update(`${version} ${i}`).digest());
  return Buffer.concat(blocks).subarray(0, size);
}
