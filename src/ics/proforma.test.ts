import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import type { CaseMeta } from '../core/case.ts';
import { InputErrors } from '../core/errors.ts';
import { needsOutOfStep } from './needs.ts';
import { loadProformas, proformaOf } from './proforma.ts';
import type { IxitDef } from './schema.ts';
import { printForm, readIxit } from './values.ts';

describe('proformas', () => {
  let folder = '';
  before(() => (folder = mkdtempSync(path.join(tmpdir(), 'plumbline-proformas-'))));
  after(() => rmSync(folder, { recursive: true }));
  const given = (text: string) => {
    writeFileSync(path.join(folder, 'abc.yaml'), `spec: ABC\ntitle: t\ndocument: d\n${text}`);
    return loadProformas(folder);
  };
  const faults = (text: string): string[] => {
    try {
      given(text);
    } catch (e) {
      if (e instanceof InputErrors) return e.errors.map((x) => `${x.place.line} ${x.message}`);
      throw e;
    }
    return [];
  };

  it('DFUM has every row of the published table', () => {
    const dfum = proformaOf(loadProformas(), 'DFUM');
    expect(dfum).to.include({ document: 'DFUM.ICS.p1', date: '2024-07-01', release: 'TCRL.2024-1' });
    expect(dfum.tables.map((t) => t.number)).to.deep.equal([0, 1, 2, 3, 10, 11, 20, 21, 22, 30, 40, 41]);
    expect(dfum.tables.filter((t) => t.empty).map((t) => `${t.number} ${t.empty}`)).to.deep.equal([
      '1 reserved',
      '2 no longer used',
    ]);
    const rows = dfum.tables.flatMap((t) =>
      t.items.map((i) =>
        [i.name, i.clause, i.status, i.prerequisite?.text, i.depends?.text].map((v) => v ?? '-').join(' | '),
      ),
    );
    expect(rows).to.deep.equal([
      'DFUM 0/1 | whole document | M | - | -',
      'DFUM 3/1 | 6.1 | O | - | -',
      'DFUM 3/2 | 6.2 | C.1 | - | -',
      'DFUM 3/3 | 6.3 | O | - | -',
      'DFUM 3/4 | 6.4 | C.1 | - | -',
      'DFUM 10/1 | 2.1.1 | M | DFUM 3/1 | MBTM 3/1',
      'DFUM 11/1 | 2.1.1 | C.1 | DFUM 10/1 | MBTM 10/1',
      'DFUM 11/2 | 2.1.1 | C.2 | DFUM 10/1 | MBTM 10/2',
      'DFUM 20/1 | 2.1.1 | M | DFUM 3/2 | MBTM 3/1',
      'DFUM 21/1 | 2.1.1 | C.1 | DFUM 20/1 | MBTM 10/1',
      'DFUM 21/2 | 2.1.1 | C.2 | DFUM 20/1 | MBTM 10/2',
      'DFUM 22/1 | 6.2.2.3 | O | DFUM 3/2 | -',
      'DFUM 22/2 | 3.3 | C.1 | DFUM 3/2 | -',
      'DFUM 22/3 | 4.3.2.2 | O | DFUM 3/2 | -',
      'DFUM 30/1 | 2.1.1 | M | DFUM 3/3 | MBTM 3/2',
      'DFUM 40/1 | 2.1.1 | M | DFUM 3/4 | MBTM 3/2',
      'DFUM 41/1 | 7.2.2.8 | O | DFUM 3/4 | -',
    ]);
  });

  it('OCFSWU has the 29 ambiguous places, each with a default among its options', () => {
    const { policies } = proformaOf(loadProformas(), 'OCFSWU');
    expect([...policies.values()].map((p) => p.def.id)).to.deep.equal(
      Array.from({ length: 29 }, (_, i) => `OCF-P${i + 1}`),
    );
  });

  it('given several faults, tell them all with their lines', () => {
    const text = `tables:
  1:
    title: t
    prerequisite: ABC 1/9
    conditions: { C.1: M if 1/1, C.2: "Q if 1/1 and, else O", C.4: "Q if 1/1, else O" }
    items:
      1: { capability: c, clause: "1", status: C.1 }
      2: { capability: c, clause: "1", status: C.3, depends: XYZ 1/1 }
ixit: { rebootS: { text: t, type: number, required: 1/7 } }
policies: { p: { id: P, question: q, clause: "1", options: [a, b], default: "c if 1/1, else a" } }
`;
    expect(faults(text)).to.deep.equal([
      '7 condition "ABC 1/9", character 1: unknown item ABC 1/9; the nearest known name is ABC 1/1',
      '8 "M if 1/1": expected "VALUE if CONDITION, else VALUE", found the end "M if 1/1"',
      '8 condition "1/1 and", character 8: expected an item, "not", "always" or "(", found the end',
      '8 no item of table 1 has status C.2',
      '8 "Q if 1/1, else O": Q is not M, O, X, N/A or O.n',
      '8 no item of table 1 has status C.4',
      '11 table 1 has no condition C.3',
      '11 condition "XYZ 1/1", character 1: unknown item XYZ 1/1; the nearest known name is ABC 1/1',
      '12 condition "1/7", character 1: unknown item ABC 1/7; the nearest known name is ABC 1/1',
      '13 the default c is none of a, b',
    ]);
  });

  it('given a wrong shape, tell where', () => {
    expect(faults('tables: { x: { title: reserved } }\n')).to.deep.equal([
      '4 the key is not allowed here: expected a number',
    ]);
    expect(faults('tables: { 1: { title: t, items: { 1: { clause: "1", status: Q } } } }\n')[0]).to.match(/^4 /);
    expect(() => loadProformas(path.join(folder, 'none'))).to.throw(/folder of proformas cannot be read/);
  });

  it('given cases, find lists of cases that are out of step', () => {
    const proforma = proformaOf(
      given(`tables: { 1: { title: t, items: { 1: { capability: c, clause: "1", status: O } } } }
ixit: { rebootS: { text: t, type: number, cases: [ABC/X/*, ABC/Y/01] } }
policies: { p: { id: P, question: q, clause: "1", options: [a], default: a, cases: [ABC/X/01] } }
`),
      'ABC',
    );
    const meta = (id: string, more: Partial<CaseMeta>): CaseMeta => ({
      id,
      purpose: 'p',
      item: 'ABC 1/1',
      when: 'always',
      statements: ['s'],
      start: 'idle',
      ...more,
    });
    const right = [meta('ABC/X/01', { ixit: ['rebootS'], policies: ['p'] }), meta('ABC/Y/01', { ixit: ['rebootS'] })];
    expect(needsOutOfStep(proforma, right)).to.deep.equal([]);
    expect(needsOutOfStep(proforma, [])).to.deep.equal([]);
    expect(needsOutOfStep(proforma, [meta('ABC/X/01', {}), meta('ABC/X/02', { policies: ['p'] })])).to.deep.equal([
      'rebootS lists ABC/Y/01, which does not exist',
      'p is read by ABC/X/02, which its list of cases leaves out',
    ]);
  });
});

describe('IXIT values', () => {
  const common = { text: 't', cases: [] };
  const rows: [IxitDef, readonly unknown[], readonly unknown[], string][] = [
    [
      { type: 'integer', unit: 'ms', min: 1, max: 9, ...common },
      [1, 9],
      [0, 10, 1.5, '3', null],
      'whole number in ms, 1 to 9',
    ],
    [{ type: 'number', min: 0.5, ...common }, [0.5, 1e9], [0.4, Number.NaN, 'x'], 'number, at least 0.5'],
    [{ type: 'flag', ...common }, [true, 'no'], [1, 'maybe'], 'yes or no'],
    [{ type: 'choice', options: ['a', 'b'], ...common }, ['a'], ['c', 1], 'one of a, b'],
    [
      { type: 'text', pattern: '\\d{4}', form: 'four digits', ...common },
      ['1234', 1234],
      ['12345', true],
      'four digits',
    ],
    [{ type: 'url', ...common }, ['https://a/b'], ['/a', 3], 'absolute URL'],
    [
      { type: 'reference', ...common },
      ['env:KEY', 'file:a b.pem'],
      ['KEY', 'env:', 'file:', 'env:a-b'],
      'reference, env:NAME or file:PATH',
    ],
  ];
  for (const [def, good, bad, form] of rows) {
    it(`${def.type}: ${form}`, () => {
      expect(printForm(def)).to.equal(form);
      for (const value of good) expect(readIxit(def, value), String(value)).to.not.equal(undefined);
      for (const value of bad) expect(readIxit(def, value), String(value)).to.equal(undefined);
    });
  }
});
