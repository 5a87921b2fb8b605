import { expect } from 'chai';
import type { Layout, Value } from '../../src/core/layout/layout.ts';
import { hexNumber } from '../../src/core/layout/names.ts';
import { type Kind, type Seen, where } from '../../src/core/log.ts';
import type { Limit } from '../../src/core/timing.ts';
import { updatePolicy, uploadPhase } from '../../src/mesh/codec/enums.ts';
import type { MessageType } from '../../src/mesh/codec/message.ts';
import { blobTransferGet, blobTransferStart } from '../../src/mesh/codec/messages/blob.ts';
import {
  distributionApply,
  distributionStart,
  distributionSuspend,
  receiversAdd,
  uploadOobStart,
  uploadStart,
  uploadStatus,
} from '../../src/mesh/codec/messages/distribution.ts';
import { type Message, message, said } from '../../src/mesh/kinds.ts';
import { type J, type MeshCase } from './claims.ts';
import { ITEM } from './items.ts';
import type { T } from './moves.ts';

const INITIATOR = {
  item: ITEM.DISTRIBUTION_CLIENT,
  when: ITEM.DISTRIBUTION_CLIENT,
  ixit: ['firmwareIdA', 'metadataA'],
  needs: ['console'],
  start: 'node',
} as const;

/** The element of the tester that plays the distributor, and the receivers that it is told of; nobody plays those. */
const DISTRIBUTOR_AT = 3;
const RECEIVERS = [4, 5] as const;
/** Octets of an upload. */
const SIZE = 200;
const SOON: Limit = { timer: 'reply' };

const hex = (address: number): string => hexNumber(address, 4).slice(2);

/** Messages of the device to the played distributor. */
function to<L extends Layout>(type: MessageType<L>): Kind<Message<Value<L>>> {
  return where(message(type), type.name, (m) => m.dst === DISTRIBUTOR_AT);
}

/** Plays the distributor, points the device to it and lets it upload image A. */
async function upload(t: T): Promise<void> {
  t.distributor(DISTRIBUTOR_AT);
  await t.say('distributor', { address: hex(DISTRIBUTOR_AT) });
  await t.say('upload', { firmwareId: t.ixit.text('firmwareIdA'), metadata: t.ixit.text('metadataA'), size: SIZE });
}

/** The same, and a distribution to the receivers. */
async function start(t: T): Promise<void> {
  await upload(t);
  await t.say('receivers', { addresses: RECEIVERS.map(hex).join(' ') });
  await t.say('start', { firmwareId: t.ixit.text('firmwareIdA') });
  await t.perhaps(to(distributionStart), SOON);
}

/** A message that the device owes after it was told so. */
function owed<L extends Layout>(
  j: J,
  statement: string,
  type: MessageType<L>,
  verb: string,
  log?: J['log'],
): Seen<Message<Value<L>>> | undefined {
  return j.came(statement, to(type), { stimulus: said(verb), within: { ...SOON, of: 'no-progress' } }, log);
}

/** Firmware Distribution Client, told by its console what to do to a distributor that the tester plays. */
export const initiatorCases: readonly MeshCase[] = [
  {
    ...INITIATOR,
    id: 'DFUM/FDC/01',
    purpose: 'the client uploads an image: Upload Start, then the BLOB that it announced',
    statements: ['DFUM-I.upload'],
    related: ['DFUM/CL/FD/BV-01-C'],
    drive: upload,
    judge(j) {
      const S = 'DFUM-I.upload';
      const begun = owed(j, S, uploadStart, 'upload');
      if (begun === undefined) return;
      const { firmwareId, metadata, size, blobId } = begun.value;
      j.check(
        S,
        () => {
          expect(firmwareId.toString('hex'), 'firmware id of Upload Start').to.equal(
            j.ixit.text('firmwareIdA').toLowerCase(),
          );
          expect(metadata.toString('hex'), 'metadata of Upload Start').to.equal(j.ixit.text('metadataA').toLowerCase());
          expect(size, 'size of Upload Start').to.equal(SIZE);
        },
        begun,
      );
      const transfer = owed(j, S, blobTransferStart, 'upload');
      if (transfer === undefined) return;
      j.check(
        S,
        () => {
          expect(transfer.value.blobId, 'BLOB id of Transfer Start').to.equal(blobId);
          expect(transfer.value.size, 'size of Transfer Start').to.equal(SIZE);
          expect(transfer.n > begun.n, 'Transfer Start comes after Upload Start').to.equal(true);
        },
        transfer,
      );
      if (owed(j, S, blobTransferGet, 'upload') === undefined) return;
      const last = j.log.last(where(message(uploadStatus, 'out'), 'Upload Status', (m) => m.src === DISTRIBUTOR_AT));
      if (last !== undefined)
        j.note(`the played distributor ends in upload phase ${last.value.phase} of ${uploadPhase.TRANSFER_SUCCESS}`);
    },
  },
  {
    ...INITIATOR,
    id: 'DFUM/FDC/02',
    purpose: 'the client gives the distributor its receivers, then starts',
    statements: ['DFUM-I.receivers', 'DFUM-I.start'],
    related: ['DFUM/CL/FD/BV-02-C'],
    drive: start,
    judge(j) {
      if (owed(j, 'DFUM-I.receivers', receiversAdd, 'receivers') === undefined) return;
      const begun = owed(j, 'DFUM-I.start', distributionStart, 'start');
      if (begun === undefined) return j.inconclusive('DFUM-I.receivers', 'no Distribution Start ended the list');
      judgeReceivers(j, begun);
      const { appKeyIndex, policy, image, mode } = begun.value;
      j.check(
        'DFUM-I.start',
        () => {
          expect({ appKeyIndex, policy, image }, 'Distribution Start').to.deep.equal({
            appKeyIndex: 0,
            policy: updatePolicy.VERIFY_ONLY,
            image: 0,
          });
          expect(mode, 'transfer mode').to.be.oneOf([1, 2]);
        },
        begun,
      );
    },
  },
  {
    ...INITIATOR,
    id: 'DFUM/FDC/03',
    purpose: 'the client suspends a distribution, and goes on with it by the same Start',
    statements: ['DFUM-I.suspend'],
    async drive(t) {
      await start(t);
      await t.say('suspend');
      await t.perhaps(to(distributionSuspend), SOON);
      t.mark('resume');
      await t.say('resume');
      await t.perhaps(to(distributionStart), SOON);
    },
    judge(j) {
      const S = 'DFUM-I.suspend';
      const first = owed(j, S, distributionStart, 'start');
      if (first === undefined || owed(j, S, distributionSuspend, 'suspend') === undefined) return;
      const again = owed(j, S, distributionStart, 'resume', j.log.after('resume'));
      if (again !== undefined)
        j.check(S, () => expect(again.value, 'Distribution Start that resumes').to.deep.equal(first.value), again);
    },
  },
  {
    ...INITIATOR,
    id: 'DFUM/FDC/04',
    purpose: 'the client applies a distribution that waits for it',
    statements: ['DFUM-I.apply'],
    async drive(t) {
      await start(t);
      // The played distributor takes its time before it waits to be told.
      await t.pause({ timer: 'pollInterval', times: 25 }, 'the pretended distribution');
      await t.say('apply');
      await t.perhaps(to(distributionApply), SOON);
    },
    judge: (j) => void owed(j, 'DFUM-I.apply', distributionApply, 'apply'),
  },
  {
    ...INITIATOR,
    id: 'DFUM/FDC/05',
    purpose: 'the client lets the distributor fetch an image, naming its URI and the present firmware',
    item: 'DFUM 41/1',
    when: 'DFUM 41/1',
    statements: ['DFUM-I.oob'],
    async drive(t) {
      t.distributor(DISTRIBUTOR_AT);
      await t.say('distributor', { address: hex(DISTRIBUTOR_AT) });
      await t.say('uploadOob', { uri: URI, firmwareId: t.ixit.text('firmwareIdA') });
      await t.perhaps(to(uploadOobStart), SOON);
    },
    judge(j) {
      const seen = owed(j, 'DFUM-I.oob', uploadOobStart, 'uploadOob');
      if (seen === undefined) return;
      j.check(
        'DFUM-I.oob',
        () => {
          expect(seen.value.uri, 'URI of Upload OOB Start').to.equal(URI);
          expect(seen.value.firmwareId.toString('hex'), 'firmware id of Upload OOB Start').to.equal(
            j.ixit.text('firmwareIdA').toLowerCase(),
          );
        },
        seen,
      );
    },
  },
];

/** How the client splits its receivers over messages is free, and an entry that comes again replaces the one before: all of them together count. */
function judgeReceivers(j: J, begun: { readonly n: number }): void {
  const adds = j.log.before(begun).all(to(receiversAdd));
  const images = new Map(adds.flatMap((add) => add.value.receivers).map(({ address, image }) => [address, image]));
  j.check(
    'DFUM-I.receivers',
    () =>
      expect(
        [...images].sort(([a], [b]) => a - b),
        'receivers and their images when the distribution starts',
      ).to.deep.equal(RECEIVERS.map((address) => [address, 0])),
    adds.at(-1),
  );
}

/** Nobody fetches from it: the distributor is played. */
const URI = 'https://firmware.example/mesh';
