import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { InputError, messageOf } from '../core/errors.ts';
import type { RunRecord } from '../core/record.ts';
import { recordShape } from './record-shape.ts';

/** A run record as it lies in its folder. */
export interface Stored {
  readonly runDir: string;
  readonly run: RunRecord;
  /** SHA-256 of the file as it is. */
  readonly digest: string;
}

/** So many faults of a damaged record are told. */
const SLIPS_SHOWN = 3;

/** The run record of a run folder (or of a run.json named itself). Throws an InputError that names the file. */
export function readRun(dir: string): Stored {
  const isFile = existsSync(dir) && statSync(dir).isFile();
  const file = isFile ? dir : join(dir, 'run.json');
  const bad = (message: string, cause?: unknown): InputError =>
    new InputError('run', message, { place: { file }, cause });
  if (!existsSync(file)) throw bad('no run record here; expected the folder of a run, such as reports/<run>');
  let text: Buffer;
  try {
    text = readFileSync(file);
  } catch (e) {
    throw bad(`the run record cannot be read: ${messageOf(e)}`, e);
  }
  let run: unknown;
  try {
    run = JSON.parse(text.toString('utf8'));
  } catch (e) {
    throw bad(`not a run record: ${messageOf(e)}`, e);
  }
  if (typeof run !== 'object' || run === null || !('schema' in run) || !('cases' in run) || !Array.isArray(run.cases))
    throw bad('not a run record: expected an object with schema and cases');
  if (run.schema !== 1)
    throw bad(`run record of schema ${JSON.stringify(run.schema)}, expected 1; use the Plumbline that wrote it`);
  const slips = recordShape.safeParse(run).error?.issues ?? [];
  if (slips.length > 0) {
    const first = slips.slice(0, SLIPS_SHOWN).map((slip) => `${slip.path.map(String).join('.')}: ${slip.message}`);
    const more = slips.length > first.length ? `; and ${slips.length - first.length} more` : '';
    throw bad(`the run record is damaged: ${first.join('; ')}${more}`);
  }
  const digest = `sha256:${createHash('sha256').update(text).digest('hex')}`;
  return { runDir: isFile ? join(file, '..') : dir, run: run as unknown as RunRecord, digest };
}
