import { TesterError } from '../../../core/errors.ts';
import { u16 } from '../hci.ts';
import type { AttClient } from './att.ts';

/** Properties of a characteristic and their bits (Core specification, Vol 3 Part G 3.3.1.1). */
export const gattProperty = {
  read: 0x02,
  writeWithoutResponse: 0x04,
  write: 0x08,
  notify: 0x10,
  indicate: 0x20,
} as const;
export type GattProperty = keyof typeof gattProperty;

/** A characteristic as a peripheral declares it. */
export interface CharacteristicDefinition {
  /** 16-bit UUIDs as numbers, long ones as text. */
  readonly uuid: number | string;
  readonly properties: readonly GattProperty[];
  readonly read?: (client: AttClient) => Buffer;
  /** A value was written; what is returned goes back as ATT error. */
  readonly written?: (value: Buffer, client: AttClient) => number | undefined;
  /** The client switched notifications or indications on or off. */
  readonly subscribed?: (on: boolean, client: AttClient) => void;
}

export interface ServiceDefinition {
  readonly uuid: number | string;
  readonly characteristics: readonly CharacteristicDefinition[];
}

/** One row of the attribute table. */
export interface Attribute {
  readonly handle: number;
  /** Lowest octet first, 2 or 16 octets. */
  readonly type: Buffer;
  /** Last handle of the service; only at its declaration. */
  readonly groupEnd?: number;
  read?(client: AttClient): Buffer;
  write?(value: Buffer, client: AttClient): number | undefined;
  /** Which ways of writing are allowed. */
  readonly writable?: { readonly request: boolean; readonly command: boolean };
}

/** Types of declarations and descriptors. */
export const gattType = { PRIMARY_SERVICE: 0x2800, CHARACTERISTIC: 0x2803, CLIENT_CONFIGURATION: 0x2902 } as const;
const INVALID_LENGTH = 0x0d;
const CONFIGURATION = { NOTIFY: 1, INDICATE: 2 } as const;

/** The attributes of a row of services, and the value handle of every characteristic. */
export interface GattTable {
  readonly attributes: readonly Attribute[];
  valueHandle(service: number | string, characteristic: number | string): number;
}

/** A UUID, lowest octet first. */
export function uuidOctets(uuid: number | string): Buffer {
  return typeof uuid === 'number' ? u16(uuid) : Buffer.from(uuid.replaceAll('-', ''), 'hex').reverse();
}

/** Gives every service, characteristic and descriptor its handle, from 1 on, in the order of the definitions. */
export function gattTable(services: readonly ServiceDefinition[]): GattTable {
  const attributes: Attribute[] = [];
  const values = new Map<string, number>();
  for (const service of services) {
    const handle = attributes.length + 1;
    const rows: Attribute[] = [];
    for (const characteristic of service.characteristics) {
      const own = characteristicRows(characteristic, handle + 1 + rows.length);
      values.set(`${service.uuid}/${characteristic.uuid}`, handle + rows.length + 2);
      rows.push(...own);
    }
    const type = u16(gattType.PRIMARY_SERVICE);
    attributes.push({ handle, type, groupEnd: handle + rows.length, read: () => uuidOctets(service.uuid) }, ...rows);
  }
  return {
    attributes,
    valueHandle(service, characteristic) {
      const found = values.get(`${service}/${characteristic}`);
      if (found === undefined) throw new TesterError('radio-gatt', `no characteristic ${service}/${characteristic}`);
      return found;
    },
  };
}

/** Declaration, value, and the client's configuration where there is something to configure. */
function characteristicRows(characteristic: CharacteristicDefinition, handle: number): Attribute[] {
  const { uuid, properties, read, written, subscribed } = characteristic;
  const has = (property: GattProperty): boolean => properties.includes(property);
  const bits = properties.reduce((all, property) => all | gattProperty[property], 0);
  const declaration = Buffer.concat([Buffer.of(bits), u16(handle + 1), uuidOctets(uuid)]);
  const rows: Attribute[] = [
    { handle, type: u16(gattType.CHARACTERISTIC), read: () => declaration },
    {
      handle: handle + 1,
      type: uuidOctets(uuid),
      ...(has('read') && read !== undefined && { read }),
      ...(written !== undefined && { write: written }),
      writable: { request: has('write'), command: has('writeWithoutResponse') },
    },
  ];
  if (!has('notify') && !has('indicate')) return rows;
  const configuration = handle + 2;
  rows.push({
    handle: configuration,
    type: u16(gattType.CLIENT_CONFIGURATION),
    read: (client) => u16(client.configuration.get(configuration) ?? 0),
    write(value, client) {
      if (value.length !== 2) return INVALID_LENGTH;
      const chosen = value.readUInt16LE(0) & (CONFIGURATION.NOTIFY | CONFIGURATION.INDICATE);
      client.configuration.set(configuration, chosen);
      subscribed?.(chosen !== 0, client);
      return undefined;
    },
    writable: { request: true, command: false },
  });
  return rows;
}
