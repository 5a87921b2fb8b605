import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect } from 'chai';

describe('taking the pictures of the README', () => {
  const without = (required: string) =>
    spawnSync(process.execPath, [join(import.meta.dirname, 'screenshots.js'), 'run', 'out'], {
      encoding: 'utf8',
      env: { ...process.env, PLUMBLINE_CHROMIUM: '/nowhere', PLUMBLINE_REQUIRE_TOOLS: required },
    });

  it('is skipped loudly where there is no Chromium, and fails where tools are required', () => {
    expect(without('0')).to.include({ status: 0 });
    expect(without('0').stderr).to.contain('SKIPPED: no Chromium');
    expect(without('1')).to.include({ status: 1 });
  });
});
