import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { benchClock } from '../../core/clock.ts';
import { memorySink } from '../../core/events.ts';
import { ixitOf } from '../../core/ixit.ts';
import { logOf } from '../../core/log.ts';
import type { Bench } from '../../core/standard.ts';
import { timingOf } from '../../core/timing.ts';
import { type Device, openDevice } from '../device.ts';
import { OCF_TIMING } from '../timing.ts';
import { ownerPsk, pinPsk } from './keys.ts';
import { modesRead } from './kinds.ts';
import { type PlayedDevice, type PlayedOptions, playDevice } from './played.ts';
import { readDoxm, readPstat } from './resources.ts';
import { OWNER_FILE } from './store.ts';
import { decodeCbor, isCborMap } from '../codec/cbor.ts';

const SECURITY = 'OCFSWU 8/1';
const BY_PIN = 'OCFSWU 9/2';
const SYMMETRIC = 'OCFSWU 9/4';

describe('OCF keys', () => {
  it('the owner PSK is the one that a device took', () => {
    const block =
      '0a78e5ed3c3d78ffa65a5297a8c350b546c158bed633f8960396824b6188c8d431697173df564572e968e51399b26b7bee61a9d257d6b502d7ac66b80c1060e7d023322031408e3d27a28e16bc13b248f934b175db23087e9fb136a970fdcea3';
    const key = ownerPsk(
      'justWorks',
      Buffer.from(block, 'hex'),
      '11111111-2222-4333-8444-555555555555',
      'a0a1a2a3-a4a5-46a7-88a9-aaabacadaeaf',
    );
    expect(key.toString('hex')).to.equal('c432bfd176c0eb799b16749a0674b4da');
  });
  it('the key by PIN is the one that a device took', () => {
    const key = pinPsk('81307005', '3e031161-e7d3-4fc3-4c7f-ca2a38b02b75');
    expect(key.toString('hex')).to.equal('f841ba96eb055ceec4fdc3739ea23929');
  });
});

describe('OCF security resources', () => {
  const map = (hex: string): Parameters<typeof readDoxm>[0] => {
    const decoded = decodeCbor(Buffer.from(hex, 'hex'));
    return decoded.ok && isCborMap(decoded.value) ? decoded.value : {};
  };
  it('doxm of an unowned device, as one sent it', () => {
    const doxm = map(
      'bf646f786d738100666f786d73656c046373637409656f776e6564f46c6465766f776e657275756964782430303030303030302d303030302d303030302d303030302d3030303030303030303030306a64657669636575756964782461313136363231322d316563342d346437332d346233652d3337346135316637356561336a726f776e657275756964782430303030303030302d303030302d303030302d303030302d303030303030303030303030ff',
    );
    expect(readDoxm(doxm)).to.deep.equal({
      oxms: [0],
      owned: false,
      deviceUuid: 'a1166212-1ec4-4d73-4b3e-374a51f75ea3',
      ownerUuid: '00000000-0000-0000-0000-000000000000',
    });
  });
  it('pstat of a device that knows of a newer version, as one sent it', () => {
    const pstat = map(
      'bf63646f73bf6170f4617303ff62636d19010062746d00626f6d0362736d046469736f70f56a726f776e657275756964782431313131313131312d323232322d343333332d383434342d353535353535353535353535ff',
    );
    expect(readPstat(pstat)).to.deep.equal({ state: 3, cm: 256, tm: 0, operational: true });
  });
  it('what is missing or of another type is undefined', () => {
    expect(readPstat({ cm: '256', dos: 3 })).to.deep.equal({
      state: undefined,
      cm: undefined,
      tm: undefined,
      operational: undefined,
    });
    expect(readDoxm({}).oxms).to.deep.equal([]);
  });
});

describe('OCF owner transfer', () => {
  let folder: string;
  let played: PlayedDevice;
  const opened: Device[] = [];
  const sink = memorySink();

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'plumbline-owner-'));
  });
  afterEach(async () => {
    for (const device of opened.splice(0)) await device.close();
    await played.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function open(
    entries: Record<string, string> = {},
    declared: readonly string[] = [],
    person?: (what: string) => Promise<string>,
  ): Promise<Device> {
    const ixit = ixitOf({});
    const rig: Record<string, string> = { iut: played.url, ...entries };
    const items = declared.length > 0 ? declared : ['OCFSWU 9/1', SYMMETRIC];
    const bench: Bench = {
      events: sink,
      clock: benchClock(0, 1, () => 0),
      // Short waits: nothing here is scaled for a real clock.
      timing: timingOf(OCF_TIMING, ixit, { protocol: 0.001, link: 0.01 }),
      ixit,
      policies: {},
      declared: (item) => item === SECURITY || items.includes(item),
      address: (name) => rig[name] ?? '',
      has: (name) => rig[name] !== undefined,
      ...(person === undefined ? {} : { askSecret: person }),
      stateDir: folder,
      privateDir: folder,
    };
    const device = await openDevice(bench);
    opened.push(device);
    return device;
  }
  const play = async (options?: PlayedOptions): Promise<void> => {
    played = await playDevice(options);
  };
  const failing = async (work: Promise<unknown>): Promise<string> => {
    try {
      await work;
    } catch (e) {
      return e instanceof Error ? `${'code' in e ? String(e.code) : ''}: ${e.message}` : '';
    }
    return 'no error';
  };
  const read = (device: Device, label: string): Promise<unknown> =>
    device.ask('GET', { path: '/oic/sec/pstat', subject: 'pstat', label });

  it('takes an unowned device over by Just Works and comes back as its owner', async () => {
    await play();
    await read(await open(), 'taken');
    expect(logOf(sink.events, 1).last(modesRead('taken'))).to.include({ state: 3, operational: true });
    expect(played.doxm).to.include({ owned: true, oxmsel: 0 });
    expect(played.asked.filter((a) => a.startsWith('clear POST'))).to.deep.equal(['clear POST /oic/sec/doxm']);
  });

  it('comes back with the key of the store in a later run, without another transfer', async () => {
    await play();
    await (await open()).target();
    const before = played.asked.length;
    await read(await open(), 'later');
    expect(logOf(sink.events, 1).last(modesRead('later'))).to.include({ state: 3 });
    expect(played.asked.slice(before)).to.not.include('clear POST /oic/sec/doxm');
  });

  it('keeps the key for the user alone, and writes it to no event', async () => {
    await play();
    await (await open()).target();
    const file = join(folder, OWNER_FILE);
    expect(statSync(file).mode & 0o077).to.equal(0);
    const { owned } = JSON.parse(readFileSync(file, 'utf8')) as { owned: Record<string, string> };
    const keys = Object.values(owned);
    expect(keys).to.have.lengthOf(1);
    for (const key of keys) expect(JSON.stringify(sink.events)).to.not.include(key);
  });

  it('gives the device the id that the rig names', async () => {
    await play();
    const deviceUuid = '12345678-1234-4234-8234-123456789abc';
    await (await open({ deviceUuid })).target();
    expect(played.doxm['deviceuuid']).to.equal(deviceUuid);
  });

  it('takes over by PIN, from the rig', async () => {
    await play({ oxms: [1], pin: '81307005' });
    await (await open({ otmPin: '81307005' }, [BY_PIN, SYMMETRIC])).target();
    expect(played.doxm).to.include({ owned: true, oxmsel: 1 });
  });

  it('takes over by the PIN that the person at the bench types, where the rig does not tell it', async () => {
    await play({ oxms: [1], pin: '81307005' });
    const asked: string[] = [];
    const person = (what: string): Promise<string> => {
      asked.push(what);
      return Promise.resolve('81307005');
    };
    await (await open({}, [BY_PIN, SYMMETRIC], person)).target();
    expect(played.doxm).to.include({ owned: true, oxmsel: 1 });
    expect(asked).to.deep.equal(['the PIN that the device shows']);
  });

  it('names the ways to a PIN where nobody can be asked, or nothing is typed', async () => {
    await play({ oxms: [1], pin: '81307005' });
    const items = [BY_PIN, SYMMETRIC];
    const ways = /^otm-pin: .*otmPin .*otmPinLine .*a person who types it: /;
    expect(await failing((await open({}, items)).target()))
      .to.match(ways)
      .and.contain('nobody can be asked');
    const silent = (): Promise<string> => Promise.resolve('');
    expect(await failing((await open({}, items, silent)).target()))
      .to.match(ways)
      .and.contain('nothing was typed');
  });

  it('takes no device over with which it could not come back: certificates in normal operation', async () => {
    await play();
    expect(await failing((await open({}, ['OCFSWU 9/1', 'OCFSWU 9/5'])).target())).to.match(
      /^ocf-credentials: .*OCFSWU 9\/4.*docs\/recipes\/ocf-security\.md/,
    );
    expect(played.doxm['owned']).to.equal(false);
  });

  it('reads the security profile once', async () => {
    await play();
    const device = await open();
    await device.target();
    device.unsettle();
    await device.target();
    expect(played.asked.filter((a) => a.endsWith('/oic/sec/sp'))).to.deep.equal(['coaps GET /oic/sec/sp']);
  });

  it('says that the PIN may be wrong', async () => {
    await play({ oxms: [1], pin: '81307005' });
    const wrong = await failing((await open({ otmPin: '81307006' }, [BY_PIN, SYMMETRIC])).target());
    expect(wrong).to.match(/^ocf-transfer: .*the PIN may be wrong/s);
  });

  it('names the methods where none is in common', async () => {
    await play({ oxms: [2] });
    expect(await failing((await open()).target())).to.match(
      /^otm-method: .*declared justWorks .*the device offers certificate/,
    );
  });

  it('names the step that the device refuses', async () => {
    await play({ refuses: { path: '/oic/sec/cred', code: '4.00' } });
    expect(await failing((await open()).target())).to.match(
      /^ocf-owning: make the owner's credential \(\/oic\/sec\/cred\): expected success, 2\.xx, observed 4\.00/,
    );
  });

  it('names the way back where the key is lost', async () => {
    await play();
    await (await open()).target();
    rmSync(join(folder, OWNER_FILE));
    expect(await failing((await open()).target())).to.match(/^owner-key: .*docs\/recipes\/ocf-security\.md/);
  });

  it('names the way back where another tool has taken the device over', async () => {
    await play();
    await (await open()).target();
    played.changeKey(Buffer.alloc(16, 1));
    expect(await failing((await open()).target())).to.match(
      /^owner-key: .*taken over by another tool.*docs\/recipes\/ocf-security\.md/s,
    );
  });

  it('takes a device over anew that was reset', async () => {
    await play();
    const device = await open();
    await device.target();
    played.reset('dddddddd-1111-4222-8333-bbbbbbbbbbbb');
    device.unsettle();
    await read(device, 'reset');
    expect(logOf(sink.events, 1).last(modesRead('reset'))).to.include({ state: 3 });
  });

  it('brings a device back to normal operation that was left in provisioning', async () => {
    await play();
    const device = await open();
    await device.target();
    Object.assign(played.pstat, { dos: { s: 2, p: false } });
    device.unsettle();
    await read(device, 'provisioning');
    expect(logOf(sink.events, 1).last(modesRead('provisioning'))).to.include({ state: 3 });
  });

  it('lets itself in again after it took its entry out, in the same run or a later one', async () => {
    await play();
    const device = await open();
    const code = async (by: Device): Promise<string> => {
      const outcome = await by.request('GET', { subject: 'swu' });
      return outcome.kind === 'reply' ? outcome.code : outcome.kind;
    };
    expect(await code(device)).to.equal('2.05');
    await device.bar();
    expect(await code(device)).to.equal('4.01');
    device.unsettle();
    expect(await code(device)).to.equal('2.05');
    await device.bar();
    expect(await code(await open()), 'in a later run').to.equal('2.05');
  });

  it('ends an observation also after a silence has ended the association', async () => {
    await play();
    const device = await open();
    const observation = await device.watchOther({ path: '/oic/sec/pstat', subject: 'pstat' });
    device.first.dtls?.forget((await device.target()).peer);
    expect(await observation?.cancel('request')).to.include({ kind: 'reply', code: '2.05' });
  });

  it('names the file where the store cannot be read, and nothing of what is in it', async () => {
    await play();
    writeFileSync(join(folder, OWNER_FILE), '{"tester":"secret"');
    const said = await failing(open());
    expect(said).to.match(/^owner-store: /);
    expect(said).to.not.include('secret');
  });
});
