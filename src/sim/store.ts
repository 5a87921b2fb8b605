import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { InputError, messageOf } from '../core/errors.ts';

/** Non-volatile memory of a simulated device. */
export interface Store<T> {
  /** What was saved last, undefined on a new device. */
  load(): T | undefined;
  save(saved: T): void;
}

const FILE = 'state.json';

/**
 * Keeps the state in a folder, which is created. Written to a second file and renamed, so that a kill at any moment leaves the old or the
 * new state. `load` throws an InputError where the file is not what `save` writes.
 */
export function folderStore<T>(folder: string): Store<T> {
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
        return JSON.parse(content) as T;
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
export function memoryStore<T>(): Store<T> {
  let kept: string | undefined;
  return {
    load: () => (kept === undefined ? undefined : (JSON.parse(kept) as T)),
    save: (saved) => {
      kept = JSON.stringify(saved);
    },
  };
}
