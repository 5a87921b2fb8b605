import { mustBe } from '../../src/core/claim.ts';
import { type Kind, where } from '../../src/core/log.ts';
import { answered, sendings, shown, type SwuMethod } from '../../src/ocf/kinds.ts';
import { scheduled } from '../../src/ocf/run.ts';
import { type Modes, modesAnswered, modesNotified, modesRead } from '../../src/ocf/security/kinds.ts';
import { printValue } from '../../src/ocf/value.ts';
import { type J, type OcfCase, readBack, type T, unchanged } from './claims.ts';
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

/** In clear, by a client that never authenticated itself; and by one that did, but has no entry in the access control list. */
export const unauthorised: OcfCase = {
  id: 'OCFSWU/UPD/21',
  purpose: 'an UPDATE of an unauthorised client is not carried out and changes nothing',
  item: ITEM.SEC,
  when: ITEM.SEC,
  statements: [SECURE],
  variants: { clear: { when: 'always' }, 'no-entry': { when: 'always' } },
  start: 'rest',
  demo: true,
  async drive(t, variant) {
    const by = variant === 'clear' ? { clear: true } : {};
    await t.update(t.body(), { label: 'base' });
    await t.retrieve('before');
    if (variant === 'no-entry') await t.bar();
    await t.update(t.body({ purl: t.url('intruder') }), { label: 'UPDATE of the intruder', ...by });
    await t.retrieve('RETRIEVE of the intruder', by);
    if (variant === 'clear') await t.retrieve('after');
  },
  judge(j) {
    denied(j, SECURE, 'UPDATE', 'UPDATE of the intruder');
    denied(j, SECURE, 'RETRIEVE', 'RETRIEVE of the intruder');
    if (j.variant === 'clear') unchanged(j, SECURE, 'before', 'after');
  },
};

/** So many notifications lost in a row are less likely than once in a thousand (10 % each way). */
const ENOUGH = 3;
/** A check that finds something leads to 256, one that finds nothing back to 0: as many of each. */
const RUNS = Array.from({ length: 2 * ENOUGH }, (_, i) => i + 1);
const WAYS = ['up', 'down'] as const;
type Way = (typeof WAYS)[number];
const wayOf = ({ run }: { readonly run: number }): Way => (run % 2 === 1 ? 'up' : 'down');
const runName = (i: number): string => `run ${i}`;
const restName = (i: number): string => `rest ${i}`;

/** A run after which `cm` read at rest is another one than at the rest before: the observer has to be told. */
const changed: Kind<Modes & { readonly run: number }> = {
  name: 'cm at rest, other than at the rest before',
  read(event, log) {
    const i = RUNS.find((run) => modesRead(restName(run)).read(event, log) !== undefined);
    if (i === undefined) return undefined;
    const [now, before] = [i, i - 1].map((n) => log.first(modesRead(restName(n))));
    return now === undefined || before === undefined || now.cm === before.cm ? undefined : { ...now, run: i };
  },
};

/** The newest notification before the next run shows the `cm` that was read at rest. */
const caughtUp: Kind<{ readonly run: number }> = {
  name: 'last notification of cm that agrees with the RETRIEVE at rest',
  read(event, log) {
    const rest = changed.read(event, log);
    if (rest === undefined) return undefined;
    const next = log.first(scheduled(runName(rest.run + 1)))?.n ?? Number.POSITIVE_INFINITY;
    const newest = log.all(modesNotified).findLast((m) => m.fresh && m.n < next);
    return newest?.cm === rest.cm ? { run: rest.run } : undefined;
  },
};

/** Notifications may be lost and put together, so any of several changes is enough. */
export const observedModes: OcfCase = {
  id: 'OCFSWU/OBS/04',
  purpose:
    'an observer of /oic/sec/pstat sees the changes of cm: what it was told last is what a RETRIEVE shows at rest',
  item: ITEM.SEC,
  when: `${ITEM.OBS} and ${ITEM.SEC} and ${ITEM.PSTAT} and ${ITEM.ISAC} and not ${ITEM.CHAIN}`,
  statements: ['OCFSWU-F2.pstat', TRIGGER],
  ixit: ['packageOk', 'packageOld', 'maxDownloadS'],
  start: 'idle',
  async drive(t) {
    await t.observeModes('observe');
    await t.modes(restName(0));
    const seen = new Set<Way>();
    for (const i of RUNS) {
      const way = wayOf({ run: i });
      t.mark(runName(i));
      const purl = await t.serve(way === 'up' ? 'packageOk' : 'packageOld');
      await t.update(t.body({ purl }), { label: 'purl' });
      await modeRun(t, 'isac', runName(i));
      const rest = await t.modes(restName(i));
      const told = where(modesNotified, 'notification of cm at rest', (m) => m.fresh && m.cm === rest?.cm);
      if ((await t.perhaps(told, { timer: 'notifyWindow' })) !== undefined) seen.add(way);
      if (seen.size === WAYS.length) break;
    }
  },
  judge(j) {
    if (began(j, TRIGGER, runName(1)) === undefined) return;
    const told = j.log.all(modesNotified).map((m) => printValue(m.cm));
    j.note(`notified cm: ${told.filter((cm, i) => cm !== told[i - 1]).join(', ') || 'none'}`);
    for (const way of WAYS) {
      const stimulus = where(changed, `cm at rest that went ${way}`, (m) => wayOf(m) === way);
      const agreed = where(caughtUp, `${caughtUp.name}, cm going ${way}`, (m) => wayOf(m) === way);
      const chances = j.log.all(stimulus).length;
      const first = j.log.first(agreed);
      if (first !== undefined)
        j.check('OCFSWU-F2.pstat', () => mustBe(first.run > 0, 'run whose end was notified', first.run, 'one of them'));
      else if (chances < ENOUGH)
        j.inconclusive('OCFSWU-F2.pstat', `cm went ${way} ${chances} times without agreement; ${ENOUGH} would tell`);
      else j.came('OCFSWU-F2.pstat', agreed, { stimulus, tries: ENOUGH });
    }
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
    statements: ['OCFSWU-T3.cm'],
    ixit: ['packageOk', 'maxDownloadS'],
    async drive(t) {
      if (!t.declared(ITEM.CHAIN)) {
        await t.update(t.body({ purl: await t.serve('packageOk') }), { label: 'check' });
        await modeRun(t, 'isac', 'check');
        await there(t, 'at rest');
        await readModes(t, 'after the check');
      }
      const purl = await t.serve('packageOk', { behaviour: { kind: 'drip' } });
      await t.update(t.body({ purl }), { label: 'purl' });
      await t.watch();
      await t.trigger('isvv');
      const fetching = where(shown, 'state svv', (r) => r.state === 'svv');
      if ((await t.perhaps(fetching, { timer: 'maxDownloadS' })) === undefined) t.stop('the download was not seen');
      await there(t, 'at work');
      await untilRest(t, 'isvv', 'run');
      await readModes(t, 'after the run');
    },
    judge(j) {
      if (!j.declared(ITEM.CHAIN)) judgeThere(j, 'at rest', 'after the check');
      judgeThere(j, 'at work', 'after the run');
    },
  },
];

/** To provisioning and back. */
async function there(t: T, when: string): Promise<void> {
  await t.moveTo('RFPRO', `RFPRO ${when}`);
  await t.moveTo('RFNOP', `RFNOP ${when}`);
}

function judgeThere(j: J, when: string, label: string): void {
  const MODE = 'OCFSWU-T3.cm';
  if (!moved(j, MODE, `RFPRO ${when}`) || !moved(j, MODE, `RFNOP ${when}`)) return;
  const seen = judgeAgreement(j, label);
  if (seen !== undefined)
    j.note(`${label}: state ${printValue(seen.state.state)}, result ${printValue(seen.state.result)}`);
}
