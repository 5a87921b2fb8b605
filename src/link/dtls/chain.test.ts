import { generateKeyPairSync } from 'node:crypto';
import { expect } from 'chai';
import { type CertificateRequest, newAuthority, newRawKey, type TestAuthority } from './certificates.ts';
import { checkTrust, encodeOwn, readPeer } from './chain.ts';
import { type OwnCertificate, publicKeyInfo, type Trust } from './credentials.ts';
import { HandshakeError } from './failure.ts';
import { x509Certificate } from './handshake/messages.ts';
import { ALERT } from './numbers.ts';

const TODAY = new Date();
const X509 = 0;
const RAW = 2;

describe('dtls certificates', () => {
  let root: TestAuthority;
  let other: TestAuthority;
  let middle: TestAuthority;

  before(async () => {
    root = await newAuthority({ name: 'root' });
    other = await newAuthority({ name: 'other' });
    middle = await root.intermediate({ name: 'middle' });
  });

  /** What the check says of a chain after its way over the wire. */
  const verdict = (own: OwnCertificate, trust: Trust): string => {
    try {
      const type = own.kind === 'raw' ? RAW : X509;
      const peer = readPeer(type, encodeOwn(type, own));
      if (peer === undefined) return 'none';
      checkTrust(peer, trust, TODAY);
      return 'trusted';
    } catch (e) {
      if (!(e instanceof HandshakeError)) throw e;
      return `${Object.entries(ALERT).find(([, number]) => number === e.alert)?.[0] ?? ''}: ${e.message}`;
    }
  };
  const leaf = (from: TestAuthority, change: Partial<CertificateRequest> = {}): Promise<OwnCertificate> =>
    from.issue({ name: 'leaf', ...change });

  it('a leaf of a trusted root is trusted, directly and by an intermediate that is sent along', async () => {
    const trust = { roots: [other.certificate, root.certificate] };
    expect(verdict(await leaf(root), trust)).to.equal('trusted');
    expect(verdict(await leaf(middle), trust)).to.equal('trusted');
    expect(verdict(await leaf(middle), { roots: [middle.certificate] })).to.equal('trusted');
  });

  it('a leaf of another root is unknown_ca, and so is one whose intermediate is left out', async () => {
    expect(verdict(await leaf(other), { roots: [root.certificate] })).to.match(/^unknown_ca: .*"CN=leaf".*"CN=other"/);
    const full = await leaf(middle);
    const bare: OwnCertificate = full.kind === 'x509' ? { ...full, chain: full.chain.slice(0, 1) } : full;
    expect(verdict(bare, { roots: [root.certificate] })).to.match(/^unknown_ca: .*"CN=middle"/);
  });

  it('a leaf in the chain with the name of the issuer is no issuer', async () => {
    const imposter = await newAuthority({ name: 'leaf' });
    const forged = await leaf(imposter);
    const real = await leaf(root);
    const chain = [forged, real].flatMap((one) => (one.kind === 'x509' ? one.chain : []));
    expect(verdict({ kind: 'x509', chain, key: forged.key }, { roots: [root.certificate] })).to.match(/^unknown_ca/);
  });

  it('a certificate out of its dates is certificate_expired', async () => {
    const day = 86_400_000;
    const past = await leaf(root, { notBefore: new Date(Date.now() - 9 * day), notAfter: new Date(Date.now() - day) });
    const future = await leaf(root, { notBefore: new Date(Date.now() + day) });
    expect(verdict(past, { roots: [root.certificate] })).to.match(/^certificate_expired: .*valid from/);
    expect(verdict(future, { roots: [root.certificate] })).to.match(/^certificate_expired/);
  });

  it('a raw public key is trusted where it is listed, and named where it is not', async () => {
    const own = await newRawKey();
    const stranger = await newRawKey();
    expect(verdict(own, { keys: [stranger.key, own.key] })).to.equal('trusted');
    const told = verdict(stranger, { keys: [own.key] });
    expect(told)
      .to.match(/^certificate_unknown/)
      .and.to.contain(publicKeyInfo(stranger.key).toString('hex'));
    expect(told).not.to.contain(publicKeyInfo(own.key).toString('hex'));
  });

  it('anyone means no check of chain or key', async () => {
    expect(verdict(await leaf(other), { anyone: true })).to.equal('trusted');
    expect(verdict(await newRawKey(), { anyone: true })).to.equal('trusted');
  });

  it('an empty certificate message is none at all, in both types', () => {
    expect(readPeer(X509, encodeOwn(X509, undefined))).to.equal(undefined);
    expect(readPeer(RAW, encodeOwn(RAW, undefined))).to.equal(undefined);
  });

  it('what is no certificate is bad_certificate, and a key on another curve unsupported_certificate', () => {
    const junk = x509Certificate.encode({ chain: [Buffer.from('3003020100', 'hex')] });
    expect(() => readPeer(X509, junk)).to.throw(HandshakeError, /certificate 1 cannot be read/);
    const key = generateKeyPairSync('ec', { namedCurve: 'secp384r1' }).privateKey;
    expect(() => readPeer(RAW, encodeOwn(RAW, { kind: 'raw', key }))).to.throw(HandshakeError, /secp384r1/);
  });
});
