import { closeSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { BenchError, messageOf } from '../core/errors.ts';
import { type Ev, type EventSink, hexOf, type NewEvent } from '../core/events.ts';

/** A file that lines are appended to; every call reaches the operating system before it returns. */
export interface LineFile {
  write(line: string): void;
  close(): void;
}

/** Tests hand in files that fail. */
export type OpenLines = (path: string) => LineFile;

/** Opens a file for appending; its folder is made. */
export function openLines(path: string): LineFile {
  mkdirSync(dirname(path), { recursive: true });
  const fd = openSync(path, 'a');
  return {
    write(line) {
      const octets = Buffer.from(line);
      // A disk that fills up can take a part of a line without an error.
      for (let done = 0; done < octets.length; ) done += writeSync(fd, octets, done);
    },
    close: () => closeSync(fd),
  };
}

/** An event log that is being written. */
export interface LiveLog {
  readonly path: string;
  readonly events: readonly Ev[];
  /** The first failure to write; the log on disk is not complete then. */
  readonly fault: BenchError | undefined;
  /** Calls the listener after each event is stored; returns the call that stops it. */
  onEvent(listener: (event: Ev) => void): () => void;
}

/** The event sink of a whole run: what comes in during an attempt goes to the attempt's log, the rest to the log of the bench. */
export interface Recorder extends EventSink {
  /** Opens the log of an attempt; what cannot be written is its fault, never an exception. */
  begin(path: string): LiveLog;
  /** Closes the attempt's log. */
  end(): void;
  close(): void;
}

/** A log that can be written and closed. */
interface OpenLog extends LiveLog {
  append(event: NewEvent): Ev;
  close(): void;
}

function diskFault(path: string, e: unknown): BenchError {
  return new BenchError('event-log', `the event log cannot be written: ${messageOf(e)}`, {
    place: { file: path },
    cause: e,
  });
}

/** @param next the number of the next event */
function openLog(path: string, now: () => number, open: OpenLines, next: () => number): OpenLog {
  const events: Ev[] = [];
  const listeners = new Set<(event: Ev) => void>();
  let file: LineFile | undefined;
  let fault: BenchError | undefined;
  const guard = (step: () => void): void => {
    try {
      step();
    } catch (e) {
      fault ??= diskFault(path, e);
    }
  };
  guard(() => {
    file = open(path);
  });
  return {
    path,
    events,
    get fault() {
      return fault;
    },
    onEvent(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    append(event) {
      const { raw, ...rest } = event;
      // To a microsecond: more digits would only make the log longer.
      const ms = Math.round(now() * 1000) / 1000;
      const stored: Ev = { n: next(), ms, ...rest, ...(raw === undefined ? {} : { raw: hexOf(raw) }) };
      events.push(stored);
      // After a lost line nothing more is written: a log with a hole must not look whole.
      if (fault === undefined) guard(() => file?.write(`${JSON.stringify(stored)}\n`));
      for (const listener of listeners) listener(stored);
      return stored;
    },
    close: () => guard(() => file?.close()),
  };
}

/**
 * @param between file for what happens outside of every attempt (probes, power cycles)
 * @param now the bench clock, real milliseconds since the epoch of the run
 */
export function recorder(between: string, now: () => number, open: OpenLines = openLines): Recorder {
  // Through the whole run: what answers a request of an earlier attempt must not be taken for the answer to one of this.
  let numbers = 0;
  const next = (): number => numbers++;
  const bench = openLog(between, now, open, next);
  let attempt: OpenLog | undefined;
  return {
    append: (event) => (attempt ?? bench).append(event),
    begin(path) {
      attempt = openLog(path, now, open, next);
      return attempt;
    },
    end() {
      attempt?.close();
      attempt = undefined;
    },
    close: () => bench.close(),
  };
}

/** Reads an event log back; a line that is no event is a BenchError with its place. */
export function readEvents(path: string): Ev[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (e) {
    throw new BenchError('event-log', `the event log cannot be read: ${messageOf(e)}`, { place: { file: path } });
  }
  const lines = text.split('\n');
  const torn = lines.pop();
  if (torn !== '' && torn !== undefined) lines.push(torn);
  let first: number | undefined;
  return lines.map((line, i) => {
    try {
      const event = JSON.parse(line) as Ev;
      first ??= event.n;
      if (event.n !== first + i) throw new Error(`expected event ${first + i}, found ${event.n}`);
      return event;
    } catch (e) {
      throw new BenchError('event-log', `not an event: ${messageOf(e)}`, { place: { file: path, line: i + 1 } });
    }
  });
}
