import { expect } from 'chai';
import { suite } from '../../src/core/case.ts';
import { where } from '../../src/core/log.ts';
import { FORMAT } from '../../src/lwm2m/codec/content.ts';
import { printResult, printState, RES } from '../../src/lwm2m/codec/swmgmt.ts';
import { answered, notified, showing, snapshots, valueAt } from '../../src/lwm2m/kinds.ts';
import { isWorking, wrongSteps } from '../../src/lwm2m/machine.ts';
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
  leadsTo,
  type Lwm2mCase,
  neverDelivered,
  printSeen,
  refusal,
  stateAt,
  stepAnswer,
  unchanged,
} from './claims.ts';
import { blockCases } from './blocks.ts';
import { FORMAT_ITEM, ITEM } from './items.ts';
import {
  CHECK,
  DOWNLOAD,
  ended,
  install,
  own,
  perhaps,
  push,
  runningPull,
  see,
  sendBlock,
  sendBlocks,
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
      // Each in its own order: the answer to a repeated Read may be older than a notification that came before it.
      const orders = [told.map(numberIn), run.all(snapshots).map((s) => s.state)].map((shown) =>
        shown.flatMap((state) => state ?? []),
      );
      const states = orders.flat();
      j.check('SWMGMT-S.order', () => {
        expect(states.filter((s) => s > 3).map(printState), 'states that a download does not have').to.deep.equal([]);
        for (const shown of orders) {
          const moved = shown.filter((s, i) => s !== shown[i - 1]);
          expect(moved.at(-1) === 3 ? wrongSteps(moved) : [], 'steps against the order').to.deep.equal([]);
        }
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
    statements: ['SWMGMT-R.reset'],
    ixit: ['instance', 'packageA', 'packageBroken', 'checkS'],
    async drive(t) {
      await push(t, 'packageBroken', 'broken');
      t.mark('push');
      await t.push(own(t), 'packageA', 'push');
      await until(t, 'DELIVERED', (s) => s.state === 3, CHECK);
    },
    judge(j) {
      const there = showing(own(j), 'DELIVERED', (s) => s.state === 3);
      const seen = leadsTo(j, 'SWMGMT-R.reset', 'write', 'push', there, CHECK);
      const reply = j.log.first(answered('write', 'push'));
      if (seen === undefined || reply === undefined) return;
      const working = j.log
        .after(reply)
        .all(snapshots)
        .filter((s) => s.state === 1 || s.state === 2);
      j.check('SWMGMT-R.reset', () =>
        expect(working.filter((s) => s.result >= 50).map(printSeen), 'old results').to.deep.equal([]),
      );
      j.check('SWMGMT-R.reset', () =>
        expect(printResult(seen.result), 'result in DELIVERED').to.not.equal(printResult(53)),
      );
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
  fails(
    'SWMGMT/DLP/07',
    'a package of an unsupported type ends in 0/54',
    'packageWrongType',
    'SWMGMT-R.54',
    [ITEM.WRONG_TYPE],
    [54],
  ),
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
        await runningPull(t, 'download');
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
      await perhaps(t, 'DELIVERED', (s) => s.state === 3, CHECK);
      await see(t, 'after');
    },
    judge(j) {
      const seen = stateAt(j, 'SWMGMT-S.empty', 'after');
      const reply = answerTo(j, 'SWMGMT-S.empty', 'write', 'empty');
      if (seen === undefined || reply === undefined) return;
      j.note(`an empty Package was answered ${reply.code} and led to ${printSeen(seen)}`);
      if (j.policy.emptyPackage !== 'notDelivered') return;
      neverDelivered(j, 'SWMGMT-S.empty', 'empty');
      if (isWorking(seen.state)) j.inconclusive('SWMGMT-S.empty', 'the device was still at the empty package');
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

function numberIn(n: {
  readonly entries: Parameters<typeof valueAt>[0] | undefined;
  readonly path: readonly number[];
}): number | undefined {
  const value = n.entries === undefined ? undefined : valueAt(n.entries, n.path);
  return value?.type === 'Integer' ? Number(value.value) : undefined;
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
    j.check(statement, () =>
      expect(installed.version, 'version installed, no second download having begun').to.equal(j.ixit.text('versionA')),
    );
}

/** Download by push. */
export const dlp = suite<Lwm2mTester, Lwm2mPolicies>(
  'DLP',
  [...whole, ...blockCases].sort((a, b) => a.id.localeCompare(b.id)),
);
