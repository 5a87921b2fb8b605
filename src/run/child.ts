import { monitorEventLoopDelay } from 'node:perf_hooks';
import { dirname, join } from 'node:path';
import { benchClock } from '../core/clock.ts';
import { type BenchError, printError, TesterError } from '../core/errors.ts';
import { whereThrown } from './thrown.ts';
import type { Ev } from '../core/events.ts';
import type { CaseRecord } from '../core/record.ts';
import type { Registered } from '../core/registered.ts';
import { bootMs } from '../rig/rig.ts';
import { openRig } from '../rig/open.ts';
import { Redactor } from '../rig/secret.ts';
import type { StandardsModule } from '../standards.ts';
import type { AttemptContext } from './attempt.ts';
import { runCase } from './case.ts';
import type { ChildTask, FromChild, PlannedCase, ToChild } from './messages.ts';
import { runMocha, type Test } from './mocha.ts';
import { redactedPrinter } from './print.ts';
import { type Recorder, recorder } from './recorder.ts';
import { learnSecrets } from './secrets.ts';
import { type Session, session, settingOf } from './session.ts';

/** Between two signs of life; the parent counts a child as hung after many of them are missing. */
const BEAT_MS = 250;
/** Transfers report every octet; a terminal need not show each. */
const PROGRESS_MS = 200;
/** Library time for closing links and ending simulated devices. */
const CLOSE_MS = 8_000;
/** The monitor's resolution is the least delay that it shows; it must stay far below every tolerance. */
const LOOP_RESOLUTION_MS = 2;

// Whatever ends this process early leaves 2 behind; 0 is set after the end marker only.
process.exitCode = 2;
// Ctrl-C reaches the whole process group; the parent decides what it means.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);

/** One for the process: every message and every file that leaves `private/` passes it. */
const redactor = new Redactor();
/** What was thrown outside of every awaited promise, in order. */
const defects: string[] = [];
/** Mocha announces a rejection that it sees a second time. */
const announced = new WeakSet<Promise<unknown>>();
/** Aborted when the parent wants the run to settle. */
const stop = new AbortController();
/** Questions to the person at the terminal that are not confirmed yet, by number. */
const prompts = new Map<number, { done(typed: string): void; fail(e: Error): void }>();

/** Resolves when the message has left, or when there is nobody to hear it. Secrets are taken out here, whatever the message. */
function send(message: FromChild): Promise<void> {
  return new Promise((resolve) => {
    if (process.send === undefined || !process.connected) resolve();
    else process.send(redactor.data(message), () => resolve());
  });
}

/** As `send`, for whoever has nothing to wait for. */
function tell(message: FromChild): void {
  void send(message);
}

/** Something was thrown that no case awaits: it belongs to the attempt in hand and to the record of the run. */
function defect(e: unknown): void {
  const message = whereThrown(e);
  defects.push(message);
  tell({ type: 'defect', message });
}

/** True while a case runs: what is thrown then is the case's; its attempt ends as ERROR. Outside of cases nothing would go on. */
let inCase = false;

function uncaught(e: unknown): void {
  defect(e);
  if (!inCase) void send({ type: 'beat' }).then(() => process.exit(2));
}

/** A person at the terminal of the parent does it and confirms; resolves with what they typed. */
function prompt(text: string): Promise<string> {
  const id = prompts.size;
  tell({ type: 'prompt', id, text });
  return new Promise((resolve, reject) => {
    prompts.set(id, { done: resolve, fail: reject });
  });
}

/** Tells the parent how far a transfer is: events of type `progress`, or any that carry `done`. */
function watchTransfers(sink: Recorder): Recorder {
  let last = 0;
  return {
    ...sink,
    append(event) {
      const stored: Ev = sink.append(event);
      const done = stored.type === 'progress' ? stored.data?.['done'] : undefined;
      const now = performance.now();
      if (typeof done === 'number' && now - last > PROGRESS_MS) {
        last = now;
        const total = stored.data?.['total'];
        const what = stored.data?.['what'];
        tell({
          type: 'transfer',
          what: typeof what === 'string' ? what : stored.channel,
          done,
          total: typeof total === 'number' ? total : null,
        });
      }
      return stored;
    },
  };
}

/** Results are written by allure-mocha while the run goes on, filled from the records; nothing of it is loaded where no report is wanted. */
async function allureOptions(
  task: ChildTask,
  standards: readonly Registered[],
  records: ReadonlyMap<string, CaseRecord>,
): Promise<object | undefined> {
  if (task.allure === null) return undefined;
  const { reporterOptions } = await import('../report/results.ts');
  const print = redactedPrinter(standards, redactor);
  return reporterOptions(task.allure.dir, task.allure.head, (title) => records.get(title), {
    runDir: dirname(task.privateDir),
    print,
  });
}

/** The standards of the planned cases, and no others: each has its own links and native modules. */
async function load(task: ChildTask): Promise<Map<string, Registered>> {
  const module = (await import(task.standards)) as StandardsModule;
  const wanted = new Set(task.cases.map((c) => c.spec));
  const loaded = new Map<string, Registered>();
  for (const entry of module.STANDARDS) if (wanted.has(entry.spec)) loaded.set(entry.spec, await entry.load());
  return loaded;
}

/** The whole life of a child: open what the cases need, run them, close it. */
async function runTask(task: ChildTask): Promise<void> {
  learnSecrets(redactor, [...Object.values(task.rig.data.iut), ...Object.values(task.declared.ixit)]);
  const clock = benchClock(task.epochMs, task.rig.data.time.protocol);
  const log = watchTransfers(recorder(join(task.privateDir, 'bench.events.jsonl'), () => clock.now()));
  const standards = await load(task);
  const setting = (r: Registered) => settingOf(r, task.declared, task.rig.data.time);
  const rigSession: Session = session({
    task,
    events: log,
    clock,
    setting,
    broke: (fault: BenchError) => tell({ type: 'broken', fault: printError(fault) }),
    openRig: () => openRig(task.rig, { ...task, events: log, redactor, prompt }),
  });
  const loop = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS });
  loop.enable();
  /** What attempts have in common; each adds its standard. */
  const shared: Omit<AttemptContext, 'registered' | 'setting'> = {
    session: rigSession,
    recorder: log,
    clock,
    privateDir: task.privateDir,
    loop,
    stop: stop.signal,
    attemptBaseMs: task.attemptBaseMs,
    bootMs: bootMs(task.rig),
    defects: () => defects,
    lost: (fault) => tell({ type: 'broken', fault: printError(fault) }),
  };
  const records = new Map<string, CaseRecord>();
  const test = (planned: PlannedCase): Test => {
    const registered = standards.get(planned.spec);
    const meta = registered?.cases.find((c) => c.id === planned.id);
    if (registered === undefined || meta === undefined)
      throw new TesterError('case-id', `the plan names ${planned.id}, which no standard has`);
    return {
      ...planned,
      group: planned.id.split('/')[1] ?? '',
      async run() {
        if (stop.signal.aborted) return undefined;
        inCase = true;
        const outcome = await runCase({ ...shared, registered, setting: setting(registered) }, meta, planned, tell);
        inCase = false;
        const record = redactor.data(outcome.record);
        records.set(record.id, record);
        await send({ type: 'done', record });
        // The record has left; what hangs goes with the process.
        if (outcome.stuck) await replace(`an attempt at ${planned.id} did not end`);
        return record;
      },
    };
  };
  const tests = task.cases.map(test);
  await runMocha(tests, await allureOptions(task, [...standards.values()], records));
  loop.disable();
  // A link that does not close must not keep the verdicts from being settled; the process ends right after.
  await Promise.race([
    rigSession.close().catch((e: unknown) => tell({ type: 'broken', fault: printError(e) })),
    new Promise((resolve) => setTimeout(resolve, CLOSE_MS).unref()),
  ]);
  log.close();
}

/** Ends this process for a new one to go on; what hangs in it cannot be ended otherwise. */
async function replace(why: string): Promise<never> {
  await send({ type: 'replace', why });
  process.exit(2);
}

/** What the parent says. */
function receive(message: ToChild): void {
  switch (message.type) {
    case 'start':
      runTask(message.task)
        .then(() => send({ type: 'end' }))
        .then(
          () => process.exit(0),
          async (e: unknown) => {
            await send({ type: 'defect', message: `the run ended early: ${printError(e)}` });
            process.exit(2);
          },
        );
      break;
    case 'settle':
      stop.abort(new Error(message.why));
      break;
    case 'confirmed':
      prompts.get(message.id)?.done(message.typed);
      break;
    case 'refused':
      prompts.get(message.id)?.fail(new Error(message.why));
      break;
  }
}

// Without a parent nobody would read the verdicts, and the lease of the rig runs out.
process.on('disconnect', () => process.exit(2));
process.on('unhandledRejection', (reason, promise) => {
  if (announced.has(promise)) return;
  announced.add(promise);
  defect(reason);
});
// Takes precedence over mocha's own handling, which would end the test in hand while its code runs on.
process.setUncaughtExceptionCaptureCallback(uncaught);
process.on('message', receive);
setInterval(() => tell({ type: 'beat' }), BEAT_MS).unref();
