import { type AttributeContent, dataType } from './dataTypes.ts';

/** One attribute of a cluster. */
export interface Attribute {
  readonly id: number;
  readonly name: string;
  readonly type: number;
  /** Allowed values, from and to; any where absent. */
  readonly range?: readonly [number, number];
  /** The value before the first upgrade; the device's own where absent. */
  readonly initial?: AttributeContent;
  readonly mandatory: boolean;
}

const { EUI64, UINT16, UINT32, ENUM8 } = dataType;

/** ClusterRevision, which both sides have. */
export const clusterRevision: Attribute = { id: 0xfffd, name: 'ClusterRevision', type: UINT16, mandatory: true };

/** Attributes of the OTA Upgrade client (11.10), all read-only. They are on the device that is upgraded, not on the server. */
export const clientAttributes: readonly Attribute[] = [
  { id: 0x0000, name: 'UpgradeServerID', type: EUI64, initial: 'ffffffffffffffff', mandatory: true },
  { id: 0x0001, name: 'FileOffset', type: UINT32, initial: 0xffffffff, mandatory: false },
  { id: 0x0002, name: 'CurrentFileVersion', type: UINT32, initial: 0xffffffff, mandatory: false },
  { id: 0x0003, name: 'CurrentZigBeeStackVersion', type: UINT16, initial: 0xffff, mandatory: false },
  { id: 0x0004, name: 'DownloadedFileVersion', type: UINT32, initial: 0xffffffff, mandatory: false },
  { id: 0x0005, name: 'DownloadedZigBeeStackVersion', type: UINT16, initial: 0xffff, mandatory: false },
  { id: 0x0006, name: 'ImageUpgradeStatus', type: ENUM8, range: [0, 6], initial: 0, mandatory: true },
  { id: 0x0007, name: 'ManufacturerID', type: UINT16, mandatory: false },
  { id: 0x0008, name: 'ImageTypeID', type: UINT16, mandatory: false },
  { id: 0x0009, name: 'MinimumBlockPeriod', type: UINT16, range: [0, 0xfffe], initial: 0, mandatory: false },
  { id: 0x000a, name: 'ImageStamp', type: UINT32, mandatory: false },
  { id: 0x000b, name: 'UpgradeActivationPolicy', type: ENUM8, range: [0, 1], initial: 0, mandatory: false },
  { id: 0x000c, name: 'UpgradeTimeoutPolicy', type: ENUM8, range: [0, 1], initial: 0, mandatory: false },
  clusterRevision,
];

/** Attributes of the OTA Upgrade server. */
export const serverAttributes: readonly Attribute[] = [clusterRevision];

/** Unit of MinimumBlockPeriod: seconds in cluster revision 2, milliseconds in all others. */
export function blockPeriodUnitMs(revision: number): 1 | 1000 {
  return revision === 2 ? 1000 : 1;
}
