import { pbkdf2Sync } from 'node:crypto';
import { expect } from 'chai';
import { keyBlock, keyLogLine, masterSecret, prf, pSha256, pskPremaster } from './keys.ts';
import { readVectors } from './vectors.ts';

describe('dtls keys', () => {
  const v = readVectors('keys-and-records.yaml');
  const randoms = { client: v.hex('psk.client_random'), server: v.hex('psk.server_random') };
  const premaster = pskPremaster(v.hex('psk.key'));

  it('PRF with SHA-256 gives the published octets (RFC 5246 5)', () => {
    const out = prf(v.hex('prf.secret'), v.text('prf.label'), v.hex('prf.seed'), 100);
    expect(out.toString('hex')).to.equal(v.text('prf.output'));
  });

  it('a plain PSK makes the master secret from zeros and the key (RFC 4279 2)', () => {
    expect(premaster.toString('hex')).to.equal(`0006${'00'.repeat(6)}0006736573616d65`);
    expect(masterSecret(premaster, randoms).toString('hex')).to.equal(v.text('psk.master_secret'));
  });

  it('the extended master secret is made over the transcript (RFC 7627 4)', () => {
    const extended = masterSecret(premaster, randoms, v.hex('psk.extended.transcript'));
    expect(extended.toString('hex')).to.equal(v.text('psk.extended.master_secret'));
  });

  it('CCM_8 cuts a key block of 40 octets into keys and IVs', () => {
    const { block, client, server } = keyBlock('ccm8', v.hex('psk.master_secret'), randoms);
    expect(block).to.have.length(40);
    expect(client.key.toString('hex')).to.equal(v.text('records.ccm8.client_key'));
    expect(server.key.toString('hex')).to.equal(v.text('records.ccm8.server_key'));
    expect(client.iv.toString('hex')).to.equal(v.text('records.ccm8.client_iv'));
    expect(server.iv.toString('hex')).to.equal(v.text('records.ccm8.server_iv'));
  });

  it('CBC with SHA-256 cuts a key block of 96 octets into MAC keys and keys, without IVs', () => {
    const { block, client } = keyBlock('cbc', v.hex('psk.master_secret'), randoms);
    expect(block).to.have.length(96);
    expect(client.macKey.toString('hex')).to.equal(v.text('records.cbc.client_mac_key'));
    expect(client.key.toString('hex')).to.equal(v.text('records.cbc.client_key'));
  });

  it('the key log line names the client random and the master secret', () => {
    const line = keyLogLine(randoms, v.hex('psk.master_secret'));
    expect(line).to.equal(`CLIENT_RANDOM ${'11'.repeat(32)} ${v.text('psk.master_secret')}`);
  });

  describe('of OCF', () => {
    const ocf = readVectors('recorded-handshakes.yaml');
    const uuid = (path: string): Buffer => Buffer.from(ocf.text(path).replaceAll('-', ''), 'hex');

    it('the owner PSK comes from the key block of the onboarding association', () => {
      const label = Buffer.from(ocf.text('owner_psk.label_ascii'), 'ascii');
      const seed = Buffer.concat([label, uuid('owner_psk.obt_uuid'), uuid('owner_psk.device_uuid')]);
      const psk = pSha256(ocf.hex('just_works_dtls.key_block_96'), seed, 16);
      expect(psk.toString('hex')).to.equal(ocf.text('owner_psk.psk'));
    });

    it('the key of a Random PIN comes from PIN and device UUID', () => {
      const pin = ocf.text('random_pin.pin_ascii');
      const key = pbkdf2Sync(pin, uuid('random_pin.device_uuid'), 1000, 16, 'sha256');
      expect(key.toString('hex')).to.equal(ocf.text('random_pin.ppsk'));
    });
  });
});
