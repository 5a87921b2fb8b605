import { expect } from 'chai';
import { keyBlock } from '../keys.ts';
import { CONTENT } from '../numbers.ts';
import { readVectors } from '../vectors.ts';
import { open, seal } from './cipher.ts';
import { RecordLayer } from './layer.ts';
import { type DtlsRecord, readRecords, writeRecord } from './record.ts';
import { ReplayWindow } from './replay.ts';
import type { Tamper } from './tamper.ts';

describe('dtls records', () => {
  const v = readVectors('keys-and-records.yaml');
  const randoms = { client: v.hex('psk.client_random'), server: v.hex('psk.server_random') };
  const master = v.hex('psk.master_secret');
  const random = (): Buffer => v.hex('records.cbc.iv');
  const plain = v.hex('records.plain');
  const head = { version: 0xfefd, epoch: 1, sequence: 5 };
  const only = (hex: string, cidLength: number): DtlsRecord => {
    const { records, problem } = readRecords(Buffer.from(hex, 'hex'), cidLength);
    expect(problem).to.equal(undefined);
    const [record] = records;
    if (record === undefined) throw new Error('no record');
    return record;
  };

  for (const cipher of ['ccm8', 'cbc'] as const) {
    const keys = keyBlock(cipher, master, randoms);

    it(`${cipher} seals and opens the record of the vector`, () => {
      const wanted = v.text(`records.${cipher}.record`);
      const start = { content: CONTENT.applicationData, ...head };
      const made = writeRecord({ ...start, fragment: seal(keys.client, start, plain, random) });
      expect(made.toString('hex')).to.equal(wanted);
      const record = only(wanted, 0);
      expect(open(keys.client, record, record.fragment)).to.deep.equal(plain);
    });

    it(`${cipher} seals and opens the record with a connection id (RFC 9146 5)`, () => {
      const wanted = v.text(`records.${cipher}.record_with_cid`);
      const start = { content: CONTENT.tls12Cid, ...head, cid: v.hex('records.cid') };
      const inner = Buffer.concat([plain, Buffer.from([CONTENT.applicationData])]);
      const made = writeRecord({ ...start, fragment: seal(keys.client, start, inner, random) });
      expect(made.toString('hex')).to.equal(wanted);
      const record = only(wanted, 2);
      expect(record.cid).to.deep.equal(v.hex('records.cid'));
      expect(open(keys.client, record, record.fragment)).to.deep.equal(inner);
    });

    it(`${cipher} opens no record with one bit changed, in header or content`, () => {
      const good = v.hex(`records.${cipher}.record`);
      // Octets 1 and 2 (version) and 11 and 12 (length) are checked when the record is cut out.
      for (const at of [0, 3, 4, 10, ...Array.from({ length: good.length - 13 }, (_, n) => n + 13)]) {
        const bad = Buffer.from(good);
        bad[at] = (bad[at] ?? 0) ^ 1;
        const [record] = readRecords(bad, 0).records;
        if (record !== undefined) expect(open(keys.client, record, record.fragment), `octet ${at}`).to.equal(undefined);
      }
    });

    it(`${cipher} opens no shortened record`, () => {
      const record = only(v.text(`records.${cipher}.record`), 0);
      for (let length = 0; length < record.fragment.length; length++)
        expect(open(keys.client, record, record.fragment.subarray(0, length)), `${length}`).to.equal(undefined);
    });

    it(`${cipher} carries nothing at all, and full records`, () => {
      for (const size of [0, 1, 15, 16, 1024]) {
        const start = { content: CONTENT.applicationData, ...head };
        const data = Buffer.alloc(size, 7);
        const fragment = seal(keys.server, start, data, random);
        expect(open(keys.server, start, fragment)).to.deep.equal(data);
        expect(open(keys.client, start, fragment)).to.equal(undefined);
      }
    });
  }

  it('every truncation of a datagram ends with a reason and keeps the records before', () => {
    const one = v.hex('records.ccm8.record');
    const both = Buffer.concat([one, one]);
    for (let length = 1; length < both.length; length++) {
      const { records, problem } = readRecords(both.subarray(0, length), 0);
      expect(records, `${length}`).to.have.length(length < one.length ? 0 : 1);
      if (length === one.length) expect(problem).to.equal(undefined);
      else expect(problem, `${length}`).to.match(/^offset \d+: record/);
    }
  });

  it('octets that start no record are named', () => {
    expect(readRecords(Buffer.from('40017d34', 'hex'), 0).problem).to.equal(
      'offset 0: first octet 64 starts no record',
    );
    expect(readRecords(v.hex('records.ccm8.record_with_cid'), 0).problem).to.contain('none was handed out');
    const version = v.hex('records.ccm8.record');
    version.writeUInt16BE(0xfe01, 1);
    expect(readRecords(version, 0).problem).to.equal('offset 0: version 0xfe01');
  });

  it('the replay window takes every number once, and none that is 64 or more behind (RFC 6347 4.1.2.6)', () => {
    const window = new ReplayWindow();
    expect([0, 1, 1, 70, 7, 6, 7, 69, 69, 70, 71].map((n) => window.take(n))).to.deep.equal([
      true,
      true,
      false,
      true,
      true,
      false,
      false,
      true,
      false,
      false,
      true,
    ]);
  });

  describe('layer', () => {
    const { client, server } = keyBlock('ccm8', master, randoms);
    const none = Buffer.alloc(0);
    const layers = (tamper: readonly Tamper[], replayWindow = true): [RecordLayer, RecordLayer] => {
      const make = (rows: readonly Tamper[]): RecordLayer =>
        new RecordLayer({ random, replayWindow, tamper: rows, firstSequence: 0, ownCid: none });
      const [a, b] = [make(tamper), make([])];
      a.protect({ write: client, read: server, peerCid: none, cidInUse: false });
      b.protect({ write: server, read: client, peerCid: none, cidInUse: false });
      return [a, b];
    };
    const outcomes = (from: RecordLayer, to: RecordLayer, count: number): string[] =>
      Array.from({ length: count }, (_, n) => from.seal(CONTENT.applicationData, Buffer.from([n]), 1))
        .flat()
        .flatMap((bytes): string[] => {
          const { records, problem } = readRecords(bytes, 0);
          if (problem !== undefined) return [problem];
          const found = records.map((record) => to.open(record));
          return found.map((one) => ('problem' in one ? one.problem : one.data.toString('hex')));
        });

    it('tampering drops, spoils, repeats or mislabels the records it names, and no other', () => {
      const rows: Tamper[] = [
        { record: 1, do: 'drop' },
        { record: 2, do: 'corrupt' },
        { record: 3, do: 'replay' },
        { record: 4, content: 'applicationData', do: 'version' },
      ];
      const [a, b] = layers(rows);
      expect(outcomes(a, b, 5)).to.deep.equal(['unreadable', '02', 'repeated', 'offset 0: version 0xfe01', '04']);
    });

    it('a repeated record is delivered where the window is off', () => {
      const [a, b] = layers([{ record: 1, do: 'replay' }], false);
      expect(outcomes(a, b, 2)).to.deep.equal(['00', '00', '01']);
    });

    it('a record without the connection id agreed on is refused', () => {
      const [a] = layers([]);
      const b = new RecordLayer({
        random,
        replayWindow: true,
        tamper: [],
        firstSequence: 0,
        ownCid: Buffer.from('01', 'hex'),
      });
      b.protect({ write: server, read: client, peerCid: none, cidInUse: true });
      expect(outcomes(a, b, 1)).to.deep.equal(['no connection id']);
    });
  });
});
