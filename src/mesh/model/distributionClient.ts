import { distributionPhase, distributionStatus, uploadPhase } from '../codec/enums.ts';
import type { MessageValue } from '../codec/message.ts';
import {
  distributionGet,
  type distributionStatusMessage,
  receiversAdd,
  receiversGet,
  type receiversStatus,
  uploadGet,
  uploadStart,
  type uploadStatus,
} from '../codec/messages/distribution.ts';
import { nameOf } from '../../core/layout/names.ts';
import { type Answer, type Deadline, request } from '../stack/exchange.ts';
import type { MeshStack, SendOptions } from '../stack/meshStack.ts';
import type { BlobTransfer } from './blobClient.ts';
import { type BlobResult, type BlobSending, sendBlob } from './blobSender.ts';
import type { Receiver } from './distributionServer.ts';
import { poll, type Polled, type PollTiming } from './polling.ts';

type UploadState = MessageValue<typeof uploadStatus>;
type DistributionState = MessageValue<typeof distributionStatusMessage>;

/** How to reach the distributor and how long to wait for it. */
export type Asking = SendOptions & Deadline & PollTiming;

/** How an upload went: the answer to Upload Start, the transfer where there was one, and what Upload Get showed at last. */
export interface UploadOutcome {
  readonly started: Answer<UploadState>;
  readonly transfer?: BlobResult;
  readonly polled?: Polled<UploadState>;
}

/** Uploads an image to the distributor, as an initiator does: Upload Start, BLOB transfer, Upload Get until it has ended. */
export async function uploadFirmware(
  stack: MeshStack,
  upload: MessageValue<typeof uploadStart>,
  blob: { readonly data: Buffer; readonly transfer: BlobTransfer; readonly sending: BlobSending },
  options: Asking & { readonly to: number },
): Promise<UploadOutcome> {
  const started = await request(stack, uploadStart, upload, options);
  if (started.kind !== 'reply' || started.value.status !== distributionStatus.SUCCESS) return { started };
  if (started.value.phase === uploadPhase.TRANSFER_SUCCESS) return { started };
  const transfer = await sendBlob(stack, blob.data, blob.transfer, [options.to], blob.sending);
  return { started, transfer, polled: await awaitUploadEnd(stack, options) };
}

/** Polls Upload Get until the upload has succeeded or failed. */
export function awaitUploadEnd(stack: MeshStack, options: Asking): Promise<Polled<UploadState>> {
  const ended: readonly number[] = [uploadPhase.TRANSFER_SUCCESS, uploadPhase.TRANSFER_ERROR, uploadPhase.IDLE];
  const progress = ({ phase, upload }: UploadState): string =>
    `${nameOf(uploadPhase, phase)} ${upload?.progress ?? 0} %`;
  return poll(
    stack.options.timers,
    options,
    () => request(stack, uploadGet, {}, options),
    (value) => ended.includes(value.phase),
    progress,
  );
}

/** Entries of one Receivers Add: as many as 380 octets hold. */
const RECEIVERS_IN_ONE = 126;

/** Adds receivers in as many messages as it takes; the first answer that is no success ends it. */
export async function addReceivers(
  stack: MeshStack,
  receivers: MessageValue<typeof receiversAdd>['receivers'],
  options: SendOptions & Deadline,
): Promise<Answer<MessageValue<typeof receiversStatus>>> {
  for (let i = 0; ; i += RECEIVERS_IN_ONE) {
    const answer = await request(stack, receiversAdd, { receivers: receivers.slice(i, i + RECEIVERS_IN_ONE) }, options);
    const last = i + RECEIVERS_IN_ONE >= receivers.length;
    if (last || answer.kind !== 'reply' || answer.value.status !== distributionStatus.SUCCESS) return answer;
  }
}

/** Entries of one Receivers List: as many as 380 octets hold. */
const ENTRIES_IN_ONE = 74;

/** The whole receivers list; undefined where an answer does not come or brings nothing. */
export async function readReceivers(
  stack: MeshStack,
  options: SendOptions & Deadline,
): Promise<readonly Receiver[] | undefined> {
  const entries: Receiver[] = [];
  for (;;) {
    const answer = await request(stack, receiversGet, { first: entries.length, limit: ENTRIES_IN_ONE }, options);
    if (answer.kind !== 'reply') return undefined;
    entries.push(...answer.value.entries);
    if (entries.length >= answer.value.count) return entries;
    if (answer.value.entries.length === 0) return undefined;
  }
}

/** Polls Distribution Get until one of these phases is seen. */
export function awaitDistributionPhase(
  stack: MeshStack,
  phases: readonly number[],
  options: Asking,
): Promise<Polled<DistributionState>> {
  return poll(
    stack.options.timers,
    options,
    () => request(stack, distributionGet, {}, options),
    (value) => phases.includes(value.phase),
    (value) => nameOf(distributionPhase, value.phase),
  );
}
