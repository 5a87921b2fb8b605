import {
  blobPhase,
  blobStatus,
  distributionPhase,
  distributionStatus,
  updatePhase,
  updateStatus,
  uploadPhase,
} from './codec/enums.ts';
import type { NameTable } from '../core/layout/names.ts';

/**
 * One cell of a reply table, in words that a report can quote:
 * - `SUCCESS`, `WRONG_PHASE`, …: the status of the answer; the phase stays
 * - `SUCCESS > IDLE`: the status, and the phase that follows
 * - `… [MESH-P9]`: open in the standard; the policy of this id decides
 * - `ignored`: no answer and no change; `answered`: an answer that has no status
 * - `checks`: the list of checks beside the table decides
 * - `-`: cannot come about
 */
export type CellText<S extends NameTable, P extends NameTable> =
  | '-'
  | 'ignored'
  | 'answered'
  | 'checks'
  | `${keyof S & string}${'' | ` > ${keyof P & string}`}${'' | ` [MESH-P${number}]`}`;

/** A reply table: for every stimulus one cell for each phase, in the order of the phase numbers. */
export interface ReplyTable<
  S extends NameTable = NameTable,
  P extends NameTable = NameTable,
  R extends string = string,
> {
  readonly name: string;
  readonly status: S;
  readonly phase: P;
  /** The phases that have a column, in order. */
  readonly columns: readonly (keyof P & string)[];
  readonly rows: { readonly [row in R]: readonly CellText<S, P>[] };
}

/** A cell, taken apart. */
export type Cell =
  | { readonly kind: 'ignored' | 'answered' | 'checks' | 'impossible'; readonly text: string }
  | {
      readonly kind: 'status';
      readonly text: string;
      readonly status: number;
      /** The phase that follows; absent where it stays. */
      readonly next?: number;
      /** The policy that decides instead where the standard is open. */
      readonly policy?: string;
    };

/** The cell of a stimulus in a phase. A phase without a column is `impossible`. */
export function cellAt<R extends string>(table: ReplyTable<NameTable, NameTable, R>, row: R, phase: number): Cell {
  const column = table.columns.findIndex((name) => table.phase[name] === phase);
  const text = table.rows[row][column] ?? '-';
  if (text === '-') return { kind: 'impossible', text };
  if (text === 'ignored' || text === 'answered' || text === 'checks') return { kind: text, text };
  const [, status = '', next, policy] = /^(\w+)(?: > (\w+))?(?: \[(MESH-P\d+)\])?$/.exec(text) ?? [];
  return {
    kind: 'status',
    text,
    status: table.status[status] ?? Number.NaN,
    ...(next !== undefined && { next: table.phase[next] ?? Number.NaN }),
    ...(policy !== undefined && { policy }),
  };
}

/** Only checks the words of a table at compile time. */
function table<const S extends NameTable, const P extends NameTable, const R extends string>(
  name: string,
  status: S,
  phase: P,
  columns: readonly (keyof P & string)[],
  rows: { readonly [row in R]: readonly CellText<S, P>[] },
): ReplyTable<S, P, R> {
  return { name, status, phase, columns, rows };
}

/** BLOB Transfer Server: the answer to every message in every phase. */
export const blobServerTable = table(
  'BLOB Transfer Server',
  blobStatus,
  blobPhase,
  [
    'INACTIVE',
    'WAITING_FOR_TRANSFER_START',
    'WAITING_FOR_NEXT_BLOCK',
    'WAITING_FOR_NEXT_CHUNK',
    'TRANSFER_COMPLETE',
    'TRANSFER_SUSPENDED',
  ],
  {
    'Transfer Get': ['SUCCESS', 'SUCCESS', 'SUCCESS', 'SUCCESS', 'SUCCESS', 'SUCCESS'],
    'Transfer Get, pull and nothing missing': ['-', '-', '-', 'SUCCESS > TRANSFER_COMPLETE', '-', '-'],
    'Transfer Start, mode 0 or 3': ['ignored', 'ignored', 'ignored', 'ignored', 'ignored', 'ignored'],
    'Transfer Start, other BLOB id': [
      'WRONG_PHASE',
      'WRONG_BLOB_ID',
      'WRONG_BLOB_ID',
      'WRONG_BLOB_ID',
      'WRONG_BLOB_ID',
      'WRONG_BLOB_ID',
    ],
    'Transfer Start, first time': ['WRONG_PHASE', 'checks', '-', '-', '-', '-'],
    'Transfer Start, same parameters': [
      'WRONG_PHASE',
      '-',
      'SUCCESS',
      'SUCCESS',
      'SUCCESS',
      'SUCCESS > WAITING_FOR_NEXT_BLOCK',
    ],
    'Transfer Start, other parameters': [
      'WRONG_PHASE',
      '-',
      'WRONG_PHASE',
      'WRONG_PHASE',
      'WRONG_PHASE',
      'WRONG_PHASE',
    ],
    'Transfer Cancel, right BLOB id': [
      'SUCCESS',
      'SUCCESS > INACTIVE',
      'SUCCESS > INACTIVE',
      'SUCCESS > INACTIVE',
      'SUCCESS > INACTIVE',
      'SUCCESS > INACTIVE',
    ],
    'Transfer Cancel, wrong BLOB id': [
      'SUCCESS',
      'WRONG_BLOB_ID',
      'WRONG_BLOB_ID',
      'WRONG_BLOB_ID',
      'WRONG_BLOB_ID',
      'WRONG_BLOB_ID',
    ],
    'Block Get': ['WRONG_PHASE', 'WRONG_PHASE', 'SUCCESS', 'SUCCESS', 'SUCCESS', 'INFORMATION_UNAVAILABLE'],
    'Block Start, same number and chunk size': ['WRONG_PHASE', 'WRONG_PHASE', 'checks', 'SUCCESS', 'checks', 'checks'],
    'Block Start, other': ['WRONG_PHASE', 'WRONG_PHASE', 'checks', 'WRONG_PHASE', 'checks', 'checks'],
    'Information Get': ['answered', 'answered', 'answered', 'answered', 'answered', 'answered'],
  },
);

/** Firmware Update Server. `identical`: same TTL, timeout base, BLOB id, image index and metadata. */
export const updateServerTable = table(
  'Firmware Update Server',
  updateStatus,
  updatePhase,
  [
    'IDLE',
    'TRANSFER_ERROR',
    'TRANSFER_ACTIVE',
    'VERIFYING_UPDATE',
    'VERIFICATION_SUCCEEDED',
    'VERIFICATION_FAILED',
    'APPLYING_UPDATE',
  ],
  {
    Get: ['SUCCESS', 'SUCCESS', 'SUCCESS', 'SUCCESS', 'SUCCESS', 'SUCCESS', 'SUCCESS'],
    'Information Get': ['answered', 'answered', 'answered', 'answered', 'answered', 'answered', 'ignored'],
    'Metadata Check': ['answered', 'answered', 'answered', 'answered', 'answered', 'answered', 'answered'],
    'Start, new': ['checks', 'checks', 'WRONG_PHASE', 'WRONG_PHASE', 'WRONG_PHASE', 'checks', 'WRONG_PHASE'],
    'Start, identical': ['-', 'SUCCESS > TRANSFER_ACTIVE', 'SUCCESS', 'SUCCESS', 'SUCCESS', '-', 'SUCCESS'],
    Cancel: [
      'SUCCESS',
      'SUCCESS > IDLE',
      'SUCCESS > IDLE',
      'SUCCESS > IDLE',
      'SUCCESS > IDLE',
      'SUCCESS > IDLE',
      'SUCCESS > IDLE',
    ],
    Apply: [
      'WRONG_PHASE',
      'WRONG_PHASE',
      'WRONG_PHASE',
      'WRONG_PHASE',
      'SUCCESS > APPLYING_UPDATE',
      'WRONG_PHASE',
      'SUCCESS',
    ],
  },
);

/** Firmware Distribution Server: the distribution itself. */
export const distributionServerTable = table(
  'Firmware Distribution Server',
  distributionStatus,
  distributionPhase,
  [
    'IDLE',
    'TRANSFER_ACTIVE',
    'TRANSFER_SUCCESS',
    'APPLYING_UPDATE',
    'COMPLETED',
    'FAILED',
    'CANCELING_UPDATE',
    'TRANSFER_SUSPENDED',
  ],
  {
    Get: ['SUCCESS', 'SUCCESS', 'SUCCESS', 'SUCCESS', 'SUCCESS', 'SUCCESS', 'SUCCESS', 'SUCCESS'],
    'Receivers Add': [
      'checks',
      'BUSY_WITH_DISTRIBUTION',
      'SUCCESS [MESH-P9]',
      'BUSY_WITH_DISTRIBUTION',
      'checks',
      'checks',
      'SUCCESS [MESH-P9]',
      'SUCCESS [MESH-P9]',
    ],
    'Receivers Delete All': [
      'SUCCESS',
      'BUSY_WITH_DISTRIBUTION',
      'SUCCESS [MESH-P9]',
      'BUSY_WITH_DISTRIBUTION',
      'SUCCESS',
      'SUCCESS',
      'SUCCESS [MESH-P9]',
      'SUCCESS [MESH-P9]',
    ],
    'Start, same parameters': [
      '-',
      'SUCCESS [MESH-P16]',
      'SUCCESS [MESH-P16]',
      'SUCCESS [MESH-P16]',
      'SUCCESS [MESH-P16]',
      'SUCCESS > TRANSFER_ACTIVE',
      'BUSY_WITH_DISTRIBUTION',
      'SUCCESS > TRANSFER_ACTIVE',
    ],
    'Start, other parameters': [
      'SUCCESS > TRANSFER_ACTIVE',
      'BUSY_WITH_DISTRIBUTION',
      'BUSY_WITH_DISTRIBUTION',
      'BUSY_WITH_DISTRIBUTION',
      'SUCCESS > TRANSFER_ACTIVE',
      'SUCCESS > TRANSFER_ACTIVE',
      'BUSY_WITH_DISTRIBUTION',
      'BUSY_WITH_DISTRIBUTION',
    ],
    Suspend: [
      'WRONG_PHASE',
      'SUCCESS > TRANSFER_SUSPENDED',
      'WRONG_PHASE',
      'WRONG_PHASE',
      'WRONG_PHASE',
      'WRONG_PHASE',
      'WRONG_PHASE',
      'SUCCESS',
    ],
    Apply: [
      'WRONG_PHASE',
      'WRONG_PHASE',
      'SUCCESS > APPLYING_UPDATE',
      'SUCCESS',
      'SUCCESS',
      'WRONG_PHASE',
      'WRONG_PHASE',
      'WRONG_PHASE',
    ],
    Cancel: [
      'SUCCESS',
      'SUCCESS > CANCELING_UPDATE',
      'SUCCESS > CANCELING_UPDATE',
      'SUCCESS > CANCELING_UPDATE [MESH-P22]',
      'SUCCESS > IDLE',
      'SUCCESS > IDLE',
      'SUCCESS',
      'SUCCESS > CANCELING_UPDATE',
    ],
    'Firmware Delete': [
      'SUCCESS',
      'BUSY_WITH_DISTRIBUTION',
      'BUSY_WITH_DISTRIBUTION',
      'BUSY_WITH_DISTRIBUTION',
      'BUSY_WITH_DISTRIBUTION',
      'BUSY_WITH_DISTRIBUTION',
      'BUSY_WITH_DISTRIBUTION',
      'BUSY_WITH_DISTRIBUTION',
    ],
  },
);

/** Firmware Distribution Server: the upload of an image. */
export const uploadServerTable = table(
  'Firmware Distribution Server, upload',
  distributionStatus,
  uploadPhase,
  ['IDLE', 'TRANSFER_ACTIVE', 'TRANSFER_ERROR', 'TRANSFER_SUCCESS'],
  {
    'Upload Get': ['SUCCESS', 'SUCCESS', 'SUCCESS', 'SUCCESS'],
    'Upload Start, same parameters': ['-', 'SUCCESS', 'SUCCESS > TRANSFER_ACTIVE [MESH-P11]', 'SUCCESS'],
    'Upload Start, other parameters': ['checks', 'BUSY_WITH_UPLOAD', 'checks', 'checks'],
    'Upload OOB Start, same parameters': ['-', 'SUCCESS', 'SUCCESS > TRANSFER_ACTIVE [MESH-P11]', 'SUCCESS'],
    'Upload OOB Start, other parameters': ['checks', 'BUSY_WITH_UPLOAD', 'checks', 'checks'],
    'Upload Cancel': ['SUCCESS', 'SUCCESS > IDLE', 'SUCCESS > IDLE', 'SUCCESS > IDLE'],
  },
);

/** The reply tables by name. */
export const replyTables = [blobServerTable, updateServerTable, distributionServerTable, uploadServerTable] as const;
