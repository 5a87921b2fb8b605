import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import type { CaseMeta, DeclaredCase } from '../core/case.ts';
import { coverageOf, loadStatements } from './statements.ts';

const meta = (id: string, ...statements: string[]): CaseMeta => ({
  id,
  purpose: 'p',
  item: 'OCFSWU 1/1',
  when: 'always',
  statements,
  start: 'idle',
});
const declared = (id: string, ...statements: string[]): DeclaredCase => ({
  id,
  purpose: 'p',
  item: 'OCFSWU 8/1',
  when: 'always',
  statements,
  lacks: 'onboarding',
});

describe('statements', () => {
  let folder = '';
  before(() => (folder = mkdtempSync(path.join(tmpdir(), 'plumbline-statements-'))));
  after(() => rmSync(folder, { recursive: true }));
  const given = (text: string): string => {
    writeFileSync(path.join(folder, 'x.yaml'), text);
    return folder;
  };
  const SAMPLE = `
spec: OCFSWU
statements:
  - { id: OCFSWU-T3.sva, place: table 3, text: After validation the state is sva., judged: state read after isvv }
  - { id: OCFSWU-T3.svv, place: table 3, text: While validating the state is svv., judged: states observed }
  - { id: OCFSWU-T3.cm, place: table 3, text: State and mode agree., judged: both read }
  - { id: OCFSWU-F1.order, place: figure 1, text: A typical order., excused: no-requirement, because: the figure says typical }
`;

  it('given a good file, load every row with its line', () => {
    const rows = loadStatements(given(SAMPLE));
    expect(rows.map((r) => [r.id, r.line, r.excused])).to.deep.equal([
      ['OCFSWU-T3.sva', 4, undefined],
      ['OCFSWU-T3.svv', 5, undefined],
      ['OCFSWU-T3.cm', 6, undefined],
      ['OCFSWU-F1.order', 7, 'no-requirement'],
    ]);
  });

  it('given a reason outside the list, a foreign id, a double id, both or neither of judged and excused: refuse', () => {
    const row = (rest: string): string => `spec: OCFSWU\nstatements:\n  - { ${rest}, place: x, text: y }\n`;
    expect(() => loadStatements(given(row('id: OCFSWU-1.a, excused: too-hard')))).to.throw(
      /3:.*expected not-observable or/,
    );
    expect(() => loadStatements(given(row('id: DFUM-1.a, judged: z')))).to.throw(/begins with OCFSWU-/);
    expect(() => loadStatements(given(row('id: OCFSWU-1.a')))).to.throw(/either judged or excused/);
    expect(() => loadStatements(given(row('id: OCFSWU-1.a, judged: z, excused: other-role')))).to.throw(/either/);
    const twice = '  - { id: OCFSWU-1.a, judged: z, place: x, text: y }\n'.repeat(2);
    expect(() => loadStatements(given(`spec: OCFSWU\nstatements:\n${twice}`))).to.throw(
      /4:5: OCFSWU-1.a: the id stands twice/,
    );
  });

  it('given the cases, tell judged, excused and open ones apart', () => {
    const rows = loadStatements(given(SAMPLE));
    const cases = [meta('OCFSWU/TRIG/04', 'OCFSWU-T3.sva'), meta('OCFSWU/TRIG/05', 'OCFSWU-T3.sva')];
    const coverage = coverageOf('OCFSWU', rows, cases, [declared('OCFSWU/TRIG/07', 'OCFSWU-T3.cm')]);
    expect(coverage).to.deep.equal({
      spec: 'OCFSWU',
      total: 4,
      judged: { 'OCFSWU-T3.sva': ['OCFSWU/TRIG/04', 'OCFSWU/TRIG/05'] },
      excused: { 'OCFSWU-F1.order': 'no-requirement' },
      open: ['OCFSWU-T3.svv', 'OCFSWU-T3.cm'],
      lacking: { 'OCFSWU-T3.cm': ['OCFSWU/TRIG/07'] },
      unknown: [],
      contradicted: [],
      complete: false,
    });
  });

  it('given a case for every statement, it is complete; not with an unknown statement or an excused one judged', () => {
    const rows = loadStatements(given(SAMPLE));
    const all = meta('OCFSWU/X/01', 'OCFSWU-T3.sva', 'OCFSWU-T3.svv', 'OCFSWU-T3.cm');
    expect(coverageOf('OCFSWU', rows, [all]).complete).to.equal(true);
    const wrong = coverageOf('OCFSWU', rows, [all, meta('OCFSWU/X/02', 'OCFSWU-T3.sav', 'OCFSWU-F1.order')]);
    expect(wrong.complete).to.equal(false);
    expect(wrong.unknown).to.deep.equal([
      { case: 'OCFSWU/X/02', statement: 'OCFSWU-T3.sav', nearest: 'OCFSWU-T3.sva' },
    ]);
    expect(wrong.contradicted).to.deep.equal(['OCFSWU-F1.order']);
  });

  it('given no folder, there are none', () => expect(loadStatements(path.join(folder, 'none'))).to.deep.equal([]));
});
