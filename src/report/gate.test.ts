import { expect } from 'chai';
import type { CaseRecord, RunRecord, WaiverRecord } from '../core/record.ts';
import { type GateExit, gateOf } from './gate.ts';
import { sampleRun } from './fixture/run.ts';
import { shownAs, waiverState } from './status.ts';

const run = sampleRun();
const of = (...ids: string[]): CaseRecord[] => run.cases.filter((c) => ids.includes(c.id));
const waiver = (over: Partial<WaiverRecord> = {}): WaiverRecord => ({
  case: 'OCFSWU/OBS/03',
  statement: 'OCFSWU-T7.order',
  owner: 'R. Weaver',
  expires: '2027-02-28',
  reason: 'mended in 1.5.0',
  ...over,
});
const withWaivers = (waivers: WaiverRecord[], cases: CaseRecord[], over: Partial<RunRecord> = {}): RunRecord =>
  sampleRun({ cases, ics: { ...run.ics, waivers }, ...over });
const decide = (waivers: WaiverRecord[], cases: CaseRecord[], over: Partial<RunRecord> = {}): [GateExit, string[]] => {
  const { exit, problems } = gateOf(withWaivers(waivers, cases, over));
  return [exit, problems.map((p) => p.kind)];
};

const PASSED = of('OCFSWU/DISC/01', 'OCFSWU/RET/02');
const FAILED = of('OCFSWU/OBS/03');

describe('the gate', () => {
  it('is open where every applicable case passed', () => {
    expect(decide([], [...PASSED, ...of('OCFSWU/SEC/01')])).to.deep.equal([0, []]);
  });

  it('is shut by a FAIL with exit code 1, whatever else there is', () => {
    expect(decide([], [...PASSED, ...FAILED, ...of('OCFSWU/SCH/02')])).to.deep.equal([1, ['fail', 'inconclusive']]);
  });

  it('answers 3 where nothing fails but something is not proven', () => {
    expect(decide([], [...PASSED, ...of('OCFSWU/SCH/02')])).to.deep.equal([3, ['inconclusive']]);
    expect(decide([], [...PASSED, ...of('DFUM/FUS/08')])).to.deep.equal([3, ['error']]);
    expect(decide([], [...PASSED, ...of('DFUM/FUS/10')])).to.deep.equal([3, ['not-run']]);
  });

  it('answers 3 for a run that was not settled, had a defect of the tester, or ran nothing', () => {
    expect(decide([], PASSED, { state: 'incomplete' })).to.deep.equal([3, ['incomplete']]);
    expect(decide([], PASSED, { errors: ['a forgotten await'] })).to.deep.equal([3, ['defect']]);
    expect(decide([], of('OCFSWU/SEC/01'))).to.deep.equal([3, ['nothing-run']]);
  });

  it('is shut by an inconsistent declaration', () => {
    const ics = { ...run.ics, waivers: [], consistent: false, anyway: true };
    expect(gateOf(sampleRun({ cases: PASSED, ics })).exit).to.equal(1);
  });

  describe('waivers', () => {
    it('let a FAIL pass as "FAIL, waived"', () => {
      expect(decide([waiver()], [...PASSED, ...FAILED])).to.deep.equal([0, []]);
      const [c] = FAILED;
      expect(c && shownAs(c, withWaivers([waiver()], FAILED))).to.equal('WAIVED');
    });

    it('count for their case and statement only, and must cover every statement that the case contradicts', () => {
      expect(decide([waiver({ statement: 'OCFSWU-T3.sva' })], FAILED)).to.deep.equal([1, ['fail', 'waiver-unneeded']]);
      expect(decide([waiver({ case: 'OCFSWU/RET/02' })], FAILED)).to.deep.equal([1, ['fail']]);
      const both = FAILED.map((c): CaseRecord => ({ ...c, statements: { ...c.statements, 'OCFSWU-T3.sva': 'FAIL' } }));
      expect(decide([waiver()], both)).to.deep.equal([1, ['fail']]);
      expect(decide([waiver(), waiver({ statement: 'OCFSWU-T3.sva' })], both)).to.deep.equal([0, []]);
    });

    it('shut the gate when expired, and the FAIL counts again; the last day still counts', () => {
      expect(decide([waiver({ expires: '2026-11-19' })], FAILED)).to.deep.equal([1, ['fail', 'waiver-expired']]);
      expect(decide([waiver({ expires: '2026-11-20' })], FAILED)).to.deep.equal([0, []]);
    });

    it('run at most 180 days from the run', () => {
      const day = (n: number): string => new Date(Date.parse('2026-11-20') + n * 86_400_000).toISOString().slice(0, 10);
      expect(waiverState(waiver({ expires: day(180) }), run.startedAt)).to.equal('valid');
      expect(waiverState(waiver({ expires: day(181) }), run.startedAt)).to.equal('too-long');
      expect(decide([waiver({ expires: day(181) })], FAILED)).to.deep.equal([1, ['fail', 'waiver-too-long']]);
    });

    it('shut the gate when the run shows that they are not needed, not when their case was not judged', () => {
      const mended = FAILED.map(
        (c): CaseRecord => ({ ...c, verdict: 'PASS', reason: null, statements: { 'OCFSWU-T7.order': 'PASS' } }),
      );
      expect(decide([waiver()], mended)).to.deep.equal([1, ['waiver-unneeded']]);
      const open = FAILED.map(
        (c): CaseRecord => ({ ...c, verdict: 'ERROR', reason: null, statements: { 'OCFSWU-T7.order': null } }),
      );
      expect(decide([waiver()], open)).to.deep.equal([3, ['error']]);
    });

    it('are judged as of the day of the run, so that a record always gives the same answer', () => {
      const old = withWaivers([waiver({ expires: '2020-03-01' })], FAILED, { startedAt: '2020-02-01T00:00:00.000Z' });
      expect(gateOf(old).exit).to.equal(0);
    });
  });
});
