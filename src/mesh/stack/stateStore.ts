import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import { BenchError, messageOf } from '../../core/errors.ts';

const stored = z.object({
  version: z.literal(1),
  ivIndex: z.int().min(0).max(0xffffffff),
  updating: z.boolean(),
  /** Every sequence number below this one may have been used. */
  reserved: z.int().min(0).max(0x1000000),
});

/** What must outlive the process: a node drops PDUs whose sequence numbers it has seen. */
export type StoredState = z.infer<typeof stored>;

/** Where it is kept. Both calls are synchronous: a sequence number may be used only once its reservation is on disk. */
export interface StateStore {
  /** The last state written; undefined where none was. Throws BenchError where it cannot be read. */
  read(): StoredState | undefined;
  /** Replaces the state as a whole or not at all. Throws BenchError. */
  write(state: StoredState): void;
}

/** File operations of the store, so that a test can stand in for a full disk. */
export interface StoreFiles {
  read(path: string): string | undefined;
  /** Writes and syncs a new file. */
  create(path: string, text: string): void;
  rename(from: string, to: string): void;
}

/** A store in one JSON file, written beside it and renamed. */
export function fileStore(path: string, files: StoreFiles = diskFiles): StateStore {
  return {
    read() {
      let text: string | undefined;
      try {
        text = files.read(path);
      } catch (error) {
        throw failure(path, 'cannot be read', error);
      }
      if (text === undefined) return undefined;
      try {
        return stored.parse(JSON.parse(text));
      } catch (error) {
        const advice =
          'delete it only together with the network that it belongs to, or its nodes will drop our messages';
        throw failure(path, `is damaged (${advice})`, error);
      }
    },
    write(state) {
      try {
        files.create(`${path}.new`, `${JSON.stringify(state)}\n`);
        files.rename(`${path}.new`, path);
      } catch (error) {
        const full = error instanceof Error && 'code' in error && error.code === 'ENOSPC';
        throw failure(path, full ? 'cannot be written: the disk is full' : 'cannot be written', error);
      }
    },
  };
}

/** A store that lasts as long as the process. */
export function memoryStore(): StateStore {
  let kept: StoredState | undefined;
  return {
    read: () => kept,
    write(state) {
      kept = state;
    },
  };
}

function failure(path: string, what: string, cause: unknown): BenchError {
  const message = `mesh state (sequence numbers and IV index) ${what}: ${messageOf(cause)}`;
  return new BenchError('mesh-state', message, { place: { file: path }, cause });
}

const diskFiles: StoreFiles = {
  read(path) {
    try {
      return readFileSync(path, 'utf8');
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
      throw error;
    }
  },
  create(path, text) {
    mkdirSync(dirname(path), { recursive: true });
    const file = openSync(path, 'w');
    try {
      writeSync(file, text);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
  },
  rename: (from, to) => renameSync(from, to),
};
