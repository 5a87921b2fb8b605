import { bit, counted, given, longNumber, u16, u32, u8, uint, when, within } from '../../core/layout/fields.ts';
import { fromClient, fromServer } from './command.ts';
import { code, fileVersion, sinceLater, status } from './fields.ts';
import { notifyPayload, zclStatus } from './numbers.ts';

const { SUCCESS, WAIT_FOR_DATA } = zclStatus;
/** An EUI-64, read from its high octet down. */
const eui64 = longNumber(8);
/** The offered file, in answers that have one only on success. */
const offered = {
  manufacturerCode: when('status', SUCCESS, code),
  imageType: when('status', SUCCESS, code),
  fileVersion: when('status', SUCCESS, fileVersion),
} as const;
/** Octets of the whole file; a file of none cannot be downloaded. */
const imageSize = when('status', SUCCESS, uint(32, { range: [1, 0xffffffff] }));

/** Server to client: there may be something new. Unicast or broadcast; the jitter, 1 to 100, thins out the answers. */
export const imageNotify = fromServer(
  0x00,
  'Image Notify',
  {
    payloadType: uint(8, { of: notifyPayload, range: [0, 3] }),
    queryJitter: uint(8, { range: [1, 100] }),
    manufacturerCode: when('payloadType', within(1, 3), code),
    imageType: when('payloadType', within(2, 3), code),
    fileVersion: when('payloadType', 3, fileVersion),
  },
  { clause: '11.13.3' },
);

/** Server to client: the file for this client, or why there is none. */
export const queryNextImageResponse = fromServer(
  0x02,
  'Query Next Image Response',
  { status: status('SUCCESS', 'NOT_AUTHORIZED', 'NO_IMAGE_AVAILABLE'), ...offered, imageSize },
  { clause: '11.13.5', answers: true },
);

/** Client to server: what runs here, is there something else? Bit 0: with the hardware version, version and revision octet. */
export const queryNextImageRequest = fromClient(
  0x01,
  'Query Next Image Request',
  {
    fieldControl: uint(8, { range: [0, 1] }),
    manufacturerCode: code,
    imageType: code,
    fileVersion,
    hardwareVersion: when('fieldControl', bit(0), code),
  },
  { clause: '11.13.4', reply: queryNextImageResponse },
);

/** Server to client: a piece of the file, or when to ask again (times in seconds), or the end of the download. */
export const imageBlockResponse = fromServer(
  0x05,
  'Image Block Response',
  {
    status: status('SUCCESS', 'ABORT', 'WAIT_FOR_DATA'),
    ...offered,
    fileOffset: when('status', SUCCESS, u32),
    data: when('status', SUCCESS, counted(8)),
    currentTime: when('status', WAIT_FOR_DATA, u32),
    requestTime: when('status', WAIT_FOR_DATA, u32),
    minimumBlockPeriod: when('status', WAIT_FOR_DATA, sinceLater(u16)),
  },
  { clause: '11.13.8', answers: true },
);

/** What block and page requests begin with. */
const wanted = { manufacturerCode: code, imageType: code, fileVersion, fileOffset: u32, maximumDataSize: u8 } as const;

/** Client to server: asks for one piece. Bit 0: with the EUI-64 of the client; bit 1: with the block period it keeps. */
export const imageBlockRequest = fromClient(
  0x03,
  'Image Block Request',
  {
    fieldControl: uint(8, { range: [0, 3] }),
    ...wanted,
    requestNodeIeeeAddress: when('fieldControl', bit(0), eui64),
    minimumBlockPeriod: when('fieldControl', bit(1), u16),
  },
  { clause: '11.13.6', reply: imageBlockResponse },
);

/** Client to server: asks for a page of pieces, so many ms apart. Bit 0: with the EUI-64 of the client. */
export const imagePageRequest = fromClient(
  0x04,
  'Image Page Request',
  {
    fieldControl: uint(8, { range: [0, 1] }),
    ...wanted,
    pageSize: u16,
    responseSpacing: u16,
    requestNodeIeeeAddress: when('fieldControl', bit(0), eui64),
  },
  { clause: '11.13.7', reply: imageBlockResponse },
);

/** Server to client: when to run the new file (seconds; current time 0: the upgrade time is a delay). */
export const upgradeEndResponse = fromServer(
  0x07,
  'Upgrade End Response',
  { manufacturerCode: code, imageType: code, fileVersion, currentTime: u32, upgradeTime: u32 },
  { clause: '11.13.9', answers: true },
);

/** Client to server: how the download ended. Older revisions send the status alone unless it is SUCCESS. */
export const upgradeEndRequest = fromClient(
  0x06,
  'Upgrade End Request',
  {
    status: status('SUCCESS', 'ABORT', 'INVALID_IMAGE', 'REQUIRE_MORE_IMAGE'),
    manufacturerCode: sinceLater(code, (values) => values['status'] !== SUCCESS),
    imageType: when('manufacturerCode', given, code),
    fileVersion: when('manufacturerCode', given, fileVersion),
  },
  { clause: '11.13.9', reply: upgradeEndResponse },
);

/** Server to client: the file for this one device, or why there is none. */
export const querySpecificFileResponse = fromServer(
  0x09,
  'Query Device Specific File Response',
  { status: status('SUCCESS', 'NOT_AUTHORIZED', 'NO_IMAGE_AVAILABLE'), ...offered, imageSize },
  { clause: '11.13', answers: true },
);

/** Client to server: asks for a file meant for this device alone (image types 0xFFC0 to 0xFFFE). */
export const querySpecificFileRequest = fromClient(
  0x08,
  'Query Device Specific File Request',
  {
    eui64,
    manufacturerCode: code,
    imageType: uint(16, { hex: true, range: [0xffc0, 0xfffe] }),
    fileVersion,
    zigbeeStackVersion: u16,
  },
  { clause: '11.13', reply: querySpecificFileResponse },
);

/** All commands of the OTA Upgrade cluster. */
export const otaCommands = [
  imageNotify,
  queryNextImageRequest,
  queryNextImageResponse,
  imageBlockRequest,
  imagePageRequest,
  imageBlockResponse,
  upgradeEndRequest,
  upgradeEndResponse,
  querySpecificFileRequest,
  querySpecificFileResponse,
];
