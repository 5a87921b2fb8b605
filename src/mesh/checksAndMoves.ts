import type { Moves } from '../core/moves.ts';
import {
  blobPhase,
  blobStatus,
  distributionPhase,
  distributionStatus,
  updatePhase,
  updateStatus,
  uploadPhase,
} from './codec/enums.ts';

/** One check of a list: the first that applies decides. */
export interface Check {
  readonly when: string;
  readonly status: number;
  /** The phase that follows; absent where it stays. */
  readonly next?: number;
  /** The policy that decides instead where the standard is open. */
  readonly policy?: string;
}

/** The first Transfer Start of a prepared transfer. Their order is open (MESH-P4). */
export const transferStartChecks = {
  tooLarge: { when: 'size above the maximum BLOB size', status: blobStatus.BLOB_TOO_LARGE },
  blockSize: { when: 'block size log outside the range', status: blobStatus.INVALID_BLOCK_SIZE },
  mode: { when: 'transfer mode not supported', status: blobStatus.UNSUPPORTED_TRANSFER_MODE, policy: 'MESH-P5' },
  tooManyBlocks: {
    when: 'more blocks than the server keeps',
    status: blobStatus.INVALID_PARAMETER,
    next: blobPhase.INACTIVE,
    policy: 'MESH-P10',
  },
  good: { when: 'otherwise', status: blobStatus.SUCCESS, next: blobPhase.WAITING_FOR_NEXT_BLOCK },
} as const satisfies { [name: string]: Check };

/** Block Start, in this order. */
export const blockStartChecks = {
  number: { when: 'block number not below the number of blocks', status: blobStatus.INVALID_BLOCK_NUMBER },
  chunkSize: { when: 'chunk size 0, above the maximum, or too many chunks', status: blobStatus.INVALID_CHUNK_SIZE },
  complete: { when: 'block already received', status: blobStatus.SUCCESS },
  good: { when: 'otherwise', status: blobStatus.SUCCESS, next: blobPhase.WAITING_FOR_NEXT_CHUNK },
} as const satisfies { [name: string]: Check };

/** A new Firmware Update Start. */
export const updateStartChecks = {
  index: { when: 'image index out of range', status: updateStatus.WRONG_FIRMWARE_INDEX },
  metadata: { when: 'metadata refused', status: updateStatus.METADATA_CHECK_FAILED },
  memory: { when: 'no memory', status: updateStatus.INSUFFICIENT_RESOURCES },
  busy: { when: 'the application is busy', status: updateStatus.TEMPORARILY_UNAVAILABLE },
  blob: { when: 'the BLOB Transfer Server is in use', status: updateStatus.BLOB_TRANSFER_BUSY },
  internal: { when: 'any other failure', status: updateStatus.INTERNAL_ERROR },
  held: {
    when: 'the image is already held',
    status: updateStatus.SUCCESS,
    next: updatePhase.VERIFYING_UPDATE,
    policy: 'MESH-P14',
  },
  good: { when: 'otherwise', status: updateStatus.SUCCESS, next: updatePhase.TRANSFER_ACTIVE },
} as const satisfies { [name: string]: Check };

/** A Firmware Distribution Start, before its row of the reply table counts. */
export const distributionStartChecks = {
  noReceivers: { when: 'receivers list is empty', status: distributionStatus.RECEIVERS_LIST_EMPTY },
  appKey: { when: 'AppKey index unknown', status: distributionStatus.INVALID_APPKEY_INDEX },
  image: { when: 'image index unknown', status: distributionStatus.FIRMWARE_NOT_FOUND },
} as const satisfies { [name: string]: Check };

/** A new Upload Start. */
export const uploadStartChecks = {
  space: { when: 'image too large, or no slot left', status: distributionStatus.INSUFFICIENT_RESOURCES },
  refused: { when: 'storage refuses', status: distributionStatus.INTERNAL_ERROR },
  held: {
    when: 'an image with this firmware id is stored',
    status: distributionStatus.SUCCESS,
    next: uploadPhase.TRANSFER_SUCCESS,
  },
  good: { when: 'otherwise', status: distributionStatus.SUCCESS, next: uploadPhase.TRANSFER_ACTIVE },
} as const satisfies { [name: string]: Check };

/** A new Upload OOB Start; its answer may come late. */
export const uploadOobStartChecks = {
  unsupported: {
    when: 'out-of-band retrieval or the URI scheme not supported',
    status: distributionStatus.URI_NOT_SUPPORTED,
    policy: 'MESH-P19',
  },
  malformed: { when: 'URI malformed', status: distributionStatus.URI_MALFORMED },
  unreachable: { when: 'URI unreachable', status: distributionStatus.URI_UNREACHABLE },
  nothingNew: { when: 'no newer firmware there', status: distributionStatus.NEW_FIRMWARE_NOT_AVAILABLE },
  good: { when: 'otherwise', status: distributionStatus.SUCCESS, next: uploadPhase.TRANSFER_ACTIVE },
} as const satisfies { [name: string]: Check };

/** Update phase of a Firmware Update Server. A reboot turns 2 into 1 and 4 into 5. */
export const updateMoves: Moves<typeof updatePhase> = {
  IDLE: ['TRANSFER_ACTIVE', 'VERIFYING_UPDATE'],
  TRANSFER_ERROR: ['TRANSFER_ACTIVE', 'VERIFYING_UPDATE', 'IDLE'],
  TRANSFER_ACTIVE: ['TRANSFER_ERROR', 'VERIFYING_UPDATE', 'IDLE'],
  VERIFYING_UPDATE: ['VERIFICATION_SUCCEEDED', 'VERIFICATION_FAILED', 'IDLE'],
  VERIFICATION_SUCCEEDED: ['APPLYING_UPDATE', 'VERIFICATION_FAILED', 'IDLE'],
  VERIFICATION_FAILED: ['TRANSFER_ACTIVE', 'VERIFYING_UPDATE', 'IDLE'],
  APPLYING_UPDATE: ['IDLE'],
};

/** Transfer phase of a BLOB Transfer Server. */
export const blobMoves: Moves<typeof blobPhase> = {
  INACTIVE: ['WAITING_FOR_TRANSFER_START'],
  WAITING_FOR_TRANSFER_START: ['WAITING_FOR_NEXT_BLOCK', 'INACTIVE', 'TRANSFER_SUSPENDED'],
  WAITING_FOR_NEXT_BLOCK: ['WAITING_FOR_NEXT_CHUNK', 'TRANSFER_SUSPENDED', 'INACTIVE'],
  WAITING_FOR_NEXT_CHUNK: ['WAITING_FOR_NEXT_BLOCK', 'TRANSFER_COMPLETE', 'TRANSFER_SUSPENDED', 'INACTIVE'],
  TRANSFER_COMPLETE: ['INACTIVE', 'WAITING_FOR_TRANSFER_START'],
  TRANSFER_SUSPENDED: ['WAITING_FOR_NEXT_BLOCK', 'WAITING_FOR_NEXT_CHUNK', 'INACTIVE', 'WAITING_FOR_TRANSFER_START'],
};

/** Distribution phase of a Firmware Distribution Server. */
export const distributionMoves: Moves<typeof distributionPhase> = {
  IDLE: ['TRANSFER_ACTIVE'],
  TRANSFER_ACTIVE: ['TRANSFER_SUCCESS', 'FAILED', 'TRANSFER_SUSPENDED', 'CANCELING_UPDATE'],
  TRANSFER_SUCCESS: ['APPLYING_UPDATE', 'CANCELING_UPDATE', 'FAILED'],
  APPLYING_UPDATE: ['COMPLETED', 'FAILED', 'CANCELING_UPDATE', 'IDLE'],
  COMPLETED: ['TRANSFER_ACTIVE', 'IDLE'],
  FAILED: ['TRANSFER_ACTIVE', 'IDLE'],
  CANCELING_UPDATE: ['IDLE'],
  TRANSFER_SUSPENDED: ['TRANSFER_ACTIVE', 'CANCELING_UPDATE', 'FAILED'],
};

/** Upload phase of a Firmware Distribution Server. */
export const uploadMoves: Moves<typeof uploadPhase> = {
  IDLE: ['TRANSFER_ACTIVE', 'TRANSFER_SUCCESS'],
  TRANSFER_ACTIVE: ['TRANSFER_SUCCESS', 'TRANSFER_ERROR', 'IDLE'],
  TRANSFER_ERROR: ['TRANSFER_ACTIVE', 'TRANSFER_SUCCESS', 'IDLE'],
  TRANSFER_SUCCESS: ['TRANSFER_ACTIVE', 'IDLE'],
};
