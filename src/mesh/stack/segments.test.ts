import { expect } from 'chai';
import { ackDelayMs, ackWaitMs, defaultSarTiming as timing, scaledSarTiming } from './sarTiming.ts';
import { type ReceiverInput, receiverNext, receiverStart, type ReceiverState } from './segmentReceiver.ts';
import { type SenderInput, senderNext, senderStart, type SenderState } from './segmentSender.ts';

const ack = (blockAck: number): SenderInput => ({ kind: 'acknowledgment', blockAck });
const TIMER: SenderInput = { kind: 'timer' };

describe('segment sender (3.5.3.3)', () => {
  const ROWS: [string, number, SenderInput[], SenderState['kind'], number[][]][] = [
    ['all acknowledged at once', 3, [ack(7)], 'delivered', [[0, 1, 2], []]],
    ['sends again only what is missing', 3, [ack(5), ack(7)], 'delivered', [[0, 1, 2], [1], []]],
    ['silence: all again', 2, [TIMER, ack(3)], 'delivered', [[0, 1], [0, 1], []]],
    [
      'an acknowledgment that brings nothing new waits for the timer',
      3,
      [ack(1), ack(1), TIMER],
      'sending',
      [[0, 1, 2], [1, 2], [], [1, 2]],
    ],
    ['silence to the end', 2, [TIMER, TIMER, TIMER], 'failed', [[0, 1], [0, 1], [0, 1], []]],
    ['BlockAck 0: the receiver is busy', 2, [ack(0)], 'failed', [[0, 1], []]],
    [
      'all 32 segments',
      32,
      [ack(0x7fffffff), ack(0xffffffff)],
      'delivered',
      [Array.from({ length: 32 }, (_, i) => i), [31], []],
    ],
  ];
  for (const [name, segments, inputs, end, sent] of ROWS) {
    it(name, () => {
      const steps = [senderStart(segments, timing)];
      for (const input of inputs) steps.push(senderNext(steps.at(-1)?.state ?? { kind: 'delivered' }, input, timing));
      expect(steps.map((step) => step.send)).to.deep.equal(sent);
      expect(steps.at(-1)?.state.kind).to.equal(end);
    });
  }

  it('progress gives new tries, up to the whole count', () => {
    const counts = { ...timing, unicastTries: 5, noProgressTries: 2 };
    const run = (inputs: SenderInput[]) =>
      inputs.reduce((step, input) => senderNext(step.state, input, counts), senderStart(8, counts)).state.kind;
    expect(run([TIMER, TIMER])).to.equal('failed');
    expect(run([TIMER, ack(1), TIMER])).to.equal('sending');
    expect(run([ack(1), ack(3), ack(7), ack(15), ack(31)])).to.equal('sending');
    expect(run([ack(1), ack(3), ack(7), ack(15), ack(31), ack(255)])).to.equal('delivered');
    expect(run([ack(1), ack(3), ack(7), ack(15), ack(31), TIMER])).to.equal('failed');
  });
});

describe('segment receiver (3.5.3.4)', () => {
  const part = (segO: number, text: string): ReceiverInput => ({ kind: 'segment', segO, data: Buffer.from(text) });
  const play = (segN: number, inputs: ReceiverInput[]) => {
    let state: ReceiverState = receiverStart(segN);
    return inputs.map((input) => {
      const step = receiverNext(state, input);
      state = step.state;
      return step;
    });
  };

  it('puts segments together in any order and despite duplicates, and delivers once', () => {
    const steps = play(2, [part(2, 'c'), part(0, 'a'), part(2, 'c'), part(1, 'b'), part(1, 'b')]);
    expect(steps.map((step) => step.deliver?.toString())).to.deep.equal([
      undefined,
      undefined,
      undefined,
      'abc',
      undefined,
    ]);
    expect(steps.map((step) => step.ack)).to.deep.equal([undefined, undefined, undefined, 7, 7]);
  });

  it('acknowledges what it has when the delay is over', () => {
    expect(play(2, [part(1, 'b'), { kind: 'ack timer' }])[1]?.ack).to.equal(2);
    expect(play(31, [part(31, 'z'), { kind: 'ack timer' }])[1]?.ack).to.equal(0x80000000);
  });

  it('gives up a message that does not go on', () => {
    const steps = play(1, [part(0, 'a'), { kind: 'discard timer' }, part(1, 'b')]);
    expect(steps[2]).to.deep.equal({ state: { kind: 'discarded' } });
    expect(play(0, [part(0, 'a'), { kind: 'discard timer' }, { kind: 'ack timer' }]).at(-1)?.state.kind).to.equal(
      'complete',
    );
  });
});

describe('segmentation timing', () => {
  it('follows the default SAR states', () => {
    expect([ackWaitMs(timing, 0), ackWaitMs(timing, 1), ackWaitMs(timing, 5)]).to.deep.equal([200, 200, 400]);
    expect([ackDelayMs(timing, 0), ackDelayMs(timing, 1), ackDelayMs(timing, 5)]).to.deep.equal([30, 90, 150]);
    expect(scaledSarTiming(timing, 0.5)).to.include({ unicastIntervalMs: 100, unicastTries: 3 });
  });
});
