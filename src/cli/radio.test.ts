import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { needTool } from '../core/testing/need.ts';

const MAIN = fileURLToPath(new URL('./main.js', import.meta.url));

describe('plumbline radio', () => {
  it('prints where it is, answers an HCI host there, and ends when its input does', async () => {
    const words = [MAIN, 'radio', '--loss', '5', '--seed', '7'];
    const child: ChildProcess = spawn(process.execPath, words, { stdio: ['pipe', 'pipe', 'pipe'] });
    const { stdin, stdout, stderr } = child;
    if (stdin === null || stdout === null || stderr === null) throw new Error('no pipes');
    const [line] = (await once(createInterface({ input: stdout }), 'line')) as [string];
    const { ready } = JSON.parse(line) as { ready: { radio: string } };
    const port = Number(/^tcp:\/\/127\.0\.0\.1:(\d+)$/.exec(ready.radio)?.[1]);

    const notes = createInterface({ input: stderr });
    const joined = once(notes, 'line');
    const host = connect({ host: '127.0.0.1', port });
    host.write(Buffer.from('01030c00', 'hex'));
    const [answer] = (await once(host, 'data')) as [Buffer];
    expect(answer.toString('hex')).to.equal('040e0401030c00');
    expect(await joined).to.deep.equal(['host 1 (02:00:00:50:00:01): connected']);
    host.destroy();

    const gone = once(child, 'exit');
    stdin.end();
    expect((await gone)[0]).to.equal(0);
  });

  it('names the port that is taken, and refuses a number that is none', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as AddressInfo;
    const run = (...words: string[]) => spawnSync(process.execPath, [MAIN, 'radio', ...words], { encoding: 'utf8' });
    try {
      const { status, stderr } = run('--port', String(port));
      expect([status, stderr]).to.deep.equal([
        2,
        `radio 127.0.0.1:${port}: cannot listen: listen EADDRINUSE: address already in use 127.0.0.1:${port}\n`,
      ]);
      const wrong = run('--loss', 'much');
      expect(wrong.status).to.equal(2);
      expect(wrong.stderr).to.contain('--loss <percent>');
      expect(run('--port', '70000').status).to.equal(2);
    } finally {
      taken.close();
    }
  });

  it('says that socat is missing where a serial port is wanted', () => {
    const folder = mkdtempSync(join(tmpdir(), 'plumbline-'));
    try {
      const words = [MAIN, 'radio', '--serial', join(folder, 'hci')];
      const { status, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8', env: { PATH: '' } });
      expect(status).to.equal(3);
      expect(stderr).to.contain(`${join(folder, 'hci')}: no serial port: socat is not installed`);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('has a controller on a pseudo-terminal, which goes with it', async function () {
    needTool(this, 'socat', spawnSync('socat', ['-V'], { stdio: 'ignore' }).error === undefined || undefined);
    const folder = mkdtempSync(join(tmpdir(), 'plumbline-'));
    try {
      const path = join(folder, 'hci');
      const child = spawn(process.execPath, [MAIN, 'radio', '--serial', path], { stdio: ['pipe', 'pipe', 'inherit'] });
      const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
      expect(JSON.parse(line)).to.have.nested.property('ready.serial', path);
      expect(existsSync(path)).to.equal(true);
      child.stdin.end();
      await once(child, 'exit');
      while (existsSync(path)) await new Promise((resolve) => setTimeout(resolve, 10));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
