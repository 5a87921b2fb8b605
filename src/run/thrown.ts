import { BenchError, messageOf, PlumblineError, printError } from '../core/errors.ts';
import type { Reason } from '../core/verdict.ts';

const FRAME = /\(?(?:file:\/\/)?(\/\S+?):(\d+):\d+\)?$/m;

/** The message of an exception that nobody raised on purpose, with the line that threw it. */
export function whereThrown(e: unknown): string {
  if (!(e instanceof Error)) return messageOf(e);
  const [, file = '', line = ''] = FRAME.exec(e.stack ?? '') ?? [];
  const where = file === '' ? '' : ` (${file.replace(/^.*\/(?=(?:src|suites)\/)/, '')}:${line})`;
  return `${e.name === 'Error' ? '' : `${e.name}: `}${e.message}${where}`;
}

/** Why an attempt is an ERROR: what the bench says of itself, or a defect of the tester with its place. */
export function errorReason(e: unknown): Reason {
  if (e instanceof BenchError) return { verdict: 'ERROR', code: e.code, message: printError(e) };
  if (e instanceof PlumblineError) return { verdict: 'ERROR', code: e.code, message: messageOf(e) };
  return { verdict: 'ERROR', code: 'tester-exception', message: whereThrown(e) };
}
