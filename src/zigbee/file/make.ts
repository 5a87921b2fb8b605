import { encodeLayout } from '../../core/layout/layout.ts';
import {
  elementLayout,
  elementTag,
  FILE_IDENTIFIER,
  fieldControl,
  HEADER_VERSION,
  headerLayout,
  type ImageHeader,
} from './header.ts';
import { type Coverage, integrityCode } from './integrity.ts';

/** What a file is to say and hold. Lengths, total size and field control follow from it. */
export interface ImageOrder {
  readonly manufacturerCode: number;
  readonly imageType: number;
  readonly fileVersion: number;
  /** Preset: Zigbee PRO. */
  readonly stackVersion?: number;
  /** Up to 32 characters. */
  readonly headerString?: string;
  readonly securityCredentialVersion?: number;
  /** EUI-64 of the one device that the file is for, 16 hex digits as they are read. */
  readonly upgradeFileDestination?: string;
  readonly minimumHardwareVersion?: number;
  readonly maximumHardwareVersion?: number;
  readonly elements: readonly { readonly tag: number; readonly data: Uint8Array; readonly uncounted?: Uint8Array }[];
  /** Appends an integrity code that covers the file in this way. */
  readonly integrity?: Coverage;
}

const ZIGBEE_PRO = 2;
const INTEGRITY_OCTETS = 16;

/** The octets of the file (11.4). */
export function makeImage({ elements, integrity, ...order }: ImageOrder): Buffer {
  const parts = elements.map(({ tag, data, uncounted = Buffer.alloc(0) }) =>
    Buffer.concat([encodeLayout(elementLayout, { tag, length: data.length }, 'little'), uncounted, data]),
  );
  const code = { tag: elementTag.INTEGRITY_CODE, length: INTEGRITY_OCTETS };
  const codeHeader = integrity === undefined ? Buffer.alloc(0) : encodeLayout(elementLayout, code, 'little');
  const body = Buffer.concat([...parts, codeHeader]);
  const codeOctets = integrity === undefined ? 0 : INTEGRITY_OCTETS;
  // Which optional fields there are decides the length, and the length stands in the header: written twice.
  const draft = headerOf(order, 0, 0);
  const headerLength = encodeLayout(headerLayout, draft, 'little').length;
  const header = headerOf(order, headerLength, headerLength + body.length + codeOctets);
  const image = Buffer.concat([encodeLayout(headerLayout, header, 'little'), body]);
  if (integrity === undefined) return image;
  return Buffer.concat([image, integrityCode(image, image.length - codeHeader.length, integrity)]);
}

/** The header with these lengths; the field control follows from what was ordered. */
function headerOf(
  order: Omit<ImageOrder, 'elements' | 'integrity'>,
  headerLength: number,
  totalImageSize: number,
): ImageHeader {
  const flags =
    (order.securityCredentialVersion === undefined ? 0 : 1 << fieldControl.CREDENTIALS) |
    (order.upgradeFileDestination === undefined ? 0 : 1 << fieldControl.DESTINATION) |
    (order.minimumHardwareVersion === undefined ? 0 : 1 << fieldControl.HARDWARE);
  return {
    stackVersion: ZIGBEE_PRO,
    headerString: '',
    ...order,
    identifier: FILE_IDENTIFIER,
    headerVersion: HEADER_VERSION,
    headerLength,
    fieldControl: flags,
    totalImageSize,
  };
}

/** Data without a meaning, for an element of so many octets: every four octets hold their own offset, so that a block out of place shows. */
export function dummyData(octets: number): Buffer {
  const data = Buffer.alloc(Math.ceil(octets / 4) * 4);
  for (let at = 0; at < data.length; at += 4) data.writeUInt32BE(at, at);
  return data.subarray(0, octets);
}
