import { expect } from 'chai';
import { hex, loadVectors } from '../vectors/load.ts';
import { k2 } from './keys.ts';
import { NetworkCipher } from './network.ts';
import { proxyNonce } from './nonces.ts';
import {
  decodeProxyConfiguration,
  encodeProxyConfiguration,
  joinProxy,
  printProxyConfiguration,
  proxyConfiguration,
  type ProxyPending,
  splitProxy,
} from './proxy.ts';

interface ProxyVectors {
  segmentation: { id: string; type: number; max: number; pdu: string; writes: string[] }[];
  configuration: {
    id: string;
    netKey: string;
    ivIndex: number;
    seq: number;
    src: number;
    message: string;
    nonce: string;
    net: string;
    proxyPdu: string;
  }[];
}

const vectors = loadVectors('proxy') as ProxyVectors;

describe('proxy PDUs', () => {
  for (const v of vectors.segmentation) {
    it(`${v.id}: splits and joins`, () => {
      expect(splitProxy({ type: v.type, payload: hex(v.pdu) }, v.max).map((w) => w.toString('hex'))).to.deep.equal(
        v.writes,
      );
      let pending: ProxyPending;
      for (const [i, write] of v.writes.entries()) {
        const step = joinProxy(pending, hex(write));
        pending = step.pending;
        const last = i === v.writes.length - 1;
        expect(step.message).to.deep.equal(last ? { type: v.type, payload: hex(v.pdu) } : undefined);
        expect(step.problem).to.equal(undefined);
      }
    });
  }

  it('names what breaks a message, and goes on with the next one', () => {
    const half = joinProxy(undefined, hex('4001')).pending;
    expect(joinProxy(half, hex('0002'))).to.deep.include({
      problem: '1 octets of type 0 cut off by a complete message',
    });
    expect(joinProxy(half, hex('0002')).message?.payload.toString('hex')).to.equal('02');
    expect(joinProxy(half, hex('4102')).problem).to.contain('another first segment');
    expect(joinProxy(half, hex('8302'))).to.deep.equal({
      pending: undefined,
      problem: 'segment of type 3 within type 0',
    });
    expect(joinProxy(undefined, hex('c002')).problem).to.contain('without a first one');
    expect(joinProxy(undefined, hex('')).problem).to.equal('empty proxy PDU');
  });
});

describe('proxy configuration', () => {
  for (const v of vectors.configuration) {
    it(`${v.id}: sealed and opened with the proxy nonce`, () => {
      const cipher = new NetworkCipher(k2(hex(v.netKey)));
      const clear = { ctl: true, ttl: 0, seq: v.seq, src: v.src, dst: 0, transport: hex(v.message) };
      expect(proxyNonce(v).toString('hex')).to.equal(v.nonce);
      expect(cipher.seal(clear, v.ivIndex, 'proxy').toString('hex')).to.equal(v.net);
      expect(cipher.open(hex(v.net), v.ivIndex, 'proxy')).to.deep.equal(clear);
      expect(cipher.open(hex(v.net), v.ivIndex)).to.deep.equal({ refused: 'wrong MIC' });
      expect(splitProxy({ type: 2, payload: hex(v.net) }, 67).map((w) => w.toString('hex'))).to.deep.equal([
        v.proxyPdu,
      ]);
    });
  }

  it('encodes filters big-endian and reads the status', () => {
    const { addAddresses, filterStatus, setFilterType } = proxyConfiguration;
    const added = encodeProxyConfiguration(addAddresses, { addresses: [{ address: 0xc001 }, { address: 0x0102 }] });
    expect(added.toString('hex')).to.equal('01c0010102');
    expect(encodeProxyConfiguration(setFilterType, { filter: 1 }).toString('hex')).to.equal('0001');
    expect(decodeProxyConfiguration(filterStatus, hex('03000102'))).to.deep.equal({ filter: 0, listSize: 0x0102 });
    expect(decodeProxyConfiguration(filterStatus, hex('0001'))).to.equal(undefined);
    for (const short of ['03', '0300', '030001']) {
      expect(() => decodeProxyConfiguration(filterStatus, hex(short))).to.throw('expected');
    }
    expect(printProxyConfiguration(hex('03000102'))).to.equal('Filter Status: filter=ACCEPT_LIST (0x00), listSize=258');
    expect(printProxyConfiguration(hex('0300'))).to.contain('malformed');
    expect(printProxyConfiguration(hex('040101'))).to.equal('unknown proxy configuration opcode 0x04');
  });
});
