import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BenchError, InputError, messageOf } from '../core/errors.ts';

/** Who has the rig. */
export interface Holder {
  readonly id: string;
  readonly pid: number;
  readonly host: string;
  /** Name of the run, shown to whoever finds the rig taken. */
  readonly run: string;
  /** ISO time. */
  readonly since: string;
  readonly released: boolean;
}

/** Real milliseconds; a crashed holder is out after `expiryMs` without a beat, well under a minute. */
export interface LeaseTimes {
  readonly beatMs: number;
  readonly expiryMs: number;
}

/** Several beats must fit into the expiry, or a busy computer would lose its own rig. */
const TIMES: LeaseTimes = { beatMs: 5_000, expiryMs: 20_000 };

/** Between two looks at a rig that is in use; real milliseconds. */
const POLL_MS = 250;

/** Who asks for the rig, and how long it may take. */
export interface LeaseOptions {
  readonly run: string;
  /** How long to wait for the holder, real milliseconds; 0 gives up at once. */
  readonly waitMs?: number;
  readonly times?: LeaseTimes;
  /** Told once, when waiting begins. */
  waiting?(holder: Holder): void;
  /** Told once, when somebody else has the rig although we never let go. */
  lost?(why: BenchError): void;
}

/** The right to use the rig, until it is released or lost. */
export interface Lease {
  readonly holder: Holder;
  /** Lets go; the next run need not wait for the expiry. */
  release(): void;
}

const FILE = /^lease-(\d+)\.json$/;

/**
 * A rig is used by one run at a time. The lease is a numbered file in the rig's state folder; the highest number counts. Taking over means to create the
 * next number, which the file system grants to one process only; so two runs that both find a dead holder cannot both win.
 */
export async function acquireLease(dir: string, options: LeaseOptions): Promise<Lease> {
  const times = options.times ?? TIMES;
  const until = performance.now() + (options.waitMs ?? 0);
  let told = false;
  makeStateFolder(dir);
  for (;;) {
    const top = latest(dir);
    const holder = top === 0 ? undefined : read(dir, top);
    if (top === 0 || holder?.released === true || stale(dir, top, times.expiryMs)) {
      const lease = take(dir, top + 1, options, times);
      if (lease !== undefined) return lease;
      continue;
    }
    if (performance.now() >= until) throw held(dir, top, holder, times);
    if (!told && holder !== undefined) options.waiting?.(holder);
    told = true;
    await sleep(POLL_MS);
  }
}

/** The folder that is kept of the rig; where it is, the user says. */
function makeStateFolder(dir: string): void {
  try {
    mkdirSync(dir, { recursive: true });
  } catch (e) {
    const message = `the folder that is kept of the rig cannot be made: ${messageOf(e)}`;
    throw new InputError('state-folder', message, { place: { file: dir }, cause: e });
  }
}

/** The file of one number. */
function path(dir: string, n: number): string {
  return join(dir, `lease-${n}.json`);
}

/** The highest number; 0 where there is none, or no folder any more. */
function latest(dir: string): number {
  if (!existsSync(dir)) return 0;
  return Math.max(0, ...readdirSync(dir).map((name) => Number(FILE.exec(name)?.[1] ?? 0)));
}

/** The holder in a lease file; undefined while it is being written, or when it is gone or damaged. */
function read(dir: string, n: number): Holder | undefined {
  try {
    return JSON.parse(readFileSync(path(dir, n), 'utf8')) as Holder;
  } catch {
    return undefined;
  }
}

/** Milliseconds since the last beat, which is the time of change of the file; huge where it is gone. */
function ageMs(dir: string, n: number): number {
  return Date.now() - (statSync(path(dir, n), { throwIfNoEntry: false })?.mtimeMs ?? 0);
}

/** Whether the holder has missed so many beats that it counts as dead. */
function stale(dir: string, n: number, expiryMs: number): boolean {
  return ageMs(dir, n) > expiryMs;
}

/** The error for a rig that is in use: who has it, and when it will be free at the latest. */
function held(dir: string, n: number, holder: Holder | undefined, times: LeaseTimes): BenchError {
  const who =
    holder === undefined
      ? 'another process'
      : `run ${holder.run} (process ${holder.pid} on ${holder.host}, since ${holder.since})`;
  const beat = Math.round(ageMs(dir, n) / 1000);
  return new BenchError(
    'rig-busy',
    `the rig is in use by ${who}; its last heartbeat was ${beat} s ago and it counts as dead after ${times.expiryMs / 1000} s. Wait for it with --wait SECONDS`,
    { place: { where: path(dir, n) } },
  );
}

/** Creates the next number; undefined where another process was faster. */
function take(dir: string, n: number, options: LeaseOptions, times: LeaseTimes): Lease | undefined {
  const holder: Holder = {
    id: randomUUID(),
    pid: process.pid,
    host: hostname(),
    run: options.run,
    since: new Date().toISOString(),
    released: false,
  };
  try {
    writeFileSync(path(dir, n), JSON.stringify(holder), { flag: 'wx' });
  } catch (e) {
    if ((e as NodeJS.ErrnoException).code === 'EEXIST') return undefined;
    throw new BenchError('lease', `the lease cannot be written: ${messageOf(e)}`, { place: { where: dir }, cause: e });
  }
  // A process that was stopped between looking and creating may have made a number that was long used up.
  if (latest(dir) !== n) {
    rmSync(path(dir, n), { force: true });
    return undefined;
  }
  for (let old = n - 1; old > 0 && statSync(path(dir, old), { throwIfNoEntry: false }); old--) rmSync(path(dir, old));
  return keep(dir, n, holder, options, times);
}

/** Beats until the lease is released or found in other hands. */
function keep(dir: string, n: number, holder: Holder, options: LeaseOptions, times: LeaseTimes): Lease {
  const ours = (): boolean => latest(dir) === n && read(dir, n)?.id === holder.id;
  const timer = setInterval(() => {
    if (ours()) {
      const now = new Date();
      utimesSync(path(dir, n), now, now);
      return;
    }
    clearInterval(timer);
    const other = read(dir, latest(dir));
    const by =
      other === undefined ? 'its file is gone' : `run ${other.run} (process ${other.pid} on ${other.host}) has it`;
    options.lost?.(
      new BenchError('lease-lost', `the lease of the rig was lost: ${by}`, { place: { where: path(dir, n) } }),
    );
  }, times.beatMs);
  timer.unref();
  return {
    holder,
    release() {
      clearInterval(timer);
      if (ours()) writeFileSync(path(dir, n), JSON.stringify({ ...holder, released: true }));
    },
  };
}
