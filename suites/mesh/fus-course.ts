import { expect } from 'chai';
import { updateStartChecks } from '../../src/mesh/checksAndMoves.ts';
import { nameOf } from '../../src/core/layout/names.ts';
import { blobPhase, blobStatus, transferMode, updatePhase, updateStatus } from '../../src/mesh/codec/enums.ts';
import { bitsSet } from '../../src/mesh/codec/fields.ts';
import {
  blobBlockStart,
  blobTransferGet,
  blobTransferStart,
  blobTransferStatus,
} from '../../src/mesh/codec/messages/blob.ts';
import {
  updateApply,
  updateCancel,
  updateGet,
  updateStart,
  updateStatusMessage,
} from '../../src/mesh/codec/messages/update.ts';
import { answer, toldAll } from '../../src/mesh/kinds.ts';
import { updateServerTable } from '../../src/mesh/tables.ts';
import { byTable, expires, type J, type MeshCase, reply, shows } from './claims.ts';
import { startValue } from './fus-start.ts';
import { ITEM } from './items.ts';
import { beyond, chunksOf, modeOf, sendChunks, servePull, serverTimeout, JUDGED_BASE, startOf } from './moves.ts';

import {
  CORRUPT,
  ends,
  fresh,
  inPhases,
  judgeUpdate,
  PHASES,
  startUpdate,
  update,
  UPDATE_BASE,
  UPDATE_NAMES,
  UPDATING,
  verified,
  was,
} from './updates.ts';

const APPLY_PHASES = ['idle', 'active', 'error', 'failed'] as const;
const CANCEL_PHASES = ['active', 'error', 'succeeded', 'failed'] as const;
/** A transfer that is suspended or over may still be shown when its update is cancelled: it keeps nobody from the server. */
const AT_REST = [blobPhase.INACTIVE, blobPhase.TRANSFER_COMPLETE, blobPhase.TRANSFER_SUSPENDED] as const;

/** Whole updates, their phases and their timeout. */
export const updateCourseCases: readonly MeshCase[] = [
  {
    ...UPDATE_BASE,
    id: 'DFUM/FUS/07',
    purpose: 'Apply is refused with Wrong Phase before a successful verification',
    statements: ['DFUM-U.apply-only'],
    ixit: [...UPDATING, ...CORRUPT],
    async drive(t) {
      await inPhases(t, APPLY_PHASES, async (name) => {
        await t.ask(`apply ${name}`, t.element('update'), updateApply, {});
      });
    },
    judge(j) {
      for (const name of APPLY_PHASES)
        if (was(j, 'DFUM-U.apply-only', name))
          byTable(
            j,
            'DFUM-U.apply-only',
            updateStatusMessage,
            `apply ${name}`,
            updateServerTable,
            'Apply',
            PHASES[name].phase,
          );
    },
  },
  {
    ...UPDATE_BASE,
    id: 'DFUM/FUS/08',
    purpose: 'an image that is pushed is verified and, after Apply, runs',
    item: ITEM.UPDATE_PUSH,
    when: `${ITEM.UPDATE_SERVER} and ${ITEM.UPDATE_PUSH}`,
    statements: ['DFUM-U.push', 'DFUM-U.apply', 'DFUM-U.order'],
    ixit: UPDATING,
    policies: ['shortPhases'],
    demo: true,
    related: ['DFUM/SR/FU/BV-24-C', 'DFUM/SR/FU/BV-27-C'],
    drive: (t) => update(t, transferMode.PUSH),
    judge: (j) => judgeUpdate(j, 'DFUM-U.push'),
  },
  {
    ...UPDATE_BASE,
    id: 'DFUM/FUS/09',
    purpose: 'an image that is pulled is verified and, after Apply, runs',
    item: ITEM.UPDATE_PULL,
    when: `${ITEM.UPDATE_SERVER} and ${ITEM.UPDATE_PULL}`,
    statements: ['DFUM-U.pull', 'DFUM-U.apply', 'DFUM-U.order'],
    ixit: UPDATING,
    policies: ['shortPhases'],
    drive: (t) => update(t, transferMode.PULL),
    judge: (j) => judgeUpdate(j, 'DFUM-U.pull'),
  },
  {
    ...UPDATE_BASE,
    id: 'DFUM/FUS/10',
    purpose: 'a corrupt image fails its verification, and another one can be taken',
    statements: ['DFUM-U.corrupt'],
    ixit: [...UPDATING, ...CORRUPT],
    async drive(t) {
      const image = { data: t.octets('imageCorrupt'), metadata: t.octets('metadataCorrupt') };
      await verified(t, image, modeOf(t, 'update'));
      await t.ask('another', t.element('update'), updateStart, await startValue(t));
    },
    judge(j) {
      const S = 'DFUM-U.corrupt';
      if (!ends(j, S, updatePhase.VERIFICATION_FAILED)) return;
      shows(j, S, updateStatusMessage, 'another', UPDATE_NAMES, { status: updateStatus.SUCCESS });
    },
  },
  {
    ...UPDATE_BASE,
    id: 'DFUM/FUS/11',
    purpose: 'Cancel leads to Idle from every phase, and frees the BLOB Transfer Server',
    statements: ['DFUM-U.cancel'],
    ixit: [...UPDATING, ...CORRUPT],
    async drive(t) {
      const to = t.element('update');
      await t.ask('cancel idle', to, updateCancel, {});
      await inPhases(t, CANCEL_PHASES, async (name) => {
        await t.ask(`cancel ${name}`, to, updateCancel, {});
        await t.ask(`after ${name}`, to, updateGet, {});
        await t.ask(`transfer ${name}`, to, blobTransferGet, {});
        await t.ask(`another ${name}`, to, updateStart, await startValue(t));
      });
    },
    judge(j) {
      const S = 'DFUM-U.cancel';
      const { SUCCESS: status } = updateStatus;
      for (const name of CANCEL_PHASES) {
        if (!was(j, S, name)) continue;
        byTable(j, S, updateStatusMessage, `cancel ${name}`, updateServerTable, 'Cancel', PHASES[name].phase);
        shows(j, S, updateStatusMessage, `after ${name}`, UPDATE_NAMES, { status, phase: updatePhase.IDLE });
        atRest(j, S, `transfer ${name}`);
        shows(j, S, updateStatusMessage, `another ${name}`, UPDATE_NAMES, { status });
      }
      byTable(j, S, updateStatusMessage, 'cancel idle', updateServerTable, 'Cancel', updatePhase.IDLE);
    },
  },
  {
    ...UPDATE_BASE,
    id: 'DFUM/FUS/12',
    purpose: 'a transfer that times out leads to Transfer Error, and the same Start resumes it with its blocks kept',
    statements: ['DFUM-U.timeout', 'DFUM-U.resume'],
    ixit: UPDATING,
    async drive(t) {
      const to = t.element('update');
      const mode = modeOf(t, 'update');
      const { transfer, value } = await startUpdate(t, await fresh(t), mode, JUDGED_BASE);
      await t.ask('transfer', to, blobTransferStart, startOf(transfer));
      if (mode === transferMode.PULL) await servePull(t, to, transfer, 0);
      else {
        await t.ask('block', to, blobBlockStart, { block: 0, chunkSize: transfer.chunkSize });
        await sendChunks(t, to, transfer, 0, chunksOf(transfer, 0));
      }
      await t.ask('blocks before', to, blobTransferGet, {});
      await t.poll('poll', to, updateGet, {}, ({ phase }) => phase === updatePhase.TRANSFER_ERROR, beyond(JUDGED_BASE));
      await t.ask('suspended', to, blobTransferGet, {});
      await t.ask('resume', to, updateStart, value);
      await t.ask('transfer again', to, blobTransferStart, startOf(transfer));
      await t.ask('blocks after', to, blobTransferGet, {});
    },
    judge(j) {
      expires<{ readonly phase: number }>(j, 'DFUM-U.timeout', {
        armed: j.log.last(toldAll('chunk ')),
        polls: answer(updateStatusMessage, 'poll'),
        before: ({ phase }) => phase === updatePhase.TRANSFER_ACTIVE,
        after: ({ phase }) => phase === updatePhase.TRANSFER_ERROR,
        show: ({ phase }) => nameOf(updatePhase, phase),
        expected: nameOf(updatePhase, updatePhase.TRANSFER_ERROR),
        ms: j.ms(serverTimeout(JUDGED_BASE)),
      });
      if (j.log.last(answer(updateStatusMessage, 'poll'))?.value?.phase !== updatePhase.TRANSFER_ERROR) return;
      const names = { status: blobStatus, phase: blobPhase };
      shows(j, 'DFUM-U.timeout', blobTransferStatus, 'suspended', names, {
        status: blobStatus.SUCCESS,
        phase: blobPhase.TRANSFER_SUSPENDED,
      });
      byTable(
        j,
        'DFUM-U.resume',
        updateStatusMessage,
        'resume',
        updateServerTable,
        'Start, identical',
        updatePhase.TRANSFER_ERROR,
      );
      const [before, after] = ['blocks before', 'blocks after'].map((label) =>
        reply(j, 'DFUM-U.resume', blobTransferStatus, label),
      );
      if (before === undefined || after === undefined) return;
      const blocks = (map: Buffer | undefined): number[] | undefined => map && bitsSet(map);
      j.check(
        'DFUM-U.resume',
        () =>
          expect(
            blocks(after.value.transfer?.blocksNotReceived),
            'blocks not received after the resumption',
          ).to.deep.equal(blocks(before.value.transfer?.blocksNotReceived)),
        after,
      );
    },
  },
  {
    ...UPDATE_BASE,
    id: 'DFUM/FUS/13',
    purpose: 'Start while the BLOB Transfer Server serves another transfer is answered BLOB Transfer Busy',
    statements: ['DFUM-U.busy'],
    ixit: UPDATING,
    async drive(t) {
      const { metadata } = await fresh(t);
      const timeoutBase = t.ixit.number('timeoutBase');
      await t.say('occupy', { blobId: t.blobId(), base: timeoutBase });
      const value = { ttl: t.ixit.number('ttl'), timeoutBase, blobId: t.blobId(), image: 0, metadata };
      await t.ask('busy', t.element('update'), updateStart, value);
      await t.ask('after', t.element('update'), updateGet, {});
      await t.say('release');
    },
    judge(j) {
      const S = 'DFUM-U.busy';
      shows(j, S, updateStatusMessage, 'busy', UPDATE_NAMES, { status: updateStartChecks.blob.status });
      shows(j, S, updateStatusMessage, 'after', UPDATE_NAMES, {
        status: updateStatus.SUCCESS,
        phase: updatePhase.IDLE,
      });
    },
  },
];

/** The BLOB Transfer Server waits for nothing of the transfer that was cancelled. */
function atRest(j: J, statement: string, label: string): void {
  const seen = shows(j, statement, blobTransferStatus, label, { status: blobStatus }, { status: blobStatus.SUCCESS });
  if (seen === undefined) return;
  const rest = AT_REST.map((phase) => nameOf(blobPhase, phase));
  j.check(statement, () => expect(nameOf(blobPhase, seen.value.phase), `phase (${label})`).to.be.oneOf(rest), seen);
}
