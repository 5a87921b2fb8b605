import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { printError } from '../core/errors.ts';
import { memorySink } from '../core/events.ts';
import { openStream } from '../link/stream.ts';
import { loadRig } from './file.ts';
import { type OpenRig, openRig } from './open.ts';
import { Redactor } from './secret.ts';

/** A device that prints what it was started with, and answers lines on a console of its own. */
const DEVICE = `
const { createServer } = require('node:net');
const s = createServer((c) => c.on('data', (d) => c.write(String(d) + 'uart:~$ \\u001b[32mok ' + process.pid + '\\u001b[0m\\r\\n')));
s.listen(0, '127.0.0.1', () => console.log(JSON.stringify({ ready: {
  iut: 'x://' + process.argv.slice(1).join(' '), console: 'tcp://127.0.0.1:' + s.address().port, state: process.env.PLUMBLINE_STATE } })));
process.stdin.on('end', () => process.exit(0)).resume();`;

describe('resources of a rig', () => {
  let folder = '';
  let rig: OpenRig | undefined;
  const events = memorySink();
  const redactor = new Redactor();
  const prompts: string[] = [];
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'plumbline-resources-'))));
  afterEach(async () => {
    await rig?.close();
    rig = undefined;
    rmSync(folder, { recursive: true });
  });
  const open = async (resources: object, iut: object, more: object = {}): Promise<OpenRig> => {
    const file = join(folder, 'rig.yaml');
    writeFileSync(file, JSON.stringify({ rig: 'r', resources, iut: { FAKE: iut }, ...more }, null, 1));
    rig = await openRig(loadRig(file), {
      stateDir: join(folder, 'state'),
      privateDir: join(folder, 'private'),
      epochMs: 0,
      events,
      redactor,
      prompt: (text) => {
        prompts.push(text);
        return Promise.resolve(' 81307005 ');
      },
    });
    return rig;
  };
  const failure = (part: Promise<unknown>): Promise<string> =>
    part.then(
      () => 'no error',
      (e: unknown) => printError(e),
    );
  const device = { kind: 'process', command: [process.execPath, '-e', DEVICE, '--'], options: { mode: 'slow' } };

  it('start a device in software, off means killed, on means new addresses on the same state', async () => {
    const iut = {
      endpoint: '${device.iut}',
      state: '${device.state}',
      pid: '${device.console}',
      kept: '${rig.state}/ca',
    };
    const on = await open({ device }, iut);
    expect(on.address('FAKE', 'kept')).to.equal(join(folder, 'state', 'ca'));
    expect(on.address('FAKE', 'endpoint')).to.equal('x://--mode slow');
    const first = on.address('FAKE', 'pid');
    await on.power?.off();
    expect(() => on.address('FAKE', 'endpoint')).to.throw(/device does not run: it is switched off/);
    await on.power?.on();
    expect(on.address('FAKE', 'pid')).to.not.equal(first);
    expect(on.address('FAKE', 'state')).to.equal(join(folder, 'state', 'device'));
  });

  it('say why a device in software does not come up, with what it printed', async () => {
    const broken = { ...device, command: [process.execPath, '-e', 'console.error("no radio"); process.exit(3)', '--'] };
    expect(await failure(open({ device: broken }, { endpoint: '${device.iut}' }))).to.match(
      /^device: .*did not come up: it ended with exit code 3\. It printed last:\n {2}no radio/,
    );
    const mute = { ...device, command: [process.execPath, '-e', 'setInterval(() => {}, 1000)', '--'], startS: 0.3 };
    expect(await failure(open({ device: mute }, { endpoint: '${device.iut}' }))).to.match(/no ready line .* in 0\.3 s/);
    const absent = { ...device, command: ['./not-there'] };
    expect(await failure(open({ device: absent }, { endpoint: '${device.iut}' }))).to.match(
      /cannot be started: .*ENOENT/,
    );
  });

  it('reach the device over its console, also after its power was away', async () => {
    const shell = { kind: 'console', url: '${device.console}', ignore: ['^uart:~\\$ *$'] };
    const on = await open({ device, shell }, { endpoint: '${device.iut}' });
    const first = await on.console?.ask('version', 2_000);
    expect(first).to.match(/ok \d+$/);
    await on.power?.off();
    await on.power?.on();
    expect(await on.console?.ask('version', 2_000))
      .to.match(/ok \d+$/)
      .and.not.equal(first);
    const lines = events.events.filter((e) => e.channel === 'console').map((e) => e.data?.['text']);
    expect(lines).to.include('version').and.include(first);
  });

  it('give up on a console that keeps silent, at the deadline', async () => {
    const silent: Server = createServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const at = silent.address();
    const url = `serial:tcp://127.0.0.1:${typeof at === 'object' ? at?.port : ''}`;
    const on = await open({ shell: { kind: 'console', url } }, { endpoint: 'coap://[::1]:1' });
    expect(await failure(on.console?.ask('version', 50) ?? Promise.resolve())).to.equal(
      'shell: no answer to "version" in 50 ms',
    );
    silent.close();
  });

  it('switch power and reset by commands, in the folder of the rig file', async () => {
    const relay = { kind: 'power', by: 'command', on: 'echo on >> relay.log', off: 'echo off >> relay.log' };
    const button = { kind: 'reset', by: 'command', command: 'echo no hand free >&2; exit 4' };
    const on = await open({ relay, button }, { endpoint: 'coap://[::1]:1' });
    await on.power?.off();
    await on.power?.on();
    expect(readFileSync(join(folder, 'relay.log'), 'utf8')).to.equal('off\non\n');
    expect(await failure(on.reset?.reset() ?? Promise.resolve())).to.match(
      /^button: `.*` failed: exit code 4\. no hand free$/,
    );
  });

  it('switch power by lines on a console, which must be answered', async () => {
    const shell = { kind: 'console', url: '${device.console}', ignore: ['^uart:~\\$ *$'] };
    const relay = { kind: 'power', by: 'console', console: 'shell', on: 'power on', off: 'power off', timeoutS: 0.05 };
    const silent: Server = createServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const at = silent.address();
    const deaf = { kind: 'console', url: `serial:tcp://127.0.0.1:${typeof at === 'object' ? at?.port : ''}` };
    const on = await open({ deaf, relay: { ...relay, console: 'deaf' } }, { endpoint: 'coap://[::1]:1' });
    expect(await failure(on.power?.off() ?? Promise.resolve())).to.contain('no answer to "power off" in 50 ms');
    silent.close();
    const use = { power: 'relay' };
    const good = await open(
      { device, shell, relay: { ...relay, timeoutS: 5 } },
      { endpoint: '${device.iut}' },
      { use },
    );
    await good.power?.off();
    await good.power?.on();
    const lines = events.events.filter((e) => e.channel === 'console').map((e) => e.data?.['text']);
    expect(lines).to.include('power off').and.include('power on');
  });

  it('ask a person for a text, which is a secret from then on', async () => {
    const on = await open({}, { endpoint: 'coap://[::1]:1' });
    prompts.length = 0;
    expect(await on.askSecret('the PIN that the device shows', 'otmPin')).to.equal('81307005');
    expect(prompts).to.deep.equal(['Type the PIN that the device shows']);
    expect(redactor.text('PIN 81307005')).to.equal('PIN [redacted otmPin]');
  });

  it('ask a person, where power is switched by hand', async () => {
    const on = await open({ relay: { kind: 'power', by: 'hand', what: 'the lamp' } }, { endpoint: 'coap://[::1]:1' });
    prompts.length = 0;
    await on.power?.off();
    await on.power?.on();
    expect(prompts).to.deep.equal(['Switch the lamp OFF', 'Switch the lamp ON']);
  });

  it('take secrets by reference only, and know them for redaction', async () => {
    writeFileSync(join(folder, 'key.hex'), 'deadbeef01020304\n');
    const on = await open({}, { endpoint: 'coap://[::1]:1', key: 'file:key.hex', other: 'env:NOT_SET_ANYWHERE' });
    expect(on.address('FAKE', 'key')).to.equal('deadbeef01020304');
    expect(redactor.text('key deadbeef01020304, DEADBEEF01020304, 3q2+7wECAwQ=')).to.equal(
      'key [redacted key], [redacted key], [redacted key]',
    );
    expect(() => on.address('FAKE', 'other')).to.throw(/environment variable NOT_SET_ANYWHERE is not set/);
  });

  it('are closed again when a later one fails to open', async () => {
    const shell = { kind: 'console', url: 'tcp://127.0.0.1:1' };
    const said = await failure(open({ device, shell }, { endpoint: '${device.iut}' }));
    expect(said).to.match(/^tcp:\/\/127\.0\.0\.1:1: cannot be opened: .*ECONNREFUSED/);
    expect(existsSync(join(folder, 'private', 'device.log'))).to.equal(true);
  });

  it('name a serial port that is not there', async () => {
    expect(await failure(openStream('serial:/dev/not-there?baud=9600', 100))).to.match(
      /^serial:\/dev\/not-there\?baud=9600: cannot be opened: /,
    );
    expect(await failure(openStream('usb:1', 100))).to.match(/^usb:1: expected serial:/);
  });
});
