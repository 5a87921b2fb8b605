import { expect } from 'chai';
import { suite } from '../../src/core/case.ts';
import { mustBe } from '../../src/core/claim.ts';
import { where } from '../../src/core/log.ts';
import type { ActionName } from '../../src/ocf/codec/swu.ts';
import { retrieved, shown } from '../../src/ocf/kinds.ts';
import { isRest, isWorking } from '../../src/ocf/machine.ts';
import { DRIP_PIECES } from '../../src/link/packages/behaviour.ts';
import { packageAsked } from '../../src/link/packages/events.ts';
import { packageFetched, packagePiece } from '../../src/ocf/packages/fetched.ts';
import type { Offer } from '../../src/ocf/packages/stand.ts';
import type { OcfPolicies } from '../../src/ocf/policies.ts';
import { acceptedInTime, activity, scheduled } from '../../src/ocf/run.ts';
import type { OcfTester } from '../../src/ocf/tester.ts';
import { printValue } from '../../src/ocf/value.ts';
import { accepts, answerTo, type J, type OcfCase, readBack, refuses, REST, unclocked } from './claims.ts';
import { judgeCheck, judgeUpgrade, judgeValidation, statesOf } from './actions.ts';
import { ITEM } from './items.ts';
import { BACK, COMMON, inert, past, powered, punctual, REFUSED, WATCHED } from './schedules.ts';
import { began, neverShown, rest, restOf, runOf, untilDue, untilRest } from './runs.ts';

/** Each action at its time, with what it must come to. */
function starts(
  id: string,
  action: Exclude<ActionName, 'idle'>,
  item: string,
  judge: (j: J) => void,
  statements: readonly string[],
): OcfCase {
  return {
    id,
    purpose: `${action} starts at its update time and does what it is for`,
    item,
    when: `${ITEM.SCHED} and ${item}`,
    statements: ['OCFSWU-1.schedule', 'OCFSWU-1.not-early', 'OCFSWU-T7.update', 'OCFSWU-1.purl-used', ...statements],
    ixit: ['packageOk', 'scheduleToleranceMs', 'maxDownloadS', ...(action === 'upgrade' ? ['maxUpgradeS'] : [])],
    start: action === 'upgrade' ? 'idle-not-1' : 'idle',
    async drive(t) {
      await t.retrieve('before');
      // A slow server for the validation, so that the state during the download can be seen.
      const offer: Offer = action === 'isvv' ? { behaviour: { kind: 'drip' } } : {};
      await runOf(t, action, await t.serve('packageOk', offer));
    },
    judge(j) {
      punctual(j);
      if (began(j, 'OCFSWU-1.schedule') === undefined) return;
      j.came('OCFSWU-1.purl-used', packageAsked, { stimulus: acceptedInTime('run') });
      judge(j);
    },
  };
}

/** Scheduled actions: clause 1, table 4. */
export const sched = suite<OcfTester, OcfPolicies>('SCHED', [
  starts('OCFSWU/SCHED/01', 'isac', ITEM.ISAC, judgeCheck, ['OCFSWU-T3.nsa', 'OCFSWU-T4.isac', 'OCFSWU-T2.nv']),
  starts('OCFSWU/SCHED/02', 'isvv', ITEM.ISVV, judgeValidation, ['OCFSWU-T3.sva', 'OCFSWU-T4.isvv', 'OCFSWU-T3.svv']),
  starts('OCFSWU/SCHED/03', 'upgrade', ITEM.UPGRADE, judgeUpgrade, [
    'OCFSWU-T4.upgrade',
    'OCFSWU-T3.upgrading',
    'OCFSWU-T3.idle',
  ]),
  {
    ...COMMON,
    id: 'OCFSWU/SCHED/04',
    purpose: 'nothing starts before the update time',
    when: `${ITEM.SCHED} and ${ITEM.ISVV}`,
    statements: ['OCFSWU-1.not-early', 'OCFSWU-T7.update'],
    start: 'idle-not-404',
    async drive(t) {
      await t.retrieve('before');
      await runOf(t, 'isvv', await t.serve('packageOk', REFUSED), { lead: { timer: 'scheduleLead', times: 2 } });
    },
    judge(j) {
      const first = began(j, 'OCFSWU-1.not-early');
      const plan = j.log.first(scheduled('run'));
      if (first === undefined || plan === undefined || unclocked(j, 'OCFSWU-1.not-early')) return;
      j.onTime('OCFSWU-1.not-early', 'the first sign of the action', {
        from: plan,
        to: first,
        notBefore: plan.inMs,
        tolerance: j.ms('scheduleToleranceMs'),
      });
    },
  },
  {
    ...COMMON,
    id: 'OCFSWU/SCHED/05',
    purpose: 'an UPDATE whose time has passed starts nothing, refused or not',
    when: `${ITEM.SCHED} and ${ITEM.ISVV}`,
    statements: ['OCFSWU-1.past', 'OCFSWU-1.past-answer', 'OCFSWU-CORE.error'],
    policies: ['pastUpdate', 'errorCode'],
    start: 'idle',
    async drive(t) {
      await t.retrieve('before');
      await t.watch();
      await t.schedule('isvv', { purl: await t.serve('packageOk'), lead: { timer: 'farAhead', times: -1 } });
      await past(t);
    },
    judge(j) {
      const reply = answerTo(j, 'OCFSWU-1.past-answer', 'UPDATE', 'run');
      if (reply === undefined) return;
      const refused = !reply.code.startsWith('2.');
      j.note(
        `UPDATE with a past time: ${reply.code}${refused === j.declared(ITEM.PASTERROR) ? '' : ', other than item PASTERROR says'}`,
      );
      if (j.policy.pastUpdate === 'accept') accepts(j, 'OCFSWU-1.past-answer', 'run');
      else if (refused || j.policy.pastUpdate === 'refuse')
        refuses(j, 'OCFSWU-1.past-answer', reply, 'an UPDATE with a past time');
      inert(j, 'OCFSWU-1.past', 'run');
    },
  },
  {
    ...COMMON,
    id: 'OCFSWU/SCHED/06',
    purpose: 'idle with a time to come starts nothing',
    when: ITEM.SCHED,
    statements: ['OCFSWU-T4.idle', 'OCFSWU-T7.update'],
    start: 'idle',
    async drive(t) {
      await t.retrieve('before');
      await t.watch();
      await t.schedule('idle', { purl: await t.serve('packageOk') });
      await past(t);
    },
    judge(j) {
      if (accepts(j, 'OCFSWU-T7.update', 'run') !== undefined) inert(j, 'OCFSWU-T4.idle', 'run');
    },
  },
  {
    ...COMMON,
    id: 'OCFSWU/SCHED/07',
    purpose: 'a second UPDATE takes the place of the first',
    when: `${ITEM.SCHED} and ${ITEM.ISVV}`,
    statements: ['OCFSWU-1.replace', 'OCFSWU-T7.update', 'OCFSWU-1.purl-used'],
    start: 'idle-not-404',
    async drive(t) {
      await t.retrieve('before');
      await t.watch();
      const first = await t.serve('packageOk', { behaviour: { kind: 'status', status: 500 } });
      const second = await t.serve('packageOk', REFUSED);
      await t.schedule('isvv', { purl: first, label: 'first', lead: { timer: 'scheduleLead', times: 2 } });
      await t.schedule('isvv', { purl: second, lead: { timer: 'scheduleLead', times: 4 } });
      await untilRest(t, 'isvv', 'run');
    },
    judge(j) {
      if (accepts(j, 'OCFSWU-T7.update', 'first') === undefined) return;
      const first = j.log.first(scheduled('first'));
      const replaced = j.log.first(acceptedInTime('run'));
      if (first === undefined || replaced === undefined || j.log.elapsed(first, replaced) >= first.inMs) {
        j.inconclusive('OCFSWU-1.replace', 'the second UPDATE was not answered before the time of the first');
        return;
      }
      if (began(j, 'OCFSWU-1.replace') === undefined || unclocked(j, 'OCFSWU-1.replace')) return;
      const plan = j.log.first(scheduled('run'));
      const start = j.log.first(activity('run'));
      if (plan !== undefined && start !== undefined)
        j.onTime('OCFSWU-1.replace', 'the first sign of the second action', {
          from: plan,
          to: start,
          notBefore: plan.inMs,
          tolerance: j.ms('scheduleToleranceMs'),
        });
      const [old, now] = ['first', 'run'].map((label) => new URL(j.log.first(scheduled(label))?.purl ?? 'x:').pathname);
      // A device may try a URL when it is told of it.
      const paths = [
        ...new Set(
          j.log
            .after(replaced)
            .all(packageAsked)
            .map((r) => r.path),
        ),
      ];
      j.check('OCFSWU-1.replace', () => expect(paths, 'package requests').to.not.include(old));
      j.note(`package requests: ${paths.join(', ')}; the second UPDATE named ${now ?? ''}`);
    },
  },
  {
    ...COMMON,
    id: 'OCFSWU/SCHED/08',
    purpose: 'an UPDATE with idle takes the waiting action back',
    when: `${ITEM.SCHED} and ${ITEM.ISVV}`,
    statements: ['OCFSWU-T4.idle', 'OCFSWU-T7.update'],
    start: 'idle',
    async drive(t) {
      await t.retrieve('before');
      await t.watch();
      await t.schedule('isvv', { purl: await t.serve('packageOk'), lead: { timer: 'scheduleLead', times: 2 } });
      await t.cancel('cancel');
      await past(t);
    },
    judge(j) {
      const taken = accepts(j, 'OCFSWU-T7.update', 'run');
      const cancelled = accepts(j, 'OCFSWU-T7.update', 'cancel');
      const plan = j.log.first(scheduled('run'));
      if (taken === undefined || cancelled === undefined || plan === undefined) return;
      if (j.log.elapsed(plan, cancelled) >= plan.inMs)
        j.inconclusive('OCFSWU-T4.idle', 'the UPDATE with idle was answered only after the time of the action');
      else inert(j, 'OCFSWU-T4.idle', 'cancel');
    },
  },
  powered(
    'OCFSWU/SCHED/09',
    'a waiting action after a power cycle before its time',
    'OCFSWU-1.persist',
    'persistSchedule',
    async (t, purl) => {
      await t.schedule('isvv', { purl, lead: { timer: 'rebootS', times: 2 } });
      await t.off();
      await t.on();
      t.mark(BACK);
      await t.watch();
      await t.perhaps(activity('run'), untilDue(t));
    },
  ),
  powered(
    'OCFSWU/SCHED/10',
    'an action whose time passed while the power was off',
    'OCFSWU-1.overdue',
    'overdueAtBoot',
    async (t, purl) => {
      await t.schedule('isvv', { purl });
      await t.off();
      await t.pause({ timer: 'scheduleLead', times: t.leads() }, 'the time of the action passes');
      await t.pause({ timer: 'scheduleToleranceMs' }, 'the time of the action passes');
      await t.on();
      t.mark(BACK);
      await t.watch();
    },
  ),
  {
    ...COMMON,
    id: 'OCFSWU/SCHED/11',
    purpose: 'what swupdateaction shows once the action has run',
    when: `${ITEM.SCHED} and ${ITEM.ISVV}`,
    statements: ['OCFSWU-T4.after', 'OCFSWU-T7.update', 'OCFSWU-1.schedule'],
    policies: ['actionAfterRun'],
    start: 'idle-not-404',
    async drive(t) {
      await t.retrieve('before');
      await runOf(t, 'isvv', await t.serve('packageOk', REFUSED));
      await t.retrieve('after');
    },
    judge(j) {
      if (restOf(j, 'OCFSWU-1.schedule') === undefined) return;
      const after = readBack(j, 'OCFSWU-T4.after', 'after');
      if (after === undefined) return;
      j.note(`action after the run: ${printValue(after.action)}`);
      const wanted = { idle: 'idle', unchanged: 'isvv', information: undefined }[j.policy.actionAfterRun];
      if (wanted !== undefined)
        j.check('OCFSWU-T4.after', () => expect(after.action, 'action after the run').to.equal(wanted));
    },
  },
  {
    ...COMMON,
    id: 'OCFSWU/SCHED/12',
    purpose: 'an UPDATE during a run leaves the update in one piece',
    when: `${ITEM.SCHED} and ${ITEM.ISVV}`,
    statements: ['OCFSWU-F2.busy', 'OCFSWU-T7.update', 'OCFSWU-CORE.error'],
    policies: ['updateDuringRun', 'errorCode'],
    start: 'idle',
    async drive(t) {
      await t.retrieve('before');
      await t.watch();
      await t.schedule('isvv', { purl: await t.serve('packageOk', { behaviour: { kind: 'drip' } }) });
      if ((await t.perhaps(activity('run'), untilDue(t))) === undefined) t.stop('the run did not begin');
      const loading = where(shown, 'state svv', (r) => r.state === 'svv');
      if ((await t.perhaps(loading, { timer: 'maxDownloadS' })) === undefined) t.stop('state svv was not seen');
      await t.update(t.body({ purl: t.url('during') }), { label: 'during' });
      const seen = await rest(t, 'isvv', 'run');
      // Idle may be the end of a run that was given up, or the mask of one that goes on.
      const atWork = where(shown, 'state of work', (r) => isWorking(r.state));
      if (seen?.state === 'idle') await t.quiet(atWork, { timer: 'maxDownloadS' });
      await t.retrieve('after');
      t.mark(WATCHED);
    },
    judge(j) {
      if (began(j, 'OCFSWU-F2.busy') === undefined) return;
      const reply = answerTo(j, 'OCFSWU-F2.busy', 'UPDATE', 'during');
      if (reply === undefined) return;
      j.note(`UPDATE during a run: ${reply.code}`);
      if (j.policy.updateDuringRun === 'accept') accepts(j, 'OCFSWU-F2.busy', 'during');
      else if (!reply.code.startsWith('2.') || j.policy.updateDuringRun === 'refuse')
        refuses(j, 'OCFSWU-F2.busy', reply, 'an UPDATE during a run');
      const after = readBack(j, 'OCFSWU-F2.busy', 'after');
      const first = j.log.first(scheduled('run'))?.purl;
      if (after === undefined) return;
      const piece = j.log.before(after).last(packagePiece);
      const sending = piece !== undefined && j.log.elapsed(piece, after) <= j.ms({ timer: 'drip', times: DRIP_PIECES });
      if (isWorking(after.state) && sending && j.log.after(piece).before(after).first(packageFetched) === undefined) {
        j.inconclusive('OCFSWU-F2.busy', 'the bench was still sending the package when the device was read');
        return;
      }
      const now = reply.sent?.['purl'];
      const looks = j.log
        .after(reply)
        .all(retrieved())
        .map((r) => r.state);
      const mixed = looks.slice(looks.indexOf('idle')).filter((state) => state !== 'idle');
      j.check('OCFSWU-F2.busy', () => {
        expect(after.purl, 'purl after both').to.equal(reply.code.startsWith('2.') ? now : first);
        mustBe(isRest(after.state), 'state after both', after.state, REST);
        expect(looks.includes('idle') ? mixed : [], 'states of the run after idle was shown').to.deep.equal([]);
      });
    },
  },
  {
    ...COMMON,
    id: 'OCFSWU/SCHED/13',
    purpose: 'isac alone does not lead to an upgrade',
    item: ITEM.ISAC,
    when: `${ITEM.SCHED} and ${ITEM.ISAC} and not ${ITEM.CHAIN}`,
    statements: ['OCFSWU-T4.isac-only', 'OCFSWU-T7.update', 'OCFSWU-1.schedule'],
    policies: ['chain'],
    start: 'idle',
    async drive(t) {
      await t.retrieve('before');
      await runOf(t, 'isac', await t.serve('packageOk'));
      await t.quiet(
        where(shown, 'state beyond the check', (r) => r.state !== 'nsa' && r.state !== 'idle'),
        { timer: 'quietS' },
      );
      await t.retrieve('at the end');
    },
    judge(j) {
      if (began(j, 'OCFSWU-1.schedule') === undefined || readBack(j, 'OCFSWU-T4.isac-only', 'at the end') === undefined)
        return;
      j.note(`states: ${[...new Set(statesOf(j))].join(', ')}`);
      if (j.policy.chain === 'stops') neverShown(j, 'OCFSWU-T4.isac-only', ['svv', 'sva', 'upgrading']);
    },
  },
]);
