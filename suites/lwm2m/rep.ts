import { expect } from 'chai';
import { suite } from '../../src/core/case.ts';
import { type Kind, MARK, where } from '../../src/core/log.ts';
import { RES } from '../../src/lwm2m/codec/swmgmt.ts';
import { judgeRule } from '../../src/lwm2m/invariants.ts';
import { answered, type Notified, type Snapshot, snapshots, toldValue } from '../../src/lwm2m/kinds.ts';
import type { Lwm2mPolicies } from '../../src/lwm2m/policies.ts';
import { TRIES } from '../../src/lwm2m/steps.ts';
import type { Lwm2mTester } from '../../src/lwm2m/tester.ts';
import { type J, type Lwm2mCase, printSeen, stateAt } from './claims.ts';
import { awaitedOnceRegistered } from './anew.ts';
import { cycleCases } from './cycle.ts';
import { ITEM } from './items.ts';
import {
  ACTIVATE,
  CHECK,
  download,
  ended,
  INSTALL,
  own,
  perhaps,
  run,
  see,
  type T,
  UNINSTALL,
  until,
} from './moves.ts';
import { numberIn, OBSERVED, observeCases, SWITCHES, turn } from './observing.ts';

/** Ways to make the device report a failure, by result code. */
const FAILURES: Readonly<
  Record<'53' | '54' | '56' | '58', { readonly when: string; provoke(t: T, label: string): Promise<void> }>
> = {
  '53': { when: ITEM.INTEGRITY, provoke: (t, label) => download(t, 'packageBroken', label) },
  '54': { when: ITEM.WRONG_TYPE, provoke: (t, label) => download(t, 'packageWrongType', label) },
  '56': {
    when: `${ITEM.INVALID_URI} and SWMGMT 3/4`,
    async provoke(t, label) {
      t.mark(label);
      await t.pull(own(t), 'gopher://127.0.0.1/package', label);
      await until(t, 'end of the download', ended, { timer: 'pullS' });
    },
  },
  '58': {
    // The reboot ends the observation before the result is there.
    when: `${ITEM.INSTALL_FAILED} and not ${ITEM.REBOOTS}`,
    async provoke(t, label) {
      await download(t, 'packageInstallFails', label);
      await run(t, RES.install, `${label}, install`);
      await until(t, 'end of the installation', (s) => s.result >= 50, INSTALL);
    },
  },
};

const failures: Lwm2mCase[] = [
  {
    ...OBSERVED,
    id: 'SWMGMT/REP/07',
    purpose: 'failures are notified, not only readable',
    statements: ['SWMGMT-CORE.notify-failure'],
    ixit: [
      'instance',
      'packageBroken',
      'packageWrongType',
      'packageInstallFails',
      'packageA',
      'notifyS',
      'checkS',
      'pullS',
      'installS',
      'uninstallS',
    ],
    variants: Object.fromEntries(Object.entries(FAILURES).map(([code, { when }]) => [code, { when }])),
    start: 'clean',
    async drive(t, variant) {
      const failure = FAILURES[variant as keyof typeof FAILURES];
      await t.attributes([9, own(t), RES.result], { pmin: 0 }, 'pmin');
      await t.observe([9, own(t), RES.result], 'result');
      for (let i = 0; i < TRIES; i++) {
        await see(t, `before ${i}`);
        await failure.provoke(t, `failure ${i}`);
        if ((await t.perhaps(failureTold(variant ?? ''), { timer: 'notifyS' })) !== undefined) return;
        await undo(t, `undo ${i}`);
      }
    },
    judge(j) {
      const code = j.variant ?? '';
      const came = j.log.first(failureTold(code));
      const accepted = j.log.first(answered('observe', 'result'));
      if (accepted?.seq === undefined)
        return j.inconclusive('SWMGMT-CORE.notify-failure', 'the observation was not accepted');
      if (came !== undefined)
        return j.check('SWMGMT-CORE.notify-failure', () =>
          expect(String(numberIn(came)), 'result notified').to.equal(code),
        );
      awaitedOnceRegistered(j, 'SWMGMT-CORE.notify-failure', failureTold(code), {
        since: answered('observe', 'result'),
        stimulus: failedAnew(code),
        within: { timer: 'notifyS' },
        tries: TRIES,
      });
    },
  },
  {
    ...OBSERVED,
    id: 'SWMGMT/REP/08',
    purpose: 'only legal combinations of state, result and activation are shown over a full cycle',
    item: ITEM.REPORT,
    when: ITEM.REPORT,
    statements: ['SWMGMT-R.legal'],
    ixit: ['instance', 'packageA', 'installS', 'uninstallS', 'activateS'],
    policies: ['deviceErrorState'],
    demo: true,
    start: 'idle',
    drive: looseCycle,
    judge: (j) => whole(j, 'SWMGMT-R.legal'),
  },
  {
    ...OBSERVED,
    id: 'SWMGMT/REP/09',
    purpose: 'no reserved result is shown, in success or in failure',
    item: ITEM.REPORT,
    when: ITEM.REPORT,
    statements: ['SWMGMT-R.reserved'],
    ixit: ['instance', 'packageA', 'installS', 'uninstallS', 'activateS', 'pullS', 'checkS'],
    start: 'idle',
    async drive(t) {
      for (const name of ['packageBroken', 'packageWrongType', 'packageTooLarge'] as const)
        if (t.ixit.has(name) && t.declared(ITEM.PUSH)) {
          await t.push(own(t), name, name);
          await perhaps(t, 'end of the check', (s) => s.result >= 4, { timer: 'quietWindow' });
          await see(t, `after ${name}`);
        }
      if (t.declared('SWMGMT 3/4')) {
        await t.pull(own(t), 'gopher://127.0.0.1/package', 'bad URI');
        await see(t, 'after bad URI');
      }
      await looseCycle(t);
    },
    judge: (j) => whole(j, 'SWMGMT-R.reserved'),
  },
  {
    ...OBSERVED,
    id: 'SWMGMT/REP/10',
    purpose: 'an observation of the instance, or of 7, 9 and 12 together, is notified when 12 changes',
    when: `${OBSERVED.when} and ${ITEM.ACTIVATE} and ${ITEM.DEACTIVATE}`,
    statements: ['SWMGMT-CORE.notify-instance', 'SWMGMT-CORE.notify-composite'],
    ixit: ['instance', 'packageA', 'activateS', 'notifyS'],
    variants: { instance: { when: ITEM.OBSERVE }, composite: { when: ITEM.COMPOSITE } },
    start: 'installed',
    async drive(t, variant) {
      await t.attributes([9, own(t)], { pmin: 0 }, 'pmin');
      if (variant === 'composite')
        await t.observeTogether(
          [RES.state, RES.result, RES.activation].map((resource) => [9, own(t), resource]),
          'instance',
        );
      else await t.observe([9, own(t)], 'instance');
      for (let i = 0; i < SWITCHES; i++) {
        await turn(t, i % 2 === 0 ? RES.activate : RES.deactivate, `switch ${i}`);
        if ((await t.perhaps(changeTold, { timer: 'notifyS' })) !== undefined) return;
      }
    },
    judge(j) {
      const statement = j.variant === 'composite' ? 'SWMGMT-CORE.notify-composite' : 'SWMGMT-CORE.notify-instance';
      const accepted = j.log.first(answered('observe', 'instance'));
      if (accepted?.seq === undefined) return j.inconclusive(statement, 'the observation was not accepted');
      const told = j.log.first(changeTold);
      if (told !== undefined) return j.check(statement, () => expect(told).to.not.equal(undefined));
      awaitedOnceRegistered(j, statement, changeTold, {
        since: answered('observe', 'instance'),
        stimulus: switched,
        within: { timer: 'notifyS' },
        tries: TRIES,
      });
    },
  },
];

/** Every change of the activation that a case made, and what it is then. */
const switched: Kind<{ readonly active: boolean }> = {
  name: 'switch',
  read(event) {
    const name = event.type === MARK ? event.data?.['name'] : undefined;
    const number = typeof name === 'string' ? /^switch (\d+)$/.exec(name)?.[1] : undefined;
    return number === undefined ? undefined : { active: Number(number) % 2 === 0 };
  },
};

/** A notification of the instance with the activation of the last change. */
const changeTold: Kind<Snapshot> = {
  name: 'notification with the change',
  read(event, log) {
    const seen = snapshots.read(event, log);
    if (seen?.source !== 'notification') return undefined;
    return log.before(event).last(switched)?.active === seen.active ? seen : undefined;
  },
};

const failureTold = (code: string): Kind<Notified> =>
  toldValue('result', (v) => v.type === 'Integer' && String(v.value) === code);

/** A Read that shows this result after one that showed another: the same result once more is no change, and need not be notified. */
function failedAnew(code: string): Kind<Snapshot> {
  const reads = where(snapshots, 'failure after another result', (s) => s.source === 'read');
  return {
    name: reads.name,
    read(event, log) {
      const now = reads.read(event, log);
      if (now === undefined || String(now.result) !== code) return undefined;
      const before = log.before(event).last(reads);
      return before === undefined || String(before.result) === code ? undefined : now;
    },
  };
}

/** Back to result 0, by a package that is delivered and removed again; a failed installation has one already. */
async function undo(t: T, label: string): Promise<void> {
  if (!(await perhaps(t, 'DELIVERED', (s) => s.state === 3, { timer: 'pollInterval' }))) {
    t.mark(label);
    if (t.declared(ITEM.PUSH)) await t.push(own(t), 'packageA', label);
    else await t.pull(own(t), await t.serve('packageA'), label);
    await perhaps(t, 'DELIVERED', (s) => s.state === 3, CHECK);
  }
  await run(t, RES.uninstall, `${label}, uninstall`);
  await perhaps(t, 'INITIAL', (s) => s.state === 0, UNINSTALL);
}

/** A cycle that goes on whatever the device shows. */
async function looseCycle(t: T): Promise<void> {
  await see(t, 'start');
  t.mark('package');
  if (t.declared(ITEM.PUSH)) await t.push(own(t), 'packageA', 'package');
  else await t.pull(own(t), await t.serve('packageA'), 'package');
  await perhaps(t, 'DELIVERED', (s) => s.state === 3, CHECK);
  for (const [label, resource, limit] of [
    ['install', RES.install, INSTALL],
    ['activate', RES.activate, ACTIVATE],
    ['deactivate', RES.deactivate, ACTIVATE],
    ['uninstall', RES.uninstall, UNINSTALL],
  ] as const) {
    await run(t, resource, label);
    await perhaps(t, label, (s) => printSeen(s) === printSeen(GOALS[label]), limit);
    await see(t, `after ${label}`);
  }
}

const GOALS = {
  install: { state: 4, result: 2, active: false },
  activate: { state: 4, result: 2, active: true },
  deactivate: { state: 4, result: 2, active: false },
  uninstall: { state: 0, result: 0, active: false },
} as const;

/** The rule over the whole trace; the device must have shown something at the end of it. */
function whole(j: J, rule: Parameters<typeof judgeRule>[0]): void {
  judgeRule(rule, j);
  stateAt(j, rule, 'after uninstall');
}

/** Reporting of update state and result. */
export const rep = suite<Lwm2mTester, Lwm2mPolicies>('REP', [...observeCases, ...cycleCases, ...failures]);
