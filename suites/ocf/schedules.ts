import { expect } from 'chai';
import { packageAsked } from '../../src/link/packages/events.ts';
import { answered, retrieved } from '../../src/ocf/kinds.ts';
import { acceptedInTime, activity, scheduled } from '../../src/ocf/run.ts';
import { printValue } from '../../src/ocf/value.ts';
import { accepts, type J, type OcfCase, type T, unclocked } from './claims.ts';
import { ITEM } from './items.ts';
import { began } from './runs.ts';

/** Set when the device answers again after a power cut. */
export const BACK = 'answers again';

/** Set when the window in which nothing may happen, or something may, was watched to its end. */
export const WATCHED = 'watched';

/** A server that refuses: the run begins, shows that it began, and leaves the device idle. */
export const REFUSED = { behaviour: { kind: 'status', status: 404 } } as const;

/** What the cases of the group share. */
export const COMMON = { item: ITEM.SCHED, ixit: ['packageOk', 'scheduleToleranceMs', 'quietS'] } as const;
/** The action began at its time: no sign of it before, and no RETRIEVE that still shows nothing once time and tolerance are over. */
export function punctual(j: J, label = 'run'): void {
  const first = began(j, 'OCFSWU-1.schedule', label);
  const plan = j.log.first(scheduled(label));
  if (first === undefined || plan === undefined || unclocked(j, 'OCFSWU-1.schedule')) return;
  const tolerance = j.ms('scheduleToleranceMs');
  const asked = j.log.all(packageAsked).some((request) => request.n === first.n);
  j.onTime('OCFSWU-1.not-early', 'the first sign of the action', {
    from: plan,
    to: first,
    notBefore: plan.inMs,
    // A package request hides nothing; what is seen of the device may be seen late.
    ...(asked ? { notAfter: plan.inMs } : {}),
    tolerance,
  });
  // A check may show nothing but its end (figure 1: idle while it runs).
  const late = plan.inMs + tolerance + (plan.action === 'isac' ? j.ms('maxDownloadS') : 0);
  const stillIdle = j.log
    .before(first)
    .all(retrieved())
    .find((r) => j.log.elapsed(plan, r.asked) > late);
  j.check('OCFSWU-1.schedule', () =>
    expect(
      stillIdle === undefined
        ? 'begun'
        : `state ${printValue(stillIdle.state)} ${Math.round(j.log.elapsed(plan, stillIdle.asked) - plan.inMs)} ms after the time`,
      `action ${plan.action} at its time (tolerance ${tolerance} ms)`,
    ).to.equal('begun'),
  );
}

/** Nothing of the update went on from the accepted or refused UPDATE with this label until the window was over. */
export function inert(j: J, statement: string, label: string): void {
  const taken = answered('UPDATE', label);
  if (unclocked(j, statement)) return;
  if (j.log.after(WATCHED).events.length === 0) j.inconclusive(statement, 'the window was not watched to its end');
  else j.never(statement, activity('run'), { stimulus: taken });
}

/** Waits until the time of the schedule is over, with the tolerance and the window in which nothing may happen. */
export async function past(t: T): Promise<void> {
  await t.quiet(activity('run'), { timer: 'scheduleLead', times: t.leads() });
  await t.quiet(activity('run'), { timer: 'scheduleToleranceMs' });
  await t.quiet(activity('run'), { timer: 'quietS' });
  await t.retrieve('at the end');
  t.mark(WATCHED);
}

/** A schedule across a power cut; what becomes of it is a policy. */
export function powered(
  id: string,
  purpose: string,
  statement: string,
  policy: 'persistSchedule' | 'overdueAtBoot',
  cut: (t: T, purl: string) => Promise<void>,
): OcfCase {
  return {
    ...COMMON,
    id,
    purpose,
    when: `${ITEM.SCHED} and ${ITEM.ISVV} and ${ITEM.POWER}`,
    statements: [statement, 'OCFSWU-T7.update'],
    needs: ['power'],
    policies: [policy],
    ixit: [...COMMON.ixit, 'rebootS'],
    start: 'idle-not-404',
    async drive(t) {
      await t.retrieve('before');
      await cut(t, await t.serve('packageOk', REFUSED));
      await t.perhaps(activity('run'), { timer: 'scheduleToleranceMs' });
      await t.perhaps(activity('run'), { timer: 'quietS' });
      t.mark(WATCHED);
    },
    judge(j) {
      if (accepts(j, 'OCFSWU-T7.update', 'run') === undefined || unclocked(j, statement)) return;
      if (j.log.first(acceptedInTime('run')) === undefined || j.log.after(WATCHED).events.length === 0) {
        j.inconclusive(statement, 'the schedule was not taken in time, or not watched to its end');
        return;
      }
      const sign = j.log.first(activity('run'));
      const plan = j.log.first(scheduled('run'));
      const back = j.log.after(BACK).events[0];
      const late = plan !== undefined && back !== undefined && j.log.elapsed(plan, back) >= plan.inMs;
      if (policy === 'persistSchedule' && late) {
        j.inconclusive(statement, 'the device answered again only after the time of the action');
        return;
      }
      j.note(sign === undefined ? 'the action did not run' : `the action ran: ${sign.what}`);
      if (j.policy[policy] === 'mustRun') j.came(statement, activity('run'), { stimulus: acceptedInTime('run') });
      if (j.policy[policy] === 'mustNotRun') j.never(statement, activity('run'), { stimulus: acceptedInTime('run') });
    },
  };
}
