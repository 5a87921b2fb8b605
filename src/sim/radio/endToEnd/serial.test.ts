import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { needTool } from '../../../core/testing/need.ts';
import { radioPipe } from '../host/pipe.ts';
import { Medium } from '../medium.ts';
import { openRadioServer, type RadioServer } from '../server.ts';
import { realTicks } from '../ticks.ts';
import { mirrorUuid, openMirror } from './mirror.ts';
import { type RemoteCentral, remoteCentral } from './remote.ts';

const LIMIT = 3000;
const INPUT = '2add';

describe('noble over a serial port', () => {
  let folder: string;
  let server: RadioServer;
  let central: RemoteCentral | undefined;
  let socat: ChildProcess | undefined;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'plumbline-'));
    server = await openRadioServer({ medium: new Medium(realTicks, 1), host: '127.0.0.1', port: 0 });
  });
  afterEach(async () => {
    await central?.quit();
    socat?.kill();
    await server.close();
    rmSync(folder, { recursive: true });
  });

  it('reaches a device through a pseudo-terminal, and names the port that is pulled out', async function () {
    const found = spawnSync('socat', ['-V'], { stdio: 'ignore' }).error === undefined;
    needTool(this, 'socat', found || undefined);
    const port = join(folder, 'dongle');
    const url = `ble:h4:${port}?baud=1000000`;
    const tcp = server.url.replace('tcp://', 'tcp:');
    socat = spawn('socat', [`pty,raw,echo=0,link=${port}`, `${tcp},nodelay`], { stdio: 'inherit' });
    while (!existsSync(port)) await new Promise((resolve) => setTimeout(resolve, 10));

    const device = await openMirror(await radioPipe(server.url, LIMIT), 'c0:00:00:00:03:00');
    await device.show();
    central = remoteCentral();
    await central.open(url, LIMIT);
    expect((await central.scan(mirrorUuid.service, LIMIT))?.id).to.equal(device.id);
    await central.connect(device.id, LIMIT);
    await central.discover(device.id, mirrorUuid.service, LIMIT);
    await central.write(device.id, INPUT, ['aa'.repeat(66)], LIMIT);
    while (device.written.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(device.written).to.deep.equal(['aa'.repeat(66)]);

    socat.kill();
    expect(await central.ended(device.id)).to.contain('the port is gone');
    const again = await central.open(url, LIMIT).then(
      () => 'opened',
      (e: Error) => e.message,
    );
    expect(again).to.contain(port);
  });
});
