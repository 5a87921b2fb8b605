import type { Goal, Machine } from './machine.ts';
import type { Manifest } from './package.ts';
import type { Ownership } from './security/ownership.ts';

/** Everything of the device that survives a power cut. */
export interface Saved {
  deviceId: string;
  readonly platformId: string;
  /** Firmware that runs. */
  version: string;
  purl: string;
  /** One of the four actions; on a wrong device any text. */
  action: string;
  updatetime: string;
  /** What is to be started, at a protocol time in Unix milliseconds. */
  schedule?: { goal: Goal; at: number };
  machine: Machine;
  nv: string;
  lastupdate: string;
  /** The package that was verified, and the URL that it came from. */
  validated?: Manifest & { readonly purl: string };
  /** True from the first installation on. */
  updated: boolean;
  /** True from the first observation on. */
  observed: boolean;
  /** Read-only properties that a wrong device let a client write. */
  written: Record<string, string | number>;
  /** The first package URL that it was told; only a wrong device goes by it. */
  firstPurl?: string;
  /** On a device with security. */
  ownership?: Ownership;
  n: string;
  id: string;
}
