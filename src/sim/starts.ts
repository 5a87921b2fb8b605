import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { InputError, messageOf } from '../core/errors.ts';

/** Far more than a device adds to its seed for its several sockets. */
const STEP = 100_003;

/**
 * The seed of the impairments of this start: another one after every restart on the same state, for a device must not lose the very same datagrams after each
 * power cycle, as one does that falls silent. The first start has the seed itself; all of them repeat with it.
 * Throws an InputError where the folder cannot be written.
 */
export function linkSeed(state: string, seed: number): number {
  const file = join(state, 'starts');
  try {
    mkdirSync(state, { recursive: true });
    const before = startsIn(file);
    writeFileSync(file, String(before + 1));
    return seed + before * STEP;
  } catch (e) {
    throw new InputError('sim-state', `cannot be written: ${messageOf(e)}`, { place: { file }, cause: e });
  }
}

/** None where the file is not there, or was cut off by a kill. */
function startsIn(file: string): number {
  try {
    return Number.parseInt(readFileSync(file, 'utf8'), 10) || 0;
  } catch {
    return 0;
  }
}
