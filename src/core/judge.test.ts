import { expect } from 'chai';
import type { CaseMeta, Judge } from './case.ts';
import { mustBe } from './claim.ts';
import type { Ev } from './events.ts';
import { ixitOf } from './ixit.ts';
import { type Judgement, judgeAttempt } from './judge.ts';
import { eventKind, logOf } from './log.ts';
import { timingOf } from './timing.ts';

const meta: CaseMeta = {
  id: 'X/G/01',
  purpose: 'p',
  item: 'X 1/1',
  when: 'always',
  statements: ['X-1.a', 'X-1.b'],
  start: 'idle',
};
const asked = eventKind('request', 'asked');
const reply = eventKind('reply', 'reply');

const TIMERS = {
  answer: { ms: 1000, class: 'protocol', clause: 't' },
  retransmission: { ms: 1000, class: 'link', clause: 't' },
} as const;

type Line = [ms: number, type: string, data?: Ev['data']];
const alive = (ms: number, ok = true): Line => [ms, 'alive', { ok }];

function judged(lines: Line[], judge: (j: Judge<object>) => void, more: Partial<CaseMeta> = {}, factor = 1): Judgement {
  const events = lines.map(([ms, type, data], n): Ev => ({ n, ms, channel: 'run', type, data: data ?? {} }));
  const ixit = ixitOf({});
  const timing = timingOf(TIMERS, ixit, {
    protocol: factor,
    link: 1,
  });
  const input = { log: logOf(events, factor), ixit, policies: {}, timing, declared: () => false };
  return judgeAttempt({ ...meta, ...more }, input, {}, judge, []);
}

describe('judge', () => {
  const within = { timer: 'answer' };

  describe('check', () => {
    it('passes on an agreeing claim and records the statement', () => {
      const j = judged([], (x) => x.check('X-1.a', () => expect(1).to.equal(1)));
      expect(j).to.include({ verdict: 'PASS', reason: null });
      expect(j.statements).to.deep.equal({ 'X-1.a': 'PASS' });
    });

    it('fails with statement, expected and observed, and points at the event it read', () => {
      const j = judged([[0, 'reply']], (x) => x.check('X-1.a', () => expect(x.log.all(reply).length).to.equal(2)));
      expect(j.reason).to.include({ verdict: 'FAIL', statement: 'X-1.a', expected: '2', observed: '1', at: 0 });
    });

    it('tells a text from a number of the same look, and says so where a value must not be', () => {
      const type = judged([], (x) => x.check('X-1.a', () => expect('1').to.equal(1)));
      expect(type.reason).to.include({ expected: '1', observed: '"1"' });
      const same = judged([], (x) => x.check('X-1.a', () => expect('2.0', 'version').to.not.equal('2.0')));
      expect(same.reason).to.include({ expected: 'not 2.0', observed: '2.0' });
    });

    it('points at the event that the case says shows it', () => {
      const lines: Line[] = [
        [0, 'reply'],
        [5, 'reply'],
      ];
      const j = judged(lines, (x) => {
        const [first] = x.log.all(reply);
        x.check('X-1.a', () => expect(first?.channel).to.equal('coap'), first);
      });
      expect(j.reason).to.include({ at: 0, expected: 'coap', observed: 'run' });
    });

    it('says in words what was expected where there is no value to compare with', () => {
      const of = (claim: () => void) => judged([], (x) => x.check('X-1.a', claim)).reason;
      expect(of(() => expect(true, 'two is odd').to.equal(false))).to.include({
        message: 'two is odd',
        expected: 'not: two is odd',
        observed: 'this is not so',
      });
      expect(of(() => expect(false, 'three is even').to.equal(true))).to.include({ expected: 'three is even' });
      expect(of(() => expect('2.04', 'code').to.match(/^4/))).to.include({
        expected: 'to match /^4/',
        observed: '2.04',
      });
      expect(of(() => expect('2.04', 'code').to.not.match(/^2/))).to.include({ expected: 'not to match /^2/' });
      expect(of(() => expect('').to.equal('a'))).to.include({ expected: 'a', observed: '""' });
      expect(of(() => mustBe(false, 'number', 5, 'later than 6'))).to.include({
        message: 'number: expected 5 to be later than 6',
        expected: 'later than 6',
        observed: '5',
      });
      expect(of(() => mustBe(true, 'number', 7, 'later than 6'))).to.equal(null);
    });

    it('keeps the first reason of the worst verdict', () => {
      const j = judged([], (x) => {
        x.inconclusive('X-1.b', 'cannot tell');
        x.check('X-1.a', () => expect(1).to.equal(2));
        x.check('X-1.a', () => expect(3).to.equal(4));
      });
      expect(j.reason).to.include({ verdict: 'FAIL', expected: '2' });
      expect(j.statements).to.deep.equal({ 'X-1.a': 'FAIL', 'X-1.b': 'INCONC' });
      expect(j.reasons).to.have.length(3);
    });

    it('makes an exception that is no assertion an ERROR', () => {
      const j = judged([], (x) =>
        x.check('X-1.a', () => {
          throw new RangeError('decoder broke');
        }),
      );
      expect(j.reason).to.include({ verdict: 'ERROR', message: 'decoder broke' });
    });

    it('refuses an asynchronous claim, an unlisted statement and an assertion outside check', () => {
      const promise = judged([], (x) => x.check('X-1.a', () => Promise.resolve() as unknown as void));
      const unlisted = judged([], (x) => x.check('X-9.z', () => undefined));
      const loose = judged([], () => expect(1).to.equal(2));
      expect(
        [promise, unlisted, loose].map((j) => [j.verdict, j.reason?.verdict === 'ERROR' && j.reason.code]),
      ).to.deep.equal([
        ['ERROR', 'async-claim'],
        ['ERROR', 'statement'],
        ['ERROR', 'loose-claim'],
      ]);
    });
  });

  it('makes a case that judges nothing an ERROR, and an informative one without a note', () => {
    expect(judged([], () => undefined).reason).to.include({ code: 'judged-nothing' });
    expect(judged([], (x) => x.note('only this')).reason).to.include({ code: 'judged-nothing' });
    expect(judged([], (x) => x.note('only this'), { policies: ['p'] }).verdict).to.equal('PASS');
    const silent = judged([], (x) => x.check('X-1.a', () => undefined), { kind: 'informative' });
    expect(silent.reason).to.include({ code: 'noted-nothing' });
    expect(judged([], (x) => x.note('seen 4.00'), { kind: 'informative' }).verdict).to.equal('PASS');
  });

  describe('came', () => {
    const came = (lines: Line[], tries?: number) =>
      judged(lines, (x) =>
        x.came('X-1.a', reply, { stimulus: asked, within, ...(tries === undefined ? {} : { tries }) }),
      );

    it('passes when it came in time', () => {
      expect(came([alive(0), [10, 'asked'], [900, 'reply'], alive(950)]).verdict).to.equal('PASS');
    });
    it('fails when it came late', () => {
      expect(came([alive(0), [10, 'asked'], [1500, 'reply'], alive(1600)]).reason).to.include({
        message: 'reply came too late',
      });
    });
    it('holds a link timer against the time of the link where the protocol runs faster', () => {
      const late = (ms: number) =>
        judged(
          [alive(0), [0, 'asked'], [ms, 'reply'], alive(1600)],
          (x) => x.came('X-1.a', reply, { stimulus: asked, within: { timer: 'retransmission' } }),
          {},
          0.02,
        );
      expect(late(900).verdict).to.equal('PASS');
      expect(late(1500).reason).to.include({ message: 'reply came too late', observed: 'after 1500 ms' });
    });
    it('is inconclusive when the lateness could be the bench', () => {
      const j = came([alive(0), [0, 'asked'], [1100, 'reply'], [1200, 'loop', { maxMs: 50 }], alive(1600)]);
      expect(j.verdict).to.equal('INCONC');
    });
    it('fails when it never came, the stimulus was delivered, the window watched and the device alive around', () => {
      expect(came([alive(0), [10, 'asked'], alive(1100)]).reason).to.include({ verdict: 'FAIL', statement: 'X-1.a' });
    });
    it('is inconclusive when it never came on a bench too busy to have seen it in time', () => {
      expect(came([alive(0), [10, 'asked'], alive(1100), [1101, 'loop', { maxMs: 400 }]]).verdict).to.equal('INCONC');
    });
    it('is inconclusive without stimulus, without life after, with a short window, with too few tries', () => {
      expect(came([alive(0), alive(1100)]).verdict).to.equal('INCONC');
      expect(came([alive(0), [10, 'asked'], alive(1100, false)]).verdict).to.equal('INCONC');
      expect(came([alive(0), [10, 'asked'], alive(300)]).verdict).to.equal('INCONC');
      expect(came([alive(0), [10, 'asked'], alive(1100)], 2).verdict).to.equal('INCONC');
    });
  });

  describe('never', () => {
    const never = (lines: Line[]) => judged(lines, (x) => x.never('X-1.a', reply, { stimulus: asked, within }));

    it('passes when the stimulus was delivered, the window watched and nothing came', () => {
      expect(never([alive(0), [10, 'asked'], alive(1100)]).verdict).to.equal('PASS');
    });
    it('fails when it came', () => {
      const { reason } = never([alive(0), [10, 'asked'], [20, 'reply', { code: '2.05' }], alive(1100)]);
      expect(reason).to.deep.include({ verdict: 'FAIL', at: 2, expected: 'no reply' });
      expect(reason?.observed).to.equal('channel run, type reply, data {"code":"2.05"}');
    });
    it('is inconclusive without stimulus, without life, with a short window', () => {
      expect(never([alive(0), alive(1100)]).verdict).to.equal('INCONC');
      expect(never([alive(0), [10, 'asked']]).verdict).to.equal('INCONC');
      expect(never([alive(0), [10, 'asked'], alive(100)]).verdict).to.equal('INCONC');
    });
  });

  describe('onTime', () => {
    const timed = (to: number, tolerance: number, delay = 1, factor = 1) =>
      judged(
        [
          [0, 'asked'],
          [to, 'reply'],
          [to, 'loop', { maxMs: delay }],
        ],
        (x) => {
          const [from, end] = [x.log.first(asked), x.log.first(reply)];
          if (from && end)
            x.onTime('X-1.a', 'the reply', { from, to: end, notBefore: 1000, notAfter: 2000, tolerance });
        },
        {},
        factor,
      ).verdict;

    it('judges not before and not after, in protocol time', () => {
      expect([timed(500, 100), timed(950, 100), timed(1500, 100), timed(2050, 100), timed(2200, 100)]).to.deep.equal([
        'FAIL',
        'PASS',
        'PASS',
        'PASS',
        'FAIL',
      ]);
      expect(timed(150, 100, 1, 0.1)).to.equal('PASS');
    });
    it('is inconclusive where the event-loop delay eats the tolerance', () => {
      expect(timed(500, 100, 40)).to.equal('INCONC');
      expect(timed(150, 100, 4, 0.1)).to.equal('INCONC');
    });
  });
});
