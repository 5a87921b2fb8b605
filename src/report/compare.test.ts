import { expect } from 'chai';
import type { CaseRecord } from '../core/record.ts';
import { compareRuns, comparisonText } from './compare.ts';
import { sampleRun } from './fixture/run.ts';

const base = sampleRun();
const NEWER = { run: 'later', product: { vendor: 'Example', name: 'Lamp', version: '1.5.0' } };

const changed = (by: Record<string, Partial<CaseRecord>>): CaseRecord[] =>
  base.cases.map((c) => ({ ...c, ...by[c.id] }));
const ids = (changes: readonly { readonly id: string }[]): string[] => changes.map((c) => c.id);

describe('comparing two runs', () => {
  it('finds new FAIL, mended, no longer proven and now proven', () => {
    const cases = changed({
      'OCFSWU/DISC/01': {
        verdict: 'FAIL',
        reason: { verdict: 'FAIL', message: 'gone' },
        statements: { 'OCFSWU-T1.rt': 'FAIL' },
      },
      'OCFSWU/TRIG/04': { verdict: 'PASS', reason: null },
      'OCFSWU/RET/02': { verdict: 'NOT_RUN', attempts: [] },
      'DFUM/FUS/08': { verdict: 'PASS', reason: null, attempts: [] },
    });
    const c = compareRuns(base, sampleRun({ ...NEWER, cases }));
    expect(ids(c.newFail)).to.deep.equal(['OCFSWU/DISC/01']);
    expect(ids(c.mended)).to.deep.equal(['OCFSWU/TRIG/04']);
    expect(ids(c.lost)).to.deep.equal(['OCFSWU/RET/02']);
    expect(ids(c.proven)).to.deep.equal(['DFUM/FUS/08']);
    expect(c.differences).to.deep.equal(['product: Example Lamp 1.4.2 → Example Lamp 1.5.0']);
  });

  it('calls a case unstable whose attempts ended differently, or which swung although product and declaration are the same', () => {
    const swung = changed({ 'OCFSWU/TRIG/04': { verdict: 'PASS', reason: null } });
    expect(ids(compareRuns(base, sampleRun({ run: 'again', cases: swung })).unstable)).to.deep.equal([
      'OCFSWU/TRIG/04',
    ]);
    expect(ids(compareRuns(base, sampleRun({ ...NEWER, cases: swung })).unstable)).to.deep.equal([]);
    const [first] = base.cases.find((c) => c.id === 'OCFSWU/SCH/02')?.attempts ?? [];
    if (first === undefined) throw new Error('no attempt');
    const wavered = changed({ 'OCFSWU/SCH/02': { verdict: 'PASS', attempts: [first, { ...first, verdict: 'PASS' }] } });
    expect(ids(compareRuns(base, sampleRun({ ...NEWER, cases: wavered })).unstable)).to.deep.equal(['OCFSWU/SCH/02']);
  });

  it('calls a case slower from half as much again and a second on', () => {
    const slow = changed({ 'OCFSWU/RET/02': { durationMs: 2300 }, 'OCFSWU/UPD/05': { durationMs: 2100 } });
    expect(ids(compareRuns(base, sampleRun({ ...NEWER, cases: slow })).slower)).to.deep.equal(['OCFSWU/RET/02']);
  });

  it('tells which cases came and went with the declaration', () => {
    const cases = changed({ 'DFUM/FDS/01': { verdict: 'PASS', reason: null } }).filter((c) => c.id !== 'ZBOTA/CLI/090');
    const c = compareRuns(base, sampleRun({ ...NEWER, cases }));
    expect(ids(c.came)).to.deep.equal(['DFUM/FDS/01']);
    expect(ids(c.gone)).to.deep.equal(['ZBOTA/CLI/090']);
    expect(comparisonText(c)).to.contain('came (1)').and.contain('NOT APPLICABLE → PASS');
  });

  it('says so where no case differs', () => {
    expect(comparisonText(compareRuns(base, sampleRun()))).to.contain('no case differs');
  });
});
