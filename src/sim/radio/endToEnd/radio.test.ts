import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { printError } from '../../../core/errors.ts';
import { needTool } from '../../../core/testing/need.ts';
import { radioPipe } from '../host/pipe.ts';
import { Medium } from '../medium.ts';
import { openRadioServer, type RadioServer } from '../server.ts';
import { realTicks } from '../ticks.ts';
import { type Mirror, mirrorUuid, openMirror } from './mirror.ts';
import { type RemoteCentral, remoteCentral } from './remote.ts';

/** Generous: only a failure waits for so long. */
const LIMIT = 3000;
const { service } = mirrorUuid;
const [INPUT, OUTPUT] = ['2add', '2ade'];

async function failure(promise: Promise<unknown>): Promise<{ code: string; text: string }> {
  try {
    await promise;
  } catch (e) {
    return { code: (e as { code?: string }).code ?? '', text: printError(e) };
  }
  throw new Error('expected a failure');
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
}

describe('noble on the virtual radio', () => {
  const medium = new Medium(realTicks, 1);
  let server: RadioServer;
  let central: RemoteCentral;
  const mirrors: Mirror[] = [];

  const mirror = async (address: string, options: Parameters<typeof openMirror>[2] = {}): Promise<Mirror> => {
    const made = await openMirror(await radioPipe(server.url, LIMIT), address, options);
    mirrors.push(made);
    await made.show();
    return made;
  };
  const meet = async ({ id }: { id: string }): Promise<void> => {
    const found = await central.scan(service, LIMIT);
    expect(found?.id, 'the device that was found').to.equal(id);
    await central.connect(id, LIMIT);
  };
  const discover = (id: string) => central.discover(id, service, LIMIT);

  before(async () => {
    server = await openRadioServer({ medium, host: '127.0.0.1', port: 0 });
    central = remoteCentral();
    await central.open(`ble:h4:${server.url}`, LIMIT);
  });
  afterEach(() => {
    medium.change({ losePercent: 0, delayMs: 0 });
    for (const made of mirrors.splice(0)) made.close();
  });
  after(async () => {
    await central.quit();
    await server.close();
  });

  it('scans, connects, discovers, agrees on an MTU, writes, hears notifications, disconnects, connects again', async () => {
    const device = await mirror('c0:00:00:00:00:01');
    for (const round of ['01', '02']) {
      await meet(device);
      expect(await discover(device.id)).to.deep.equal(['2add writeWithoutResponse', '2ade notify']);
      expect((await central.state(device.id)).mtu).to.equal(69);
      await central.subscribe(device.id, OUTPUT, LIMIT);
      await central.write(device.id, INPUT, [`aabb${round}`, 'cc'.repeat(66)], LIMIT);
      await until(() => device.written.length % 2 === 0 && device.written.at(-2) === `aabb${round}`);
      while ((await central.state(device.id)).heard.length < 2);
      expect((await central.state(device.id)).heard).to.deep.equal([`${round}bbaa`, 'cc'.repeat(66)]);
      await central.disconnect(device.id, LIMIT);
      expect((await central.state(device.id)).ended).to.equal('we ended it');
      await until(() => device.ends.length === Number(round));
      await device.show();
    }
    expect(device.ends).to.deep.equal([0x13, 0x13]);
  });

  it('records adverts, writes and notifications with the HCI packets that carried them', async () => {
    const writes = await central.events('gatt.write');
    expect(writes.map(({ raw, dir }) => [dir, raw?.slice(0, 6)])).to.deep.include(['out', 'aabb01']);
    const hci = new Map((await central.events('hci')).map((event) => [event.n, event]));
    const [notification] = await central.events('gatt.notification');
    expect(hci.get(notification?.via ?? -1)?.raw).to.match(/01bbaa$/);
    const [advert] = await central.events('advert');
    expect(hci.get(advert?.via ?? -1)?.raw).to.contain(advert?.raw);
    expect(advert?.data).to.include({ address: 'c0:00:00:00:00:01', random: true });
  });

  it('gives a capture that tshark decodes without a malformed packet', async function () {
    const folder = mkdtempSync(join(tmpdir(), 'plumbline-'));
    try {
      const path = join(folder, 'radio.pcapng');
      await central.capture(path);
      const args = ['-r', path, '-T', 'fields', '-e', '_ws.malformed', '-e', 'btatt.opcode'];
      const { error, stdout } = spawnSync('tshark', args, { encoding: 'utf8', maxBuffer: 1 << 26 });
      const rows = needTool(this, 'tshark', error === undefined ? stdout : undefined)
        .split('\n')
        .map((row) => row.split('\t'));
      expect(rows.filter(([malformed = '']) => malformed !== '')).to.deep.equal([]);
      const opcodes = new Set(rows.map(([, opcode = '']) => opcode));
      // Exchange MTU, discovery, subscription, write without response, notification.
      expect([...opcodes]).to.include.members(['0x02', '0x03', '0x10', '0x11', '0x08', '0x09', '0x12', '0x52', '0x1b']);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('serves two devices at once', async () => {
    const first = await mirror('c0:00:00:00:00:02');
    await meet(first);
    const second = await mirror('c0:00:00:00:00:03');
    await meet(second);
    for (const { id } of [first, second]) {
      await discover(id);
      await central.subscribe(id, OUTPUT, LIMIT);
    }
    const rows = (octet: string) => Array.from({ length: 20 }, (_, i) => `${octet}${String(i).padStart(2, '0')}`);
    await Promise.all([
      central.write(first.id, INPUT, rows('aa'), LIMIT),
      central.write(second.id, INPUT, rows('bb'), LIMIT),
    ]);
    await until(() => first.written.length === 20 && second.written.length === 20);
    expect(first.written).to.deep.equal(rows('aa'));
    expect(second.written).to.deep.equal(rows('bb'));
    await central.close(LIMIT);
    for (const { id } of [first, second]) expect((await central.state(id)).ended).to.equal('we ended it');
    await central.open(`ble:h4:${server.url}`, LIMIT);
  });

  it('says that the device ended the connection', async () => {
    const device = await mirror('c0:00:00:00:00:04');
    await meet(device);
    await until(() => device.client !== undefined);
    device.client?.disconnect();
    expect(await central.ended(device.id)).to.equal('the device ended it');
  });

  it('notices a device that lost its power by the supervision timeout; what waits then fails', async () => {
    const device = await mirror('c0:00:00:00:00:05');
    await meet(device);
    await discover(device.id);
    device.close();
    const { code, text } = await failure(central.discover(device.id, service, LIMIT));
    expect(code).to.equal('ble-gone');
    expect(text).to.contain('supervision timeout').and.contain(server.url);
    expect((await failure(central.write(device.id, INPUT, ['00'], LIMIT))).code).to.equal('ble-gone');
  });

  it('gives up a device that does not answer, and can connect to it again', async () => {
    let hangs = true;
    const device = await mirror('c0:00:00:00:00:06', { ignores: (pdu) => hangs && pdu[0] === 0x10 });
    await meet(device);
    const { code, text } = await failure(central.discover(device.id, service, 150));
    expect(code).to.equal('ble-deadline');
    expect(text).to.contain('service discovery').and.contain('150 ms');
    const again = central.connect(device.id, LIMIT);
    await until(() => device.ends.length === 1);
    hangs = false;
    await device.show();
    await again;
    expect(await discover(device.id)).to.have.length(2);
    await central.disconnect(device.id, LIMIT);
  });

  it('ends the connection to a device that sends what noble stumbles over, records the octets, and lives on', async () => {
    const device = await mirror('c0:00:00:00:00:0d');
    await meet(device);
    await discover(device.id);
    await device.client?.sendRaw(Buffer.of(0x1b, 0x08));
    expect(await central.ended(device.id)).to.equal('we ended it');
    const [refused] = await central.events('hci.refused');
    expect(refused?.raw).to.match(/020004001b08$/);
    expect(refused?.data?.['reason']).to.contain('noble cannot read this');
    await device.show();
    await meet(device);
    await central.disconnect(device.id, LIMIT);
  });

  it('gives up connecting to a device that is gone, and connects when it is back', async () => {
    const device = await mirror('c0:00:00:00:00:07');
    expect((await central.scan(service, LIMIT))?.id).to.equal(device.id);
    await device.stopAdvertising();
    const { code, text } = await failure(central.connect(device.id, 100));
    expect([code, text]).to.deep.equal([
      'ble-connect',
      `ble:h4:${server.url} ${device.id}: no connection within 100 ms`,
    ]);
    await device.show();
    await central.connect(device.id, LIMIT);
    await central.disconnect(device.id, LIMIT);
  });

  it('finds nobody where nobody advertises the service, without an error', async () => {
    const device = await mirror('c0:00:00:00:00:08');
    await device.beacon(Buffer.from('0200aa', 'hex'), 20);
    expect(await central.scan(service, 100)).to.equal(null);
  });

  it('refuses a write that does not fit the MTU', async () => {
    const device = await mirror('c0:00:00:00:00:09', { mtu: 23 });
    await meet(device);
    await discover(device.id);
    expect(await failure(central.write(device.id, INPUT, ['00'.repeat(21)], LIMIT))).to.deep.equal({
      code: 'ble-write',
      text: '21 octets do not fit an ATT_MTU of 23',
    });
    await central.disconnect(device.id, LIMIT);
  });

  it('loses nothing and keeps the order where a fifth of everything on the air is lost or late', async () => {
    medium.change({ losePercent: 20, delayMs: 5 });
    const device = await mirror('c0:00:00:00:00:0a');
    await meet(device);
    await discover(device.id);
    await central.subscribe(device.id, OUTPUT, LIMIT);
    const sent = Array.from({ length: 60 }, (_, i) => String(i).padStart(4, '0'));
    await central.write(device.id, INPUT, sent, LIMIT);
    await until(() => device.written.length === sent.length);
    expect(device.written).to.deep.equal(sent);
    medium.change({ losePercent: 100 });
    expect(await central.ended(device.id)).to.contain('supervision timeout');
    await until(() => device.ends.length === 1);
    expect(device.ends).to.deep.equal([0x08]);
  });

  it('names the port that was unplugged, and uses it again when it is back', async () => {
    const device = await mirror('c0:00:00:00:00:0b');
    await meet(device);
    const { url } = server;
    const scanning = failure(central.scan(0x1827, LIMIT));
    await server.close();
    // How the system words it depends on what was under way.
    const expected = `ble:h4:${url}: the port is gone: `;
    expect((await scanning).text).to.contain(expected);
    expect(await central.ended(device.id)).to.contain('the port is gone');
    const { code, text } = await failure(central.scan(service, LIMIT));
    expect([code, text.slice(0, expected.length)]).to.deep.equal(['ble-port', expected]);
    server = await openRadioServer({ medium, host: '127.0.0.1', port: Number(url.split(':').at(-1)) });
    await central.open(`ble:h4:${server.url}`, LIMIT);
    await meet(await mirror('c0:00:00:00:00:0c'));
    await central.close(LIMIT);
  });

  it('has room for one adapter only', async () => {
    expect((await failure(central.open('ble:hci0', LIMIT))).code).to.equal('ble-one');
  });
});
