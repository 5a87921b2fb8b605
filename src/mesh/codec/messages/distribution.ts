import {
  counted,
  group,
  list,
  longNumber,
  optional,
  reserved,
  rest,
  u16,
  u32,
  u8,
  uint,
  when,
} from '../../../core/layout/fields.ts';
import {
  blobStatus,
  distributionPhase,
  distributionStatus,
  transferMode,
  updatePhase,
  updatePolicy,
  updateStatus,
  uploadPhase,
  uploadType,
} from '../enums.ts';
import { address, countedText, ttl } from '../fields.ts';
import { message } from '../message.ts';
import { addressOrLabel } from '../special.ts';

const status = uint(8, { of: distributionStatus });
const firmwareId = rest(0, 108);
const parameters = {
  appKeyIndex: u16,
  ttl,
  timeoutBase: u16,
  mode: uint(2, { of: transferMode }),
  policy: uint(1, { of: updatePolicy }),
  rfu: reserved(5),
  image: u16,
} as const;

/** Server to client: how the change of the receivers list went, and its length. */
export const receiversStatus = message(0x8313, 'Firmware Distribution Receivers Status', { status, count: u16 });

/** Client to server: target nodes and which of their images to update; at least one. */
export const receiversAdd = message(
  0x8311,
  'Firmware Distribution Receivers Add',
  { receivers: list({ address, image: u8 }) },
  { reply: receiversStatus },
);

/** Client to server: empties the receivers list. */
export const receiversDeleteAll = message(
  0x8312,
  'Firmware Distribution Receivers Delete All',
  {},
  { reply: receiversStatus },
);

/** Server to client: part of the receivers list with how each target fares. The first five fields share 32 bits. */
export const receiversList = message(0x8315, 'Firmware Distribution Receivers List', {
  count: u16,
  first: u16,
  entries: list({
    address: uint(15),
    phase: uint(4, { of: updatePhase }),
    updateStatus: uint(3, { of: updateStatus }),
    transferStatus: uint(4, { of: blobStatus }),
    /** In steps of 2 %. */
    progressHalf: uint(6),
    image: u8,
  }),
});

/** Client to server: asks for part of the receivers list. */
export const receiversGet = message(
  0x8314,
  'Firmware Distribution Receivers Get',
  { first: u16, limit: uint(16, { range: [1, 0xffff] }) },
  { reply: receiversList },
);

/** Server to client: how much it can store and distribute, and which URI schemes it can retrieve from. */
export const capabilitiesStatus = message(0x8317, 'Firmware Distribution Capabilities Status', {
  maxReceivers: u16,
  maxImages: u16,
  maxImageSize: u32,
  maxUploadSpace: u32,
  remainingSpace: u32,
  oobRetrieval: uint(8, { range: [0, 1] }),
  schemes: when('oobRetrieval', 1, rest(1)),
});

/** Client to server: asks for its capabilities. */
export const capabilitiesGet = message(
  0x8316,
  'Firmware Distribution Capabilities Get',
  {},
  { reply: capabilitiesStatus },
);

/** Server to client: phase and, in any but Idle, the parameters of the distribution. 2 octets or 12. */
export const distributionStatusMessage = message(0x831d, 'Firmware Distribution Status', {
  status,
  phase: uint(8, { of: distributionPhase }),
  distribution: optional(group({ group: address, ...parameters })),
});

/** Client to server: asks for the state of the distribution. */
export const distributionGet = message(0x8318, 'Firmware Distribution Get', {}, { reply: distributionStatusMessage });

/** Client to server: begins or resumes a distribution. Group 0: each target by its unicast address. */
export const distributionStart = message(
  0x8319,
  'Firmware Distribution Start',
  { ...parameters, group: addressOrLabel },
  { reply: distributionStatusMessage },
);

/** Client to server: holds the transfer to the targets. */
export const distributionSuspend = message(
  0x831a,
  'Firmware Distribution Suspend',
  {},
  { reply: distributionStatusMessage },
);

/** Client to server: ends the distribution and the updates of its targets. */
export const distributionCancel = message(
  0x831b,
  'Firmware Distribution Cancel',
  {},
  { reply: distributionStatusMessage },
);

/** Client to server: has the targets install what they have verified. */
export const distributionApply = message(
  0x831c,
  'Firmware Distribution Apply',
  {},
  { reply: distributionStatusMessage },
);

/** Server to client: phase and, in any but Idle, progress and firmware id of the upload. */
export const uploadStatus = message(0x8322, 'Firmware Distribution Upload Status', {
  status,
  phase: uint(8, { of: uploadPhase }),
  upload: optional(group({ progress: uint(7, { range: [0, 100] }), type: uint(1, { of: uploadType }), firmwareId })),
});

/** Client to server: asks for the state of the upload. */
export const uploadGet = message(0x831e, 'Firmware Distribution Upload Get', {}, { reply: uploadStatus });

/** Client to server: begins the upload of an image, which comes as the BLOB of this id. */
export const uploadStart = message(
  0x831f,
  'Firmware Distribution Upload Start',
  { ttl, timeoutBase: u16, blobId: longNumber(8), size: u32, metadata: counted(8), firmwareId },
  { reply: uploadStatus },
);

/** Client to server: has it retrieve an image by itself. The answer may take as long as the check of the URI. */
export const uploadOobStart = message(
  0x8320,
  'Firmware Distribution Upload OOB Start',
  { uri: countedText, firmwareId },
  { reply: uploadStatus },
);

/** Client to server: gives the upload up. */
export const uploadCancel = message(0x8321, 'Firmware Distribution Upload Cancel', {}, { reply: uploadStatus });

/** Server to client: how many images are stored, and the index of one of them (FFFF for none). */
export const firmwareStatus = message(0x8327, 'Firmware Distribution Firmware Status', {
  status,
  count: u16,
  image: u16,
  firmwareId,
});

/** Client to server: asks whether an image with this firmware id is stored. */
export const firmwareGet = message(
  0x8323,
  'Firmware Distribution Firmware Get',
  { firmwareId },
  { reply: firmwareStatus },
);

/** Client to server: asks which image is stored at this index. */
export const firmwareGetByIndex = message(
  0x8324,
  'Firmware Distribution Firmware Get By Index',
  { image: u16 },
  { reply: firmwareStatus },
);

/** Client to server: deletes the image with this firmware id. */
export const firmwareDelete = message(
  0x8325,
  'Firmware Distribution Firmware Delete',
  { firmwareId },
  { reply: firmwareStatus },
);

/** Client to server: deletes all images. */
export const firmwareDeleteAll = message(
  0x8326,
  'Firmware Distribution Firmware Delete All',
  {},
  { reply: firmwareStatus },
);

/** All Firmware Distribution messages (MshDFU). */
export const distributionMessages = [
  receiversAdd,
  receiversDeleteAll,
  receiversStatus,
  receiversGet,
  receiversList,
  capabilitiesGet,
  capabilitiesStatus,
  distributionGet,
  distributionStart,
  distributionSuspend,
  distributionCancel,
  distributionApply,
  distributionStatusMessage,
  uploadGet,
  uploadStart,
  uploadOobStart,
  uploadCancel,
  uploadStatus,
  firmwareGet,
  firmwareGetByIndex,
  firmwareDelete,
  firmwareDeleteAll,
  firmwareStatus,
];
