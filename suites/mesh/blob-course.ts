import { expect } from 'chai';
import { nameOf } from '../../src/core/layout/names.ts';
import { where } from '../../src/core/log.ts';
import {
  blobPhase,
  blobStatus,
  missingFormat,
  transferMode,
  updatePhase,
  uploadPhase,
} from '../../src/mesh/codec/enums.ts';
import {
  blobBlockGet,
  blobBlockStart,
  blobBlockStatus,
  blobPartialBlockReport,
  blobTransferCancel,
  blobTransferGet,
  blobTransferStart,
  blobTransferStatus,
} from '../../src/mesh/codec/messages/blob.ts';
import { uploadGet, uploadStatus } from '../../src/mesh/codec/messages/distribution.ts';
import { updateGet, updateStatusMessage } from '../../src/mesh/codec/messages/update.ts';
import { answer, message, told } from '../../src/mesh/kinds.ts';
import { blobServerTable } from '../../src/mesh/tables.ts';
import { byTable, expires, type Expiry, type J, type MeshCase, reply, shows } from './claims.ts';
import { PREPARING } from './blob-status.ts';
import { ITEM, SERVERS } from './items.ts';
import {
  begun,
  beyond,
  blobAt,
  chunksOf,
  prepare,
  sendChunks,
  serverOf,
  servePull,
  serverTimeout,
  JUDGED_BASE,
  SHORT_BASE,
  startOf,
} from './moves.ts';

const NAMES = { status: blobStatus, phase: blobPhase };
const ANY = { item: ITEM.BLOB_SERVER, when: ITEM.BLOB_SERVER, variants: SERVERS.any, start: 'idle' } as const;
const PUSH = { ...ANY, variants: SERVERS.push } as const;
const PULL = { item: ITEM.BLOB_PULL, when: ITEM.BLOB_PULL, variants: SERVERS.pull, start: 'idle' } as const;
const REPORT = message(blobPartialBlockReport);
/** Octets of an access message that need no segments. */
const SINGLE_PDU = 11;
/** So many reports in a row are lost less than once in a thousand. */
const GAPS = 3;

interface Status {
  readonly status: number;
  readonly phase: number;
}
const show = ({ phase }: Status): string => nameOf(blobPhase, phase);
const isSuspended = ({ phase }: Status): boolean => phase === blobPhase.TRANSFER_SUSPENDED;

/** The transfer is suspended at its time: counted from the message with this label. */
function suspends(j: J, statement: string, armed: Expiry<Status>['armed']): void {
  expires<Status>(j, statement, {
    armed,
    polls: answer(blobTransferStatus, 'poll'),
    before: ({ phase }) => phase === blobPhase.WAITING_FOR_NEXT_BLOCK || phase === blobPhase.WAITING_FOR_NEXT_CHUNK,
    after: isSuspended,
    show,
    expected: nameOf(blobPhase, blobPhase.TRANSFER_SUSPENDED),
    ms: j.ms(serverTimeout(JUDGED_BASE)),
  });
}

/** Label of the question how far the update or upload is. */
const ABOVE = 'before the end';

/** Whether a pull transfer in which nothing is missing runs on until Transfer Get, as policy MESH-P20 says. */
function judgeBeforeEnd(j: J): void {
  const update = j.log.first(answer(updateStatusMessage, ABOVE));
  const upload = j.log.first(answer(uploadStatus, ABOVE));
  const seen = update ?? upload;
  if (seen?.value === undefined) return;
  const active = update === undefined ? uploadPhase.TRANSFER_ACTIVE : updatePhase.TRANSFER_ACTIVE;
  const shown = seen.value.phase === active ? 'runs' : 'is complete';
  j.note(`before Transfer Get a pull transfer in which nothing is missing ${shown}`);
  if (j.policy.pullEnd !== 'either')
    j.check(
      'MBTM-S.pull-order',
      () =>
        expect(shown, 'the transfer before Transfer Get').to.equal(j.policy.pullEnd === '3' ? 'runs' : 'is complete'),
      seen,
    );
}

/** Judges the opcode of the reports by policy MESH-P1. */
function opcodes(j: J, statement: string): void {
  const older = j.log.all(REPORT).find((m) => m.opcode !== blobPartialBlockReport.opcode);
  if (older !== undefined) j.note('Partial Block Report has opcode 65, which older products use, instead of 68');
  if (j.policy.reportOpcode === '68')
    j.check(
      statement,
      () =>
        expect(older?.opcode ?? blobPartialBlockReport.opcode, 'opcode of Partial Block Report').to.equal(
          blobPartialBlockReport.opcode,
        ),
      older,
    );
}

/** Pull mode, timeouts and the end of a transfer. */
export const blobCourseCases: readonly MeshCase[] = [
  {
    ...PULL,
    id: 'DFUM/BLB-S/17',
    purpose: 'in pull mode the server asks for the chunks that it lacks until the transfer is complete',
    statements: ['MBTM-S.pull', 'MBTM-S.pull-order'],
    ixit: PREPARING,
    policies: ['reportOpcode', 'pullEnd'],
    related: ['MBTM/SR/BT/BV-05-C', 'MBTM/SR/BT/BV-07-C', 'MBTM/SR/BT/BV-08-C', 'MBTM/SR/BT/BV-10-C'],
    async drive(t, variant) {
      const { to, transfer } = await begun(t, serverOf(variant), { mode: transferMode.PULL });
      t.mark('chunks', { count: chunksOf(transfer, 0).length });
      await servePull(t, to, transfer, 0);
      // Transfer Get itself may end the transfer: what it has come to before is told by the model on top.
      if (serverOf(variant) === 'update') await t.ask(ABOVE, to, updateGet, {});
      else await t.ask(ABOVE, to, uploadGet, {});
      await t.ask('end', to, blobTransferGet, {});
    },
    judge(j) {
      const block = shows(
        j,
        'MBTM-S.pull',
        blobBlockStatus,
        'block 0',
        { status: blobStatus },
        { status: blobStatus.SUCCESS },
      );
      if (block === undefined) return;
      const count = Number(
        j.log.events.find((e) => e.type === 'mark' && e.data?.['name'] === 'chunks')?.data?.['count'],
      );
      const { wanted = [], format } = block.value;
      j.check(
        'MBTM-S.pull',
        () => {
          expect(nameOf(missingFormat, format), 'format of Block Status').to.equal(
            nameOf(missingFormat, missingFormat.ENCODED),
          );
          expect(wanted.length, 'chunks asked for first').to.be.greaterThan(0);
        },
        block,
      );
      const reports = j.log.after(block).all(REPORT);
      const asked = [{ ...block, list: wanted }, ...reports.map((r) => ({ ...r, list: r.value.wanted }))];
      for (const [i, one] of asked.entries()) {
        // One in a single PDU cannot be overtaken by the acknowledgment of a chunk; of one in segments only what was there before the report before it counts.
        const single = (j.log.at(one.n)?.raw ?? '').length <= 2 * SINGLE_PDU;
        const since = single ? one : asked[i - 1];
        const there = since === undefined || i === 0 ? [] : one.list.filter((n) => wasTold(j, n, since.n));
        j.check(
          'MBTM-S.pull',
          () => {
            expect(
              one.list.filter((n) => n >= count),
              'chunk numbers that the block does not have',
            ).to.deep.equal([]);
            expect(there, 'chunks asked for that were there already').to.deep.equal([]);
          },
          one,
        );
      }
      j.came(
        'MBTM-S.pull',
        where(REPORT, 'Partial Block Report with an empty list', (m) => m.value.wanted.length === 0),
        {
          stimulus: where(told(`chunk ${count - 1}`), 'last chunk', () => true),
          within: { timer: 'report', times: 4, of: 'no-progress' },
        },
      );
      opcodes(j, 'MBTM-S.pull');
      judgeBeforeEnd(j);
      byTable(
        j,
        'MBTM-S.pull-order',
        blobTransferStatus,
        'end',
        blobServerTable,
        'Transfer Get, pull and nothing missing',
        blobPhase.WAITING_FOR_NEXT_CHUNK,
      );
    },
  },
  {
    ...PULL,
    id: 'DFUM/BLB-S/18',
    purpose: 'a Partial Block Report that is not served comes again within 30 s',
    statements: ['MBTM-S.report'],
    ixit: PREPARING,
    policies: ['reportOpcode'],
    async drive(t, variant) {
      const { to, transfer } = await begun(t, serverOf(variant), { mode: transferMode.PULL });
      t.mark('silence');
      await t.ask('block', to, blobBlockStart, { block: 0, chunkSize: transfer.chunkSize });
      await t.until(REPORT, { timer: 'report', times: GAPS });
      await t.perhaps(REPORT, { timer: 'report', times: GAPS + 1 });
    },
    judge(j) {
      const first = j.came('MBTM-S.report', REPORT, {
        stimulus: answer(blobBlockStatus, 'block'),
        within: { timer: 'report', times: GAPS, of: 'no-progress' },
      });
      if (first === undefined) return;
      const next = j.came('MBTM-S.report', REPORT, {
        stimulus: REPORT,
        within: { timer: 'report', times: GAPS, of: 'no-progress' },
      });
      if (next === undefined) return;
      const gap = j.log.elapsed(first, next);
      const tolerance = j.ms('reportTolerance');
      j.note(`the next Partial Block Report after ${Math.round(gap / 1000)} s`);
      const lost = j.ms({ timer: 'report', times: GAPS });
      if (gap > j.ms('report') + tolerance && gap <= lost + tolerance)
        j.inconclusive('MBTM-S.report', 'the next report may have been lost by the link');
      else
        j.onTime('MBTM-S.report', 'the next Partial Block Report', {
          from: first,
          to: next,
          notAfter: gap > lost ? lost : j.ms('report'),
          tolerance,
        });
      opcodes(j, 'MBTM-S.report');
    },
  },
  {
    ...PULL,
    id: 'DFUM/BLB-S/19',
    purpose: 'a pull transfer that gets no chunks is suspended when the server timeout is over',
    statements: ['MBTM-S.pull-timeout'],
    ixit: PREPARING,
    async drive(t, variant) {
      const { to, transfer } = await begun(t, serverOf(variant), { mode: transferMode.PULL, base: JUDGED_BASE });
      await t.ask('block', to, blobBlockStart, { block: 0, chunkSize: transfer.chunkSize });
      await t.poll('poll', to, blobTransferGet, {}, isSuspended, beyond(JUDGED_BASE));
    },
    judge: (j) => suspends(j, 'MBTM-S.pull-timeout', j.log.last(answer(blobBlockStatus, 'block'))),
  },
  {
    ...PUSH,
    id: 'DFUM/BLB-S/20',
    purpose: 'a transfer without chunks is suspended when the server timeout is over, and not before',
    statements: ['MBTM-S.timeout'],
    ixit: PREPARING,
    policies: ['waitingForStart'],
    async drive(t, variant) {
      const server = serverOf(variant);
      const { to, transfer } = await begun(t, server, { mode: transferMode.PUSH, base: JUDGED_BASE });
      await t.ask('block', to, blobBlockStart, { block: 0, chunkSize: transfer.chunkSize });
      await sendChunks(t, to, transfer, 0, [0]);
      await t.poll('poll', to, blobTransferGet, {}, isSuspended, beyond(JUDGED_BASE));
      await t.ask('cancel', to, blobTransferCancel, { blobId: transfer.blobId });
      await t.internals.idle();
      await prepare(t, server, { blobId: t.blobId(), base: SHORT_BASE, size: transfer.size }, 'prepare again');
      await t.pause(beyond(SHORT_BASE), 'Waiting For Transfer Start');
      await t.ask('waiting', to, blobTransferGet, {});
    },
    judge(j) {
      suspends(j, 'MBTM-S.timeout', j.log.last(told('chunk 0')));
      const waiting = j.log.first(answer(blobTransferStatus, 'waiting'));
      if (waiting?.value === undefined) return;
      const { phase } = waiting.value;
      const after = j.policy.waitingForStart;
      j.note(`${nameOf(blobPhase, phase)} after twice the server timeout in Waiting For Transfer Start`);
      const wanted = after === 'never' ? blobPhase.WAITING_FOR_TRANSFER_START : blobPhase.TRANSFER_SUSPENDED;
      if (after !== 'information')
        j.check(
          'MBTM-S.timeout',
          () => expect(nameOf(blobPhase, phase), 'phase after the timeout').to.equal(nameOf(blobPhase, wanted)),
          waiting,
        );
    },
  },
  {
    ...ANY,
    id: 'DFUM/BLB-S/21',
    purpose: 'a suspended transfer has no block information and goes on after the same Transfer Start',
    statements: ['MBTM-S.suspended'],
    ixit: PREPARING,
    async drive(t, variant) {
      const { to, transfer } = await begun(t, serverOf(variant), { blocks: 2, base: SHORT_BASE });
      const seen = await t.poll('poll', to, blobTransferGet, {}, isSuspended, beyond(SHORT_BASE));
      if (seen === undefined) t.stop('the transfer was not suspended');
      await t.ask('block get', to, blobBlockGet, {});
      await t.ask('same start', to, blobTransferStart, startOf(transfer));
    },
    judge(j) {
      const phase = blobPhase.TRANSFER_SUSPENDED;
      byTable(j, 'MBTM-S.suspended', blobBlockStatus, 'block get', blobServerTable, 'Block Get', phase);
      byTable(
        j,
        'MBTM-S.suspended',
        blobTransferStatus,
        'same start',
        blobServerTable,
        'Transfer Start, same parameters',
        phase,
      );
    },
  },
  {
    ...ANY,
    id: 'DFUM/BLB-S/22',
    purpose: 'Transfer Cancel ends the transfer of its BLOB id and no other',
    statements: ['MBTM-S.cancel', 'MBTM-S.cancel-inactive'],
    ixit: PREPARING,
    demo: true,
    async drive(t, variant) {
      const to = blobAt(t, serverOf(variant));
      await t.ask('inactive', to, blobTransferCancel, { blobId: t.blobId() });
      const { transfer } = await begun(t, serverOf(variant));
      await t.ask('wrong', to, blobTransferCancel, { blobId: t.blobId() });
      await t.ask('still there', to, blobTransferGet, {});
      await t.ask('right', to, blobTransferCancel, { blobId: transfer.blobId });
      await t.ask('gone', to, blobTransferGet, {});
    },
    judge(j) {
      const phase = blobPhase.WAITING_FOR_NEXT_BLOCK;
      const { SUCCESS: status } = blobStatus;
      byTable(
        j,
        'MBTM-S.cancel-inactive',
        blobTransferStatus,
        'inactive',
        blobServerTable,
        'Transfer Cancel, right BLOB id',
        blobPhase.INACTIVE,
      );
      byTable(
        j,
        'MBTM-S.cancel',
        blobTransferStatus,
        'wrong',
        blobServerTable,
        'Transfer Cancel, wrong BLOB id',
        phase,
      );
      shows(j, 'MBTM-S.cancel', blobTransferStatus, 'still there', NAMES, { status, phase });
      byTable(
        j,
        'MBTM-S.cancel',
        blobTransferStatus,
        'right',
        blobServerTable,
        'Transfer Cancel, right BLOB id',
        phase,
      );
      shows(j, 'MBTM-S.cancel', blobTransferStatus, 'gone', NAMES, { status, phase: blobPhase.INACTIVE });
    },
  },
  {
    ...ANY,
    id: 'DFUM/BLB-S/23',
    purpose: 'a transfer that a restart broke off is suspended and can go on',
    statements: ['MBTM-S.reboot'],
    ixit: PREPARING,
    policies: ['persistence'],
    needs: ['power'],
    async drive(t, variant) {
      const { to, transfer } = await begun(t, serverOf(variant), { blocks: 2 });
      await t.off();
      await t.on();
      await t.ask('after power', to, blobTransferGet, {});
      await t.ask('same start', to, blobTransferStart, startOf(transfer));
    },
    judge(j) {
      const after = reply(j, 'MBTM-S.reboot', blobTransferStatus, 'after power');
      if (after === undefined) return;
      j.note(`after a restart in mid-transfer: ${nameOf(blobPhase, after.value.phase)}`);
      if (j.policy.persistence === 'information') return;
      shows(j, 'MBTM-S.reboot', blobTransferStatus, 'after power', NAMES, {
        status: blobStatus.SUCCESS,
        phase: blobPhase.TRANSFER_SUSPENDED,
      });
      byTable(
        j,
        'MBTM-S.reboot',
        blobTransferStatus,
        'same start',
        blobServerTable,
        'Transfer Start, same parameters',
        blobPhase.TRANSFER_SUSPENDED,
      );
    },
  },
];

/** True where this chunk was acknowledged before the event with this number. */
function wasTold(j: J, chunk: number, before: number): boolean {
  return j.log.all(told(`chunk ${chunk}`)).some((seen) => seen.n < before);
}
