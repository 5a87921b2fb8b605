import { h4Type } from './h4.ts';
import { eventCode } from './hciPort.ts';

/** Kinds of legacy advertising PDUs as LE Advertising Report numbers them (Vol 4 Part E 7.7.65.2). */
export const advertPdu = { ADV_IND: 0, ADV_DIRECT_IND: 1, ADV_SCAN_IND: 2, ADV_NONCONN_IND: 3, SCAN_RSP: 4 } as const;
const NAMES = Object.keys(advertPdu) as (keyof typeof advertPdu)[];

/** AD types that are read here (assigned numbers, "common data types"). */
const AD = { SERVICES_16_MORE: 2, SERVICES_16: 3, SHORT_NAME: 8, NAME: 9, SERVICE_DATA_16: 0x16 } as const;

/** One advertisement, or one scan response, as it was received. */
export interface Advert {
  /** The event that recorded it; counts up with every advertisement. */
  readonly n: number;
  /** Names the device on this link: the address without colons, or what the platform gives instead. */
  readonly id: string;
  /** Lower-case, with colons; empty where the platform hides it. */
  readonly address: string;
  readonly random: boolean;
  readonly pdu: keyof typeof advertPdu;
  readonly rssi: number;
  /** AD structures. */
  readonly data: Buffer;
}

/** One AD structure: its type and what follows. */
export interface AdStructure {
  readonly type: number;
  readonly data: Buffer;
}

/** The AD structures of advertising data; ends at a length of zero, and drops one that reaches beyond the data. */
export function adStructures(data: Buffer): AdStructure[] {
  const found: AdStructure[] = [];
  for (let at = 0; at < data.length; ) {
    const length = data.readUInt8(at);
    if (length === 0 || at + 1 + length > data.length) break;
    found.push({ type: data.readUInt8(at + 1), data: data.subarray(at + 2, at + 1 + length) });
    at += 1 + length;
  }
  return found;
}

/** The service data of a 16-bit UUID, without the UUID; undefined where the advertisement has none. */
export function serviceData(data: Buffer, uuid: number): Buffer | undefined {
  return adStructures(data)
    .find((ad) => ad.type === AD.SERVICE_DATA_16 && ad.data.length >= 2 && ad.data.readUInt16LE(0) === uuid)
    ?.data.subarray(2);
}

/** The 16-bit service UUIDs that are listed. */
export function serviceUuids(data: Buffer): number[] {
  return adStructures(data)
    .filter(({ type }) => type === AD.SERVICES_16 || type === AD.SERVICES_16_MORE)
    .flatMap((ad) => Array.from({ length: ad.data.length >> 1 }, (_, i) => ad.data.readUInt16LE(i * 2)));
}

/** The local name, whole or shortened. */
export function localName(data: Buffer): string | undefined {
  return adStructures(data)
    .find(({ type }) => type === AD.NAME || type === AD.SHORT_NAME)
    ?.data.toString('utf8');
}

/** One AD structure as octets. */
export function encodeAd(type: number, data: Uint8Array): Buffer {
  return Buffer.concat([Buffer.of(data.length + 1, type), data]);
}

/** Service data of a 16-bit UUID as an AD structure. */
export function encodeServiceData(uuid: number, data: Uint8Array): Buffer {
  return encodeAd(AD.SERVICE_DATA_16, Buffer.concat([Buffer.of(uuid & 0xff, uuid >> 8), data]));
}

const LE_ADVERTISING_REPORT = 2;

/** The reports in an LE Advertising Report event; empty for any other packet, and cut off where the packet is too short. */
export function advertisingReports(packet: Buffer): Omit<Advert, 'n'>[] {
  const [type, code, , subevent, count = 0] = packet;
  if (type !== h4Type.EVENT || code !== eventCode.LE_META || subevent !== LE_ADVERTISING_REPORT) return [];
  const found: Omit<Advert, 'n'>[] = [];
  for (let at = 5; found.length < count && at + 9 < packet.length; ) {
    const length = packet.readUInt8(at + 8);
    const end = at + 9 + length;
    const pdu = NAMES[packet.readUInt8(at)];
    if (end >= packet.length || pdu === undefined) break;
    const id = Buffer.from(packet.subarray(at + 2, at + 8))
      .reverse()
      .toString('hex');
    found.push({
      id,
      address: (id.match(/../g) ?? []).join(':'),
      random: (packet.readUInt8(at + 1) & 1) === 1,
      pdu,
      rssi: packet.readInt8(end),
      data: Buffer.from(packet.subarray(at + 9, end)),
    });
    at = end + 1;
  }
  return found;
}

/** Whether the device can be connected to by this advertisement. */
export function connectable({ pdu }: Pick<Advert, 'pdu'>): boolean {
  return pdu === 'ADV_IND' || pdu === 'ADV_DIRECT_IND';
}
