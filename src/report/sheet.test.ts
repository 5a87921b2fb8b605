import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { SheetItem } from '../core/record.ts';
import { loadIcs } from '../ics/ics.ts';
import { loadProformas } from '../ics/proforma.ts';
import { icsRecord, statementsRecord } from './sheet.ts';

const proformas = loadProformas();
const PRODUCT = 'product: { vendor: Example, name: Lamp, version: 1.4.2 }';

describe('the filled-in proforma of a run record', () => {
  let folder: string;
  before(() => (folder = mkdtempSync(join(tmpdir(), 'plumbline-sheet-'))));
  after(() => rmSync(folder, { recursive: true }));
  const record = (yaml: string) => {
    const file = join(folder, 'lamp.yaml');
    writeFileSync(file, `${PRODUCT}\n${yaml}`);
    return icsRecord(loadIcs(file, proformas), true);
  };
  const DFUM =
    'ics: { DFUM: { "0/1": yes, "3/1": yes, "3/2": no, "11/2": yes, "10/1": yes }, MBTM: { "3/1": yes }, MESH: { "7/4": no } }\n';

  it('holds every row of every table with its answer, and what its status comes to for this product', () => {
    const sheet = record(DFUM).sheets[0];
    const items = new Map((sheet?.tables ?? []).flatMap((t) => t.items).map((i): [string, SheetItem] => [i.item, i]));
    expect(items.size).to.equal(17);
    expect(items.get('DFUM 0/1')).to.include({ status: 'M', demand: 'mandatory', answer: true });
    expect(items.get('DFUM 3/1')).to.include({ status: 'O', demand: 'optional', answer: true });
    expect(items.get('DFUM 11/2')).to.include({
      status: 'C.2',
      demand: 'mandatory',
      condition: 'M if not MESH 7/4, else O',
    });
    expect(items.get('DFUM 22/1')).to.include({ demand: 'not applicable', answer: null });
    expect(sheet?.tables.find((t) => t.id === '22')).to.include({ applicable: false, prerequisite: 'DFUM 3/2' });
    expect(sheet?.proforma).to.equal('DFUM.ICS.p1, 2024-07-01, TCRL.2024-1');
  });

  it('keeps the reference of a key, never the key, and no path of the machine', () => {
    process.env['PLUMBLINE_TEST_KEY'] = 'very secret';
    const ixit =
      'ixit: { OCFSWU: { maxDownloadS: 30, ownerPskRef: env:PLUMBLINE_TEST_KEY, packageOk: file:images/ok.bin } }\n';
    const text = JSON.stringify(record(`ics: { OCFSWU: { "1/1": yes } }\n${ixit}`));
    delete process.env['PLUMBLINE_TEST_KEY'];
    expect(text).to.not.contain('very secret');
    expect(text).to.contain('file:images/ok.bin').and.not.contain(`file:${folder}`);
  });

  it('keeps policies with their default or declared value, findings with their smallest change, and waivers', () => {
    const waiver =
      '{ case: OCFSWU/OBS/03, statement: OCFSWU-T7.order, owner: R. Weaver, expires: 2027-02-28, reason: mended }';
    const kept = record(`ics: { OCFSWU: { "1/1": no } }\nwaivers: [ ${waiver} ]\n`);
    expect(kept.consistent).to.equal(false);
    expect(kept.anyway).to.equal(true);
    expect(kept.findings.find((f) => f.item === 'OCFSWU 1/1')).to.include({ rule: 'mandatory' });
    expect(kept.policies.length).to.be.greaterThan(0);
    expect(kept.policies.every((p) => p.isDefault && p.text !== '')).to.equal(true);
    expect(kept.waivers).to.deep.equal([
      {
        case: 'OCFSWU/OBS/03',
        statement: 'OCFSWU-T7.order',
        owner: 'R. Weaver',
        expires: '2027-02-28',
        reason: 'mended',
      },
    ]);
  });

  it('changes the digest of a sheet with the proforma only, not with the answers', () => {
    const digest = (yaml: string): string | undefined => record(yaml).sheets[0]?.digest;
    expect(digest(DFUM)).to.equal(digest(DFUM.replace('"3/2": no', '"3/2": yes')));
    expect(digest(DFUM)).to.not.equal(digest('ics: { OCFSWU: { "1/1": yes } }\n'));
  });

  it('takes along the text of every statement of the standards that the cases judge', () => {
    const known = ['A-1', 'A-2', 'B-1'].map((id) => ({ id, place: 'p', text: `text of ${id}` }));
    expect(Object.keys(statementsRecord(known, [{ statements: ['A-2'] }]))).to.deep.equal(['A-1', 'A-2']);
  });
});
