import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { InputErrors } from '../core/errors.ts';
import { checkConsistency, type Finding } from './consistency.ts';
import { loadDeclaration } from './declaration.ts';
import { loadProformas } from './proforma.ts';

const proformas = loadProformas();

describe('consistency', () => {
  let folder = '';
  before(() => (folder = mkdtempSync(path.join(tmpdir(), 'plumbline-consistency-'))));
  after(() => rmSync(folder, { recursive: true }));

  /** The findings of a declaration given as answers per proforma, and other sections as text. */
  function findings(ics: Record<string, Record<string, string>>, rest = ''): readonly Finding[] {
    const file = path.join(folder, 'd.yaml');
    writeFileSync(file, `product: { vendor: a, name: b, version: 1 }\nics: ${JSON.stringify(ics)}\n${rest}`);
    return checkConsistency(loadDeclaration(file, proformas), proformas).findings;
  }
  const pairs = (found: readonly Finding[]): string[] => found.map((f) => `${f.rule} ${f.item}`);
  const ROLES = { '0/1': 'yes', '3/1': 'no', '3/2': 'no', '3/3': 'no', '3/4': 'no' };
  const SERVER = { ...ROLES, '3/1': 'yes', '10/1': 'yes', '11/1': 'no', '11/2': 'yes' };
  const BLOB = { '3/1': 'yes', '3/2': 'no', '10/1': 'no', '10/2': 'yes' };
  const MESH = { '7/4': 'no' };

  it('finds nothing where every rule holds; tables whose prerequisite is off may be left out', () => {
    expect(findings({ DFUM: SERVER, MBTM: BLOB, MESH })).to.deep.equal([]);
    expect(findings({ DFUM: ROLES })).to.deep.equal([]);
  });

  it('mandatory: must be supported and is not, with the values that make it so', () => {
    const [finding, ...more] = findings({ DFUM: SERVER, MBTM: BLOB, MESH: { '7/4': 'yes' } });
    expect(more).to.deep.equal([]);
    expect(finding).to.deep.equal({
      rule: 'mandatory',
      item: 'DFUM 11/1',
      message:
        '"Update Server receives in pull mode" is declared no, but must be supported because MESH 7/4 (Low Power feature) is declared yes',
      condition: 'C.1: M if MESH 7/4, else O',
      clause: '2.1.1',
      fix: 'set MESH 7/4 to no',
    });
  });

  it('excluded: supported though excluded', () => {
    const found = findings({
      DFUM: { ...ROLES, '3/4': 'yes', '40/1': 'yes', '41/1': 'no' },
      MBTM: { ...BLOB, '3/2': 'yes', '20/1': 'yes', '20/2': 'yes' },
    });
    expect(pairs(found)).to.deep.equal(['excluded DFUM 3/4']);
    expect(found[0]?.message).to.include('DFUM 3/3 (Firmware Update Client) is declared no');
  });

  it('prerequisite: reported for that alone, while the table below it is still evaluated', () => {
    const found = findings({ DFUM: { ...ROLES, '10/1': 'yes', '11/1': 'no', '11/2': 'no' }, MESH });
    expect(pairs(found)).to.deep.equal(['prerequisite DFUM 10/1', 'mandatory DFUM 11/2']);
  });

  it('prerequisite: an item whose prerequisite was rightly left out is off', () => {
    expect(pairs(findings({ DFUM: { ...ROLES, '11/2': 'yes' } }))).to.deep.equal(['prerequisite DFUM 11/2']);
  });

  it('dependency: supported while the item of the other layer is not', () => {
    const found = findings({ DFUM: SERVER, MBTM: { ...BLOB, '10/1': 'yes', '10/2': 'no' }, MESH });
    expect(pairs(found)).to.deep.equal(['dependency DFUM 11/2']);
    expect(found[0]).to.include({ condition: 'depends on MBTM 10/2', fix: 'set MBTM 10/2 to yes' });
  });

  it('choice: none of a group, with the name of the group', () => {
    const found = findings({ MBTM: { '3/1': 'no', '3/2': 'no' } });
    expect(pairs(found)).to.deep.equal(['choice MBTM 3/1']);
    expect(found[0]?.condition).to.equal('O.1: at least one of MBTM 3/1, MBTM 3/2');
    expect(found[0]?.fix, 'the choice that brings the least with it').to.match(/^set MBTM 3\/[12] to yes and MBTM/);
  });

  it('unanswered: a missing answer of an applicable table', () => {
    const { '11/2': _push, ...withoutPush } = SERVER;
    expect(pairs(findings({ DFUM: withoutPush, MBTM: BLOB, MESH }))).to.deep.equal(['unanswered DFUM 11/2']);
    const { '0/1': _, ...rest } = ROLES;
    const found = findings({ DFUM: rest });
    expect(pairs(found)).to.deep.equal(['unanswered DFUM 0/1']);
    expect(found[0]?.fix).to.equal('set DFUM 0/1 to yes');
  });

  it('unanswered: an item that a reached condition names; the item that depends on it gets no finding of its own', () => {
    const found = findings({ DFUM: { ...SERVER, '11/2': 'no' }, MBTM: BLOB });
    expect(pairs(found)).to.deep.equal(['unanswered MESH 7/4']);
    expect(found[0]?.message).to.include('DFUM 11/1, DFUM 11/2 cannot be judged without it');
  });

  it('unanswered: an item that a reached dependency names', () => {
    expect(pairs(findings({ DFUM: SERVER, MESH }))).to.deep.equal(['unanswered MBTM 3/1', 'unanswered MBTM 10/2']);
    expect(pairs(findings({ DFUM: { ...SERVER, '10/1': 'no', '11/2': 'no' }, MESH }))).to.deep.equal([
      'mandatory DFUM 10/1',
    ]);
  });

  it('unanswered: of a chain of prerequisites only the first', () => {
    const { '3/1': _, ...rest } = ROLES;
    expect(pairs(findings({ DFUM: { ...rest } }))).to.deep.equal(['unanswered DFUM 3/1']);
    expect(pairs(findings({ DFUM: { ...rest, '10/1': 'yes', '11/1': 'no', '11/2': 'no' }, MESH }))).to.deep.equal([
      'unanswered DFUM 3/1',
      'mandatory DFUM 11/2',
    ]);
  });

  it('unknown: an item that the proforma does not have, with the nearest that it has', () => {
    const found = findings({ DFUM: { ...ROLES, '3/5': 'yes', '2/1': 'no', nonsense: 'yes' } });
    expect(pairs(found)).to.deep.equal(['unknown DFUM 3/5', 'unknown DFUM 2/1', 'unknown DFUM nonsense']);
    expect(found[0]?.message).to.match(/has no item 3\/5; the nearest is DFUM 3\/[1-4]$/);
    expect(found[1]?.message).to.include('table 2 is no longer used');
  });

  describe('of OCFSWU', () => {
    const PLAIN = Object.fromEntries(
      proformas.specs
        .get('OCFSWU')
        ?.tables.flatMap((t) => t.items)
        .map((i) => [`${i.table}/${i.number}`, i.table === 9 ? 'no' : 'yes']) ?? [],
    );
    const plain = { ...PLAIN, '4/5': 'no', '4/6': 'no', '8/1': 'no' };

    it('without security, the manual trigger does not apply and need not be answered', () => {
      expect(findings({ OCFSWU: plain })).to.deep.equal([]);
      const { '4/5': _, ...silent } = plain;
      expect(findings({ OCFSWU: silent })).to.deep.equal([]);
      const found = findings({ OCFSWU: { ...plain, '4/5': 'yes' } });
      expect(pairs(found)).to.deep.equal(['excluded OCFSWU 4/5']);
      expect(found[0]?.message).to.include('does not apply because OCFSWU 8/1');
    });

    it('with security, the manual trigger and a way of owner transfer are due', () => {
      const found = findings({ OCFSWU: { ...plain, '8/1': 'yes' } });
      expect(pairs(found)).to.deep.equal(['mandatory OCFSWU 4/5', 'choice OCFSWU 9/1', 'choice OCFSWU 9/4']);
    });

    it('results 1, 5 and 8 are due with upgrade alone', () => {
      expect(pairs(findings({ OCFSWU: { ...plain, '5/1': 'no', '5/6': 'no' } }))).to.deep.equal([
        'mandatory OCFSWU 5/1',
      ]);
      expect(
        pairs(findings({ OCFSWU: { ...plain, '4/3': 'no', '5/1': 'no', '5/5': 'no', '5/8': 'no' } })),
      ).to.deep.equal([]);
    });

    it('ixit: unknown, ill-typed, out of range, or missing where an item makes it necessary', () => {
      const rest =
        'ixit: { OCFSWU: { rebots: 1, maxDownloadS: 0, quietS: soon, serverKey: secret, packageOk: "file:a.bin" } }\n';
      const found = findings({ OCFSWU: { ...plain, '4/6': 'yes' } }, rest);
      expect(pairs(found)).to.deep.equal(
        ['rebots', 'maxDownloadS', 'quietS', 'serverKey', 'chainsAfterCheck'].map((n) => `ixit OCFSWU ${n}`),
      );
      expect(found[0]?.message).to.include('the nearest is rebootS');
      expect(found[1]?.message).to.equal('maxDownloadS: expected number in s, 1 to 86400, found 0');
      expect(found[4]?.message).to.include('OCFSWU 4/6 is declared yes');
    });
  });

  describe('of a file that cannot be used', () => {
    const faults = (text: string): string[] => {
      const file = path.join(folder, 'bad.yaml');
      writeFileSync(file, text);
      try {
        loadDeclaration(file, proformas);
      } catch (e) {
        if (e instanceof InputErrors) return e.errors.map((x) => `${x.place.line}:${x.place.column} ${x.message}`);
        throw e;
      }
      return [];
    };

    it('tells all of it at once, each with line and column', () => {
      const text = [
        'product: { vendor: a, name: b, version: 1, colour: red }',
        'ics:',
        '  DFUM: { "0/1": yes, "0/1": no, "3/1": maybe }',
        '  OCFSWV: {}',
        '  MBTM: [3]',
        'ixit: { OCFSWU: { quietS: 3 }',
        'policies: { OCFSWU: { partialUpdat: refuse, longPurl: perhaps } }',
        'waivers:',
        '  - { case: OCFSWU/UPD/05, statement: s, owner: o, reason: r, expires: 2026-02-30 }',
      ].join('\n');
      expect(faults(text)).to.deep.equal([
        '1:44 unknown key colour',
        '3:23 the key "0/1" stands twice in the same map',
        '3:41 expected yes, no, true or false, found "maybe"',
        '4:3 unknown proforma OCFSWV; the nearest known name is OCFSWU',
        '5:9 expected a map, found a list',
        '7:1 not valid YAML: Flow map in block collection must be sufficiently indented and end with a }',
        '7:23 OCFSWU has no policy partialUpdat; the nearest known name is partialUpdate',
        '7:55 policy longPurl: expected one of refuse, accept, information, found perhaps',
        '9:72 expected a date such as 2027-01-31, found "2026-02-30"',
      ]);
    });

    it('refuses a declaration without any section', () => {
      const head = 'product: { vendor: a, name: b, version: 1 }\n';
      expect(faults(`${head}ics: {}\n`)).to.deep.equal(['2:6 expected a section for at least one proforma']);
      expect(faults(`${head}ixit: {}\n`)).to.deep.equal(['1:1 ics is missing']);
    });

    it('takes true, false, yes, no and a version that looks like a number, as written', () => {
      const file = path.join(folder, 'ok.yaml');
      writeFileSync(
        file,
        'product: { vendor: a, name: b, version: 1.10, contact: x@y, configuration: { board: r2, flash: 4 } }\n' +
          'ics: { MESH: { "7/4": true }, MBTM: { "3/1": yes, "3/2": no, "10/1": false } }\n' +
          'waivers: [{ case: c, statement: s, owner: o, reason: r, expires: 2027-01-31 }]\n',
      );
      const { product, answers, waivers, specs } = loadDeclaration(file, proformas);
      expect(product).to.include({ version: '1.10', configuration: 'board: r2; flash: 4' });
      expect([...answers].map(([item, g]) => [item, g.value, g.line])).to.deep.equal([
        ['MESH 7/4', true, 2],
        ['MBTM 3/1', true, 2],
        ['MBTM 3/2', false, 2],
        ['MBTM 10/1', false, 2],
      ]);
      expect(specs).to.deep.equal(['MESH', 'MBTM']);
      expect(waivers[0]).to.include({ expires: '2027-01-31', line: 3 });
    });
  });
});
