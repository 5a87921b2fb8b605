import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { needTool } from '../../core/testing/need.ts';
import { freeTcpPort } from '../../core/testing/ports.ts';

const ROOT = fileURLToPath(new URL('../../../..', import.meta.url));
const MAIN = join(ROOT, 'dist/src/cli/main.js');

describe('a run with the console on a serial port', () => {
  let folder: string;
  let socat: ChildProcess | undefined;

  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'plumbline-'))));
  afterEach(() => {
    socat?.kill();
    rmSync(folder, { recursive: true });
  });

  it('resets the device through a pseudo-terminal and ends as it does over TCP', async function () {
    this.timeout(60_000);
    const found = spawnSync('socat', ['-V'], { stdio: 'ignore' }).error === undefined;
    needTool(this, 'socat', found || undefined);
    const port = await freeTcpPort();
    const line = join(folder, 'console');
    // The line is there before the device is, which connects it when it starts.
    const device = `tcp:127.0.0.1:${port},nodelay,retry=600,interval=0.05`;
    socat = spawn('socat', [`pty,raw,echo=0,link=${line}`, device], { stdio: 'inherit' });
    while (!existsSync(line)) await new Promise((resolve) => setTimeout(resolve, 10));
    const rig = readFileSync(join(ROOT, 'rigs/ocf-sim.yaml'), 'utf8')
      .replace('"${device.console}"', `"serial:${line}?baud=115200"`)
      .replace('multicast: yes', `console: ${port}`);
    writeFileSync(join(folder, 'rig.yaml'), rig);

    const words = ['--ics', join(ROOT, 'ics/declarations/ocf-plain.yaml'), '--rig', join(folder, 'rig.yaml')];
    const run = spawn(process.execPath, [MAIN, 'run', ...words, '--case', 'OCFSWU/READ/09', '--no-site'], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    for (const stream of [run.stdout, run.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => (said += text));
    const [code] = (await once(run, 'close')) as [number];

    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
    const log = files.find((name) => name.endsWith('/events.jsonl'));
    if (log === undefined) expect.fail(`the run left no log: ${said}`);
    const events = readFileSync(join(folder, log), 'utf8');
    expect(events)
      .to.match(/"channel":"console".*"text":"reset"/)
      .and.to.match(/"channel":"console".*"text":"ok 1\.0\.0"/);
    expect(code).to.equal(0);
  });
});
