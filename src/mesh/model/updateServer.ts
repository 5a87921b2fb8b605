import { type Decoded, valueOf } from '../codec/access.ts';
import { additionalInformation, updatePhase, updateStatus } from '../codec/enums.ts';
import { encodeMessage, type MessageValue } from '../codec/message.ts';
import {
  metadataCheck,
  metadataStatus,
  updateApply,
  updateCancel,
  updateGet,
  updateInformationGet,
  updateInformationStatus,
  updateStart,
  updateStatusMessage,
} from '../codec/messages/update.ts';
import { type Check, updateStartChecks } from '../checksAndMoves.ts';
import { type Cell, cellAt, updateServerTable } from '../tables.ts';
import type { ExpectedBlob } from './blobServer.ts';

/** A Firmware Update Server that the tester plays, with the misbehaviours that a test may want of it. */
export interface UpdateServerBehaviour {
  readonly images: readonly { readonly firmwareId: Buffer; readonly uri: string }[];
  /** Firmware id that the updated image shows once it was applied. */
  readonly newFirmwareId: Buffer;
  /** A value of `additionalInformation`: what becomes of the node after the update. */
  readonly additional: number;
  readonly refuseMetadata?: boolean;
  /** Answers Start with this status and does nothing. */
  readonly startStatus?: number;
  readonly failVerification?: boolean;
  /** Answers Apply, but goes back to Idle with the old firmware. */
  readonly failApply?: boolean;
}

type Start = MessageValue<typeof updateStart>;

/** Where an update stands. `images` are the firmware ids that Information Get shows. */
export interface UpdateServerState {
  /** A number of `updatePhase`. */
  readonly phase: number;
  readonly update?: Start & { readonly additional: number };
  readonly firmwareIds: readonly Buffer[];
}

/** What can happen: a message, or something in the device below. */
export type UpdateServerInput =
  | { readonly kind: 'message'; readonly decoded: Decoded; readonly blobBusy: boolean }
  | { readonly kind: 'blob complete' }
  | { readonly kind: 'blob suspended' }
  | { readonly kind: 'verified' }
  | { readonly kind: 'applied' };

/** The next state and what it asks for. */
export interface UpdateServerStep {
  readonly state: UpdateServerState;
  readonly reply?: Buffer;
  /** The BLOB server is to expect this transfer, or to give up. */
  readonly prepare?: ExpectedBlob;
  readonly abort?: true;
  /** The device begins to verify or to apply. */
  readonly begin?: 'verify' | 'apply';
}

/** The state of a device that has done nothing yet. */
export function updateServerStart(behaviour: UpdateServerBehaviour): UpdateServerState {
  return { phase: updatePhase.IDLE, firmwareIds: behaviour.images.map((image) => image.firmwareId) };
}

/** One transition, after the reply table. */
export function updateServerNext(
  state: UpdateServerState,
  input: UpdateServerInput,
  behaviour: UpdateServerBehaviour,
): UpdateServerStep {
  switch (input.kind) {
    case 'blob complete':
      if (state.phase !== updatePhase.TRANSFER_ACTIVE) return { state };
      return { state: { ...state, phase: updatePhase.VERIFYING_UPDATE }, begin: 'verify' };
    case 'blob suspended':
      return {
        state: state.phase === updatePhase.TRANSFER_ACTIVE ? { ...state, phase: updatePhase.TRANSFER_ERROR } : state,
      };
    case 'verified': {
      if (state.phase !== updatePhase.VERIFYING_UPDATE) return { state };
      const bad = behaviour.failVerification === true;
      return { state: { ...state, phase: bad ? updatePhase.VERIFICATION_FAILED : updatePhase.VERIFICATION_SUCCEEDED } };
    }
    case 'applied': {
      if (state.phase !== updatePhase.APPLYING_UPDATE) return { state };
      const updated = state.firmwareIds.map((id, i) => (i === state.update?.image ? behaviour.newFirmwareId : id));
      const firmwareIds = behaviour.failApply === true ? state.firmwareIds : updated;
      return { state: { phase: updatePhase.IDLE, firmwareIds } };
    }
    case 'message':
      return message(state, input.decoded, input.blobBusy, behaviour);
  }
}

/** The first message type that fits; others change nothing. */
function message(
  state: UpdateServerState,
  decoded: Decoded,
  blobBusy: boolean,
  behaviour: UpdateServerBehaviour,
): UpdateServerStep {
  const information = valueOf(updateInformationGet, decoded);
  if (information !== undefined) return informationReply(state, information, behaviour);
  const check = valueOf(metadataCheck, decoded);
  if (check !== undefined) return { state, reply: metadataReply(state, check, behaviour) };
  if (valueOf(updateGet, decoded)) return reply(state, cellAt(updateServerTable, 'Get', state.phase));
  const start = valueOf(updateStart, decoded);
  if (start !== undefined) return startCame(state, start, blobBusy, behaviour);
  if (valueOf(updateCancel, decoded)) {
    const found = cellAt(updateServerTable, 'Cancel', state.phase);
    return { ...reply(state.phase === updatePhase.IDLE ? state : cleared(state), found), abort: true };
  }
  if (valueOf(updateApply, decoded)) {
    const found = cellAt(updateServerTable, 'Apply', state.phase);
    const begins = found.kind === 'status' && found.next === updatePhase.APPLYING_UPDATE;
    return begins
      ? { ...reply({ ...state, phase: updatePhase.APPLYING_UPDATE }, found), begin: 'apply' }
      : reply(state, found);
  }
  return { state };
}

/** An identical start repeats or resumes; any other is new, and new is not allowed everywhere. */
function startCame(
  state: UpdateServerState,
  start: Start,
  blobBusy: boolean,
  behaviour: UpdateServerBehaviour,
): UpdateServerStep {
  if (state.update !== undefined && sameStart(state.update, start)) {
    const found = cellAt(updateServerTable, 'Start, identical', state.phase);
    if (found.kind === 'status') {
      const resumes = found.next === updatePhase.TRANSFER_ACTIVE;
      const next = resumes ? { ...state, phase: updatePhase.TRANSFER_ACTIVE } : state;
      return { ...reply(next, found), ...(resumes && { prepare: expectedOf(start) }) };
    }
  }
  const found = cellAt(updateServerTable, 'Start, new', state.phase);
  if (found.kind !== 'checks') return reply(state, found);
  const check = newStart(state, start, blobBusy, behaviour);
  if (check.next === undefined) return reply(state, { kind: 'status', text: '', status: check.status });
  const update = { ...start, additional: behaviour.additional };
  const next = { phase: check.next, update, firmwareIds: state.firmwareIds };
  return { ...reply(next, { kind: 'status', text: '', status: check.status }), prepare: expectedOf(start) };
}

/** The checks in the order of their list. */
function newStart(state: UpdateServerState, start: Start, blobBusy: boolean, behaviour: UpdateServerBehaviour): Check {
  if (behaviour.startStatus !== undefined) return { when: 'told to', status: behaviour.startStatus };
  if (start.image >= state.firmwareIds.length) return updateStartChecks.index;
  if (behaviour.refuseMetadata === true) return updateStartChecks.metadata;
  return blobBusy ? updateStartChecks.blob : updateStartChecks.good;
}

/** The part of the firmware list that was asked for; an empty part is an answer too. */
function informationReply(
  state: UpdateServerState,
  asked: MessageValue<typeof updateInformationGet>,
  behaviour: UpdateServerBehaviour,
): UpdateServerStep {
  if (cellAt(updateServerTable, 'Information Get', state.phase).kind === 'ignored') return { state };
  const all = state.firmwareIds.map((firmwareId, i) => ({ firmwareId, uri: behaviour.images[i]?.uri ?? '' }));
  const entries = all.slice(asked.first, asked.first + asked.limit);
  return { state, reply: encodeMessage(updateInformationStatus, { count: all.length, first: asked.first, entries }) };
}

/** Whether this image would be taken. Nothing changes: a check is no start. */
function metadataReply(
  state: UpdateServerState,
  { image }: MessageValue<typeof metadataCheck>,
  behaviour: UpdateServerBehaviour,
): Buffer {
  const bad = image >= state.firmwareIds.length;
  const status = bad
    ? updateStatus.WRONG_FIRMWARE_INDEX
    : behaviour.refuseMetadata === true
      ? updateStatus.METADATA_CHECK_FAILED
      : updateStatus.SUCCESS;
  const additional =
    status === updateStatus.SUCCESS ? behaviour.additional : additionalInformation.COMPOSITION_UNCHANGED;
  return encodeMessage(metadataStatus, { status, additional, image });
}

/** In Idle there is no update to tell of, and the status is one octet. */
function reply(state: UpdateServerState, found: Cell): UpdateServerStep {
  const status = found.kind === 'status' ? found.status : updateStatus.SUCCESS;
  const { phase } = state;
  if (state.update === undefined) return { state, reply: encodeMessage(updateStatusMessage, { status, phase }) };
  const { ttl, additional, timeoutBase, blobId, image } = state.update;
  const update = { ttl, additional, timeoutBase, blobId, image };
  return { state, reply: encodeMessage(updateStatusMessage, { status, phase, update }) };
}

/** Idle again, with the firmware that it has. */
function cleared(state: UpdateServerState): UpdateServerState {
  return { phase: updatePhase.IDLE, firmwareIds: state.firmwareIds };
}

function expectedOf({ blobId, timeoutBase }: Start): ExpectedBlob {
  return { blobId, timeoutBase };
}

/** Identical: all five fields. */
function sameStart(a: Start, b: Start): boolean {
  const plain = a.ttl === b.ttl && a.timeoutBase === b.timeoutBase && a.blobId === b.blobId && a.image === b.image;
  return plain && a.metadata.equals(b.metadata);
}
