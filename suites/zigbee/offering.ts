import { expect } from 'chai';
import { mustBe } from '../../src/core/claim.ts';
import { where } from '../../src/core/log.ts';
import { nameOf } from '../../src/core/layout/names.ts';
import { TRIES } from '../../src/zigbee/asking.ts';
import { OTA_CLUSTER, zclStatus } from '../../src/zigbee/codec/numbers.ts';
import { queryNextImageRequest } from '../../src/zigbee/codec/ota.ts';
import { imagesOf } from '../../src/zigbee/images.ts';
import { attributes, endpoints, managementRequests, notifies, queryReplies, sent } from '../../src/zigbee/kinds.ts';
import { answeredWith, block, offers, query, queryAnswered, refusedSomehow, stored } from './asks.ts';
import { refused } from './claims.ts';
import { ITEM } from './items.ts';
import { type Case, type J, marked, QUIET, srv, type T } from './moves.ts';

const { SUCCESS, NOT_AUTHORIZED, NO_IMAGE_AVAILABLE, MALFORMED_COMMAND, INVALID_FIELD } = zclStatus;
const QUERY = 'query';
const TOLD = 'told to notify';
const REVISION = 0xfffd;
const fileOf = (j: J, name: 'serverImage' | 'serverImageSecond' = 'serverImage') => imagesOf(j.ixit).image(name);

/** Tells the server to notify until a notify is heard. */
async function told(t: T, ...line: readonly [string, ...(string | number)[]]): Promise<void> {
  t.mark(TOLD);
  const [name, ...values] = line;
  for (let i = 0; i < TRIES; i++) {
    await t.say(name, ...values);
    if ((await t.perhaps(notifies, QUIET)) !== undefined) return;
  }
}

const TYPES = [
  'jitter alone',
  'the manufacturer',
  'manufacturer and image type',
  'manufacturer, image type and version',
];

/** The notify names no more than its type says, and what it names is the stored file. */
function layoutOf(j: J, s: string, type: number): void {
  const seen = j.came(s, notifies, { stimulus: marked(TOLD), within: { timer: 'quietWindow', times: TRIES } });
  if (seen === undefined) return;
  j.check(s, () => expect(seen.payloadType, 'payload type').to.equal(type), seen);
  j.check(s, () => expect(seen.queryJitter, 'query jitter').to.be.within(1, 100), seen);
  const { manufacturerCode, imageType, fileVersion } = fileOf(j);
  const wanted = [manufacturerCode, imageType, fileVersion].slice(0, type);
  const is = [seen.manufacturerCode, seen.imageType, seen.fileVersion].slice(0, type);
  j.check(s, () => expect(is, 'what the notify names').to.deep.equal(wanted), seen);
}

/** A query of a client that differs in one thing, and the only statuses that it may get. */
function differs(
  number: string,
  purpose: string,
  change: (t: T) => Parameters<typeof query>[2],
  ...statuses: readonly number[]
): Case {
  return srv(number, purpose, ITEM.GETS_QUERY, {
    drive: async (t) => void (await query(t, QUERY, change(t))),
    judge: (j, s) => queryAnswered(j, s, QUERY, ...statuses),
  });
}

/** Whether a newer or an equal version is offered, by policy and IXIT. */
const byRule = (j: J, s: string, allowed: boolean): void => {
  if (allowed) queryAnswered(j, s, QUERY, SUCCESS, NO_IMAGE_AVAILABLE);
  else queryAnswered(j, s, QUERY, NO_IMAGE_AVAILABLE);
};

const HARDWARE = { below: 0x0001, inside: 0x0102, above: 0xff00 } as const;

/** Purposes 001 to 031: what a server says of itself, notifies and offers. */
export const offeringCases: readonly Case[] = [
  srv('001', 'The endpoint has the cluster on its server side', ITEM.SERVER, {
    demo: true,
    drive: (t) => t.describe(),
    judge(j, s) {
      const seen = j.came(s, endpoints, { stimulus: managementRequests, tries: TRIES });
      if (seen === undefined) return;
      j.check(s, () =>
        mustBe(
          seen.inputClusters.includes(OTA_CLUSTER),
          'input clusters',
          seen.inputClusters,
          'with 0x0019 among them',
        ),
      );
    },
  }),
  srv('002', 'ClusterRevision can be read', ITEM.SERVER_REVISION, {
    demo: true,
    drive: async (t) => void (await t.readAttributes('read', [REVISION])),
    judge(j, s) {
      const seen = j.came(s, attributes(REVISION, 'read'), { stimulus: sent('read'), tries: TRIES });
      if (seen === undefined) return;
      j.check(s, () => expect(nameOf(zclStatus, seen.status), 'status').to.equal(nameOf(zclStatus, SUCCESS)), seen);
      if (seen.status === SUCCESS)
        j.check(s, () => expect(seen.content, 'ClusterRevision').to.be.within(1, 0xff), seen);
    },
  }),
  ...TYPES.map((what, type) =>
    srv(
      `01${type}`,
      `A notify with ${what} has its layout and a jitter from 1 to 100`,
      ITEM.NOTIFY_TYPE[type] ?? ITEM.SENDS_NOTIFY,
      {
        needs: ['console'],
        ixit: ['lineNotify'],
        drive: (t) => told(t, 'lineNotify', type),
        judge: (j, s) => layoutOf(j, s, type),
      },
    ),
  ),
  srv('014', 'A device specific file is notified by unicast, any other by broadcast', ITEM.SENDS_NOTIFY, {
    needs: ['console'],
    ixit: ['lineNotify', 'lineNotifySpecific'],
    async drive(t) {
      await told(t, 'lineNotify', 3);
      t.mark('specific');
      for (let i = 0; i < TRIES; i++) {
        await t.say('lineNotifySpecific');
        if (
          (await t.perhaps(
            where(notifies, 'unicast notify', (n) => !n.broadcast),
            QUIET,
          )) !== undefined
        )
          return;
      }
    },
    judge(j, s) {
      // A broadcast is heard once by each endpoint of the dongle, the last ones late.
      const unicast = where(notifies, 'unicast notify', (n) => !n.broadcast);
      const others = j.log.before('specific').first(notifies);
      if (others === undefined) {
        j.inconclusive(s, 'no notify of any other file was heard');
        return;
      }
      const window = { stimulus: marked('specific'), within: { timer: 'quietWindow', times: TRIES } };
      if (j.ixit.text('notifyRule') !== 'seed003') {
        j.note('the server need not follow this rule (notifyRule)');
        j.came(s, notifies, window);
        return;
      }
      j.check(s, () => expect(others.broadcast, 'the notify of any other file is broadcast').to.equal(true), others);
      j.came(s, unicast, window);
    },
  }),
  srv('015', 'A file that is put into the table without a notify causes none', ITEM.SENDS_NOTIFY, {
    needs: ['console'],
    ixit: ['lineRemove', 'lineRestore'],
    async drive(t) {
      await t.say('lineRemove');
      t.mark('registered');
      await t.say('lineRestore');
      await t.quiet(notifies, QUIET);
    },
    judge: (j, s) => j.never(s, notifies, { stimulus: marked('registered'), within: QUIET }),
  }),
  srv('020', 'A client with an older version is offered the stored file', ITEM.GETS_QUERY, {
    demo: true,
    drive: async (t) => void (await query(t, QUERY)),
    judge: (j, s) => offers(j, s, QUERY, fileOf(j)),
  }),
  srv('021', 'A client with the same version is offered nothing', ITEM.GETS_QUERY, {
    policies: ['serverVersionRule'],
    drive: async (t) => void (await query(t, QUERY, { fileVersion: stored(t).fileVersion })),
    judge: (j, s) => byRule(j, s, j.ixit.has('offersSameVersion') && j.ixit.flag('offersSameVersion')),
  }),
  srv('022', 'A client with a newer version is offered nothing, unless lower versions are offered', ITEM.GETS_QUERY, {
    policies: ['serverVersionRule'],
    drive: async (t) => void (await query(t, QUERY, { fileVersion: stored(t).fileVersion + 1 })),
    judge: (j, s) => byRule(j, s, j.policy.serverVersionRule === 'offer'),
  }),
  differs(
    '023',
    'A client of another manufacturer is offered nothing',
    (t) => ({ manufacturerCode: stored(t).manufacturerCode ^ 1 }),
    NO_IMAGE_AVAILABLE,
    NOT_AUTHORIZED,
  ),
  differs(
    '024',
    'A client with another image type is offered nothing',
    () => ({ imageType: 0x7e57 }),
    NO_IMAGE_AVAILABLE,
    NOT_AUTHORIZED,
  ),
  srv('025', 'Only a client whose hardware is in the range is offered a file with a range', ITEM.BY_HARDWARE, {
    ixit: ['serverImageRanged'],
    async drive(t) {
      const { imageType, fileVersion } = t.image('serverImageRanged');
      for (const [note, hardwareVersion] of Object.entries(HARDWARE))
        await query(t, note, { fieldControl: 1, imageType, fileVersion: fileVersion - 1, hardwareVersion });
    },
    judge(j, s) {
      queryAnswered(j, s, 'below', NO_IMAGE_AVAILABLE);
      queryAnswered(j, s, 'inside', SUCCESS);
      queryAnswered(j, s, 'above', NO_IMAGE_AVAILABLE);
    },
  }),
  srv('026', 'A client that states no hardware is offered a file with a range', ITEM.BY_HARDWARE, {
    ixit: ['serverImageRanged'],
    async drive(t) {
      const { imageType, fileVersion } = t.image('serverImageRanged');
      await query(t, QUERY, { imageType, fileVersion: fileVersion - 1 });
    },
    judge: (j, s) => queryAnswered(j, s, QUERY, SUCCESS),
  }),
  srv('027', 'A client that is not authorised is told so', ITEM.AUTHORISES, {
    needs: ['console'],
    ixit: ['lineRefuse', 'lineAuthorise'],
    async drive(t) {
      await t.sayUntilEnd('lineRefuse', 'lineAuthorise');
      await query(t, QUERY);
    },
    judge: (j, s) => queryAnswered(j, s, QUERY, NOT_AUTHORIZED),
  }),
  srv('028', 'Of two stored files each client is offered its own', ITEM.GETS_QUERY, {
    ixit: ['serverImageSecond'],
    async drive(t) {
      const { imageType, fileVersion } = t.image('serverImageSecond');
      await query(t, 'first');
      await query(t, 'second', { imageType, fileVersion: fileVersion - 1 });
    },
    judge(j, s) {
      offers(j, s, 'first', fileOf(j));
      offers(j, s, 'second', fileOf(j, 'serverImageSecond'));
    },
  }),
  srv('029', 'What the application of the server rejects is neither offered nor served', ITEM.GETS_QUERY, {
    needs: ['console'],
    ixit: ['lineReject', 'lineNoReject'],
    policies: ['rejectStatus'],
    async drive(t) {
      await t.sayUntilEnd('lineReject', 'lineNoReject');
      await query(t, QUERY);
      await block(t, 'block', 0, 40);
    },
    judge(j, s) {
      const { rejectStatus } = j.policy;
      if (rejectStatus === 'anyNonSuccess') refusedSomehow(j, s, QUERY);
      else answeredWith(j, s, QUERY, zclStatus[rejectStatus]);
      refusedSomehow(j, s, 'block');
    },
  }),
  srv('030', 'A query that is cut off is not answered with a file', ITEM.GETS_QUERY, {
    policies: ['negativeAnswer'],
    async drive(t) {
      await t.askRaw(QUERY, queryNextImageRequest.id, Buffer.of(0, 0x34, 0x12, 0x01));
      await query(t, 'whole');
    },
    judge(j, s) {
      const seen = j.log.first(queryReplies(QUERY));
      if (seen !== undefined)
        j.check(
          s,
          () =>
            expect(nameOf(zclStatus, seen.status), 'answer to half a query').to.not.equal(nameOf(zclStatus, SUCCESS)),
          seen,
        );
      refused(j, s, QUERY, MALFORMED_COMMAND, INVALID_FIELD);
      offers(j, s, 'whole', fileOf(j));
    },
  }),
  srv('031', 'Reserved bits of the field control are ignored', ITEM.GETS_QUERY, {
    async drive(t) {
      const { manufacturerCode, imageType, fileVersion } = stored(t);
      const payload = Buffer.alloc(9);
      payload.writeUInt8(0xf0, 0);
      payload.writeUInt16LE(manufacturerCode, 1);
      payload.writeUInt16LE(imageType, 3);
      payload.writeUInt32LE(fileVersion - 1, 5);
      await t.askRaw(QUERY, queryNextImageRequest.id, payload);
    },
    judge: (j, s) => offers(j, s, QUERY, fileOf(j)),
  }),
];
