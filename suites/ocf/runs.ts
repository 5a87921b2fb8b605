import { mustBe } from '../../src/core/claim.ts';
import { LOOP } from '../../src/core/judge.ts';
import type { Kind } from '../../src/core/log.ts';
import type { Limit } from '../../src/core/timing.ts';
import { retrieved, shown, type SeenRepresentation } from '../../src/ocf/kinds.ts';
import { type ActionName, isState, type StateName } from '../../src/ocf/codec/swu.ts';
import { acceptedInTime, activity, ended, rested, scheduled, started } from '../../src/ocf/run.ts';
import { modesAnswered } from '../../src/ocf/security/kinds.ts';
import type { Plan } from '../../src/ocf/tester.ts';
import { printValue } from '../../src/ocf/value.ts';
import { accepts, type J, lacksPackage, type T, unclocked } from './claims.ts';

/** The RETRIEVE that is asked for when the limit of a run has passed. */
const LAST_LOOK = 'after the limit';

/** The wait for the beginning or the rest of a run was over without it. */
const gaveUp: Kind<object> = {
  name: 'end of the wait',
  read: (e) => (e.type === 'absent' && WAITED.includes(printValue(e.data?.['kind'])) ? {} : undefined),
};
const WAITED = [activity('').name, rested('').name];

/** Judged of every run that the target mode asked for. */
export const TRIGGER = 'OCFSWU-1.trigger';

/** Schedules an action, watches it begin and come to rest. Ends early where the device does not accept it. */
export async function runOf(t: T, action: ActionName, purl: string, plan: Omit<Plan, 'purl'> = {}): Promise<void> {
  await t.watch();
  const outcome = await t.schedule(action, { purl, ...plan });
  if (outcome.kind !== 'reply' || !outcome.code.startsWith('2.')) return;
  await untilRest(t, action, plan.label ?? 'run');
}

/** The wait for the time of a schedule, and as long as a whole lead beyond. */
export function untilDue(t: T, label = 'run'): Limit {
  return { timer: 'scheduleLead', times: t.leads(label) + 1 };
}

/** Asks for an action by the target mode, on the package URL that the resource has by then, watches it begin and come to rest. */
export async function modeRun(t: T, action: Exclude<ActionName, 'idle'>, label = 'run'): Promise<void> {
  await t.watch();
  const outcome = await t.trigger(action, label);
  if (outcome.kind === 'reply' && outcome.code.startsWith('2.')) await untilRest(t, action, label);
}

/** The waits of a run that was accepted: its beginning, its rest. A device that does not come to rest is read once more after the limit. */
export async function untilRest(t: T, action: ActionName, label: string): Promise<void> {
  const began =
    (await t.perhaps(activity(label), untilDue(t, label))) ??
    (await t.perhaps(activity(label), { timer: 'scheduleToleranceMs', times: 2 }));
  if (began !== undefined && (await rest(t, action, label)) === undefined) await t.retrieve(LAST_LOOK);
}

/** What a run that has begun shows at rest; undefined where its time passes before. */
export async function rest(t: T, action: ActionName, label: string): Promise<SeenRepresentation | undefined> {
  const upgrades = action === 'upgrade' || t.ixit.has('chainsAfterCheck');
  const download = await t.perhaps(rested(label), { timer: 'maxDownloadS' });
  return download === undefined && upgrades ? t.perhaps(rested(label), { timer: 'maxUpgradeS' }) : download;
}

/** The event loop was delayed so much that the tolerance of a schedule carries no verdict, as for every timing claim. */
function tooBusy(j: J): boolean {
  const delays = j.log.all(LOOP).map((e) => j.log.elapsed({ ms: 0 }, { ms: Number(e.data?.['maxMs'] ?? 0) }));
  return Math.max(0, ...delays) * 3 > j.ms('scheduleToleranceMs');
}

/** A run that the device must accept and begin; undefined where it did not, which is then judged or shown to be unclear. */
export function began(j: J, statement: string, label = 'run'): { readonly n: number; readonly ms: number } | undefined {
  const plan = j.log.first(scheduled(label));
  if (plan === undefined && lacksPackage(j, statement)) return undefined;
  if (plan?.tm !== undefined) return beganByMode(j, statement, label);
  if (accepts(j, 'OCFSWU-T7.update', label) === undefined) return undefined;
  if (j.log.first(acceptedInTime(label)) === undefined) {
    j.inconclusive(
      statement,
      'the UPDATE was answered only after its time: whether the device had it in time is unknown',
    );
    return undefined;
  }
  const end = j.log.last(gaveUp);
  const watched =
    end !== undefined && plan !== undefined && j.log.elapsed(plan, end) > plan.inMs + j.ms('scheduleToleranceMs');
  if (!watched && j.log.first(activity(label)) === undefined) {
    j.inconclusive(statement, 'the time of the action, with its tolerance, was not watched to its end');
    return undefined;
  }
  if (j.log.first(activity(label)) === undefined && tooBusy(j)) {
    j.inconclusive(statement, 'the bench was too busy to tell a late start from none within the tolerance');
    return undefined;
  }
  if (j.log.first(activity(label)) === undefined && unclocked(j, statement)) return undefined;
  return j.came(statement, activity(label), { stimulus: acceptedInTime(label) });
}

/** As {@link began}, for a run that the target mode asked for: the device must take it and begin at once. */
function beganByMode(j: J, statement: string, label: string): { readonly n: number; readonly ms: number } | undefined {
  const reply = j.log.first(modesAnswered(label));
  if (reply === undefined) {
    j.inconclusive(statement, 'the change of the target mode was not answered');
    return undefined;
  }
  const taken = reply.code.startsWith('2.');
  j.check(TRIGGER, () => mustBe(taken, `answer to the target mode (${label})`, reply.code, 'a success, 2.xx'), reply);
  if (!taken) return undefined;
  const sign = j.log.first(activity(label));
  const gone = j.log.last(gaveUp);
  if (sign === undefined && (gone === undefined || gone.n < reply.n)) {
    j.inconclusive(statement, 'the beginning of the run was not watched to its end');
    return undefined;
  }
  return j.came(statement, activity(label), { stimulus: started(label) });
}

/** The device as it rested after the run; undefined where it did not come to rest, which is then judged. */
export function restOf(j: J, statement: string, label = 'run'): SeenRepresentation | undefined {
  const start = began(j, statement, label);
  if (start === undefined) return undefined;
  const rest = j.log.last(rested(label));
  if (rest !== undefined) return rest;
  if (j.log.first(gaveUp) === undefined) {
    j.inconclusive(statement, 'the run was not watched to its end');
    return undefined;
  }
  const look = j.log.last(retrieved(LAST_LOOK));
  // The case may have read more since, so the last end that was seen need not be this look.
  const endAtLook = look !== undefined && j.log.all(ended(label)).some((e) => e.n === look.n);
  if (look === undefined || endAtLook) {
    // Lost datagrams make looks rare: an end that was first seen at the limit may have been reached in time.
    j.inconclusive(
      statement,
      look === undefined ? 'the device could not be read after the limit' : 'the run has ended, but when is unknown',
    );
    return undefined;
  }
  // From the first sign on: a device that hangs at work gives signs for ever.
  const first: Kind<object> = {
    name: 'first sign of the update at work',
    read: (e) => (e.n === start.n ? {} : undefined),
  };
  return j.came(statement, rested(label), { stimulus: first, within: { timer: 'maxDownloadS' } });
}

/** Results that a run may end with, and how they are called. */
export interface Fits {
  readonly words: string;
  is(result: unknown): boolean;
}

/** This result and no other. */
export const exactly = (result: number): Fits => ({ words: String(result), is: (r) => r === result });

/** The run ended with such a result. */
export function judgeRunTo(j: J, statement: string, fits: Fits, label = 'run'): SeenRepresentation | undefined {
  const before = beforeRun(j, label);
  if (fits.is(before?.result) && j.log.first(rested(label)) === undefined) {
    j.inconclusive(statement, `the result was ${fits.words} before the run already, and nothing else showed its end`);
    return undefined;
  }
  const rest = restOf(j, statement, label);
  if (rest !== undefined)
    j.check(
      statement,
      () => mustBe(fits.is(rest.result), 'result at rest after the run', rest.result, fits.words),
      rest,
    );
  return rest;
}

/** The last representation before the schedule. */
export function beforeRun(j: J, label = 'run'): SeenRepresentation | undefined {
  const plan = j.log.first(scheduled(label));
  return plan === undefined ? undefined : j.log.before(plan).last(shown);
}

/** What the device showed from the schedule on. */
export function duringRun(j: J, label = 'run'): SeenRepresentation[] {
  const plan = j.log.first(scheduled(label));
  return plan === undefined
    ? []
    : j.log
        .after(plan)
        .all(shown)
        .filter((r) => r.asked.n > plan.n || r.source === 'notification');
}

/** The run must not show these states; the report marks the first representation that does. */
export function neverShown(j: J, statement: string, states: readonly StateName[], label = 'run'): void {
  const looks = duringRun(j, label);
  const wrong = looks.find((r) => isState(r.state) && states.includes(r.state));
  if (looks.length === 0) return;
  const expected = `none of ${states.join(', ')}`;
  j.check(statement, () => mustBe(wrong === undefined, 'state during the run', wrong?.state, expected), wrong);
}

/** A package that is not valid must never show as validated. */
export function neverValidated(j: J, label = 'run'): void {
  neverShown(j, 'OCFSWU-T3.sva-only', ['sva'], label);
}
