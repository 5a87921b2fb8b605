import { expect } from 'chai';
import { mustBe } from '../../src/core/claim.ts';
import { TRIES } from '../../src/zigbee/asking.ts';
import { imageNotify } from '../../src/zigbee/codec/ota.ts';
import { upgradeStatus, zclStatus } from '../../src/zigbee/codec/numbers.ts';
import { queries, refusals, sent } from '../../src/zigbee/kinds.ts';
import type { Notify } from '../../src/zigbee/tester.ts';
import { noDownload, refused, statusIs, staysQuiet } from './claims.ts';
import { ITEM } from './items.ts';
import { ALWAYS, type Case, cli, type J, look, notified, QUERY, QUIET, rejected, type T } from './moves.ts';

const NOTE = 'image notify';
const ODD_BROADCAST = 'odd broadcast';
const BROADCAST = { broadcast: true } as const;

/** A notify of this payload type for the newer file, with changes. */
function about(t: T, payloadType: number, change: Partial<Notify> = {}): Notify {
  const { manufacturerCode, imageType, fileVersion } = t.image('imageNewer');
  return {
    payloadType,
    queryJitter: ALWAYS,
    ...(payloadType >= 1 ? { manufacturerCode } : {}),
    ...(payloadType >= 2 ? { imageType } : {}),
    ...(payloadType >= 3 ? { fileVersion } : {}),
    ...change,
  };
}

/** The client asked for an image after the notify. */
const asks = (j: J, s: string): void => void j.came(s, queries, { stimulus: sent(NOTE), within: QUERY, tries: TRIES });
const staysQuietBehind = (j: J, s: string): void => staysQuiet(j, s, NOTE);
/** Broadcasts of one notify: that the radio loses all of them happens once in a thousand (10 % each). */
const BROADCASTS = 3;

/** A broadcast notify that is not meant for the client, sent so often that it is heard. */
async function unheeded(t: T, notify: Notify): Promise<void> {
  t.mark(NOTE);
  for (let i = 0; i < BROADCASTS; i++) await t.notify(NOTE, notify, BROADCAST);
  await t.quiet(queries, QUIET);
}

/** The same with octets that are no notify. */
async function oddBroadcast(t: T, payload: Buffer): Promise<void> {
  t.mark(ODD_BROADCAST);
  for (let i = 0; i < BROADCASTS; i++) await t.raw(ODD_BROADCAST, imageNotify.id, payload, {}, BROADCAST);
  await t.quiet(queries, QUIET);
}

/** What came before the notify that is for the client alone. */
const beforeUnicast = (j: J) => j.log.before(j.log.first(sent(NOTE)) ?? { n: Number.MAX_SAFE_INTEGER });

/** A unicast notify asks for a query whatever it says, so that one after an odd one moves nothing; a download does. */
function harmless(j: J, s: string): void {
  if (j.policy.negativeAnswer === 'asWritten') {
    staysQuiet(j, s, NOTE);
  } else {
    const told = j.log.first(sent(NOTE));
    const asked = told === undefined ? undefined : j.log.after(told).first(queries);
    if (asked !== undefined) j.note('the unicast notify was answered by a query');
    noDownload(j, s, NOTE);
  }
  statusIs(j, s, 'after', upgradeStatus.NORMAL);
}

/** How many of so many broadcasts of this jitter the client answers. */
async function sample(t: T, jitter: number, size: number): Promise<void> {
  for (let i = 0; i < size; i++) {
    t.mark(`sample ${i}`);
    await t.notify(NOTE, about(t, 0, { queryJitter: jitter }), BROADCAST);
    await t.pause({ timer: 'broadcastGap' }, 'broadcasts apart');
  }
}

function answered(j: J, size: number): number {
  let count = 0;
  for (let i = 0; i < size; i++) {
    const part = j.log.after(`sample ${i}`);
    const own = i + 1 < size ? part.before(`sample ${i + 1}`) : part;
    if (own.all(queries).length > 0) count++;
  }
  return count;
}

const SAMPLE = 100;
/** A fair sample of 100 lies outside of 30 to 70 once in 30,000; what the radio loses only lowers it. */
const FAIR = { least: 15, doubtful: 30, most: 70 } as const;
/** All of so many at jitter 1 happen by chance once in 10^20. */
const FEW = 10;

const TYPES = ['jitter alone', 'manufacturer', 'manufacturer and image type', 'manufacturer, image type and version'];

/** Purposes 010 to 024: Image Notify. */
export const notifyCases: readonly Case[] = [
  ...TYPES.map((what, type) =>
    cli(`01${type}`, `A unicast notify with ${what} leads to a query`, ITEM.NOTIFY, {
      ...(type === 0 ? { demo: true as const } : {}),
      drive: async (t) => void (await notified(t, NOTE, about(t, type))),
      judge: asks,
    }),
  ),
  cli('014', 'A unicast notify for another manufacturer and image type', ITEM.NOTIFY, {
    policies: ['foreignUnicastNotify'],
    async drive(t) {
      const { manufacturerCode, imageType } = t.image('imageNewer');
      const foreign = { manufacturerCode: manufacturerCode ^ 1, imageType: imageType ^ 1 };
      await notified(t, NOTE, about(t, 2, foreign));
      await t.quiet(queries, QUIET);
    },
    judge(j, s) {
      switch (j.policy.foreignUnicastNotify) {
        case 'query':
          asks(j, s);
          return;
        case 'none':
          staysQuiet(j, s, NOTE);
          return;
        case 'information':
          j.note(j.log.first(queries) === undefined ? 'no query' : 'the client asked for an image');
      }
    },
  }),
  cli('015', 'A broadcast notify with jitter 100 leads to a query', ITEM.BROADCAST, {
    policies: ['jitterCompare'],
    drive: async (t) => void (await notified(t, NOTE, about(t, 3), BROADCAST)),
    judge: asks,
  }),
  cli('016', 'A broadcast notify for another manufacturer is ignored', ITEM.BROADCAST, {
    drive: (t) => unheeded(t, about(t, 1, { manufacturerCode: t.image('imageNewer').manufacturerCode ^ 1 })),
    judge: staysQuietBehind,
  }),
  cli('017', 'A broadcast notify for another image type is ignored', ITEM.BROADCAST, {
    drive: (t) => unheeded(t, about(t, 2, { imageType: t.image('imageNewer').imageType ^ 1 })),
    judge: staysQuietBehind,
  }),
  cli('018', 'A broadcast notify of the version that runs is ignored', ITEM.BROADCAST, {
    drive: (t) => unheeded(t, about(t, 3, { fileVersion: t.ixit.number('runningVersion') })),
    judge: staysQuietBehind,
  }),
  cli('019', 'A broadcast notify of a lower version leads to a query', ITEM.BROADCAST, {
    drive: async (t) =>
      void (await notified(t, NOTE, about(t, 3, { fileVersion: t.ixit.number('runningVersion') - 1 }), BROADCAST)),
    judge: asks,
  }),
  cli('020', 'Of 100 broadcasts with jitter 50 about half are answered', ITEM.BROADCAST, {
    long: true,
    policies: ['jitterCompare'],
    drive: (t) => sample(t, 50, SAMPLE),
    judge(j, s) {
      const count = answered(j, SAMPLE);
      j.note(`${count} of ${SAMPLE} answered; by chance a fair draw leaves 30 to 70 once in 30,000`);
      if (count >= FAIR.least && count < FAIR.doubtful)
        j.inconclusive(s, `${count} answers, a radio that loses may explain it`);
      else
        j.check(s, () =>
          mustBe(
            count >= FAIR.least && count <= FAIR.most,
            'answers to 100 broadcasts with jitter 50',
            count,
            'from 30 to 70',
          ),
        );
    },
  }),
  cli('021', 'Broadcasts with jitter 1 are not always answered', ITEM.BROADCAST, {
    policies: ['jitterCompare'],
    drive: (t) => sample(t, 1, FEW),
    judge(j, s) {
      const count = answered(j, FEW);
      j.note(`${count} of ${FEW} answered; all of them happen by chance once in 10^20`);
      j.check(s, () => expect(count, `answers to ${FEW} broadcasts with jitter 1`).to.be.below(FEW));
    },
  }),
  cli('022', 'Broadcasts with a jitter out of range', ITEM.BROADCAST, {
    policies: ['jitterOutOfRange'],
    async drive(t) {
      for (const jitter of Array.from({ length: BROADCASTS }, () => [0, 101]).flat())
        await t.raw(NOTE, imageNotify.id, Buffer.of(0, jitter), { disableDefaultResponse: true }, BROADCAST);
      await t.quiet(queries, QUIET);
    },
    judge(j, s) {
      if (j.policy.jitterOutOfRange === 'ignore') staysQuiet(j, s, NOTE);
      else j.note(j.log.first(queries) === undefined ? 'ignored' : 'the client asked for an image');
    },
  }),
  cli('023', 'A notify of payload type 4 is ignored', ITEM.NOTIFY, {
    policies: ['negativeAnswer'],
    async drive(t) {
      const payload = Buffer.from('0464341201002000000000', 'hex');
      await oddBroadcast(t, payload);
      await t.raw(NOTE, imageNotify.id, payload);
      await t.quiet(queries, QUIET);
      await look(t, 'after');
    },
    judge(j, s) {
      staysQuiet(j, s, ODD_BROADCAST, beforeUnicast(j));
      harmless(j, s);
    },
  }),
  cli('024', 'A notify that is cut off leads to no query', ITEM.NOTIFY, {
    policies: ['negativeAnswer'],
    async drive(t) {
      const payload = Buffer.of(2, ALWAYS, 0x34);
      await oddBroadcast(t, payload);
      await rejected(t, NOTE, imageNotify.id, payload);
      await t.quiet(queries, QUIET);
      await look(t, 'after');
    },
    judge(j, s) {
      staysQuiet(j, s, ODD_BROADCAST, beforeUnicast(j));
      j.never(s, refusals(imageNotify.id), { stimulus: sent(ODD_BROADCAST) }, beforeUnicast(j));
      harmless(j, s);
      refused(j, s, NOTE, zclStatus.MALFORMED_COMMAND, zclStatus.INVALID_FIELD);
    },
  }),
];
