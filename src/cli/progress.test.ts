import { expect } from 'chai';
import type { CaseRecord, RunRecord } from '../core/record.ts';
import type { Verdict } from '../core/verdict.ts';
import { countVerdicts } from '../run/outcome.ts';
import type { Progress } from '../run/progress.ts';
import { jsonProgress, quietProgress, type Screen, terminalProgress } from './progress.ts';

const caseOf = (verdict: Verdict, id = 'X/G/01'): CaseRecord => ({
  id,
  spec: 'X',
  group: 'G',
  purpose: 'p',
  item: 'X 1/1',
  items: ['X 1/1'],
  kind: 'verdict',
  verdict,
  reason: verdict === 'PASS' ? null : { verdict: verdict as 'NOT_RUN', message: 'because' },
  statements: { 'X-1.a': verdict === 'FAIL' ? 'FAIL' : null },
  notes: [],
  durationMs: 10,
  attempts: [],
  variants: [],
  policies: {},
  related: [],
});
const runOf = (cases: readonly CaseRecord[], more: Partial<RunRecord> = {}): RunRecord => ({
  schema: 1,
  run: 'r',
  state: 'complete',
  startedAt: '2026-11-21T10:00:00.000Z',
  endedAt: '2026-11-21T10:01:00.000Z',
  versions: {},
  product: {},
  ics: {
    file: 'f',
    digest: 'd',
    consistent: true,
    anyway: false,
    findings: [],
    sheets: [],
    ixit: [],
    policies: [],
    waivers: [],
  },
  statements: {},
  rig: { name: 'rig', file: 'f', digest: 'd', factors: { protocol: 1, link: 1 }, broken: null },
  counts: countVerdicts(cases),
  cases,
  ...more,
});

describe('progress of a run', () => {
  const screen = (isTTY: boolean): Screen & { text: string } => ({
    text: '',
    isTTY,
    columns: 60,
    write(text: string) {
      this.text += text;
    },
  });
  const play = (progress: Progress): void => {
    const planned = ['X/G/01', 'X/G/02'].map((id) => ({ id, spec: 'X', items: [], variants: [] }));
    progress.started({ name: 'r', dir: 'reports/r', rig: 'rig', cases: planned });
    progress.attempt('X/G/01', null, 1);
    progress.transfer('package', 512, 1024);
    progress.done(caseOf('PASS'), 1);
    progress.attempt('X/G/02', 'coaps', 2);
    progress.trouble('cable');
    progress.done(caseOf('FAIL', 'X/G/02'), 0);
    progress.finished(runOf([caseOf('PASS'), caseOf('FAIL')]), 'reports/r');
  };

  it('is one line per case where there is no terminal', () => {
    const plain = screen(false);
    play(terminalProgress(plain));
    expect(plain.text.split('\n')).to.deep.equal([
      'run r: 2 cases on rig rig',
      '1/2  PASS    X/G/01  p',
      '! cable',
      '2/2  FAIL    X/G/02: because',
      'PASS 1, FAIL 1; reports/r',
      '',
    ]);
  });

  it('shows case, count, transfer and time left on a terminal', () => {
    const tty = screen(true);
    const before = process.env['NO_COLOR'];
    delete process.env['NO_COLOR'];
    play(terminalProgress(tty));
    if (before !== undefined) process.env['NO_COLOR'] = before;
    expect(tty.text).to.contain('1/2 X/G/01, package 50 %');
    expect(tty.text).to.match(/2\/2 X\/G\/02@coaps \(attempt 2\), about \d+ s left/);
  });

  it('is one JSON object per line for programs', () => {
    const json = screen(false);
    play(jsonProgress(json));
    const lines = json.text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { event: string; verdict?: string });
    expect(lines.map((l) => l.event).join(' ')).to.equal('started case transfer done case trouble done finished');
    expect(lines[6]).to.include({ id: 'X/G/02', verdict: 'FAIL', left: 0 });
  });

  it('is troubles and the outcome when quiet', () => {
    const quiet = screen(false);
    play(quietProgress(quiet));
    expect(quiet.text).to.equal('! cable\nPASS 1, FAIL 1; reports/r\n');
  });
});
