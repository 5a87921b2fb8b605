import { BenchError } from '../core/errors.ts';
import { type Advert, serviceData } from '../link/ble/advert.ts';
import { type BleConnection, type GattCharacteristic, uuidText } from '../link/ble/connection.ts';
import { advertMatches, type AdvertOwner, decodeProxyAdvert, meshGatt } from './codec/adverts.ts';
import { FrameError } from '../core/layout/cursor.ts';
import type { Bearer } from './stack/proxyLink.ts';

/** The two mesh services over GATT, with the characteristics that carry proxy PDUs (Mesh Protocol 7). */
const SERVICES = {
  provisioning: {
    service: meshGatt.provisioningService,
    dataIn: meshGatt.provisioningDataIn,
    dataOut: meshGatt.provisioningDataOut,
  },
  proxy: { service: meshGatt.proxyService, dataIn: meshGatt.proxyDataIn, dataOut: meshGatt.proxyDataOut },
} as const;

const ATT_HEADER_OCTETS = 3;
const UUID_OCTETS = 16;

/** Passes unprovisioned devices that advertise PB-GATT: the one with this device UUID, or any. */
export function unprovisioned(uuid?: Uint8Array): (advert: Advert) => boolean {
  return ({ data }) => {
    const found = serviceData(data, meshGatt.provisioningService);
    if (found === undefined || found.length < UUID_OCTETS) return false;
    return uuid === undefined || found.subarray(0, UUID_OCTETS).equals(uuid);
  };
}

/** Passes proxies of this network or, where it names an address, this node while it shows its identity. */
export function proxyOf(owner: AdvertOwner): (advert: Advert) => boolean {
  return ({ data }) => {
    const found = serviceData(data, meshGatt.proxyService);
    if (found === undefined) return false;
    try {
      return advertMatches(decodeProxyAdvert(found), owner);
    } catch (e) {
      if (!(e instanceof FrameError)) throw e;
      return false;
    }
  };
}

/** What a bearer needs of a GATT connection. */
export type MeshConnection = Pick<BleConnection, 'id' | 'mtu' | 'discover' | 'subscribe' | 'write' | 'onClose'>;

/**
 * Makes a GATT connection carry proxy PDUs: discovers the service, switches its notifications on. What comes before the first
 * listener is kept for it. Rejects with a BenchError where the device has not the service as the standard asks.
 * @param deadlineMs for each GATT procedure, and later for each write; real milliseconds
 */
export async function openBearer(
  connection: MeshConnection,
  kind: keyof typeof SERVICES,
  deadlineMs: number,
): Promise<Bearer> {
  const { service, dataIn, dataOut } = SERVICES[kind];
  const found = await connection.discover(service, deadlineMs);
  const missing = (what: string): BenchError =>
    new BenchError('mesh-gatt', `the device has no ${what}`, { place: { where: connection.id } });
  if (found === undefined) throw missing(`service ${uuidText(service)} (mesh ${kind})`);
  const find = (uuid: number, property: string): GattCharacteristic => {
    const one = found.find((each) => each.uuid === uuidText(uuid) && each.properties.includes(property));
    if (one === undefined)
      throw missing(`characteristic ${uuidText(uuid)} with ${property} in the mesh ${kind} service`);
    return one;
  };
  const input = find(dataIn, 'writeWithoutResponse');
  const output = find(dataOut, 'notify');

  const listeners = new Set<(pdu: Buffer) => void>();
  let early: Buffer[] = [];
  const hear = (pdu: Buffer): void => {
    if (listeners.size === 0) early.push(pdu);
    else for (const listener of listeners) listener(pdu);
  };
  await connection.subscribe(output, hear, deadlineMs);
  return {
    maxOctets: connection.mtu - ATT_HEADER_OCTETS,
    send: (pdu) => connection.write(input, pdu, deadlineMs),
    onReceive(listener) {
      listeners.add(listener);
      const kept = early;
      early = [];
      // Not before the caller has finished what it is constructing.
      queueMicrotask(() => kept.forEach((pdu) => listener(pdu)));
      return () => void listeners.delete(listener);
    },
    onClose: (listener) => connection.onClose(listener),
  };
}
