import { expect } from 'chai';
import { blockPeriodUnitMs, clientAttributes, serverAttributes } from './attributes.ts';
import { decodeFrame, encodeCommand, valueOf } from './frame.ts';
import { readAttributesResponse } from './global.ts';
import { direction } from './numbers.ts';

describe('attributes of the OTA Upgrade cluster', () => {
  it('the client has thirteen of its own and ClusterRevision, each with a number and a name of its own', () => {
    expect(clientAttributes.map(({ id }) => id)).to.deep.equal([...Array.from({ length: 13 }, (_, i) => i), 0xfffd]);
    expect(new Set(clientAttributes.map(({ name }) => name)).size).to.equal(clientAttributes.length);
    expect(clientAttributes.filter(({ mandatory }) => mandatory).map(({ name }) => name)).to.deep.equal([
      'UpgradeServerID',
      'ImageUpgradeStatus',
      'ClusterRevision',
    ]);
    expect(serverAttributes.map(({ name }) => name)).to.deep.equal(['ClusterRevision']);
  });

  it('every initial value is one of its type, and in range', () => {
    for (const { id, type, initial, range } of clientAttributes) {
      if (initial === undefined) continue;
      const records = [{ attribute: id, status: 0, value: { type, content: initial } }];
      const options = { sequence: 1, direction: direction.CLIENT_TO_SERVER };
      const frame = encodeCommand(readAttributesResponse, { records }, options);
      expect(valueOf(readAttributesResponse, decodeFrame(frame))).to.deep.equal({ records });
      if (range !== undefined) expect(initial).to.be.within(...range);
    }
  });

  it('only revision 2 counts the block period in seconds', () => {
    expect([1, 2, 3, 4].map(blockPeriodUnitMs)).to.deep.equal([1, 1000, 1, 1]);
  });
});
