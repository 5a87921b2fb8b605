import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { encodeLayout } from '../../core/layout/layout.ts';
import { imageFile, NETWORK } from './testbench.ts';
import { indications, requests } from './znp/commands.ts';
import { encodeMt, type MtFrame, MtParser, mtType, subsystem } from './znp/frame.ts';

const MAIN = fileURLToPath(new URL('../../cli/main.js', import.meta.url));

describe('simulated Zigbee node: process', () => {
  let folder: string;
  let child: ChildProcess | undefined;
  let host: Socket | undefined;
  let ready: { iut: string; dongle: string; ieee: string; endpoint: string; console: string };

  const launch = (...words: string[]): ChildProcess => {
    const start = ['sim', 'zigbee', '--state', join(folder, 'state'), '--seed', '5', '--scale', '0.01'];
    child = spawn(process.execPath, [MAIN, ...start, ...words.flatMap((word) => ['--option', word])], {
      stdio: 'pipe',
    });
    return child;
  };
  const start = async (...words: string[]): Promise<void> => {
    const { stdout, stderr } = launch(...words);
    stderr?.pipe(process.stderr);
    if (stdout === null) throw new Error('no standard output');
    const [line] = (await once(createInterface({ input: stdout }), 'line')) as [string];
    ({ ready } = JSON.parse(line) as { ready: typeof ready });
  };
  const kill = async (): Promise<void> => {
    host?.destroy();
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  };
  const plug = (url: string): Socket => {
    const { hostname, port } = new URL(url);
    return connect(Number(port), hostname);
  };
  const ask = async (line: string): Promise<string> => {
    const socket = plug(ready.console);
    socket.write(`${line}\n`);
    const [answer] = (await once(createInterface({ input: socket }), 'line')) as [string];
    socket.destroy();
    return answer;
  };
  /** Starts the network over the dongle, and waits for this indication. */
  const startNetwork = async (part: number, id: number): Promise<MtFrame> => {
    const socket = plug(ready.dongle);
    host = socket;
    const { subsystem: zdo, id: command, request } = requests.startup;
    const data = encodeLayout(request, { delay: 0 }, 'little');
    socket.write(encodeMt({ type: mtType.SREQ, subsystem: zdo, id: command, data }));
    const parser = new MtParser();
    for await (const chunk of socket)
      for (const frame of parser.feed(chunk as Buffer))
        if (frame.type === mtType.AREQ && frame.subsystem === part && frame.id === id) return frame;
    throw new Error('the dongle hung up');
  };

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'plumbline-zigbee-'));
  });
  afterEach(async () => {
    await kill();
    rmSync(folder, { recursive: true });
  });

  it('tells where dongle and console are, and announces its node when the network starts, before and after a kill', async () => {
    const options = [`network=${NETWORK}`, 'joined=yes', 'version=00000042'];
    await start(...options);
    const first = ready;
    expect(first.iut).to.equal(`zigbee:zstack:${first.dongle}`);
    expect(first).to.include({ ieee: '00124b0000000005', endpoint: '1' });
    for (const round of ['first', 'second']) {
      const announce = await startNetwork(subsystem.ZDO, 0xc1);
      expect(announce.data.subarray(4, 12).reverse().toString('hex'), round).to.equal(first.ieee);
      expect(await ask('version')).to.equal('ok 00000042');
      await kill();
      await start(...options);
    }
  });
  it('switches the node off and on alone, and answers what it does not know with an error', async () => {
    await start(`network=${NETWORK}`, 'joined=yes');
    await startNetwork(indications.state.subsystem, indications.state.id);
    expect(await ask('power off')).to.equal('ok');
    expect(await ask('power on')).to.equal('ok');
    expect(await ask('power maybe')).to.equal('error expected on or off');
    expect(await ask('release')).to.match(/^error no verb "release"; there are help, address/);
  });
  it('has the files that a server is given', async () => {
    const file = join(folder, 'a.ota');
    writeFileSync(file, imageFile());
    await start('role=server', `images=${file}`);
    expect(await ask('images')).to.equal(`ok 1234 1 2 ${imageFile().length}`);
    expect(await ask('notify 3 100')).to.equal('ok');
    expect(await ask('notify 9 100')).to.match(/^error expected a payload type/);
    expect(await ask('remove 4')).to.equal('error no image 4');
  });
  it('refuses options that it cannot use, and names them', async () => {
    for (const [word, why] of [
      ['network=1a62', /--option network: expected PAN\/EXTENDED-PAN\/KEY\/CHANNEL/],
      ['images=/nowhere/a.ota', /\/nowhere\/a\.ota: cannot be read/],
      ['port=http', /--option port: expected a port, found "http"/],
      ['manufacturer=12345', /--option manufacturer: expected up to 4 hex digits/],
    ] as const) {
      const started = launch(word);
      let said = '';
      started.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
      const [code] = (await once(started, 'exit')) as [number];
      expect([code, said]).to.satisfy(([of, text]: [number, string]) => of === 2 && why.test(text), said);
    }
  });
});
