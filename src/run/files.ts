import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { BenchError, messageOf } from '../core/errors.ts';
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
    throw new BenchError('run-folder', `cannot be made: ${messageOf(e)}`, {
      place: { file: join(out, name) },
      cause: e,
    });
  }
  return name;
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
