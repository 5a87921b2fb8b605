import { expect } from 'chai';
import { hex, loadVectors } from '../vectors/load.ts';
import { advertMatches, decodeProxyAdvert, encodeProxyAdvert } from './adverts.ts';
import { beaconKeysOf, decodeBeacon, encodePrivateBeacon, encodeSecureBeacon, encodeUnprovisioned } from './beacons.ts';
import { s1 } from './keys.ts';

interface BeaconVectors {
  unprovisioned: { id: string; uuid: string; oob: number; uri_data?: string; uri_hash?: string; beacon: string }[];
  secureNetwork: { id: string; netKey: string; flags: number; ivIndex: number; beacon: string }[];
  private: { id: string; netKey: string; random: string; flags: number; ivIndex: number; beacon: string }[];
  adverts: { id: string; type: number; netKey: string; address?: number; random?: string; ad: string }[];
}

const vectors = loadVectors('beacons') as BeaconVectors;
const anyKeys = beaconKeysOf(Buffer.alloc(16));
const newsOf = (v: { flags: number; ivIndex: number }) => ({
  keyRefresh: (v.flags & 1) === 1,
  ivUpdate: (v.flags & 2) === 2,
  ivIndex: v.ivIndex,
});

function refusesTruncations(octets: Buffer, valid: readonly number[] = []): void {
  for (let length = 0; length < octets.length; length++) {
    if (valid.includes(length)) continue;
    expect(() => decodeBeacon(octets.subarray(0, length), anyKeys), `${length}`).to.throw('expected');
  }
}

describe('mesh beacons', () => {
  for (const v of vectors.unprovisioned) {
    it(`${v.id}: unprovisioned device beacon`, () => {
      const uriHash = v.uri_data === undefined ? undefined : s1(hex(v.uri_data));
      expect(uriHash?.toString('hex')).to.equal(v.uri_hash);
      const hash = uriHash?.subarray(0, 4);
      expect(encodeUnprovisioned(hex(v.uuid), v.oob, hash).toString('hex')).to.equal(v.beacon);
      const found = { kind: 'unprovisioned', uuid: hex(v.uuid), oob: v.oob, ...(hash && { uriHash: hash }) };
      expect(decodeBeacon(hex(v.beacon), anyKeys)).to.deep.equal(found);
      refusesTruncations(hex(v.beacon), [19]);
    });
  }
  for (const v of vectors.secureNetwork) {
    it(`${v.id}: secure network beacon`, () => {
      const keys = beaconKeysOf(hex(v.netKey));
      expect(encodeSecureBeacon(newsOf(v), keys).toString('hex')).to.equal(v.beacon);
      expect(decodeBeacon(hex(v.beacon), keys)).to.deep.equal({ kind: 'secure', ...newsOf(v) });
      expect(decodeBeacon(hex(v.beacon), anyKeys).kind).to.equal('foreign');
      const altered = hex(v.beacon);
      altered[13] = (altered[13] ?? 0) ^ 1;
      expect(decodeBeacon(altered, keys)).to.deep.equal({ kind: 'foreign', reason: 'beacon fails authentication' });
      refusesTruncations(hex(v.beacon));
    });
  }
  for (const v of vectors.private) {
    it(`${v.id}: private beacon`, () => {
      const keys = beaconKeysOf(hex(v.netKey));
      expect(encodePrivateBeacon(newsOf(v), hex(v.random), keys).toString('hex')).to.equal(v.beacon);
      expect(decodeBeacon(hex(v.beacon), keys)).to.deep.equal({ kind: 'private', ...newsOf(v) });
      expect(decodeBeacon(hex(v.beacon), anyKeys).kind).to.equal('foreign');
      refusesTruncations(hex(v.beacon));
    });
  }
});

describe('proxy advertisements', () => {
  for (const v of vectors.adverts) {
    it(`${v.id}: read, recognised and made`, () => {
      const data = hex(v.ad).subarray(4);
      const owner = { netKey: hex(v.netKey), ...(v.address !== undefined && { address: v.address }) };
      const advert = decodeProxyAdvert(data);
      expect(advertMatches(advert, owner)).to.equal(true);
      expect(advertMatches(advert, { ...owner, netKey: Buffer.alloc(16) })).to.equal(false);
      if (advert.kind === 'unknown') throw new Error('unknown kind');
      expect(encodeProxyAdvert(advert.kind, owner, hex(v.random ?? '')).toString('hex')).to.equal(data.toString('hex'));
      for (let length = 0; length < data.length; length++) {
        expect(() => decodeProxyAdvert(data.subarray(0, length))).to.throw('expected');
      }
    });
  }
});
