import { expect } from 'chai';
import { hexNumber } from '../../src/core/layout/names.ts';
import { zclStatus } from '../../src/zigbee/codec/numbers.ts';
import type { Offered } from '../../src/zigbee/images.ts';
import { announces, attributes, endRequests, sent, values } from '../../src/zigbee/kinds.ts';
import { endedWith, runs, statusIs, stillFetching } from './claims.ts';
import { ITEM } from './items.ts';
import {
  type Case,
  cli,
  download,
  type J,
  judgeOf,
  LATER,
  look,
  type Parts,
  QUIET,
  refusedDownload,
  STATUS,
  type T,
} from './moves.ts';

const { SUCCESS, INVALID_IMAGE, ABORT } = zclStatus;
const AFTER = 'after';

/** Serves a file that no client may run, and watches what becomes of it. */
async function served(t: T, file: Offered): Promise<void> {
  await refusedDownload(t, { file, once: true });
  await t.quiet(announces, QUIET);
  await look(t, AFTER);
}

/** The judge from the first offer on: an end request before it is about a file that the client has kept. Undefined, and INCONC, where none was delivered. */
function fromOffer(j: J, s: string): J | undefined {
  const offer = j.log.first(sent('query response'));
  if (offer !== undefined) return judgeOf(j, j.log.after({ n: offer.n - 1 }));
  j.inconclusive(s, 'no file was offered');
  return undefined;
}

/** The client did not run the file: no success, no restart, the old version. */
function notRun(whole: J, s: string): void {
  const j = fromOffer(whole, s);
  if (j === undefined) return;
  const end = j.log.first(endRequests);
  if (end === undefined && stillFetching(j)) {
    j.inconclusive(s, 'the client was still fetching the file when the tester gave it up');
    return;
  }
  if (end !== undefined)
    j.check(s, () => expect([INVALID_IMAGE, ABORT], 'status of the Upgrade End Request').to.include(end.status), end);
  j.never(s, announces, { stimulus: sent('query response') });
  statusIs(j, s, AFTER, 0);
  runs(j, s, AFTER, j.ixit.number('runningVersion'));
}

/** A file that is spoilt in one way. */
function spoilt(number: string, purpose: string, item: string, kind: string, o: Partial<Parts> = {}): Case {
  return cli(number, purpose, item, { drive: (t) => served(t, t.spoilt('imageNewer', kind)), judge: notRun, ...o });
}

const CHECKED = 'ZBOTA 6/1 or ZBOTA 6/2 or ZBOTA 6/3 or ZBOTA 6/4';

/** Purposes 080 to 089: what becomes of a file once it is there. */
export const fileCases: readonly Case[] = [
  cli('080', 'A valid file ends with SUCCESS and its identity', ITEM.END, {
    demo: true,
    policies: ['statusBeforeEndResponse'],
    async drive(t) {
      const silent = { on: 'end', note: 'no answer', answer: () => [] } as const;
      await download(t, { file: t.image('imageNewer'), rules: [silent] });
      await look(t, 'before answer');
    },
    judge(j, s) {
      endedWith(j, s, SUCCESS);
      const end = j.log.first(endRequests);
      const offer = j.log.first(sent('query response'))?.decoded;
      if (end === undefined || offer?.kind !== 'command') return;
      const is = [end.manufacturerCode, end.imageType, end.fileVersion].map((v) => hexNumber(v ?? 0, 4));
      const offered = ['manufacturerCode', 'imageType', 'fileVersion'].map((f) => hexNumber(Number(offer.value[f]), 4));
      j.check(s, () => expect(is, 'manufacturer, image type and version').to.deep.equal(offered), end);
      const allowed = { '2': [2], '3': [3], either: [2, 3] }[j.policy.statusBeforeEndResponse];
      const restart = j.log.first(announces);
      const told = j.log.first(attributes(STATUS, 'before answer'));
      if (restart !== undefined && told !== undefined && restart.n < told.n)
        j.inconclusive(s, 'the client went on without an answer before its status was told');
      else statusIs(j, s, 'before answer', ...allowed);
    },
  }),
  cli('081', 'A file with one wrong bit ends with INVALID_IMAGE, and the old version runs on', ITEM.END, {
    when: CHECKED,
    drive: (t) => served(t, t.spoilt('imageNewer', 'bit-flipped')),
    judge(whole, s) {
      const j = fromOffer(whole, s);
      if (j === undefined) return;
      endedWith(j, s, INVALID_IMAGE);
      notRun(j, s);
    },
  }),
  spoilt('082', 'A file with a wrong integrity code is not run', ITEM.INTEGRITY, 'integrity-wrong', {
    policies: ['integrityCoverage'],
  }),
  cli('083', 'A file with a wrong signature is not run', ITEM.SIGNATURE_1, {
    when: 'ZBOTA 6/2 or ZBOTA 6/3',
    drive: (t) =>
      served(t, t.spoilt('imageNewer', t.declared(ITEM.SIGNATURE_1) ? 'signature-wrong-1' : 'signature-wrong-2')),
    judge: notRun,
  }),
  cli('084', 'A file whose header names another file than was offered is not run', ITEM.END, {
    async drive(t) {
      const sound = t.image('imageNewer');
      const { octets } = t.spoilt('imageNewer', 'wrong-type');
      await served(t, { ...sound, octets, imageSize: octets.length });
    },
    judge: notRun,
  }),
  spoilt('085', 'A file whose header gives another total size is not run', ITEM.END, 'total-size-larger'),
  spoilt('086', 'A file with an element beyond its end is not run', ITEM.END, 'element-overrun'),
  spoilt('087', 'A file without the identifier is not run', ITEM.END, 'wrong-identifier'),
  spoilt('088', 'A file for other hardware is not run', ITEM.HARDWARE, 'wrong-hardware'),
  cli('089', 'DownloadedFileVersion is the offered version once the download has ended', ITEM.DOWNLOADED_VERSION, {
    policies: ['downloadedVersion'],
    async drive(t) {
      await download(t, { file: t.image('imageNewer'), end: LATER });
      await t.readAttributes(AFTER, [0x0004]);
    },
    judge(j, s) {
      endedWith(j, s, SUCCESS);
      const end = j.log.first(endRequests);
      if (end === undefined) return;
      const seen = j.log.after(end).first(values(0x0004));
      if (j.policy.downloadedVersion === 'afterReboot') j.note(`before the switch: ${seen?.value ?? 'not read'}`);
      else if (seen === undefined) j.inconclusive(s, 'DownloadedFileVersion was not read');
      else
        j.check(
          s,
          () => expect(hexNumber(seen.value, 8), 'DownloadedFileVersion').to.equal(hexNumber(end.fileVersion ?? 0, 8)),
          seen,
        );
    },
  }),
];
