import { expect } from 'chai';
import { answered, wasRepeated } from '../../src/lwm2m/kinds.ts';
import { resultsOf } from '../../src/lwm2m/policies.ts';
import { answerTo, delivers, failsWith, givesUp, type Lwm2mCase } from './claims.ts';
import { ITEM } from './items.ts';
import { DOWNLOAD, ended, giveUp, own, pull, SLOW, type T, until } from './moves.ts';

/** URIs that no device can fetch from, and why. */
const BAD_URIS = { malformed: 'coap//127.0.0.1 no', scheme: 'gopher://127.0.0.1/package' } as const;

/** A Write of Package URI whose download nobody serves. */
async function pullNowhere(t: T, uri: string): Promise<void> {
  t.mark('pull');
  await t.pull(own(t), uri, 'pull');
  await giveUp(t);
}

const FAILING = { start: 'clean', item: ITEM.INVALID_URI } as const;

/** Pulls that cannot succeed, and what the device must show then. */
export const failingPulls: readonly Lwm2mCase[] = [
  {
    ...FAILING,
    id: 'SWMGMT/DLU/05',
    purpose: 'a malformed URI and an unknown scheme end in 0/56',
    when: `${ITEM.INVALID_URI} and SWMGMT 3/4`,
    statements: ['SWMGMT-R.56'],
    ixit: ['instance', 'pullS'],
    policies: ['badUri'],
    variants: Object.fromEntries(Object.keys(BAD_URIS).map((name) => [name, { when: ITEM.INVALID_URI }])),
    demo: true,
    async drive(t, variant) {
      t.mark('pull');
      await t.pull(own(t), BAD_URIS[variant as keyof typeof BAD_URIS], 'pull');
      await until(t, 'end of the download', ended, { timer: 'pullS' });
    },
    judge(j) {
      const reply = answerTo(j, 'SWMGMT-R.56', 'write', 'pull');
      if (reply === undefined) return;
      j.note(`a bad URI was answered ${reply.code}`);
      const wanted = { refuse: /^4\./, report56: /^2\./, either: /^[24]\./ }[j.policy.badUri];
      // The repetition of a Write may meet the download that the first copy began.
      if (!wanted.test(reply.code) && wasRepeated(j.log, reply))
        j.inconclusive('SWMGMT-R.56', `the Write was repeated on the link and then answered ${reply.code}`);
      else
        j.check('SWMGMT-R.56', () => expect(reply.code, `answer to a bad URI (${j.policy.badUri})`).to.match(wanted));
      if (j.policy.badUri !== 'refuse') failsWith(j, 'SWMGMT-R.56', 'pull', [56], { timer: 'pullS' });
    },
  },
  {
    ...FAILING,
    id: 'SWMGMT/DLU/06',
    purpose: 'a host name that does not resolve ends in 0/56 or 0/52',
    when: `${ITEM.INVALID_URI} and ${ITEM.PULL_COAP}`,
    statements: ['SWMGMT-R.unresolvable'],
    ixit: ['instance', 'giveUpS'],
    drive: (t) => pullNowhere(t, 'coap://no-such-host.invalid/package'),
    judge: (j) => void givesUp(j, 'SWMGMT-R.unresolvable', 'pull', [56, 52]),
  },
  {
    ...FAILING,
    id: 'SWMGMT/DLU/07',
    purpose: 'a file that the server does not have ends in 0 with a result of policy A10',
    item: ITEM.PULL_COAP,
    when: ITEM.PULL_COAP,
    statements: ['SWMGMT-R.not-found'],
    ixit: ['instance', 'giveUpS'],
    policies: ['fileNotFound'],
    drive: async (t) => pullNowhere(t, await t.missing()),
    judge(j) {
      const seen = givesUp(j, 'SWMGMT-R.not-found', 'pull', resultsOf(j.policy.fileNotFound));
      if (seen !== undefined && seen.result !== 56) j.note(`file not found reported as ${seen.result}, expected 56`);
    },
  },
  {
    ...FAILING,
    id: 'SWMGMT/DLU/08',
    purpose: 'an address at which nobody listens ends in 0 with a result of policy A16',
    item: ITEM.PULL_COAP,
    when: ITEM.PULL_COAP,
    statements: ['SWMGMT-R.nobody'],
    ixit: ['instance', 'giveUpS'],
    policies: ['nobodyListens'],
    drive: async (t) => pullNowhere(t, await t.nobody()),
    judge(j) {
      const seen = givesUp(j, 'SWMGMT-R.nobody', 'pull', resultsOf(j.policy.nobodyListens));
      if (seen !== undefined && seen.result !== 52) j.note(`nobody listening reported as ${seen.result}, expected 52`);
    },
  },
  {
    ...FAILING,
    id: 'SWMGMT/DLU/09',
    purpose: 'a server that falls silent midway ends in 0/52; then a new pull works',
    item: ITEM.CONNECTION_LOST,
    when: `${ITEM.CONNECTION_LOST} and ${ITEM.PULL_COAP}`,
    statements: ['SWMGMT-R.52', 'SWMGMT-S.after-failure', 'SWMGMT-R.delivered'],
    ixit: ['instance', 'packageA', 'pullS', 'giveUpS'],
    policies: ['resultDelivered'],
    async drive(t) {
      await pullNowhere(t, await t.serve('packageA', { blocks: SLOW.blocks ?? 1, behaviour: { silentAt: 3 } }));
      const url = await t.serve('packageA');
      t.mark('again');
      await t.pull(own(t), url, 'again');
      await until(t, 'DELIVERED', (s) => s.state === 3, DOWNLOAD);
    },
    judge(j) {
      givesUp(j, 'SWMGMT-R.52', 'pull', [52]);
      if (j.log.first(answered('write', 'again')) !== undefined)
        delivers(j, 'SWMGMT-S.after-failure', 'again', DOWNLOAD);
    },
  },
  {
    ...FAILING,
    id: 'SWMGMT/DLU/12',
    purpose: 'a package with broken integrity ends in 0/53 when pulled',
    item: ITEM.INTEGRITY,
    when: `${ITEM.INTEGRITY} and ${ITEM.PULL_COAP}`,
    statements: ['SWMGMT-R.53'],
    ixit: ['instance', 'packageBroken', 'pullS'],
    drive: async (t) => pull(t, await t.serve('packageBroken'), 'pull'),
    judge: (j) => void failsWith(j, 'SWMGMT-R.53', 'pull', [53], DOWNLOAD),
  },
];
