import { expect } from 'chai';
import type { CaseMeta } from '../../core/case.ts';
import { evaluate, type Outcome, type ProofInput, type ProvenFault } from './matrix.ts';
import { printProof } from './print.ts';

const meta = (id: string, kind: CaseMeta['kind'] = 'verdict'): CaseMeta => ({
  id,
  purpose: 'p',
  item: 'X 1/1',
  when: 'always',
  statements: ['s'],
  start: 'idle',
  kind,
});
const fault = (name: string, more: Partial<ProvenFault> = {}): ProvenFault => ({
  name,
  violates: ['s'],
  caughtBy: ['X/G/01'],
  ...more,
});
const pass = (id: string) => ({ id, verdict: 'PASS', profile: 'plain' }) as const;
const fail = (id: string, statement = 's'): Outcome => ({ id, verdict: 'FAIL', statement, message: 'm' });

const sound: ProofInput = {
  standard: 'X',
  cases: [meta('X/G/01'), meta('X/G/02', 'informative')],
  faults: [fault('off-by-one')],
  faultFree: [pass('X/G/01'), pass('X/G/02')],
  faulty: new Map([['off-by-one', [fail('X/G/01')]]]),
  repeated: 0,
  seconds: 1,
};

describe('proof matrix', () => {
  it('holds when every case passes without fault and fails with one', () => {
    const proof = evaluate(sound);
    expect(proof.shortfalls).to.deep.equal([]);
    expect(proof.cases).to.deep.equal([{ id: 'X/G/01', caughtBy: ['off-by-one'] }]);
    expect(proof.informative).to.deep.equal(['X/G/02']);
    expect(proof.faults).to.deep.equal([{ name: 'off-by-one', violates: ['s'], caught: ['X/G/01'], excused: null }]);
    expect(printProof(proof)).to.contain('nothing falls short');
  });

  const short = (change: Partial<ProofInput>): string[] => [...evaluate({ ...sound, ...change }).shortfalls];

  it('falls short when a case does not pass without fault, and names it', () => {
    const faultFree = [{ ...pass('X/G/01'), verdict: 'INCONC' as const }, pass('X/G/02')];
    expect(short({ faultFree })[0]).to.match(/X\/G\/01 ends INCONC on the fault-free device/);
    expect(evaluate({ ...sound, faultFree }).faultFree).to.deep.equal({
      verdicts: { INCONC: 1, PASS: 1 },
      notPass: ['X/G/01'],
    });
  });
  it('falls short when no profile selects a case', () => {
    expect(short({ faultFree: [pass('X/G/01')] })).to.deep.equal([
      'X/G/02 is selected by no profile, so nothing is proven of it',
    ]);
  });
  it('falls short when no fault turns a case, and when nothing catches a fault', () => {
    const faulty = new Map([['off-by-one', [{ id: 'X/G/01', verdict: 'ERROR' } as const]]]);
    expect(short({ faulty })).to.deep.equal([
      'X/G/01 is turned to FAIL by no fault',
      'fault off-by-one is caught by no case',
      'fault off-by-one must be caught by X/G/01, which ended ERROR: no reason recorded',
    ]);
  });
  it('falls short when a case fails by a statement that the fault does not violate', () => {
    const faulty = new Map([['off-by-one', [fail('X/G/01', 'other')]]]);
    expect(short({ faulty })).to.deep.equal(['fault off-by-one does not violate other, yet X/G/01 fails by it: m']);
  });
  it('falls short when a fault was not run, and excuses one that is not observable', () => {
    expect(short({ faults: [fault('off-by-one'), fault('b')] })).to.deep.equal(['fault b was not run']);
    expect(short({ faults: [fault('off-by-one'), fault('b', { excused: 'not on the wire' })] })).to.deep.equal([]);
  });
});
