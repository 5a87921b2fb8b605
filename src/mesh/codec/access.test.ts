import { expect } from 'chai';
import { TesterError } from '../../core/errors.ts';
import { hex, loadVectors } from '../vectors/load.ts';
import { allMessages, decodeAccess, decodeComposition, encodeComposition, printAccess, valueOf } from './access.ts';
import { bitmapOf, bitsSet } from './fields.ts';
import { encodeMessage, rawMessage } from './message.ts';
import { blobBlockStatus, blobPartialBlockReport, blobTransferStart, blobTransferStatus } from './messages/blob.ts';

type Plain = { [name: string]: unknown };
interface AccessVectors {
  messages: { from: string; name: string; pdu: string; value: Plain }[];
  composition: { data: string; value: Plain }[];
  chunkNumbers: { n: number; octets: string }[];
}

const vectors = loadVectors('access') as AccessVectors;

/** Vector values with their `hex:` strings as octets. */
function revive(value: unknown): unknown {
  if (typeof value === 'string') return value.startsWith('hex:') ? hex(value.slice(4)) : value;
  if (Array.isArray(value)) return value.map(revive);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, revive(inner)]));
}

function typeOf(name: string) {
  const type = allMessages.find((candidate) => candidate.name === name);
  if (type === undefined) throw new Error(`no message ${name}`);
  return type;
}

describe('mesh access messages', () => {
  it('has a vector for every message', () => {
    const named = new Set(vectors.messages.map((v) => v.name));
    expect(allMessages.map((type) => type.name).filter((name) => !named.has(name))).to.deep.equal([]);
  });

  it('gives every message an opcode of its own', () => {
    const opcodes = allMessages.flatMap((type) => [type.opcode, ...type.alsoAccepted]);
    expect(new Set(opcodes).size).to.equal(opcodes.length);
  });

  for (const v of vectors.messages) {
    it(`${v.name} ${v.pdu.slice(0, 24)}: decodes and encodes (${v.from})`, () => {
      const decoded = decodeAccess(hex(v.pdu));
      expect(decoded).to.deep.include({ kind: 'message', value: revive(v.value) });
      expect(decoded.kind === 'message' ? decoded.type.name : '').to.equal(v.name);
      expect(encodeMessage(typeOf(v.name), revive(v.value) as Plain).toString('hex')).to.equal(v.pdu);
    });

    it(`${v.name} ${v.pdu.slice(0, 24)}: every truncation is a shorter message or a defined error`, () => {
      for (let length = 0; length < v.pdu.length / 2; length++) {
        const short = hex(v.pdu).subarray(0, length);
        const decoded = decodeAccess(short);
        if (decoded.kind === 'malformed') expect(decoded.error.code).to.be.oneOf(['truncated', 'invalid', 'trailing']);
        else if (decoded.kind === 'message') expect(encodeMessage(decoded.type, decoded.value)).to.deep.equal(short);
        expect(printAccess(short)).to.be.a('string');
      }
    });
  }

  it('prints names and numbers, and finds nothing odd in the vectors', () => {
    const odd = vectors.messages.map((v) => printAccess(hex(v.pdu))).filter((text) => text.includes('odd'));
    expect(odd).to.deep.equal([]);
    expect(printAccess(hex('6780000008000a'))).to.equal(
      'BLOB Block Status: status=SUCCESS (0x00), format=SOME (0x02), block=0, chunkSize=8, missing={1 3}',
    );
  });

  it('accepts the older Partial Block Report opcode 65 and reports it', () => {
    const decoded = decodeAccess(hex('650405'));
    expect(valueOf(blobPartialBlockReport, decoded)).to.deep.equal({ wanted: [4, 5] });
    expect(decoded).to.have.deep.property('reports', ['opcode 0x65 instead of 0x68']);
  });

  it('reports reserved bits and prohibited values, and decodes the rest', () => {
    const decoded = decodeAccess(hex('8301c1110000000000001150000000057c01'));
    expect(valueOf(blobTransferStart, decoded)).to.include({ mode: 3, blockSizeLog: 5 });
    expect(decoded).to.have.deep.property('reports', [
      'reserved bits set: rfu = 0x1',
      'prohibited value: mode = 0x03',
      'prohibited value: blockSizeLog = 0x05',
    ]);
  });

  it('reports a prohibited TTL, and allows 7F and FF', () => {
    for (const [ttl, reports] of [
      ['7f', []],
      ['ff', []],
      ['80', ['prohibited value: ttl = 0x80']],
    ] as const) {
      expect(decodeAccess(hex(`830d${ttl}0500110000000000001100`))).to.have.deep.property('reports', reports);
    }
  });

  it('decodes an unknown opcode to a generic value', () => {
    expect(decodeAccess(hex('d50a0048656c6c6f'))).to.deep.equal({
      kind: 'unknown',
      opcode: 0xd50a00,
      parameters: hex('48656c6c6f'),
    });
  });

  it('calls octets after the last field malformed', () => {
    const decoded = decodeAccess(hex('830000'));
    expect(decoded.kind === 'malformed' && decoded.error.code).to.equal('trailing');
  });

  it('calls an empty PDU and the reserved opcode 7F malformed', () => {
    for (const octets of ['', '7f', 'c1', 'd50a', '83']) expect(decodeAccess(hex(octets)).kind).to.equal('malformed');
  });

  it('refuses to encode a value that its field cannot hold', () => {
    const start = { mode: 1, blobId: '11', size: 80, blockSizeLog: 6, mtu: 380 };
    expect(() => encodeMessage(blobTransferStart, start)).to.throw(TesterError, 'blobId: 1 octets, expected 8');
    expect(() => encodeMessage(blobTransferStart, { ...start, mode: 4 })).to.throw(
      TesterError,
      'mode: 4 does not fit 2 bits',
    );
  });

  it('sends on purpose what no layout allows', () => {
    expect(rawMessage(blobTransferStatus.opcode, hex('ff')).toString('hex')).to.equal('8303ff');
    expect(valueOf(blobBlockStatus, decodeAccess(hex('67')))).to.equal(undefined);
  });
});

describe('composition data', () => {
  for (const v of vectors.composition) {
    it('page 0 decodes and encodes', () => {
      expect(decodeComposition(hex(v.data))).to.deep.equal(v.value);
      expect(encodeComposition(decodeComposition(hex(v.data))).toString('hex')).to.equal(v.data);
    });
    it('every truncation gives whole elements or a truncation error', () => {
      for (let length = 0; length < v.data.length / 2; length++) {
        const short = hex(v.data).subarray(0, length);
        if (length === 10) expect(decodeComposition(short).elements).to.deep.equal([]);
        else expect(() => decodeComposition(short), `${length}`).to.throw('are left');
      }
    });
  }
});

describe('chunk numbers', () => {
  for (const v of vectors.chunkNumbers) {
    it(`${v.n} is ${v.octets}`, () => {
      expect(encodeMessage(blobPartialBlockReport, { wanted: [v.n] }).toString('hex')).to.equal(`68${v.octets}`);
      expect(valueOf(blobPartialBlockReport, decodeAccess(hex(`68${v.octets}`)))).to.deep.equal({ wanted: [v.n] });
    });
  }

  it('reports a number written too long and refuses a pattern that is none', () => {
    expect(decodeAccess(hex('68c181'))).to.have.deep.property('reports', ['chunk number 65 written in 2 octets']);
    for (const octets of ['6880', '68c2', '68c241', '68f0808080']) {
      expect(decodeAccess(hex(octets)).kind, octets).to.equal('malformed');
    }
  });
});

describe('bitmaps', () => {
  it('bit 0 of the first octet is number 0', () => {
    expect(bitmapOf([0, 9], 10).toString('hex')).to.equal('0102');
    expect(bitsSet(hex('0102'))).to.deep.equal([0, 9]);
  });
});
