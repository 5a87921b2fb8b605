import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { radioPipe } from '../host/pipe.ts';
import { type Air, Medium } from '../medium.ts';
import { openRadioServer } from '../server.ts';
import { realTicks } from '../ticks.ts';
import { openMeshNode } from './meshNode.ts';

const CENTRAL = fileURLToPath(new URL('./meshCentral.js', import.meta.url));
const UUID = '00112233445566778899aabbccddeeff';
const OCTETS = 2000;

async function updateOver(air: Partial<Air>): Promise<{ outcome: Record<string, unknown>; image: Buffer | undefined }> {
  const server = await openRadioServer({ medium: new Medium(realTicks, 1, air), host: '127.0.0.1', port: 0 });
  try {
    const pipe = await radioPipe(server.url, 3000);
    const node = await openMeshNode(pipe, 'c0:00:00:00:01:00', Buffer.from(UUID, 'hex'));
    const { stdout } = await promisify(execFile)(process.execPath, [
      CENTRAL,
      `ble:h4:${server.url}`,
      UUID,
      String(OCTETS),
    ]);
    return { outcome: JSON.parse(stdout) as Record<string, unknown>, image: node.image() };
  } finally {
    await server.close();
  }
}

describe('mesh over noble and the virtual radio', () => {
  for (const [what, air] of [
    ['a clear radio', {}],
    ['a radio that loses a tenth', { losePercent: 10, delayMs: 3 }],
  ] as const)
    it(`provisions over PB-GATT, configures and updates over the proxy, on ${what}`, async function () {
      this.timeout(30_000);
      const { outcome, image } = await updateOver(air);
      const { ms: _ms, ...rest } = outcome;
      expect(rest).to.deep.equal({
        provisioned: 'done',
        filter: 'filter status',
        ready: 'ready',
        firmware: ['59000002'],
        connected: true,
      });
      expect(image?.equals(Buffer.alloc(OCTETS, 'plumbline '))).to.equal(true);
    });
});
