import type { Drive } from '../../src/core/case.ts';
import type { Limit } from '../../src/core/timing.ts';
import { transferMode, updatePhase, uploadPhase } from '../../src/mesh/codec/enums.ts';
import {
  blobBlockStart,
  blobChunkTransfer,
  blobInformationGet,
  blobPartialBlockReport,
  blobTransferStart,
} from '../../src/mesh/codec/messages/blob.ts';
import { uploadStart } from '../../src/mesh/codec/messages/distribution.ts';
import { updateInformationGet, updateStart } from '../../src/mesh/codec/messages/update.ts';
import { message } from '../../src/mesh/kinds.ts';
import { sendBlob } from '../../src/mesh/model/blobSender.ts';
import { type BlobLimits, type BlobShape, chunkCount, chunkRange } from '../../src/mesh/model/geometry.ts';
import type { MeshTester } from '../../src/mesh/tester.ts';
import { where } from '../../src/core/log.ts';
import { ITEM } from './items.ts';

export type T = MeshTester & Drive;

/** Which model prepares the BLOB Transfer Server. */
export type Server = 'update' | 'upload';

/** The server that a variant names. */
export function serverOf(variant: string | undefined): Server {
  return variant === 'upload' ? 'upload' : 'update';
}

/** Server timeout base of transfers whose timeout is not to come: the IXIT; and of those in which it is waited for. */
export const SHORT_BASE = 2;
/** Of those whose time is judged, too: longer than any report interval, below which a pull server need not go. */
export const JUDGED_BASE = 4;

/** The server timeout of a base. */
export function serverTimeout(base: number, times = 1): Limit {
  return { timer: 'timeoutUnit', times: (base + 1) * times };
}

/** Long enough to see a timeout that is late, too. */
export function beyond(base: number): Limit {
  return serverTimeout(base, 2);
}

/** Address of the element that the BLOB Transfer Server is on. */
export function blobAt(t: T, server: Server): number {
  return t.element(server === 'update' ? 'update' : 'distribution');
}

/** The mode that is declared for this server; push where both are. */
export function modeOf(t: Pick<T, 'declared'>, server: Server): number {
  const push = server === 'update' ? ITEM.UPDATE_PUSH : ITEM.UPLOAD_PUSH;
  return t.declared(push) ? transferMode.PUSH : transferMode.PULL;
}

/** Which of the two images of the IXIT the device does not run: `A` unless it holds that one already. */
export async function freshImage(t: T): Promise<'A' | 'B'> {
  const held = await t.ask('images', t.element('update'), updateInformationGet, { first: 0, limit: 255 });
  const holds = held.entries.some((entry) => entry.firmwareId.equals(t.octets('firmwareIdA')));
  return holds ? 'B' : 'A';
}

/** What is announced to the server. */
export interface Announced {
  readonly blobId: string;
  readonly base: number;
  /** For an upload: octets of the image. */
  readonly size: number;
}

/** Makes a BLOB Transfer Server expect a BLOB: Update Start, or Upload Start. Ends the drive where it does not. */
export async function prepare(
  t: T,
  server: Server,
  { blobId, base, size }: Announced,
  label = 'prepare',
): Promise<void> {
  const to = blobAt(t, server);
  const ttl = t.ixit.number('ttl');
  if (server === 'update') {
    const metadata = t.octets(`metadata${await freshImage(t)}`);
    const { phase } = await t.ask(label, to, updateStart, { ttl, timeoutBase: base, blobId, image: 0, metadata });
    if (phase !== updatePhase.TRANSFER_ACTIVE) t.stop('the Update Server does not expect a transfer');
    return;
  }
  const value = {
    ttl,
    timeoutBase: base,
    blobId,
    size,
    metadata: t.octets('metadataA'),
    firmwareId: t.octets('firmwareIdA'),
  };
  const { phase } = await t.ask(label, to, uploadStart, value);
  if (phase !== uploadPhase.TRANSFER_ACTIVE) t.stop('the Distribution Server does not expect a transfer');
}

/** What the server can take. */
export function limitsOf(t: T, server: Server): Promise<BlobLimits> {
  return t.ask('limits', blobAt(t, server), blobInformationGet, {});
}

/** A transfer as the cases here make it: small blocks, several chunks in each. */
export interface Transfer extends BlobShape {
  readonly blobId: string;
  readonly mode: number;
  readonly chunkSize: number;
  readonly data: Buffer;
  readonly mtu: number;
}

/** Client MTU that tells nothing new to any server. */
const MTU = 380;
/** Octets of a chunk at least, and of opcode and number before it. */
const LEAST_CHUNK = 8;
const CHUNK_HEADER = 3;
/** Chunks of a block, where the limits allow so many. */
const CHUNKS = 8;

/** The largest chunk that the server takes and a message of its MTU carries. */
function largestChunk({ maxChunkSize, mtu }: BlobLimits): number {
  return Math.min(maxChunkSize, Math.min(mtu, MTU) - CHUNK_HEADER);
}

/** The same transfer with chunks that leave room for one octet more; undefined where the limits have no such chunks. */
export function withRoom(limits: BlobLimits, transfer: Transfer): Transfer | undefined {
  const chunkSize = Math.min(transfer.chunkSize, largestChunk(limits) - 1);
  return chunkSize < LEAST_CHUNK || chunkCount(transfer, 0, chunkSize) > limits.maxChunks
    ? undefined
    : { ...transfer, chunkSize };
}

/** A BLOB of so many blocks, the last of them short by `lack` octets, with parameters that the server takes. */
export function transferOf(limits: BlobLimits, blobId: string, mode: number, blocks: number, lack = 0): Transfer {
  const blockSizeLog = limits.minBlockSizeLog;
  const block = 2 ** blockSizeLog;
  const wished = Math.ceil(block / Math.min(CHUNKS, limits.maxChunks));
  const size = Math.min(blocks * block - lack, limits.maxBlobSize);
  const data = Buffer.from(Array.from({ length: size }, (_, i) => (i * 7 + (i >> 8)) & 0xff));
  const chunkSize = Math.max(LEAST_CHUNK, Math.min(largestChunk(limits), wished));
  return { blobId, mode, blockSizeLog, chunkSize, size, data, mtu: MTU };
}

/** The value of Transfer Start for this transfer. */
export function startOf({ mode, blobId, size, blockSizeLog, mtu }: Transfer): {
  mode: number;
  blobId: string;
  size: number;
  blockSizeLog: number;
  mtu: number;
} {
  return { mode, blobId, size, blockSizeLog, mtu };
}

/** A BLOB Transfer Server that expects a transfer which fits it. */
export async function prepared(
  t: T,
  server: Server,
  o: { blocks?: number; lack?: number; base?: number; mode?: number } = {},
): Promise<{ to: number; limits: BlobLimits; transfer: Transfer }> {
  const limits = await limitsOf(t, server);
  const mode = o.mode ?? modeOf(t, server);
  const transfer = transferOf(limits, t.blobId(), mode, o.blocks ?? 1, o.lack ?? 0);
  const base = o.base ?? t.ixit.number('timeoutBase');
  await prepare(t, server, { blobId: transfer.blobId, base, size: transfer.size });
  return { to: blobAt(t, server), limits, transfer };
}

/** The same, with the transfer begun. */
export async function begun(t: T, server: Server, o: Parameters<typeof prepared>[2] = {}): ReturnType<typeof prepared> {
  const made = await prepared(t, server, o);
  await t.ask('start', made.to, blobTransferStart, startOf(made.transfer));
  return made;
}

/** Sends these chunks of a block, each acknowledged by the transport layer. */
export async function sendChunks(
  t: T,
  to: number,
  transfer: Transfer,
  block: number,
  chunks: readonly number[],
  label = 'chunk',
): Promise<void> {
  for (const chunk of chunks) {
    const { start, end } = chunkRange(transfer, block, transfer.chunkSize, chunk);
    await t.tell(`${label} ${chunk}`, to, blobChunkTransfer, { chunk, data: transfer.data.subarray(start, end) });
  }
}

/** Numbers of all chunks of a block. */
export function chunksOf(transfer: Transfer, block: number): number[] {
  return Array.from({ length: chunkCount(transfer, block, transfer.chunkSize) }, (_, i) => i);
}

/** How long the next Partial Block Report is waited for; one of them may be lost. */
const REPORTS: Limit = { timer: 'report', times: 4 };

/** Rounds of a block without progress before the tester gives a transfer up; never reached on a link that lets a tenth through. */
const IDLE_ROUNDS = 20;

/** Serves one block in pull mode, from Block Start to the report that it is complete. */
export async function servePull(t: T, to: number, transfer: Transfer, block: number): Promise<void> {
  t.mark(`block ${block}`);
  const status = await t.ask(`block ${block}`, to, blobBlockStart, { block, chunkSize: transfer.chunkSize });
  const count = chunkCount(transfer, block, transfer.chunkSize);
  const report = where(message(blobPartialBlockReport), 'Partial Block Report', (m) => m.src === to);
  const sent = new Set<number>();
  let wanted: readonly number[] = status.wanted ?? [];
  for (let idle = 0; idle < IDLE_ROUNDS; idle++) {
    const chunks = wanted.filter((n) => n < count);
    await sendChunks(t, to, transfer, block, chunks);
    if (chunks.some((n) => !sent.has(n))) idle = 0;
    for (const n of chunks) sent.add(n);
    wanted = (await t.until(report, REPORTS)).value.wanted;
    // An empty report while chunks are still to be sent is one of the block before, which was repeated until Block Start came.
    if (wanted.length === 0 && sent.size === count) return;
  }
}

/** Octets of an image as a transfer with these limits: the largest chunks that let the image have several blocks. */
export function imageTransfer(limits: BlobLimits, blobId: string, mode: number, data: Buffer): Transfer {
  return { ...transferOf(limits, blobId, mode, 1), size: data.length, data };
}

/** Sends the whole of a BLOB to a server that expects it, as a right client does. True where the server has it all. */
export async function sendAll(t: T, to: number, transfer: Transfer, ttl?: number): Promise<boolean> {
  const deadline = { withinMs: t.real('reply'), retryMs: t.real('retry') };
  const sending = {
    key: { app: 0 },
    mtu: transfer.mtu,
    deadline,
    reportMs: t.real('reportLost'),
    ...(ttl === undefined ? {} : { ttl }),
  };
  const ends = await sendBlob(t.stack(), transfer.data, { ...transfer, idleRounds: IDLE_ROUNDS }, [to], sending);
  const end = ends.get(to);
  t.mark('transfer over', { end: end?.kind ?? 'none', reason: end?.kind === 'dropped' ? end.reason : '' });
  return end?.kind === 'complete';
}
