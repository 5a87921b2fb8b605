import { bit, longNumber, u16, u32, uint, when } from '../../core/layout/fields.ts';
import type { Field, Value } from '../../core/layout/layout.ts';
import { TesterError } from '../../core/errors.ts';
import { code, fileVersion } from '../codec/fields.ts';

/** The first four octets of every file, 1E F1 EE 0B, as a number. */
export const FILE_IDENTIFIER = 0x0beef11e;
/** The only header version. */
export const HEADER_VERSION = 0x0100;
/** Octets of a header without optional fields. */
export const SHORTEST_HEADER = 56;
/** Octets of the header string. */
export const HEADER_STRING_OCTETS = 32;

/** Bits of the field control: which optional fields there are. */
export const fieldControl = { CREDENTIALS: 0, DESTINATION: 1, HARDWARE: 2 } as const;

/** Zigbee stack that the file needs. */
export const stackVersion = { ZIGBEE_2006: 0, ZIGBEE_2007: 1, ZIGBEE_PRO: 2, ZIGBEE_IP: 3 } as const;

/** Security credentials that the file needs, by release of Smart Energy. */
export const credentialVersion = { SE_1_0: 0, SE_1_1: 1, SE_2_0: 2, SE_1_2: 3 } as const;

/** Tags of elements; 0xF000 to 0xFFFF are the manufacturer's, the others reserved. */
export const elementTag = {
  UPGRADE_IMAGE: 0x0000,
  ECDSA_SIGNATURE_1: 0x0001,
  ECDSA_CERTIFICATE_1: 0x0002,
  INTEGRITY_CODE: 0x0003,
  PICTURE: 0x0004,
  ECDSA_SIGNATURE_2: 0x0005,
  ECDSA_CERTIFICATE_2: 0x0006,
} as const;

/** Octets of the elements that have a fixed number. A signature is the signer's EUI-64 and 42 or 72 octets. */
export const ELEMENT_OCTETS: ReadonlyMap<number, number> = new Map([
  [elementTag.ECDSA_SIGNATURE_1, 50],
  [elementTag.ECDSA_CERTIFICATE_1, 48],
  [elementTag.INTEGRITY_CODE, 16],
  [elementTag.ECDSA_SIGNATURE_2, 80],
  [elementTag.ECDSA_CERTIFICATE_2, 74],
]);

/** The lowest tag that belongs to the manufacturer. */
export const FIRST_MANUFACTURER_TAG = 0xf000;

/** Octets before the data of an element: tag and length of the data alone. */
export const ELEMENT_HEADER_OCTETS = 6;

/** A text of so many octets, filled up with NUL; one character for each octet, so that nothing is lost. */
function text(octets: number): Field<string> {
  return {
    read: (reader, name) => reader.bytes(octets, name).toString('latin1').replace(/\0+$/, ''),
    write(writer, value, name) {
      if (value.length > octets) throw new TesterError('layout', `${name}: more than ${octets} octets`);
      writer.bytes(Buffer.concat([Buffer.from(value, 'latin1'), Buffer.alloc(octets - value.length)]));
    },
    print: (value) => JSON.stringify(value),
  };
}

/** The header of an OTA file (11.4); all numbers are little-endian. */
export const headerLayout = {
  identifier: uint(32, { hex: true }),
  headerVersion: uint(16, { hex: true }),
  headerLength: u16,
  fieldControl: uint(16, { hex: true, range: [0, 7] }),
  manufacturerCode: code,
  imageType: code,
  fileVersion,
  stackVersion: uint(16, { of: stackVersion, range: [0, 3] }),
  headerString: text(HEADER_STRING_OCTETS),
  totalImageSize: u32,
  securityCredentialVersion: when(
    'fieldControl',
    bit(fieldControl.CREDENTIALS),
    uint(8, { of: credentialVersion, range: [0, 3] }),
  ),
  upgradeFileDestination: when('fieldControl', bit(fieldControl.DESTINATION), longNumber(8)),
  minimumHardwareVersion: when('fieldControl', bit(fieldControl.HARDWARE), code),
  maximumHardwareVersion: when('fieldControl', bit(fieldControl.HARDWARE), code),
} as const;

/** A header as read or to be written. */
export type ImageHeader = Value<typeof headerLayout>;

/** What stands before the data of an element. */
export const elementLayout = { tag: uint(16, { hex: true }), length: u32 } as const;
