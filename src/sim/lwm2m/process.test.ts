import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { openDtls } from '../../link/dtls/wire.ts';
import { openUdp, type UdpWire } from '../../link/udp.ts';
import type { Peer, Wire } from '../../link/wire.ts';
import { FORMAT } from '../../lwm2m/codec/content.ts';
import { Endpoint, type LinkTiming, type Outcome } from '../coap/endpoint.ts';
import { METHOD, OPTION, pathOf, textOption, textsOf, uintOption, uriOptions } from '../coap/message.ts';
import { noSink } from '../process.ts';
import { makePackage } from './package.ts';

const MAIN = fileURLToPath(new URL('../../cli/main.js', import.meta.url));
const QUICK: LinkTiming = { ackTimeoutMs: 100, maxRetransmit: 6, lifetimeMs: 60_000, promptMs: 500 };

describe('simulated LwM2M client: process', () => {
  let folder: string;
  let child: ChildProcess | undefined;
  let udp: UdpWire;
  let server: Endpoint;
  let device: Peer | undefined;
  let ready: { iut: string; console: string; endpoint: string };
  let registrations: string[];

  const listen = (wire: Wire): void => {
    server = new Endpoint(wire, QUICK, ({ message, from }) => {
      if (pathOf(message) !== '/rd') return { code: message.code === METHOD.delete ? '2.02' : '2.04' };
      device = from;
      registrations.push(textsOf(message, OPTION.uriQuery).join('&'));
      return { code: '2.01', options: ['rd', '1'].map((segment) => textOption(OPTION.locationPath, segment)) };
    });
  };
  const start = async (...more: string[]): Promise<void> => {
    const words = ['sim', 'lwm2m', '--state', folder, '--scale', '0.02', '--link-scale', '0.05'];
    child = spawn(process.execPath, [MAIN, ...words, ...more], { stdio: ['pipe', 'pipe', 'inherit'] });
    if (child.stdout === null) throw new Error('no standard output');
    const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
    ({ ready } = JSON.parse(line) as { ready: typeof ready });
  };
  const kill = async (): Promise<void> => {
    if (child === undefined) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
    child = undefined;
  };
  const registered = async (count: number): Promise<void> => {
    while (registrations.length < count) await new Promise((resolve) => setTimeout(resolve, 10));
  };
  const ask = async (code: string, path: string, payload = '', format: number = FORMAT.text): Promise<string> => {
    if (device === undefined) throw new Error('not registered');
    const options = [
      ...uriOptions(path),
      ...(code === METHOD.get ? [uintOption(OPTION.accept, format)] : [uintOption(OPTION.contentFormat, format)]),
    ];
    // A request that is lost altogether is made anew, as a server does.
    let outcome: Outcome;
    do outcome = await server.request(device, code, options, Buffer.from(payload, 'latin1'), 2000);
    while (!outcome.ok);
    return outcome.message.code === '2.05' ? outcome.message.payload.toString() : outcome.message.code;
  };
  const until = async (state: string): Promise<void> => {
    while ((await ask(METHOD.get, '/9/0/7')) !== state) await new Promise((resolve) => setTimeout(resolve, 10));
  };
  const say = async (line: string): Promise<string> => {
    const { port, hostname } = new URL(ready.console);
    const connection = connect(Number(port), hostname);
    connection.write(`${line}\n`);
    const [answer] = (await once(createInterface({ input: connection }), 'line')) as [string];
    connection.destroy();
    return answer;
  };
  const push = (): Promise<string> =>
    ask(METHOD.put, '/9/0/2', makePackage({ kind: 'ok', version: '2.1' }).toString('latin1'), FORMAT.opaque);

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'plumbline-sim-'));
    registrations = [];
    device = undefined;
    udp = await openUdp({ host: '127.0.0.1', port: 0, sink: noSink(), channel: 'coap' });
  });
  afterEach(async () => {
    await kill();
    server?.close();
    await udp.close();
    rmSync(folder, { recursive: true });
  });

  it('registers and keeps what is delivered and installed over SIGKILL', async () => {
    listen(udp);
    await start('--option', `server=coap://127.0.0.1:${udp.local.port}`, '--option', 'endpoint=lamp');
    await registered(1);
    expect(registrations[0]).to.equal('lwm2m=1.1&ep=lamp&lt=300&b=U');
    expect(ready.endpoint).to.equal('lamp');
    expect(await push()).to.equal('2.04');
    await until('3');
    await ask(METHOD.post, '/9/0/4');
    await kill();
    expect(JSON.parse(readFileSync(join(folder, 'state.json'), 'utf8'))).to.have.nested.property('software[0].machine');
    await start('--option', `server=coap://127.0.0.1:${udp.local.port}`);
    await registered(2);
    // The power may have failed before or after the installation, but the package is there.
    if ((await ask(METHOD.get, '/9/0/7')) === '3') await ask(METHOD.post, '/9/0/4');
    await until('4');
    expect(await ask(METHOD.get, '/9/0/1')).to.equal('2.1');
  });
  it('registers over DTLS with a key by reference, also when the server comes late', async () => {
    const port = udp.local.port;
    const key = join(folder, 'key');
    writeFileSync(key, '000102030405060708090a0b0c0d0e0f\n');
    await start(
      '--option',
      `server=coaps://127.0.0.1:${port}`,
      '--option',
      `psk=file:${key}`,
      '--option',
      'identity=me',
    );
    const psk = (identity: Buffer): Buffer | undefined =>
      identity.toString() === 'me' ? Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex') : undefined;
    listen(openDtls({ wire: udp, sink: noSink(), channel: 'coaps', server: { psk } }));
    await registered(1);
    expect(await ask(METHOD.get, '/9/0/7')).to.equal('0');
    expect(ready.iut).to.match(/^coaps:/);
    expect(await say('register')).to.match(/^ok /);
    await registered(2);
    expect(await push()).to.equal('2.04');
    await until('3');
  });
  it('answers on its console', async () => {
    listen(udp);
    await start('--option', `server=coap://127.0.0.1:${udp.local.port}`, '--option', 'instances=4');
    await registered(1);
    while (!(await say('show')).startsWith('ok registered at /rd/1, /9/4 INITIAL (0) INITIAL (0) inactive - -'))
      await new Promise((resolve) => setTimeout(resolve, 10));
    expect(await say('help')).to.match(/^ok show: .*; register: .*; reset: /);
    expect(await say('reset')).to.match(/^ok not registered/);
    await registered(2);
    expect(await say('dance')).to.match(/^error no verb "dance"/);
  });
  it('ends without error when its standard input closes', async () => {
    listen(udp);
    await start('--option', `server=coap://127.0.0.1:${udp.local.port}`);
    if (child === undefined) throw new Error('no process');
    const gone = once(child, 'exit');
    child.stdin?.end();
    expect(await gone).to.deep.equal([0, null]);
    child = undefined;
  });
  it('delivers a package in spite of loss, repetition and reordering', async () => {
    listen(udp);
    const link = ['--loss', '15', '--duplicate', '15', '--reorder', '15', '--delay', '5', '--seed', '3'];
    await start('--option', `server=coap://127.0.0.1:${udp.local.port}`, ...link);
    await registered(1);
    while (!['2.04', '4.05'].includes(await push()));
    await until('3');
  });
  it('ends with a message that names the option, the key or the fault that it cannot use', async () => {
    const wrong: readonly [string[], RegExp][] = [
      [['--option', 'server=http://x'], /--option server: expected coap:\/\//],
      [['--option', 'server=coaps://127.0.0.1:1'], /--option psk: a coaps server needs a key/],
      [
        ['--option', 'server=coaps://127.0.0.1:1', '--option', 'psk=env:NOBODY_SET_IT'],
        /no environment variable NOBODY_SET_IT/,
      ],
      [['--fault', 'no-such'], /--fault: no fault "no-such"/],
    ];
    for (const [more, message] of wrong) {
      child = spawn(process.execPath, [MAIN, 'sim', 'lwm2m', '--state', folder, ...more], {
        stdio: ['pipe', 'ignore', 'pipe'],
      });
      let text = '';
      child.stderr?.on('data', (piece: Buffer) => {
        text += piece.toString();
      });
      expect((await once(child, 'close'))[0]).to.equal(2);
      child = undefined;
      expect(text).to.match(message);
    }
  });
});
