import { expect } from 'chai';
import type { Judgement } from '../../src/core/judge.ts';
import { distributionPhase, distributionStatus, transferMode } from '../../src/mesh/codec/enums.ts';
import { blobBlockStart } from '../../src/mesh/codec/messages/blob.ts';
import { distributionStart, distributionStatusMessage } from '../../src/mesh/codec/messages/distribution.ts';
import { updateGet } from '../../src/mesh/codec/messages/update.ts';
import { judged } from './written.ts';

describe('mesh verdicts: a distribution whose only target falls silent', () => {
  const TARGET = 3;
  const order = { appKeyIndex: 0, ttl: 0, timeoutBase: 4, mode: transferMode.PUSH, policy: 0, image: 0, group: 0 };
  /** Armed at 0 s, looked at at these times (s); the distribution has ended in this phase at the last of them. */
  const silent = (running: readonly number[], over?: { s: number; phase: number }): Judgement =>
    judged('DFUM/BLC/05', (w) => {
      const begin = w.ms;
      w.message('out', distributionStart, order, 'start');
      w.played('in', TARGET, blobBlockStart, { block: 0, chunkSize: 8 });
      const poll = (s: number, phase: number): void => {
        w.ms = begin + s * 1000;
        const value = { status: distributionStatus.SUCCESS, phase, distribution: order };
        w.ask('distributing', updateGet, distributionStatusMessage, value);
      };
      for (const s of running) poll(s, distributionPhase.TRANSFER_ACTIVE);
      if (over !== undefined) poll(over.s, over.phase);
    });

  it('passes Failed as well as Transfer Suspended, which it has come to by itself', () => {
    for (const phase of [distributionPhase.FAILED, distributionPhase.TRANSFER_SUSPENDED])
      expect(silent([1, 59], { s: 61, phase }).reasons).to.deep.equal([]);
  });
  it('fails another phase, one that goes on for ever, and a timeout that is off by 10 s', () => {
    const { TRANSFER_SUCCESS, TRANSFER_SUSPENDED: phase } = distributionPhase;
    for (const judgement of [
      silent([1, 59], { s: 61, phase: TRANSFER_SUCCESS }),
      silent([1, 59, 120]),
      silent([1, 48], { s: 50, phase }),
      silent([1, 68], { s: 70, phase }),
    ])
      expect(judgement.statements['MBTM-C.silence']).to.equal('FAIL');
  });
});
