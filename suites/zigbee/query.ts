import { expect } from 'chai';
import { hexNumber } from '../../src/core/layout/names.ts';
import { queryNextImageResponse } from '../../src/zigbee/codec/ota.ts';
import { zclStatus } from '../../src/zigbee/codec/numbers.ts';
import { announces, dataRequests, endRequests, queries, refusals, sent } from '../../src/zigbee/kinds.ts';
import type { Offered } from '../../src/zigbee/images.ts';
import { command, type Reply } from '../../src/zigbee/server.ts';
import { where } from '../../src/core/log.ts';
import { TRIES } from '../../src/zigbee/asking.ts';
import { noDownload, refused, runs, statusIs } from './claims.ts';
import { ITEM } from './items.ts';
import {
  type Case,
  cli,
  DOWNLOAD,
  type J,
  look,
  marked,
  perhapsEnd,
  provocation,
  provoke,
  QUERY,
  QUIET,
  type T,
} from './moves.ts';

const OFFER = 'offer';
const AFTER = 'after';

/** A successful query response, with anything in it: also what no server may send. */
function offerOf(
  { manufacturerCode, imageType, fileVersion, imageSize }: Offered,
  change: Partial<Offered> = {},
): Reply {
  const is = { manufacturerCode, imageType, fileVersion, imageSize, ...change };
  const payload = Buffer.alloc(13);
  payload.writeUInt16LE(is.manufacturerCode, 1);
  payload.writeUInt16LE(is.imageType, 3);
  payload.writeUInt32LE(is.fileVersion, 5);
  payload.writeUInt32LE(is.imageSize, 9);
  return { kind: 'raw', command: queryNextImageResponse.id, payload };
}

/** Offers the file with this query response and watches that no download begins. */
async function offered(t: T, file: Offered, reply: Reply): Promise<void> {
  t.mark(OFFER);
  t.offer({ file, rules: [{ on: 'query', note: OFFER, answer: () => [reply] }] });
  await provoke(t);
  await t.quiet(dataRequests, QUIET);
  await look(t, AFTER);
}

function untouched(j: J, s: string): void {
  noDownload(j, s, OFFER);
  statusIs(j, s, AFTER, 0);
}

/** A query answered with an offer that no client may take. */
function unacceptable(number: string, what: string, change: (file: Offered) => Partial<Offered>): Case {
  return cli(number, `${what} leads to no download`, ITEM.QUERY_RESPONSE, {
    drive: (t) => offered(t, t.image('imageNewer'), offerOf(t.image('imageNewer'), change(t.image('imageNewer')))),
    judge: untouched,
  });
}

/** A query answered without an image. */
function without(number: string, status: number, name: string): Case {
  return cli(number, `After ${name} there is no download and the client stays Normal`, ITEM.QUERY_RESPONSE, {
    ...(number === '032' ? { demo: true as const } : {}),
    drive: (t) => offered(t, t.image('imageNewer'), command(queryNextImageResponse, { status })),
    judge: untouched,
  });
}

const NEW_INTERVAL_S = 60;
/** Octets by which a file is too large: more than the block that reaches over the end of the storage. */
const EXCESS = 1024;

/** Purposes 030 to 045: the query and its answers. */
export const queryCases: readonly Case[] = [
  cli('030', 'The query carries the identity and the version of the client', ITEM.QUERY, {
    drive: provoke,
    judge(j, s) {
      const query = j.came(s, queries, { stimulus: provocation, within: QUERY, tries: TRIES });
      if (query === undefined) return;
      const { manufacturerCode, imageType, fileVersion } = query;
      const is = [hexNumber(manufacturerCode, 4), hexNumber(imageType, 4), hexNumber(fileVersion, 8)];
      const declared = [
        hexNumber(j.ixit.number('manufacturerCode'), 4),
        hexNumber(j.ixit.number('imageType'), 4),
        hexNumber(j.ixit.number('runningVersion'), 8),
      ];
      j.check(s, () => expect(is, 'manufacturer, image type and version').to.deep.equal(declared), query);
    },
  }),
  cli('031', 'The query carries the hardware version, and the field control says so', ITEM.HARDWARE, {
    ixit: ['hardwareVersion'],
    drive: provoke,
    judge(j, s) {
      const query = j.came(s, queries, { stimulus: provocation, within: QUERY, tries: TRIES });
      if (query === undefined) return;
      j.check(s, () => expect(query.fieldControl & 1, 'bit 0 of the field control').to.equal(1), query);
      if (query.hardwareVersion !== undefined)
        j.check(
          s,
          () => expect(query.hardwareVersion, 'hardware version').to.equal(j.ixit.number('hardwareVersion')),
          query,
        );
    },
  }),
  without('032', zclStatus.NO_IMAGE_AVAILABLE, 'NO_IMAGE_AVAILABLE'),
  without('033', zclStatus.NOT_AUTHORIZED, 'NOT_AUTHORIZED'),
  unacceptable('034', 'An offer for another manufacturer', (f) => ({ manufacturerCode: f.manufacturerCode ^ 1 })),
  unacceptable('035', 'An offer of another image type', (f) => ({ imageType: f.imageType ^ 1 })),
  unacceptable('036', 'An offer of a file of no octets', () => ({ imageSize: 0 })),
  cli('037', 'A file that is larger than the storage is not fetched to its end', ITEM.QUERY_RESPONSE, {
    ixit: ['storageOctets'],
    policies: ['tooLarge'],
    async drive(t) {
      const small = t.image('imageNewer');
      const imageSize = t.ixit.number('storageOctets') + EXCESS;
      const filler = Buffer.alloc(Math.max(0, imageSize - small.imageSize));
      const file = { ...small, octets: Buffer.concat([small.octets, filler]), imageSize };
      t.offer({ file, rules: [{ on: 'query', note: OFFER, answer: () => [offerOf(file, { imageSize })] }] });
      await provoke(t);
      const began = await t.perhaps(dataRequests, QUIET);
      if (began !== undefined) await perhapsEnd(t, file);
      await look(t, AFTER);
    },
    judge(j, s) {
      if (j.policy.tooLarge === 'atOffer') {
        noDownload(j, s, OFFER);
        return;
      }
      const beyond = where(dataRequests, 'request for the octets beyond the storage', (r) => {
        return r.fileOffset > j.ixit.number('storageOctets');
      });
      j.never(s, beyond, { stimulus: sent(OFFER) });
      const end = j.log.first(endRequests);
      const { ABORT, INVALID_IMAGE } = zclStatus;
      if (end !== undefined)
        j.check(s, () => expect([ABORT, INVALID_IMAGE], 'status of the end').to.include(end.status), end);
      runs(j, s, AFTER, j.ixit.number('runningVersion'));
    },
  }),
  cli('038', 'The version that runs is not fetched again', ITEM.QUERY_RESPONSE, {
    when: 'ZBOTA 3/2 and not ZBOTA 5/7',
    ixit: ['imageSame'],
    policies: ['sameVersionUnicast'],
    drive: (t) => offered(t, t.image('imageSame'), offerOf(t.image('imageSame'))),
    judge: untouched,
  }),
  cli('039', 'A lower version is fetched only where the client accepts lower versions', ITEM.QUERY_RESPONSE, {
    ixit: ['imageOlder'],
    async drive(t) {
      const older = t.image('imageOlder');
      if (!t.declared(ITEM.DOWN)) {
        await offered(t, older, offerOf(older));
        return;
      }
      t.offer({ file: older, rules: [{ on: 'query', note: OFFER, answer: () => [offerOf(older)] }] });
      for (let i = 0; i < TRIES; i++) {
        await provoke(t);
        if ((await t.perhaps(dataRequests, DOWNLOAD)) !== undefined) return;
      }
    },
    judge(j, s) {
      if (j.declared(ITEM.DOWN)) j.came(s, dataRequests, { stimulus: sent(OFFER), within: DOWNLOAD, tries: TRIES });
      else untouched(j, s);
    },
  }),
  cli('040', 'A query response that is cut off leads to no download', ITEM.QUERY_RESPONSE, {
    policies: ['negativeAnswer'],
    async drive(t) {
      const cut: Reply = { kind: 'raw', command: queryNextImageResponse.id, payload: Buffer.of(0, 0x34, 0x12, 0x01) };
      t.offer({ file: t.image('imageNewer'), rules: [{ on: 'query', note: OFFER, answer: () => [cut] }] });
      // Its refusal has no acknowledgement: it is asked for until one comes.
      for (let i = 0; i < TRIES; i++) {
        await provoke(t);
        if ((await t.perhaps(refusals(queryNextImageResponse.id), QUERY)) !== undefined) break;
      }
      await t.quiet(dataRequests, QUIET);
      await look(t, AFTER);
    },
    judge(j, s) {
      untouched(j, s);
      refused(j, s, OFFER, zclStatus.MALFORMED_COMMAND);
    },
  }),
  cli('041', 'The client asks for an image by itself within its interval', ITEM.POLL, {
    ixit: ['queryIntervalS'],
    async drive(t) {
      t.offerNothing();
      if (t.declared(ITEM.QSTOP)) await t.say('lineInterval', t.ixit.number('queryIntervalS'));
      t.mark('watching');
      await t.perhaps(queries, { timer: 'queryIntervalS', times: 2.5 });
    },
    judge: (j, s) =>
      void j.came(s, queries, { stimulus: marked('watching'), within: { timer: 'queryIntervalS', times: 2.4 } }),
  }),
  cli('042', 'The client asks for an image after it has joined', ITEM.QUERY, {
    async drive(t) {
      t.offerNothing();
      t.mark('joining');
      await t.rejoin();
      await t.perhaps(queries, { timer: 'joinQuery' });
    },
    judge: (j, s) =>
      void j.came(s, queries, { stimulus: marked('joining'), within: { timer: 'joinQuery', times: 0.98 } }),
  }),
  cli('043', 'A stopped query does not come', ITEM.QSTOP, {
    needs: ['console'],
    ixit: ['queryIntervalS', 'lineNoInterval', 'lineInterval'],
    async drive(t) {
      t.offerNothing();
      await t.say('lineInterval', t.ixit.number('queryIntervalS'));
      await t.say('lineNoInterval');
      await t.pause({ timer: 'inFlight' }, 'a query that was under way');
      t.mark('stopped');
      await t.quiet(queries, { timer: 'queryIntervalS', times: 2 });
    },
    judge: (j, s) => j.never(s, queries, { stimulus: marked('stopped') }),
  }),
  cli('044', 'Queries come at a new interval', ITEM.POLL, {
    needs: ['console'],
    ixit: ['queryIntervalS', 'lineInterval'],
    async drive(t) {
      t.offerNothing();
      await t.say('lineInterval', NEW_INTERVAL_S);
      t.mark('changed');
      for (let i = 0; i < 4; i++) await t.perhaps(queries, { timer: 'queryIntervalS', times: 2.5 });
    },
    judge(j, s) {
      j.came(s, queries, { stimulus: marked('changed'), within: { timer: 'queryIntervalS', times: 2.4 } });
      const all = j.log.after('changed').all(queries);
      const gaps = all.slice(1).map((to, i) => ({ from: all[i] ?? to, to }));
      // A lost query makes a gap of two intervals; the shortest gap is the interval.
      const shortest = gaps.toSorted((a, b) => j.log.elapsed(a.from, a.to) - j.log.elapsed(b.from, b.to))[0];
      if (shortest === undefined) {
        if (all.length > 0) j.inconclusive(s, 'only one query came');
        return;
      }
      const interval = NEW_INTERVAL_S * 1000;
      j.onTime(s, 'the next query', { ...shortest, notBefore: interval, notAfter: interval, tolerance: interval / 4 });
    },
  }),
  cli('045', 'What the application rejects is not fetched', ITEM.VETO, {
    needs: ['console'],
    ixit: ['lineVeto', 'lineNoVeto'],
    async drive(t) {
      await t.sayUntilEnd('lineVeto', 'lineNoVeto');
      t.offer({ file: t.image('imageNewer') });
      await provoke(t);
      await t.quiet(dataRequests, QUIET);
      await look(t, AFTER);
    },
    judge(j, s) {
      noDownload(j, s, 'query response');
      statusIs(j, s, AFTER, 0);
      j.never(s, announces, { stimulus: sent('query response') });
    },
  }),
];
