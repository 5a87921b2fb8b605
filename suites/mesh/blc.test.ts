import { expect } from 'chai';
import type { Judgement } from '../../src/core/judge.ts';
import { bitmapOf } from '../../src/mesh/codec/fields.ts';
import {
  blobStatus,
  distributionPhase,
  distributionStatus,
  missingFormat,
  transferMode,
} from '../../src/mesh/codec/enums.ts';
import {
  blobBlockStart,
  blobBlockStatus,
  blobChunkTransfer,
  blobPartialBlockReport,
} from '../../src/mesh/codec/messages/blob.ts';
import { distributionStart, distributionStatusMessage } from '../../src/mesh/codec/messages/distribution.ts';
import { updateGet } from '../../src/mesh/codec/messages/update.ts';
import { judged, type Written } from './written.ts';

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

describe('mesh verdicts: the chunks that a client sends', () => {
  const [FIRST, SECOND] = [3, 4];
  const CHUNKS = 4;
  const start = (w: Written, target: number, block: number): number =>
    w.played('in', target, blobBlockStart, { block, chunkSize: 8 });
  const send = (w: Written, target: number, ...chunks: readonly number[]): void =>
    chunks.forEach((chunk) => w.played('in', target, blobChunkTransfer, { chunk, data: Buffer.alloc(8) }));
  const status = (w: Written, target: number, block: number, missing: object): number =>
    w.played('out', target, blobBlockStatus, {
      status: blobStatus.SUCCESS,
      block,
      chunkSize: 8,
      format: missingFormat.ALL,
      ...missing,
    });
  const statement = (id: string, name: string, write: (w: Written) => void): string | undefined =>
    judged(id, (w) => {
      write(w);
      w.add({ type: 'mark', data: { name: 'images', sent: 'aa', received: [] } }, 'run');
    }).statements[name];

  /** Two blocks that are pulled by both targets, in the second of which these chunks come after the first report for these. */
  const pulled = (wanted: readonly number[], chunks: readonly number[], again = false): string | undefined =>
    statement('DFUM/BLC/02', 'MBTM-C.pull', (w) => {
      for (const target of [FIRST, SECOND]) {
        const ask = (block: number, first: readonly number[]): number =>
          status(w, target, block, { format: missingFormat.ENCODED, wanted: first });
        start(w, target, 0);
        ask(0, [0, 1]);
        send(w, target, 0, 1);
        w.played('out', target, blobPartialBlockReport, { wanted: [2, 3] });
        send(w, target, 2, 3);
        start(w, target, 1);
        ask(1, wanted);
        if (again) start(w, target, 1);
        send(w, target, ...chunks);
      }
    });
  it('are in pull mode those that were asked for in the same block', () => {
    expect(pulled([0, 1], [0, 1])).to.equal('PASS');
    expect(pulled([0, 1], [0, 1], true)).to.equal('PASS');
    expect(pulled([0, 1], [0, 1, 2, 3])).to.equal('FAIL');
  });

  /** A block of which the targets lack these chunks; what is sent to both again. */
  const resent = (first: readonly number[], second: readonly number[], chunks: readonly number[]): string | undefined =>
    statement('DFUM/BLC/03', 'MBTM-C.resend', (w) => {
      const both = (work: (target: number, lost: readonly number[]) => void): void => {
        work(FIRST, first);
        work(SECOND, second);
      };
      both((target) => {
        start(w, target, 0);
        status(w, target, 0, {});
      });
      both((target) => send(w, target, 0, 1, 2, 3));
      both((target, lost) =>
        status(
          w,
          target,
          0,
          lost.length === CHUNKS ? {} : { format: missingFormat.SOME, missing: bitmapOf(lost, CHUNKS) },
        ),
      );
      both((target) => send(w, target, ...chunks));
      both((target) => status(w, target, 0, { format: missingFormat.NONE }));
    });
  it('again are those that one of the targets lacks', () => {
    expect(resent([1, 3], [1], [1, 3])).to.equal('PASS');
    expect(resent([1, 3], [0, 1, 2], [0, 1, 2, 3])).to.equal('PASS');
    // Of a target that got nothing no bitmap tells what need not be sent.
    expect(resent([1, 3], [0, 1, 2, 3], [0, 1, 2, 3])).to.equal('INCONC');
    expect(resent([1, 3], [1], [1, 2, 3])).to.equal('FAIL');
    expect(resent([1, 3], [1, 3], [0, 1, 2, 3])).to.equal('FAIL');
  });
});
