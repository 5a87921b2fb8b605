import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { Redactor } from '../rig/secret.ts';
import { keepFingerprints, learnAgain } from './secrets.ts';

describe('secrets of a stored run', () => {
  let dir: string;
  let reference: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'plumbline-secrets-'));
    reference = `file:${join(dir, 'key')}`;
    writeFileSync(join(dir, 'key'), 'correct horse\n');
    keepFingerprints(dir, [{ psk: reference, image: `file:${dir}`, plain: 'x', later: 'env:PLUMBLINE_NOT_SET' }]);
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  it('are known again by their fingerprints, which do not tell them', () => {
    const redactor = new Redactor();
    expect(learnAgain(redactor, dir)).to.equal(undefined);
    expect(redactor.text('the correct horse')).to.equal('the [redacted psk]');
    const kept = readFileSync(join(dir, 'secrets.json'), 'utf8');
    expect(kept).to.include('psk').and.not.include('correct horse').and.not.include('PLUMBLINE_NOT_SET');
  });

  it('are missed where one has changed or is gone, or nothing tells which there were', () => {
    writeFileSync(join(dir, 'key'), 'another horse');
    expect(learnAgain(new Redactor(), dir)).to.match(/^the run's psk \(file:.*key\) cannot be read any more or has/);
    rmSync(join(dir, 'key'));
    expect(learnAgain(new Redactor(), dir)).to.include('psk');
    writeFileSync(join(dir, 'secrets.json'), '[');
    expect(learnAgain(new Redactor(), dir)).to.include('secrets.json, which tells what must be redacted, cannot be');
    rmSync(join(dir, 'secrets.json'));
    expect(learnAgain(new Redactor(), dir)).to.include('is not there');
  });
});
