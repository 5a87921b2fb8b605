import { type Drive, DriveEnd } from '../core/case.ts';
import type { Ev, EventSink } from '../core/events.ts';
import type { Ixit } from '../core/ixit.ts';
import { type Kind, type Log, logOf, MARK, type Seen } from '../core/log.ts';
import type { Limit, Timing } from '../core/timing.ts';
import type { LiveLog } from './recorder.ts';

/** A wait without progress may start anew for so many times its limit; a device that never comes to rest ends as silence. */
const NO_PROGRESS_TIMES = 20;

/** The system's timers may fire a little early; a judge counts a window as watched only when all of it is in the log. */
const SLACK_MS = 5;

/** What the verbs of one attempt work on. */
export interface DriveContext {
  /** Gets the events of the verbs themselves: marks, silences, windows. */
  readonly sink: EventSink;
  /** The log of this attempt, with everything that links and servers record meanwhile. */
  readonly live: LiveLog;
  readonly timing: Timing;
  readonly ixit: Ixit;
  /** Aborted when the attempt is over or cut short; waiting verbs throw its reason. */
  readonly signal: AbortSignal;
  /** Real milliseconds that a verb is about to wait: the attempt may last that much longer. */
  granted(ms: number): void;
}

/** The log while it grows, whose numbers go on from those of earlier attempts: looking an event up is cheap, the other readers work on what is there now. */
function growing(events: readonly Ev[], factor: number): Log {
  const now = (): Log => logOf(events, factor);
  return {
    events,
    at: (n) => events[n - (events[0]?.n ?? 0)],
    all: (kind) => now().all(kind),
    first: (kind) => now().first(kind),
    last: (kind) => now().last(kind),
    after: (from) => now().after(from),
    before: (to) => now().before(to),
    elapsed: (from, to) => (to.ms - from.ms) / factor,
    gap: (kind) => now().gap(kind),
    touched: () => undefined,
  };
}

/** Resolves with what `look` finds among the events from `from` on, or with undefined when the limit passes first. */
function waitFor<R>(
  context: DriveContext,
  limit: Limit,
  from: number,
  look: (event: Ev) => R | undefined,
): Promise<R | undefined> {
  const { live, signal } = context;
  const ms = context.timing.real(limit);
  // A deadline says when the whole must be there; a limit on progress starts anew with everything that comes in.
  const patient = limit.of === 'no-progress';
  const latest = performance.now() + (patient ? ms * NO_PROGRESS_TIMES : ms);
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    // What was waited for may have come before the wait began.
    for (const event of live.events.slice(Math.max(0, from - (live.events[0]?.n ?? 0)))) {
      const found = look(event);
      if (found !== undefined) {
        resolve(found);
        return;
      }
    }
    let timer: NodeJS.Timeout;
    const end = (settle: () => void): void => {
      clearTimeout(timer);
      unsubscribe();
      signal.removeEventListener('abort', cut);
      settle();
    };
    const cut = (): void => end(() => reject(signal.reason));
    const arm = (): void => {
      const left = Math.min(ms, latest - performance.now());
      context.granted(left);
      timer = setTimeout(() => end(() => resolve(undefined)), left + SLACK_MS);
    };
    const unsubscribe = live.onEvent((event) => {
      try {
        const found = look(event);
        if (found !== undefined) {
          end(() => resolve(found));
        } else if (patient && event.dir === 'in') {
          clearTimeout(timer);
          arm();
        }
      } catch (e) {
        end(() => reject(e));
      }
    });
    signal.addEventListener('abort', cut, { once: true });
    arm();
  });
}

/** The verbs of a case for one attempt, as `src/core/case.ts` promises them. */
export function driveOn(context: DriveContext): Drive {
  const { timing, ixit } = context;
  const log = growing(context.live.events, timing.factors.protocol);
  /** What was counted, by event and name of the kind: suites make their kinds anew at each use. */
  const counted = new Set<string>();
  // Verbs look at what came after the latest mark only, so that an old state is not taken for a new one.
  let sinceMark = 0;

  const record = (type: string, data: NonNullable<Ev['data']>): Ev => {
    context.signal.throwIfAborted();
    return context.sink.append({ channel: 'run', type, data });
  };
  const next = <V extends object>(kind: Kind<V>, limit: Limit): Promise<Seen<V> | undefined> =>
    waitFor(context, limit, sinceMark, (event) => {
      const key = `${event.n} ${kind.name}`;
      const value = counted.has(key) ? undefined : kind.read(event, log);
      if (value === undefined) return undefined;
      counted.add(key);
      return { ...value, n: event.n, ms: event.ms };
    });
  /** A limit as events hold it, in protocol time: a judge reads the log without knowing the factors of the rig. */
  const limitData = (limit: Limit): NonNullable<Ev['data']> => ({
    timer: limit.timer,
    ms: timing.protocol(limit),
    of: limit.of ?? 'wait',
  });

  return {
    ixit,
    mark(name, data = {}) {
      sinceMark = record(MARK, { ...data, name }).n + 1;
    },
    async until(kind, limit) {
      const found = await next(kind, limit);
      if (found !== undefined) return found;
      record('silence', { kind: kind.name, ...limitData(limit) });
      throw new DriveEnd(`no ${kind.name} within ${limit.timer}`);
    },
    async perhaps(kind, limit) {
      const found = await next(kind, limit);
      if (found === undefined) record('absent', { kind: kind.name, ...limitData(limit) });
      return found;
    },
    async quiet(kind, limit) {
      const began = record('quiet', { kind: kind.name, ...limitData(limit) });
      const came = await waitFor(context, limit, began.n + 1, (event) =>
        kind.read(event, log) === undefined ? undefined : event,
      );
      record('quiet.over', { kind: kind.name, from: began.n, came: came?.n ?? null });
    },
    async pause(limit, why) {
      const began = record('pause', { why, ...limitData(limit) });
      await waitFor(context, limit, began.n + 1, () => undefined);
      record('pause.over', { from: began.n });
    },
    stop(reason) {
      record('stop', { reason });
      throw new DriveEnd(reason);
    },
  };
}
