import { encodeServiceData } from '../../../link/ble/advert.ts';
import { type GattClient, openPeripheral, type Peripheral, type PeripheralOptions } from '../host/peripheral.ts';
import type { H4Pipe } from '../host/pipe.ts';

/** Service and characteristics of the mirror: those of a mesh proxy. */
export const mirrorUuid = { service: 0x1828, input: 0x2add, output: 0x2ade } as const;

/** A device that notifies back what is written to it, octets reversed. */
export interface Mirror extends Peripheral {
  readonly id: string;
  /** Everything written, in order, as hex. */
  readonly written: readonly string[];
  readonly client: GattClient | undefined;
  readonly ends: readonly number[];
  show(intervalMs?: number): Promise<void>;
}

/** Puts a mirror on the radio; the service data of what it shows is its address. */
export async function openMirror(
  pipe: H4Pipe,
  address: string,
  options: Partial<PeripheralOptions> = {},
): Promise<Mirror> {
  const written: string[] = [];
  const ends: number[] = [];
  let client: GattClient | undefined;
  const peripheral = await openPeripheral(pipe, {
    address,
    name: 'mirror',
    mtu: 69,
    services: [
      {
        uuid: mirrorUuid.service,
        characteristics: [
          {
            uuid: mirrorUuid.input,
            properties: ['writeWithoutResponse'],
            written(value) {
              written.push(value.toString('hex'));
              void client?.notify(mirrorUuid.service, mirrorUuid.output, Buffer.from(value).reverse());
              return undefined;
            },
          },
          { uuid: mirrorUuid.output, properties: ['notify'] },
        ],
      },
    ],
    connected(made) {
      client = made;
    },
    disconnected: (_client, reason) => void ends.push(reason),
    ...options,
  });
  const octets = Buffer.from(address.replaceAll(':', ''), 'hex');
  return {
    ...peripheral,
    id: octets.toString('hex'),
    written,
    ends,
    show: (intervalMs = 20) => peripheral.advertise(encodeServiceData(mirrorUuid.service, octets), intervalMs),
    get client() {
      return client;
    },
  };
}
