import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { type RunOptions, runPlan, type RunPlanResult } from './run-plan.ts';
import { InconsistentIcs } from './plan.ts';
import { type BenchOptions, FAKE_STANDARDS, type TestBench, testBench, verdicts } from './testing/bench.ts';
import { writeDeclaration, writeProforma } from './testing/proforma.ts';

const SECRET = 'c0ffee11deadbeef';

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((file) => statSync(file).isFile());
}

/** Where the secret stands in a folder, as it is, in hex or in base64 (also inside a longer base64 text). */
function leaks(folder: string): string[] {
  const spellings = [
    SECRET,
    SECRET.toUpperCase(),
    Buffer.from(SECRET).toString('hex'),
    Buffer.from(SECRET, 'hex').toString('base64'),
  ];
  return filesIn(folder).filter((file) => {
    const text = readFileSync(file, 'latin1');
    const inside = [...text.matchAll(/[A-Za-z0-9+/]{24,}={0,2}/g)].map((m) =>
      Buffer.from(m[0], 'base64').toString('latin1'),
    );
    return [text, ...inside].some((t) => spellings.some((s) => t.includes(s)));
  });
}

describe('runPlan', () => {
  let bench: TestBench;
  // Other tests of this process start programs that inherit it; a test here may start several runs.
  const before = process.env['PLUMBLINE_ICS'];
  const start = (options: BenchOptions, more: Partial<RunOptions> = {}): Promise<RunPlanResult> => {
    bench = testBench(options);
    process.env['PLUMBLINE_ICS'] = writeProforma(bench.folder);
    return runPlan({
      ics: writeDeclaration(bench.folder),
      rig: bench.rigFile,
      out: join(bench.folder, 'reports'),
      state: join(bench.folder, 'state'),
      standards: FAKE_STANDARDS,
      reports: false,
      ...more,
    });
  };
  afterEach(() => {
    bench.remove();
    delete process.env['FAKE_KEY'];
    if (before === undefined) delete process.env['PLUMBLINE_ICS'];
    else process.env['PLUMBLINE_ICS'] = before;
  });

  it('runs the cases asked for, with what the declaration says in the record', async () => {
    const { record, exitCode } = await start({}, { cases: ['FAKE/RUN/01'] });
    expect(verdicts(record.cases)).to.equal('01 PASS');
    expect(exitCode).to.equal(0);
    expect(record.notAsked, 'applicable cases that were not asked for').to.be.greaterThan(0);
    expect(record.ics).to.include({ consistent: true, anyway: false });
    expect(record.statements['FAKE-1.set']?.place).to.equal('F-1');
    expect(record.product).to.include({ name: 'Lamp' });
  });

  it('refuses an unknown case, naming the nearest', async () => {
    const refused = await start({}, { cases: ['FAKE/RUN/99'] }).catch((e: unknown) => e);
    expect(String(refused)).to.match(/unknown case FAKE\/RUN\/99; the nearest known name is FAKE\/RUN\/\d\d/);
  });

  it('refuses an inconsistent declaration, and runs it with anyway', async () => {
    bench = testBench();
    const ics = writeDeclaration(bench.folder, 'no');
    const refused = await start({}, { ics }).catch((e: unknown) => e);
    expect(refused).to.be.instanceOf(InconsistentIcs);
    const run = await start({}, { ics, anyway: true, cases: ['FAKE/RUN/01'] });
    expect(run.record.ics).to.include({ consistent: false, anyway: true });
    expect(run.exitCode).to.equal(1);
  });

  describe('a device that falls silent', () => {
    const silent = { device: ['silent-after=crash'] };
    it('fails "still answers" when power brings it back and a second attempt ends the same', async () => {
      const { record, exitCode } = await start(silent, { cases: ['FAKE/RUN/11', 'FAKE/RUN/01'] });
      expect(verdicts(record.cases)).to.equal('01 PASS, 11 FAIL');
      const [, fallen] = record.cases;
      expect(fallen?.attempts.map((a) => a.verdict)).to.deep.equal(['ERROR', 'FAIL']);
      expect(fallen?.reason).to.include({ statement: 'FAKE-1.answers', verdict: 'FAIL' });
      expect(fallen?.reason)
        .to.have.property('observed')
        .that.matches(/no answer \d+ ms after/);
      expect(fallen?.statements).to.deep.equal({ 'FAKE-1.set': null, 'FAKE-1.answers': 'FAIL' });
      expect(exitCode).to.equal(1);
    });

    it('is not silent while it restarts by itself within its time to boot', async () => {
      const { record } = await start({ device: ['restarts-after=crash'] }, { cases: ['FAKE/RUN/11'] });
      expect(record.cases[0]?.attempts).to.have.length(1);
      expect(record.cases[0]?.statements).to.not.have.property('FAKE-1.answers');
    });

    it('ends as ERROR where the rig has no power switch', async () => {
      const other = testBench(silent);
      const { openRig } = await import('../rig/open.ts');
      const { memorySink } = await import('../core/events.ts');
      const { Redactor } = await import('../rig/secret.ts');
      const rig = await openRig(other.input([]).rig, {
        stateDir: join(other.folder, 'state'),
        privateDir: other.folder,
        epochMs: 0,
        events: memorySink(),
        redactor: new Redactor(),
        prompt: () => Promise.resolve(''),
      });
      try {
        const { record } = await start({ endpoint: rig.address('FAKE', 'endpoint') }, { cases: ['FAKE/RUN/11'] });
        expect(record.cases[0]?.reason?.message).to.match(/^the device fell silent/);
        expect(verdicts(record.cases)).to.equal('11 ERROR');
      } finally {
        await rig.close();
        other.remove();
      }
    });
  });

  it('keeps planted secrets inside private/, the Allure results included', async () => {
    process.env['FAKE_KEY'] = SECRET;
    const { dir, record } = await start(
      { iut: { key: 'env:FAKE_KEY' } },
      { cases: ['FAKE/RUN/14'], reports: true, site: false },
    );
    expect(verdicts(record.cases)).to.equal('14 FAIL');
    expect(record.cases[0]?.reason).to.have.property('observed', '[redacted key]');
    const found = leaks(dir);
    expect(
      found.filter((file) => file.includes('/private/')),
      'the grep finds what is there',
    ).to.not.be.empty;
    expect(found.filter((file) => !file.includes('/private/'))).to.deep.equal([]);
    expect(filesIn(join(dir, 'allure-results')).some((file) => file.endsWith('-result.json'))).to.equal(true);
  });
});
