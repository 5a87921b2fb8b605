import { expect } from 'chai';
import { suite } from '../../src/core/case.ts';
import { mustBe } from '../../src/core/claim.ts';
import { type Kind, type Log, type Seen, where } from '../../src/core/log.ts';
import { isState } from '../../src/ocf/codec/swu.ts';
import {
  answered,
  asked,
  deregistered,
  notified,
  type Representation,
  retrieved,
  unwanted,
} from '../../src/ocf/kinds.ts';
import { atypicalSteps } from '../../src/ocf/machine.ts';
import type { OcfPolicies } from '../../src/ocf/policies.ts';
import type { Offer } from '../../src/ocf/packages/stand.ts';
import { scheduled } from '../../src/ocf/run.ts';
import type { OcfTester } from '../../src/ocf/tester.ts';
import { answerTo, differences, type J, readBack, type T, TRIES } from './claims.ts';
import { ITEM } from './items.ts';
import { began, runOf } from './runs.ts';
import { observedModes } from './secured.ts';

/** Changes made after an observation was ended. */
const ENDED = 7;
const NOTIFY = { timer: 'notifyWindow' } as const;

/** A notification that shows this package URL: of the change that set it, or of one after it. */
const ofUrl = (purl: string, observation: string): Kind<Representation> =>
  where(notified(observation), 'notification of the change', (r) => r.purl === purl);

/** Changes the package URL up to so many times, each time to another, until a notification shows it. */
async function changeUntilNotified(
  t: T,
  label: string,
  o: { readonly other?: boolean; readonly observation?: string } = {},
): Promise<void> {
  const { observation = 'observe', ...by } = o;
  for (let i = 1; i <= TRIES; i++) {
    const purl = t.url(`${label}${i}`);
    const outcome = await t.update(t.body({ purl }), { label: `${label}${i}`, ...by });
    if (outcome.kind !== 'reply' || !outcome.code.startsWith('2.')) continue;
    if ((await t.perhaps(ofUrl(purl, observation), NOTIFY)) !== undefined) return;
  }
}

/** UPDATEs of `changeUntilNotified` that the device took. */
function changes(label: string): Kind<{ readonly purl: unknown; readonly asked: number }> {
  const answers = Array.from({ length: ENDED }, (_, i) => answered('UPDATE', `${label}${i + 1}`));
  return {
    name: `UPDATE (${label}) that was taken`,
    read(event, log) {
      const reply = answers.map((kind) => kind.read(event, log)).find((r) => r !== undefined);
      return reply?.code.startsWith('2.') === true ? { purl: reply.sent?.['purl'], asked: reply.asked.n } : undefined;
    },
  };
}

/** Notifications that showed a change of this label before the next UPDATE was made: what comes later may as well tell of that one. */
function told(j: J, label: string, observation: string): Kind<Representation> {
  const every = j.log.all(asked('UPDATE'));
  const all = j.log.all(notified(observation));
  const hits = j.log.all(changes(label)).flatMap((change) => {
    const next = every.find((u) => u.n > change.n)?.n ?? Number.POSITIVE_INFINITY;
    return all.filter((r) => r.purl === change.purl && r.n > change.asked && r.n < next).map((r) => r.n);
  });
  return {
    name: 'notification of the change',
    read: (event, log) => (hits.includes(event.n) ? notified(observation).read(event, log) : undefined),
  };
}

/** At least one of so many changes was notified: NON notifications may be lost, all of them hardly. */
function judgeNotified(j: J, statement: string, label: string, observation = 'observe'): void {
  const seen = told(j, label, observation);
  // A notification may overtake the answer to the UPDATE, so it is looked for in the whole log.
  const first = j.log.first(seen);
  const newest = j.log.last(changes(label));
  const instead = newest === undefined ? undefined : j.log.after({ n: newest.asked }).first(notified(observation));
  if (first === undefined) j.came(statement, seen, { stimulus: changes(label), tries: TRIES, instead });
  else j.check(statement, () => expect(first.purl, 'purl in the notification').to.be.a('string'));
}

const ahead = (newer: number, older: number): boolean => {
  const step = (newer - older + 2 ** 24) % 2 ** 24;
  return step > 0 && step < 2 ** 23;
};

/**
 * Numbers rise (RFC 7641 3.4). The network may reorder notifications, so only those are compared whose order the tester caused: one had been received before
 * the UPDATE was made that the other one shows.
 */
function judgeSequence(j: J, statement: string): void {
  const first = j.log.first(answered('RETRIEVE', 'observe'));
  const all = j.log.all(notified('observe'));
  const numbered = [first, ...all].flatMap((r) => {
    const seq = r === undefined ? undefined : 'observe' in r ? r.observe : r.seq;
    return r === undefined || seq === undefined ? [] : [{ n: r.n, seq }];
  });
  const causes = j.log.all(answered('UPDATE'));
  const [wrong] = all.flatMap((later) => {
    const cause = causes.find((c) => c.sent?.['purl'] === later.purl)?.asked.n ?? 0;
    const earlier = numbered.find((r) => r.n < cause && !ahead(later.seq ?? 0, r.seq));
    return earlier === undefined ? [] : [{ later, earlier }];
  });
  const expected = `later than ${wrong?.earlier.seq ?? 0}, which was received before its change was made`;
  j.check(
    statement,
    () => mustBe(wrong === undefined, 'number of the notification', wrong?.later.seq, expected),
    wrong?.later,
  );
}

/** The device accepts the registration: 2.05 with the Observe option. */
function registered(j: J, statement: string, label = 'observe'): Seen<Representation> | undefined {
  const reply = answerTo(j, statement, 'RETRIEVE', label);
  if (reply === undefined) return undefined;
  j.check(statement, () => {
    expect(reply.code, 'answer to the registration').to.equal('2.05');
    expect(reply.observe, 'Observe option of the answer').to.be.a('number');
  });
  return reply.observe === undefined ? undefined : j.log.first(retrieved(label));
}

async function observed(t: T): Promise<{ end(how: 'request' | 'reset'): Promise<void> }> {
  const watching = await t.observe('observe');
  if (watching === undefined) return t.stop('the device does not accept the registration');
  return watching;
}

/** Ends the observation, then makes changes that must not be notified any more. */
function ending(how: 'request' | 'reset'): (t: T) => Promise<void> {
  return async (t) => {
    const watching = await observed(t);
    await changeUntilNotified(t, 'before');
    await watching.end(how);
    for (let i = 1; i <= ENDED; i++) {
      const purl = t.url(`${how}${i}`);
      await t.update(t.body({ purl }), { label: `${how}${i}` });
      await t.quiet(
        where(unwanted, unwanted.name, (u) => u.purl === purl),
        NOTIFY,
      );
    }
  };
}

function judgeEnding(j: J): void {
  const END = 'OCFSWU-OBSERVE.end';
  const how = j.variant === 'reset' ? 'reset' : 'request';
  if (registered(j, END) === undefined) return;
  const after = j.log.all(changes(how)).map((c) => c.purl);
  const still = new Set(j.log.all(unwanted).flatMap((u) => (after.includes(u.purl) ? [u.purl] : [])));
  if (how === 'request') {
    const seen = where(unwanted, unwanted.name, (u) => after.includes(u.purl));
    j.never(END, seen, { stimulus: deregistered });
    return;
  }
  // Resets are not acknowledged: a few may be lost, not all of them (RFC 7641 3.6).
  if (after.length < ENDED) j.inconclusive(END, `only ${after.length} of ${ENDED} changes were made`);
  else
    j.check(END, () =>
      expect(still.size, `changes notified of ${ENDED}, although every notification was reset`).to.be.below(ENDED),
    );
}

/** A server that refuses with 404 and 503 by turns: runs whose results differ. */
const refusing = (i: number): Offer => ({ behaviour: { kind: 'status', status: i % 2 === 0 ? 404 : 503 } });

const finals = (i: number): string => `rest ${i}`;

/** A run that is not looked at: after it the next good one has something to change. */
const between = (i: number): string => `before run ${i}`;

/** Where the next run begins. */
const nextOf = (log: Log, i: number): { readonly n: number } =>
  log.first(scheduled(between(i + 1))) ?? log.first(scheduled(`run ${i + 1}`)) ?? { n: Number.POSITIVE_INFINITY };

/** The newest notification of a run agrees with what a RETRIEVE then showed. */
function agrees(log: Log, i: number): boolean {
  const plan = log.first(scheduled(`run ${i}`));
  const rest = log.first(retrieved(finals(i)));
  if (plan === undefined || rest === undefined) return false;
  const next = nextOf(log, i);
  const newest = log
    .after(plan)
    .all(notified('observe'))
    .findLast((r) => r.fresh && r.n < next.n);
  return newest !== undefined && newest.state === rest.state && newest.result === rest.result;
}

const caughtUp: Kind<{ readonly run: number }> = {
  name: 'last notification that agrees with the RETRIEVE at rest',
  read(event, log) {
    const plan = SCHEDULES.map((kind) => kind.read(event, log)).find((s) => s !== undefined);
    const run = Number(plan?.label.slice('run '.length) ?? 0);
    return run > 0 && agrees(log, run) ? { run } : undefined;
  },
};
const RUNS = Array.from({ length: TRIES }, (_, i) => i + 1);
const SCHEDULES = RUNS.map((i) => scheduled(`run ${i}`));

const COMMON = { item: ITEM.OBS, when: ITEM.OBS, start: 'rest' } as const;

/** Observation: table 7, figure 2, RFC 7641. */
export const obs = suite<OcfTester, OcfPolicies>('OBS', [
  {
    ...COMMON,
    id: 'OCFSWU/OBS/01',
    purpose: 'registering is answered with what a RETRIEVE shows',
    statements: ['OCFSWU-T7.register', 'OCFSWU-T7.retrieve'],
    async drive(t) {
      await t.retrieve('before');
      await observed(t);
      await t.retrieve('after');
    },
    judge(j) {
      const first = registered(j, 'OCFSWU-T7.register');
      const [before, after] = ['before', 'after'].map((label) => readBack(j, 'OCFSWU-T7.retrieve', label));
      if (first === undefined || before === undefined || after === undefined) return;
      if (differences(before, after).length > 0)
        j.inconclusive('OCFSWU-T7.register', 'the resource changed while the observation was registered');
      else
        j.check('OCFSWU-T7.register', () =>
          expect(first.properties, 'answer to the registration').to.deep.equal(before.properties),
        );
    },
  },
  {
    ...COMMON,
    id: 'OCFSWU/OBS/02',
    purpose: 'an UPDATE is notified, whichever client made it',
    statements: ['OCFSWU-T7.notify', 'OCFSWU-T7.register', 'OCFSWU-OBSERVE.sequence'],
    async drive(t) {
      await observed(t);
      await changeUntilNotified(t, 'same');
      await changeUntilNotified(t, 'other', { other: true });
    },
    judge(j) {
      if (registered(j, 'OCFSWU-T7.register') === undefined) return;
      judgeNotified(j, 'OCFSWU-T7.notify', 'same');
      judgeNotified(j, 'OCFSWU-T7.notify', 'other');
      judgeSequence(j, 'OCFSWU-OBSERVE.sequence');
    },
  },
  {
    id: 'OCFSWU/OBS/03',
    purpose: 'an observer follows a run: what it was told last is what a RETRIEVE shows at rest',
    item: ITEM.OBS,
    when: `${ITEM.OBS} and ${ITEM.SCHED} and ${ITEM.ISVV}`,
    statements: [
      'OCFSWU-F2.notified',
      'OCFSWU-T7.register',
      'OCFSWU-T7.update',
      'OCFSWU-F1.order',
      'OCFSWU-OBSERVE.sequence',
    ],
    policies: ['transitionOrder'],
    ixit: ['packageOk', 'maxDownloadS'],
    start: 'idle',
    async drive(t) {
      await observed(t);
      // A device that goes on to an upgrade forgets its observers at the restart; any other is to tell of a good end.
      const goesOn = t.declared(ITEM.CHAIN);
      for (const i of RUNS) {
        if (i > 1 && !goesOn) await runOf(t, 'isvv', await t.serve('packageOk', refusing(i)), { label: between(i) });
        t.mark(`run ${i}`);
        const offer = goesOn ? refusing(i) : {};
        await runOf(t, 'isvv', await t.serve('packageOk', offer), { label: `run ${i}` });
        const rest = await t.retrieve(finals(i));
        const same = where(
          notified('observe'),
          `notification of ${finals(i)}`,
          (r) => r.fresh && r.state === rest?.['swupdatestate'] && r.result === rest?.['swupdateresult'],
        );
        if (rest === undefined || (await t.perhaps(same, NOTIFY)) !== undefined) break;
      }
    },
    judge(j) {
      if (registered(j, 'OCFSWU-T7.register') === undefined || began(j, 'OCFSWU-F2.notified', 'run 1') === undefined)
        return;
      const runs = j.log.all(caughtUp);
      const made = RUNS.filter((i) => j.log.first(retrieved(finals(i))) !== undefined).length;
      if (runs.length > 0) j.check('OCFSWU-F2.notified', () => expect(runs).to.not.be.empty);
      else if (made < TRIES) j.inconclusive('OCFSWU-F2.notified', `no agreement in ${made} runs; ${TRIES} would tell`);
      else
        j.came('OCFSWU-F2.notified', caughtUp, {
          stimulus: {
            name: 'run at rest',
            read: (e, log) => SCHEDULES.map((k) => k.read(e, log)).find((s) => s !== undefined),
          },
          tries: TRIES,
          instead: j.log.last(retrieved(finals(TRIES))),
        });
      const run = j.log.after('run 1').before(nextOf(j.log, 1));
      const states = run.all(notified('observe')).flatMap((r) => (r.fresh && isState(r.state) ? [r.state] : []));
      j.note(`notified states: ${states.filter((s, i) => s !== states[i - 1]).join(', ')}`);
      if (j.policy.transitionOrder === 'fail')
        j.check('OCFSWU-F1.order', () =>
          expect(atypicalSteps(states), 'steps outside the typical order').to.deep.equal([]),
        );
      judgeSequence(j, 'OCFSWU-OBSERVE.sequence');
    },
  },
  observedModes,
  {
    ...COMMON,
    id: 'OCFSWU/OBS/05',
    purpose: 'a deregistration and a reset end the notifications',
    statements: ['OCFSWU-OBSERVE.end'],
    variants: { request: { when: 'always' }, reset: { when: 'always' } },
    drive: (t, variant) => ending(variant === 'reset' ? 'reset' : 'request')(t),
    judge: judgeEnding,
  },
  {
    ...COMMON,
    id: 'OCFSWU/OBS/06',
    purpose: 'after a restart of the device a client can register again',
    when: `${ITEM.OBS} and ${ITEM.POWER}`,
    statements: ['OCFSWU-OBSERVE.again', 'OCFSWU-T7.register', 'OCFSWU-T7.notify'],
    needs: ['power'],
    ixit: ['rebootS'],
    async drive(t) {
      await observed(t);
      await t.off();
      await t.on();
      await t.observe('again');
      await changeUntilNotified(t, 'later', { observation: 'again' });
    },
    judge(j) {
      if (registered(j, 'OCFSWU-T7.register') === undefined) return;
      if (registered(j, 'OCFSWU-OBSERVE.again', 'again') !== undefined)
        judgeNotified(j, 'OCFSWU-T7.notify', 'later', 'again');
    },
  },
  {
    ...COMMON,
    id: 'OCFSWU/OBS/07',
    purpose: 'identical notifications in a row',
    statements: ['OCFSWU-OBSERVE.same', 'OCFSWU-T7.register'],
    kind: 'informative',
    async drive(t) {
      await observed(t);
      const body = t.body({ purl: t.url('same') });
      for (let i = 1; i <= TRIES; i++) {
        await t.update(body, { label: `same${i}` });
        await t.perhaps(notified('observe'), NOTIFY);
      }
    },
    judge(j) {
      if (registered(j, 'OCFSWU-T7.register') === undefined) return;
      const all = j.log.all(notified('observe')).map((r) => JSON.stringify(r.properties));
      const again = all.filter((text, i) => text === all[i - 1]).length;
      j.note(`${again} of ${all.length} notifications equal the one before`);
    },
  },
]);
