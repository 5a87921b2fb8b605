import type { Ev } from '../core/events.ts';
import type { Kind, Log } from '../core/log.ts';
import type { ActionName } from './codec/swu.ts';
import { isAction } from './codec/swu.ts';
import { answered, type Representation, shown, type SwuReply } from './kinds.ts';
import { isRest, isWorking } from './machine.ts';
import { packageAsked } from '../link/packages/events.ts';
import { answerOf, modesTaken } from './security/kinds.ts';
import { OCF_TIMING } from './timing.ts';
import { printValue } from './value.ts';

/** An UPDATE that asks for an action at a time, or a target mode that asks for it at once; written just before it is sent. */
export interface Schedule {
  readonly action: ActionName;
  readonly purl: string;
  /** RFC 3339. */
  readonly time: string;
  /** Milliseconds of protocol time from this event to the time. */
  readonly inMs: number;
  readonly label: string;
  /** The target mode; undefined for a schedule. */
  readonly tm: number | undefined;
}

/** The event type of a {@link Schedule}. */
export const SCHEDULE = 'ocf.schedule';

/** Schedules that the case has made; with a label, that one. Those that only prepared the case are labelled `arrange`. */
export function scheduled(label: string): Kind<Schedule> {
  return {
    name: `schedule (${label})`,
    read(event) {
      const data = event.data ?? {};
      if (event.type !== SCHEDULE || data['label'] !== label || !isAction(data['action'])) return undefined;
      return {
        action: data['action'],
        purl: printValue(data['purl']),
        time: printValue(data['time']),
        inMs: Number(data['inMs']),
        label,
        tm: typeof data['tm'] === 'number' ? data['tm'] : undefined,
      };
    },
  };
}

/** The device took the schedule, before its time. A later answer proves nothing: the device may have had the UPDATE in time or not. */
export function acceptedInTime(label: string): Kind<SwuReply> {
  const answer = answered('UPDATE', label);
  return {
    name: `accepted schedule (${label})`,
    read(event, log) {
      const reply = answer.read(event, log);
      const plan = latest(log, event.n, scheduled(label));
      if (reply === undefined || plan === undefined || !reply.code.startsWith('2.')) return undefined;
      return log.elapsed(plan.event, event) < plan.value.inMs ? reply : undefined;
    },
  };
}

/**
 * The request of a start that the device took: a schedule in time, or a target mode. Its event is the request, for what it causes may come before its
 * answer: that can get lost and be repeated.
 */
export function started(label: string): Kind<{ readonly code: string }> {
  const byTime = acceptedInTime(label);
  const byMode = modesTaken(label);
  return {
    name: `accepted start (${label})`,
    read: (event, log) =>
      answerOf(event, log, label, (e) => byTime.read(e, log)) ??
      answerOf(event, log, label, (e) => byMode.read(e, log)),
  };
}

/** The last thing of a kind before an event, from the whole log. */
function latest<V extends object>(log: Log, before: number, kind: Kind<V>): { value: V; event: Ev } | undefined {
  for (let n = before - 1; n >= 0; n--) {
    const event = log.at(n);
    const value = event === undefined ? undefined : kind.read(event, log);
    if (event !== undefined && value !== undefined) return { value, event };
  }
  return undefined;
}

/** The first thing of a kind from one event to another, from the whole log. */
function earliest<V extends object>(
  log: Log,
  from: number,
  to: number,
  kind: Kind<V>,
): { value: V; event: Ev } | undefined {
  for (let n = from; n <= to; n++) {
    const event = log.at(n);
    const value = event === undefined ? undefined : kind.read(event, log);
    if (event !== undefined && value !== undefined) return { value, event };
  }
  return undefined;
}

/** Everything of a kind from one event to another, from the whole log. */
function between<V extends object>(log: Log, from: number, to: number, kind: Kind<V>): { value: V; event: Ev }[] {
  const found: { value: V; event: Ev }[] = [];
  for (let n = from; n <= to; n++) {
    const event = log.at(n);
    const value = event === undefined ? undefined : kind.read(event, log);
    if (event !== undefined && value !== undefined) found.push({ value, event });
  }
  return found;
}

/** A sign that the device has begun to work. */
export interface Activity {
  /** As it stands in messages: `package request`, `state svv`, `result 404`. */
  readonly what: string;
}

/**
 * A sign of work since the schedule with this label: a package request, a state of work, or a state or result other than when the schedule was made.
 * Without a schedule nothing is a sign.
 */
export function activity(label: string): Kind<Activity> {
  return {
    name: 'sign of an update at work',
    read(event, log) {
      const request = packageAsked.read(event, log);
      const now = shown.read(event, log);
      if (request === undefined && now?.fresh !== true) return undefined;
      const plan = latest(log, event.n, scheduled(label));
      if (plan === undefined) return undefined;
      if (request !== undefined && isLeftOver(log, plan, request.path)) return undefined;
      if (request !== undefined) return { what: `package request for ${request.served}` };
      return now === undefined ? undefined : changeSince(now, latest(log, plan.event.n, shown)?.value);
    },
  };
}

/** What only prepared the case asked for this package: its run may still be fetching when the case begins. */
function isLeftOver(log: Log, plan: { value: Schedule; event: Ev }, path: string): boolean {
  const pathOf = ({ purl }: Schedule): string | undefined => (URL.canParse(purl) ? new URL(purl).pathname : undefined);
  const earlier = between(log, 0, plan.event.n, scheduled('arrange'));
  return pathOf(plan.value) !== path && earlier.some(({ value }) => pathOf(value) === path);
}

function changeSince(now: Representation, before: Representation | undefined): Activity | undefined {
  if (isWorking(now.state)) return { what: `state ${printValue(now.state)}` };
  if (before === undefined) return undefined;
  if (now.state !== before.state) return { what: `state ${printValue(now.state)} after ${printValue(before.state)}` };
  // 0 is no news: a device may take back the result of an earlier run whenever it likes.
  if (now.result !== before.result && now.result !== 0)
    return { what: `result ${printValue(now.result)} after ${printValue(before.result)}` };
  return undefined;
}

/** What is known of a run when one more representation comes in. */
interface Progress {
  readonly state: unknown;
  /** A state other than idle was seen since the schedule. */
  readonly left: boolean;
  /** A result that this run has brought: not 0, and other than before or after another. */
  readonly news: boolean;
}

/** When a run of each action is over, as far as an observer can tell; figure 1 shows `idle` during the check, so that alone ends nothing. */
const OVER: Readonly<Record<ActionName, (p: Progress) => boolean>> = {
  idle: () => false,
  isac: ({ state, left, news }) => state === 'nsa' || news || (left && state === 'idle'),
  isvv: ({ state, left, news }) => state === 'sva' || news || (left && state === 'idle'),
  upgrade: ({ state, left, news }) => news || (left && state === 'idle'),
};

/** The run of the schedule has come to an end that fits its action, after a sign of work, and has stayed there for so long (protocol time). */
function endedFor(label: string, windowMs: number, name: string): Kind<Representation> {
  const sign = activity(label);
  return {
    name,
    read(event, log) {
      const now = shown.read(event, log);
      if (now === undefined || !isRest(now.state)) return undefined;
      const plan = latest(log, event.n, scheduled(label));
      const start = plan === undefined ? undefined : earliest(log, plan.event.n, event.n, sign);
      if (plan === undefined || start === undefined) return undefined;
      const before = latest(log, plan.event.n, shown)?.value;
      const seen = between(log, start.event.n, event.n, shown);
      const other = seen.findLastIndex((s) => s.value.state !== now.state || s.value.result !== now.result);
      const since = seen[other + 1]?.event;
      if (since === undefined || log.elapsed(since, event) < windowMs) return undefined;
      const news =
        now.result !== 0 && (now.result !== before?.result || seen.some((s) => s.value.result !== now.result));
      // An upgrade may begin in sva, and be over before it was looked at.
      const elsewhere = plan.value.action === 'upgrade' && before !== undefined && before.state !== 'idle';
      const left = elsewhere || seen.some((s) => s.value.state !== 'idle');
      return OVER[plan.value.action]({ state: now.state, left, news }) ? now : undefined;
    },
  };
}

/** The run has come to rest: its end stood unchanged for the row `restWindow`. */
export function rested(label: string): Kind<Representation> {
  return endedFor(label, OCF_TIMING.restWindow.ms, 'rest after the run');
}

/** The run shows an end, which may yet turn out to be none. */
export function ended(label: string): Kind<Representation> {
  return endedFor(label, 0, 'end of the run');
}
