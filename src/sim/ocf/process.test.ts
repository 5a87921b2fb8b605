import { type ChildProcess, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { generate, parse, type ParsedPacket } from 'coap-packet';
import { needTool } from '../../core/testing/need.ts';
import { multicastOnLoopback } from '../../link/testing/multicast.ts';
import { type CborMap, decodeCbor, encodeCbor } from '../../ocf/codec/cbor.ts';
import { makePackage } from './package.ts';
import { serve } from './testbench.ts';
import { writeTime } from './time.ts';

/** For whatever must come; long enough for a computer that is busy with something else. */
const PATIENCE_MS = 10_000;
const MAIN = fileURLToPath(new URL('../../cli/main.js', import.meta.url));

describe('simulated OCF device: process', () => {
  const EPOCH = Date.now();
  const SCALE = 0.02;
  /** An identity of this test run: simulated devices of others may be on the same computer. */
  const SEED = String(randomInt(1, 2 ** 31));
  let folder: string;
  let child: ChildProcess | undefined;
  let server: Server | undefined;
  let socket: Socket;
  let ready: { iut: string; console: string; deviceId: string };
  let mid = 0;

  const launch = (...words: string[]): ChildProcess => {
    child = spawn(process.execPath, [MAIN, 'sim', 'ocf', '--state', folder, ...words], { stdio: 'pipe' });
    child.stderr?.pipe(process.stderr);
    return child;
  };
  const start = async (...more: string[]): Promise<void> => {
    const time = ['--scale', `${SCALE}`, '--link-scale', '0.05', '--epoch', `${EPOCH}`];
    const { stdout } = launch('--seed', SEED, ...time, ...more);
    if (stdout === null) throw new Error('no standard output');
    const [line] = (await once(createInterface({ input: stdout }), 'line')) as [string];
    ({ ready } = JSON.parse(line) as { ready: typeof ready });
  };
  const kill = async (): Promise<void> => {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  };
  /** Asks, again and again, until an answer comes that is wanted. */
  const exchange = async (
    packet: Parameters<typeof generate>[0],
    port: number,
    host = '127.0.0.1',
    wanted: (answer: ParsedPacket) => boolean = () => true,
  ): Promise<ParsedPacket> => {
    mid += 1;
    const token = Buffer.of(mid);
    const data = generate({ messageId: mid, token, confirmable: true, ...packet });
    let limit: NodeJS.Timeout | undefined;
    const arrived = new Promise<ParsedPacket>((resolve, reject) => {
      socket.on('message', (octets: Buffer) => {
        const answer = parse(octets);
        if (answer.token.equals(token) && wanted(answer)) resolve(answer);
      });
      limit = setTimeout(() => reject(new Error(`no answer in ${PATIENCE_MS} ms`)), PATIENCE_MS);
    });
    const again = setInterval(() => socket.send(data, port, host), 200);
    socket.send(data, port, host);
    try {
      return await arrived;
    } finally {
      clearInterval(again);
      clearTimeout(limit);
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
  const protocolNow = (): number => EPOCH + (Date.now() - EPOCH) / SCALE;
  /** Asked anew where a busy computer let the time pass before the device got it. */
  const update = async (action: string, purl: string, inS: number): Promise<void> => {
    for (let tries = 0; tries < 20; tries++) {
      const body = { purl, swupdateaction: action, updatetime: writeTime(Math.round(protocolNow() + inS * 1000)) };
      const format = { name: 'Content-Format' as const, value: Buffer.from('2710', 'hex') };
      const { code } = await exchange({ code: 'POST', options: [...path, format], payload: encodeCbor(body) }, port());
      if (code === '2.04') return;
    }
    throw new Error(`UPDATE ${action} was refused`);
  };
  const say = async (line: string): Promise<string> => {
    const { port: at, hostname } = new URL(ready.console);
    const connection = connect(Number(at), hostname);
    connection.write(`${line}\n`);
    const [answer] = (await once(createInterface({ input: connection }), 'line')) as [string];
    connection.destroy();
    return answer;
  };
  const until = async (shows: Readonly<Record<string, unknown>>): Promise<CborMap> => {
    const end = performance.now() + PATIENCE_MS;
    for (;;) {
      const shown = await read();
      if (Object.entries(shows).every(([name, value]) => shown[name] === value)) return shown;
      if (performance.now() > end) throw new Error(`waited in vain for ${JSON.stringify(shows)}`);
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
    await kill();
    server?.close();
    server?.closeAllConnections();
    server = undefined;
    socket.close();
    rmSync(folder, { recursive: true });
  });

  it('survives SIGKILL in the middle of a run, reports it after the restart and keeps the right time', async () => {
    let holdsBack = true;
    const data = makePackage({ kind: 'ok' });
    const packages = await serve((request, response) => {
      // The first download hangs, so that the device is in the middle of it however long the kill takes.
      if (request.headers.range === undefined && holdsBack) response.writeHead(200).write(data.subarray(0, 100));
      else response.end(data);
    });
    const { url } = packages;
    ({ server } = packages);
    const patient = ['--option', 'stallMs=10000000', '--option', 'overdueAtBoot=run'];
    await start(...patient);
    await update('upgrade', url, 0.5);
    await until({ swupdatestate: 'svv' });
    await kill();
    expect(JSON.parse(readFileSync(join(folder, 'state.json'), 'utf8'))).to.have.nested.property('machine.run');
    await start(...patient);
    const after = await read();
    expect(after).to.include({ swupdatestate: 'idle', swupdateaction: 'idle', purl: url, swupdateresult: 4 });
    holdsBack = false;
    await update('upgrade', url, 10);
    await kill();
    await start(...patient);
    await until({ swupdatestate: 'idle', swupdateresult: 1 });
    expect(await say('version')).to.equal('ok 2.0.0');
    const before = protocolNow();
    const told = Date.parse((await say('time')).slice(3));
    // The clocks of two processes agree to some milliseconds, which the scale makes seconds.
    expect(told).to.be.within(before - 50 / SCALE, protocolNow() + 50 / SCALE);
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
    const ending = child as ChildProcess;
    const gone = once(ending, 'exit');
    ending.stdin?.end();
    expect(await gone).to.deep.equal([0, null]);
  });
  it('answers in spite of heavy loss, repetition and reordering, when it is asked again', async () => {
    await start('--loss', '30', '--duplicate', '30', '--reorder', '30', '--delay', '5', '--seed', '3');
    for (let i = 0; i < 3; i++) expect(await read()).to.include({ swupdatestate: 'idle' });
  });
  /** Exit code and error output of a device that cannot be opened. */
  const failing = async (...words: string[]): Promise<[number, string]> => {
    const device = spawn(process.execPath, [MAIN, 'sim', 'ocf', '--state', folder, ...words]);
    child = device;
    let text = '';
    device.stderr.on('data', (piece: Buffer) => {
      text += piece.toString();
    });
    const [code] = (await once(device, 'close')) as [number];
    return [code, text];
  };
  it('ends with a message that names the fault that it does not have', async () => {
    const [code, text] = await failing('--fault', 'no-such');
    expect(code).to.equal(2);
    expect(text).to.match(/^--fault: no fault "no-such"/);
  });
  it('ends with a message that names the state that it cannot read, though its sockets are open already', async () => {
    writeFileSync(join(folder, 'state.json'), 'no state');
    const [code, text] = await failing();
    expect(code).to.equal(2);
    expect(text).to.match(/state\.json: not a saved state/);
  });
  it('has its console where it is told, and says so where that port is taken', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port: at } = taken.address() as AddressInfo;
    const [code, text] = await failing('--option', `console=${at}`);
    expect(code).to.equal(3);
    expect(text).to.match(new RegExp(`^console port ${at}: .*EADDRINUSE`));
    await new Promise((resolve) => taken.close(resolve));
    await start('--option', `console=${at}`);
    expect(ready.console).to.equal(`tcp://127.0.0.1:${at}`);
    expect(await say('show')).to.match(/^ok idle/);
  });
  it('shows the PIN of an owner transfer and its states on the console', async () => {
    await start('--option', 'security=pin', '--option', 'pin=12345678');
    expect(ready)
      .to.include({ pin: '12345678' })
      .and.to.have.property('secure')
      .that.matches(/^coaps:/);
    expect(await say('dos')).to.equal('ok RFOTM');
    expect(await say('pin')).to.match(/^error no owner transfer/);
    expect(await say('uuid')).to.equal(`ok ${ready.deviceId}`);
    await say('reset');
    expect(await say('uuid'), 'a new name after a reset').to.not.equal(`ok ${ready.deviceId}`);
  });
  it('answers discovery by multicast on the loopback interface', async function () {
    needTool(this, 'multicast on the loopback interface', (await multicastOnLoopback()) || undefined);
    await start('--option', 'multicast=yes');
    socket.setMulticastInterface('127.0.0.1');
    const options = [
      { name: 'Uri-Path' as const, value: Buffer.from('oic') },
      { name: 'Uri-Path' as const, value: Buffer.from('res') },
      { name: 'Uri-Query' as const, value: Buffer.from('rt=oic.r.softwareupdate') },
    ];
    // Simulated devices of others answer as well.
    const own = ({ payload }: ParsedPacket): boolean => payload.includes(ready.deviceId);
    const answer = await exchange({ code: 'GET', options, confirmable: false }, 5683, '224.0.1.187', own);
    expect(decodeCbor(answer.payload)).to.have.nested.property('value[0].eps[0].ep', ready.iut);
  });
});
