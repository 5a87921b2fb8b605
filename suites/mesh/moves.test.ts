import { expect } from 'chai';
import { transferMode } from '../../src/mesh/codec/enums.ts';
import { servePull, type T, transferOf, withRoom } from './moves.ts';

const SERVER = 0x0100;
const LIMITS = {
  minBlockSizeLog: 6,
  maxBlockSizeLog: 6,
  maxChunks: 8,
  maxChunkSize: 8,
  maxBlobSize: 16_384,
  mtu: 380,
  push: 1,
  pull: 1,
};
const TRANSFER = transferOf(LIMITS, '0011223344556677', transferMode.PULL, 2);

/** The chunks of block 1 that go to a server with this Block Status and these Partial Block Reports, and the reports that nobody looked at. */
async function served(
  wanted: readonly number[],
  reports: readonly (readonly number[])[],
): Promise<{ chunks: number[]; left: number }> {
  const chunks: number[] = [];
  const queue = [...reports];
  const tester = {
    mark: () => undefined,
    ask: () => Promise.resolve({ wanted }),
    tell: (_label: string, _to: number, _type: unknown, { chunk }: { chunk: number }) => {
      chunks.push(chunk);
      return Promise.resolve();
    },
    until: () => Promise.resolve({ value: { wanted: queue.shift() ?? [] } }),
  };
  // The four of a tester's methods that serving a block takes.
  await servePull(tester as unknown as T, SERVER, TRANSFER, 1);
  return { chunks, left: queue.length };
}

describe('mesh suites: a block in pull mode', () => {
  it('is over with the empty report', async () => {
    const all = { chunks: [0, 1, 2, 3, 4, 5, 6, 7], left: 1 };
    expect(await served([0, 1, 2, 3], [[4, 5, 6, 7], [], [0]])).to.deep.equal(all);
  });

  it('is not over with a repeated report of the block before', async () => {
    const all = { chunks: [0, 1, 2, 3, 4, 5, 6, 7], left: 0 };
    expect(await served([0, 1, 2, 3], [[], [], [4, 5, 6, 7], []])).to.deep.equal(all);
  });

  it('is given up where a server asks for nothing more', async () =>
    expect(await served([0, 1], [])).to.deep.equal({ chunks: [0, 1], left: 0 }));
});

describe('mesh suites: chunks with room for a longer one', () => {
  const chunkSize = (limits: Partial<typeof LIMITS>): number | undefined => {
    const all = { ...LIMITS, minBlockSizeLog: 12, maxBlockSizeLog: 12, maxChunks: 64, ...limits };
    return withRoom(all, transferOf(all, '0011223344556677', transferMode.PUSH, 1))?.chunkSize;
  };

  it('stay below what the server and a message take', () => {
    expect(chunkSize({ maxChunkSize: 256, mtu: 380 })).to.equal(255);
    expect(chunkSize({ maxChunkSize: 1000, mtu: 65_535 })).to.equal(376);
    expect(chunkSize({ maxChunkSize: 377, mtu: 100 })).to.equal(96);
  });
  it('are not there where that makes too many chunks, or chunks too small', () => {
    expect(chunkSize({ maxChunkSize: 256, mtu: 380, maxChunks: 16 })).to.equal(undefined);
    expect(chunkSize({ maxChunkSize: 8, mtu: 380, maxChunks: 1000 })).to.equal(undefined);
  });
});
