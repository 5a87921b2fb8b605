import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { InputError } from '../core/errors.ts';
import type { Ev } from '../core/events.ts';
import type { AttemptRecord } from '../core/record.ts';

/** Name of the event log in an attempt's evidence folder. */
export const EVENTS_FILE = 'events.jsonl';

/**
 * The events of an attempt, or undefined where its evidence was not kept. A last line that a killed process left unfinished is dropped;
 * any other unreadable line is an InputError with its number.
 */
export function readEvents(runDir: string, attempt: AttemptRecord): readonly Ev[] | undefined {
  const file = join(runDir, 'private', attempt.evidence, EVENTS_FILE);
  if (!existsSync(file)) return undefined;
  const lines = readFileSync(file, 'utf8').split('\n');
  const unfinished = lines.pop();
  const events = lines.map((line, i) => {
    try {
      return JSON.parse(line) as Ev;
    } catch (cause) {
      throw new InputError('events', 'not an event', { place: { file, line: i + 1 }, cause });
    }
  });
  try {
    if (unfinished !== undefined && unfinished !== '') events.push(JSON.parse(unfinished) as Ev);
  } catch {
    return events;
  }
  return events;
}
