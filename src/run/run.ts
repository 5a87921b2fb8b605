import { appendFileSync } from 'node:fs';
import { isAbsolute, join, relative, resolve } from 'node:path';
import { BenchError, printError } from '../core/errors.ts';
import type { CaseRecord, RunHead, RunRecord } from '../core/record.ts';
import { wallNow } from '../core/clock.ts';
import type { Rig } from '../rig/rig.ts';
import { acquireLease, type Lease, type LeaseTimes } from '../rig/lease.ts';
import { holdRoom, makeRunFolder, writeRecord } from './files.ts';
import type { ChildTask, Declared, FromChild, PlannedCase } from './messages.ts';
import { countVerdicts, withoutRun } from './outcome.ts';
import { type ChildrenOutcome, runChildren, WATCH_TIMES, type WatchTimes } from './parent.ts';
import { NO_PROGRESS, type Progress } from './progress.ts';
import { keepFingerprints } from './secrets.ts';

/** What is to be run: made from a declaration and the standards by `planRun`, or by hand in tests. */
export interface RunInput {
  readonly rig: Rig;
  readonly cases: readonly PlannedCase[];
  /** The record of each planned case before it is run. */
  readonly blanks: ReadonlyMap<string, CaseRecord>;
  /** Cases that stay out, each with its reason. */
  readonly leftOut: readonly CaseRecord[];
  readonly declared: Declared;
  readonly head: Pick<RunHead, 'versions' | 'product' | 'ics' | 'statements' | 'notAsked'>;
  /** URL of the module that exports the list of standards. */
  readonly standards: string;
}

/** Where and how to run; all of it may be left out. */
export interface RunSettings {
  /** Folder that gets a folder per run; `reports` unless told. */
  readonly out?: string;
  /** State folder of the rig; `.plumbline/rigs/<name>` or `PLUMBLINE_STATE` unless told. */
  readonly state?: string;
  /** How long to wait for a rig that is in use, real milliseconds. */
  readonly waitMs?: number;
  /** Appended to the command line of every simulated device. */
  readonly simArgs?: readonly string[];
  /** Write Allure results while the run goes on. */
  readonly allure?: boolean;
  readonly progress?: Progress;
  /** For power switches that a person works and for what they type; without it a rig that needs one ends as ERROR. */
  readonly prompt?: (text: string) => Promise<string>;
  /** First wish of the user: end the case in hand and settle. */
  readonly settle?: AbortSignal;
  /** Second wish: end at once. */
  readonly kill?: AbortSignal;
  /** Other patience than usual, for tests. */
  readonly watch?: WatchTimes;
  readonly lease?: LeaseTimes;
}

/** The settled record, and the folder that it lies in. */
export interface RunResult {
  readonly record: RunRecord;
  readonly dir: string;
}

/** Folder of a rig that is kept across runs, absolute: devices in software start in the folder of the rig file. */
export function stateDirOf(rig: Rig, asked: string | undefined): string {
  return resolve(asked ?? join(process.env['PLUMBLINE_STATE'] ?? join('.plumbline', 'rigs'), rig.name));
}

/** `2026-11-21T10-15-00-ocf-sim` */
function runName(rig: Rig): string {
  return `${new Date().toISOString().slice(0, 19).replaceAll(':', '-')}-${rig.name}`;
}

/** The rig as a user names it, from the working folder where it lies below it: it stands in the command that repeats a case. */
function near(file: string): string {
  const path = relative(process.cwd(), file);
  return path.startsWith('..') || isAbsolute(path) ? file : path;
}

/** Where nobody can be asked. */
function noTerminal(text: string): Promise<string> {
  return Promise.reject(new BenchError('prompt', `"${text}" needs a person at a terminal`));
}

/**
 * Runs the planned cases on the rig and settles the record. Every planned case ends in the record: what no child reported is NOT_RUN, or ERROR where
 * the bench failed in the middle of it. Throws only where nothing could be begun: no folder, no lease.
 */
export async function runCases(input: RunInput, settings: RunSettings = {}): Promise<RunResult> {
  const { rig } = input;
  const progress = settings.progress ?? NO_PROGRESS;
  const stateDir = stateDirOf(rig, settings.state);
  const kill = new AbortController();
  // Also the name that whoever finds the rig taken is told.
  const wanted = runName(rig);
  const lease = await leaseOf(stateDir, wanted, settings, progress, (lost) => kill.abort(lost));
  try {
    const out = resolve(settings.out ?? 'reports');
    const name = makeRunFolder(out, wanted);
    return await runLeased(input, settings, { name, dir: join(out, name), stateDir, progress, kill });
  } finally {
    lease.release();
  }
}

/** A run that has its folder and its rig. */
interface Begun {
  readonly name: string;
  readonly dir: string;
  readonly stateDir: string;
  readonly progress: Progress;
  /** Aborted when the lease is lost. */
  readonly kill: AbortController;
}

/** The record lies on disk, as incomplete, before the first case starts: whatever ends this process, no planned case vanishes. */
async function runLeased(input: RunInput, settings: RunSettings, begun: Begun): Promise<RunResult> {
  const { rig } = input;
  const { name, dir, progress, kill } = begun;
  const head: RunHead = {
    schema: 1,
    run: name,
    startedAt: new Date().toISOString(),
    ...input.head,
    rig: { name: rig.name, file: near(rig.file), digest: rig.digest, factors: rig.data.time, broken: null },
  };
  keepFingerprints(join(dir, 'private'), [...Object.values(rig.data.iut), ...Object.values(input.declared.ixit)]);
  const planned = input.cases.map((c) => blankOf(input, c));
  // What a reader finds if nobody ever settles the record.
  const pending = planned.map((c) => withoutRun(c, 'NOT_RUN', 'the run did not end'));
  writeRecord(dir, recordOf(head, [...pending, ...input.leftOut], { state: 'incomplete', endedAt: null }));
  const giveBack = holdRoom(dir, planned.length);
  progress.started({ name, dir, rig: rig.name, cases: input.cases });

  const faults = new Faults(progress);
  const outcome = await runChildren(taskOf(input, settings, begun, head), {
    times: settings.watch ?? WATCH_TIMES,
    settle: settings.settle ?? new AbortController().signal,
    kill: settings.kill === undefined ? kill.signal : AbortSignal.any([kill.signal, settings.kill]),
    prompt: settings.prompt ?? noTerminal,
    printed: (line) => keepLine(join(dir, 'private', 'child.log'), line),
    heard: listener(progress, faults, input.cases.length),
  });
  const lost: unknown = kill.signal.reason;
  if (lost instanceof BenchError) faults.broke(printError(lost));
  const cases = [...planned.map((c) => settled(c, outcome)), ...input.leftOut];
  const record = recordOf({ ...head, rig: { ...head.rig, broken: faults.first ?? null } }, cases, {
    state: 'complete',
    endedAt: new Date().toISOString(),
    ...(faults.defects.length === 0 ? {} : { errors: faults.defects }),
  });
  giveBack();
  writeRecord(dir, record);
  progress.finished(record, dir);
  return { record, dir };
}

function blankOf(input: RunInput, planned: PlannedCase): CaseRecord {
  const blank = input.blanks.get(planned.id);
  if (blank === undefined) throw new RangeError(`no blank record for ${planned.id}`);
  return blank;
}

/** The record as it stands: counts always agree with its cases. */
function recordOf(
  head: RunHead,
  cases: readonly CaseRecord[],
  end: Pick<RunRecord, 'state' | 'endedAt' | 'errors'>,
): RunRecord {
  return { ...head, ...end, counts: countVerdicts(cases), cases };
}

/** What no child reported: ERROR for the case in hand when its process was lost, NOT_RUN for those never reached. */
function settled(blank: CaseRecord, { records, cutShort, why }: ChildrenOutcome): CaseRecord {
  const reported = records.get(blank.id);
  if (reported !== undefined) return reported;
  const message = why ?? 'never reported';
  if (cutShort !== blank.id) return withoutRun(blank, 'NOT_RUN', `not reached: ${message}`);
  return {
    ...blank,
    verdict: 'ERROR',
    reason: { verdict: 'ERROR', code: 'child-lost', message: `cut short: ${message}` },
  };
}

/** The right to use the rig; waits for its holder as long as the settings say. */
function leaseOf(
  stateDir: string,
  run: string,
  settings: RunSettings,
  progress: Progress,
  lost: (why: BenchError) => void,
): Promise<Lease> {
  return acquireLease(stateDir, {
    run,
    waitMs: settings.waitMs ?? 0,
    ...(settings.lease === undefined ? {} : { times: settings.lease }),
    waiting: (h) => progress.waiting(`run ${h.run} (process ${h.pid} on ${h.host}, since ${h.since})`),
    lost,
  });
}

/** All that the child process needs, as plain data. */
function taskOf(input: RunInput, settings: RunSettings, { dir, stateDir }: Begun, head: RunHead): ChildTask {
  return {
    cases: input.cases,
    declared: input.declared,
    rig: input.rig,
    stateDir,
    privateDir: join(dir, 'private'),
    epochMs: Math.round(wallNow()),
    standards: input.standards,
    simArgs: settings.simArgs ?? [],
    attemptBaseMs: (settings.watch ?? WATCH_TIMES).attemptBaseMs,
    allure: settings.allure === true ? { dir: join(dir, 'allure-results'), head } : null,
  };
}

/** What went wrong beside the cases, in the order it was heard of. */
class Faults {
  readonly defects: string[] = [];
  first: string | undefined;
  private readonly progress: Progress;

  constructor(progress: Progress) {
    this.progress = progress;
  }

  broke(fault: string): void {
    this.first ??= fault;
    this.progress.trouble(fault);
  }

  defect(message: string): void {
    if (this.defects.includes(message)) return;
    this.defects.push(message);
    this.progress.trouble(`defect of the tester: ${message}`);
  }
}

/** Turns what children say into progress for the user, and keeps what belongs in the record. */
function listener(progress: Progress, faults: Faults, total: number): (message: FromChild) => void {
  let reported = 0;
  return (message) => {
    switch (message.type) {
      case 'attempt':
        progress.attempt(message.id, message.variant, message.attempt);
        break;
      case 'transfer':
        progress.transfer(message.what, message.done, message.total);
        break;
      case 'done':
        reported += 1;
        progress.done(message.record, total - reported);
        break;
      case 'broken':
        faults.broke(message.fault);
        break;
      case 'defect':
        faults.defect(message.message);
        break;
      case 'replace':
        progress.trouble(`${message.why}; going on in a new process`);
        break;
      case 'beat':
      case 'case':
      case 'prompt':
      case 'end':
        break;
    }
  };
}

function keepLine(file: string, line: string): void {
  try {
    appendFileSync(file, `${line}\n`);
  } catch {
    // The log of what the child prints is a convenience; a full disk shows at the evidence.
  }
}
