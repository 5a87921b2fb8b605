import { expect } from 'chai';
import { hex, loadVectors } from '../vectors/load.ts';
import type { MicLength } from './crypto.ts';
import { k2, k4 } from './keys.ts';
import { cutSegments, decodeLower, encodeLower, type LowerPdu, SEGMENT_OCTETS, seqAuthOf } from './lowerTransport.ts';
import { NetworkCipher } from './network.ts';
import { applicationNonce, deviceNonce, networkNonce } from './nonces.ts';
import { openAccess, sealAccess, type UpperContext } from './upperTransport.ts';

interface Message {
  id: string;
  kind: 'control' | 'access' | 'netOnly';
  cred: 'master' | 'friendship';
  ivIndex: number;
  ttl: number;
  src: number;
  dst: number;
  key?: 'app' | 'dev';
  seq?: number;
  access?: string;
  nonce?: string;
  mic?: MicLength;
  segmented?: boolean;
  label?: string;
  upper?: string;
  pdus: { seq: number; lower: string; nonce: string; net: string }[];
}
interface NetworkVectors {
  keys: { netKey: string; appKey: string; devKey: string; aid: number };
  messages: Message[];
}

const { keys, messages } = loadVectors('network') as NetworkVectors;
const ciphers = {
  master: new NetworkCipher(k2(hex(keys.netKey))),
  friendship: new NetworkCipher(k2(hex(keys.netKey), hex('01120123450000072f'))),
};

function contextOf(m: Message): UpperContext {
  const use = m.key ?? 'app';
  return {
    key: hex(use === 'app' ? keys.appKey : keys.devKey),
    use,
    seq: m.seq ?? 0,
    src: m.src,
    dst: m.dst,
    ivIndex: m.ivIndex,
    mic: m.mic ?? 4,
    ...(m.label !== undefined && { label: hex(m.label) }),
  };
}

describe('mesh network PDUs', () => {
  for (const m of messages) {
    const ctl = m.kind === 'control';
    const { ttl, src, dst, ivIndex } = m;
    for (const pdu of m.pdus) {
      const clear = { ctl, ttl, src, dst, seq: pdu.seq, transport: hex(pdu.lower) };
      it(`${m.id} SEQ ${pdu.seq}: nonce, encryption and obfuscation both ways`, () => {
        expect(networkNonce(ctl, ttl, { seq: pdu.seq, src, ivIndex }).toString('hex')).to.equal(pdu.nonce);
        expect(ciphers[m.cred].seal(clear, ivIndex).toString('hex')).to.equal(pdu.net);
        expect(ciphers[m.cred].open(hex(pdu.net), ivIndex)).to.deep.equal(clear);
      });
      it(`${m.id} SEQ ${pdu.seq}: every truncation is refused`, () => {
        for (let length = 0; length < pdu.net.length / 2; length++) {
          const result = ciphers[m.cred].open(hex(pdu.net).subarray(0, length), ivIndex);
          expect(result).to.deep.equal({ refused: length < 14 ? 'too short' : 'wrong MIC' });
        }
      });
      it(`${m.id} SEQ ${pdu.seq}: lower transport PDU decodes and encodes; cut, it is a shorter one or an error`, () => {
        expect(encodeLower(decodeLower(hex(pdu.lower), ctl)).toString('hex')).to.equal(pdu.lower);
        for (let length = 0; length < pdu.lower.length / 2; length++) {
          const short = hex(pdu.lower).subarray(0, length);
          let decoded: LowerPdu | undefined;
          try {
            decoded = decodeLower(short, ctl);
          } catch (error) {
            expect(error).to.have.property('name', 'FrameError');
          }
          if (decoded !== undefined) expect(encodeLower(decoded)).to.deep.equal(short);
        }
      });
    }
  }

  it('tells other keys, another IV index and an altered PDU apart', () => {
    const net = hex('68eca487516765b5e5bfdacbaf6cb7fb6bff871f035444ce83a670df');
    expect(ciphers.friendship.open(net, 0x12345678)).to.deep.equal({ refused: 'other NID' });
    expect(ciphers.master.open(net, 0x12345677)).to.deep.equal({ refused: 'other IV index' });
    expect(ciphers.master.open(net, 0x1234567a)).to.deep.equal({ refused: 'wrong MIC' });
  });
});

describe('mesh access PDUs under their key', () => {
  it('derives the AID', () => expect(k4(hex(keys.appKey))).to.equal(keys.aid));

  for (const m of messages.filter((candidate) => candidate.kind === 'access')) {
    const context = contextOf(m);
    it(`${m.id}: nonce, encryption and segments both ways`, () => {
      const make = context.use === 'app' ? applicationNonce : deviceNonce;
      expect(make(context.mic === 8, m.dst, context).toString('hex')).to.equal(m.nonce);
      const upper = sealAccess(hex(m.access ?? ''), context);
      expect(upper.toString('hex')).to.equal(m.upper);
      expect(openAccess(upper, context)?.toString('hex')).to.equal(m.access);
      const lower = m.pdus.map((pdu) => decodeLower(hex(pdu.lower), false));
      const carried = lower.map((pdu) =>
        pdu.kind === 'access segment' ? pdu.data : pdu.kind === 'access' ? pdu.upper : undefined,
      );
      expect(carried).to.deep.equal(m.segmented === true ? cutSegments(upper, SEGMENT_OCTETS.access) : [upper]);
    });
    it(`${m.id}: another label, key or context opens nothing`, () => {
      const upper = hex(m.upper ?? '');
      expect(openAccess(upper, { ...context, label: Buffer.alloc(16) })).to.equal(undefined);
      expect(openAccess(upper, { ...context, key: Buffer.alloc(16) })).to.equal(undefined);
      expect(openAccess(upper, { ...context, seq: context.seq + 1 })).to.equal(undefined);
    });
  }
});

describe('lower transport PDUs', () => {
  const wrong: [string, string, boolean][] = [
    ['nothing', '', false],
    ['an unsegmented access PDU shorter than its check', '6600112233', false],
    ['an unsegmented access PDU too long for one', `66${'00'.repeat(16)}`, false],
    ['a segment without octets', '8026ac21', false],
    ['a segment beyond the last', '8026ac41ee9dddfd2169326d23f3afdf', false],
    ['a short segment that is not the last', '8026ac01ee9d', false],
    ['a segment that is too long', `8026ac21${'00'.repeat(13)}`, false],
    ['a truncated acknowledgment', '00a6ac000000', true],
    ['an acknowledgment with octets left over', '00a6ac0000000200', true],
    ['a truncated segment header', '8026ac', true],
  ];
  for (const [name, octets, ctl] of wrong) {
    it(`refuses ${name}`, () =>
      expect(() => decodeLower(hex(octets), ctl))
        .to.throw()
        .with.property('name', 'FrameError'));
  }

  it('finds SeqAuth across a wrap of SeqZero (3.5.3.1)', () => {
    expect(seqAuthOf(0x3129ac, 0x09ab)).to.equal(0x3129ab);
    expect(seqAuthOf(0x647262, 0x1849)).to.equal(0x645849);
    expect(seqAuthOf(0x647262, 0x1263)).to.equal(0x645263);
    expect(seqAuthOf(0x2000, 0x1fff)).to.equal(0x1fff);
  });
});
