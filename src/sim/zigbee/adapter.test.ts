import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { setLogger, Zcl, Zdo } from 'zigbee-herdsman';
import { Adapter } from 'zigbee-herdsman/dist/adapter/adapter.js';
import { benchClock, wallNow } from '../../core/clock.ts';
import { needTool } from '../../core/testing/need.ts';
import { OTA_CLUSTER } from '../../zigbee/codec/numbers.ts';
import { memoryStore, type Store } from '../store.ts';
import { type Saved, ZigbeeDevice } from './device.ts';
import { type Options, options } from './options.ts';
import { memorySlot } from './slot.ts';
import { NETWORK } from './testbench.ts';
import { OTA_ENDPOINT } from './zcl.ts';
import { type DonglePort, openDonglePort } from './znp/port.ts';

const KEY = Array.from({ length: 16 }, (_, i) => i);
const NETWORK_OPTIONS = {
  panID: 0x1a62,
  extendedPanID: [0x00, 0x12, 0x4b, 0, 0, 0, 0, 1],
  channelList: [15],
  networkKey: KEY,
  networkKeyDistribute: false,
};
const quiet = (): void => undefined;

describe('virtual Zigbee dongle under zigbee-herdsman', () => {
  let folder: string;
  let port: DonglePort | undefined;
  let device: ZigbeeDevice;
  let adapter: Adapter | undefined;
  let socat: ChildProcess | undefined;

  const plugIn = async (changes: Partial<Options>, store: Store<Saved> = memoryStore()): Promise<DonglePort> => {
    const opened = await openDonglePort(0);
    port = opened;
    device = new ZigbeeDevice({
      options: options(changes),
      behaviour: {},
      clock: benchClock(wallNow(), 0.01),
      seed: 3,
      store,
      slot: memorySlot(),
      toHost: (octets) => opened.write(octets),
    });
    opened.serve((frame) => device.command(frame));
    return opened;
  };
  const open = async (path: string): Promise<string> => {
    const serial = { path, adapter: 'zstack' as const };
    adapter = await Adapter.create(NETWORK_OPTIONS, serial, join(folder, 'backup.json'), { disableLED: false });
    return adapter.start();
  };
  const stop = async (): Promise<void> => {
    await adapter?.stop();
    adapter = undefined;
    device.powerOff();
    await port?.close();
    port = undefined;
  };
  before(() => setLogger({ debug: quiet, info: quiet, warning: quiet, error: quiet }));
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'plumbline-dongle-'));
  });
  afterEach(async () => {
    await stop();
    socat?.kill();
    rmSync(folder, { recursive: true });
  });

  it('forms a network the first time, lets a node in and out, and keeps the network', async () => {
    const store = memoryStore<Saved>();
    expect(await open((await plugIn({}, store)).url)).to.equal('reset');
    const host = adapter;
    if (host === undefined) throw new Error('no adapter');
    expect(await host.getNetworkParameters()).to.include({
      panID: 0x1a62,
      extendedPanID: '0x00124b0000000001',
      channel: 15,
    });
    expect(device.node.member).to.equal(false);

    const joined = once(host, 'deviceJoined');
    await host.permitJoin(60);
    const [{ networkAddress, ieeeAddr }] = (await joined) as [{ networkAddress: number; ieeeAddr: `0x${string}` }];
    expect(ieeeAddr).to.equal(`0x${device.node.ieee}`);
    expect(networkAddress).to.equal(device.node.address);

    const ask = async (clusterId: Zdo.ClusterId, payload: Buffer): Promise<unknown> => {
      // The library waits for the answer to an IEEE address request under a wrong name: answers are taken as they come.
      const answered = new Promise<[number, unknown]>((resolve) => {
        const listen = (cluster: number, response: unknown): void => {
          if (cluster !== (clusterId | 0x8000)) return;
          host.off('zdoResponse', listen);
          resolve(response as [number, unknown]);
        };
        host.on('zdoResponse', listen);
      });
      await host.sendZdo(ieeeAddr, networkAddress, clusterId as Zdo.ClusterId.NODE_DESCRIPTOR_REQUEST, payload, true);
      const [status, content] = await answered;
      expect(status).to.equal(Zdo.Status.SUCCESS);
      return content;
    };
    const { ClusterId, Buffalo } = Zdo;
    const endpoints = ClusterId.ACTIVE_ENDPOINTS_REQUEST;
    expect(await ask(endpoints, Buffalo.buildRequest(false, endpoints, networkAddress))).to.deep.include({
      endpointList: [OTA_ENDPOINT],
    });
    const simple = ClusterId.SIMPLE_DESCRIPTOR_REQUEST;
    expect(await ask(simple, Buffalo.buildRequest(false, simple, networkAddress, OTA_ENDPOINT))).to.deep.include({
      profileId: 0x0104,
      inClusterList: [0],
      outClusterList: [OTA_CLUSTER],
    });
    const descriptor = ClusterId.NODE_DESCRIPTOR_REQUEST;
    expect(await ask(descriptor, Buffalo.buildRequest(false, descriptor, networkAddress))).to.deep.include({
      manufacturerCode: 0x1234,
    });
    const match = ClusterId.MATCH_DESCRIPTORS_REQUEST;
    const asked = Buffalo.buildRequest(false, match, networkAddress, 0x0104, [], [OTA_CLUSTER]);
    expect(await ask(match, asked)).to.deep.include({ endpointList: [OTA_ENDPOINT] });
    const address = ClusterId.IEEE_ADDRESS_REQUEST;
    expect(await ask(address, Buffalo.buildRequest(false, address, networkAddress, false, 0))).to.deep.include({
      eui64: ieeeAddr,
    });
    expect(await host.supportsBackup()).to.equal(true);
    const backup = await host.backup([]);
    expect(backup.devices.map(({ networkAddress: of }) => of)).to.deep.equal([networkAddress]);

    await stop();
    expect(await open((await plugIn({}, store)).url)).to.equal('resumed');
    expect(device.node.member).to.equal(true);
    const left = once(adapter ?? host, 'deviceLeave');
    const leave = ClusterId.LEAVE_REQUEST;
    await adapter?.sendZdo(ieeeAddr, networkAddress, leave, Buffalo.buildRequest(false, leave, ieeeAddr, 0), true);
    expect(((await left) as [{ ieeeAddr: string }])[0].ieeeAddr).to.equal(ieeeAddr);
    expect(device.node.member).to.equal(false);
  });

  it('carries frames both ways over a serial port, a block of 223 octets among them', async function () {
    const found = spawnSync('socat', ['-V'], { stdio: 'ignore' }).error === undefined ? 'socat' : undefined;
    needTool(this, 'socat', found);
    const { url } = await plugIn({ network: NETWORK, joined: 'yes' });
    const path = join(folder, 'dongle');
    const tcp = url.replace('tcp://', 'tcp:');
    socat = spawn('socat', [`pty,raw,echo=0,link=${path}`, `${tcp},nodelay`], { stdio: 'inherit' });
    while (!existsSync(path)) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(await open(path)).to.equal('resumed');
    const host = adapter;
    if (host === undefined) throw new Error('no adapter');
    const { address, ieee } = device.node;
    const read = Zcl.Frame.create(
      Zcl.FrameType.GLOBAL,
      Zcl.Direction.SERVER_TO_CLIENT,
      true,
      undefined,
      9,
      'read',
      OTA_CLUSTER,
      [{ attrId: 6 }],
      {},
    );
    const answer = await host.sendZclFrameToEndpoint(
      `0x${ieee}`,
      address,
      OTA_ENDPOINT,
      read,
      2000,
      false,
      true,
      undefined,
      undefined,
    );
    expect(answer?.data.toString('hex')).to.equal('1009010600003000');
    const large = once(host, 'zclPayload');
    device.node.send({
      sourceEndpoint: OTA_ENDPOINT,
      to: { address: 0 },
      endpoint: 1,
      profile: 0x0104,
      cluster: OTA_CLUSTER,
      data: Buffer.alloc(240, 7),
    });
    expect(((await large) as [{ data: Buffer }])[0].data).to.deep.equal(Buffer.alloc(240, 7));
  });
});
