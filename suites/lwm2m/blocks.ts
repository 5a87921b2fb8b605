import { expect } from 'chai';
import type { Seen } from '../../src/core/log.ts';
import { FORMAT } from '../../src/lwm2m/codec/content.ts';
import { printResult, printState, RES } from '../../src/lwm2m/codec/swmgmt.ts';
import { answered, asked, showing, stepped, type Stepped, wasRepeated } from '../../src/lwm2m/kinds.ts';
import { awaitedState, type J, type Lwm2mCase, neverDelivered, stateAt, stepAnswer } from './claims.ts';
import { ITEM } from './items.ts';
import { blocksOf, CHECK, ended, HAND_SZX, own, perhaps, see, sendBlock, sendBlocks, type T, until } from './moves.ts';

/** The last block that a case sent from this number on. */
function lastFrom(j: J, from: number): Seen<Stepped> | undefined {
  let last: Seen<Stepped> | undefined;
  for (let num = from; ; num++) {
    const step = j.log.first(stepped(`block ${num}`));
    if (step === undefined) return last;
    last = step;
  }
}

/**
 * Refusal of a block that does not belong there, with 4.08. A device that gathers blocks in any order answers 2.31 and refuses the last one (RFC 7959 2.9.2).
 * @param next Number of the block after it.
 */
function refusesBlock(j: J, statement: string, label: string, next: number): void {
  const stray = stepAnswer(j, statement, label);
  if (stray === undefined) return;
  const judged = (stray.code === '2.31' ? lastFrom(j, next) : undefined) ?? stray;
  const { code } = judged;
  if (code === undefined) return j.inconclusive(statement, `no answer to "${judged.label}"`);
  j.check(statement, () => expect(code, `answer to ${judged.label}`).to.match(/^4\./));
  if (code.startsWith('4.') && code !== '4.08') j.note(`${judged.label} refused with ${code}, expected 4.08`);
}

/** The first block by hand was taken; otherwise the case has nothing to go on with. */
function begun(j: J, statement: string): boolean {
  const step = stepAnswer(j, statement, 'block 0');
  if (step !== undefined && step.code !== '2.31') j.inconclusive(statement, `block 0 was answered ${step.code}`);
  return step?.code === '2.31';
}

const BLOCKS = { start: 'clean', item: ITEM.BLOCKS, when: ITEM.BLOCKS } as const;

/** Block-wise push: what a device must notice, and what it must stand. */
export const blockCases: readonly Lwm2mCase[] = [
  {
    ...BLOCKS,
    id: 'SWMGMT/DLP/10',
    purpose: 'a missing block is refused and the package is not delivered',
    statements: ['SWMGMT-RFC7959.gap'],
    ixit: ['instance', 'packageA', 'checkS', 'unfinishedS'],
    async drive(t) {
      t.mark('begin');
      if ((await sendBlock(t, 'packageA', 0, 'block 0')) !== '2.31') return;
      if ((await sendBlock(t, 'packageA', 2, 'block after the gap'))?.startsWith('2.'))
        await sendBlocks(t, 'packageA', 3);
      t.mark('sent');
      await perhaps(t, 'DELIVERED', (s) => s.state === 3, CHECK);
    },
    judge(j) {
      if (!begun(j, 'SWMGMT-RFC7959.gap')) return;
      refusesBlock(j, 'SWMGMT-RFC7959.gap', 'block after the gap', 3);
      neverDelivered(j, 'SWMGMT-RFC7959.gap', 'begin');
    },
  },
  {
    ...BLOCKS,
    id: 'SWMGMT/DLP/11',
    purpose: 'a transfer that does not begin with block 0 is refused',
    statements: ['SWMGMT-RFC7959.start'],
    ixit: ['instance', 'packageA', 'checkS', 'unfinishedS'],
    async drive(t) {
      t.mark('begin');
      if ((await sendBlock(t, 'packageA', 1, 'block 1 first'))?.startsWith('2.')) await sendBlocks(t, 'packageA', 2);
      await perhaps(t, 'INITIAL', (s) => s.state === 0, CHECK);
      await see(t, 'after');
    },
    judge(j) {
      refusesBlock(j, 'SWMGMT-RFC7959.start', 'block 1 first', 2);
      neverDelivered(j, 'SWMGMT-RFC7959.start', 'begin');
      const seen = stateAt(j, 'SWMGMT-RFC7959.start', 'after');
      if (seen !== undefined)
        j.check('SWMGMT-RFC7959.start', () => expect(printState(seen.state), 'state').to.equal(printState(0)));
    },
  },
  {
    ...BLOCKS,
    id: 'SWMGMT/DLP/12',
    purpose: 'a repeated block is answered as before and its data are taken once',
    statements: ['SWMGMT-RFC7252.duplicate-block'],
    ixit: ['instance', 'packageA', 'checkS', 'unfinishedS'],
    async drive(t) {
      if ((await sendBlock(t, 'packageA', 0, 'block 0')) !== '2.31') return;
      await repeatBlock(t, 1);
      if (!(await sendBlocks(t, 'packageA', 2))) return;
      t.mark('sent');
      await until(t, 'end of the download', ended, CHECK);
    },
    judge(j) {
      const statement = 'SWMGMT-RFC7252.duplicate-block';
      if (!begun(j, statement)) return;
      const again = stepAnswer(j, statement, 'block 1 again');
      if (again === undefined) return;
      const cached = j.declared(ITEM.CACHE);
      if (again.code !== '2.31' && !cached)
        return j.inconclusive(statement, `a device without response cache answered the repetition ${again.code}`);
      j.check(statement, () => expect(again.code, 'answer to the repeated block').to.equal('2.31'));
      const end = j.log.after(again).first(showing(own(j), 'end of the download', ended));
      if (end === undefined) j.inconclusive(statement, 'the transfer did not come to its end');
      else if (end.state !== 3 && cameLate(j, again))
        j.inconclusive(statement, 'a block came late on the link: the device may have given the transfer up');
      else j.check(statement, () => expect(printState(end.state), 'state after the transfer').to.equal(printState(3)));
    },
  },
  {
    ...BLOCKS,
    id: 'SWMGMT/DLP/13',
    purpose: 'after a transfer was broken off a new one can be made',
    statements: ['SWMGMT-RFC7959.restart', 'SWMGMT-R.delivered'],
    ixit: ['instance', 'packageA', 'checkS', 'unfinishedS'],
    policies: ['resultDelivered'],
    async drive(t) {
      if ((await sendBlock(t, 'packageA', 0, 'block 0')) !== '2.31') return;
      await sendBlock(t, 'packageA', 1, 'block 1');
      for (let i = 0; i <= ATTEMPTS; i++) {
        t.mark('restart');
        const outcome = await t.push(own(t), 'packageA', 'restart', { szx: 2 });
        if (outcome.kind === 'reply' && outcome.code === '2.04') break;
        if (await perhaps(t, 'DELIVERED', (s) => s.state === 3, { timer: 'unfinishedS', times: 1 / ATTEMPTS })) break;
      }
      await until(t, 'end of the download', ended, CHECK);
    },
    judge(j) {
      const statement = 'SWMGMT-RFC7959.restart';
      if (!begun(j, statement)) return;
      const there = j.log.after('restart').first(showing(own(j), 'DELIVERED', (s) => s.state === 3));
      const answers = j.log.after('restart').all(answered('write', 'restart'));
      const last = answers.at(-1);
      if (there !== undefined) return j.check(statement, () => expect(printState(there.state)).to.equal(printState(3)));
      if (last === undefined) return j.inconclusive(statement, 'no attempt was answered');
      const unanswered = j.log.after(last).first(asked('write', 'restart')) !== undefined;
      const repeated = !j.declared(ITEM.CACHE) && answers.some((reply) => wasRepeated(j.log, reply));
      if (last.code !== '2.04' && (unanswered || repeated))
        return j.inconclusive(statement, `answered ${last.code}; the link lost or repeated messages of an attempt`);
      j.check(statement, () => expect(last.code, 'last attempt, the time of the IXIT being over').to.equal('2.04'));
      awaitedState(
        j,
        statement,
        showing(own(j), 'DELIVERED', (s) => s.state === 3),
        { stimulus: answered('write', 'restart'), within: CHECK },
      );
    },
  },
  {
    ...BLOCKS,
    id: 'SWMGMT/DLP/14',
    purpose: 'an unfinished transfer is given up; until then the device serves Reads or says 5.03',
    statements: ['SWMGMT-S.unfinished', 'SWMGMT-CORE.busy'],
    ixit: ['instance', 'packageA', 'unfinishedS'],
    policies: ['unfinishedPush'],
    async drive(t) {
      if ((await sendBlock(t, 'packageA', 0, 'block 0')) !== '2.31') return;
      t.mark('left');
      await until(t, 'INITIAL', (s) => s.state === 0, { timer: 'unfinishedS', times: 1.1 });
    },
    judge(j) {
      const statement = 'SWMGMT-S.unfinished';
      if (!begun(j, statement)) return;
      for (const look of j.log.after('left').all(answered('look')))
        if (look.code !== '2.05')
          j.check('SWMGMT-CORE.busy', () => expect(look.code, 'Read during the transfer').to.equal('5.03'));
      const results = j.policy.unfinishedPush === '0/52' ? [52] : [52, 0];
      const there = showing(own(j), 'INITIAL', (s) => s.state === 0);
      const seen = awaitedState(j, statement, there, {
        stimulus: stepped('block 0'),
        within: { timer: 'unfinishedS' },
      });
      if (seen !== undefined)
        j.check(statement, () =>
          expect(results.map(printResult), 'results allowed').to.include(printResult(seen.result)),
        );
    },
  },
];

/** How often a new transfer is tried while the device may still hold the old one. */
const ATTEMPTS = 8;

async function repeatBlock(t: T, num: number): Promise<void> {
  const size = 16 << HAND_SZX;
  const payload = t.content('packageA').subarray(num * size, (num + 1) * size);
  const more = num + 1 < blocksOf(t, 'packageA');
  await t.twice(`block ${num}`, {
    method: 'PUT',
    path: [9, own(t), RES.package],
    payload,
    format: FORMAT.opaque,
    block1: { num, more, szx: HAND_SZX },
  });
}

/** Some block after this step was answered only when copies of it had been lost. */
function cameLate(j: J, from: Seen<Stepped>): boolean {
  let before = from;
  for (let num = 2; ; num++) {
    const step = j.log.first(stepped(`block ${num}`));
    if (step === undefined) return false;
    if (j.log.elapsed(before, step) > j.ms('ackTimeout')) return true;
    before = step;
  }
}
