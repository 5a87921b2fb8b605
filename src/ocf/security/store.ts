import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { BenchError, messageOf } from '../../core/errors.ts';

const KEY = /^[0-9a-f]{32}$/;
const storeSchema = z.strictObject({
  /** Id of this bench as owner. */
  tester: z.uuid(),
  /** Owner key (hex) of every device that this bench owns, by device id. */
  owned: z.record(z.string(), z.string().regex(KEY)),
});

/** File of the owner's credentials in the rig's state folder, readable by the user alone. */
export const OWNER_FILE = 'owner.json';

/** What a rig knows of the devices that it owns. It survives runs; without it the devices are locked. */
export interface OwnerStore {
  readonly file: string;
  /** Id of the tester as owner. */
  readonly tester: string;
  keyOf(device: string): Buffer | undefined;
  /** Kept on disk before it returns. */
  keep(device: string, key: Buffer): void;
}

/** Opens the store, made at first use. Throws a BenchError that names the file where it cannot be read or written. */
export function openStore(stateDir: string): OwnerStore {
  const file = join(stateDir, OWNER_FILE);
  const data = readOrNew(file);
  return {
    file,
    tester: data.tester,
    keyOf(device) {
      const key = data.owned[device.toLowerCase()];
      return key === undefined ? undefined : Buffer.from(key, 'hex');
    },
    keep(device, key) {
      data.owned[device.toLowerCase()] = key.toString('hex');
      write(file, data);
    },
  };
}

type StoreData = z.infer<typeof storeSchema>;

function readOrNew(file: string): StoreData {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (e) {
    if (!(e instanceof Error && 'code' in e && e.code === 'ENOENT')) throw broken(file, messageOf(e), e);
    return { tester: randomUUID(), owned: {} };
  }
  try {
    return storeSchema.parse(JSON.parse(text));
  } catch {
    // What it says of the content is not repeated: keys stand in it.
    throw broken(file, 'it is no store of owner credentials', undefined);
  }
}

function broken(file: string, why: string, cause: unknown): BenchError {
  return new BenchError('owner-store', `the owner's credentials cannot be used: ${why}`, { place: { file }, cause });
}

/** Renamed into place, so that a full disk or a crash leaves the former one. */
function write(file: string, data: StoreData): void {
  try {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(`${file}.new`, `${JSON.stringify(data, null, 2)}\n`, { mode: 0o600 });
    renameSync(`${file}.new`, file);
  } catch (e) {
    throw broken(file, messageOf(e), e);
  }
}
