import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { InputError, printError, TesterError } from '../core/errors.ts';
import type { RunRecord } from '../core/record.ts';
import { printCheck } from '../cli/rig.ts';
import { checkRig, type RigCheck } from './check.ts';
import { NO_PROGRESS, type Progress } from './progress.ts';
import type { RunSettings } from './run.ts';
import { type BenchOptions, type TestBench, testBench, verdicts } from './testing/bench.ts';
import { STANDARDS as FAKES } from './testing/standards.ts';

describe('a run', () => {
  let bench: TestBench;
  afterEach(() => bench.remove());

  it('gives every case its verdict, keeps every attempt, and settles the record on disk', async () => {
    bench = testBench();
    const { record, dir } = await bench.run(['01', '02', '03', '15']);
    expect(verdicts(record.cases)).to.equal('01 PASS, 02 FAIL, 03 INCONC, 15 FAIL');
    expect(record.counts).to.include({ PASS: 1, FAIL: 2, INCONC: 1, ERROR: 0, NOT_RUN: 0 });
    expect(record.cases.map((c) => c.attempts.length)).to.deep.equal([1, 1, 3, 0]);
    expect(record.cases[1]?.reason).to.deep.include({ verdict: 'FAIL', statement: 'FAKE-1.set' });
    expect(record.cases[3]?.variants.map((v) => [v.id, v.verdict])).to.deep.equal([
      ['FAKE/RUN/15@right', 'PASS'],
      ['FAKE/RUN/15@wrong', 'FAIL'],
    ]);
    const stored = JSON.parse(readFileSync(join(dir, 'run.json'), 'utf8')) as RunRecord;
    expect(stored).to.deep.equal(record);
    expect(stored.state).to.equal('complete');
    const evidence = join(dir, 'private', record.cases[0]?.attempts[0]?.evidence ?? '');
    expect(readFileSync(join(evidence, 'events.jsonl'), 'utf8')).to.contain('"alive"');
    expect(existsSync(join(evidence, 'capture.pcapng'))).to.equal(true);
    expect(existsSync(join(dir, 'private', 'room')), 'room that is held for the record').to.equal(false);
  });

  it('given a folder that cannot be made, says which, before anything is driven', async () => {
    bench = testBench();
    const file = join(bench.folder, 'file');
    writeFileSync(file, '');
    const said = (settings: RunSettings): Promise<string> =>
      bench.run(['01'], settings).then(
        () => 'no error',
        (e: unknown) => (e instanceof InputError ? printError(e) : 'no input error'),
      );
    expect(await said({ out: file })).to.match(/\/file\/[^:]*: cannot be made: ENOTDIR/);
    expect(await said({ state: file })).to.match(/\/file: the folder that is kept of the rig cannot be made: EEXIST/);
  });

  describe('that is told to stop', () => {
    const stopIn10 = (stop: AbortController): Progress => ({
      ...NO_PROGRESS,
      attempt: (id) => void (id.endsWith('10') && setTimeout(() => stop.abort(new Error('stopped by SIGINT')), 50)),
    });

    it('ends the case in hand, settles, and records the rest as not run', async () => {
      bench = testBench();
      const settle = new AbortController();
      const began = performance.now();
      const { record } = await bench.run(['01', '10', '14'], { settle: settle.signal, progress: stopIn10(settle) });
      expect(performance.now() - began).to.be.lessThan(4_000);
      expect(verdicts(record.cases)).to.equal('01 PASS, 10 NOT_RUN, 14 NOT_RUN');
      expect(record.cases.map((c) => c.reason?.message)).to.deep.equal([
        undefined,
        'the run was stopped during the case: stopped by SIGINT',
        'not reached: stopped by SIGINT',
      ]);
      expect(record.state).to.equal('complete');
    });

    it('at once, kills its process and still settles the record', async () => {
      bench = testBench();
      const kill = new AbortController();
      const { record } = await bench.run(['01', '10', '14'], { kill: kill.signal, progress: stopIn10(kill) });
      expect(verdicts(record.cases)).to.equal('01 PASS, 10 ERROR, 14 NOT_RUN');
      expect(record.state).to.equal('complete');
    });
  });

  it('waits for a rig that is in use, or says who has it', async () => {
    bench = testBench();
    const first = bench.run(['01']);
    const refused = await bench.run(['01']).catch((e: unknown) => String(e));
    expect(refused).to.match(/the rig is in use by run .*-test \(process \d+/);
    const waited: string[] = [];
    const progress = { ...NO_PROGRESS, waiting: (holder: string) => void waited.push(holder) };
    const second = await bench.run(['01'], { waitMs: 10_000, progress });
    expect(waited).to.have.length(1);
    expect(verdicts(second.record.cases)).to.equal('01 PASS');
    expect(verdicts((await first).record.cases)).to.equal('01 PASS');
  });
});

describe('rig check', () => {
  const check = async (options: BenchOptions): Promise<RigCheck> => {
    const bench = testBench(options);
    try {
      return await checkRig({ rig: bench.rigFile, state: join(bench.folder, 'state'), standards: FAKES });
    } finally {
      bench.remove();
    }
  };

  it('opens every resource and lets the device answer', async () => {
    expect(await check({})).to.deep.equal({
      rig: 'test',
      ok: true,
      offers: ['power'],
      checked: [
        { name: 'device', ok: true, detail: 'process is ready' },
        { name: 'FAKE', ok: true, detail: 'the device answers' },
      ],
    });
  });

  it('asks for the declaration, where the device can only be reached with values of it', async () => {
    const bench = testBench();
    const wanting = FAKES.map((entry) => ({
      ...entry,
      load: async () => ({
        ...(await entry.load()),
        open: () => Promise.reject(new TesterError('ixit', 'undeclared')),
      }),
    }));
    const { checked } = await checkRig({ rig: bench.rigFile, state: join(bench.folder, 'state'), standards: wanting });
    bench.remove();
    expect(checked.at(-1)?.detail).to.contain('name it with --ics FILE');
  });

  it('says what does not answer', async () => {
    const { ok, checked } = await check({ device: ['id=toaster'], iut: { id: 'lamp' } });
    expect(ok).to.equal(false);
    expect(checked.at(-1)).to.deep.equal({ name: 'FAKE', ok: false, detail: 'expected device lamp, found toaster' });
    expect(printCheck({ rig: 'test', ok, offers: [], checked })).to.contain('FAILED  FAKE    expected device lamp');
  });
});
