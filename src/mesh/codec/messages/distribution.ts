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
import {
  address,
  counted,
  countedText,
  group,
  list,
  longNumber,
  optional,
  reserved,
  rest,
  ttl,
  u16,
  u32,
  u8,
  uint,
  when,
} from '../fields.ts';
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

export const receiversStatus = message(0x8313, 'Firmware Distribution Receivers Status', { status, count: u16 });

export const receiversAdd = message(
  0x8311,
  'Firmware Distribution Receivers Add',
  { receivers: list({ address, image: u8 }) },
  { reply: receiversStatus },
);

export const receiversDeleteAll = message(
  0x8312,
  'Firmware Distribution Receivers Delete All',
  {},
  { reply: receiversStatus },
);

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

export const receiversGet = message(
  0x8314,
  'Firmware Distribution Receivers Get',
  { first: u16, limit: uint(16, { range: [1, 0xffff] }) },
  { reply: receiversList },
);

export const capabilitiesStatus = message(0x8317, 'Firmware Distribution Capabilities Status', {
  maxReceivers: u16,
  maxImages: u16,
  maxImageSize: u32,
  maxUploadSpace: u32,
  remainingSpace: u32,
  oobRetrieval: uint(8, { range: [0, 1] }),
  schemes: when('oobRetrieval', 1, rest(1)),
});

export const capabilitiesGet = message(
  0x8316,
  'Firmware Distribution Capabilities Get',
  {},
  { reply: capabilitiesStatus },
);

export const distributionStatusMessage = message(0x831d, 'Firmware Distribution Status', {
  status,
  phase: uint(8, { of: distributionPhase }),
  distribution: optional(group({ group: address, ...parameters })),
});

export const distributionGet = message(0x8318, 'Firmware Distribution Get', {}, { reply: distributionStatusMessage });

export const distributionStart = message(
  0x8319,
  'Firmware Distribution Start',
  { ...parameters, group: addressOrLabel },
  { reply: distributionStatusMessage },
);

export const distributionSuspend = message(
  0x831a,
  'Firmware Distribution Suspend',
  {},
  { reply: distributionStatusMessage },
);

export const distributionCancel = message(
  0x831b,
  'Firmware Distribution Cancel',
  {},
  { reply: distributionStatusMessage },
);

export const distributionApply = message(
  0x831c,
  'Firmware Distribution Apply',
  {},
  { reply: distributionStatusMessage },
);

export const uploadStatus = message(0x8322, 'Firmware Distribution Upload Status', {
  status,
  phase: uint(8, { of: uploadPhase }),
  upload: optional(group({ progress: uint(7, { range: [0, 100] }), type: uint(1, { of: uploadType }), firmwareId })),
});

export const uploadGet = message(0x831e, 'Firmware Distribution Upload Get', {}, { reply: uploadStatus });

export const uploadStart = message(
  0x831f,
  'Firmware Distribution Upload Start',
  { ttl, timeoutBase: u16, blobId: longNumber(8), size: u32, metadata: counted, firmwareId },
  { reply: uploadStatus },
);

export const uploadOobStart = message(
  0x8320,
  'Firmware Distribution Upload OOB Start',
  { uri: countedText, firmwareId },
  { reply: uploadStatus },
);

export const uploadCancel = message(0x8321, 'Firmware Distribution Upload Cancel', {}, { reply: uploadStatus });

export const firmwareStatus = message(0x8327, 'Firmware Distribution Firmware Status', {
  status,
  count: u16,
  image: u16,
  firmwareId,
});

export const firmwareGet = message(
  0x8323,
  'Firmware Distribution Firmware Get',
  { firmwareId },
  { reply: firmwareStatus },
);

export const firmwareGetByIndex = message(
  0x8324,
  'Firmware Distribution Firmware Get By Index',
  { image: u16 },
  { reply: firmwareStatus },
);

export const firmwareDelete = message(
  0x8325,
  'Firmware Distribution Firmware Delete',
  { firmwareId },
  { reply: firmwareStatus },
);

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
