import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import type { CaseMeta, DeclaredCase } from '../core/case.ts';
import { TesterError } from '../core/errors.ts';
import { printWhy } from '../cli/why.ts';
import { printPlan } from '../cli/plan.ts';
import { loadIcs } from './ics.ts';
import { planCases } from './plan.ts';
import { icsFolder, loadProformas } from './proforma.ts';

const proformas = loadProformas();
const EXAMPLE = path.join(icsFolder(), 'declarations', 'ocf-plain.yaml');
const SERVER = path.join(icsFolder(), 'declarations', 'dfu-update-server.yaml');

const meta = (id: string, when: string, more: Partial<CaseMeta> = {}): CaseMeta => ({
  id,
  purpose: `purpose of ${id}`,
  item: `${id.split('/')[0]} 3/1`,
  when,
  statements: ['s'],
  start: 'idle',
  ...more,
});

describe('the plan', () => {
  let folder = '';
  /** The answers of the example with IXIT of its own: what the example gives is its product's business. */
  let plain = '';
  let ocf: ReturnType<typeof loadIcs>;
  before(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'plumbline-plan-'));
    plain = path.join(folder, 'plain.yaml');
    const [answers = ''] = readFileSync(EXAMPLE, 'utf8').split(/^ixit:/m);
    writeFileSync(plain, `${answers}ixit: { OCFSWU: { rebootS: 30 } }\n`);
    ocf = loadIcs(plain, proformas);
  });
  after(() => rmSync(folder, { recursive: true }));
  const reasons = (cases: readonly CaseMeta[], declared: readonly DeclaredCase[] = [], long?: boolean): string[] => {
    const plan = planCases([{ cases, declared }], ocf, { long });
    return [...plan.selected.map((c) => `${c.id} in`), ...plan.leftOut.map((c) => `${c.id} ${c.reason.kind}`)];
  };

  it('selects a case whose condition holds, and says which answers decided, on which lines', () => {
    const [selected] = planCases([{ cases: [meta('OCFSWU/X/01', '3/6 and not 8/1')], declared: [] }], ocf).selected;
    expect(selected?.selection.result).to.equal('yes');
    expect(selected?.selection.values).to.deep.equal([
      { item: 'OCFSWU 3/6', capability: 'New version (nv)', value: 'yes', line: ocf.line('OCFSWU 3/6') },
      { item: 'OCFSWU 8/1', capability: 'Secured (DTLS and onboarding)', value: 'no', line: ocf.line('OCFSWU 8/1') },
    ]);
    expect(selected?.items).to.deep.equal(['OCFSWU 3/1', 'OCFSWU 3/6', 'OCFSWU 8/1']);
  });

  it('leaves out, with the reason, in this order: no section, condition, variants, tester, long, IXIT', () => {
    const lacks: DeclaredCase = { ...meta('OCFSWU/X/05', 'always'), lacks: 'The tester cannot onboard a device.' };
    const cases = [
      meta('DFUM/X/01', 'always'),
      meta('OCFSWU/X/02', '8/1', { long: true }),
      meta('OCFSWU/X/03', 'MESH 7/4'),
      meta('OCFSWU/X/04', 'always', { variants: { pin: { when: '9/2' }, cert: { when: '9/3' } } }),
      meta('OCFSWU/X/06', 'always', { long: true, ixit: ['packageOk'] }),
      meta('OCFSWU/X/07', 'always', { ixit: ['rebootS', 'packageOk', 'otmPin'] }),
    ];
    const all = ['DFUM/X/01 spec', 'OCFSWU/X/02 condition', 'OCFSWU/X/03 open', 'OCFSWU/X/04 variants'];
    expect(reasons(cases, [lacks])).to.deep.equal([
      ...all,
      'OCFSWU/X/06 long',
      'OCFSWU/X/07 ixit',
      'OCFSWU/X/05 tester',
    ]);
    expect(reasons(cases, [], true)).to.deep.equal([...all, 'OCFSWU/X/06 ixit', 'OCFSWU/X/07 ixit']);
    const { leftOut } = planCases([{ cases, declared: [lacks] }], ocf);
    const text = (id: string) => leftOut.find((c) => c.id === id)?.reason.text;
    expect(text('OCFSWU/X/02')).to.equal(
      `needs 8/1; OCFSWU 8/1 (Secured (DTLS and onboarding)) is no, line ${ocf.line('OCFSWU 8/1')}`,
    );
    expect(text('OCFSWU/X/05')).to.equal('The tester cannot onboard a device.');
    expect(text('OCFSWU/X/07')).to.equal('IXIT packageOk, otmPin of OCFSWU is not given');
  });

  it('plans each variant by its own condition', () => {
    const variants = { https: { when: '6/1' }, coaps: { when: '6/2' }, http: { when: '6/3' } };
    const [selected] = planCases(
      [{ cases: [meta('OCFSWU/X/01', 'always', { variants })], declared: [] }],
      ocf,
    ).selected;
    expect(selected?.variants.map((v) => [v.id, v.in])).to.deep.equal([
      ['OCFSWU/X/01@https', true],
      ['OCFSWU/X/01@coaps', false],
      ['OCFSWU/X/01@http', true],
    ]);
  });

  it('calls an unknown item, IXIT or policy in a case a defect of the tester, with the nearest name', () => {
    const plan = (c: CaseMeta) => () => planCases([{ cases: [c], declared: [] }], ocf);
    expect(plan(meta('OCFSWU/X/01', '3/66'))).to.throw(TesterError, /OCFSWU\/X\/01: .*unknown item OCFSWU 3\/66/);
    expect(plan(meta('OCFSWU/X/01', 'always', { item: 'OCFSWU 99/1' }))).to.throw(TesterError, /OCFSWU 99\/1/);
    expect(plan(meta('OCFSWU/X/01', 'always', { ixit: ['rebots'] }))).to.throw(TesterError, /nearest .* rebootS/);
    expect(plan(meta('OCFSWU/X/01', 'always', { policies: ['chian'] }))).to.throw(TesterError, /nearest .* chain/);
  });

  describe('with a declaration of its own', () => {
    const given = (text: string) => {
      const file = path.join(folder, 'd.yaml');
      writeFileSync(file, `product: { vendor: a, name: b, version: 1 }\n${text}`);
      return loadIcs(file, proformas);
    };

    it('takes defaults by condition, and the declaration over them', () => {
      const draft = given(
        'ics: { OCFSWU: { "1/2": no, "1/3": yes, "4/6": yes } }\npolicies: { OCFSWU: { longPurl: refuse, errorCode: 4.00 } }\n',
      );
      expect(ocf.policies('OCFSWU')).to.include({ spelling: 'fail', chain: 'stops', longPurl: 'information' });
      expect(draft.policies('OCFSWU')).to.include({ spelling: 'information', chain: 'mayGoOn', longPurl: 'refuse' });
      expect(draft.policies('OCFSWU')['errorCode'], 'as written').to.equal('4.00');
      const [c] = planCases(
        [{ cases: [meta('OCFSWU/X/01', '1/3', { policies: ['longPurl', 'chain'] })], declared: [] }],
        draft,
      ).selected;
      expect([...(c?.policies ?? [])]).to.deep.equal([
        ['longPurl', { value: 'refuse', line: 3 }],
        ['chain', { value: 'mayGoOn' }],
      ]);
    });

    it('gives IXIT typed, defaults filled in, file references absolute', () => {
      const ics = given(
        'ics: { OCFSWU: { } }\nixit: { OCFSWU: { rebootS: 2.5, packageOk: "file:a/b.bin", clockSynchronised: no } }\n',
      );
      const ixit = ics.ixit('OCFSWU');
      expect(ixit.number('rebootS')).to.equal(2.5);
      expect(ixit.number('maxDownloadS')).to.equal(60);
      expect(ixit.flag('clockSynchronised')).to.equal(false);
      expect(ixit.text('packageOk')).to.equal(`file:${path.join(folder, 'a/b.bin')}`);
      expect(ixit.has('packageOld')).to.equal(false);
    });

    it('has a digest that depends on the content alone', () => {
      const a = given('ics: { MESH: { "7/4": yes }, MBTM: { "3/1": no, "3/2": yes } }\n').digest;
      const b = given('# x\nics:\n  MBTM: { "3/2": true, "3/1": false }\n  MESH: { "7/4": yes }\nwaivers: []\n').digest;
      const c = given('ics: { MESH: { "7/4": no }, MBTM: { "3/1": no, "3/2": yes } }\n').digest;
      expect(a)
        .to.match(/^[0-9a-f]{64}$/)
        .and.equal(b);
      expect(a).to.not.equal(c);
    });
  });

  it('declares what is answered yes; an unknown item is an error, never no', () => {
    const dfu = loadIcs(SERVER, proformas);
    expect(dfu.declared('DFUM 11/2')).to.equal(true);
    expect(dfu.declared('DFUM 11/1')).to.equal(false);
    expect(dfu.declared('DFUM 22/1'), 'left out').to.equal(false);
    expect(() => dfu.declared('DFUM 22/9')).to.throw(/unknown item DFUM 22\/9; the nearest known name is DFUM/);
  });

  it('prints as tables, and one case as its whole story', () => {
    const cases = [meta('OCFSWU/X/01', '3/6', { ixit: ['rebootS'], policies: ['chain'] }), meta('OCFSWU/X/02', '8/1')];
    const plan = planCases([{ cases, declared: [] }], ocf);
    const text = printPlan(plan);
    expect(text).to.include('1 cases selected, 1 left out').and.include('OCFSWU/X/02').and.include('needs 8/1');
    const [first] = plan.selected;
    expect(first && printWhy(first, ocf).split('\n')).to.deep.equal([
      'OCFSWU/X/01: selected',
      '  purpose of OCFSWU/X/01',
      'condition',
      '  3/6: yes',
      `    OCFSWU 3/6 (New version (nv)): yes  ${plain}:${ocf.line('OCFSWU 3/6')}`,
      'IXIT',
      `  rebootS: 30  (${plain}:${ocf.ixitUsed('OCFSWU').get('rebootS')?.line})`,
      'policies',
      '  chain: stops  (default)',
    ]);
  });
});
