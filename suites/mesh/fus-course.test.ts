import { expect } from 'chai';
import { blobPhase, blobStatus, updatePhase, updateStatus } from '../../src/mesh/codec/enums.ts';
import { blobTransferGet, blobTransferStatus } from '../../src/mesh/codec/messages/blob.ts';
import { updateCancel, updateGet, updateStatusMessage } from '../../src/mesh/codec/messages/update.ts';
import { judged } from './written.ts';

describe('mesh verdicts: an update that is cancelled', () => {
  const { SUCCESS: status, BLOB_TRANSFER_BUSY } = updateStatus;
  const { INACTIVE, TRANSFER_COMPLETE, TRANSFER_SUSPENDED, WAITING_FOR_TRANSFER_START } = blobPhase;
  const blobId = '1100000000000011';
  const update = { ttl: 3, additional: 0, timeoutBase: 20, blobId, image: 0 };
  const transfer = { size: 64, blockSizeLog: 6, mtu: 380, blocksNotReceived: Buffer.of(0) };
  /** Cancelled in each phase; the BLOB phase that each time is left, and the answer to the Start of another BLOB. */
  const left = (
    phases: { active: number; error: number; succeeded: number; failed: number },
    another: number = status,
  ): string | undefined =>
    judged('DFUM/FUS/11', (w) => {
      const idle = { status, phase: updatePhase.IDLE };
      w.ask('cancel idle', updateCancel, updateStatusMessage, idle);
      for (const [name, phase] of [
        ['active', updatePhase.TRANSFER_ACTIVE],
        ['error', updatePhase.TRANSFER_ERROR],
        ['succeeded', updatePhase.VERIFICATION_SUCCEEDED],
        ['failed', updatePhase.VERIFICATION_FAILED],
      ] as const) {
        w.ask(`before ${name}`, updateGet, updateStatusMessage, { status, phase, update });
        w.ask(`cancel ${name}`, updateCancel, updateStatusMessage, idle);
        w.ask(`after ${name}`, updateGet, updateStatusMessage, idle);
        w.ask(`transfer ${name}`, blobTransferGet, blobTransferStatus, {
          status: blobStatus.SUCCESS,
          mode: 0,
          phase: phases[name],
          ...(phases[name] !== INACTIVE && { blobId }),
          ...(phases[name] > WAITING_FOR_TRANSFER_START && { mode: 1, transfer }),
        });
        const answer = another === status ? { status, phase: updatePhase.TRANSFER_ACTIVE, update } : idle;
        w.ask(`another ${name}`, updateGet, updateStatusMessage, { ...answer, status: another });
      }
    }).statements['DFUM-U.cancel'];
  const inactive = { active: INACTIVE, error: INACTIVE, succeeded: INACTIVE, failed: INACTIVE };
  const kept = { ...inactive, error: TRANSFER_SUSPENDED, succeeded: TRANSFER_COMPLETE, failed: TRANSFER_COMPLETE };

  it('may leave a transfer shown that is suspended or complete', () => {
    expect([left(inactive), left(kept)]).to.deep.equal(['PASS', 'PASS']);
  });
  it('fails where the BLOB Transfer Server still waits for it, and where it is busy for the next update', () => {
    expect(left({ ...inactive, active: WAITING_FOR_TRANSFER_START })).to.equal('FAIL');
    expect(left(kept, BLOB_TRANSFER_BUSY)).to.equal('FAIL');
  });
});
