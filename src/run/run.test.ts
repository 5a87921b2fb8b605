import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { RunRecord } from '../core/record.ts';
import { type TestBench, testBench, verdicts } from './testing/bench.ts';

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
  });
});
