import { expect } from 'chai';
import { suite } from '../../src/core/case.ts';
import type { Limit } from '../../src/core/timing.ts';
import { printResult, printState, RES } from '../../src/lwm2m/codec/swmgmt.ts';
import { answered, showing, snapshots } from '../../src/lwm2m/kinds.ts';
import type { Lwm2mPolicies } from '../../src/lwm2m/policies.ts';
import type { Lwm2mTester } from '../../src/lwm2m/tester.ts';
import {
  answerTo,
  delivers,
  installs,
  isNamed,
  type J,
  type Lwm2mCase,
  printSeen,
  refusal,
  refuses,
  stateAt,
  unchanged,
  uninstalls,
} from './claims.ts';
import { sameAnswer } from './twice.ts';
import { metIn } from './refused.ts';
import { ITEM } from './items.ts';
import {
  CHECK,
  DOWNLOAD,
  download,
  install,
  own,
  perhaps,
  run,
  see,
  startCheck,
  startDownload,
  type T,
  uninstall,
  UNINSTALL,
  until,
} from './moves.ts';

const INSTALLED = {
  start: 'installed',
  item: ITEM.UNINSTALL,
  when: `${ITEM.UNINSTALL} and ${ITEM.DEINSTALL}`,
} as const;

/** Uninstall from INSTALLED, with an argument or without: 0/0, activation by policy A5. */
function removes(id: string, purpose: string, statement: string, start: string, argument?: string): Lwm2mCase {
  return {
    ...INSTALLED,
    id,
    purpose,
    when: start === 'active' ? `${INSTALLED.when} and ${ITEM.ACTIVATE}` : INSTALLED.when,
    statements: [statement, 'SWMGMT-R.0'],
    ixit: ['instance', 'packageA', 'uninstallS'],
    policies: ['activationAfterUninstall'],
    start,
    drive: (t) => uninstall(t, 'uninstall', argument),
    judge(j) {
      const seen = uninstalls(j, statement, 'uninstall');
      if (seen === undefined) return;
      j.check('SWMGMT-R.0', () => expect(printResult(seen.result), 'result after Uninstall').to.equal(printResult(0)));
      if (j.policy.activationAfterUninstall === '0')
        j.check(statement, () => expect(seen.active, 'Activation State after Uninstall').to.equal(false));
      else j.note(`Activation State after Uninstall: ${seen.active ? 1 : 0}`);
    },
  };
}

/** Arguments that Uninstall does not have. */
const ARGUMENTS = ['2', "0='x'", '0,1', 'remove'] as const;

/** What must be refused once the package is gone. */
const DEAD = [
  ['activate', RES.activate],
  ['deactivate', RES.deactivate],
  ['install', RES.install],
] as const;

const cases: Lwm2mCase[] = [
  {
    ...removes(
      'SWMGMT/UNI/01',
      'Uninstall without argument removes the installed package',
      'SWMGMT-S.uninstall',
      'installed',
    ),
    demo: true,
  },
  removes('SWMGMT/UNI/02', 'Uninstall with 0 removes the installed package', 'SWMGMT-S.uninstall-0', 'installed', '0'),
  removes('SWMGMT/UNI/03', 'Uninstall of an active package ends its activation', 'SWMGMT-S.uninstall-active', 'active'),
  {
    ...INSTALLED,
    id: 'SWMGMT/UNI/04',
    purpose: 'Uninstall with 1 makes the instance ready for the upgrade, which installs',
    item: ITEM.FOR_UPDATE,
    when: `${ITEM.FOR_UPDATE} and ${ITEM.INSTALL}`,
    statements: ['SWMGMT-S.for-update', 'SWMGMT-R.0', 'SWMGMT-R.2', 'SWMGMT-R.delivered', 'SWMGMT-9.0.name'],
    ixit: ['instance', 'packageA', 'packageB', 'installS', 'uninstallS', 'checkS'],
    policies: ['activationAfterUninstall', 'resultDelivered'],
    async drive(t) {
      await uninstall(t, 'for update', '1');
      await download(t, 'packageB', 'upgrade');
      await install(t, 'install');
    },
    judge(j) {
      const gone = uninstalls(j, 'SWMGMT-S.for-update', 'for update');
      if (gone === undefined) return;
      j.check('SWMGMT-R.0', () =>
        expect(printResult(gone.result), 'result after Uninstall 1').to.equal(printResult(0)),
      );
      if (delivers(j, 'SWMGMT-S.for-update', 'upgrade', DOWNLOAD) === undefined) return;
      const seen = installs(j, 'SWMGMT-S.for-update', 'install');
      if (seen !== undefined) isNamed(j, 'SWMGMT-9.0.name', seen, 'B');
    },
  },
  {
    ...INSTALLED,
    id: 'SWMGMT/UNI/05',
    purpose: 'Uninstall in DELIVERED goes to INITIAL and resets the result',
    item: ITEM.UNINSTALL_DELIVERED,
    when: ITEM.UNINSTALL_DELIVERED,
    statements: ['SWMGMT-S.uninstall-delivered'],
    ixit: ['instance', 'packageA', 'uninstallS'],
    policies: ['resultAfterUninstall'],
    variants: { fresh: { when: ITEM.UNINSTALL_DELIVERED }, failed: { when: ITEM.INSTALL_FAILED } },
    start: 'delivered',
    async drive(t, variant) {
      if (variant === 'failed') {
        if (!t.ixit.has('packageInstallFails')) t.stop('there is no package whose installation fails');
        await uninstall(t, 'arranged');
        await download(t, 'packageInstallFails', 'failing package');
        await install(t, 'failing install');
      }
      await uninstall(t, 'uninstall');
    },
    judge(j) {
      const statement = 'SWMGMT-S.uninstall-delivered';
      if (j.variant === 'failed' && !j.ixit.has('packageInstallFails'))
        return j.inconclusive(statement, 'there is no package whose installation fails');
      const seen = uninstalls(j, statement, 'uninstall');
      if (seen === undefined) return;
      if (j.policy.resultAfterUninstall === 'reset')
        j.check(statement, () => expect(printResult(seen.result), 'result after Uninstall').to.equal(printResult(0)));
      else j.note(`result after Uninstall in DELIVERED: ${printResult(seen.result)}`);
    },
  },
  {
    ...INSTALLED,
    id: 'SWMGMT/UNI/06',
    purpose: 'Uninstall before DELIVERED changes nothing, or goes back to INITIAL',
    statements: ['SWMGMT-S.uninstall-elsewhere'],
    ixit: ['instance', 'packageA', 'pullS', 'checkS', 'unfinishedS'],
    policies: ['outOfState', 'refusalCode'],
    variants: {
      initial: { when: ITEM.UNINSTALL },
      downloading: { when: `${ITEM.PULL_COAP} or ${ITEM.BLOCKS}` },
      downloaded: { when: ITEM.PUSH },
    },
    start: 'clean',
    async drive(t, variant) {
      if (variant === 'downloading') await startDownload(t);
      if (variant === 'downloaded') {
        if (!t.ixit.has('packageSlowCheck')) t.stop('there is no package whose check takes long');
        await startCheck(t);
      }
      await see(t, 'before');
      await run(t, RES.uninstall, 'uninstall');
      await perhaps(t, 'rest', (s) => s.state === 0 || s.state >= 3, restOf(t, variant));
      await see(t, 'after');
    },
    judge: judgeElsewhere,
  },
  {
    ...INSTALLED,
    id: 'SWMGMT/UNI/07',
    purpose: 'Uninstall with 1 in DELIVERED is refused or goes to INITIAL',
    item: ITEM.FOR_UPDATE,
    when: `${ITEM.FOR_UPDATE} and ${ITEM.UNINSTALL_DELIVERED}`,
    statements: ['SWMGMT-S.for-update-delivered'],
    ixit: ['instance', 'packageA', 'uninstallS'],
    policies: ['forUpdateInDelivered', 'refusalCode'],
    start: 'delivered',
    async drive(t) {
      await see(t, 'before');
      await run(t, RES.uninstall, 'uninstall', '1');
      await perhaps(t, 'INITIAL', (s) => s.state === 0, UNINSTALL);
      await see(t, 'after');
    },
    judge(j) {
      const statement = 'SWMGMT-S.for-update-delivered';
      const reply = answerTo(j, statement, 'execute', 'uninstall');
      const after = stateAt(j, statement, 'after');
      if (reply === undefined || after === undefined) return;
      j.note(`Uninstall 1 in DELIVERED answered ${reply.code}, then ${printSeen(after)}`);
      if (j.policy.forUpdateInDelivered === 'refuse') refusal(j, statement, reply.code, 'Uninstall 1 in DELIVERED');
      const wanted = reply.code.startsWith('2.') ? [0] : [0, 3];
      j.check(statement, () => expect(wanted.map(printState), 'state after it').to.include(printState(after.state)));
    },
  },
  {
    ...INSTALLED,
    id: 'SWMGMT/UNI/08',
    purpose: 'an argument that Uninstall does not have is refused and changes nothing',
    item: ITEM.DEINSTALL,
    when: ITEM.DEINSTALL,
    statements: ['SWMGMT-9.6.argument'],
    ixit: ['instance', 'packageA'],
    policies: ['refusalCode'],
    async drive(t) {
      await see(t, 'before');
      for (const argument of ARGUMENTS) await t.execute([9, own(t), RES.uninstall], argument, argument);
      await see(t, 'after');
    },
    judge(j) {
      for (const argument of ARGUMENTS) refuses(j, 'SWMGMT-9.6.argument', 'execute', argument);
      unchanged(j, 'SWMGMT-9.6.argument', 'before', 'after');
    },
  },
  {
    ...INSTALLED,
    id: 'SWMGMT/UNI/09',
    purpose: 'a failed uninstallation leaves INSTALLED',
    item: ITEM.UNINSTALL_FAILED,
    when: `${ITEM.DEINSTALL} and ${ITEM.UNINSTALL_FAILED} and ${ITEM.INSTALL}`,
    statements: ['SWMGMT-R.59'],
    ixit: ['instance', 'packageUninstallFails', 'installS', 'uninstallS'],
    policies: ['failedUninstallResult'],
    start: 'clean',
    async drive(t) {
      await download(t, 'packageUninstallFails', 'failing package');
      await install(t, 'install');
      await see(t, 'before');
      await run(t, RES.uninstall, 'uninstall');
      await perhaps(t, 'a change', (s) => s.state !== 4 || s.result === 59 || s.result === 57, UNINSTALL);
      await see(t, 'after');
    },
    judge(j) {
      const statement = 'SWMGMT-R.59';
      const [before, after] = [stateAt(j, statement, 'before'), stateAt(j, statement, 'after')];
      const reply = answerTo(j, statement, 'execute', 'uninstall');
      if (before === undefined || after === undefined || reply === undefined) return;
      if (before.state !== 4) return j.inconclusive(statement, `the package was not installed: ${printSeen(before)}`);
      j.note(`a failed Uninstall answered ${reply.code}, then ${printSeen(after)}`);
      j.check(statement, () =>
        expect(printState(after.state), 'state after a failed Uninstall').to.equal(printState(4)),
      );
      const wanted = { '59': [59], '59or57': [59, 57], unchanged: [before.result], information: undefined }[
        j.policy.failedUninstallResult
      ];
      if (wanted !== undefined)
        j.check(statement, () =>
          expect(wanted.map(printResult), 'results allowed').to.include(printResult(after.result)),
        );
    },
  },
  {
    ...INSTALLED,
    id: 'SWMGMT/UNI/10',
    purpose: 'after Uninstall, Activate, Deactivate and Install are refused',
    statements: ['SWMGMT-S.uninstall', 'SWMGMT-S.install-only', 'SWMGMT-S.activate-only'],
    ixit: ['instance', 'packageA', 'uninstallS'],
    policies: ['refusalCode'],
    async drive(t) {
      await uninstall(t, 'uninstall');
      for (const [label, resource] of DEAD) await t.execute([9, own(t), resource], label);
    },
    judge(j) {
      if (uninstalls(j, 'SWMGMT-S.uninstall', 'uninstall') === undefined) return;
      for (const [label] of DEAD)
        refuses(j, label === 'install' ? 'SWMGMT-S.install-only' : 'SWMGMT-S.activate-only', 'execute', label);
    },
  },
  {
    ...INSTALLED,
    id: 'SWMGMT/UNI/11',
    purpose: 'an Uninstall message that comes twice is answered alike',
    item: ITEM.CACHE,
    when: `${ITEM.DEINSTALL} and ${ITEM.CACHE}`,
    statements: ['SWMGMT-RFC7252.duplicate'],
    ixit: ['instance', 'packageA', 'uninstallS'],
    async drive(t) {
      t.mark('uninstall');
      await t.twice('uninstall', { method: 'POST', path: [9, own(t), RES.uninstall] });
      await until(t, 'INITIAL', (s) => s.state === 0, UNINSTALL);
    },
    judge: (j) => sameAnswer(j, 'uninstall'),
  },
  {
    ...INSTALLED,
    id: 'SWMGMT/UNI/12',
    purpose: 'the full cycle can be repeated without drift',
    when: `${ITEM.UNINSTALL} and ${ITEM.INSTALL}`,
    statements: ['SWMGMT-S.cycle', 'SWMGMT-R.2', 'SWMGMT-R.delivered'],
    ixit: ['instance', 'packageA', 'cycles', 'installS', 'uninstallS', 'checkS'],
    policies: ['resultDelivered'],
    start: 'clean',
    async drive(t) {
      await t.read([9], 'before');
      for (let i = 1; i <= t.ixit.number('cycles'); i++) {
        await download(t, 'packageA', `package ${i}`);
        await install(t, `install ${i}`);
        await uninstall(t, `uninstall ${i}`);
      }
      await t.read([9], 'after');
    },
    judge(j) {
      const statement = 'SWMGMT-S.cycle';
      for (let i = 1; i <= j.ixit.number('cycles'); i++) {
        if (delivers(j, statement, `package ${i}`, DOWNLOAD) === undefined) return;
        if (installs(j, statement, `install ${i}`) === undefined) return;
        if (uninstalls(j, statement, `uninstall ${i}`) === undefined) return;
      }
      const instances = (label: string): unknown[] | undefined =>
        answerTo(j, statement, 'read', label)?.entries?.map((e) => e.path[1]);
      const [before, after] = [instances('before'), instances('after')];
      if (before !== undefined && after !== undefined)
        j.check(statement, () => expect(new Set(after), 'instances of object 9').to.deep.equal(new Set(before)));
    },
  },
];

/** How long what a variant began may go on after Uninstall was refused. */
function restOf(t: T, variant: string | undefined): Limit {
  if (variant === 'downloaded') return CHECK;
  // A push of which only the first block came is not carried on.
  if (variant === 'downloading' && !t.declared(ITEM.PULL_COAP)) return { timer: 'unfinishedS', times: 1.1 };
  return DOWNLOAD;
}

/** States of the variants. */
const ELSEWHERE: Readonly<Record<string, 0 | 1 | 2>> = { initial: 0, downloading: 1, downloaded: 2 };

function judgeElsewhere(j: J): void {
  const statement = 'SWMGMT-S.uninstall-elsewhere';
  const reply = answerTo(j, statement, 'execute', 'uninstall');
  if (reply === undefined) {
    if (j.variant === 'downloaded' && !j.ixit.has('packageSlowCheck'))
      j.inconclusive(statement, 'there is no package whose check takes long');
    return;
  }
  const before = j.log.before(reply.asked).last(snapshots);
  const last = j.log.first(answered('read', 'after'));
  const after = last?.code === '2.05' ? stateAt(j, statement, 'after') : undefined;
  j.note(
    `Uninstall in ${before === undefined ? 'an unknown state' : printState(before.state)} answered ${reply.code}${after === undefined ? '' : `, then ${printSeen(after)}`}`,
  );
  if (after === undefined) return j.inconclusive(statement, 'the instance could not be read afterwards');
  if (j.policy.outOfState === 'information') return;
  if (
    j.policy.outOfState === 'refuse' &&
    reply.code !== '5.03' &&
    metIn(j, statement, ELSEWHERE[j.variant ?? ''] ?? 0, 'uninstall')
  )
    refusal(j, statement, reply.code, 'Uninstall');
  const wanted = j.variant === 'initial' ? [0] : [0, 3];
  j.check(statement, () => expect(wanted.map(printState), 'state at rest').to.include(printState(after.state)));
  if (after.state !== 0 || j.variant === 'initial') return;
  const failure = j.log.after(reply).first(showing(own(j), 'INITIAL', (s) => s.state === 0));
  j.note(`the download ended in ${failure === undefined ? 'nothing seen' : printSeen(failure)}`);
}

/** Deinstallation. */
export const uni = suite<Lwm2mTester, Lwm2mPolicies>('UNI', cases);
