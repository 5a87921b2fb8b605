import { readFileSync } from 'node:fs';
import type { Characteristic, Peripheral } from '@abandonware/noble';
import { H4Framer } from '../../../link/ble/h4.ts';
import { loadNobleOn, poweredOn } from '../../../link/ble/noble.ts';
import { openStream } from '../../../link/stream.ts';

/**
 * A process that writes octets to a characteristic with nothing but noble, as fast as noble takes them. Arguments: the radio's
 * `tcp://` name, service, characteristic, and a file with the values as a JSON list of hex.
 */
const [url = '', service = '', characteristic = '', file = ''] = process.argv.slice(2);
const values = (JSON.parse(readFileSync(file, 'utf8')) as string[]).map((value) => Buffer.from(value, 'hex'));

const stream = await openStream(url, 5000);
const { noble, socket } = loadNobleOn({
  write: (packet) => void stream.write(packet),
  filter: () => undefined,
  isUp: () => true,
});
const framer = new H4Framer({ packet: (packet) => void socket.emit('data', packet), problem: () => undefined });
stream.on('data', (chunk: Buffer) => framer.push(chunk));
stream.on('close', () => process.exit(1));

await poweredOn(noble, url, 5000);
const peripheral = await new Promise<Peripheral>((resolve) => {
  noble.on('discover', resolve);
  noble.startScanning([service], true, () => undefined);
});
noble.stopScanning();
await peripheral.connectAsync();
const { characteristics } = await peripheral.discoverSomeServicesAndCharacteristicsAsync([service], [characteristic]);
const [input] = characteristics as [Characteristic];
for (const value of values) await input.writeAsync(value, true);
// What noble has queued leaves in the pace of the link; the parent ends this process when all has arrived.
