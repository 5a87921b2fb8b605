import { dataType } from '../../zigbee/codec/dataTypes.ts';
import type { AttributeValue } from './zcl.ts';

/** The Basic cluster, which every device has. */
export const BASIC_CLUSTER = 0x0000;

const MAINS = 1;

/** What a host asks a new device for. */
export function basicAttributes(model: string, version: number): readonly AttributeValue[] {
  const text = (id: number, content: string): AttributeValue => ({
    id,
    type: dataType.STRING,
    content: Buffer.from(content),
  });
  const octet = (id: number, content: number, type: number = dataType.UINT8): AttributeValue => ({ id, type, content });
  return [
    octet(0x0000, 8),
    octet(0x0001, 1),
    octet(0x0002, 2),
    octet(0x0003, 1),
    text(0x0004, 'Plumbline'),
    text(0x0005, model),
    text(0x0006, '20260101'),
    octet(0x0007, MAINS, dataType.ENUM8),
    text(0x4000, version.toString(16).padStart(8, '0')),
  ];
}
