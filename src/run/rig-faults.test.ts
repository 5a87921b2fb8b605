import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import type { CaseRecord, RunRecord } from '../core/record.ts';
import { needTool } from '../core/testing/need.ts';
import { NO_PROGRESS } from './progress.ts';
import type { RunSettings } from './run.ts';
import { type BenchOptions, type TestBench, testBench, verdicts } from './testing/bench.ts';

const WATCH = { hungMs: 4_000, graceMs: 300, attemptBaseMs: 500 };

/** What a bench fault leaves behind may be ERROR or NOT_RUN; never a verdict on the device. */
function noVerdictOnTheDevice(cases: readonly CaseRecord[]): void {
  expect(cases.map((c) => c.verdict)).to.not.include.oneOf(['PASS', 'FAIL', 'INCONC']);
  for (const c of cases) expect(Object.values(c.statements), c.id).to.not.include.oneOf(['PASS', 'FAIL']);
}

describe('rig faults end as ERROR or NOT_RUN', () => {
  let bench: TestBench | undefined;
  const onBench = (options: BenchOptions = {}): TestBench => (bench = testBench(options));
  const run = async (
    cases: readonly string[],
    options: BenchOptions = {},
    settings: RunSettings = {},
  ): Promise<RunRecord> => (await onBench(options).run(cases, { watch: WATCH, ...settings })).record;
  afterEach(() => {
    bench?.remove();
    bench = undefined;
  });

  it('device gone: nothing answers at the address, and later cases report the first fault', async () => {
    const record = await run(['01', '02'], { endpoint: 'udp://127.0.0.1:9' });
    expect(verdicts(record.cases)).to.equal('01 ERROR, 02 ERROR');
    expect(record.cases[1]?.reason?.message).to.match(/broken since FAKE\/RUN\/01: no answer to "who"/);
    expect(record.rig.broken).to.match(/no answer to "who"/);
    noVerdictOnTheDevice(record.cases);
  });

  it('device gone: a simulated device that does not start, with what it printed', async () => {
    const record = await run(['01'], { device: ['die'] });
    expect(record.cases[0]?.reason?.message).to.match(/did not come up: it ended with exit code 7.*no flash found/s);
    noVerdictOnTheDevice(record.cases);
  });

  it('port taken: the tester cannot have its port', async () => {
    const other = createSocket('udp4');
    await new Promise<void>((resolve) => other.bind(0, '127.0.0.1', resolve));
    const { port } = other.address();
    const record = await run(['01'], { iut: { localPort: String(port) } }).finally(() => other.close());
    expect(record.cases[0]?.reason).to.deep.include({ verdict: 'ERROR', code: 'port' });
    expect(record.cases[0]?.reason?.message).to.contain(`UDP port ${port}`);
    noVerdictOnTheDevice(record.cases);
  });

  it('wrong device: another one answers', async () => {
    const record = await run(['01', '02'], { device: ['id=toaster'], iut: { id: 'lamp' } });
    expect(record.cases[0]?.reason?.message).to.equal('expected device lamp, found toaster');
    noVerdictOnTheDevice(record.cases);
  });

  it('hang: the event loop is blocked, the child is killed, the rest is not reached', async () => {
    const record = await run(['06', '10'], {}, { watch: { ...WATCH, hungMs: 3_000 } });
    expect(verdicts(record.cases)).to.equal('06 ERROR, 10 NOT_RUN');
    expect(record.cases[0]?.reason?.message).to.match(/no sign of life/);
    noVerdictOnTheDevice(record.cases);
  });

  it('hang: an await that never ends costs its case only', async () => {
    const record = await run(['07', '01']);
    expect(verdicts(record.cases)).to.equal('01 PASS, 07 ERROR');
    expect(record.cases[1]?.reason).to.deep.include({ verdict: 'ERROR', code: 'case-deadline' });
  });

  it('tester exception: in drive, in the judge, in a callback, in a promise that nobody awaits', async () => {
    const record = await run(['04', '05', '08', '16']);
    expect(verdicts(record.cases)).to.equal('04 ERROR, 05 ERROR, 08 ERROR, 16 ERROR');
    expect(record.cases[0]?.attempts).to.have.length(3);
    expect(record.cases[0]?.reason?.message).to.match(/^RangeError: defect \(src.*cases\.(ts|js):\d+\)$/);
    expect(record.cases[2]?.reason?.message).to.contain('nobody waits for this');
    expect(record.errors?.join()).to.contain('nobody waits for this').and.contain('in a callback');
    noVerdictOnTheDevice(record.cases);
  });

  it('disk full: the log cannot be kept', async function () {
    needTool(this, 'the device /dev/full', existsSync('/dev/full') || undefined);
    const record = await run(['12', '13', '01']);
    expect(verdicts(record.cases)).to.equal('01 PASS, 12 PASS, 13 ERROR');
    expect(record.cases[2]?.reason?.message).to.match(/FAKE_RUN_13.*cannot be written: ENOSPC/);
    noVerdictOnTheDevice(record.cases.slice(2));
  });

  it('lease lost: somebody else has taken the rig', async () => {
    const here = onBench();
    const steal = (): void =>
      writeFileSync(
        join(here.folder, 'state', 'lease-2.json'),
        JSON.stringify({ id: 'x', run: 'theirs', pid: 1, host: 'h' }),
      );
    const { record } = await here.run(['10', '01'], {
      watch: WATCH,
      lease: { beatMs: 50, expiryMs: 1_000 },
      progress: { ...NO_PROGRESS, attempt: (id) => (id.endsWith('10') ? steal() : undefined) },
    });
    expect(verdicts(record.cases)).to.equal('01 PASS, 10 ERROR');
    expect(record.cases[1]?.reason?.message).to.match(/lease of the rig was lost: run theirs/);
    expect(record.rig.broken).to.match(/lease/);
    noVerdictOnTheDevice(record.cases.slice(1));
  });

  it('SIGKILL of the child', async () => {
    const record = await run(['09', '10']);
    expect(verdicts(record.cases)).to.equal('09 ERROR, 10 NOT_RUN');
    expect(record.cases[0]?.reason?.message).to.match(/ended by SIGKILL/);
    noVerdictOnTheDevice(record.cases);
  });

  it('SIGKILL of the parent: the record on disk says incomplete and NOT_RUN, and the lease runs out', async () => {
    const alone = spawn(process.execPath, [fileURLToPath(new URL('testing/alone.js', import.meta.url)), '10', '01']);
    const lines: string[] = [];
    for await (const line of createInterface({ input: alone.stdout })) {
      lines.push(line);
      if (line === 'attempt FAKE/RUN/10') alone.kill('SIGKILL');
    }
    const dir = lines.find((line) => line.startsWith('dir '))?.slice('dir '.length) ?? '';
    try {
      const record = JSON.parse(readFileSync(join(dir, 'run.json'), 'utf8')) as RunRecord;
      expect(record.state).to.equal('incomplete');
      expect(verdicts(record.cases)).to.equal('01 NOT_RUN, 10 NOT_RUN');
      const next = await onBench().run(['01'], {
        state: join(lines[0] ?? '', 'state'),
        waitMs: 5_000,
        lease: { beatMs: 50, expiryMs: 400 },
      });
      expect(verdicts(next.record.cases)).to.equal('01 PASS');
    } finally {
      rmSync(lines[0] ?? '', { recursive: true });
    }
  });
});
