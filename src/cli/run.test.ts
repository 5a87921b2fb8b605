import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';

const MAIN = join(import.meta.dirname, 'main.js');

describe('plumbline run and rig', () => {
  let folder = '';
  before(() => (folder = mkdtempSync(join(tmpdir(), 'plumbline-cli-'))));
  after(() => rmSync(folder, { recursive: true }));
  const plumbline = (...args: string[]): { code: number | null; err: string } => {
    const { status, stderr } = spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8', cwd: folder });
    return { code: status, err: stderr };
  };

  it('end with 2 and the place for a rig file that cannot be used', () => {
    writeFileSync(join(folder, 'bad.yaml'), 'rig: bad\nresources:\n  device: { kind: proces }\n');
    const { code, err } = plumbline('rig', 'check', 'bad.yaml');
    expect(code).to.equal(2);
    expect(err)
      .to.match(/bad\.yaml:3:19: Invalid discriminator value/)
      .and.contain('iut is missing');
  });

  it('end with 2 for a wrong option or a missing file', () => {
    expect(plumbline('run', '--ics', 'x.yaml').code).to.equal(2);
    expect(plumbline('run', '--ics', 'x.yaml', '--rig', 'y.yaml', '--wait', 'long').code).to.equal(2);
    const { code, err } = plumbline('run', '--ics', 'x.yaml', '--rig', 'y.yaml');
    expect(code).to.equal(2);
    expect(err).to.contain('x.yaml: cannot be read');
  });
});
