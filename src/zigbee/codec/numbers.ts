/** The OTA Upgrade cluster. */
export const OTA_CLUSTER = 0x0019;

/** Statuses of ZCL 2.6.3 that the OTA Upgrade cluster uses or a device may answer with. */
export const zclStatus = {
  SUCCESS: 0x00,
  FAILURE: 0x01,
  NOT_AUTHORIZED: 0x7e,
  MALFORMED_COMMAND: 0x80,
  /** Older name: UNSUP_CLUSTER_COMMAND. */
  UNSUP_COMMAND: 0x81,
  /** Retired in later revisions. */
  UNSUP_GENERAL_COMMAND: 0x82,
  INVALID_FIELD: 0x85,
  UNSUPPORTED_ATTRIBUTE: 0x86,
  INVALID_VALUE: 0x87,
  READ_ONLY: 0x88,
  INSUFFICIENT_SPACE: 0x89,
  TIMEOUT: 0x94,
  ABORT: 0x95,
  INVALID_IMAGE: 0x96,
  WAIT_FOR_DATA: 0x97,
  NO_IMAGE_AVAILABLE: 0x98,
  REQUIRE_MORE_IMAGE: 0x99,
  NOTIFICATION_PENDING: 0x9a,
} as const;

/** Frame type of the ZCL header (2.4.1.1.1). */
export const frameType = { GLOBAL: 0, CLUSTER: 1 } as const;

/** Direction bit of the ZCL header: the side that the frame comes from. */
export const direction = { CLIENT_TO_SERVER: 0, SERVER_TO_CLIENT: 1 } as const;

/** A value of `direction`. */
export type Direction = (typeof direction)[keyof typeof direction];

/** What an Image Notify carries besides the jitter (11.13.3). */
export const notifyPayload = {
  JITTER: 0,
  MANUFACTURER: 1,
  MANUFACTURER_AND_TYPE: 2,
  MANUFACTURER_TYPE_AND_VERSION: 3,
} as const;

/** ImageUpgradeStatus, attribute 0x0006 (11.10). */
export const upgradeStatus = {
  NORMAL: 0,
  DOWNLOAD_IN_PROGRESS: 1,
  DOWNLOAD_COMPLETE: 2,
  WAITING_TO_UPGRADE: 3,
  COUNT_DOWN: 4,
  WAIT_FOR_MORE: 5,
  WAITING_FOR_EXTERNAL_EVENT: 6,
} as const;

/** UpgradeActivationPolicy, attribute 0x000B. */
export const activationPolicy = { SERVER_MAY_ACTIVATE: 0, OUT_OF_BAND_ONLY: 1 } as const;

/** UpgradeTimeoutPolicy, attribute 0x000C. */
export const timeoutPolicy = { APPLY_AFTER_TIMEOUT: 0, DO_NOT_APPLY: 1 } as const;

/** Values that stand for any manufacturer, image type or file version. */
export const wildCard = { MANUFACTURER: 0xffff, IMAGE_TYPE: 0xffff, FILE_VERSION: 0xffffffff } as const;

/** Request and upgrade time that asks the client to wait for another command. */
export const UNTIL_TOLD = 0xffffffff;

/** Image types with a meaning of their own; those below 0xFFC0 are the manufacturer's. */
export const imageTypes = {
  SECURITY_CREDENTIALS: 0xffc0,
  CONFIGURATION: 0xffc1,
  LOG: 0xffc2,
  PICTURE: 0xffc3,
  WILD_CARD: 0xffff,
} as const;
