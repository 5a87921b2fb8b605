import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { BenchError } from '../core/errors.ts';
import { sampleRun, writeSampleRun } from './fixture/run.ts';
import { writeReports } from './write.ts';

describe('writing the reports', () => {
  let dir: string;
  beforeEach(() => {
    dir = join(mkdtempSync(join(tmpdir(), 'plumbline-write-')), 'run');
    writeSampleRun(dir, sampleRun());
  });
  afterEach(() => rmSync(join(dir, '..'), { recursive: true }));

  it('needs nothing but the record, and says on the cards what is missing', async () => {
    rmSync(join(dir, 'private'), { recursive: true });
    const { conformance } = await writeReports(dir, { site: false });
    expect(readFileSync(conformance, 'utf8')).to.contain('the event log of this attempt was not kept');
  });

  it('makes the same files again', async () => {
    const { conformance, junit, summary } = await writeReports(dir, { site: false });
    const read = (): string[] => [conformance, junit, summary].map((file) => readFileSync(file, 'utf8'));
    const first = read();
    await writeReports(dir, { site: false });
    expect(read()).to.deep.equal(first);
  });

  it('is a fault of the bench that names the folder where a report cannot be written', async () => {
    mkdirSync(join(dir, 'junit.xml'));
    const failed: unknown = await writeReports(dir, { site: false }).catch((e: unknown) => e);
    expect(failed).to.be.instanceOf(BenchError);
    expect(failed).to.have.nested.property('place.file', dir);
  });
});
