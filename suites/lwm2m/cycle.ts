import { expect } from 'chai';
import type { Kind, Seen } from '../../src/core/log.ts';
import { RES } from '../../src/lwm2m/codec/swmgmt.ts';
import { answered, type Notified, notified } from '../../src/lwm2m/kinds.ts';
import { TRIES } from '../../src/lwm2m/steps.ts';
import { registersAfter } from './anew.ts';
import { awaited, type J, type Lwm2mCase, marked, stateAt } from './claims.ts';
import { ITEM } from './items.ts';
import { download, install, see, type T, uninstall } from './moves.ts';
import { nameOf, numberIn, OBSERVED, observeAll, REPORTING, turn } from './observing.ts';

/** What the cases about a full cycle need. */
const FULL = {
  ...OBSERVED,
  when: `${OBSERVED.when} and ${ITEM.INSTALL} and ${ITEM.DEINSTALL} and ${ITEM.ACTIVATE} and ${ITEM.DEACTIVATE}`,
  ixit: ['instance', 'packageA', 'notifyS', 'installS', 'uninstallS', 'activateS'],
  start: 'clean',
} as const;

/** A full cycle by bare steps, so that a device that shows its states wrongly is driven through it all the same. */
const CYCLE = [
  ['delivered', (t: T, label: string) => download(t, 'packageA', label)],
  ['installed', (t: T, label: string) => install(t, label)],
  ['active', (t: T, label: string) => turn(t, RES.activate, label)],
  ['inactive', (t: T, label: string) => turn(t, RES.deactivate, label)],
  ['removed', (t: T, label: string) => uninstall(t, label)],
] as const;

/** Cycles behind the first in which each of the resources changes often enough that its silence is no loss: the activation twice in each. */
const FURTHER = Math.ceil(TRIES / 2);

type Step = (typeof CYCLE)[number][0];

/** A point of rest of a cycle, as its Read is labelled. */
const restOf = (step: Step, round: number): string => (round === 0 ? step : `${step}, cycle ${round + 1}`);

/** The points of rest in order, with what led there. */
const RESTS: readonly { readonly step: Step | 'start'; readonly label: string; readonly round: number }[] = [
  { step: 'start', label: 'start', round: 0 },
  ...Array.from({ length: 1 + FURTHER }, (_, round) =>
    CYCLE.map(([step]) => ({ step, label: restOf(step, round), round })),
  ).flat(),
];

/** The cycle, with a pause for notifications and a Read at every point of rest; `heard` gets the resources that were told of. */
async function observedCycle(t: T, round = 0, heard?: Set<number>): Promise<void> {
  const listen = async (): Promise<void> => {
    for (const resource of REPORTING)
      if (heard?.has(resource) === false && (await t.perhaps(notified(nameOf(resource)), SO_FAR)) !== undefined)
        heard.add(resource);
  };
  for (const [step, act] of CYCLE) {
    const label = restOf(step, round);
    await act(t, `towards ${label}`);
    await listen();
    // A new registration ends every observation.
    if (step === 'installed' && t.declared(ITEM.REBOOTS)) await observeAll(t);
    t.mark(label);
    await t.pause({ timer: 'notifyS' }, 'notifications may come');
    await listen();
    await see(t, label);
  }
}

/** What has come is looked for, and nothing awaited. */
const SO_FAR = { timer: 'notifyS', times: 0 } as const;

async function begin(t: T): Promise<void> {
  await observeAll(t);
  await see(t, 'start');
  t.mark('start of the cycle');
}

/**
 * Cycles until each of the resources was told of once, or changed often enough. Each begins with observations of its own: the answer to the registration may
 * come to the device behind the first ones, and end them.
 */
async function cyclesUntilTold(t: T): Promise<void> {
  const heard = new Set<number>();
  await begin(t);
  await observedCycle(t, 0, heard);
  for (let round = 1; round <= FURTHER && heard.size < REPORTING.length; round++) {
    await observeAll(t);
    await observedCycle(t, round, heard);
  }
}

/** What the Reads at two points of rest, one after the other, say of a resource, and the notifications between them. */
interface Change {
  readonly resource: number;
  readonly towards: Step | 'start';
  readonly to: string;
  /** In a cycle behind the first. */
  readonly further: boolean;
  readonly before: number;
  readonly after: number;
  readonly told: readonly Seen<Notified>[];
}

function changesOf(j: J, statement: string): Change[] {
  const rests = RESTS.flatMap((rest) => {
    const reply = j.log.first(answered('read', rest.label));
    const seen = reply === undefined ? undefined : stateAt(j, statement, rest.label);
    return seen === undefined ? [] : [{ ...rest, seen }];
  });
  return rests.slice(1).flatMap(({ step, label, round, seen }, i) => {
    if (step === 'installed' && j.declared(ITEM.REBOOTS)) return [];
    const previous = rests[i]?.seen ?? seen;
    const span = j.log.after(previous).before(seen);
    const pick = (s: typeof seen): number[] => [s.state, s.result, s.active ? 1 : 0];
    return REPORTING.map((resource, at) => ({
      resource,
      towards: step,
      to: label,
      further: round > 0,
      before: pick(previous)[at] ?? 0,
      after: pick(seen)[at] ?? 0,
      told: span.all(notified(nameOf(resource))).filter((n) => n.fresh),
    }));
  });
}

const told = (c: Change): string => `${nameOf(c.resource)} ${c.before} to ${c.after} (${c.to})`;

/** Notifications over a full cycle: they come, and with the values that are read. */
export const cycleCases: readonly Lwm2mCase[] = [
  {
    ...FULL,
    id: 'SWMGMT/REP/02',
    purpose: 'every lasting change of 7, 9 and 12 over a full cycle is notified',
    statements: ['SWMGMT-CORE.notify'],
    drive: cyclesUntilTold,
    judge(j) {
      const statement = 'SWMGMT-CORE.notify';
      const changes = changesOf(j, statement).filter((c) => c.before !== c.after);
      const missing = changes.filter((c) => !c.told.some((n) => numberIn(n) === c.after));
      if (changes.length === 0) return j.inconclusive(statement, 'nothing changed');
      if (missing.length === 0) return j.check(statement, () => expect(missing.map(told)).to.deep.equal([]));
      const of = (resource: number, all: readonly Change[]): Change[] => all.filter((c) => c.resource === resource);
      const silent = REPORTING.filter((r) => of(r, missing).length === of(r, changes).length);
      j.note(`not notified: ${missing.map(told).join('; ')}`);
      if (silent.length === REPORTING.length) return judgeSilence(j, statement, changes.map(told));
      const never = silent.filter((r) => of(r, changes).filter((c) => c.further).length >= TRIES);
      if (never.length === 0)
        return j.inconclusive(statement, `notifications may have been lost: ${missing.map(told).join('; ')}`);
      const why = never.map((r) => unheard(j, r)).find((found) => found !== undefined);
      if (why !== undefined) return j.inconclusive(statement, why);
      j.check(statement, () =>
        expect(
          never.flatMap((r) => of(r, changes)).map(told),
          'changes of a resource of which none was notified',
        ).to.deep.equal([]),
      );
    },
  },
  {
    ...FULL,
    id: 'SWMGMT/REP/03',
    purpose: 'the value notified last is the value read, at every point of rest',
    statements: ['SWMGMT-CORE.notify-value'],
    async drive(t) {
      await begin(t);
      await observedCycle(t);
    },
    judge(j) {
      const statement = 'SWMGMT-CORE.notify-value';
      const last = changesOf(j, statement).flatMap((c) => {
        const n = c.told.at(-1);
        return n === undefined ? [] : [{ ...c, shows: numberIn(n), n }];
      });
      if (last.length === 0) return j.inconclusive(statement, 'no notification came');
      const wrong = last.filter((c) => c.shows !== c.after);
      // A value of the point of rest before may be all that the link let through; any other was never true at rest.
      const never = wrong.filter((c) => c.shows === undefined || !passes(c));
      const always = wrong.length >= TRIES && wrong.length === last.length;
      if (wrong.length > 0 && never.length === 0 && !always)
        return j.inconclusive(statement, `the last notification may have been lost: ${wrong.map(told).join('; ')}`);
      j.check(statement, () =>
        expect(
          wrong.map((c) => `${told(c)}, notified ${c.shows}`),
          'values notified last',
        ).to.deep.equal([]),
      );
    },
  },
];

/** Why nothing need have been told of a resource; undefined where its observation was taken and still held at the end. */
function unheard(j: J, resource: number): string | undefined {
  const observed = j.log.last(answered('observe', nameOf(resource)));
  if (observed?.seq === undefined) return `the observation of ${nameOf(resource)} was not accepted`;
  return registersAfter(j, observed) ? 'the device registered anew, which ends observations' : undefined;
}

/** The notified value is one that the resource has on its way between the two points of rest. */
function passes(c: Change & { readonly shows: number | undefined }): boolean {
  const ways: Readonly<Record<number, readonly number[]>> = {
    [RES.state]: [c.before, c.after, ...(c.towards === 'delivered' ? [1, 2] : [])],
    [RES.result]: [c.before, c.after, 0, ...(c.towards === 'delivered' ? [1, 3] : [])],
    [RES.activation]: [c.before, c.after],
  };
  return c.shows !== undefined && (ways[c.resource]?.includes(c.shows) ?? false);
}

/** No change was ever notified with the value that it led to. */
function judgeSilence(j: J, statement: string, changes: readonly string[]): void {
  const span = j.log.after('start of the cycle');
  const observed = j.log.last(answered('observe', nameOf(RES.activation)));
  const came = span.all(notified());
  if (registersAfter(j, observed))
    return j.inconclusive(statement, 'the device was still registering when it was asked to tell');
  if (came.length === 0) return void awaited(j, statement, notified(), { stimulus: atRest, tries: TRIES }, span);
  if (!came.some((n) => n.fresh)) return j.inconclusive(statement, 'only notifications older than others came');
  if (changes.length < TRIES)
    return j.inconclusive(statement, `the notifications of ${changes.length} changes may have been lost`);
  j.check(statement, () => expect(changes, 'changes notified with other values only').to.deep.equal([]));
}

/** The marks at the points of rest: each came after a lasting change, which should have been notified. */
const atRest: Kind<{ readonly name: string }> = {
  name: 'lasting change',
  read: (event, log) => RESTS.map(({ label }) => marked(label).read(event, log)).find((m) => m !== undefined),
};
