import { expect } from 'chai';
import { hex, loadVectors } from '../vectors/load.ts';
import { ccmOpen, ccmSeal, type MicLength } from './crypto.ts';
import { beaconKey, identityKey, k1, k2, k3, k4, privateBeaconKey, s1, virtualAddress } from './keys.ts';

interface KeyVectors {
  s1: { id: string; ascii: string; out: string }[];
  k1: { id: string; n: string; salt: string; p: string; out: string }[];
  k2: { id: string; n: string; p: string; nid: number; enc: string; priv: string }[];
  k3: { id: string; n: string; network_id: string }[];
  k4: { id: string; n: string; aid: number }[];
  derived: { id: string; net_key: string; kind: 'identity' | 'beacon' | 'private_beacon'; out: string }[];
  ccm: { id: string; key: string; nonce: string; plaintext: string; aad?: string; mic: MicLength; out: string }[];
  virtualAddress: { id: string; label: string; address: number }[];
}

const vectors = loadVectors('keys') as KeyVectors;
const derive = { identity: identityKey, beacon: beaconKey, private_beacon: privateBeaconKey };

describe('mesh key derivation', () => {
  for (const v of vectors.s1) {
    it(`${v.id}: s1`, () => expect(s1(Buffer.from(v.ascii)).toString('hex')).to.equal(v.out));
  }
  for (const v of vectors.k1) {
    it(`${v.id}: k1`, () => expect(k1(hex(v.n), hex(v.salt), hex(v.p)).toString('hex')).to.equal(v.out));
  }
  for (const v of vectors.k2) {
    it(`${v.id}: k2`, () =>
      expect(k2(hex(v.n), hex(v.p))).to.deep.equal({ nid: v.nid, encryption: hex(v.enc), privacy: hex(v.priv) }));
  }
  for (const v of vectors.k3) it(`${v.id}: k3`, () => expect(k3(hex(v.n)).toString('hex')).to.equal(v.network_id));
  for (const v of vectors.k4) it(`${v.id}: k4`, () => expect(k4(hex(v.n))).to.equal(v.aid));
  for (const v of vectors.derived) {
    it(`${v.id}: ${v.kind} key`, () => expect(derive[v.kind](hex(v.net_key)).toString('hex')).to.equal(v.out));
  }
  for (const v of vectors.virtualAddress) {
    it(`${v.id}: virtual address`, () => expect(virtualAddress(hex(v.label))).to.equal(v.address));
  }
});

describe('AES-CCM', () => {
  for (const v of vectors.ccm) {
    const aad = v.aad === undefined ? undefined : hex(v.aad);
    it(`${v.id}: seals and opens`, () => {
      expect(ccmSeal(hex(v.key), hex(v.nonce), hex(v.plaintext), v.mic, aad).toString('hex')).to.equal(v.out);
      expect(ccmOpen(hex(v.key), hex(v.nonce), hex(v.out), v.mic, aad)?.toString('hex')).to.equal(v.plaintext);
    });
    it(`${v.id}: every truncation and every altered octet is refused`, () => {
      for (let length = 0; length < v.out.length / 2; length++) {
        expect(ccmOpen(hex(v.key), hex(v.nonce), hex(v.out).subarray(0, length), v.mic, aad), `${length}`).to.equal(
          undefined,
        );
        const altered = hex(v.out);
        altered[length] = (altered[length] ?? 0) ^ 1;
        expect(ccmOpen(hex(v.key), hex(v.nonce), altered, v.mic, aad), `${length}`).to.equal(undefined);
      }
    });
  }
});
