import { expect } from 'chai';
import type { CaseRecord } from '../core/record.ts';
import { sampleRun } from './fixture/run.ts';
import { duration, summaryOf, summaryText } from './summary.ts';

const run = sampleRun();

describe('the summary of a run', () => {
  it('counts the waived apart, and lists what did not pass with FAIL first', () => {
    const { counts, notPass, gate } = summaryOf(run);
    expect(counts).to.include({ FAIL: 2, WAIVED: 1, INCONC: 1, ERROR: 1, NOT_RUN: 2, NOT_APPLICABLE: 2, PASS: 5 });
    expect(notPass.map((l) => l.shown)).to.deep.equal([
      'FAIL',
      'FAIL',
      'ERROR',
      'INCONC',
      'NOT_RUN',
      'NOT_RUN',
      'WAIVED',
    ]);
    expect(gate.exit).to.equal(1);
  });

  it('fits one screen, however much went wrong, and says how much is not shown', () => {
    const [template] = run.cases.filter((c) => c.verdict === 'FAIL');
    if (template === undefined) throw new Error('no failing case');
    const cases = Array.from({ length: 200 }, (_, i): CaseRecord => ({ ...template, id: `OCFSWU/X/${i}` }));
    const lines = summaryText(sampleRun({ cases })).split('\n');
    expect(lines.length).to.be.at.most(24);
    expect(Math.max(...lines.map((l) => l.length))).to.be.at.most(100);
    expect(lines.join('\n')).to.match(/and 18\d more/);
  });

  it('puts what did not pass before the counts, and stamps before everything', () => {
    const text = summaryText(sampleRun({ state: 'incomplete', ics: { ...run.ics, consistent: false, anyway: true } }));
    const at = ['incomplete', 'inconsistent', 'FAIL          OCFSWU/TRIG/04', '2 FAIL ·', 'exit 1'].map((s) =>
      text.indexOf(s),
    );
    expect(at).to.not.include(-1);
    expect(at).to.deep.equal([...at].sort((a, b) => a - b));
  });

  it('says of a run of chosen cases that it is not the whole', () => {
    expect(summaryText(sampleRun({ notAsked: 87 }))).to.contain(
      '*** a selection: applicable cases that were not asked for: 87 ***',
    );
    expect(summaryText(sampleRun())).to.not.contain('selection');
  });

  it('writes durations for people', () => {
    expect([900, 61_000, 3_720_000].map(duration)).to.deep.equal(['1 s', '1 min 01 s', '1 h 02 min']);
  });
});
