import { expect } from 'chai';
import { BenchError } from '../core/errors.ts';
import { type Advert, encodeServiceData } from '../link/ble/advert.ts';
import type { GattCharacteristic } from '../link/ble/connection.ts';
import { type MeshConnection, openBearer, proxyOf, unprovisioned } from './ble.ts';
import { encodeProxyAdvert } from './codec/adverts.ts';

const UUID = Buffer.from('00112233445566778899aabbccddeeff', 'hex');
const NET_KEY = Buffer.alloc(16, 1);

function advert(service: number, data: Buffer): Advert {
  const raw = encodeServiceData(service, data);
  return { n: 0, id: 'c0', address: 'c0', random: true, pdu: 'ADV_IND', rssi: -50, data: raw };
}

describe('finding mesh devices', () => {
  it('knows an unprovisioned device, any or by its UUID', () => {
    const seen = advert(0x1827, Buffer.concat([UUID, Buffer.alloc(2)]));
    expect(unprovisioned()(seen)).to.equal(true);
    expect(unprovisioned(UUID)(seen)).to.equal(true);
    expect(unprovisioned(Buffer.alloc(16))(seen)).to.equal(false);
    expect(unprovisioned()(advert(0x1827, UUID.subarray(1)))).to.equal(false);
    expect(unprovisioned()(advert(0x1828, UUID))).to.equal(false);
  });

  it('knows a proxy by its network, a node by its identity, and takes nothing malformed for one', () => {
    const owner = { netKey: NET_KEY, address: 0x0100 };
    const network = advert(0x1828, encodeProxyAdvert('network id', owner, Buffer.alloc(8)));
    const identity = advert(0x1828, encodeProxyAdvert('node identity', owner, Buffer.alloc(8, 3)));
    expect(proxyOf({ netKey: NET_KEY })(network)).to.equal(true);
    expect(proxyOf({ netKey: Buffer.alloc(16, 2) })(network)).to.equal(false);
    expect(proxyOf(owner)(identity)).to.equal(true);
    expect(proxyOf({ ...owner, address: 0x0101 })(identity)).to.equal(false);
    expect(proxyOf(owner)(advert(0x1828, Buffer.of(0, 1, 2)))).to.equal(false);
    expect(proxyOf(owner)(advert(0x1827, UUID))).to.equal(false);
  });
});

describe('bearer over GATT', () => {
  const INPUT: GattCharacteristic = { service: '1828', uuid: '2add', properties: ['writeWithoutResponse'] };
  const OUTPUT: GattCharacteristic = { service: '1828', uuid: '2ade', properties: ['notify'] };

  function connection(found: readonly GattCharacteristic[] | undefined) {
    const written: string[] = [];
    let notify: (value: Buffer) => void = () => undefined;
    const made: MeshConnection = {
      id: 'c0',
      mtu: 69,
      discover: () => Promise.resolve(found),
      subscribe(_characteristic, listener) {
        notify = listener;
        notify(Buffer.of(1));
        return Promise.resolve();
      },
      write(characteristic, value) {
        written.push(`${characteristic.uuid} ${value.toString('hex')}`);
        return Promise.resolve();
      },
      onClose: () => () => undefined,
    };
    return { made, written, notify: (value: Buffer) => notify(value) };
  }

  it('writes to Data In, hears Data Out, and keeps what came before anybody listened', async () => {
    const { made, written, notify } = connection([INPUT, OUTPUT]);
    const bearer = await openBearer(made, 'proxy', 1000);
    expect(bearer.maxOctets).to.equal(66);
    await bearer.send(Buffer.of(0xaa));
    expect(written).to.deep.equal(['2add aa']);
    const heard: string[] = [];
    const stop = bearer.onReceive((pdu) => heard.push(pdu.toString('hex')));
    await Promise.resolve();
    notify(Buffer.of(2));
    stop();
    notify(Buffer.of(3));
    expect(heard).to.deep.equal(['01', '02']);
  });

  it('names the service or characteristic that the device lacks', async () => {
    for (const [found, missing] of [
      [undefined, 'service 1828'],
      [[OUTPUT], 'characteristic 2add'],
      [[INPUT, { ...OUTPUT, properties: ['read'] }], 'characteristic 2ade with notify'],
    ] as const) {
      const error = await openBearer(connection(found).made, 'proxy', 1000).then(
        () => undefined,
        (e: unknown) => e,
      );
      expect(error).to.be.instanceOf(BenchError);
      expect((error as Error).message).to.contain(missing);
    }
  });
});
