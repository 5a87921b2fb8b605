import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestResult } from 'allure-js-commons';
import { expect } from 'chai';
import Mocha from 'mocha';
import type { CaseRecord, RunRecord } from '../core/record.ts';
import { printSample } from './fixture/events.ts';
import { sampleRun, writeSampleRun } from './fixture/run.ts';
import { reporterOptions, writeResults } from './results.ts';

function resultsIn(dir: string): Map<string, TestResult> {
  const files = readdirSync(dir).filter((f) => f.endsWith('-result.json'));
  const results = files.map((f) => JSON.parse(readFileSync(join(dir, f), 'utf8')) as TestResult);
  return new Map(results.map((r) => [r.fullName ?? '', r]));
}

const label = (r: TestResult | undefined, name: string): string[] =>
  (r?.labels ?? []).filter((l) => l.name === name).map((l) => l.value);

/** Runs one mocha test per case through allure-mocha, as the child of a run does. Resolves with the number of tests that were run to their end. */
async function throughMocha(
  dir: string,
  run: RunRecord,
  runDir: string,
  cases: readonly CaseRecord[],
): Promise<number> {
  const records = new Map(cases.map((c) => [c.id, c]));
  const options = reporterOptions(dir, run, (title) => records.get(title), { runDir, print: printSample });
  const mocha = new Mocha({ reporter: 'allure-mocha', reporterOptions: options });
  for (const c of cases) {
    const test = new Mocha.Test(c.id, () => {
      if (c.verdict !== 'PASS') throw new Error(c.verdict);
    });
    test.file = join(runDir, 'suite.js');
    mocha.suite.addTest(test);
  }
  const runner = await new Promise<Mocha.Runner>((done) => {
    const started = mocha.run(() => done(started));
  });
  return (runner.stats?.passes ?? 0) + (runner.stats?.failures ?? 0);
}

describe('Allure results', () => {
  let runDir: string;
  let dir: string;
  const run = sampleRun();

  beforeEach(() => {
    runDir = mkdtempSync(join(tmpdir(), 'plumbline-results-'));
    dir = join(runDir, 'allure-results');
    writeSampleRun(runDir, run);
  });
  afterEach(() => rmSync(runDir, { recursive: true, force: true }));

  it('holds every case of the record once, run or not', () => {
    writeResults(dir, run, { runDir });
    expect([...resultsIn(dir).keys()]).to.have.members(run.cases.map((c) => c.id));
  });

  it('maps FAIL to failed, INCONC to unknown, ERROR to broken, and the cases that did not run to skipped with their reason', () => {
    writeResults(dir, run, { runDir });
    const results = resultsIn(dir);
    const status = (id: string) => results.get(id)?.status ?? 'unknown';
    expect(status('OCFSWU/RET/02')).to.equal('passed');
    expect(status('OCFSWU/TRIG/04')).to.equal('failed');
    expect(status('OCFSWU/SCH/02')).to.equal('unknown');
    expect(status('DFUM/FUS/08')).to.equal('broken');
    expect(status('DFUM/FUS/10')).to.equal('skipped');
    expect(status('OCFSWU/SEC/01')).to.equal('skipped');
    expect(results.get('DFUM/FUS/10')?.statusDetails.message).to.equal('NOT RUN: IXIT imageCorrupt is not declared');
    expect(results.get('OCFSWU/SEC/01')?.statusDetails.message).to.contain('OCFSWU 8/1 is no (line 48)');
  });

  it('places a case by standard, table and primary item in padded numbers, with further items and statements as labels', () => {
    writeResults(dir, run, { runDir });
    const result = resultsIn(dir).get('DFUM/FUS/08');
    expect(label(result, 'epic')).to.deep.equal(['DFUM · Bluetooth Mesh Device Firmware Update']);
    expect(label(result, 'feature')).to.deep.equal(['Table 11 · Update Server: transfer modes']);
    expect(label(result, 'story')).to.deep.equal(['DFUM 11/02 · Push mode']);
    expect(label(result, 'item')).to.deep.equal(['DFUM 11/02', 'DFUM 03/01']);
    expect(label(result, 'statement')).to.deep.equal(['DFUM-6.1.apply']);
    expect(label(result, 'related')).to.deep.equal(['DFUM/SR/FU/BV-01-C']);
  });

  it('says FAIL, waived for a FAIL that a valid waiver covers', () => {
    writeResults(dir, run, { runDir });
    const result = resultsIn(dir).get('OCFSWU/OBS/03');
    expect(result?.status).to.equal('failed');
    expect(result?.statusDetails.message).to.match(/^FAIL, waived: OCFSWU-T7\.order: /);
  });

  it('keeps ids from run to run and apart from those of another product', () => {
    const historyOf = (r: RunRecord): (string | undefined)[] => {
      writeResults(dir, r, { runDir });
      const result = resultsIn(dir).get('OCFSWU/TRIG/04');
      return [result?.historyId, result?.testCaseId, result?.uuid];
    };
    const first = historyOf(run);
    const later = historyOf(
      sampleRun({ run: 'later', product: { vendor: 'Example', name: 'Lamp', version: '1.5.0' } }),
    );
    const other = historyOf(sampleRun({ product: { vendor: 'Example', name: 'Socket', version: '1.0.0' } }));
    expect(later.slice(0, 2)).to.deep.equal(first.slice(0, 2));
    expect(later[2]).to.not.equal(first[2]);
    expect(other[0]).to.not.equal(first[0]);
    expect(other[1]).to.equal(first[1]);
  });

  it('attaches the card and the decoded timeline, and raw evidence only when asked', () => {
    const names = (): string[] | undefined =>
      resultsIn(dir)
        .get('OCFSWU/TRIG/04')
        ?.attachments.map((a) => a.name);
    writeResults(dir, run, { runDir, print: printSample });
    expect(names()).to.deep.equal(['verdict card', 'timeline']);
    writeResults(dir, run, { runDir, print: printSample, raw: true });
    expect(names()).to.deep.equal(['verdict card', 'timeline', 'events.jsonl']);
  });

  it('shows variants and repeated attempts as steps with their own status', () => {
    writeResults(dir, run, { runDir });
    const variants = resultsIn(dir)
      .get('ZBOTA/CLI/060')
      ?.steps.map((s) => [s.name?.split(':')[0], s.status]);
    expect(variants).to.deep.include(['ZBOTA/CLI/060@unicast', 'passed']);
    expect(variants).to.deep.include(['ZBOTA/CLI/060@broadcast', 'failed']);
    const attempts = resultsIn(dir)
      .get('OCFSWU/SCH/02')
      ?.steps.filter((s) => s.name?.startsWith('attempt'));
    expect(attempts).to.have.length(3);
  });

  it('are the same to the octet through allure-mocha in the child and from a rebuild', async () => {
    const ran = run.cases.filter((c) => c.durationMs > 0);
    await throughMocha(dir, run, runDir, ran);
    const read = (): Map<string, string> =>
      new Map(
        readdirSync(dir)
          .filter((f) => f.includes('-result') || f.includes('-attachment'))
          .map((f) => [f, readFileSync(join(dir, f), 'utf8')]),
      );
    const fromMocha = read();
    writeResults(dir, run, { runDir, print: printSample });
    const rebuilt = read();
    expect(fromMocha.size).to.be.greaterThan(ran.length);
    for (const [file, text] of fromMocha) expect(rebuilt.get(file), file).to.equal(text);
  });

  it('given a disk that takes no file, let the run go on to its last test', async () => {
    writeFileSync(dir, 'a file where the folder should be');
    expect(await throughMocha(dir, run, runDir, run.cases)).to.equal(run.cases.length);
  });

  it('leave a test without a record as the reporter has it', async () => {
    const [first] = run.cases;
    const unknown = new Mocha.Test('nobody knows', () => {
      throw new Error('died');
    });
    unknown.file = join(runDir, 'suite.js');
    const mocha = new Mocha({
      reporter: 'allure-mocha',
      reporterOptions: reporterOptions(dir, run, () => undefined, { runDir }),
    });
    mocha.suite.addTest(unknown);
    await new Promise<void>((done) => mocha.run(() => done()));
    expect(first).to.not.equal(undefined);
    const [result] = resultsIn(dir).values();
    expect(result?.name).to.equal('nobody knows');
    expect(result?.status).to.equal('broken');
  });
});
