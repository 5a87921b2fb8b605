import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { Command } from 'commander';
import { InputError } from '../core/errors.ts';
import { inspect } from '../sim/lwm2m/package.ts';
import { isValidPackage, manifestOf } from '../sim/ocf/package.ts';
import { register } from './sim.ts';

describe('plumbline sim', () => {
  const run = async (...words: string[]): Promise<void> => {
    const program = new Command().exitOverride();
    register(program);
    await program.parseAsync(['node', 'plumbline', 'sim', ...words]);
  };
  const refused = async (...words: string[]): Promise<string> => {
    try {
      await run(...words);
    } catch (e) {
      if (e instanceof InputError) return e.message;
      throw e;
    }
    throw new Error('accepted');
  };

  it('writes packages, and names kind, file or number that cannot be used', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'plumbline-'));
    const out = join(folder, 'p');
    await run('package', 'failsAtInstall', '--version', '3.1.0', '--size', '100', '--out', out);
    const data = readFileSync(out);
    expect(isValidPackage(data)).to.equal(true);
    expect(manifestOf(data)).to.include({ version: '3.1.0', size: 100, failsAtInstall: true });
    expect(await refused('package', 'good', '--out', out)).to.match(/^no kind "good"; there are ok, old/);
    expect(await refused('package', 'ok', '--out', join(folder, 'none', 'p'))).to.match(/^cannot be written/);
    expect(await refused('package', 'ok', '--out', out, '--size', 'big')).to.equal('expected a number, found "big"');
    rmSync(folder, { recursive: true });
  });
  it('writes packages for the LwM2M client, with components and objects', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'plumbline-'));
    const out = join(folder, 'p');
    const more = ['--component', 'core:1', '--component', 'skin:2', '--object', '33000'];
    await run('lwm2m-package', 'ok', '--name', 'lamp', '--version', '3', ...more, '--out', out);
    const found = inspect(readFileSync(out), { storage: 1000, ram: 2000 });
    expect(found.ok && found.manifest).to.deep.include({ name: 'lamp', version: '3', size: 200, objects: [33_000] });
    expect(found.manifest?.components).to.deep.equal([
      { identity: 'core', version: '1' },
      { identity: 'skin', version: '2' },
    ]);
    expect(await refused('lwm2m-package', 'good', '--out', out)).to.match(/^no kind "good"; there are ok, slowCheck/);
    expect(await refused('lwm2m-package', 'ok', '--out', out, '--component', 'core')).to.match(/identity:version/);
    rmSync(folder, { recursive: true });
  });
  it('refuses to start a device without a folder for its state', async () => {
    expect(await refused('ocf')).to.match(/--state DIR/);
  });
});
