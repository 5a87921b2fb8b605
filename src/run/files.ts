import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { BenchError, InputError, messageOf } from '../core/errors.ts';
import type { RunRecord } from '../core/record.ts';

/** Name of the run record in the folder of its run. */
export const RECORD = 'run.json';

/** Makes `reports/<run>/` and its `private/`; a name that is taken gets a number. Returns the run's name. */
export function makeRunFolder(out: string, wanted: string): string {
  let name = wanted;
  for (let n = 2; existsSync(join(out, name)); n++) name = `${wanted}-${n}`;
  try {
    mkdirSync(join(out, name, 'private'), { recursive: true, mode: 0o755 });
  } catch (e) {
    throw new InputError('run-folder', `cannot be made: ${messageOf(e)}`, {
      place: { file: join(out, name) },
      cause: e,
    });
  }
  return name;
}

/** What a case adds to the record and its page: 3 kB in a run of OCF, several times that where it fails in many words. */
const ROOM_PER_CASE = 16 * 1024;
/** What a run takes besides its cases: the filled-in proforma, the texts of the statements. */
const ROOM_PER_RUN = 256 * 1024;

/**
 * Takes hold of as much of the disk as the settled record and its page need, before the first case: evidence may fill the disk, the verdicts must still
 * have a place. Returns what gives it back. Throws a BenchError where there is not even that much.
 */
export function holdRoom(dir: string, cases: number): () => void {
  const file = join(dir, 'private', 'room');
  const octets = ROOM_PER_RUN + ROOM_PER_CASE * cases;
  try {
    writeFileSync(file, Buffer.alloc(octets), { flush: true });
  } catch (e) {
    rmSync(file, { force: true });
    const message = `no room for the record of ${cases} cases (${Math.ceil(octets / 1024)} KiB): ${messageOf(e)}`;
    throw new BenchError('disk', message, { place: { file: dir }, cause: e });
  }
  return () => rmSync(file, { force: true });
}

/** Writes the record beside its place, waits until the disk has it, and renames it into place: readers see the old or the new, whole. */
export function writeRecord(dir: string, record: RunRecord): void {
  const file = join(dir, RECORD);
  const next = `${file}.new`;
  try {
    const fd = openSync(next, 'w');
    try {
      const octets = Buffer.from(`${JSON.stringify(record, null, 2)}\n`);
      // A write may take a part only; a record that ends in the middle would be no record.
      for (let done = 0; done < octets.length; ) done += writeSync(fd, octets, done);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(next, file);
  } catch (e) {
    throw new BenchError('run-record', `cannot be written: ${messageOf(e)}`, { place: { file }, cause: e });
  }
}
