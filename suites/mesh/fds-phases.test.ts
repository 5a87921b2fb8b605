import { expect } from 'chai';
import { distributionPhase, distributionStatus, transferMode } from '../../src/mesh/codec/enums.ts';
import { blobBlockStart } from '../../src/mesh/codec/messages/blob.ts';
import {
  distributionGet,
  distributionStatusMessage,
  distributionSuspend,
  firmwareStatus,
} from '../../src/mesh/codec/messages/distribution.ts';
import { judged, type Written } from './written.ts';

const TARGET = 3;
const { IDLE, TRANSFER_ACTIVE, TRANSFER_SUSPENDED } = distributionPhase;
const { SUCCESS, WRONG_PHASE, SUSPEND_FAILED, FIRMWARE_NOT_FOUND, BUSY_WITH_DISTRIBUTION } = distributionStatus;
const distribution = {
  group: 0,
  appKeyIndex: 0,
  ttl: 3,
  timeoutBase: 20,
  mode: transferMode.PUSH,
  policy: 0,
  image: 0,
};

/** An answered question of the distribution. */
function told(w: Written, label: string, status: number, phase: number): void {
  const value = { status, phase, ...(phase !== IDLE && { distribution }) };
  w.ask(label, distributionGet, distributionStatusMessage, value);
}

describe('mesh verdicts: a distribution that is suspended', () => {
  const suspended = (start: number, status: number, o: { blockStart: boolean }): string | undefined =>
    judged('DFUM/FDS/15', (w) => {
      told(w, 'suspend idle', WRONG_PHASE, IDLE);
      told(w, 'start', start, start === SUCCESS ? TRANSFER_ACTIVE : IDLE);
      if (o.blockStart) w.played('in', TARGET, blobBlockStart, { block: 0, chunkSize: 8 });
      const phase = start !== SUCCESS ? IDLE : status === SUCCESS ? TRANSFER_SUSPENDED : TRANSFER_ACTIVE;
      told(w, 'suspend', status, phase);
      told(w, 'suspended', SUCCESS, phase);
      told(w, 'same start', SUCCESS, TRANSFER_ACTIVE);
      told(w, 'resumed', SUCCESS, TRANSFER_ACTIVE);
    }).statements['DFUM-D.suspend'];

  it('passes in mid-block', () => expect(suspended(SUCCESS, SUCCESS, { blockStart: true })).to.equal('PASS'));
  it('may fail before the first block, and not after it', () => {
    expect(suspended(SUCCESS, SUSPEND_FAILED, { blockStart: false })).to.equal('INCONC');
    expect(suspended(SUCCESS, SUSPEND_FAILED, { blockStart: true })).to.equal('FAIL');
    expect(suspended(SUCCESS, WRONG_PHASE, { blockStart: false })).to.equal('FAIL');
  });
  it('proves nothing where it was not started', () => {
    expect(suspended(FIRMWARE_NOT_FOUND, WRONG_PHASE, { blockStart: false })).to.equal('INCONC');
  });
});

describe('mesh verdicts: images that a distribution has in use', () => {
  const deleted = (start: number, status: number): string | undefined =>
    judged('DFUM/FDS/18', (w) => {
      const phase = start === SUCCESS ? TRANSFER_ACTIVE : IDLE;
      told(w, 'start', start, phase);
      for (const label of ['delete', 'delete all'])
        w.ask(label, distributionSuspend, firmwareStatus, {
          status,
          count: 1,
          image: 0xffff,
          firmwareId: Buffer.alloc(0),
        });
      told(w, 'still running', SUCCESS, phase);
    }).statements['DFUM-D.delete-busy'];

  it('are not deleted, which is proven only by a distribution that was started', () => {
    expect(deleted(SUCCESS, BUSY_WITH_DISTRIBUTION)).to.equal('PASS');
    expect(deleted(SUCCESS, SUCCESS)).to.equal('FAIL');
    expect(deleted(FIRMWARE_NOT_FOUND, SUCCESS)).to.equal('INCONC');
  });
});
