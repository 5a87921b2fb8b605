import { group, longNumber, optional, reserved, rest, u16, u32, uint, when } from '../../../core/layout/fields.ts';
import { blobPhase, blobStatus, missingFormat, transferMode } from '../enums.ts';
import { bitmap } from '../fields.ts';
import { message } from '../message.ts';
import { chunkNumbers } from '../special.ts';

/** Block size log as this project reads the standard (06 to 20 hex). */
const blockSizeLog = uint(8, { range: [0x06, 0x20] });
const mode = uint(2, { of: transferMode });
const status = uint(4, { of: blobStatus });
const blobId = longNumber(8);

/** Server to client: phase and, once a transfer is prepared, what is known of it. 2, 10, or 17 octets and the block bitmap. */
export const blobTransferStatus = message(0x8303, 'BLOB Transfer Status', {
  status,
  rfu: reserved(2),
  mode,
  phase: uint(8, { of: blobPhase }),
  blobId: optional(blobId),
  transfer: optional(group({ size: u32, blockSizeLog, mtu: u16, blocksNotReceived: bitmap })),
});

/** Client to server: asks for the state of the transfer. */
export const blobTransferGet = message(0x8300, 'BLOB Transfer Get', {}, { reply: blobTransferStatus });

/** Client to server: begins or resumes the transfer that the server was told to expect. */
export const blobTransferStart = message(
  0x8301,
  'BLOB Transfer Start',
  { rfu: reserved(6), mode: uint(2, { of: transferMode, range: [1, 2] }), blobId, size: u32, blockSizeLog, mtu: u16 },
  { reply: blobTransferStatus },
);

/** Client to server: ends the transfer of this BLOB. */
export const blobTransferCancel = message(0x8302, 'BLOB Transfer Cancel', { blobId }, { reply: blobTransferStatus });

/** Server to client: which chunks of the present block are missing. In push mode a bitmap, in pull mode the next wanted. */
export const blobBlockStatus = message(0x67, 'BLOB Block Status', {
  status,
  rfu: reserved(2),
  format: uint(2, { of: missingFormat }),
  block: u16,
  chunkSize: u16,
  missing: when('format', missingFormat.SOME, bitmap),
  wanted: when('format', missingFormat.ENCODED, chunkNumbers),
});

/** Client to server: begins a block with this chunk size. */
export const blobBlockStart = message(
  0x8304,
  'BLOB Block Start',
  { block: u16, chunkSize: u16 },
  { reply: blobBlockStatus },
);

/** Client to server: asks which chunks of the present block are missing. */
export const blobBlockGet = message(0x8305, 'BLOB Block Get', {}, { reply: blobBlockStatus });

/** Client to server, unacknowledged: one chunk of the present block. */
export const blobChunkTransfer = message(0x66, 'BLOB Chunk Transfer', { chunk: u16, data: rest() });

/** Older products use 65: accepted and reported (policy MESH-P1). */
export const blobPartialBlockReport = message(
  0x68,
  'BLOB Partial Block Report',
  { wanted: chunkNumbers },
  { alsoAccepted: [0x65] },
);

/** Server to client: what it can take. The two mode bits are in the order that this project reads (MESH-P2). */
export const blobInformationStatus = message(0x8307, 'BLOB Information Status', {
  minBlockSizeLog: blockSizeLog,
  maxBlockSizeLog: blockSizeLog,
  maxChunks: uint(16, { range: [1, 0xffff] }),
  maxChunkSize: uint(16, { range: [8, 0xffff] }),
  maxBlobSize: u32,
  mtu: uint(16, { range: [20, 0xffff] }),
  push: uint(1),
  pull: uint(1),
  rfu: reserved(6),
});

/** Client to server: asks what it can take. */
export const blobInformationGet = message(0x8306, 'BLOB Information Get', {}, { reply: blobInformationStatus });

/** All BLOB Transfer messages (MshMBT). */
export const blobMessages = [
  blobTransferGet,
  blobTransferStart,
  blobTransferCancel,
  blobTransferStatus,
  blobBlockStart,
  blobBlockGet,
  blobChunkTransfer,
  blobBlockStatus,
  blobPartialBlockReport,
  blobInformationGet,
  blobInformationStatus,
];
