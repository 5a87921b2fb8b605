import { expect } from 'chai';
import { type Kind, type Seen, where } from '../../src/core/log.ts';
import { FORMAT } from '../../src/lwm2m/codec/content.ts';
import { attributeOf, decodeLinks, modelLinks } from '../../src/lwm2m/codec/link-format.ts';
import { samePath } from '../../src/lwm2m/codec/path.ts';
import { printResource } from '../../src/lwm2m/codec/definitions.ts';
import { RES } from '../../src/lwm2m/codec/swmgmt.ts';
import { answered, isNewer, type Notified, notified, observeMessages, taken, valueAt } from '../../src/lwm2m/kinds.ts';
import { TRIES } from '../../src/lwm2m/steps.ts';
import { answerTo, type J, type Lwm2mCase, marked } from './claims.ts';
import { awaitedOnceRegistered } from './anew.ts';
import { ITEM } from './items.ts';
import { ACTIVATE, own, run, type T, until } from './moves.ts';

/** The resources that report. */
export const REPORTING = [RES.state, RES.result, RES.activation] as const;

export const nameOf = (resource: number): string => printResource(9, resource);

/** Where the cases about observations stand, and whom they are for. */
export const OBSERVED = { item: ITEM.OBSERVE, when: `${ITEM.REPORT} and ${ITEM.OBSERVE}` } as const;

/** Observes the three resources without a minimum period. */
export async function observeAll(t: T): Promise<void> {
  for (const resource of REPORTING) {
    await t.attributes([9, own(t), resource], { pmin: 0 }, nameOf(resource));
    await t.observe([9, own(t), resource], nameOf(resource));
  }
}

/** Activate or Deactivate, until the instance shows it. */
export async function turn(t: T, resource: number, label: string): Promise<void> {
  await run(t, resource, label);
  await until(t, label, (s) => s.active === (resource === RES.activate), ACTIVATE);
}

/** The value of a notification as a number. */
export function numberIn(n: Pick<Notified, 'entries' | 'path'>): number | undefined {
  const value = n.entries === undefined ? undefined : valueAt(n.entries, n.path);
  if (value?.type === 'Boolean') return value.value ? 1 : 0;
  return value?.type === 'Integer' ? Number(value.value) : undefined;
}

/** Observations: accepted, notified, in order, in time, ended. */
export const observeCases: readonly Lwm2mCase[] = [
  {
    ...OBSERVED,
    id: 'SWMGMT/REP/01',
    purpose: 'resources 7, 9 and 12 can be observed',
    statements: ['SWMGMT-RFC7641.accept'],
    ixit: ['instance'],
    demo: true,
    start: 'registered',
    drive: observeAll,
    judge(j) {
      for (const resource of REPORTING) {
        const reply = answerTo(j, 'SWMGMT-RFC7641.accept', 'observe', nameOf(resource));
        if (reply === undefined) continue;
        j.check('SWMGMT-RFC7641.accept', () => {
          expect(reply.code, `Observe of ${nameOf(resource)}`).to.equal('2.05');
          expect(reply.seq, `Observe option in the answer, ${nameOf(resource)}`).to.be.a('number');
        });
      }
    },
  },
  {
    ...OBSERVED,
    id: 'SWMGMT/REP/04',
    purpose: 'Observe numbers rise',
    when: `${ITEM.OBSERVE} and ${ITEM.ACTIVATE} and ${ITEM.DEACTIVATE}`,
    statements: ['SWMGMT-RFC7641.order'],
    ixit: ['instance', 'packageA', 'activateS', 'notifyS'],
    start: 'installed',
    async drive(t) {
      await t.attributes([9, own(t), RES.activation], { pmin: 0 }, 'pmin');
      await t.observe([9, own(t), RES.activation], 'activation');
      for (let i = 0; i < SWITCHES; i++) {
        await turn(t, i % 2 === 0 ? RES.activate : RES.deactivate, `switch ${i}`);
        await t.perhaps(notified('activation'), { timer: 'notifyS' });
      }
    },
    judge(j) {
      const statement = 'SWMGMT-RFC7641.order';
      const chain: { readonly n: number; readonly ms: number; readonly seq: number }[] = [];
      // One that is missing in its span may come in a later one, and is taken there for that of the same value.
      const missing = new Set<number>();
      for (let i = 0; i < SWITCHES; i++) {
        const span = j.log.after(`switch ${i}`).before({ n: markAt(j, `switch ${i + 1}`) });
        const wanted = i % 2 === 0 ? 1 : 0;
        const shows = span.first(where(notified('activation'), 'notification', (n) => numberIn(n) === wanted));
        if (shows === undefined) missing.add(wanted);
        else if (shows.seq !== undefined && !missing.has(wanted))
          chain.push({ n: shows.n, ms: shows.ms, seq: shows.seq });
      }
      if (chain.length < 2) return j.inconclusive(statement, 'fewer than two notifications whose order is known');
      for (const [i, later] of chain.slice(1).entries()) {
        const earlier = chain[i];
        if (earlier !== undefined)
          j.check(statement, () =>
            expect(isNewer(later, earlier), `Observe ${later.seq} after ${earlier.seq} is newer`).to.equal(true),
          );
      }
    },
  },
  {
    ...OBSERVED,
    id: 'SWMGMT/REP/05',
    purpose: 'pmin and pmax are obeyed and shown by Discover',
    when: `${ITEM.OBSERVE} and ${ITEM.ACTIVATE} and ${ITEM.DEACTIVATE}`,
    statements: ['SWMGMT-CORE.attributes', 'SWMGMT-CORE.pmin', 'SWMGMT-CORE.pmax'],
    ixit: ['instance', 'packageA', 'activateS'],
    start: 'installed',
    async drive(t) {
      const path = [9, own(t), RES.activation];
      await t.attributes(path, PERIODS, 'periods');
      await t.discover(path, 'attributes');
      await t.observe(path, 'activation');
      for (let i = 0; i < SWITCHES; i++)
        await t.execute([9, own(t), i % 2 === 0 ? RES.activate : RES.deactivate], `switch ${i}`);
      t.mark('switched');
      // So many show the period, though some are lost; so many periods without one tell silence from loss.
      for (let i = 0; i <= PERIODIC; i++)
        if ((await t.perhaps(notified('activation'), { timer: 'periodMax', times: TRIES + 0.5 })) === undefined) break;
      t.mark('over');
      await t.attributes(path, { pmin: 0, pmax: 86_400 }, 'restore');
    },
    judge: judgePeriods,
  },
  {
    ...OBSERVED,
    id: 'SWMGMT/REP/06',
    purpose: 'a cancelled observation is not notified any more',
    when: `${ITEM.OBSERVE} and ${ITEM.ACTIVATE} and ${ITEM.DEACTIVATE}`,
    statements: ['SWMGMT-RFC7641.cancel'],
    ixit: ['instance', 'packageA', 'activateS', 'notifyS'],
    variants: { request: { when: ITEM.OBSERVE }, reset: { when: ITEM.OBSERVE } },
    start: 'installed',
    async drive(t, variant) {
      await t.attributes([9, own(t), RES.activation], { pmin: 0 }, 'pmin');
      const observation = await t.observe([9, own(t), RES.activation], 'activation');
      if (observation === undefined) t.stop('the device does not accept the observation');
      await observation?.end(variant === 'reset' ? 'reset' : 'request');
      // A reset answers a notification: the first change makes one.
      await turn(t, RES.activate, 'first change');
      await t.pause({ timer: 'quietWindow' }, 'the notification of the first change may come');
      for (let i = 0; i < SWITCHES; i++) await turn(t, i % 2 === 0 ? RES.deactivate : RES.activate, `switch ${i}`);
      await t.pause({ timer: 'quietWindow' }, 'nothing should come');
    },
    judge(j) {
      const statement = 'SWMGMT-RFC7641.cancel';
      const last = j.log.first(taken('execute', `switch ${SWITCHES - 1}`));
      const accepted = j.log.first(answered('observe', 'activation'));
      if (accepted?.seq === undefined || last === undefined)
        return j.inconclusive(statement, 'the observation or the changes after it did not come about');
      const after = j.log.after('switch 0').all(observeMessages);
      if (j.variant === 'reset' && j.log.after(accepted).first(observeMessages) === undefined)
        return j.inconclusive(statement, 'no notification came that could have been answered by a reset');
      // The reset of a notification may be lost; that of every one is not.
      const allowed = j.variant === 'reset' ? SWITCHES - 2 : 1;
      if (after.length > 0) j.note(`${after.length} notifications after the cancellation`);
      if (after.length > 0 && after.length <= allowed)
        return j.inconclusive(statement, 'the cancellation may have been lost on the link');
      j.check(statement, () => expect(after.length, 'notifications after the cancellation').to.equal(0));
    },
  },
];

/** How often a case switches the activation. */
export const SWITCHES = 6;
/** Where so many periods in a row are too long, losses explain it less than once in a thousand (10 % each way). */
const PERIODIC = 3;
/** Seconds, of the rows `periodMin` and `periodMax`. */
const PERIODS = { pmin: 12, pmax: 24 } as const;

function markAt(j: J, name: string): number {
  return j.log.first(marked(name))?.n ?? Number.POSITIVE_INFINITY;
}

function judgePeriods(j: J): void {
  const set = answerTo(j, 'SWMGMT-CORE.attributes', 'attributes', 'periods');
  const reply = answerTo(j, 'SWMGMT-CORE.attributes', 'discover', 'attributes');
  if (set === undefined || reply === undefined) return;
  const decoded = decodeLinks(reply.body);
  const link = decoded.ok
    ? modelLinks(decoded.links).links.find((l) => samePath(l.path, [9, own(j), RES.activation]))?.link
    : undefined;
  j.check('SWMGMT-CORE.attributes', () => {
    expect(set.code, 'answer to Write-Attributes').to.equal('2.04');
    expect(reply.code, 'answer to Discover').to.equal('2.05');
    expect(reply.contentFormat, 'Content-Format of Discover').to.equal(FORMAT.link);
    expect(
      link === undefined ? 'no link' : `${attributeOf(link, 'pmin')} ${attributeOf(link, 'pmax')}`,
      'pmin and pmax',
    ).to.equal(`${PERIODS.pmin} ${PERIODS.pmax}`);
  });
  if (set.code !== '2.04') return;
  const all = j.log.before({ n: markAt(j, 'over') }).all(notified('activation'));
  const tolerance = j.ms('periodTolerance');
  for (const [i, later] of all.slice(1).entries()) {
    const earlier = all[i];
    if (earlier === undefined) continue;
    const before = all[i - 1] ?? j.log.first(answered('observe', 'activation')) ?? earlier;
    const lateAlone = j.log.elapsed(before, later) >= 2 * j.ms('periodMin') - tolerance;
    if (j.log.elapsed(earlier, later) < j.ms('periodMin') - tolerance && lateAlone)
      // One that was lost and repeated comes late, and the next seems early.
      j.inconclusive('SWMGMT-CORE.pmin', `notification ${earlier.n} may have been late on the link`);
    else
      j.onTime('SWMGMT-CORE.pmin', 'a notification', {
        from: earlier,
        to: later,
        notBefore: j.ms('periodMin'),
        tolerance,
      });
  }
  awaitedOnceRegistered(j, 'SWMGMT-CORE.pmax', notified('activation'), {
    since: answered('observe', 'activation'),
    stimulus: marked('switched'),
    within: { timer: 'periodMax', times: TRIES + 0.4 },
  });
  // The first may tell of the changes; only those after it come for pmax alone.
  const switched = markAt(j, 'switched');
  const first: Kind<Notified> = {
    name: 'notification after the changes',
    read: (event, log) => (event.n > switched ? notified('activation').read(event, log) : undefined),
  };
  if (j.log.first(first) !== undefined)
    awaitedOnceRegistered(j, 'SWMGMT-CORE.pmax', notified('activation'), {
      since: first,
      stimulus: first,
      within: { timer: 'periodMax', times: TRIES + 0.4 },
    });
  judgeGaps(
    j,
    all.filter((n) => n.n > switched),
  );
}

/** Notifications that no change called for: one that is lost makes a gap of several periods, but not every one is. */
function judgeGaps(j: J, periodic: readonly Seen<Notified>[]): void {
  const gaps = periodic.slice(1).flatMap((to, i) => {
    const from = periodic[i];
    return from === undefined || numberIn(from) !== numberIn(to) ? [] : [{ from, to, ms: j.log.elapsed(from, to) }];
  });
  const [shortest] = gaps.toSorted((a, b) => a.ms - b.ms);
  if (shortest === undefined) return;
  const { from, to, ms } = shortest;
  const limit = { notAfter: j.ms('periodMax'), tolerance: j.ms('periodTolerance') };
  if (ms > limit.notAfter + limit.tolerance && gaps.length < PERIODIC)
    return j.inconclusive('SWMGMT-CORE.pmax', `notifications may have been lost in ${gaps.length} periods`);
  j.onTime('SWMGMT-CORE.pmax', 'the next notification', { from, to, ...limit });
}
