import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { generate, parse, type ParsedPacket } from 'coap-packet';
import { type CborMap, decodeCbor, encodeCbor } from '../../ocf/codec/cbor.ts';
import { makePackage } from './package.ts';
import { serve } from './testbench.ts';
import { writeTime } from './time.ts';

const MAIN = fileURLToPath(new URL('../../cli/main.js', import.meta.url));

describe('simulated OCF device: process', () => {
  const EPOCH = Date.now();
  const SCALE = 0.02;
  let folder: string;
  let child: ChildProcess;
  let socket: Socket;
  let ready: { iut: string; console: string };
  let mid = 0;
  let again: NodeJS.Timeout | undefined;

  const start = async (...more: string[]): Promise<void> => {
    const words = [
      'sim',
      'ocf',
      '--state',
      folder,
      '--scale',
      `${SCALE}`,
      '--link-scale',
      '0.05',
      '--epoch',
      `${EPOCH}`,
    ];
    child = spawn(process.execPath, [MAIN, ...words, ...more], { stdio: ['pipe', 'pipe', 'inherit'] });
    if (child.stdout === null) throw new Error('no standard output');
    const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
    ({ ready } = JSON.parse(line) as { ready: typeof ready });
  };
  const kill = async (): Promise<void> => {
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  };
  const exchange = async (
    packet: Parameters<typeof generate>[0],
    port: number,
    host = '127.0.0.1',
  ): Promise<ParsedPacket> => {
    mid += 1;
    const token = Buffer.of(mid);
    const arrived = new Promise<ParsedPacket>((resolve) => {
      socket.on('message', (data: Buffer) => {
        const answer = parse(data);
        if (answer.token.equals(token)) resolve(answer);
      });
    });
    const data = generate({ messageId: mid, token, confirmable: true, ...packet });
    again = setInterval(() => socket.send(data, port, host), 200);
    socket.send(data, port, host);
    try {
      return await arrived;
    } finally {
      clearInterval(again);
      socket.removeAllListeners('message');
    }
  };
  const map = ({ payload }: ParsedPacket): CborMap => {
    const decoded = decodeCbor(payload);
    return (decoded.ok ? decoded.value : {}) as CborMap;
  };
  const path = [
    { name: 'Uri-Path' as const, value: Buffer.from('oc') },
    { name: 'Uri-Path' as const, value: Buffer.from('swu') },
  ];
  const port = (): number => Number(new URL(ready.iut).port);
  const read = async (): Promise<CborMap> => map(await exchange({ code: 'GET', options: path }, port()));
  const update = (action: string, purl: string, inS: number): Promise<ParsedPacket> => {
    const now = EPOCH + (Date.now() - EPOCH) / SCALE;
    const body = { purl, swupdateaction: action, updatetime: writeTime(Math.round(now + inS * 1000)) };
    const format = { name: 'Content-Format' as const, value: Buffer.from('2710', 'hex') };
    return exchange({ code: 'POST', options: [...path, format], payload: encodeCbor(body) }, port());
  };
  const say = async (line: string): Promise<string> => {
    const { port: at, hostname } = new URL(ready.console);
    const connection = connect(Number(at), hostname);
    connection.write(`${line}\n`);
    const [answer] = (await once(createInterface({ input: connection }), 'line')) as [string];
    connection.destroy();
    return answer;
  };
  const until = async (state: string): Promise<CborMap> => {
    for (;;) {
      const shown = await read();
      if (shown['swupdatestate'] === state) return shown;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'plumbline-sim-'));
    socket = createSocket('udp4');
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
  });
  afterEach(async () => {
    clearInterval(again);
    if (child.exitCode === null && child.signalCode === null) await kill();
    socket.close();
    rmSync(folder, { recursive: true });
  });

  it('survives SIGKILL in the middle of a run, reports it after the restart and keeps the right time', async () => {
    const { url, server } = await serve((_, response) => response.end(makePackage({ kind: 'ok' })));
    await start();
    await update('upgrade', url, 0.5);
    await until('svv');
    await kill();
    expect(JSON.parse(readFileSync(join(folder, 'state.json'), 'utf8'))).to.have.nested.property('machine.run');
    await start();
    const after = await read();
    expect(after).to.include({ swupdatestate: 'idle', swupdateaction: 'idle', purl: url });
    expect(after['swupdateresult']).to.be.oneOf([4, 5, 8]);
    await update('upgrade', url, 40);
    await kill();
    await start();
    await until('upgrading');
    expect(await until('idle')).to.include({ swupdateresult: 1 });
    expect(await say('version')).to.equal('ok 2.0.0');
    const told = Date.parse((await say('time')).slice(3));
    expect(told).to.be.closeTo(EPOCH + (Date.now() - EPOCH) / SCALE, 60_000);
    server.close();
    server.closeAllConnections();
  });
  it('answers on its console', async () => {
    await start('--option', 'version=1.5.0');
    expect(await say('version')).to.equal('ok 1.5.0');
    expect(await say('flash 1.6.0')).to.equal('ok 1.6.0');
    expect(await say('reset')).to.equal('ok 1.5.0');
    expect(await say('show')).to.equal('ok idle cm 0 result 0 action idle');
    expect(await say('dance')).to.match(/^error no verb "dance"; there are help, version/);
    expect(await say('flash x')).to.match(/^error expected a version/);
    expect(await say('trigger toString')).to.match(/^error expected isac or isvv or upgrade/);
    expect(await say('help')).to.match(/^ok version: /);
  });
  it('ends at once and without error when its standard input closes', async () => {
    await start();
    const gone = once(child, 'exit');
    child.stdin?.end();
    expect(await gone).to.deep.equal([0, null]);
  });
  it('answers in spite of heavy loss, repetition and reordering, when it is asked again', async () => {
    await start('--loss', '30', '--duplicate', '30', '--reorder', '30', '--delay', '5', '--seed', '3');
    for (let i = 0; i < 3; i++) expect(await read()).to.include({ swupdatestate: 'idle' });
  });
  it('ends with a message that names the fault that it does not have', async () => {
    const words = ['sim', 'ocf', '--state', folder, '--fault', 'no-such'];
    child = spawn(process.execPath, [MAIN, ...words], { stdio: ['pipe', 'ignore', 'pipe'] });
    let text = '';
    child.stderr?.on('data', (piece: Buffer) => {
      text += piece.toString();
    });
    const [code] = (await once(child, 'close')) as [number];
    expect(code).to.equal(2);
    expect(text).to.match(/^--fault: no fault "no-such"/);
  });
  it('answers discovery by multicast on the loopback interface', async function () {
    await start('--option', 'multicast=yes');
    socket.setMulticastInterface('127.0.0.1');
    const options = [
      { name: 'Uri-Path' as const, value: Buffer.from('oic') },
      { name: 'Uri-Path' as const, value: Buffer.from('res') },
      { name: 'Uri-Query' as const, value: Buffer.from('rt=oic.r.softwareupdate') },
    ];
    const asked = exchange({ code: 'GET', options, confirmable: false }, 5683, '224.0.1.187');
    const answer = await Promise.race([asked, new Promise((resolve) => setTimeout(resolve, 1500))]);
    if (answer === undefined && process.env['PLUMBLINE_REQUIRE_TOOLS'] !== '1') {
      process.stdout.write('    skipped: no multicast on the loopback interface of this computer\n');
      this.skip();
    }
    const decoded = decodeCbor((answer as ParsedPacket).payload);
    expect(decoded).to.have.nested.property('value[0].eps[0].ep', ready.iut);
  });
});
