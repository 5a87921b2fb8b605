/** Transfer phase of a BLOB Transfer Server (MshMBT). */
export const blobPhase = {
  INACTIVE: 0,
  WAITING_FOR_TRANSFER_START: 1,
  WAITING_FOR_NEXT_BLOCK: 2,
  WAITING_FOR_NEXT_CHUNK: 3,
  TRANSFER_COMPLETE: 4,
  TRANSFER_SUSPENDED: 5,
} as const;

/** Status code of the BLOB Transfer messages. */
export const blobStatus = {
  SUCCESS: 0x00,
  INVALID_BLOCK_NUMBER: 0x01,
  INVALID_BLOCK_SIZE: 0x02,
  INVALID_CHUNK_SIZE: 0x03,
  WRONG_PHASE: 0x04,
  INVALID_PARAMETER: 0x05,
  WRONG_BLOB_ID: 0x06,
  BLOB_TOO_LARGE: 0x07,
  UNSUPPORTED_TRANSFER_MODE: 0x08,
  INTERNAL_ERROR: 0x09,
  INFORMATION_UNAVAILABLE: 0x0a,
} as const;

/** Who paces the chunks: the client (push) or the server (pull). */
export const transferMode = { NONE: 0, PUSH: 1, PULL: 2 } as const;

/** How a Block Status tells the missing chunks. */
export const missingFormat = { ALL: 0, NONE: 1, SOME: 2, ENCODED: 3 } as const;

/** Update phase of a Firmware Update Server; 7 to 10 appear only in a distributor's receivers list. */
export const updatePhase = {
  IDLE: 0,
  TRANSFER_ERROR: 1,
  TRANSFER_ACTIVE: 2,
  VERIFYING_UPDATE: 3,
  VERIFICATION_SUCCEEDED: 4,
  VERIFICATION_FAILED: 5,
  APPLYING_UPDATE: 6,
  TRANSFER_CANCELED: 7,
  APPLY_SUCCESS: 8,
  APPLY_FAILED: 9,
  UNKNOWN: 10,
} as const;

/** Status code of the Firmware Update messages. */
export const updateStatus = {
  SUCCESS: 0,
  INSUFFICIENT_RESOURCES: 1,
  WRONG_PHASE: 2,
  INTERNAL_ERROR: 3,
  WRONG_FIRMWARE_INDEX: 4,
  METADATA_CHECK_FAILED: 5,
  TEMPORARILY_UNAVAILABLE: 6,
  BLOB_TRANSFER_BUSY: 7,
} as const;

/** What the new firmware changes on the node. */
export const additionalInformation = {
  COMPOSITION_UNCHANGED: 0,
  COMPOSITION_CHANGED_NO_REMOTE_PROVISIONING: 1,
  COMPOSITION_CHANGED_REMOTE_PROVISIONING: 2,
  NODE_UNPROVISIONED: 3,
} as const;

/** Distribution phase of a Firmware Distribution Server. */
export const distributionPhase = {
  IDLE: 0,
  TRANSFER_ACTIVE: 1,
  TRANSFER_SUCCESS: 2,
  APPLYING_UPDATE: 3,
  COMPLETED: 4,
  FAILED: 5,
  CANCELING_UPDATE: 6,
  TRANSFER_SUSPENDED: 7,
} as const;

/** Status code of the Firmware Distribution messages. */
export const distributionStatus = {
  SUCCESS: 0x00,
  INSUFFICIENT_RESOURCES: 0x01,
  WRONG_PHASE: 0x02,
  INTERNAL_ERROR: 0x03,
  FIRMWARE_NOT_FOUND: 0x04,
  INVALID_APPKEY_INDEX: 0x05,
  RECEIVERS_LIST_EMPTY: 0x06,
  BUSY_WITH_DISTRIBUTION: 0x07,
  BUSY_WITH_UPLOAD: 0x08,
  URI_NOT_SUPPORTED: 0x09,
  URI_MALFORMED: 0x0a,
  URI_UNREACHABLE: 0x0b,
  NEW_FIRMWARE_NOT_AVAILABLE: 0x0c,
  SUSPEND_FAILED: 0x0d,
} as const;

/** Upload phase of a Firmware Distribution Server. */
export const uploadPhase = { IDLE: 0, TRANSFER_ACTIVE: 1, TRANSFER_ERROR: 2, TRANSFER_SUCCESS: 3 } as const;

/** Whether a distributor applies by itself what has been verified. */
export const updatePolicy = { VERIFY_ONLY: 0, VERIFY_AND_APPLY: 1 } as const;

/** How an upload reaches the distributor. */
export const uploadType = { IN_BAND: 0, OUT_OF_BAND: 1 } as const;

/** Codes of URI schemes (Bluetooth assigned numbers), those that firmware retrieval uses. */
export const uriScheme = { HTTP: 0x16, HTTPS: 0x17 } as const;

/** Status code of the Configuration messages (those of Mesh Protocol 4.3.5 that the tester meets). */
export const configStatus = {
  SUCCESS: 0x00,
  INVALID_ADDRESS: 0x01,
  INVALID_MODEL: 0x02,
  INVALID_APPKEY_INDEX: 0x03,
  INVALID_NETKEY_INDEX: 0x04,
  INSUFFICIENT_RESOURCES: 0x05,
  KEY_INDEX_ALREADY_STORED: 0x06,
  CANNOT_BIND: 0x0d,
} as const;

/** State of a node feature that can be switched. */
export const featureState = { DISABLED: 0, ENABLED: 1, NOT_SUPPORTED: 2 } as const;

/** SIG models that the suites use. */
export const modelIds = {
  CONFIGURATION_SERVER: 0x0000,
  CONFIGURATION_CLIENT: 0x0001,
  HEALTH_SERVER: 0x0002,
  SAR_CONFIGURATION_SERVER: 0x000e,
  BLOB_TRANSFER_SERVER: 0x1400,
  BLOB_TRANSFER_CLIENT: 0x1401,
  FIRMWARE_UPDATE_SERVER: 0x1402,
  FIRMWARE_UPDATE_CLIENT: 0x1403,
  FIRMWARE_DISTRIBUTION_SERVER: 0x1404,
  FIRMWARE_DISTRIBUTION_CLIENT: 0x1405,
} as const;

/** The values of a name table, as a type. */
export type ValueIn<T extends Readonly<Record<string, number>>> = T[keyof T];
