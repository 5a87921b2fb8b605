import { createPublicKey } from 'node:crypto';
import { expect } from 'chai';
import { newAuthority, toPem } from './certificates.ts';
import { publicKeyInfo } from './credentials.ts';
import { certificatesIn, ownCertificateIn, ownKeyIn, publicKeyIn } from './pem.ts';

describe('DTLS credentials from PEM', () => {
  it('reads chain, private key and public key of one text', async () => {
    const own = await (await newAuthority({ name: 'root' })).issue({ name: 'leaf' });
    const { certificates, key } = toPem(own);
    const text = `${certificates}\n${key}`;
    const read = ownCertificateIn(text, 'leaf.pem');
    expect(read.kind === 'x509' && read.chain.map((c) => c.subject)).to.deep.equal(['CN=leaf']);
    expect(publicKeyInfo(read.key)).to.deep.equal(publicKeyInfo(own.key));
    expect(publicKeyInfo(ownKeyIn(key, 'leaf.pem').key)).to.deep.equal(publicKeyInfo(own.key));
    expect(publicKeyInfo(publicKeyIn(text, 'leaf.pem'))).to.deep.equal(publicKeyInfo(own.key));
    const bare = createPublicKey(own.key).export({ type: 'spki', format: 'pem' }).toString();
    expect(publicKeyInfo(publicKeyIn(bare, 'leaf.pem'))).to.deep.equal(publicKeyInfo(own.key));
  });
  it('says what is missing, and where', async () => {
    const { certificates, key } = toPem(await (await newAuthority({ name: 'root' })).issue({ name: 'leaf' }));
    expect(() => ownCertificateIn(certificates, 'a.pem')).to.throw('a private key in PEM');
    expect(() => certificatesIn(key, 'b.pem')).to.throw('certificates in PEM');
    expect(() => publicKeyIn('nothing', 'c.pem')).to.throw('a public key or a certificate in PEM');
  });
});
