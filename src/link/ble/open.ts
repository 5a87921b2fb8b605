import type { Peripheral } from '@abandonware/noble';
import { BenchError, InputError, messageOf } from '../../core/errors.ts';
import type { EventSink } from '../../core/events.ts';
import { Adapter, type BleLink } from './adapter.ts';
import { encodeAd, encodeServiceData } from './advert.ts';
import { HciAdapter } from './hciAdapter.ts';
import type { Recording } from './hciPort.ts';
import { loadPlatformNoble, type Noble, poweredOn } from './noble.ts';
import { parseBleUrl } from './url.ts';

export interface BleOptions {
  readonly sink: EventSink;
  /** Channel of the recorded events. */
  readonly channel: string;
  /** For the port, the controller and noble together to become ready; real milliseconds. */
  readonly deadlineMs: number;
}

/** What this process has in use: noble cannot be stopped, so there is one for as long as the process lives. */
interface InUse {
  readonly adapter: Adapter;
  /** Makes a lost port usable again, where that can be done. */
  mend(deadlineMs: number): Promise<void>;
}
let inUse: InUse | undefined;

/**
 * Opens a Bluetooth adapter: `ble:hci0` (kernel), `ble:h4:/dev/ttyACM0?baud=1000000`, `ble:h4:tcp://host:port` (HCI over a
 * byte stream), `ble:default` (macOS and Windows). noble is loaded here and nowhere else. A process has one adapter: opening
 * the same one again records in the new sink, and connects anew where the port was lost. Rejects with a BenchError that names
 * the port.
 */
export async function openBle(url: string, options: BleOptions): Promise<BleLink> {
  const address = parseBleUrl(url);
  const recording = { sink: options.sink, channel: options.channel };
  if (inUse !== undefined) {
    const { adapter } = inUse;
    if (adapter.url !== url) {
      const text = `this process uses ${adapter.url} already, and cannot use a second Bluetooth adapter`;
      throw new BenchError('ble-one', text, { place: { where: url } });
    }
    adapter.record(recording);
    await inUse.mend(options.deadlineMs);
    return adapter;
  }
  if (address.kind === 'platform') {
    const adapter = await platformAdapter(url, recording, options.deadlineMs);
    inUse = { adapter, mend: () => Promise.resolve() };
    return adapter;
  }
  const hci = await HciAdapter.open(url, recording, options.deadlineMs);
  inUse = { adapter: hci.adapter, mend: (deadlineMs) => hci.mend(deadlineMs) };
  return hci.adapter;
}

async function platformAdapter(url: string, recording: Recording, ms: number): Promise<Adapter> {
  if (process.platform !== 'darwin' && process.platform !== 'win32')
    throw new InputError('ble-url', 'only macOS and Windows have it; here it is ble:hci0 or ble:h4:...', {
      place: { where: url },
    });
  let noble: Noble;
  try {
    noble = loadPlatformNoble();
  } catch (e) {
    throw new BenchError('ble-port', `noble cannot use the platform's adapter: ${messageOf(e)}`, {
      place: { where: url },
      cause: e,
    });
  }
  await poweredOn(noble, url, ms);
  const adapter = new Adapter(noble, {
    where: url,
    recording: { now: recording },
    seesPackets: false,
    currentEvent: () => undefined,
  });
  noble.on('discover', (peripheral) => {
    adapter.heard({
      id: peripheral.id,
      address: peripheral.address ?? '',
      random: peripheral.addressType === 'random',
      pdu: peripheral.connectable ? 'ADV_IND' : 'ADV_NONCONN_IND',
      rssi: peripheral.rssi,
      data: rebuilt(peripheral),
    });
  });
  return adapter;
}

/** AD structures of what the platform tells of an advertisement: it keeps the octets to itself. */
function rebuilt({ advertisement }: Peripheral): Buffer {
  const parts: Buffer[] = [];
  for (const { uuid, data } of advertisement.serviceData ?? [])
    if (uuid.length === 4) parts.push(encodeServiceData(Number.parseInt(uuid, 16), data));
  if (advertisement.localName) parts.push(encodeAd(9, Buffer.from(advertisement.localName)));
  return Buffer.concat(parts);
}
