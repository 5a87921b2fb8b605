import {
  counted,
  group,
  list,
  longNumber,
  optional,
  reserved,
  rest,
  u16,
  u8,
  uint,
} from '../../../core/layout/fields.ts';
import { additionalInformation, updatePhase, updateStatus } from '../enums.ts';
import { countedText, ttl } from '../fields.ts';
import { message } from '../message.ts';

const status = uint(3, { of: updateStatus });

/** Server to client: firmware ids and URIs of its images from an index on; `count` is that of all images. */
export const updateInformationStatus = message(0x8309, 'Firmware Update Information Status', {
  count: u8,
  first: u8,
  entries: list({ firmwareId: counted(8), uri: countedText }),
});

/** Client to server: asks for its images, at most `limit` of them. */
export const updateInformationGet = message(
  0x8308,
  'Firmware Update Information Get',
  { first: u8, limit: u8 },
  { reply: updateInformationStatus },
);

/** Server to client: whether it would take such an image, and what that would change on the node. */
export const metadataStatus = message(0x830b, 'Firmware Update Firmware Metadata Status', {
  status,
  additional: uint(5, { of: additionalInformation }),
  image: u8,
});

/** Client to server: asks whether it would take an image with this metadata. */
export const metadataCheck = message(
  0x830a,
  'Firmware Update Firmware Metadata Check',
  { image: u8, metadata: rest(0, 255) },
  { reply: metadataStatus },
);

/** Server to client: phase and, in any but Idle, the parameters of the update. 1 octet or 14. */
export const updateStatusMessage = message(0x8310, 'Firmware Update Status', {
  status,
  rfu: reserved(2),
  phase: uint(3, { of: updatePhase }),
  update: optional(
    group({
      ttl,
      additional: uint(5, { of: additionalInformation }),
      rfu: reserved(3),
      timeoutBase: u16,
      blobId: longNumber(8),
      image: u8,
    }),
  ),
});

/** Client to server: asks for the state of the update. */
export const updateGet = message(0x830c, 'Firmware Update Get', {}, { reply: updateStatusMessage });

/** Client to server: begins an update; the image comes as the BLOB of this id. */
export const updateStart = message(
  0x830d,
  'Firmware Update Start',
  { ttl, timeoutBase: u16, blobId: longNumber(8), image: u8, metadata: rest(0, 255) },
  { reply: updateStatusMessage },
);

/** Client to server: gives the update up. */
export const updateCancel = message(0x830e, 'Firmware Update Cancel', {}, { reply: updateStatusMessage });

/** Client to server: installs the image that has been verified. */
export const updateApply = message(0x830f, 'Firmware Update Apply', {}, { reply: updateStatusMessage });

/** All Firmware Update messages (MshDFU). */
export const updateMessages = [
  updateInformationGet,
  updateInformationStatus,
  metadataCheck,
  metadataStatus,
  updateGet,
  updateStart,
  updateCancel,
  updateApply,
  updateStatusMessage,
];
