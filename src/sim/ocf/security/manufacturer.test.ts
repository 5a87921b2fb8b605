import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { InputError } from '../../../core/errors.ts';
import { manufacturerCertificate, rootFile } from './manufacturer.ts';

describe('simulated OCF device: manufacturer certificate', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'plumbline-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  it('is made once, ends in the root that the bench is told, and stays the same', async () => {
    const made = await manufacturerCertificate(folder);
    const again = await manufacturerCertificate(folder);
    if (made.kind !== 'x509' || again.kind !== 'x509') throw new Error('no chain');
    const [leaf, issuer] = made.chain;
    const root = new X509Certificate(readFileSync(rootFile(folder)));
    expect(leaf?.verify(issuer?.publicKey ?? root.publicKey)).to.equal(true);
    expect(issuer?.verify(root.publicKey)).to.equal(true);
    expect(leaf?.checkPrivateKey(made.key)).to.equal(true);
    expect(again.chain.map(String)).to.deep.equal(made.chain.map(String));
    expect(leaf?.checkPrivateKey(again.key)).to.equal(true);
  });
  it('is refused with the name of its file where that is spoilt', async () => {
    const file = join(folder, 'manufacturer.json');
    writeFileSync(file, '{"chain":');
    const met = await manufacturerCertificate(folder).catch((e: unknown) => e);
    expect(met).to.be.instanceOf(InputError);
    expect((met as InputError).place?.file).to.equal(file);
  });
});
