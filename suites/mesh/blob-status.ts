import { expect } from 'chai';
import { nameOf } from '../../src/core/layout/names.ts';
import { blobPhase, blobStatus, transferMode } from '../../src/mesh/codec/enums.ts';
import { transferStartChecks } from '../../src/mesh/checksAndMoves.ts';
import {
  blobInformationStatus,
  blobTransferGet,
  blobTransferStart,
  blobTransferStatus,
} from '../../src/mesh/codec/messages/blob.ts';
import { sendings } from '../../src/mesh/kinds.ts';
import { blobServerTable } from '../../src/mesh/tables.ts';
import { byTable, type J, type MeshCase, reply, shows } from './claims.ts';
import { ITEM, SERVERS } from './items.ts';
import { begun, blobAt, limitsOf, modeOf, prepared, serverOf, startOf, transferOf } from './moves.ts';

const NAMES = { status: blobStatus, phase: blobPhase };
const BASE = { item: ITEM.BLOB_SERVER, when: ITEM.BLOB_SERVER, variants: SERVERS.any, start: 'idle' } as const;
/** IXIT of everything that prepares a transfer. */
export const PREPARING = ['ttl', 'timeoutBase', 'metadataA', 'metadataB', 'firmwareIdA', 'applyS'] as const;
/** Least block size log that any server may have. */
const LEAST_LOG = 0x06;

/** Largest block size log as the policy reads it. */
function largestLog(j: Pick<J, 'policy'>): number {
  return j.policy.blockLogMax === '20' ? 20 : 0x20;
}

/** Refused Transfer Starts; one that the limits of the device leave no room for is noted, and where they leave none nothing is proven. */
function refused(j: J, statement: string, labels: readonly string[], status: number): void {
  const sent = labels.filter((label) => j.log.first(sendings(label)) !== undefined);
  for (const label of labels)
    if (sent.includes(label)) shows(j, statement, blobTransferStatus, label, NAMES, { status });
    else j.note(`"${label}" is not applicable to the limits of this device`);
  if (sent.length === 0) j.inconclusive(statement, 'no Transfer Start was sent that the device has to refuse');
}

/** Transfer Get, Transfer Start, and the limits. */
export const blobStatusCases: readonly MeshCase[] = [
  {
    ...BASE,
    id: 'DFUM/BLB-S/01',
    purpose: 'the limits of the BLOB Transfer Server lie in their ranges and tell the declared modes',
    statements: ['MBTM-S.ranges', 'MBTM-S.modes'],
    policies: ['blockLogMax', 'modeBits'],
    demo: true,
    async drive(t, variant) {
      await limitsOf(t, serverOf(variant));
    },
    judge(j) {
      const seen = reply(j, 'MBTM-S.ranges', blobInformationStatus, 'limits');
      if (seen === undefined) return;
      const { value } = seen;
      j.check(
        'MBTM-S.ranges',
        () => {
          expect(value.minBlockSizeLog, 'Min Block Size Log').to.be.within(LEAST_LOG, largestLog(j));
          expect(value.maxBlockSizeLog, 'Max Block Size Log').to.be.within(value.minBlockSizeLog, largestLog(j));
          expect(value.maxChunks, 'Max Total Chunks').to.be.at.least(1);
          expect(value.maxChunkSize, 'Max Chunk Size').to.be.at.least(8);
          expect(value.maxBlobSize, 'Max BLOB Size').to.be.at.least(1);
          expect(value.mtu, 'MTU Size').to.be.at.least(20);
        },
        seen,
      );
      const server = serverOf(j.variant);
      const declared = {
        push: j.declared(server === 'update' ? ITEM.UPDATE_PUSH : ITEM.UPLOAD_PUSH),
        pull: j.declared(server === 'update' ? ITEM.UPDATE_PULL : ITEM.UPLOAD_PULL),
      };
      const told = { push: value.push === 1, pull: value.pull === 1 };
      if (j.policy.modeBits === 'information')
        j.note(`Supported Transfer Mode: push ${value.push}, pull ${value.pull}`);
      else j.check('MBTM-S.modes', () => expect(told, 'Supported Transfer Mode').to.deep.equal(declared), seen);
    },
  },
  {
    ...BASE,
    id: 'DFUM/BLB-S/02',
    purpose: 'Transfer Get in Inactive is answered with Success and the phase alone',
    statements: ['MBTM-S.get-inactive'],
    demo: true,
    async drive(t, variant) {
      await t.ask('get', blobAt(t, serverOf(variant)), blobTransferGet, {});
    },
    judge(j) {
      const seen = byTable(
        j,
        'MBTM-S.get-inactive',
        blobTransferStatus,
        'get',
        blobServerTable,
        'Transfer Get',
        blobPhase.INACTIVE,
      );
      if (seen !== undefined)
        j.check('MBTM-S.get-inactive', () => expect(seen.length, 'octets of the answer').to.equal(2), seen);
    },
  },
  {
    ...BASE,
    id: 'DFUM/BLB-S/03',
    purpose: 'Transfer Start in Inactive is answered Wrong Phase',
    statements: ['MBTM-S.start-inactive'],
    demo: true,
    async drive(t, variant) {
      const server = serverOf(variant);
      const transfer = transferOf(await limitsOf(t, server), t.blobId(), modeOf(t, server), 1);
      await t.ask('start', blobAt(t, server), blobTransferStart, startOf(transfer));
    },
    judge(j) {
      byTable(
        j,
        'MBTM-S.start-inactive',
        blobTransferStatus,
        'start',
        blobServerTable,
        'Transfer Start, first time',
        blobPhase.INACTIVE,
      );
    },
  },
  {
    ...BASE,
    id: 'DFUM/BLB-S/04',
    purpose: 'Transfer Start with a BLOB id that was not announced is answered Wrong BLOB ID',
    statements: ['MBTM-S.start-other-blob'],
    ixit: PREPARING,
    async drive(t, variant) {
      const { to, transfer } = await prepared(t, serverOf(variant));
      await t.ask('other', to, blobTransferStart, { ...startOf(transfer), blobId: t.blobId() });
    },
    judge(j) {
      const phase = blobPhase.WAITING_FOR_TRANSFER_START;
      byTable(
        j,
        'MBTM-S.start-other-blob',
        blobTransferStatus,
        'other',
        blobServerTable,
        'Transfer Start, other BLOB id',
        phase,
      );
    },
  },
  {
    ...BASE,
    id: 'DFUM/BLB-S/05',
    purpose: 'Transfer Start above the maximum BLOB size is answered BLOB Too Large',
    statements: ['MBTM-S.too-large'],
    ixit: PREPARING,
    async drive(t, variant) {
      const { to, limits, transfer } = await prepared(t, serverOf(variant));
      if (limits.maxBlobSize === 0xffffffff) return;
      // Blocks as large as they may be, so that their number is not what is wrong.
      const value = { ...startOf(transfer), blockSizeLog: limits.maxBlockSizeLog, size: limits.maxBlobSize + 1 };
      await t.ask('too large', to, blobTransferStart, value);
    },
    judge: (j) => refused(j, 'MBTM-S.too-large', ['too large'], transferStartChecks.tooLarge.status),
  },
  {
    ...BASE,
    id: 'DFUM/BLB-S/06',
    purpose: 'Transfer Start with a block size outside the limits is answered Invalid Block Size',
    statements: ['MBTM-S.block-size'],
    ixit: PREPARING,
    policies: ['blockLogMax'],
    async drive(t, variant) {
      const { to, limits, transfer } = await prepared(t, serverOf(variant));
      const ask = (label: string, blockSizeLog: number): Promise<object> =>
        t.ask(label, to, blobTransferStart, { ...startOf(transfer), blockSizeLog });
      if (limits.minBlockSizeLog > LEAST_LOG) await ask('block too small', limits.minBlockSizeLog - 1);
      if (limits.maxBlockSizeLog < 20) await ask('block too large', limits.maxBlockSizeLog + 1);
    },
    judge(j) {
      const { status } = transferStartChecks.blockSize;
      refused(j, 'MBTM-S.block-size', ['block too small', 'block too large'], status);
    },
  },
  {
    ...BASE,
    id: 'DFUM/BLB-S/07',
    purpose: 'Transfer Start in a mode that is not declared is refused',
    when: `${ITEM.BLOB_SERVER} and not (${ITEM.BLOB_PULL} and ${ITEM.BLOB_PUSH})`,
    statements: ['MBTM-S.mode'],
    ixit: PREPARING,
    policies: ['undeclaredMode'],
    async drive(t, variant) {
      const server = serverOf(variant);
      const { to, transfer } = await prepared(t, server);
      const mode = modeOf(t, server) === transferMode.PUSH ? transferMode.PULL : transferMode.PUSH;
      await t.ask('other mode', to, blobTransferStart, { ...startOf(transfer), mode });
    },
    judge(j) {
      const seen = reply(j, 'MBTM-S.mode', blobTransferStatus, 'other mode');
      if (seen === undefined) return;
      const shown = nameOf(blobStatus, seen.value.status);
      const wanted = nameOf(blobStatus, transferStartChecks.mode.status);
      if (shown !== wanted) j.note(`an undeclared mode is answered ${shown}, expected ${wanted}`);
      j.check(
        'MBTM-S.mode',
        () => {
          if (j.policy.undeclaredMode === '8') expect(shown, 'status of an undeclared mode').to.equal(wanted);
          else expect(shown, 'status of an undeclared mode').to.not.equal(nameOf(blobStatus, blobStatus.SUCCESS));
        },
        seen,
      );
    },
  },
  {
    ...BASE,
    id: 'DFUM/BLB-S/08',
    purpose: 'the same Transfer Start again changes nothing, another one is answered Wrong Phase',
    statements: ['MBTM-S.start', 'MBTM-S.start-again'],
    ixit: PREPARING,
    demo: true,
    async drive(t, variant) {
      const { to, transfer } = await begun(t, serverOf(variant), { blocks: 2 });
      await t.ask('again', to, blobTransferStart, startOf(transfer));
      await t.ask('altered', to, blobTransferStart, { ...startOf(transfer), size: transfer.size - 1 });
      await t.ask('after', to, blobTransferGet, {});
    },
    judge(j) {
      const { WAITING_FOR_NEXT_BLOCK: phase } = blobPhase;
      shows(j, 'MBTM-S.start', blobTransferStatus, 'start', NAMES, { status: blobStatus.SUCCESS, phase });
      byTable(
        j,
        'MBTM-S.start-again',
        blobTransferStatus,
        'again',
        blobServerTable,
        'Transfer Start, same parameters',
        phase,
      );
      byTable(
        j,
        'MBTM-S.start-again',
        blobTransferStatus,
        'altered',
        blobServerTable,
        'Transfer Start, other parameters',
        phase,
      );
      shows(j, 'MBTM-S.start-again', blobTransferStatus, 'after', NAMES, { status: blobStatus.SUCCESS, phase });
    },
  },
];
