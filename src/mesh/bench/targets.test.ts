import { expect } from 'chai';
import { blobInformationGet } from '../codec/messages/blob.ts';
import { request } from '../stack/exchange.ts';
import { benchNetwork, meshBench } from '../testBench.ts';
import { playTarget } from './targets.ts';

describe('played target', () => {
  /** The largest BLOB that it tells to take where the image of the bench has so many octets. */
  const largest = async (imageSize: number): Promise<number | undefined> => {
    const { tester, node, turn } = meshBench();
    const [address] = benchNetwork.node;
    const setting = { scale: 1, tickMs: 1000, newFirmwareId: Buffer.of(1, 2), imageSize };
    const target = playTarget(node.stack, address, {}, setting);
    const asking = { to: address, key: { app: 0 }, withinMs: 10_000, retryMs: 2000 };
    const answer = await turn(request(tester.stack, blobInformationGet, {}, asking));
    target.close();
    return answer.kind === 'reply' ? answer.value.maxBlobSize : undefined;
  };

  it('takes the image of the bench, however large', async () => {
    expect(await largest(400_000)).to.equal(400_000);
    expect(await largest(100)).to.equal(0x20000);
  });
});
