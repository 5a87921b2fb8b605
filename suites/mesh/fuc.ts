import { expect } from 'chai';
import { hexNumber, nameOf } from '../../src/core/layout/names.ts';
import { distributionPhase, updatePhase, additionalInformation } from '../../src/mesh/codec/enums.ts';
import { blobBlockStart, blobTransferStart } from '../../src/mesh/codec/messages/blob.ts';
import { distributionStart, receiversList } from '../../src/mesh/codec/messages/distribution.ts';
import {
  updateApply,
  updateCancel,
  updateGet,
  updateInformationGet,
  updateStart,
  metadataCheck,
} from '../../src/mesh/codec/messages/update.ts';
import { answer, message, sendings, said } from '../../src/mesh/kinds.ts';
import { type MeshCase, reply } from './claims.ts';
import { RECEIVERS_AFTER, start, TARGETS, untilPhase } from './distributing.ts';

import { ITEM } from './items.ts';
import { CLIENT, SOON, to, whole, got, inOrder, notBefore, givenUp, receiversAfter } from './client-drive.ts';

const { TRANSFER_SUCCESS } = distributionPhase;

const [FIRST] = TARGETS;

/** Firmware Update Client. */
export const updateClientCases: readonly MeshCase[] = [
  {
    ...CLIENT,
    id: 'DFUM/FUC/01',
    purpose: 'the client asks a target for its images to confirm the update',
    statements: ['DFUM-C.information'],
    drive: (t) => whole(t),
    judge(j) {
      for (const address of TARGETS) inOrder(j, 'DFUM-C.information', address, [updateApply, updateInformationGet]);
    },
  },
  {
    ...CLIENT,
    id: 'DFUM/FUC/03',
    purpose: 'the client starts the update, sends the BLOB, and asks for the verification',
    statements: ['DFUM-C.update'],
    demo: true,
    related: ['DFUM/CL/FU/BV-01-C'],
    async drive(t) {
      await start(t, TARGETS, []);
      await untilPhase(t, 'distributing', [TRANSFER_SUCCESS]);
      await receiversAfter(t);
    },
    judge(j) {
      const S = 'DFUM-C.update';
      const wanted = j.log.first(message(distributionStart, 'out'))?.value;
      for (const address of TARGETS) {
        if (!inOrder(j, S, address, [updateStart, blobTransferStart, blobBlockStart, updateGet])) return;
        notBefore(j, S, address, updateStart, blobTransferStart);
        const update = j.log.first(to(updateStart, address));
        const transfer = j.log.first(to(blobTransferStart, address));
        if (update === undefined || transfer === undefined || wanted === undefined) continue;
        const { ttl, timeoutBase, image, metadata, blobId } = update.value;
        j.check(
          S,
          () => {
            expect(ttl, 'TTL of Update Start').to.equal(wanted.ttl);
            expect(timeoutBase, 'timeout base of Update Start').to.equal(wanted.timeoutBase);
            expect(image, 'image index of Update Start').to.equal(0);
            expect(metadata.toString('hex'), 'metadata of Update Start').to.equal(
              j.ixit.text('metadataA').toLowerCase(),
            );
          },
          update,
        );
        j.check(S, () => expect(transfer.value.blobId, 'BLOB id of Transfer Start').to.equal(blobId), transfer);
      }
    },
  },
  {
    ...CLIENT,
    id: 'DFUM/FUC/04',
    purpose: 'the client applies what was verified, then reads the firmware id',
    statements: ['DFUM-C.apply'],
    policies: ['unprovisionedAnswers'],
    related: ['DFUM/CL/FU/BV-02-C'],
    async drive(t) {
      await whole(t, {}, { update: { additional: additionalInformation.NODE_UNPROVISIONED } });
      await t.internals.settle();
      await t.internals.idle();
      t.mark('ordinary targets');
      await whole(t);
    },
    judge(j) {
      const S = 'DFUM-C.apply';
      const list = j.log.first(answer(receiversList, RECEIVERS_AFTER))?.value;
      for (const entry of list?.entries ?? [])
        j.note(
          `a target that announced to leave the network and answers is told as ${nameOf(updatePhase, entry.phase)}`,
        );
      if (j.policy.unprovisionedAnswers === 'applyFailed') {
        const seen = reply(j, S, receiversList, RECEIVERS_AFTER);
        const phases = seen?.value.entries.map((e) => nameOf(updatePhase, e.phase)) ?? [];
        j.check(
          S,
          () =>
            expect(phases, 'phases of such targets').to.deep.equal(
              phases.map(() => nameOf(updatePhase, updatePhase.APPLY_FAILED)),
            ),
          seen,
        );
      }
      const log = j.log.after('ordinary targets');
      for (const address of TARGETS) {
        const applied = got(j, S, updateApply, address, log);
        if (applied !== undefined) got(j, S, updateInformationGet, address, log.after({ n: applied.n }));
      }
    },
  },
  {
    ...CLIENT,
    id: 'DFUM/FUC/05',
    purpose: 'an update that is given up is cancelled at every target',
    statements: ['DFUM-C.cancel'],
    related: ['DFUM/CL/FU/BV-03-C'],
    drive: (t) => givenUp(t),
    judge(j) {
      for (const address of TARGETS)
        j.came('DFUM-C.cancel', to(updateCancel, address), {
          stimulus: sendings('cancel'),
          within: SOON,
        });
    },
  },
  {
    ...CLIENT,
    id: 'DFUM/FUC/02',
    purpose: 'the client asks a target whether it takes the metadata',
    when: ITEM.UPDATE_CLIENT,
    statements: ['DFUM-C.check'],
    ixit: ['metadataA', 'firmwareIdA'],
    start: 'node',
    async drive(t) {
      t.target(FIRST);
      await t.say('targets', { addresses: hexNumber(FIRST, 4).slice(2) });
      await t.say('check', { metadata: t.ixit.text('metadataA'), firmwareId: t.ixit.text('firmwareIdA'), size: 80 });
      await t.perhaps(to(metadataCheck, FIRST), { timer: 'reply' });
    },
    judge(j) {
      const S = 'DFUM-C.check';
      const seen = j.came(S, to(metadataCheck, FIRST), {
        stimulus: said('check'),
        within: { timer: 'reply', of: 'no-progress' },
      });
      if (seen === undefined) return;
      const { image, metadata } = seen.value;
      j.check(
        S,
        () => {
          expect(image, 'image index of Metadata Check').to.equal(0);
          expect(metadata.toString('hex'), 'metadata of Metadata Check').to.equal(
            j.ixit.text('metadataA').toLowerCase(),
          );
        },
        seen,
      );
    },
  },
];
