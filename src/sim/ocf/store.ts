import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { InputError, messageOf } from '../../core/errors.ts';
import type { Goal, Machine } from './machine.ts';
import type { Manifest } from './package.ts';

/** Everything of the device that survives a power cut. */
export interface Saved {
  readonly deviceId: string;
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
  n: string;
  id: string;
}

/** Non-volatile memory of a device. */
export interface Store {
  /** What was saved last, undefined on a new device. */
  load(): Saved | undefined;
  save(saved: Saved): void;
}

const FILE = 'state.json';

/**
 * Keeps the state in a folder, which is created. Written to a second file and renamed, so that a kill at any moment leaves the old or the
 * new state. `load` throws an InputError where the file is not what `save` writes.
 */
export function folderStore(folder: string): Store {
  const file = join(folder, FILE);
  mkdirSync(folder, { recursive: true });
  return {
    load() {
      let content: string;
      try {
        content = readFileSync(file, 'utf8');
      } catch {
        return undefined;
      }
      try {
        return JSON.parse(content) as Saved;
      } catch (e) {
        throw new InputError('sim-state', `not a saved state: ${messageOf(e)}`, { place: { file }, cause: e });
      }
    },
    save(saved) {
      const fresh = `${file}.new`;
      writeFileSync(fresh, JSON.stringify(saved));
      renameSync(fresh, file);
    },
  };
}

/** Keeps the state in memory; a second device on the same store is the same device after a power cycle. */
export function memoryStore(): Store {
  let kept: string | undefined;
  return {
    load: () => (kept === undefined ? undefined : (JSON.parse(kept) as Saved)),
    save: (saved) => {
      kept = JSON.stringify(saved);
    },
  };
}
