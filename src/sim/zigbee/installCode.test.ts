import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { benchClock, wallNow } from '../../core/clock.ts';
import { BenchError } from '../../core/errors.ts';
import type { Ev } from '../../core/events.ts';
import { openDongle } from '../../link/zigbee/herdsman.ts';
import type { ZigbeeLink } from '../../link/zigbee/link.ts';
import { installCodeOctets } from '../../zigbee/codec/installCode.ts';
import { memoryStore } from '../store.ts';
import { ZigbeeDevice } from './device.ts';
import { options } from './options.ts';
import { memorySlot } from './slot.ts';
import { NETWORK } from './testbench.ts';
import { type DonglePort, openDonglePort } from './znp/port.ts';

const OWN = '83fed3407a939723a5c639b26916d505c3b5';
/** Of another device. */
const FOREIGN = '000102030405060708090a0b0c0d0e0fe913';
const code = (hex: string): Buffer => installCodeOctets(hex) ?? Buffer.alloc(0);

describe('simulated Zigbee node that joins with an install code', () => {
  let folder: string;
  let port: DonglePort;
  let device: ZigbeeDevice;
  let link: ZigbeeLink;
  const events: object[] = [];

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'plumbline-install-'));
    port = await openDonglePort(0);
    device = new ZigbeeDevice({
      options: options({ network: NETWORK, installCode: OWN }),
      behaviour: {},
      clock: benchClock(wallNow(), 0.01),
      seed: 3,
      store: memoryStore(),
      slot: memorySlot(),
      toHost: (octets) => port.write(octets),
    });
    port.serve((frame) => device.command(frame));
    link = await openDongle(`zigbee:zstack:${port.url}`, {
      events: { append: (e) => (events.push(e), { n: 0, ms: 0, ...e }) as Ev },
      stateDir: folder,
      logDir: folder,
      network: NETWORK,
      formNetwork: false,
      nameOf: () => undefined,
    });
  });
  after(async () => {
    await link.close();
    device.powerOff();
    await port.close();
    rmSync(folder, { recursive: true });
  });

  it('is a fault of the bench where the dongle refuses the code', async () => {
    const spoilt = code(OWN);
    spoilt[3] = 0;
    const error: unknown = await link.addInstallCode(device.node.ieee, spoilt).catch((e: unknown) => e);
    expect(error).to.be.instanceOf(BenchError);
    expect(String(error)).to.contain('the dongle takes no install code');
  });
  it('does not join an open network that was not given it, nor with the key of another code', async () => {
    await link.permitJoin(10);
    expect(device.node.member, 'without a code').to.equal(false);
    await link.permitJoin(0);
    await link.addInstallCode(device.node.ieee, code(FOREIGN));
    await link.permitJoin(10);
    expect(device.node.member, 'with another code').to.equal(false);
  });
  it('joins where the dongle was given its code, and the code stands in no event', async () => {
    await link.addInstallCode(device.node.ieee, code(OWN));
    const joined = new Promise<string>((resolve) => link.onDevice((news) => resolve(news.ieee)));
    await link.permitJoin(10);
    expect(await joined).to.equal(device.node.ieee);
    expect(JSON.stringify(events)).to.not.contain(OWN.slice(0, 16));
  });
});
