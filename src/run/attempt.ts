import { writeFileSync } from 'node:fs';
import type { IntervalHistogram } from 'node:perf_hooks';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type CaseMeta, DriveEnd } from '../core/case.ts';
import type { BenchClock } from '../core/clock.ts';
import { BenchError, messageOf, printError, TesterError } from '../core/errors.ts';
import type { Judgement } from '../core/judge.ts';
import { logOf } from '../core/log.ts';
import type { AttemptRecord } from '../core/record.ts';
import type { OpenStandard, Registered } from '../core/registered.ts';
import { type Reason, settle } from '../core/verdict.ts';
import { capture } from '../link/pcapng.ts';
import { driveOn } from './drive.ts';
import { type LiveLog, readEvents, type Recorder } from './recorder.ts';
import { faultOf, type Session, type Setting } from './session.ts';
import { errorReason } from './thrown.ts';
import { longestAttemptMs, watchdog } from './watchdog.ts';

/** How long a device may take to be settled after the run was told to stop; library time. */
const SETTLE_MS = 5_000;
/** Between two looks at a device that may be restarting; real milliseconds. */
const LOOK_AGAIN_MS = 200;

/** What every attempt in a run works with. */
export interface AttemptContext {
  readonly registered: Registered;
  readonly setting: Setting;
  readonly session: Session;
  readonly recorder: Recorder;
  readonly clock: BenchClock;
  /** Folder of the raw evidence. */
  readonly privateDir: string;
  /** Delays of the event loop since the last reset, nanoseconds. */
  readonly loop: Pick<IntervalHistogram, 'max' | 'reset'>;
  /** Aborted when the run is told to settle. */
  readonly stop: AbortSignal;
  /** What an attempt may take beside the timers of its standard, real milliseconds. */
  readonly attemptBaseMs: number;
  /** How long the device may take to restart, real milliseconds. */
  readonly bootMs: number;
  /** Defects of the tester that surfaced outside of every promise that we wait for. */
  defects(): readonly string[];
  /** Evidence that could not be kept although the verdict stands. */
  lost(fault: BenchError): void;
}

/** What is to be attempted. */
export interface Trial {
  readonly meta: CaseMeta;
  readonly variant: string | undefined;
  /** Folder of the evidence below `private/`. */
  readonly folder: string;
}

/** The device stopped answering: after how long the bench gave up, and the first thing that was said to it in vain. */
export interface Silent {
  readonly fault: BenchError;
  readonly afterMs: number;
  readonly at: number | undefined;
}

/** What one attempt came to, and what the run must know to go on. */
export interface AttemptOutcome {
  readonly record: AttemptRecord;
  /** The device answered before the case and not after it. */
  readonly silent?: Silent;
  /** The rig was at fault before the case began. */
  readonly unready?: BenchError;
  /** Something of this attempt still runs and cannot be ended. */
  readonly stuck?: true;
  /** The run was told to settle before this attempt was over. */
  readonly stopped?: true;
}

/** The part of an attempt that talks: what it met with on the way, in order. */
interface Talk {
  readonly reasons: Reason[];
  silent?: Silent;
  unready?: BenchError;
}

/** Everything between the two proofs of life. What goes wrong is gathered, not thrown: the log up to there is evidence all the same. */
async function talk(
  c: AttemptContext,
  trial: Trial,
  live: LiveLog,
  cut: AbortSignal,
  granted: (ms: number) => void,
): Promise<Talk> {
  const met: Talk = { reasons: [] };
  const step = async (part: () => Promise<void>): Promise<'done' | 'ended' | 'failed'> => {
    try {
      await part();
      return 'done';
    } catch (e) {
      if (e instanceof DriveEnd) return 'ended';
      met.reasons.push(errorReason(e));
      return 'failed';
    }
  };
  const alive = async (standard: OpenStandard): Promise<void> => {
    const say = (data: { ok: boolean; message?: string }): void =>
      void c.recorder.append({ channel: 'run', type: 'alive', data });
    try {
      await standard.alive();
      say({ ok: true });
    } catch (e) {
      say({ ok: false, message: printError(e) });
      throw e;
    }
  };

  let standard: OpenStandard;
  try {
    standard = await c.session.ready(c.registered);
    await alive(standard);
  } catch (e) {
    met.reasons.push(errorReason(e));
    met.unready = faultOf(e);
    return met;
  }
  const { timing, ixit } = c.setting;
  const drive = driveOn({ sink: c.recorder, live, timing, ixit, signal: cut, granted });
  const { id, start } = trial.meta;
  const arranged = await step(() => standard.arrange(start));
  if (arranged === 'ended')
    met.reasons.push({ verdict: 'INCONC', message: `the device could not be brought to "${start}"` });
  if (arranged === 'done') await step(() => standard.drive(id, drive, trial.variant));
  await step(() => standard.settle());
  // The last octet before the closing proof, from which a silence is counted.
  const heard = live.events.findLast((e) => e.dir === 'in' && e.channel !== 'console');
  const inVain = live.events.find((e) => e.dir === 'out' && e.channel !== 'console' && e.n > (heard?.n ?? -1));
  try {
    await aliveWithin(() => alive(standard), c.bootMs, cut);
  } catch (e) {
    const afterMs = Math.round(c.clock.now() - (heard?.ms ?? c.clock.now()));
    met.silent = { fault: faultOf(e), afterMs, at: inVain?.n };
  }
  c.recorder.append({ channel: 'run', type: 'loop', data: { maxMs: c.loop.max / 1e6 } });
  return met;
}

/** A device that restarts by itself, as after an update, is not silent before its time to boot is over. */
async function aliveWithin(alive: () => Promise<void>, bootMs: number, cut: AbortSignal): Promise<void> {
  const until = performance.now() + bootMs;
  for (;;) {
    try {
      await alive();
      return;
    } catch (e) {
      if (performance.now() >= until || cut.aborted) throw e;
    }
    await sleep(LOOK_AGAIN_MS);
  }
}

/** What the judge says of the log on disk, which is all that a later look at a stored run will have. */
function judged(c: AttemptContext, trial: Trial, path: string): Judgement {
  const { setting } = c;
  return c.registered.judge(trial.meta.id, {
    log: logOf(readEvents(path), setting.timing.factors.protocol),
    ixit: setting.ixit,
    policies: setting.policies,
    timing: setting.timing,
    declared: (item) => setting.declared(item),
    ...(trial.variant === undefined ? {} : { variant: trial.variant }),
  });
}

/** Resolves some time after the run was told to stop: long enough to settle a device that answers. */
function graceAfter(stop: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    const begin = (): void => void setTimeout(() => resolve(undefined), SETTLE_MS).unref();
    if (stop.aborted) begin();
    else stop.addEventListener('abort', begin, { once: true });
  });
}

/** The capture is made from the log; where it cannot be written the verdict stands and the run is told. */
function keepCapture(c: AttemptContext, live: LiveLog, dir: string): void {
  if (!live.events.some((e) => e.type === 'datagram')) return;
  const file = join(dir, 'capture.pcapng');
  try {
    writeFileSync(file, capture(live.events, c.clock.epochMs));
  } catch (e) {
    c.lost(new BenchError('capture', `cannot be written: ${messageOf(e)}`, { place: { file }, cause: e }));
  }
}

/** The judgement, and what stands against it: ERROR wins over all, for nothing is proven where bench or tester were at fault. */
function conclude(
  c: AttemptContext,
  trial: Trial,
  live: LiveLog,
  met: Talk,
  defects: readonly string[],
): Pick<AttemptRecord, 'verdict' | 'reason' | 'reasons' | 'notes' | 'statements'> {
  const against = [...met.reasons];
  if (met.silent !== undefined) {
    const { fault, afterMs, at } = met.silent;
    const message = `the device fell silent: no answer ${afterMs} ms after the last octet from it (${printError(fault)})`;
    against.unshift({ verdict: 'ERROR', code: fault.code, message, ...(at === undefined ? {} : { at }) });
  }
  if (live.fault !== undefined) against.push(errorReason(live.fault));
  for (const message of defects)
    against.push({ verdict: 'ERROR', code: 'unhandled', message: `outside of every awaited promise: ${message}` });
  let judgement: Judgement | undefined;
  try {
    if (met.unready === undefined && live.fault === undefined) judgement = judged(c, trial, live.path);
  } catch (e) {
    against.push(errorReason(e));
  }
  const reasons = [...against, ...(judgement?.reasons ?? [])];
  const { verdict, reason } = settle(reasons);
  const statements = verdict === 'ERROR' ? {} : (judgement?.statements ?? {});
  return { verdict, reason, reasons, notes: judgement?.notes ?? [], statements };
}

/** One attempt at a case: proof of life, arrange, drive, settle, proof of life, and the judgement on the log as it was re-read from disk. */
export async function attempt(c: AttemptContext, trial: Trial): Promise<AttemptOutcome> {
  const dir = join(c.privateDir, trial.folder);
  const startedAt = Date.now();
  const began = performance.now();
  const took = (): Pick<AttemptRecord, 'startedAt' | 'durationMs' | 'evidence'> => ({
    startedAt,
    durationMs: Math.round(performance.now() - began),
    evidence: trial.folder,
  });
  const ended = (verdict: 'ERROR' | 'NOT_RUN', reason: Reason): AttemptRecord => ({
    verdict,
    reason,
    reasons: [reason],
    notes: [],
    statements: {},
    ...took(),
  });
  // Defects of earlier attempts have been told where they belong.
  const before = c.defects().length;
  // A drive that forgot an await may still use its verbs when the next attempt runs; they throw then.
  const over = new AbortController();
  const dog = watchdog(
    longestAttemptMs(c.registered.timing, c.setting.ixit, c.setting.timing, c.attemptBaseMs + c.bootMs),
    'the attempt',
  );
  c.loop.reset();
  const live = c.recorder.begin(join(dir, 'events.jsonl'));
  try {
    const granted = (ms: number): void => dog.granted(ms);
    const nothing: Talk = { reasons: [] };
    const talking =
      live.fault === undefined ? talk(c, trial, live, AbortSignal.any([over.signal, c.stop]), granted) : nothing;
    const met = await Promise.race([talking, dog.expired, graceAfter(c.stop)]);
    // The watchdog was faster than the drive.
    if (met instanceof TesterError) return { record: ended('ERROR', errorReason(met)), stuck: true };
    if (met === undefined || c.stop.aborted) {
      const message = `the run was stopped during the case: ${messageOf(c.stop.reason)}`;
      return { record: ended('NOT_RUN', { verdict: 'ERROR', code: 'stopped', message }), stopped: true };
    }
    // A rejection that nobody waits for is announced one turn of the event loop later.
    await new Promise((resolve) => setImmediate(resolve));
    c.recorder.end();
    const record = { ...conclude(c, trial, live, met, c.defects().slice(before)), ...took() };
    keepCapture(c, live, dir);
    return {
      record,
      ...(met.silent === undefined ? {} : { silent: met.silent }),
      ...(met.unready === undefined ? {} : { unready: met.unready }),
    };
  } finally {
    over.abort(new TesterError('late-verb', 'a verb of a drive was used after its attempt was over'));
    dog.stop();
    c.recorder.end();
  }
}
