import { expect } from 'chai';
import { suite } from '../../src/core/case.ts';
import type { Seen } from '../../src/core/log.ts';
import { printState, RES } from '../../src/lwm2m/codec/swmgmt.ts';
import { string } from '../../src/lwm2m/codec/value.ts';
import { type Answer, answered, showing, snapshots, wasRepeated } from '../../src/lwm2m/kinds.ts';
import { printTriple } from '../../src/lwm2m/machine.ts';
import { blockRequests, fetched, fetches, type Scheme } from '../../src/lwm2m/packages.ts';
import type { Lwm2mPolicies } from '../../src/lwm2m/policies.ts';
import type { Lwm2mTester } from '../../src/lwm2m/tester.ts';
import {
  accepts,
  awaited,
  awaitedState,
  cameSince,
  answerTo,
  delivers,
  failsWith,
  isNamed,
  type J,
  type Lwm2mCase,
  marked,
  printSeen,
  refusal,
  refusesOrBusy,
  stateAt,
} from './claims.ts';
import { failingPulls } from './failing-pulls.ts';
import { ITEM } from './items.ts';
import { GAVE_UP, gaveUp } from './lost.ts';
import {
  CHECK,
  DOWNLOAD,
  ended,
  own,
  perhaps,
  pull,
  push,
  runningPull,
  see,
  slowPull,
  uninstall,
  until,
} from './moves.ts';

const PULLED = { start: 'clean', item: ITEM.PULL_COAP, when: ITEM.PULL_COAP } as const;

/** The device asked for the package, and delivered it. */
function pulls(j: J, statement: string, label: string): ReturnType<typeof delivers> {
  const reply = answerTo(j, statement, 'write', label);
  if (reply === undefined) return undefined;
  cameSince(j, statement, fetches, label, { stimulus: answered('write', label), within: { timer: 'pullS' } });
  return delivers(j, statement, label, DOWNLOAD);
}

/** Protocols besides coap, and who declares them. */
const SCHEMES: Readonly<Record<Exclude<Scheme, 'coap'>, string>> = {
  coaps: ITEM.PULL_COAPS,
  http: ITEM.PULL_HTTP,
  https: ITEM.PULL_HTTPS,
};
/** Protocols by which a server can ask for credentials. */
const WEB = { http: ITEM.PULL_HTTP, https: ITEM.PULL_HTTPS } as const;

const variantsOf = (schemes: Readonly<Record<string, string>>): Record<string, { when: string }> =>
  Object.fromEntries(Object.entries(schemes).map(([scheme, when]) => [scheme, { when }]));
const anyOf = (schemes: Readonly<Record<string, string>>): string => Object.values(schemes).join(' or ');

const good: Lwm2mCase[] = [
  {
    ...PULLED,
    id: 'SWMGMT/DLU/01',
    purpose: 'a package is pulled over coap and delivered',
    statements: ['SWMGMT-S.pull', 'SWMGMT-R.delivered', 'SWMGMT-9.0.name'],
    ixit: ['instance', 'packageA', 'pullS', 'checkS'],
    policies: ['resultDelivered'],
    demo: true,
    drive: async (t) => pull(t, await t.serve('packageA'), 'pull'),
    judge(j) {
      const seen = pulls(j, 'SWMGMT-S.pull', 'pull');
      if (seen !== undefined) isNamed(j, 'SWMGMT-9.0.name', seen, 'A');
    },
  },
  {
    ...PULLED,
    id: 'SWMGMT/DLU/02',
    purpose: 'a package is pulled over every other declared protocol and delivered',
    item: ITEM.PULL_COAPS,
    when: anyOf(SCHEMES),
    statements: ['SWMGMT-9.3.protocols', 'SWMGMT-R.delivered'],
    ixit: ['instance', 'packageA', 'pullS', 'checkS'],
    policies: ['resultDelivered'],
    variants: variantsOf(SCHEMES),
    drive: async (t, variant) => pull(t, await t.serve('packageA', { scheme: variant as Scheme }), 'pull'),
    judge: (j) => void pulls(j, 'SWMGMT-9.3.protocols', 'pull'),
  },
  {
    ...PULLED,
    id: 'SWMGMT/DLU/03',
    purpose: 'DOWNLOAD STARTED and result 1 are shown while a package is pulled',
    statements: ['SWMGMT-R.1'],
    ixit: ['instance', 'packageA', 'pullS'],
    async drive(t) {
      await slowPull(t, 'pull');
      await until(t, 'DOWNLOAD STARTED', (s) => s.state === 1, DOWNLOAD);
    },
    judge(j) {
      if (answerTo(j, 'SWMGMT-R.1', 'write', 'pull') === undefined) return;
      const started = showing(own(j), 'DOWNLOAD STARTED', (s) => s.state === 1);
      const [first, end] = [fetches, fetched].map((kind) => j.log.after('pull').first(kind));
      const midway = end === undefined ? undefined : j.log.before(end).last(snapshots);
      if (first !== undefined && end !== undefined && (midway === undefined || midway.n < first.n))
        return j.inconclusive('SWMGMT-R.1', 'no Read was answered while the package was pulled');
      const seen = awaitedState(
        j,
        'SWMGMT-R.1',
        started,
        { stimulus: fetches, within: { timer: 'pullS' } },
        j.log.after('pull'),
      );
      if (seen !== undefined)
        j.check('SWMGMT-R.1', () => expect(printTriple(seen), 'state, result, activation').to.equal('1/1/0'));
    },
  },
  {
    ...PULLED,
    id: 'SWMGMT/DLU/04',
    purpose: 'Install, Activate and Deactivate are refused during a pull, which goes on',
    statements: [
      'SWMGMT-S.install-only',
      'SWMGMT-S.activate-only',
      'SWMGMT-S.busy',
      'SWMGMT-S.pull',
      'SWMGMT-R.delivered',
    ],
    ixit: ['instance', 'packageA', 'pullS'],
    policies: ['outOfState', 'refusalCode', 'resultDelivered'],
    async drive(t) {
      await runningPull(t, 'pull');
      for (const [label, resource] of [
        ['install', RES.install],
        ['activate', RES.activate],
        ['deactivate', RES.deactivate],
        ['uninstall', RES.uninstall],
      ] as const)
        await t.execute([9, own(t), resource], label);
      await t.pull(own(t), await t.serve('packageA'), 'second URI');
      await until(t, 'rest', (s) => s.state === 0 || s.state >= 3, DOWNLOAD);
      await see(t, 'after');
    },
    judge(j) {
      for (const [label, statement] of [
        ['install', 'SWMGMT-S.install-only'],
        ['activate', 'SWMGMT-S.activate-only'],
        ['deactivate', 'SWMGMT-S.activate-only'],
      ] as const)
        if (midPull(j, statement, 'execute', label)) refusesOrBusy(j, statement, 'execute', label);
      judgeBusy(j);
    },
  },
  {
    ...PULLED,
    id: 'SWMGMT/DLU/10',
    purpose: 'a package that changes during a pull is never delivered as a mixture',
    statements: ['SWMGMT-S.mixed'],
    ixit: ['instance', 'packageA', 'packageB', 'pullS'],
    async drive(t) {
      const url = await slowPull(t, 'pull');
      await t.until(blockRequests, { timer: 'pullS' });
      await t.until(blockRequests, { timer: 'pullS' });
      await t.until(blockRequests, { timer: 'pullS' });
      t.mark('changed');
      t.swap(url, 'packageB');
      await perhaps(t, 'end of the download', ended, DOWNLOAD);
      await see(t, 'after');
    },
    judge(j) {
      const seen = stateAt(j, 'SWMGMT-S.mixed', 'after');
      const requests = j.log.after('changed').all(blockRequests);
      if (seen === undefined) return;
      if (requests.length === 0) return j.inconclusive('SWMGMT-S.mixed', 'no block was asked for after the change');
      const restarted = requests.some((r) => r.num === 0);
      j.note(
        `after the change ${restarted ? 'the download began anew' : 'no first block was asked for'}; then ${printSeen(seen)}`,
      );
      if (!restarted)
        j.check('SWMGMT-S.mixed', () =>
          expect(printState(seen.state), 'state, blocks of two packages').to.not.equal(printState(3)),
        );
      else j.check('SWMGMT-S.mixed', () => expect([0, 1, 2, 3], 'state after a new download').to.include(seen.state));
    },
  },
  {
    ...PULLED,
    id: 'SWMGMT/DLU/11',
    purpose: 'a pull survives a short cut of the link',
    item: ITEM.RESUME,
    when: `${ITEM.RESUME} and ${ITEM.PULL_COAP}`,
    statements: ['SWMGMT-S.resume', 'SWMGMT-R.delivered'],
    ixit: ['instance', 'packageA', 'pullS', 'checkS'],
    policies: ['resultDelivered'],
    async drive(t) {
      const url = await slowPull(t, 'pull');
      await t.until(blockRequests, { timer: 'pullS' });
      await t.until(blockRequests, { timer: 'pullS' });
      t.mark('cut');
      t.behave(url, { silentAt: 0 });
      await t.pause({ timer: 'resumeGap' }, 'the link is cut');
      t.behave(url, undefined);
      await until(t, 'end of the download', ended, DOWNLOAD);
    },
    judge(j) {
      const lost = j.log
        .after('pull')
        .first(showing(own(j), 'connection lost', (s) => s.state === 0 && s.result === 52));
      // The link was cut for less time than CoAP repeats messages; a device that gives up then has not waited. One that gives up later may have lost the rest.
      if (lost !== undefined && gaveUp(j, 'pull', lost, j.log.first(marked('cut'))))
        j.inconclusive('SWMGMT-S.resume', GAVE_UP);
      else if (lost !== undefined)
        j.check('SWMGMT-S.resume', () =>
          expect(printState(lost.state), 'state after a short cut').to.not.equal(printState(0)),
        );
      else delivers(j, 'SWMGMT-S.resume', 'pull', DOWNLOAD);
    },
  },
  {
    ...PULLED,
    id: 'SWMGMT/DLU/13',
    purpose: 'a Package URI of 255 octets works; a longer one is refused or invalid',
    statements: ['SWMGMT-9.3.length', 'SWMGMT-R.delivered'],
    ixit: ['instance', 'packageA', 'pullS', 'checkS'],
    policies: ['resultDelivered', 'refusalCode'],
    async drive(t) {
      const longest = await t.serve('packageA', { urlOctets: 255 });
      t.mark('255 octets');
      await t.pull(own(t), longest, '255 octets');
      await until(t, 'end of the download', ended, DOWNLOAD);
      await uninstall(t, 'uninstall');
      t.mark('256 octets');
      await t.pull(own(t), await t.serve('packageA', { urlOctets: 256 }), '256 octets');
      await perhaps(t, 'end of the download', ended, { timer: 'pullS' });
    },
    judge(j) {
      delivers(j, 'SWMGMT-9.3.length', '255 octets', DOWNLOAD);
      const reply = j.log.first(answered('write', '256 octets'));
      if (reply === undefined) return;
      if (reply.code.startsWith('2.'))
        return void failsWith(j, 'SWMGMT-9.3.length', '256 octets', [56], { timer: 'pullS' });
      refusal(j, 'SWMGMT-9.3.length', reply.code, 'a Package URI of 256 octets');
    },
  },
  {
    ...PULLED,
    id: 'SWMGMT/DLU/14',
    purpose: 'User Name and Password are used for the fetch',
    item: 'SWMGMT 3/15',
    when: `SWMGMT 3/15 and SWMGMT 3/16 and (${anyOf(WEB)})`,
    statements: ['SWMGMT-9.14.credentials', 'SWMGMT-R.delivered'],
    ixit: ['instance', 'packageA', 'user', 'password', 'pullS', 'checkS'],
    policies: ['resultDelivered'],
    variants: variantsOf(WEB),
    async drive(t, variant) {
      const credentials = { user: t.ixit.text('user'), password: t.ixit.text('password') };
      await t.write([9, own(t), RES.user], string(credentials.user), 'user');
      await t.write([9, own(t), RES.password], string(credentials.password), 'password');
      await pull(t, await t.serve('packageA', { scheme: variant as Scheme, credentials }), 'pull');
    },
    judge(j) {
      const statement = 'SWMGMT-9.14.credentials';
      for (const label of ['user', 'password']) accepts(j, statement, 'write', label);
      if (answerTo(j, statement, 'write', 'pull') === undefined) return;
      const asked = j.log.after('pull').all(fetches);
      const last = asked.at(-1);
      if (last === undefined)
        return void awaited(j, statement, fetches, {
          stimulus: answered('write', 'pull'),
          within: { timer: 'pullS' },
        });
      // A device may fetch without them at first and show them when asked; one that has ended its download has had its chance.
      if (j.log.after(last).first(showing(own(j), 'end of the download', ended)) !== undefined)
        j.check(statement, () =>
          expect(
            asked.map((f) => f.authorised),
            'user name and password shown, request by request',
          ).to.include(true),
        );
      delivers(j, statement, 'pull', DOWNLOAD);
    },
  },
  {
    ...PULLED,
    id: 'SWMGMT/DLU/15',
    purpose: 'a pull works after a failed push, and a push after a failed pull',
    item: ITEM.DOWNLOAD,
    when: `${ITEM.PUSH} and ${ITEM.PULL_COAP} and ${ITEM.INTEGRITY}`,
    statements: ['SWMGMT-S.after-other', 'SWMGMT-R.delivered'],
    ixit: ['instance', 'packageA', 'packageBroken', 'pullS', 'checkS'],
    policies: ['resultDelivered'],
    async drive(t) {
      await push(t, 'packageBroken', 'failed push');
      const url = await t.serve('packageA');
      t.mark('pull');
      await t.pull(own(t), url, 'pull');
      await until(t, 'DELIVERED', (s) => s.state === 3, DOWNLOAD);
      await uninstall(t, 'uninstall');
      await pull(t, await t.serve('packageBroken'), 'failed pull');
      t.mark('push');
      await t.push(own(t), 'packageA', 'push');
      await until(t, 'DELIVERED', (s) => s.state === 3, CHECK);
    },
    judge(j) {
      if (answerTo(j, 'SWMGMT-S.after-other', 'write', 'pull') !== undefined)
        delivers(j, 'SWMGMT-S.after-other', 'pull', DOWNLOAD);
      if (j.log.first(answered('write', 'push')) !== undefined) delivers(j, 'SWMGMT-S.after-other', 'push', CHECK);
    },
  },
];

/** The pull had not come to its end when this request was answered, so the device cannot have been in DELIVERED. */
function midPull(j: J, statement: string, operation: 'execute' | 'write', label: string): boolean {
  const reply = j.log.first(answered(operation, label));
  const end = j.log.after('pull').first(fetched);
  if (reply === undefined || end === undefined || reply.n < end.n) return true;
  j.inconclusive(statement, `the pull was over when ${operation} (${label}) was answered`);
  return false;
}

function judgeBusy(j: J): void {
  const statement = 'SWMGMT-S.busy';
  const [uninstalled, second] = [
    answerTo(j, statement, 'execute', 'uninstall'),
    answerTo(j, statement, 'write', 'second URI'),
  ];
  const after = stateAt(j, statement, 'after');
  if (uninstalled === undefined || second === undefined || after === undefined) return;
  j.note(`during a pull: Uninstall ${uninstalled.code}, Package URI ${second.code}; then ${printSeen(after)}`);
  if (j.policy.outOfState === 'information') return;
  for (const [reply, what, operation, label] of [
    [uninstalled, 'Uninstall', 'execute', 'uninstall'],
    [second, 'Package URI', 'write', 'second URI'],
  ] as const)
    if (j.policy.outOfState === 'refuse' && reply.code !== '5.03' && midPull(j, statement, operation, label))
      refusal(j, statement, reply.code, `${what} during a pull`);
  const isRefused = (reply: Seen<Answer>): boolean => !reply.code.startsWith('2.');
  const refused = isRefused(uninstalled) && isRefused(second);
  // A copy of a request that was refused may have been taken before.
  const doubtful = [uninstalled, second].some((reply) => isRefused(reply) && wasRepeated(j.log, reply));
  if (refused && !(doubtful && after.state === 0)) delivers(j, 'SWMGMT-S.pull', 'pull', DOWNLOAD);
  else j.check(statement, () => expect([0, 3], 'state at rest').to.include(after.state));
}

/** Download by pull. */
export const dlu = suite<Lwm2mTester, Lwm2mPolicies>(
  'DLU',
  [...good, ...failingPulls].sort((a, b) => a.id.localeCompare(b.id)),
);
