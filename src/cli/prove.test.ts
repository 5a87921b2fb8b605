import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect } from 'chai';

const MAIN = join(import.meta.dirname, 'main.js');

function plumbline(...args: string[]): { code: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8' });
  return { code: status, out: stdout, err: stderr };
}

describe('plumbline prove', () => {
  it('proves one case with one of its faults, and answers for one standard with one object', function () {
    this.timeout(60_000);
    const chosen = ['--case', 'OCFSWU/READ/03', '--profile', 'plain', '--fault', 'state-upper-case'];
    const { code, out, err } = plumbline('prove', 'ocf', ...chosen, '--json');
    expect(code, err).to.equal(0);
    expect(JSON.parse(out)).to.deep.include({
      standard: 'OCFSWU',
      faultFree: { verdicts: { PASS: 1 }, notPass: [] },
      cases: [{ id: 'OCFSWU/READ/03', caughtBy: ['state-upper-case'] }],
      shortfalls: [],
    });
  });

  it('falls short, with exit code 1, where a case is turned to FAIL by none of the faults that were left', function () {
    this.timeout(60_000);
    const chosen = ['--case', 'OCFSWU/READ/03', 'OCFSWU/READ/01', '--profile', 'plain', '--fault', 'state-upper-case'];
    const { code, out } = plumbline('prove', 'ocf', ...chosen);
    expect(code).to.equal(1);
    expect(out).to.contain('OCFSWU/READ/01 is turned to FAIL by no fault');
  });

  it('gives the false-alarm figure of the cases asked for', function () {
    this.timeout(60_000);
    const link = ['--loss', '5', '--duplicate', '1', '--reorder', '--executions', '1'];
    const { code, out, err } = plumbline('prove', 'ocf', '--case', 'OCFSWU/READ/03', '--profile', 'plain', ...link);
    expect(code, err).to.equal(0);
    expect(out).to.match(/^ocf, 5 % loss each way, 1 % duplicates, reordering: 0 false FAIL in 1 case executions/);
  });

  it('ends with 2 for a standard, a profile or a case that there is not, and names the nearest', () => {
    expect(plumbline('prove', 'ofc')).to.deep.include({ code: 2 }).and.property('err').to.contain('ocf');
    expect(plumbline('prove', 'ocf', '--profile', 'plian').err).to.contain('plain');
    const { code, err } = plumbline('prove', 'ocf', '--profile', 'plain', '--case', 'OCFSWU/READ/99');
    expect(code).to.equal(2);
    expect(err).to.contain('none of the profiles of ocf selects OCFSWU/READ/99');
  });
});
