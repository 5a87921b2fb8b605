import { mustBe } from '../../src/core/claim.ts';
import { type Kind, where } from '../../src/core/log.ts';
import { answered, sendings, type SwuMethod } from '../../src/ocf/kinds.ts';
import { activity, scheduled } from '../../src/ocf/run.ts';
import { type Modes, modesAnswered, modesNotified, modesRead } from '../../src/ocf/security/kinds.ts';
import { printValue } from '../../src/ocf/value.ts';
import { answerTo, type J, type OcfCase, readBack, type T, TRIES, unchanged } from './claims.ts';
import { ITEM } from './items.ts';
import { judgeAgreement, readModes } from './modes.ts';
import { judgeDefaults } from './read.ts';
import { began, modeRun, TRIGGER, untilRest } from './runs.ts';

const UNOWNED = 'OCFSWU-SEC.unowned';
const SECURE = 'OCFSWU-1.secure';

/** A request that must not be served: refused, or not answered at all. */
function denied(j: J, statement: string, method: SwuMethod, label: string): void {
  const reply = j.log.first(answered(method, label));
  const served = where(answered(method, label), `${method} (${label}) that was served`, (r) => r.code.startsWith('2.'));
  j.never(statement, served, { stimulus: reply === undefined ? sendings(method, label) : answered(method, label) });
  j.note(`${label}: ${reply?.code ?? 'no answer'}`);
  if (reply === undefined) return;
  const expected = 'a refusal, 4.xx';
  j.check(statement, () => mustBe(reply.code.startsWith('4.'), `answer to ${label}`, reply.code, expected), reply);
}

/** The device took the move with this label, or the case cannot say anything. */
function moved(j: J, statement: string, label: string): boolean {
  const reply = j.log.first(modesAnswered(label));
  if (reply?.code.startsWith('2.') === true) return true;
  j.inconclusive(statement, `the device did not go to ${label} (${reply?.code ?? 'no answer'})`);
  return false;
}

/** UPDATE in clear, by a client that never authenticated itself. */
export const unauthorised: OcfCase = {
  id: 'OCFSWU/UPD/21',
  purpose: 'an UPDATE of an unauthorised client is not carried out and changes nothing',
  item: ITEM.SEC,
  when: ITEM.SEC,
  statements: [SECURE],
  start: 'rest',
  demo: true,
  async drive(t) {
    await t.update(t.body(), { label: 'base' });
    await t.retrieve('before');
    await t.update(t.body({ purl: t.url('intruder') }), { label: 'UPDATE in clear', clear: true });
    await t.retrieve('RETRIEVE in clear', { clear: true });
    await t.retrieve('after');
  },
  judge(j) {
    denied(j, SECURE, 'UPDATE', 'UPDATE in clear');
    denied(j, SECURE, 'RETRIEVE', 'RETRIEVE in clear');
    unchanged(j, SECURE, 'before', 'after');
  },
};

const RUNS = Array.from({ length: TRIES }, (_, i) => i + 1);
const runName = (i: number): string => `run ${i}`;
const restName = (i: number): string => `rest ${i}`;
const REFUSED = { behaviour: { kind: 'status', status: 404 } } as const;

/** The newest notification since the run began shows the `cm` that was then read. */
const caughtUp: Kind<{ readonly run: number }> = {
  name: 'last notification of cm that agrees with the RETRIEVE at rest',
  read(event, log) {
    const i = RUNS.find((run) => scheduled(runName(run)).read(event, log) !== undefined);
    const rest = i === undefined ? undefined : log.first(modesRead(restName(i)));
    if (i === undefined || rest === undefined) return undefined;
    const next = log.first(scheduled(runName(i + 1)))?.n ?? Number.POSITIVE_INFINITY;
    const newest = log
      .after(event)
      .all(modesNotified)
      .findLast((m) => m.fresh && m.n < next);
    return newest?.cm === rest.cm ? { run: i } : undefined;
  },
};
const runAtRest: Kind<Modes> = {
  name: 'cm read at rest',
  read: (event, log) => RUNS.map((i) => modesRead(restName(i)).read(event, log)).find((m) => m !== undefined),
};

/** Notifications may be lost and put together, so any of several runs is enough. */
export const observedModes: OcfCase = {
  id: 'OCFSWU/OBS/04',
  purpose:
    'an observer of /oic/sec/pstat sees the changes of cm: what it was told last is what a RETRIEVE shows at rest',
  item: ITEM.SEC,
  when: `${ITEM.OBS} and ${ITEM.SEC} and ${ITEM.PSTAT} and ${ITEM.ISAC} and ${ITEM.ISVV}`,
  statements: ['OCFSWU-F2.pstat', TRIGGER],
  ixit: ['packageOk', 'maxDownloadS'],
  start: 'idle',
  async drive(t) {
    if ((await t.observeModes('observe')) === undefined) t.stop('the device does not accept the registration at pstat');
    for (const i of RUNS) {
      t.mark(runName(i));
      // A check leads to 256; a validation that fails leads back to 0. A device that goes on by itself would restart after a good check.
      const check = i % 2 === 1 && !t.declared(ITEM.CHAIN);
      await t.update(t.body({ purl: await t.serve('packageOk', check ? {} : REFUSED) }), { label: 'purl' });
      await modeRun(t, check ? 'isac' : 'isvv', runName(i));
      await t.modes(restName(i));
      if ((await t.perhaps(modesNotified, { timer: 'notifyWindow' })) !== undefined) break;
    }
  },
  judge(j) {
    if (began(j, TRIGGER, runName(1)) === undefined) return;
    const told = j.log.all(modesNotified).map((m) => printValue(m.cm));
    j.note(`notified cm: ${told.filter((cm, i) => cm !== told[i - 1]).join(', ') || 'none'}`);
    const made = j.log.all(runAtRest).length;
    const first = j.log.first(caughtUp);
    if (first !== undefined)
      j.check('OCFSWU-F2.pstat', () => mustBe(first.run > 0, 'run whose end was notified', first.run, 'one of them'));
    else if (made < TRIES) j.inconclusive('OCFSWU-F2.pstat', `no agreement in ${made} runs; ${TRIES} would tell`);
    else j.came('OCFSWU-F2.pstat', caughtUp, { stimulus: runAtRest, tries: TRIES });
  },
};

const COMMON = { item: ITEM.SEC, start: 'idle' } as const;

async function giveAndRead(t: T): Promise<void> {
  await t.update(t.body({ purl: t.url('kept'), swupdateaction: 'isac' }), { label: 'set' });
  await t.retrieve('before');
}

/** What becomes of the resource when the onboarding state changes. */
export const onboarding: readonly OcfCase[] = [
  {
    ...COMMON,
    id: 'OCFSWU/LIFE/01',
    purpose: 'a reset by the onboarding state restores the first values',
    when: `${ITEM.SEC} and ${ITEM.RESETTABLE}`,
    statements: ['OCFSWU-CORE.reset'],
    policies: ['resetDefaults'],
    async drive(t) {
      await giveAndRead(t);
      await t.moveTo('RESET');
      await t.retrieve('plain');
    },
    judge(j) {
      if (!moved(j, 'OCFSWU-CORE.reset', 'RESET')) return;
      const after = readBack(j, 'OCFSWU-CORE.reset', 'plain');
      if (after !== undefined) judgeDefaults(j, 'OCFSWU-CORE.reset', after);
    },
  },
  {
    ...COMMON,
    id: 'OCFSWU/LIFE/02',
    purpose: 'before onboarding the resource cannot be reached in clear',
    when: `${ITEM.SEC} and ${ITEM.RESETTABLE}`,
    statements: [UNOWNED],
    async drive(t) {
      await giveAndRead(t);
      await t.moveTo('RESET');
      await t.retrieve('RETRIEVE in clear, unowned', { clear: true });
      await t.update(t.body({ purl: t.url('intruder') }), { label: 'UPDATE in clear, unowned', clear: true });
    },
    judge(j) {
      if (!moved(j, UNOWNED, 'RESET')) return;
      denied(j, UNOWNED, 'RETRIEVE', 'RETRIEVE in clear, unowned');
      denied(j, UNOWNED, 'UPDATE', 'UPDATE in clear, unowned');
    },
  },
  {
    ...COMMON,
    id: 'OCFSWU/LIFE/03',
    purpose: 'during a soft reset the resource cannot be reached, in clear or as owner',
    when: ITEM.SEC,
    statements: [UNOWNED],
    async drive(t) {
      await giveAndRead(t);
      await t.moveTo('SRESET');
      await t.retrieve('RETRIEVE in clear, SRESET', { clear: true });
      await t.retrieve('RETRIEVE as owner, SRESET');
    },
    judge(j) {
      if (!moved(j, UNOWNED, 'SRESET')) return;
      denied(j, UNOWNED, 'RETRIEVE', 'RETRIEVE in clear, SRESET');
      denied(j, UNOWNED, 'RETRIEVE', 'RETRIEVE as owner, SRESET');
    },
  },
  {
    ...COMMON,
    id: 'OCFSWU/LIFE/04',
    purpose:
      'a change between provisioning and normal operation does not corrupt a running update: state and cm agree afterwards',
    when: `${ITEM.SEC} and ${ITEM.PSTAT} and ${ITEM.ISVV}`,
    statements: ['OCFSWU-T3.cm', TRIGGER],
    ixit: ['packageOk', 'maxDownloadS'],
    async drive(t) {
      const purl = await t.serve('packageOk', { behaviour: { kind: 'drip' } });
      await t.update(t.body({ purl }), { label: 'purl' });
      await t.watch();
      await t.trigger('isvv');
      if ((await t.perhaps(activity('run'), { timer: 'maxDownloadS' })) === undefined) t.stop('the run did not begin');
      await t.moveTo('RFPRO');
      await t.moveTo('RFNOP');
      await untilRest(t, 'isvv', 'run');
      await readModes(t, 'rest');
    },
    judge(j) {
      const MODE = 'OCFSWU-T3.cm';
      if (answerTo(j, MODE, 'UPDATE', 'purl') === undefined) return;
      if (j.log.first(activity('run')) === undefined) {
        j.inconclusive(MODE, 'the run did not begin');
        return;
      }
      if (!moved(j, MODE, 'RFPRO') || !moved(j, MODE, 'RFNOP')) return;
      const seen = judgeAgreement(j, 'rest');
      if (seen !== undefined)
        j.note(`after the change: state ${printValue(seen.state.state)}, result ${printValue(seen.state.result)}`);
    },
  },
];
