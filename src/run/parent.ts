import { type ChildProcess, fork } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { messageOf } from '../core/errors.ts';
import type { CaseRecord } from '../core/record.ts';
import type { ChildTask, FromChild, PlannedCase, ToChild } from './messages.ts';

const CHILD = fileURLToPath(new URL('child.js', import.meta.url));

/** Real milliseconds. */
export interface WatchTimes {
  /** Silence of the child after which it counts as hung; it beats four times a second. */
  readonly hungMs: number;
  /** How long it may take to settle after it was asked to. */
  readonly graceMs: number;
  /** What an attempt may take beside the timers of its standard: connections, library and file time. */
  readonly attemptBaseMs: number;
}

/** For real benches; tests take shorter ones. A full garbage collection or a slow disk must stay far below `hungMs`. */
export const WATCH_TIMES: WatchTimes = { hungMs: 30_000, graceMs: 15_000, attemptBaseMs: 60_000 };

/** What watching a child takes. */
export interface ChildContext {
  readonly times: WatchTimes;
  /** First wish: settle. */
  readonly settle: AbortSignal;
  /** Second wish, or a fault that leaves no time: end at once. */
  readonly kill: AbortSignal;
  heard(message: FromChild): void;
  /** A person at the terminal does something and confirms; resolves with what they type. */
  prompt(text: string): Promise<string>;
  /** What the child prints, for the log of the run. */
  printed(line: string): void;
}

/** What running the cases in children came to; `missing` were planned and never reported. */
export interface ChildrenOutcome {
  readonly records: ReadonlyMap<string, CaseRecord>;
  /** Case in hand when a child ended without its end marker. */
  readonly cutShort: string | undefined;
  /** Why cases are missing, undefined where none is. */
  readonly why: string | undefined;
}

/** How one child ended: after its last case, asking for a successor, or unexpectedly. */
interface ChildEnd {
  readonly kind: 'end' | 'replace' | 'lost';
  readonly why: string;
  /** The case that it was running then. */
  readonly inHand: string | undefined;
}

/** Runs the cases, in a new process whenever the one before asks to be replaced. */
export async function runChildren(task: ChildTask, context: ChildContext): Promise<ChildrenOutcome> {
  const records = new Map<string, CaseRecord>();
  let left: readonly PlannedCase[] = task.cases;
  while (left.length > 0 && !context.settle.aborted && !context.kill.aborted) {
    const end = await runChild({ ...task, cases: left }, context, records);
    left = left.filter((c) => !records.has(c.id));
    if (end.kind === 'replace') continue;
    const why = left.length === 0 ? undefined : end.why;
    return { records, cutShort: end.kind === 'lost' ? end.inHand : undefined, why };
  }
  const why = left.length === 0 ? undefined : wishOf(context);
  return { records, cutShort: undefined, why };
}

/** Why the user, or a lost lease, ended the run. */
function wishOf({ kill, settle }: Pick<ChildContext, 'kill' | 'settle'>): string | undefined {
  const wish = kill.aborted ? kill : settle;
  return wish.aborted ? messageOf(wish.reason) : undefined;
}

function runChild(task: ChildTask, context: ChildContext, records: Map<string, CaseRecord>): Promise<ChildEnd> {
  const child: ChildProcess = fork(CHILD, [], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    execArgv: ['--enable-source-maps'],
    // Advanced serialisation would keep `undefined` entries that a record on disk does not have.
    serialization: 'json',
  });
  return new Promise((resolve) => {
    // Without an end marker the case in hand was cut short, whatever the exit code says.
    let inHand: string | undefined;
    let marker = false;
    let replaceWhy: string | undefined;
    let killWhy: string | undefined;
    let last = performance.now();

    const say = (message: ToChild): void => {
      if (child.connected) child.send(message, () => undefined);
    };
    const kill = (why: string): void => {
      killWhy ??= why;
      child.kill('SIGKILL');
    };
    let deadline: NodeJS.Timeout | undefined;
    const settle = (why: string): void => {
      say({ type: 'settle', why });
      // Asked a second time the child gets no more time.
      deadline ??= setTimeout(() => kill(why), context.times.graceMs);
    };
    const watch = setInterval(
      () => {
        const silentMs = performance.now() - last;
        if (silentMs < context.times.hungMs) return;
        settle(`the run's process gave no sign of life for ${Math.round(silentMs / 1000)} s`);
      },
      Math.min(1_000, context.times.hungMs / 4),
    );
    const onSettle = (): void => settle(messageOf(context.settle.reason));
    const onKill = (): void => kill(messageOf(context.kill.reason));
    context.settle.addEventListener('abort', onSettle);
    context.kill.addEventListener('abort', onKill);

    child.on('message', (message: FromChild) => {
      last = performance.now();
      if (message.type === 'case') inHand = message.id;
      if (message.type === 'end') marker = true;
      if (message.type === 'replace') replaceWhy = message.why;
      if (message.type === 'done') {
        records.set(message.record.id, message.record);
        inHand = undefined;
      }
      if (message.type === 'prompt')
        context.prompt(message.text).then(
          (typed) => say({ type: 'confirmed', id: message.id, typed }),
          (e: unknown) => say({ type: 'refused', id: message.id, why: messageOf(e) }),
        );
      context.heard(message);
    });
    child.on('error', (e) => context.printed(`the run's process: ${e.message}`));
    for (const stream of [child.stdout, child.stderr])
      if (stream !== null) createInterface({ input: stream }).on('line', (line) => context.printed(line));
    child.once('close', (code, signal) => {
      clearInterval(watch);
      clearTimeout(deadline);
      context.settle.removeEventListener('abort', onSettle);
      context.kill.removeEventListener('abort', onKill);
      const how = signal === null ? `with exit code ${code}` : `by ${signal}`;
      if (replaceWhy !== undefined) resolve({ kind: 'replace', why: replaceWhy, inHand: undefined });
      else if (marker && code === 0)
        resolve({ kind: 'end', why: wishOf(context) ?? 'the child did not reach it', inHand });
      else resolve({ kind: 'lost', why: killWhy ?? wishOf(context) ?? `the run's process ended ${how}`, inHand });
    });
    say({ type: 'start', task });
  });
}
