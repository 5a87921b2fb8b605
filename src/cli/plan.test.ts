import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { icsFolder } from '../ics/proforma.ts';

const MAIN = join(import.meta.dirname, 'main.js');
const EXAMPLE = join(icsFolder(), 'declarations', 'dfu-distributor.yaml');

describe('plumbline plan', () => {
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-plan-'));
  after(() => rmSync(folder, { recursive: true }));

  /** The cases that the example of a distributor selects, with some of its answers changed. */
  const selected = (answers: Readonly<Record<string, 'yes' | 'no'>>): string[] => {
    const text = Object.entries(answers).reduce(
      (before, [item, answer]) => before.replace(new RegExp(`"${item}": (yes|no)`), `"${item}": ${answer}`),
      readFileSync(EXAMPLE, 'utf8').replaceAll('file:', `file:${dirname(EXAMPLE)}/`),
    );
    const file = join(folder, 'declaration.yaml');
    writeFileSync(file, text);
    const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, 'plan', '--ics', file, '--json'], {
      encoding: 'utf8',
    });
    expect(status, stderr).to.equal(0);
    return (JSON.parse(stdout) as { selected: { id: string }[] }).selected.map((c) => c.id);
  };

  for (const [what, answers, go, come] of [
    ['22/1, firmware out of band, with 22/2 that rests on it', { '22/1': 'no', '22/2': 'no' }, ['07', '08'], ['19']],
    ['22/2, by HTTPS', { '22/2': 'no' }, ['08'], []],
    ['22/3, several images', { '22/3': 'no' }, ['10'], []],
  ] as const)
    it(`takes away and adds cases with DFUM ${what}`, () => {
      const [before, after] = [selected({}), selected(answers)];
      const named = (numbers: readonly string[]): string[] => numbers.map((n) => `DFUM/FDS/${n}`);
      expect(before.filter((id) => !after.includes(id))).to.have.members(named(go));
      expect(after.filter((id) => !before.includes(id))).to.have.members(named(come));
    });

  it('ends without complaint where nobody reads the rest of its output', async () => {
    const child = spawn(process.execPath, [MAIN, 'plan', '--ics', EXAMPLE, '--json'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout.once('data', () => child.stdout.destroy());
    let complaint = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text));
    const [status] = (await once(child, 'close')) as [number];
    expect(complaint).to.equal('');
    expect(status).to.equal(0);
  });
});
