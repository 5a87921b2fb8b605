import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { CaseMeta } from '../core/case.ts';
import { type Ics, loadIcs } from '../ics/ics.ts';
import { loadProformas } from '../ics/proforma.ts';
import { diffIcs, icsDifferenceText } from './ics-diff.ts';

const proformas = loadProformas();
const meta = (id: string, when: string): CaseMeta => ({
  id,
  purpose: `purpose of ${id}`,
  item: 'DFUM 3/1',
  when,
  statements: ['s'],
  start: 'idle',
});
const CATALOGUE = [
  { cases: [meta('DFUM/FUS/01', '3/1'), meta('DFUM/FDS/02', '3/2'), meta('DFUM/FUC/03', '3/3')], declared: [] },
];

describe('comparing two declarations', () => {
  let folder: string;
  before(() => (folder = mkdtempSync(join(tmpdir(), 'plumbline-diff-'))));
  after(() => rmSync(folder, { recursive: true }));
  const ics = (name: string, answers: string, more = ''): Ics => {
    const file = join(folder, name);
    writeFileSync(
      file,
      `product: { vendor: Example, name: Lamp, version: 1.4.2 }\nics: { DFUM: { ${answers} }, OCFSWU: {} }\n${more}`,
    );
    return loadIcs(file, proformas);
  };
  const OLD = '"0/1": yes, "3/1": yes, "3/2": no';

  it('lists items whose answer changed, and the cases that come and go with them, each with its reason', () => {
    const d = diffIcs(ics('a.yaml', OLD), ics('b.yaml', '"0/1": yes, "3/1": no, "3/2": yes, "3/3": no'), CATALOGUE);
    expect(d.items.map((i) => [i.name, i.from, i.to])).to.deep.equal([
      ['DFUM 3/1', 'yes', 'no'],
      ['DFUM 3/2', 'no', 'yes'],
      ['DFUM 3/3', 'not answered', 'no'],
    ]);
    expect(d.come.map((c) => c.id)).to.deep.equal(['DFUM/FDS/02']);
    expect(d.go.map((c) => c.id)).to.deep.equal(['DFUM/FUS/01']);
    expect(d.go[0]?.reason).to.contain('DFUM 3/1 (Firmware Update Server) is no');
  });

  it('lists values that changed, defaults among them', () => {
    const d = diffIcs(
      ics('a.yaml', OLD, 'ixit: { OCFSWU: { maxDownloadS: 30 } }'),
      ics('b.yaml', OLD, 'ixit: { OCFSWU: { maxDownloadS: 90 } }'),
      [],
    );
    expect(d.ixit.map((x) => [x.name, x.from, x.to])).to.deep.equal([['OCFSWU maxDownloadS', '30', '90']]);
    expect(d.items).to.deep.equal([]);
    expect(icsDifferenceText(d)).to.contain('30 → 90');
  });

  it('says so where nothing differs', () => {
    expect(icsDifferenceText(diffIcs(ics('a.yaml', OLD), ics('b.yaml', OLD), CATALOGUE))).to.contain('nothing differs');
  });
});
