import { expect } from 'chai';
import { suite } from '../../src/core/case.ts';
import { mustBe } from '../../src/core/claim.ts';
import { type Seen, where } from '../../src/core/log.ts';
import { instantOf } from '../../src/ocf/instant.ts';
import { shown } from '../../src/ocf/kinds.ts';
import { isRest, isWorking } from '../../src/ocf/machine.ts';
import { packageAsked } from '../../src/link/packages/events.ts';
import { packageFetched } from '../../src/ocf/packages/fetched.ts';
import type { OcfPolicies } from '../../src/ocf/policies.ts';
import { acceptedInTime, activity, type Schedule, scheduled } from '../../src/ocf/run.ts';
import type { OcfTester } from '../../src/ocf/tester.ts';
import { printValue } from '../../src/ocf/value.ts';
import { accepts, type J, readBack, REST, type T, unclocked } from './claims.ts';
import { ITEM } from './items.ts';
import { restOf, runOf, untilDue } from './runs.ts';
import { onboarding } from './secured.ts';
import { readVersion, versionOf } from './versions.ts';

/** The running version that was read with this label; inconclusive where it could not be read. */
function version(j: J, statement: string, label: string): unknown {
  const value = versionOf(j, label);
  if (value === undefined) j.inconclusive(statement, `${j.ixit.text('versionSource')} shows no version (${label})`);
  return value;
}

const CUT_STATES = ['svv', 'sva', 'upgrading'] as const;
/** Set when the power goes, and when the device answers again. */
const OFF = 'power off';
const ON = 'answers again';

/** An action that passes through the state in question, held there as long as the bench can. */
async function cutIn(t: T, state: string): Promise<void> {
  await t.watch();
  const offer = state === 'svv' ? { behaviour: { kind: 'drip' } as const } : {};
  const action = state === 'upgrading' ? 'upgrade' : 'isvv';
  await t.schedule(action, { purl: await t.serve('packageOk', offer) });
  if ((await t.perhaps(activity('run'), untilDue(t))) === undefined) t.stop('the run did not begin');
  const there = where(shown, `state ${state}`, (r) => r.state === state);
  if ((await t.perhaps(there, { timer: 'maxDownloadS' })) === undefined) t.stop(`state ${state} was not seen`);
  t.mark(OFF, { state });
  await t.off();
  await t.on();
  t.mark(ON);
  await t.retrieve('after power on');
  await t.watch();
  const limit = { timer: 'maxUpgradeS' } as const;
  await t.perhaps(
    where(shown, 'state of rest', (r) => isRest(r.state)),
    limit,
  );
  // A device may take the run up again after its first rest.
  await t.quiet(
    where(shown, 'state of work', (r) => isWorking(r.state)),
    { timer: 'quietS' },
  );
  t.mark('later');
  await t.perhaps(
    where(shown, 'state of rest at the end', (r) => isRest(r.state)),
    limit,
  );
  await t.retrieve('at the end');
}

function judgeCut(j: J): void {
  const CUT = 'OCFSWU-T3.consistent';
  const state = j.variant ?? '';
  if (accepts(j, 'OCFSWU-T7.update', 'run') === undefined) return;
  if (j.log.after(ON).events.length === 0) {
    j.inconclusive(CUT, `the power was not cut in state ${state}, or the device did not answer afterwards`);
    return;
  }
  const end = readBack(j, CUT, 'at the end');
  if (end === undefined) return;
  const after = j.log.after(ON);
  // A device may ask before it answers anyone.
  const again = j.log.after(OFF).first(packageAsked) !== undefined;
  j.note(
    `${state}: after the power cut state ${printValue(end.state)}, result ${printValue(end.result)}${again ? ', package asked for again' : ''}`,
  );
  j.check(CUT, () => mustBe(isRest(end.state), 'state long after the power cut', end.state, REST), end);
  // An installation may have been complete, a whole package may have been verified after all; half a download fails or is taken up again.
  const whole = j.log.before(after.events[0] ?? { n: 0 }).first(packageFetched) !== undefined;
  if (state === 'svv' && !again && !whole)
    j.check(CUT, () => {
      expect(end.state, 'state after half a download').to.not.equal('sva');
      expect(end.result, 'result after half a download').to.not.equal(1);
      if (j.policy.resultAfterPowerCut === 'failure')
        expect(end.result, 'result after half a download').to.not.equal(0);
    });
  if (state === 'upgrading' && end.state === 'idle' && j.policy.resultAfterPowerCut === 'failure')
    j.check(CUT, () => expect(end.result, 'result of the interrupted run').to.not.equal(0));
}

/** What outlives a run: versions, power cuts, ownership. */
export const life = suite<OcfTester, OcfPolicies>('LIFE', [
  ...onboarding,
  {
    id: 'OCFSWU/LIFE/05',
    purpose: 'after an update another version runs, and lastupdate tells when',
    item: ITEM.UPGRADE,
    when: `${ITEM.SCHED} and ${ITEM.UPGRADE}`,
    statements: ['OCFSWU-1.updates', 'OCFSWU-T2.lastupdate-set', 'OCFSWU-T7.update'],
    ixit: ['packageOk', 'versionSource', 'maxDownloadS', 'maxUpgradeS', 'scheduleToleranceMs'],
    start: 'idle-not-1',
    async drive(t) {
      await readVersion(t, 'before');
      await t.retrieve('before');
      await runOf(t, 'upgrade', await t.serve('packageOk'));
      await readVersion(t, 'after');
      await t.retrieve('after');
    },
    judge(j) {
      const rest = restOf(j, 'OCFSWU-1.updates');
      if (rest === undefined) return;
      const [before, after] = [version(j, 'OCFSWU-1.updates', 'before'), version(j, 'OCFSWU-1.updates', 'after')];
      if (before !== undefined && after !== undefined)
        j.check('OCFSWU-1.updates', () => expect(after, 'version after the update').to.not.equal(before));
      const plan = j.log.first(scheduled('run'));
      if (j.declared(ITEM.LASTUPDATE) && plan !== undefined) judgeLastUpdate(j, plan, rest);
    },
  },
  {
    id: 'OCFSWU/LIFE/06',
    purpose: 'a power cut during an update leaves a device that comes back and tells the truth',
    item: ITEM.POWER,
    when: `${ITEM.SCHED} and ${ITEM.UPGRADE} and ${ITEM.ISVV} and ${ITEM.POWER}`,
    statements: ['OCFSWU-T3.consistent', 'OCFSWU-T7.update'],
    needs: ['power'],
    policies: ['resultAfterPowerCut'],
    ixit: ['packageOk', 'maxDownloadS', 'maxUpgradeS', 'rebootS', 'quietS'],
    variants: Object.fromEntries(CUT_STATES.map((state) => [state, { when: 'always' }])),
    start: 'idle-not-1',
    drive: (t, variant) => cutIn(t, variant ?? ''),
    judge: judgeCut,
  },
]);

/** `lastupdate` lies between the time of the action and the first sight of its end, give or take the tolerance. */
function judgeLastUpdate(j: J, plan: Seen<Schedule>, rest: { readonly n: number; readonly ms: number }): void {
  const SET = 'OCFSWU-T2.lastupdate-set';
  const after = readBack(j, SET, 'after');
  const told = instantOf(after?.properties['lastupdate']);
  const due = instantOf(plan.time);
  const taken = j.log.first(acceptedInTime('run'));
  if (after === undefined || due === undefined || taken === undefined) return;
  if (unclocked(j, SET)) return;
  const tolerance = j.ms('scheduleToleranceMs');
  const latest = due + j.log.elapsed(plan, rest) - plan.inMs;
  j.check(SET, () =>
    expect(
      told,
      `lastupdate ${printValue(after.properties['lastupdate'])} between the time of the action and its end`,
    ).to.be.within(due - tolerance, latest + tolerance),
  );
}
