import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { icsFolder } from '../ics/proforma.ts';
import { sampleRun, writeSampleRun } from '../report/fixture/run.ts';

const MAIN = path.join(import.meta.dirname, 'main.js');

function plumbline(...args: readonly string[]): { code: number | null; out: string; err: string } {
  const done = spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8' });
  return { code: done.status, out: done.stdout, err: done.stderr };
}

describe('commands over a stored run', () => {
  let folder: string;
  let dir: string;
  before(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'plumbline-report-'));
    dir = path.join(folder, 'run-1');
    writeSampleRun(dir, sampleRun());
  });
  after(() => rmSync(folder, { recursive: true }));

  it('report: makes every report anew from the record and shows the summary', () => {
    const { code, out, err } = plumbline('report', dir, '--no-site');
    expect([code, err]).to.deep.equal([0, '']);
    expect(out).to.contain('FAIL          OCFSWU/TRIG/04').and.contain('2 FAIL');
    for (const file of ['conformance.html', 'junit.xml', 'summary.json', 'allure-results'])
      expect(existsSync(path.join(dir, file)), file).to.equal(true);
  });

  it('report --json: the summary and where the reports are', () => {
    const { out } = plumbline('report', dir, '--no-site', '--json');
    const summary = JSON.parse(out) as { counts: object; reports: { conformance: string } };
    expect(summary.counts).to.include({ FAIL: 2, WAIVED: 1 });
    expect(summary.reports.conformance).to.equal(path.join(dir, 'conformance.html'));
  });

  it('show: the card of a case, with the nearest id for one that is not there', () => {
    expect(plumbline('show', dir, 'DFUM/FUS/08').out)
      .to.contain('ERROR  DFUM/FUS/08')
      .and.contain('rebooted');
    expect(plumbline('show', dir, 'OCFSWU/UPD/05').out)
      .to.contain('PASS')
      .and.contain('expected 4.05');
    const unknown = plumbline('show', dir, 'DFUM/FUS/8');
    expect(unknown.code).to.equal(2);
    expect(unknown.err).to.contain('the nearest known name is DFUM/FUS/08');
  });

  it('report and show: leave out what they cannot redact, and say why', () => {
    const locked = path.join(folder, 'locked');
    writeSampleRun(locked);
    const lost = [{ name: 'psk', reference: 'env:PLUMBLINE_LOST_KEY', salt: '00', digest: '00' }];
    writeFileSync(path.join(locked, 'private', 'secrets.json'), JSON.stringify(lost));
    const why = "the run's psk (env:PLUMBLINE_LOST_KEY) cannot be read any more or has changed";
    const { code, out, err } = plumbline('report', locked, '--no-site');
    expect([code, out.includes('2 FAIL')]).to.deep.equal([0, true]);
    expect(err).to.contain(`decoded lines are left out: ${why}`);
    const files = readdirSync(path.join(locked, 'allure-results')).map((f) => path.join('allure-results', f));
    const texts = ['conformance.html', ...files].map((file) => readFileSync(path.join(locked, file), 'utf8'));
    expect(texts.filter((text) => text.includes('sig check skipped'))).to.deep.equal([]);
    expect(texts[0]).to.contain('env:PLUMBLINE_LOST_KEY');
    expect(plumbline('show', locked, 'OCFSWU/TRIG/04').out).to.contain(`moment     ${why}`);
  });

  it('gate: decides from run.json alone', () => {
    const alone = path.join(folder, 'alone.json');
    writeFileSync(alone, readFileSync(path.join(dir, 'run.json')));
    const { code, out } = plumbline('gate', alone);
    expect(code).to.equal(1);
    expect(out).to.contain('2 cases contradict the standard');
    const passed = path.join(folder, 'passed');
    const run = sampleRun();
    writeSampleRun(
      passed,
      sampleRun({ cases: run.cases.filter((c) => c.verdict === 'PASS'), ics: { ...run.ics, waivers: [] } }),
    );
    expect(plumbline('gate', passed).code).to.equal(0);
  });

  it('compare: exit code 1 for a new FAIL, 0 without', () => {
    const earlier = path.join(folder, 'earlier');
    const cases = sampleRun().cases.filter((c) => c.id !== 'OCFSWU/TRIG/04');
    const [failing] = sampleRun().cases.filter((c) => c.id === 'OCFSWU/TRIG/04');
    if (failing === undefined) throw new Error('no failing case');
    writeSampleRun(
      earlier,
      sampleRun({ run: 'earlier', cases: [...cases, { ...failing, verdict: 'PASS', reason: null }] }),
    );
    expect(plumbline('compare', earlier, dir)).to.include({ code: 1 });
    expect(plumbline('compare', earlier, dir).out).to.contain('new FAIL (1)');
    expect(plumbline('compare', dir, dir).code).to.equal(0);
  });

  it('names the file where there is no record, or one that cannot be read', () => {
    const none = plumbline('gate', folder);
    expect(none.code).to.equal(2);
    expect(none.err).to.contain(path.join(folder, 'run.json')).and.contain('no run record here');
    const run = path.join(folder, 'run.json');
    mkdirSync(run);
    expect(plumbline('gate', folder)).to.include({ code: 2 });
    expect(plumbline('gate', folder).err).to.contain(run).and.contain('cannot be read');
    rmSync(run, { recursive: true });
    const broken = path.join(folder, 'broken.json');
    writeFileSync(broken, '{"schema": 1,');
    expect(plumbline('gate', broken)).to.include({ code: 2 });
    writeFileSync(broken, '{"schema": 7, "cases": []}');
    expect(plumbline('gate', broken).err).to.contain('schema 7, expected 1');
    const { cases, ...rest } = sampleRun();
    writeFileSync(broken, JSON.stringify({ ...rest, cases: [{ ...cases[0], verdict: 'GOOD' }], rig: undefined }));
    for (const words of [['gate'], ['report'], ['show', 'X'], ['compare', broken]]) {
      const [command = '', ...more] = words;
      const { code, err } = plumbline(command, broken, ...more);
      expect(code, command).to.equal(2);
      expect(err).to.match(/broken\.json: the run record is damaged: .*rig: .*cases\.0\.verdict: /s);
    }
  });

  it('ics page and ics diff: work on declarations', () => {
    const file = path.join(icsFolder(), 'declarations', 'dfu-update-server.yaml');
    const out = path.join(folder, 'ics.html');
    expect(plumbline('ics', 'page', file, '--out', out).code).to.equal(0);
    expect(readFileSync(out, 'utf8')).to.contain('DFUM 3/1').and.contain('The declaration is consistent.');
    const other = path.join(folder, 'other.yaml');
    writeFileSync(other, readFileSync(file, 'utf8').replace('"3/1": yes', '"3/1": no'));
    expect(plumbline('ics', 'diff', file, other).out)
      .to.contain('DFUM 3/1')
      .and.contain('yes → no');
    expect(plumbline('ics', 'page', other, '--out', out).code).to.equal(1);
    expect(plumbline('ics', 'page', file, '--out', path.join(folder, 'no', 'where.html'))).to.include({ code: 2 });
  });
});
