import { expect } from 'chai';
import { suite } from '../../src/core/case.ts';
import { eventKind, type Seen, where } from '../../src/core/log.ts';
import { printResult, printState, RES } from '../../src/lwm2m/codec/swmgmt.ts';
import { boolean } from '../../src/lwm2m/codec/value.ts';
import {
  type Answer,
  answered,
  type SeenSnapshot,
  showing,
  snapshots,
  taken,
  wasRepeated,
} from '../../src/lwm2m/kinds.ts';
import type { Lwm2mPolicies } from '../../src/lwm2m/policies.ts';
import { newLinks, type Registering, registering, registrations, updates } from '../../src/lwm2m/registered.ts';
import type { Lwm2mTester } from '../../src/lwm2m/tester.ts';
import {
  awaited,
  awaitedState,
  accepts,
  answerTo,
  cameSince,
  delivers,
  installs,
  isNamed,
  type J,
  type Lwm2mCase,
  marked,
  stateAt,
} from './claims.ts';
import { ITEM } from './items.ts';
import {
  ACTIVATE,
  DOWNLOAD,
  download,
  install,
  INSTALL,
  own,
  perhaps,
  see,
  type T,
  uninstall,
  until,
} from './moves.ts';
import { refusedIn } from './refused.ts';
import { sameAnswer } from './twice.ts';

const INSTALL_REQUEST = {
  name: 'install',
  resource: RES.install,
  item: ITEM.INSTALL,
  statement: 'SWMGMT-S.install-only',
} as const;

const DELIVERED = { start: 'delivered', item: ITEM.INSTALL, when: ITEM.INSTALL } as const;

/** Delivers a package whose installation fails, and installs it. */
async function failInstall(t: T): Promise<void> {
  await download(t, 'packageInstallFails', 'failing package');
  await install(t, 'failing install');
}

/** The installation failed: DELIVERED with result 58, whatever the answer to the Execute was. */
function failedInstall(j: J, statement: string): boolean {
  const reply = answerTo(j, statement, 'execute', 'failing install');
  if (reply === undefined) return false;
  const allowed = { answerFirst: /^2\./, actFirst: /^5\.00/, either: /^(?:2\.|5\.00)/ }[j.policy.executeOrder];
  j.note(`Install of a failing package answered ${reply.code}`);
  // The repetition may meet an installation under way; what the device shows then tells.
  if (allowed.test(reply.code) || !wasRepeated(j.log, reply))
    j.check(statement, () => expect(reply.code, `answer to Install (${j.policy.executeOrder})`).to.match(allowed));
  const over = showing(own(j), 'end of the installation', (s) => s.state !== 3 || s.result >= 50);
  const seen = awaitedState(j, statement, over, { stimulus: answered('execute', 'failing install'), within: INSTALL });
  if (seen === undefined) return false;
  j.check(statement, () => {
    expect(printState(seen.state), 'state after a failed installation').to.equal(printState(3));
    expect(printResult(seen.result), 'result after a failed installation').to.equal(printResult(58));
  });
  return true;
}

/** An Install that was taken leads to INSTALLED, one that was refused to nothing. */
function doesAsAnswered(j: J, statement: string, reply: Seen<Answer>, after: SeenSnapshot): void {
  if (reply.code.startsWith('2.'))
    return void awaitedState(j, statement, showingInstalled(j), {
      stimulus: taken('execute', 'install'),
      within: INSTALL,
    });
  if (after.state === 4 && wasRepeated(j.log, reply))
    return j.inconclusive(
      statement,
      'Install was repeated on the link; a copy of the one that was refused may be taken',
    );
  j.check(statement, () => expect(printState(after.state), 'state after the refusal').to.equal(printState(3)));
}

/** Power comes back. */
const POWER_ON = where(eventKind('power on', 'power', 'run'), 'power on', (e) => e.data?.['on'] === true);

const cases: Lwm2mCase[] = [
  {
    ...DELIVERED,
    id: 'SWMGMT/INS/01',
    purpose: 'Install in DELIVERED ends in INSTALLED with result 2',
    statements: ['SWMGMT-S.install', 'SWMGMT-R.2', 'SWMGMT-S.activation-initial'],
    ixit: ['instance', 'packageA', 'installS', 'activateS'],
    policies: ['executeOrder'],
    demo: true,
    async drive(t) {
      await install(t, 'install');
      t.mark('installed');
      if (t.declared(ITEM.SELF_ACTIVATES)) await perhaps(t, 'ACTIVE', (s) => s.active, ACTIVATE);
    },
    judge(j) {
      const statement = 'SWMGMT-S.activation-initial';
      const seen = installs(j, 'SWMGMT-S.install', 'install');
      if (seen === undefined) return;
      const active = j.declared(ITEM.SELF_ACTIVATES);
      const there = showing(own(j), 'ACTIVE', (s) => s.active);
      // The installer may activate a moment later.
      if (active && !seen.active)
        awaitedState(j, statement, there, { stimulus: marked('installed'), within: ACTIVATE });
      else j.check(statement, () => expect(seen.active, 'Activation State after Install').to.equal(active));
    },
  },
  refusedIn('SWMGMT/INS/02', 0, INSTALL_REQUEST),
  refusedIn('SWMGMT/INS/03', 1, INSTALL_REQUEST),
  refusedIn('SWMGMT/INS/04', 2, INSTALL_REQUEST),
  refusedIn('SWMGMT/INS/05', 4, INSTALL_REQUEST),
  {
    ...DELIVERED,
    id: 'SWMGMT/INS/06',
    purpose: 'a failed installation leaves DELIVERED with result 58',
    item: ITEM.INSTALL_FAILED,
    when: `${ITEM.INSTALL} and ${ITEM.INSTALL_FAILED}`,
    statements: ['SWMGMT-R.58'],
    ixit: ['instance', 'packageInstallFails', 'installS'],
    policies: ['executeOrder'],
    start: 'clean',
    drive: failInstall,
    judge: (j) => void failedInstall(j, 'SWMGMT-R.58'),
  },
  {
    ...DELIVERED,
    id: 'SWMGMT/INS/07',
    purpose: 'after a failed installation the package can be removed and a good one installed',
    item: ITEM.INSTALL_FAILED,
    when: `${ITEM.INSTALL} and ${ITEM.DEINSTALL} and ${ITEM.INSTALL_FAILED}`,
    statements: ['SWMGMT-S.after-58', 'SWMGMT-R.2', 'SWMGMT-R.delivered'],
    ixit: ['instance', 'packageInstallFails', 'packageA', 'installS', 'uninstallS'],
    policies: ['resultDelivered'],
    start: 'clean',
    async drive(t) {
      await failInstall(t);
      await uninstall(t, 'uninstall');
      t.mark('good');
      if (t.declared(ITEM.PUSH)) await t.push(own(t), 'packageA', 'good');
      else await t.pull(own(t), await t.serve('packageA'), 'good');
      await until(t, 'DELIVERED', (s) => s.state === 3, DOWNLOAD);
      await install(t, 'install');
    },
    judge(j) {
      const statement = 'SWMGMT-S.after-58';
      const gone = showing(own(j), 'INITIAL', (s) => s.state === 0);
      const how = accepts(j, statement, 'execute', 'uninstall');
      if (how === undefined || how === 'no') return;
      const stimulus = how === 'yes' ? taken('execute', 'uninstall') : answered('execute', 'uninstall');
      if (awaitedState(j, statement, gone, { stimulus, within: { timer: 'uninstallS' } }) === undefined) return;
      if (delivers(j, statement, 'good', DOWNLOAD) !== undefined) installs(j, statement, 'install');
    },
  },
  {
    ...DELIVERED,
    id: 'SWMGMT/INS/08',
    purpose: 'name and version are those of the package and Install does not change them',
    statements: ['SWMGMT-9.0.name'],
    ixit: ['instance', 'packageA', 'nameA', 'versionA', 'installS'],
    async drive(t) {
      await see(t, 'before');
      await install(t, 'install');
      await see(t, 'after');
    },
    judge(j) {
      for (const label of ['before', 'after']) {
        const seen = stateAt(j, 'SWMGMT-9.0.name', label);
        if (seen !== undefined) isNamed(j, 'SWMGMT-9.0.name', seen, 'A');
      }
    },
  },
  {
    ...DELIVERED,
    id: 'SWMGMT/INS/09',
    purpose: 'an Install message that comes twice is carried out once and answered alike',
    item: ITEM.CACHE,
    when: `${ITEM.INSTALL} and ${ITEM.CACHE}`,
    statements: ['SWMGMT-RFC7252.duplicate'],
    ixit: ['instance', 'packageA', 'installS'],
    async drive(t) {
      t.mark('install');
      await t.twice('install', { method: 'POST', path: [9, own(t), RES.install] });
      await until(t, 'INSTALLED', (s) => s.state === 4, INSTALL);
    },
    judge: (j) => sameAnswer(j, 'install'),
  },
  {
    ...DELIVERED,
    id: 'SWMGMT/INS/10',
    purpose: 'Install with an argument is taken or refused, and the device goes on',
    statements: ['SWMGMT-CORE.install-argument', 'SWMGMT-GEN.answers'],
    ixit: ['instance', 'packageA', 'installS'],
    async drive(t) {
      // What prepared the case may have shown INSTALLED.
      t.mark('install');
      const outcome = await t.execute([9, own(t), RES.install], 'install', "0='later'");
      const accepted = outcome.kind === 'reply' && outcome.code.startsWith('2.');
      await perhaps(t, 'INSTALLED', (s) => s.state === 4, accepted ? INSTALL : { timer: 'quietWindow' });
      await see(t, 'after');
    },
    judge(j) {
      const reply = answerTo(j, 'SWMGMT-CORE.install-argument', 'execute', 'install');
      if (reply === undefined) return;
      j.check('SWMGMT-CORE.install-argument', () =>
        expect(['2.04', '4.00', '4.05'], 'answer to Install with an argument').to.include(reply.code),
      );
      const seen = stateAt(j, 'SWMGMT-GEN.answers', 'after');
      if (seen === undefined) return;
      j.check('SWMGMT-GEN.answers', () => expect([3, 4], 'state after it').to.include(seen.state));
      doesAsAnswered(j, 'SWMGMT-CORE.install-argument', reply, seen);
    },
  },
  {
    ...DELIVERED,
    id: 'SWMGMT/INS/11',
    purpose: 'a device that reboots to install registers again and shows the outcome by itself',
    item: ITEM.REBOOTS,
    when: `${ITEM.INSTALL} and ${ITEM.REBOOTS}`,
    statements: ['SWMGMT-S.install-reboot'],
    ixit: ['instance', 'packageA', 'installS', 'registerS'],
    async drive(t) {
      t.mark('install');
      await t.execute([9, own(t), RES.install], 'install');
      await t.until(registrations, { timer: 'registerS' });
      await until(t, 'end of the installation', (s) => s.state === 4 || s.result >= 50, INSTALL);
    },
    judge(j) {
      const statement = 'SWMGMT-S.install-reboot';
      if (accepts(j, statement, 'execute', 'install') === undefined) return;
      const back = cameSince(j, statement, registrations, 'install', {
        stimulus: answered('execute', 'install'),
        within: { timer: 'registerS' },
      });
      if (back === undefined) return;
      const seen = awaitedState(
        j,
        statement,
        where(snapshots, 'outcome', (s) => s.state === 4 || s.result === 58),
        { stimulus: registrations, within: INSTALL },
        j.log.after('install'),
      );
      if (seen !== undefined)
        j.check(statement, () =>
          expect(['4/2', '3/58'], 'outcome after the reboot').to.include(`${seen.state}/${seen.result}`),
        );
    },
  },
  {
    ...DELIVERED,
    id: 'SWMGMT/INS/12',
    purpose: 'a power cut in DELIVERED does not install anything',
    item: ITEM.SURVIVES,
    when: `${ITEM.INSTALL} and ${ITEM.SURVIVES}`,
    statements: ['SWMGMT-S.power-delivered'],
    ixit: ['instance', 'packageA', 'registerS'],
    needs: ['power'],
    async drive(t) {
      await t.off();
      await t.on();
      await perhaps(t, 'DELIVERED', (s) => s.state === 3, { timer: 'quietWindow' });
      await see(t, 'after');
    },
    judge(j) {
      const statement = 'SWMGMT-S.power-delivered';
      if (j.log.first(POWER_ON) === undefined) return j.inconclusive(statement, 'the power was not switched');
      const seen = stateAt(j, statement, 'after');
      if (seen !== undefined)
        j.check(statement, () =>
          expect([0, 3].map(printState), 'state after the cut').to.include(printState(seen.state)),
        );
    },
  },
  {
    ...DELIVERED,
    id: 'SWMGMT/INS/13',
    purpose: 'new objects are told at once with Update Supported Objects true, else with the next periodic Update',
    item: 'SWMGMT 3/9',
    when: `${ITEM.INSTALL} and SWMGMT 3/9`,
    statements: ['SWMGMT-9.8.update', 'SWMGMT-9.8.periodic', 'SWMGMT-R.2'],
    ixit: ['instance', 'packageNewObjects', 'newObjects', 'installS', 'registerS'],
    policies: ['objectsTold'],
    // A device that reboots registers anew, with all its objects.
    variants: { 'at once': { when: 'SWMGMT 3/9' }, periodic: { when: `not ${ITEM.REBOOTS}` } },
    start: 'clean',
    async drive(t, variant) {
      const periodic = variant === 'periodic';
      const { lifetimeS } = t.registration();
      await t.write([9, own(t), RES.supportedObjects], boolean(!periodic), 'supported objects');
      await download(t, 'packageNewObjects', 'new objects');
      if (periodic) {
        t.mark('lifetime');
        await t.lifetime(SHORT_LIFETIME_S, 'lifetime');
        await t.perhaps(updates, { timer: 'updateLead' });
      }
      await install(t, 'install');
      await t.perhaps(tellsObjects(t), { timer: periodic ? 'shortLifetime' : 'updateLead' });
      if (periodic) await t.lifetime(lifetimeS, 'lifetime as before');
    },
    judge: (j) => (j.variant === 'periodic' ? toldPeriodically(j) : toldAtOnce(j)),
  },
];

/** A registration or update whose links name the new objects. */
function tellsObjects({ ixit }: Pick<J, 'ixit'>): typeof newLinks {
  const wanted = ixit.text('newObjects').split(',').map(Number);
  return where(newLinks, 'update with the new objects', ({ links }) =>
    wanted.every((object) => links?.links.some((l) => l.path[0] === object) === true),
  );
}

/** Of the row `shortLifetime`, as the device is told it. */
const SHORT_LIFETIME_S = 120;

function toldAtOnce(j: J): void {
  const statement = 'SWMGMT-9.8.update';
  accepts(j, statement, 'write', 'supported objects');
  if (installs(j, statement, 'install') === undefined) return;
  isTold(j, statement, 'updateLead');
}

function toldPeriodically(j: J): void {
  const statement = 'SWMGMT-9.8.periodic';
  accepts(j, statement, 'write', 'supported objects');
  const lifetime = j.log.first(taken('write', 'lifetime'));
  if (lifetime === undefined)
    return j.inconclusive(statement, 'the device did not take a short lifetime, so that no periodic update came');
  if (installs(j, statement, 'install') === undefined) return;
  const told = isTold(j, statement, 'shortLifetime');
  const before = told === undefined ? undefined : j.log.before(told).last(registering);
  if (told === undefined || before === undefined) return;
  // Devices update after half of the lifetime or later; so soon after the update before it no other is due.
  const early = j.log.elapsed(before, told) < j.ms('shortLifetime') / 4;
  if (early) j.note('new objects were told before the next periodic update');
  if (j.policy.objectsTold === 'periodicOnly')
    j.check(statement, () => expect(early, 'told before the next periodic update').to.equal(false));
}

/** The registration or update that told the new objects; in time, or judged here. */
function isTold(j: J, statement: string, timer: 'updateLead' | 'shortLifetime'): Seen<Registering> | undefined {
  const tells = tellsObjects(j);
  const after = j.log.after('install');
  const told = after.first(tells);
  if (told === undefined)
    return awaited(j, statement, tells, { stimulus: showingInstalled(j), within: { timer } }, after);
  j.check(statement, () => expect(told.links, 'links with the new objects').to.not.equal(undefined));
  return told;
}

const showingInstalled = (j: J) => showing(own(j), 'INSTALLED', (s) => s.state === 4);

/** Installation. */
export const ins = suite<Lwm2mTester, Lwm2mPolicies>('INS', cases);
