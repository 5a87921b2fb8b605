import { expect } from 'chai';
import { mustBe } from '../../src/core/claim.ts';
import { where } from '../../src/core/log.ts';
import { TRIES } from '../../src/zigbee/asking.ts';
import { timeoutPolicy, UNTIL_TOLD, upgradeStatus, wildCard, zclStatus } from '../../src/zigbee/codec/numbers.ts';
import { upgradeEndRequest, upgradeEndResponse } from '../../src/zigbee/codec/ota.ts';
import { announces, attributes, delivered, endRequests, refusals, sent } from '../../src/zigbee/kinds.ts';
import { refuse, type Reply } from '../../src/zigbee/server.ts';
import { endedWith, refused, runs, statusIs, statusSince, switched } from './claims.ts';
import { ITEM } from './items.ts';
import {
  type Case,
  cli,
  CURRENT_VERSION,
  download,
  type J,
  look,
  marked,
  QUIET,
  rejected,
  REBOOT,
  STATUS,
  type T,
  upgrade,
} from './moves.ts';

const END = 'end response';
const AFTER = 'after';
const DURING = 'during';
const DELAY_S = 60;
const CLOCK = 1000;
const TIMEOUT_POLICY = 0x000c;
/** So many times the delay the restart is waited for, the time that it takes left out. */
const LATE = 1.4;
const HOLD = { currentTime: 0, upgradeTime: UNTIL_TOLD };
const NEVER = { on: 'end', note: 'no answer', answer: (): readonly Reply[] => [] } as const;

const newer = (j: J): number => {
  const offer = j.log.first(sent('query response'))?.decoded;
  return offer?.kind === 'command' ? Number(offer.value['fileVersion']) : 0;
};

/** The file that was offered runs, as a read at the end shows. */
const runsNew = (j: J) => where(attributes(CURRENT_VERSION, AFTER), 'new version', (a) => a.content === newer(j));

/** The client did not restart after the answer, and the old version runs. */
function stayed(j: J, s: string, stimulus: string): void {
  j.never(s, announces, { stimulus: sent(stimulus) });
  runs(j, s, AFTER, j.ixit.number('runningVersion'));
}

/** An upgrade whose answer asks for a delay; the status is read while it lasts. */
async function delayed(t: T, end: { currentTime: number; upgradeTime: number }): Promise<void> {
  await download(t, { file: t.image('imageNewer'), end });
  await t.perhaps(delivered(END), QUIET);
  // Behind the answer by so much that a read does not overtake it.
  await t.quiet(announces, { timer: 'pollInterval' });
  await look(t, DURING);
  if ((await t.perhaps(announces, { timer: 'upgradeDelay', times: LATE + 0.1 })) === undefined)
    await t.perhaps(announces, { timer: 'rebootS', times: 1.3 });
  await look(t, AFTER);
}

function onTime(j: J, s: string): void {
  const answer = j.log.last(sent(END));
  if (answer === undefined) {
    j.inconclusive(s, 'the end response was not delivered');
    return;
  }
  const delay = j.ms('upgradeDelay');
  const runsIt = runsNew(j);
  if (j.log.first(announces) === undefined && j.log.first(runsIt) !== undefined) {
    j.inconclusive(s, 'the new version runs, but no Device Announce came that tells since when');
    return;
  }
  // How soon it came is judged below.
  const times = 1.2 + (LATE * delay) / j.ms(REBOOT);
  const restart = j.came(s, announces, { stimulus: sent(END), within: { ...REBOOT, times, of: 'no-progress' } });
  if (restart === undefined) return;
  j.onTime(s, 'the restart', {
    from: answer,
    to: restart,
    notBefore: delay,
    notAfter: delay + j.ms(REBOOT),
    tolerance: j.ms('tolerance'),
  });
  const told = j.log.first(attributes(STATUS, DURING));
  if (told !== undefined && told.n > restart.n) j.inconclusive(s, 'ImageUpgradeStatus was told only after the restart');
  else statusSince(j, s, END, DURING, 4);
  runs(j, s, AFTER, newer(j));
}

/** A held upgrade: the client waits in state 3. */
async function held(t: T): Promise<void> {
  await download(t, { file: t.image('imageNewer'), end: HOLD });
  await t.perhaps(delivered(END), QUIET);
  await t.quiet(announces, QUIET);
  await look(t, DURING);
}

/** An Upgrade End Response that the client did not ask for. */
function unasked(
  t: T,
  note: string,
  change: Partial<{ manufacturerCode: number; imageType: number; fileVersion: number }>,
): Promise<void> {
  const { manufacturerCode, imageType, fileVersion } = t.image('imageNewer');
  const value = { manufacturerCode, imageType, fileVersion, currentTime: 0, upgradeTime: 0, ...change };
  return t.send(note, upgradeEndResponse, value);
}

/** Purposes 090 to 100: from the end request to the new version. */
export const switchingCases: readonly Case[] = [
  cli('090', 'Told to upgrade now the client restarts into the new version', ITEM.END_RESPONSE, {
    demo: true,
    when: 'ZBOTA 3/4 and not ZBOTA 5/14',
    async drive(t) {
      await upgrade(t, { file: t.image('imageNewer'), end: { currentTime: 0, upgradeTime: 0 } });
      await look(t, AFTER);
    },
    judge: (j, s) => switched(j, s, END, AFTER, newer(j)),
  }),
  cli('091', 'Told to upgrade in 60 s the client counts down and restarts then', ITEM.END_RESPONSE, {
    when: 'ZBOTA 3/4 and not ZBOTA 5/14',
    drive: (t) => delayed(t, { currentTime: 0, upgradeTime: DELAY_S }),
    judge: onTime,
  }),
  cli('092', 'Told to upgrade 60 s behind the current time the client does so', ITEM.END_RESPONSE, {
    when: 'ZBOTA 3/4 and not ZBOTA 5/14',
    drive: (t) => delayed(t, { currentTime: CLOCK, upgradeTime: CLOCK + DELAY_S }),
    judge: onTime,
  }),
  cli('093', 'An upgrade time before the current time is taken for now, or waited for', ITEM.END_RESPONSE, {
    when: 'ZBOTA 3/4 and not ZBOTA 5/14',
    policies: ['timeBeforeCurrent'],
    async drive(t) {
      await download(t, { file: t.image('imageNewer'), end: { currentTime: CLOCK, upgradeTime: CLOCK - DELAY_S } });
      await t.perhaps(announces, { timer: 'rebootS', times: 1.2 });
      await look(t, AFTER);
    },
    judge(j, s) {
      const now = j.log.first(attributes(STATUS, AFTER))?.content;
      // Where the announce was lost the client is Normal.
      const restarted = j.log.first(announces) !== undefined || now === upgradeStatus.NORMAL;
      j.note(restarted ? 'upgraded at once' : 'waits');
      if (j.policy.timeBeforeCurrent === 'atOnce') switched(j, s, END, AFTER, newer(j));
      else if (j.policy.timeBeforeCurrent === 'wait') stayed(j, s, END);
      else if (restarted) switched(j, s, END, AFTER, newer(j));
      else statusIs(j, s, AFTER, 2, 3, 4);
    },
  }),
  cli('094', 'A held upgrade waits, and the client asks again later', ITEM.END_RESPONSE, {
    when: 'ZBOTA 3/4 and not ZBOTA 5/14',
    long: true,
    ixit: ['holdRepeatS'],
    policies: ['holdRetries'],
    async drive(t) {
      await held(t);
      await t.quiet(announces, { timer: 'hold' });
      t.mark('asked once');
      await t.perhaps(endRequests, { timer: 'holdRepeatS', times: 1.2 });
    },
    judge(j, s) {
      statusSince(j, s, END, DURING, 3);
      j.never(s, announces, { stimulus: sent(END), within: { timer: 'hold' } });
      if (j.log.first(announces) !== undefined) return;
      j.came(s, endRequests, { stimulus: marked('asked once'), within: { timer: 'holdRepeatS', times: 1.15 } });
    },
  }),
  cli('095', 'A held upgrade starts when the server says so with wild cards', ITEM.END_RESPONSE, {
    when: 'ZBOTA 3/4 and not ZBOTA 5/14',
    async drive(t) {
      await held(t);
      t.mark('release');
      await unasked(t, 'release', {
        manufacturerCode: wildCard.MANUFACTURER,
        imageType: wildCard.IMAGE_TYPE,
        fileVersion: wildCard.FILE_VERSION,
      });
      await t.perhaps(announces, { timer: 'rebootS', times: 1.2 });
      await look(t, AFTER);
    },
    judge(j, s) {
      statusSince(j, s, END, DURING, 3);
      switched(j, s, 'release', AFTER, newer(j));
    },
  }),
  cli('096', 'An end response for another file is discarded', ITEM.END_RESPONSE, {
    when: 'ZBOTA 3/4 and not ZBOTA 5/14',
    async drive(t) {
      await held(t);
      await unasked(t, 'foreign release', { fileVersion: t.image('imageNewer').fileVersion + 1 });
      await t.quiet(announces, QUIET);
      await look(t, AFTER);
    },
    judge: (j, s) => stayed(j, s, 'foreign release'),
  }),
  cli('097', 'An end response that is cut off is discarded', ITEM.END_RESPONSE, {
    when: 'ZBOTA 3/4 and not ZBOTA 5/14',
    policies: ['negativeAnswer'],
    async drive(t) {
      await held(t);
      await rejected(t, 'cut release', upgradeEndResponse.id, Buffer.of(0x34, 0x12, 0x01, 0x00, 0x20));
      await t.quiet(announces, QUIET);
      await look(t, AFTER);
    },
    judge(j, s) {
      stayed(j, s, 'cut release');
      refused(j, s, 'cut release', zclStatus.MALFORMED_COMMAND);
    },
  }),
  cli('098', 'A cancelled upgrade is dropped', ITEM.END, {
    async drive(t) {
      const cancel = refuse(upgradeEndRequest.id, zclStatus.ABORT);
      await download(t, {
        file: t.image('imageNewer'),
        rules: [{ on: 'end', note: 'cancel', answer: () => [cancel] }],
      });
      await t.quiet(announces, QUIET);
      await look(t, AFTER);
    },
    judge(j, s) {
      endedWith(j, s, zclStatus.SUCCESS);
      j.never(s, announces, { stimulus: sent('cancel') });
      statusSince(j, s, 'cancel', AFTER, 0);
      runs(j, s, AFTER, j.ixit.number('runningVersion'));
    },
  }),
  cli('099', 'An end request that nobody answers is repeated, then the policy holds', ITEM.END, {
    long: true,
    ixit: ['endRepeatS'],
    policies: ['noEndAnswer'],
    async drive(t) {
      await download(t, { file: t.image('imageNewer'), rules: [NEVER] });
      t.mark('unanswered');
      await t.readAttributes('policy', [TIMEOUT_POLICY]);
      await t.perhaps(endRequests, { timer: 'endRepeatS', times: 1.2 });
      await t.perhaps(announces, { timer: 'endRepeatS', times: 3.3 });
      await look(t, AFTER);
    },
    judge(j, s) {
      if (j.log.first(endRequests) === undefined) {
        endedWith(j, s, zclStatus.SUCCESS);
        return;
      }
      j.came(s, endRequests, { stimulus: marked('unanswered'), within: { timer: 'endRepeatS', times: 1.15 } });
      // The announce is a broadcast that may be lost; then the version that runs tells.
      const since = j.log.after('unanswered');
      const applied = since.first(announces) !== undefined || since.first(runsNew(j)) !== undefined;
      j.note(applied ? 'the file was applied in the end' : 'the file was not applied');
      const told = j.log.first(attributes(TIMEOUT_POLICY, 'policy'))?.content;
      const stays =
        j.policy.noEndAnswer === 'byAttribute' ? told === timeoutPolicy.DO_NOT_APPLY : j.policy.noEndAnswer === 'stay';
      const unread = since.first(attributes(CURRENT_VERSION, AFTER)) === undefined;
      const must = j.policy.noEndAnswer === 'apply';
      if (must && !applied && unread) j.inconclusive(s, 'no Device Announce came, and which version runs is not known');
      else if (must) j.check(s, () => mustBe(applied, 'end without an answer', 'not applied', 'applied'));
      // How often a client asks before it applies the file is its own affair.
      if (stays) j.check(s, () => mustBe(!applied, 'end without an answer', 'applied', 'not applied'));
    },
  }),
  cli('100', 'A client that is activated out of band refuses an upgrade time', ITEM.OOB, {
    async drive(t) {
      await download(t, { file: t.image('imageNewer'), end: { currentTime: 0, upgradeTime: 0 } });
      await t.perhaps(delivered(END), QUIET);
      // The refusal has no acknowledgement: the answer is given again until one comes.
      for (let i = 1; i < TRIES && (await t.perhaps(refusals(upgradeEndResponse.id), QUIET)) === undefined; i++)
        await unasked(t, END, {});
      await t.quiet(announces, QUIET);
      await look(t, AFTER);
    },
    judge(j, s) {
      const refusal = j.came(s, refusals(upgradeEndResponse.id), { stimulus: sent(END), within: QUIET, tries: TRIES });
      if (refusal !== undefined)
        j.check(
          s,
          () => expect(refusal.status, 'status of the Default Response').to.equal(zclStatus.NOT_AUTHORIZED),
          refusal,
        );
      j.never(s, announces, { stimulus: sent(END) });
      statusIs(j, s, AFTER, 6);
    },
  }),
];
