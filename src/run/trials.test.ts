import { expect } from 'chai';
import { BenchError } from '../core/errors.ts';
import type { AttemptRecord } from '../core/record.ts';
import type { Verdict } from '../core/verdict.ts';
import type { AttemptOutcome } from './attempt.ts';
import { trials, type TrialsOutcome } from './trials.ts';

const record = (verdict: Verdict): AttemptRecord => ({
  verdict,
  reason: verdict === 'PASS' ? null : { verdict: verdict as 'FAIL', message: `first of ${verdict}` },
  reasons: [],
  notes: [],
  statements: {},
  startedAt: 0,
  durationMs: 1,
  evidence: 'x',
});
type Step = Verdict | 'silent' | 'unready' | 'stuck';
const outcomeOf = (step: Step): AttemptOutcome => {
  const fault = new BenchError('no-answer', 'gone');
  if (step === 'silent') return { record: record('ERROR'), silent: { fault, at: undefined, afterMs: 300 } };
  if (step === 'unready') return { record: record('ERROR'), unready: fault };
  return step === 'stuck' ? { record: record('ERROR'), stuck: true } : { record: record(step) };
};

interface Ran extends TrialsOutcome {
  readonly recoveries: number;
  readonly brokenTimes: number;
}

async function ran(steps: readonly Step[], canRecover = true, recovers = true): Promise<Ran> {
  let recoveries = 0;
  let brokenTimes = 0;
  const outcome = await trials({
    attempt: (n) => Promise.resolve(outcomeOf(steps[n - 1] ?? 'PASS')),
    recover: () => Promise.resolve(Boolean(++recoveries) && recovers),
    canRecover,
    broken: () => void (brokenTimes += 1),
    stillAnswers: 'X-1.answers',
  });
  return { ...outcome, recoveries, brokenTimes };
}

const summary = async (...args: Parameters<typeof ran>): Promise<string> => {
  const { attempts, verdict } = await ran(...args);
  return `${attempts.map((a) => a.verdict).join(' ')} -> ${verdict}`;
};

describe('tries at a case', () => {
  const rows: [string, Parameters<typeof ran>, string][] = [
    ['a PASS stands', [['PASS']], 'PASS -> PASS'],
    ['a FAIL is never tried again', [['FAIL', 'PASS']], 'FAIL -> FAIL'],
    ['INCONC is tried again, and a verdict then stands', [['INCONC', 'PASS']], 'INCONC PASS -> PASS'],
    ['INCONC that becomes FAIL is FAIL', [['INCONC', 'FAIL']], 'INCONC FAIL -> FAIL'],
    ['INCONC is tried again twice at most', [['INCONC', 'INCONC', 'INCONC', 'PASS']], 'INCONC INCONC INCONC -> INCONC'],
    ['ERROR and INCONC share the two retries', [['ERROR', 'INCONC', 'ERROR', 'PASS']], 'ERROR INCONC ERROR -> ERROR'],
    ['silent twice with a restart between is FAIL', [['silent', 'silent']], 'ERROR FAIL -> FAIL'],
    ['silent once is no finding', [['silent', 'PASS']], 'ERROR PASS -> PASS'],
    [
      'silent on the last try gets its rerun',
      [['INCONC', 'INCONC', 'silent', 'PASS']],
      'INCONC INCONC ERROR PASS -> PASS',
    ],
    ['silent without power is ERROR', [['silent'], false], 'ERROR -> ERROR'],
    ['silent and not brought back is ERROR', [['silent'], true, false], 'ERROR -> ERROR'],
    ['an attempt that hangs ends the process, not the rule', [['stuck', 'PASS']], 'ERROR -> ERROR'],
    ['a rig that is not ready is tried again', [['unready', 'PASS']], 'ERROR PASS -> PASS'],
  ];
  for (const [title, args, expected] of rows) it(title, async () => expect(await summary(...args)).to.equal(expected));

  it('name the statement, what was expected and observed, when a device falls silent', async () => {
    const { reason, brokenTimes, attempts } = await ran(['silent', 'silent']);
    expect(reason).to.include({ verdict: 'FAIL', statement: 'X-1.answers' });
    expect(reason).to.have.property('observed', 'no answer 300 ms after the last octet from the device');
    expect(attempts.at(-1)?.statements).to.deep.equal({ 'X-1.answers': 'FAIL' });
    expect(brokenTimes).to.equal(2);
  });
});
