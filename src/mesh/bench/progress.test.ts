import { expect } from 'chai';
import { decodeAccess } from '../codec/access.ts';
import { encodeMessage } from '../codec/message.ts';
import { blobBlockStart, blobChunkTransfer } from '../codec/messages/blob.ts';
import { progressOf } from './progress.ts';

describe('progress of a distribution', () => {
  const block = (n: number): Buffer => encodeMessage(blobBlockStart, { block: n, chunkSize: 8 });
  const chunk = (n: number): Buffer => encodeMessage(blobChunkTransfer, { chunk: n, data: Buffer.alloc(8) });

  it('counts a block and each of its chunks once for each target, whatever their octets', () => {
    const progress = progressOf();
    const send = (dst: number, ...pdus: readonly Buffer[]): void =>
      pdus.forEach((pdu) => progress.note({ dst, decoded: decodeAccess(pdu) }));
    send(3, block(0), chunk(0), chunk(1), block(1), chunk(0));
    send(4, block(0));
    expect(progress.heard()).to.deep.equal({ messages: 6, parts: 6 });
    send(3, block(1), chunk(0), block(0), chunk(1));
    expect(progress.heard()).to.deep.equal({ messages: 10, parts: 6 });
    progress.anew();
    send(3, block(0));
    expect(progress.heard()).to.deep.equal({ messages: 11, parts: 1 });
  });
});
