import { expect } from 'chai';
import { suite } from '../../src/core/case.ts';
import { where } from '../../src/core/log.ts';
import { FORMAT } from '../../src/lwm2m/codec/content.ts';
import { printResult, printState, RES } from '../../src/lwm2m/codec/swmgmt.ts';
import { answered, notified, showing, snapshots, stepped, valueAt } from '../../src/lwm2m/kinds.ts';
import { wrongSteps } from '../../src/lwm2m/machine.ts';
import type { PackageName } from '../../src/lwm2m/packages.ts';
import type { Lwm2mPolicies } from '../../src/lwm2m/policies.ts';
import type { Lwm2mTester } from '../../src/lwm2m/tester.ts';
import {
  answerTo,
  delivers,
  failsWith,
  installs,
  isNamed,
  type J,
  type Lwm2mCase,
  printSeen,
  refusal,
  stateAt,
  stepAnswer,
  unchanged,
} from './claims.ts';
import { FORMAT_ITEM, ITEM } from './items.ts';
import {
  blocksOf,
  CHECK,
  DOWNLOAD,
  ended,
  HAND_SZX,
  install,
  own,
  perhaps,
  push,
  see,
  sendBlock,
  sendBlocks,
  slowPull,
  type T,
  uninstall,
  until,
} from './moves.ts';

const PUSHED = { start: 'clean', item: ITEM.PUSH } as const;

/** Block sizes of the purposes, by size exponent. */
const SIZES = { szx6: 6, szx5: 5, szx4: 4, szx2: 2, szx0: 0 } as const;

const FORMATS = {
  text: FORMAT.text,
  cbor: FORMAT.cbor,
  senmlJson: FORMAT.senmlJson,
  senmlCbor: FORMAT.senmlCbor,
  tlv: FORMAT.tlv,
  lwm2mCbor: FORMAT.lwm2mCbor,
} as const;

async function pushAs(t: T, name: PackageName, o: { szx?: number; format?: number | null }): Promise<void> {
  t.mark('push');
  await t.push(own(t), name, 'push', o);
  await until(t, 'end of the download', ended, CHECK);
}

/** A package that the device must not deliver, with the results that say why. */
function fails(
  id: string,
  purpose: string,
  name: PackageName,
  statement: string,
  items: readonly string[],
  results: readonly number[],
): Lwm2mCase {
  return {
    ...PUSHED,
    id,
    purpose,
    item: items[0] ?? ITEM.PUSH,
    when: `${ITEM.PUSH} and (${items.join(' or ')})`,
    statements: [statement],
    ixit: ['instance', name, 'checkS'],
    drive: (t) => push(t, name, 'push'),
    judge: (j) => void failsWith(j, statement, 'push', results, CHECK),
  };
}

const whole: Lwm2mCase[] = [
  {
    ...PUSHED,
    id: 'SWMGMT/DLP/01',
    purpose: 'a package pushed in one datagram is delivered, with its name and version',
    when: ITEM.PUSH,
    statements: ['SWMGMT-S.push', 'SWMGMT-R.delivered', 'SWMGMT-9.0.name'],
    ixit: ['instance', 'packageSmall', 'checkS'],
    policies: ['resultDelivered'],
    demo: true,
    drive: (t) => push(t, 'packageSmall', 'push'),
    judge(j) {
      const seen = delivers(j, 'SWMGMT-S.push', 'push', CHECK);
      if (seen !== undefined) isNamed(j, 'SWMGMT-9.0.name', seen, 'A');
    },
  },
  {
    ...PUSHED,
    id: 'SWMGMT/DLP/02',
    purpose: 'a package pushed in blocks of any size is delivered',
    item: ITEM.BLOCKS,
    when: ITEM.BLOCKS,
    statements: ['SWMGMT-RFC7959.sizes', 'SWMGMT-R.delivered'],
    ixit: ['instance', 'packageA', 'checkS'],
    policies: ['resultDelivered'],
    variants: Object.fromEntries(Object.keys(SIZES).map((name) => [name, { when: ITEM.BLOCKS }])),
    drive: (t, variant) => pushAs(t, 'packageA', { szx: SIZES[variant as keyof typeof SIZES] }),
    judge: (j) => void delivers(j, 'SWMGMT-RFC7959.sizes', 'push', CHECK),
  },
  {
    ...PUSHED,
    id: 'SWMGMT/DLP/03',
    purpose: 'a package pushed in every declared format is delivered',
    when: ITEM.PUSH,
    statements: ['SWMGMT-CORE.formats', 'SWMGMT-R.delivered'],
    ixit: ['instance', 'packageSmall', 'checkS'],
    policies: ['resultDelivered'],
    variants: Object.fromEntries(
      Object.entries(FORMATS).map(([name, format]) => [name, { when: FORMAT_ITEM[format] ?? 'always' }]),
    ),
    drive: (t, variant) => pushAs(t, 'packageSmall', { format: FORMATS[variant as keyof typeof FORMATS] }),
    judge: (j) => void delivers(j, 'SWMGMT-CORE.formats', 'push', CHECK),
  },
  {
    ...PUSHED,
    id: 'SWMGMT/DLP/04',
    purpose: 'the states seen during a push go from 0 by 1 and 2 to 3',
    item: ITEM.OBSERVE,
    when: `${ITEM.PUSH} and ${ITEM.OBSERVE}`,
    statements: ['SWMGMT-S.order'],
    ixit: ['instance', 'packageA', 'checkS'],
    policies: ['pushStates'],
    async drive(t) {
      await t.attributes([9, own(t), RES.state], { pmin: 0 }, 'pmin');
      await t.observe([9, own(t), RES.state], 'state');
      await push(t, 'packageA', 'push');
    },
    judge(j) {
      const reply = answerTo(j, 'SWMGMT-S.order', 'write', 'push');
      if (reply === undefined) return;
      const run = j.log.after('push');
      const told = run.all(where(notified('state'), 'fresh notification', (n) => n.fresh));
      const states = [
        ...told.map((n) => ({ at: n.n, state: numberIn(n) })),
        ...run.all(snapshots).map((s) => ({ at: s.n, state: s.state })),
      ]
        .sort((a, b) => a.at - b.at)
        .flatMap((s) => s.state ?? []);
      j.check('SWMGMT-S.order', () => {
        expect(states.filter((s) => s > 3).map(printState), 'states that a download does not have').to.deep.equal([]);
        const moved = states.filter((s, i) => s !== states[i - 1]);
        expect(moved.at(-1) === 3 ? wrongSteps(moved) : [], 'steps against the order').to.deep.equal([]);
      });
      const missing = [1, 2].filter((s) => !states.includes(s));
      if (j.policy.pushStates === 'mustBeSeen')
        j.check('SWMGMT-S.order', () => expect(missing.map(printState), 'states not seen').to.deep.equal([]));
      else j.note(`states seen: ${[...new Set(states)].join(', ')}`);
    },
  },
  {
    ...PUSHED,
    id: 'SWMGMT/DLP/05',
    purpose: 'the result of a failed download is reset when a new one begins',
    item: ITEM.INTEGRITY,
    when: `${ITEM.PUSH} and ${ITEM.INTEGRITY}`,
    statements: ['SWMGMT-R.reset', 'SWMGMT-R.delivered'],
    ixit: ['instance', 'packageA', 'packageBroken', 'checkS'],
    policies: ['resultDelivered'],
    async drive(t) {
      await push(t, 'packageBroken', 'broken');
      t.mark('push');
      await t.push(own(t), 'packageA', 'push');
      await until(t, 'DELIVERED', (s) => s.state === 3, CHECK);
    },
    judge(j) {
      const seen = delivers(j, 'SWMGMT-R.reset', 'push', CHECK);
      const reply = j.log.first(answered('write', 'push'));
      if (seen === undefined || reply === undefined) return;
      const working = j.log.after(reply).all(snapshots).filter((s) => s.state === 1 || s.state === 2);
      j.check('SWMGMT-R.reset', () => expect(working.filter((s) => s.result >= 50).map(printSeen), 'old results').to.deep.equal([]));
      j.check('SWMGMT-R.reset', () => expect(printResult(seen.result), 'result in DELIVERED').to.not.equal(printResult(53)));
    },
  },
  {
    ...PUSHED,
    id: 'SWMGMT/DLP/06',
    purpose: 'a package with broken integrity ends in 0/53; a good one works after it',
    item: ITEM.INTEGRITY,
    when: `${ITEM.PUSH} and ${ITEM.INTEGRITY}`,
    statements: ['SWMGMT-R.53', 'SWMGMT-S.after-failure', 'SWMGMT-R.delivered'],
    ixit: ['instance', 'packageA', 'packageBroken', 'checkS'],
    policies: ['resultDelivered'],
    demo: true,
    async drive(t) {
      await push(t, 'packageBroken', 'broken');
      t.mark('good');
      await t.push(own(t), 'packageA', 'good');
      await until(t, 'DELIVERED', (s) => s.state === 3, CHECK);
    },
    judge(j) {
      failsWith(j, 'SWMGMT-R.53', 'broken', [53], CHECK);
      if (j.log.first(answered('write', 'good')) !== undefined) delivers(j, 'SWMGMT-S.after-failure', 'good', CHECK);
    },
  },
  fails('SWMGMT/DLP/07', 'a package of an unsupported type ends in 0/54', 'packageWrongType', 'SWMGMT-R.54', [ITEM.WRONG_TYPE], [54]),
  {
    ...fails(
      'SWMGMT/DLP/08',
      'a package that is too large ends in 0/50 or 0/51, or is refused with 4.13',
      'packageTooLarge',
      'SWMGMT-R.50',
      [ITEM.NO_STORAGE, ITEM.NO_MEMORY],
      [50, 51],
    ),
    async drive(t) {
      t.mark('push');
      await t.push(own(t), 'packageTooLarge', 'push');
      await perhaps(t, 'end of the download', ended, CHECK);
      await see(t, 'after');
    },
    judge(j) {
      const reply = answerTo(j, 'SWMGMT-R.50', 'write', 'push');
      if (reply === undefined) return;
      if (reply.code !== '4.13') return void failsWith(j, 'SWMGMT-R.50', 'push', [50, 51], CHECK);
      const seen = stateAt(j, 'SWMGMT-R.50', 'after');
      if (seen !== undefined)
        j.check('SWMGMT-R.50', () => expect(printState(seen.state), 'state after 4.13').to.equal(printState(0)));
    },
  },
  {
    ...PUSHED,
    id: 'SWMGMT/DLP/09',
    purpose: 'a package written outside INITIAL changes nothing, or begins a download of its own',
    when: ITEM.PUSH,
    statements: ['SWMGMT-S.second-package', 'SWMGMT-R.2'],
    ixit: ['instance', 'packageA', 'packageB', 'versionA', 'versionB', 'checkS', 'installS'],
    policies: ['outOfState', 'refusalCode'],
    variants: {
      delivered: { when: ITEM.INSTALL },
      installed: { when: ITEM.INSTALL },
      downloading: { when: ITEM.PULL_COAP },
    },
    start: 'delivered',
    async drive(t, variant) {
      if (variant === 'installed') await install(t, 'arranged');
      if (variant === 'downloading') {
        await uninstall(t, 'arranged');
        await slowPull(t, 'download');
      }
      await see(t, 'before');
      t.mark('second');
      if ((await sendBlock(t, 'packageB', 0, 'second')) === '2.31') {
        await see(t, 'midway');
        await sendBlocks(t, 'packageB', 1);
      }
      await until(t, 'rest', (s) => s.state === 0 || s.state >= 3, DOWNLOAD);
      await see(t, 'after');
      if (variant === 'delivered') await install(t, 'install');
      await see(t, 'installed');
    },
    judge: judgeSecond,
  },
  {
    ...PUSHED,
    id: 'SWMGMT/DLP/15',
    purpose: 'an empty Package is never delivered',
    when: ITEM.PUSH,
    statements: ['SWMGMT-S.empty'],
    ixit: ['instance', 'checkS'],
    policies: ['emptyPackage'],
    async drive(t) {
      t.mark('empty');
      await t.write([9, own(t), RES.package], Buffer.alloc(0), 'empty', { format: FORMAT.opaque });
      await perhaps(t, 'DELIVERED', (s) => s.state === 3, { timer: 'quietWindow' });
      await see(t, 'after');
    },
    judge(j) {
      const seen = stateAt(j, 'SWMGMT-S.empty', 'after');
      const reply = answerTo(j, 'SWMGMT-S.empty', 'write', 'empty');
      if (seen === undefined || reply === undefined) return;
      j.note(`an empty Package was answered ${reply.code} and led to ${printSeen(seen)}`);
      if (j.policy.emptyPackage === 'notDelivered') neverDelivered(j, 'SWMGMT-S.empty');
    },
  },
  {
    ...PUSHED,
    id: 'SWMGMT/DLP/16',
    purpose: 'a Write without Content-Format is refused, or is a real download',
    when: ITEM.PUSH,
    statements: ['SWMGMT-CORE.no-format', 'SWMGMT-R.delivered'],
    ixit: ['instance', 'packageSmall', 'checkS'],
    policies: ['resultDelivered'],
    async drive(t) {
      t.mark('push');
      await t.push(own(t), 'packageSmall', 'push', { format: null });
      await perhaps(t, 'end of the download', ended, CHECK);
    },
    judge(j) {
      const reply = answerTo(j, 'SWMGMT-CORE.no-format', 'write', 'push');
      if (reply === undefined) return;
      if (reply.code.startsWith('2.')) return void delivers(j, 'SWMGMT-CORE.no-format', 'push', CHECK);
      j.check('SWMGMT-CORE.no-format', () => expect(reply.code, 'answer without Content-Format').to.match(/^4\./));
    },
  },
];

function numberIn(n: { readonly entries: Parameters<typeof valueAt>[0] | undefined; readonly path: readonly number[] }): number | undefined {
  const value = n.entries === undefined ? undefined : valueAt(n.entries, n.path);
  return value?.type === 'Integer' ? Number(value.value) : undefined;
}

/** Nothing of the case ever showed DELIVERED. */
function neverDelivered(j: J, statement: string): void {
  const delivered = j.log.all(showing(own(j), 'DELIVERED', (s) => s.state === 3));
  j.check(statement, () => expect(delivered.map(printSeen), 'DELIVERED shown').to.deep.equal([]));
}

function judgeSecond(j: J): void {
  const statement = 'SWMGMT-S.second-package';
  const first = stepAnswer(j, statement, 'second');
  if (first === undefined) return;
  const taken = first.code.startsWith('2.');
  const after = stateAt(j, statement, 'after');
  j.note(`Write of Package answered ${first.code}${after === undefined ? '' : `, then ${printSeen(after)}`}`);
  if (j.policy.outOfState === 'information' || after === undefined) return;
  if (j.policy.outOfState === 'refuse' && first.code !== '5.03') refusal(j, statement, first.code, 'Write of Package');
  const downloading = j.variant === 'downloading';
  if (!taken && !downloading) unchanged(j, statement, 'before', 'after');
  j.check(statement, () => expect(downloading || taken ? [0, 3, 4] : [3, 4], 'state at rest').to.include(after.state));
  if (j.variant !== 'delivered' || after.state !== 3) return;
  const midway = j.log.first(where(snapshots, 'state midway', (s) => s.label === 'midway'));
  const own = taken && (midway === undefined || midway.state !== 3);
  const installed = installs(j, statement, 'install');
  if (installed !== undefined && !own)
    j.check(statement, () => expect(installed.version, 'version installed, no second download having begun').to.equal(j.ixit.text('versionA')));
}

/** Refusal of a block that does not belong there. */
function refusesBlock(j: J, statement: string, label: string, wanted: string): void {
  const step = stepAnswer(j, statement, label);
  if (step === undefined) return;
  j.check(statement, () => expect(step.code, `answer to ${label}`).to.match(/^4\./));
  if (step.code.startsWith('4.') && step.code !== wanted) j.note(`${label} refused with ${step.code}, expected ${wanted}`);
}

/** The first block by hand was taken; otherwise the case has nothing to go on with. */
function begun(j: J, statement: string): boolean {
  const step = stepAnswer(j, statement, 'block 0');
  if (step !== undefined && step.code !== '2.31') j.inconclusive(statement, `block 0 was answered ${step.code}`);
  return step?.code === '2.31';
}

const BLOCKS = { start: 'clean', item: ITEM.BLOCKS, when: ITEM.BLOCKS } as const;

const blocks: Lwm2mCase[] = [
  {
    ...BLOCKS,
    id: 'SWMGMT/DLP/10',
    purpose: 'a missing block is refused and the package is not delivered',
    statements: ['SWMGMT-RFC7959.gap'],
    ixit: ['instance', 'packageA', 'unfinishedS'],
    async drive(t) {
      if ((await sendBlock(t, 'packageA', 0, 'block 0')) !== '2.31') return;
      if ((await sendBlock(t, 'packageA', 2, 'block after the gap'))?.startsWith('2.')) await sendBlocks(t, 'packageA', 3);
      t.mark('sent');
      await perhaps(t, 'DELIVERED', (s) => s.state === 3, { timer: 'quietWindow' });
    },
    judge(j) {
      if (!begun(j, 'SWMGMT-RFC7959.gap')) return;
      refusesBlock(j, 'SWMGMT-RFC7959.gap', 'block after the gap', '4.08');
      neverDelivered(j, 'SWMGMT-RFC7959.gap');
    },
  },
  {
    ...BLOCKS,
    id: 'SWMGMT/DLP/11',
    purpose: 'a transfer that does not begin with block 0 is refused',
    statements: ['SWMGMT-RFC7959.start'],
    ixit: ['instance', 'packageA', 'unfinishedS'],
    async drive(t) {
      await sendBlock(t, 'packageA', 1, 'block 1 first');
      await perhaps(t, 'INITIAL', (s) => s.state === 0, { timer: 'quietWindow' });
      await see(t, 'after');
    },
    judge(j) {
      refusesBlock(j, 'SWMGMT-RFC7959.start', 'block 1 first', '4.08');
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
      if (again.code !== '2.31' && !cached) return j.inconclusive(statement, `a device without response cache answered the repetition ${again.code}`);
      j.check(statement, () => expect(again.code, 'answer to the repeated block').to.equal('2.31'));
      const end = j.log.after(again).first(showing(own(j), 'end of the download', ended));
      if (end === undefined) j.inconclusive(statement, 'the transfer did not come to its end');
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
      const there = j.log.first(showing(own(j), 'DELIVERED', (s) => s.state === 3));
      const last = j.log.last(answered('write', 'restart'));
      if (there !== undefined) return j.check(statement, () => expect(printState(there.state)).to.equal(printState(3)));
      if (last === undefined) return j.inconclusive(statement, 'no attempt was answered');
      j.check(statement, () => expect(last.code, 'last attempt, the time of the IXIT being over').to.equal('2.04'));
      j.came(statement, showing(own(j), 'DELIVERED', (s) => s.state === 3), { stimulus: answered('write', 'restart'), within: CHECK });
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
      await until(t, 'INITIAL', (s) => s.state === 0, { timer: 'unfinishedS' });
    },
    judge(j) {
      const statement = 'SWMGMT-S.unfinished';
      if (!begun(j, statement)) return;
      for (const look of j.log.all(answered('look')))
        if (look.code !== '2.05') j.check('SWMGMT-CORE.busy', () => expect(look.code, 'Read during the transfer').to.equal('5.03'));
      const results = j.policy.unfinishedPush === '0/52' ? [52] : [52, 0];
      const there = showing(own(j), 'INITIAL', (s) => s.state === 0);
      const seen = j.came(statement, there, { stimulus: stepped('block 0'), within: { timer: 'unfinishedS', times: 1.1 } });
      if (seen !== undefined)
        j.check(statement, () => expect(results.map(printResult), 'results allowed').to.include(printResult(seen.result)));
    },
  },
];

/** How often a new transfer is tried while the device may still hold the old one. */
const ATTEMPTS = 8;

async function repeatBlock(t: T, num: number): Promise<void> {
  const size = 16 << HAND_SZX;
  const payload = t.content('packageA').subarray(num * size, (num + 1) * size);
  const more = num + 1 < blocksOf(t, 'packageA');
  await t.twice(`block ${num}`, { method: 'PUT', path: [9, own(t), RES.package], payload, format: FORMAT.opaque, block1: { num, more, szx: HAND_SZX } });
}

/** Download by push. */
export const dlp = suite<Lwm2mTester, Lwm2mPolicies>('DLP', [...whole, ...blocks].sort((a, b) => a.id.localeCompare(b.id)));
