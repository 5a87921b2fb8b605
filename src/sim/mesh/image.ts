import { crc32 } from 'node:zlib';

/** Company identifier of the simulated nodes. */
export const COMPANY = 0x05f1;

/** Firmware that the node leaves the factory with: company identifier (little-endian) and version 1. */
export const FACTORY_FIRMWARE = firmwareIdOf('0100000000000000');

const MAGIC = Buffer.from('PLMI', 'ascii');
const VERSION_OCTETS = 8;
const METADATA_OCTETS = 2 + VERSION_OCTETS + 1;
const CRC_OCTETS = 4;

/** What metadata and image say of a firmware. */
export interface FirmwareFacts {
  /** Company identifier and version, 10 octets. */
  readonly firmwareId: Buffer;
  /** Additional information (0 to 3): what installing it changes on the node. */
  readonly additional: number;
}

/** The firmware id of a version of our own, 16 hex digits. */
export function firmwareIdOf(version: string): Buffer {
  const company = Buffer.alloc(2);
  company.writeUInt16LE(COMPANY);
  return Buffer.concat([company, Buffer.from(version, 'hex')]);
}

/** Reads metadata; undefined where the node refuses it: too short, of another company, or of unknown additional information. */
export function readMetadata(metadata: Uint8Array): FirmwareFacts | undefined {
  const octets = Buffer.from(metadata);
  if (octets.length < METADATA_OCTETS || octets.readUInt16LE(0) !== COMPANY) return undefined;
  const additional = octets.readUInt8(METADATA_OCTETS - 1);
  if (additional > 3) return undefined;
  return { firmwareId: octets.subarray(0, METADATA_OCTETS - 1), additional };
}

/** Reads an image; undefined where its mark, its metadata or its CRC-32 is wrong. */
export function readImage(image: Buffer): FirmwareFacts | undefined {
  const payload = image.length - CRC_OCTETS;
  if (payload < MAGIC.length + METADATA_OCTETS || !image.subarray(0, MAGIC.length).equals(MAGIC)) return undefined;
  if (crc32(image.subarray(0, payload)) !== image.readUInt32LE(payload)) return undefined;
  return readMetadata(image.subarray(MAGIC.length));
}

/** An image of this version and its metadata, with a payload of so many octets. */
export function makeImage(version: string, additional: number, octets: number): { image: Buffer; metadata: Buffer } {
  const metadata = Buffer.concat([firmwareIdOf(version), Buffer.of(additional)]);
  const body = Buffer.concat([MAGIC, metadata, Buffer.alloc(octets, 'plumbline ')]);
  const crc = Buffer.alloc(CRC_OCTETS);
  crc.writeUInt32LE(crc32(body));
  return { image: Buffer.concat([body, crc]), metadata };
}
