import { BenchError, messageOf } from '../../core/errors.ts';
import { readIxitReference } from '../../core/reference.ts';
import type { Bench } from '../../core/standard.ts';

/** How long the device's console may take to tell its PIN, real milliseconds. */
const CONSOLE_MS = 10_000;
/** A PIN in a line of a console: the last word of digits and letters that is long enough. */
const PIN_WORD = /[0-9A-Za-z]{4,}/g;

/**
 * The PIN that the device shows, read anew for every transfer, as a device makes a new one each time: the rig entry `otmPin` (a value, `env:NAME` or
 * `file:path`), else the answer of the console to the line `otmPinLine`, else the IXIT `otmPin`, else what the person at the bench types. Throws a BenchError
 * that names the ways where there is none.
 */
export async function pinOf(bench: Bench): Promise<string> {
  if (bench.has('otmPin')) return bench.address('otmPin').trim();
  if (bench.has('otmPinLine')) return pinFromConsole(bench);
  if (bench.ixit.has('otmPin')) return readIxitReference(bench.ixit.text('otmPin'), 'otmPin', 'otm-pin');
  return pinFromPerson(bench);
}

async function pinFromPerson(bench: Bench): Promise<string> {
  const missing = (why: string, cause?: unknown): BenchError =>
    new BenchError(
      'otm-pin',
      `owner transfer by PIN needs the PIN: expected the entry otmPin (env:NAME or file:path), otmPinLine (a line that makes the console print it), or a person who types it: ${why}`,
      { place: { where: 'iut.OCFSWU' }, cause },
    );
  if (bench.askSecret === undefined) throw missing('nobody can be asked');
  const typed = await bench.askSecret('the PIN that the device shows', 'otmPin').catch((e: unknown) => {
    throw missing(messageOf(e), e);
  });
  if (typed === '') throw missing('nothing was typed');
  return typed;
}

async function pinFromConsole(bench: Bench): Promise<string> {
  const place = { where: 'iut.OCFSWU.otmPinLine' };
  if (bench.console === undefined)
    throw new BenchError('otm-pin', 'the PIN shall come from the console, and this rig has none', { place });
  const line = bench.address('otmPinLine');
  const answer = await bench.console.ask(line, CONSOLE_MS);
  const pin = answer.match(PIN_WORD)?.at(-1);
  if (pin !== undefined) return pin;
  throw new BenchError('otm-pin', `expected a PIN in the console's answer to "${line}", observed "${answer}"`, {
    place,
  });
}
