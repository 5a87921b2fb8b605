import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import type * as Herdsman from 'zigbee-herdsman';
import type { Adapter } from 'zigbee-herdsman/dist/adapter/index.js';
import { BenchError, messageOf } from '../../core/errors.ts';
import type { Ev, EventSink } from '../../core/events.ts';
import { keepNetwork } from './forming.ts';
import {
  type Arrival,
  BROADCAST,
  type Confirmed,
  type DeviceNews,
  isBroadcast,
  type NetworkSeen,
  ZIGBEE_EVENT,
  type ZigbeeLink,
} from './link.ts';
import { reach, within } from './reach.ts';
import { BACKUP_FILE, networkOf, type NetworkSettings } from './network.ts';
import { type DongleAddress, parseZigbeeUrl } from './url.ts';

export interface DongleOptions {
  readonly events: EventSink;
  /** Folder of the rig: the network and the dongle's backup are kept there. */
  readonly stateDir: string;
  /** Private folder of the run, for the log of the adapter library. */
  readonly logDir: string;
  /** `PAN/EXTENDED-PAN/KEY/CHANNEL`; without it the rig keeps one of its own. */
  readonly network?: string;
  /** Whether the dongle may give up the network that it has and form that of the rig. */
  readonly formNetwork: boolean;
  /** How long the dongle may take to start, real milliseconds; a minute unless told. */
  readonly startMs?: number;
  /** What events call a node, by its address or EUI-64; undefined for nodes that are of no interest. */
  nameOf(node: { readonly address?: number | undefined; readonly ieee?: string }): string | undefined;
}

/** How long the dongle may take to confirm a frame; real milliseconds. */
const CONFIRM_MS = 10_000;
/** Forming a network and restoring a backup take the slowest family half of it. */
const START_MS = 60_000;
/** How long a dongle that failed may take to be given up. */
const STOP_MS = 5_000;
const SECURED_PROFILE = 0x0104;
const SEPARATOR = /^0x/;

/** The frame as adapters want it: they read these members and no others. */
function frameOf(cluster: number, octets: Buffer): never {
  const frame = {
    cluster: { ID: cluster },
    command: {},
    header: { transactionSequenceNumber: octets[1] ?? 0, frameControl: { disableDefaultResponse: true, frameType: 0 } },
    toBuffer: () => octets,
  };
  return frame as never;
}

function networkOptions({ panId, extendedPanId, channel, key }: NetworkSettings) {
  const octets = (hex: string): number[] => [...Buffer.from(hex, 'hex')];
  return {
    panID: panId,
    extendedPanID: octets(extendedPanId),
    channelList: [channel],
    networkKey: octets(key),
    networkKeyDistribute: false,
  };
}

/** Logs of the library go into a file of the run: standard output belongs to the run's own messages. */
function divertLog(herdsman: typeof Herdsman, file: string): void {
  const line =
    (level: string) =>
    (message: string | (() => string), namespace: string): void => {
      const text = typeof message === 'function' ? message() : message;
      try {
        appendFileSync(file, `${new Date().toISOString()} ${level} ${namespace}: ${text}\n`);
      } catch {
        // No evidence rests on the library's words; thrown into its handlers, a full disk would end the run.
      }
    };
  const quiet = (): void => undefined;
  herdsman.setLogger({ debug: quiet, info: line('info'), warning: line('warning'), error: line('error') });
}

/** The library's adapter for this kind of dongle, which has not been talked to yet. */
export async function makeAdapter(
  { kind, path, baudRate, rtscts }: DongleAddress,
  network: NetworkSettings,
  stateDir: string,
): Promise<Adapter> {
  const { Adapter } = await import('zigbee-herdsman/dist/adapter/index.js');
  const serial = {
    path,
    adapter: kind,
    ...(baudRate === undefined ? {} : { baudRate }),
    ...(rtscts === undefined ? {} : { rtscts }),
  };
  const made = await Adapter.create(networkOptions(network), serial, join(stateDir, BACKUP_FILE), {
    disableLED: false,
  });
  settle(made);
  return made;
}

/** The deCONZ driver hands its listener for a closed socket over without itself (10.9.5): what it throws then would end the run. */
function settle(adapter: Adapter): void {
  const { driver } = adapter as unknown as { driver?: { onPortClose?: (error?: unknown) => void } };
  if (driver?.onPortClose !== undefined) driver.onPortClose = driver.onPortClose.bind(driver);
}

async function started(
  address: DongleAddress,
  url: string,
  options: DongleOptions,
): Promise<{ adapter: Adapter; herdsman: typeof Herdsman }> {
  const fail = (e: unknown): BenchError =>
    e instanceof BenchError
      ? e
      : new BenchError('zigbee-dongle', `the dongle cannot be used: ${messageOf(e)}`, {
          place: { where: url },
          cause: e,
        });
  // Loaded only now: it brings the serial driver along.
  const herdsman = await import('zigbee-herdsman').catch((e: unknown) => {
    throw fail(e);
  });
  divertLog(herdsman, join(options.logDir, 'zigbee-dongle.log'));
  const settings = networkOf(options.stateDir, options.network);
  let adapter: Adapter | undefined;
  let release = (): void => undefined;
  const { startMs = START_MS } = options;
  const late = (): BenchError =>
    new BenchError(
      'zigbee-dongle',
      `no ${address.kind} dongle answered there within ${startMs / 1000} s; compare the kind in the URL, baud rate and flow control, and see that no other program has the port`,
      { place: { where: url } },
    );
  try {
    await reach(address, url);
    const made = await makeAdapter(address, settings, options.stateDir);
    adapter = made;
    if (!options.formNetwork) release = await keepNetwork(address.kind, made, url);
    const seen = await within(
      made.start().then(() => made.getNetworkParameters()),
      startMs,
      late,
    );
    if (seen.panID !== settings.panId)
      throw new BenchError(
        'zigbee-network',
        `the dongle is in network 0x${seen.panID.toString(16)}, expected 0x${settings.panId.toString(16)}`,
        { place: { where: url } },
      );
    return { adapter: made, herdsman };
  } catch (e) {
    if (adapter !== undefined) await within(adapter.stop(), STOP_MS, late).catch(() => undefined);
    throw fail(e);
  } finally {
    release();
  }
}

/** Opens a dongle by name: `zigbee:zstack:/dev/ttyUSB0`, `zigbee:ember:tcp://host:port`. Rejects with InputError for the name, BenchError for the dongle. */
export async function openDongle(url: string, options: DongleOptions): Promise<ZigbeeLink> {
  const address = parseZigbeeUrl(url);
  const { adapter, herdsman } = await started(address, url, options);
  const { Zdo } = herdsman;
  const { events } = options;
  const arrivals = new Set<(arrival: Arrival) => void>();
  const news = new Set<(news: DeviceNews) => void>();
  let gone = false;

  const bare = (ieee: string | undefined): string => (ieee ?? '').replace(SEPARATOR, '').toLowerCase();
  const tell = (what: DeviceNews['what'], ieee: string | undefined, at: number | undefined): void => {
    const peer = options.nameOf({ ieee: bare(ieee), address: at });
    const data = { what, ieee: bare(ieee), address: at ?? null, ...(peer === undefined ? {} : { peer }) };
    const event = events.append({ channel: 'zigbee', type: ZIGBEE_EVENT.device, dir: 'in', data });
    for (const listener of news) listener({ what, ieee: data.ieee, address: at, event });
  };
  adapter.on('zclPayload', (payload) => {
    const from = Number(payload.address);
    const { endpoint: fromEndpoint, destinationEndpoint: toEndpoint, clusterID: cluster, data: octets } = payload;
    const broadcast = payload.wasBroadcast;
    const peer = options.nameOf({ address: from });
    const about = { address: from, endpoint: fromEndpoint, to: toEndpoint, cluster, broadcast };
    const data = { ...about, ...(peer === undefined ? {} : { peer }) };
    const event = events.append({ channel: 'zigbee', type: ZIGBEE_EVENT.frame, dir: 'in', raw: octets, data });
    for (const listener of arrivals) listener({ from, fromEndpoint, toEndpoint, cluster, broadcast, octets, event });
  });
  adapter.on('deviceJoined', ({ ieeeAddr, networkAddress }) => tell('joined', ieeeAddr, networkAddress));
  adapter.on('deviceLeave', ({ ieeeAddr, networkAddress }) => tell('left', ieeeAddr, networkAddress));
  adapter.on('zdoResponse', (cluster, response) => {
    if (cluster !== Zdo.ClusterId.END_DEVICE_ANNOUNCE || !Zdo.Buffalo.checkStatus(response)) return;
    const announced = response[1] as { eui64: string; nwkAddress: number };
    tell('announced', announced.eui64, announced.nwkAddress);
  });
  adapter.on('disconnected', () => {
    gone = true;
    events.append({ channel: 'zigbee', type: 'zigbee.dongle-gone', data: {} });
  });

  const present = (): void => {
    if (gone) throw new BenchError('zigbee-dongle', 'the dongle is gone', { place: { where: url } });
  };
  /** A question to the management part of a node; undefined where it does not answer. */
  const ask = async <R>(what: string, about: number, question: () => Promise<unknown>): Promise<R | undefined> => {
    present();
    const event = events.append({
      channel: 'zigbee',
      type: ZIGBEE_EVENT.zdo,
      dir: 'out',
      data: { what, address: about },
    });
    const answered = (data: NonNullable<Ev['data']>): void =>
      void events.append({ channel: 'zigbee', type: ZIGBEE_EVENT.zdo, dir: 'in', via: event.n, data });
    try {
      const [status, value] = (await question()) as [number, R | undefined];
      answered({ what, address: about, status });
      return status === 0 ? value : undefined;
    } catch (e) {
      present();
      answered({ what, address: about, status: null, why: messageOf(e) });
      return undefined;
    }
  };
  const { panID: panId, extendedPanID: extendedPanId, channel } = await adapter.getNetworkParameters();
  const network: NetworkSeen = { panId, extendedPanId: bare(extendedPanId), channel };

  const confirmed = (event: Ev, delivered: boolean, why?: string): Confirmed => {
    const data = { delivered, ...(why === undefined ? {} : { why }) };
    events.append({ channel: 'zigbee', type: ZIGBEE_EVENT.confirm, dir: 'in', via: event.n, data });
    return { delivered, event };
  };

  return {
    ieee: bare(await adapter.getCoordinatorIEEE()),
    network,
    onArrival(listener) {
      arrivals.add(listener);
      return () => arrivals.delete(listener);
    },
    onDevice(listener) {
      news.add(listener);
      return () => news.delete(listener);
    },
    async send(to, octets, note) {
      present();
      const { address: target, endpoint, cluster, fromEndpoint } = to;
      const frame = frameOf(cluster, Buffer.from(octets));
      const data = { address: target, endpoint, from: fromEndpoint, cluster, ...(note === undefined ? {} : { note }) };
      const broadcast = isBroadcast(target);
      // Handed over first: writing the log must not hold the frame up.
      const sending = broadcast
        ? adapter.sendZclFrameToAll(endpoint, frame, fromEndpoint, target, SECURED_PROFILE)
        : adapter.sendZclFrameToEndpoint(
            `0x${to.ieee ?? ''}`,
            target,
            endpoint,
            frame,
            CONFIRM_MS,
            true,
            true,
            fromEndpoint,
            SECURED_PROFILE,
          );
      const event = events.append({
        channel: 'zigbee',
        type: ZIGBEE_EVENT.frame,
        dir: 'out',
        raw: octets,
        data: { ...data, broadcast },
      });
      try {
        await sending;
        return confirmed(event, true);
      } catch (e) {
        present();
        return confirmed(event, false, messageOf(e));
      }
    },
    permitJoin: async (seconds) => {
      present();
      await adapter.permitJoin(seconds);
    },
    async addInstallCode(ieee, code) {
      present();
      const event = events.append({
        channel: 'zigbee',
        type: ZIGBEE_EVENT.zdo,
        dir: 'out',
        data: { what: 'install code' },
      });
      try {
        await adapter.addInstallCode(`0x${ieee}`, code, false);
      } catch (e) {
        throw new BenchError('zigbee-install-code', `the dongle takes no install code: ${messageOf(e)}`, {
          place: { where: url },
          cause: e,
        });
      }
      events.append({
        channel: 'zigbee',
        type: ZIGBEE_EVENT.zdo,
        dir: 'in',
        via: event.n,
        data: { what: 'install code' },
      });
    },
    async addressOf(ieee) {
      const cluster = Zdo.ClusterId.NETWORK_ADDRESS_REQUEST;
      const target = `0x${ieee}` as const;
      const request = Zdo.Buffalo.buildRequest(adapter.hasZdoMessageOverhead, cluster, target, false, 0);
      const answer = await ask<{ nwkAddress: number }>('network address', BROADCAST.AWAKE, () =>
        adapter.sendZdo(target, BROADCAST.AWAKE, cluster, request, false),
      );
      return answer?.nwkAddress;
    },
    async describe(ieee, target, endpoint) {
      const cluster = Zdo.ClusterId.SIMPLE_DESCRIPTOR_REQUEST;
      const request = Zdo.Buffalo.buildRequest(adapter.hasZdoMessageOverhead, cluster, target, endpoint);
      const answer = await ask<{
        profileId: number;
        deviceId: number;
        inClusterList: number[];
        outClusterList: number[];
      }>(`simple descriptor of endpoint ${endpoint}`, target, () =>
        adapter.sendZdo(`0x${ieee}`, target, cluster, request, false),
      );
      if (answer === undefined) return undefined;
      const { profileId: profile, deviceId, inClusterList: inputClusters, outClusterList: outputClusters } = answer;
      events.append({
        channel: 'zigbee',
        type: ZIGBEE_EVENT.zdo,
        data: { what: 'endpoint', endpoint, profile, deviceId, inputClusters, outputClusters },
      });
      return { profile, deviceId, inputClusters, outputClusters };
    },
    async expel(ieee, target) {
      const cluster = Zdo.ClusterId.LEAVE_REQUEST;
      const request = Zdo.Buffalo.buildRequest(adapter.hasZdoMessageOverhead, cluster, `0x${ieee}`, 0);
      const before = gone;
      const answer = await ask<object>('leave', target, async () => {
        const answer = await adapter.sendZdo(`0x${ieee}`, target, cluster, request, false);
        return [answer[0], {}];
      });
      return !before && answer !== undefined;
    },
    async close() {
      gone = true;
      await adapter.stop().catch(() => undefined);
    },
  };
}
