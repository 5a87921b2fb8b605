import { type Decoded, valueOf } from '../codec/access.ts';
import { distributionPhase, distributionStatus, uploadPhase, uploadType } from '../codec/enums.ts';
import { encodeMessage, type MessageValue } from '../codec/message.ts';
import {
  firmwareDelete,
  firmwareDeleteAll,
  firmwareGet,
  firmwareGetByIndex,
  firmwareStatus,
  uploadCancel,
  uploadGet,
  uploadOobStart,
  uploadStart,
  uploadStatus,
} from '../codec/messages/distribution.ts';
import { type Check, uploadOobStartChecks, uploadStartChecks } from '../checksAndMoves.ts';
import { cellAt, distributionServerTable, uploadServerTable } from '../tables.ts';
import type { ExpectedBlob } from './blobServer.ts';

type InBand = MessageValue<typeof uploadStart>;
type OutOfBand = MessageValue<typeof uploadOobStart>;

/** A stored image. */
export interface StoredImage {
  readonly firmwareId: Buffer;
  readonly metadata: Buffer;
  /** Octets; 0 where it came out of band. */
  readonly size: number;
}

/** The upload side of a distributor that the tester plays. */
export interface UploadServerBehaviour {
  readonly maxImages: number;
  /** Octets. */
  readonly maxImageSize: number;
  /** What an Upload OOB Start leads to: a check of `uploadOobStartChecks`. */
  readonly oob: keyof typeof uploadOobStartChecks;
  /** Firmware id of the image that out-of-band retrieval brings. */
  readonly oobFirmwareId: Buffer;
}

/** Where an upload stands, and what is stored. */
export interface UploadServerState {
  /** A number of `uploadPhase`. */
  readonly phase: number;
  readonly request?:
    | { readonly kind: 'in band'; readonly start: InBand }
    | { readonly kind: 'oob'; readonly start: OutOfBand };
  /** Percent of the image that has come. */
  readonly progress: number;
  readonly images: readonly StoredImage[];
}

/** What can happen. `distribution`: the distribution phase at that time; `progress`: percent of the BLOB that came. */
export type UploadServerInput =
  | { readonly kind: 'message'; readonly decoded: Decoded; readonly distribution: number; readonly progress: number }
  | { readonly kind: 'blob complete' }
  | { readonly kind: 'blob suspended' }
  | { readonly kind: 'oob retrieved' };

/** The next state and what it asks for. */
export interface UploadServerStep {
  readonly state: UploadServerState;
  readonly reply?: Buffer;
  /** The BLOB server is to expect this transfer, or to give up. */
  readonly prepare?: ExpectedBlob;
  readonly abort?: true;
  /** The reply comes after the URI check, and the retrieval begins then. */
  readonly retrieves?: true;
}

/** A distributor without images. */
export const uploadServerStart: UploadServerState = { phase: uploadPhase.IDLE, progress: 0, images: [] };

/** One transition, after the reply table. */
export function uploadServerNext(
  state: UploadServerState,
  input: UploadServerInput,
  behaviour: UploadServerBehaviour,
): UploadServerStep {
  switch (input.kind) {
    case 'blob complete': {
      if (state.phase !== uploadPhase.TRANSFER_ACTIVE || state.request?.kind !== 'in band') return { state };
      const { firmwareId, metadata, size } = state.request.start;
      return { state: stored(state, { firmwareId, metadata, size }) };
    }
    case 'oob retrieved': {
      if (state.phase !== uploadPhase.TRANSFER_ACTIVE || state.request?.kind !== 'oob') return { state };
      return { state: stored(state, { firmwareId: behaviour.oobFirmwareId, metadata: Buffer.alloc(0), size: 0 }) };
    }
    case 'blob suspended':
      return {
        state: state.phase === uploadPhase.TRANSFER_ACTIVE ? { ...state, phase: uploadPhase.TRANSFER_ERROR } : state,
      };
    case 'message': {
      const inBand = state.phase === uploadPhase.TRANSFER_ACTIVE && state.request?.kind === 'in band';
      const now = inBand ? { ...state, progress: input.progress } : state;
      return message(now, input.decoded, input.distribution, behaviour);
    }
  }
}

/** The first message type that fits; others change nothing. */
function message(
  state: UploadServerState,
  decoded: Decoded,
  distribution: number,
  behaviour: UploadServerBehaviour,
): UploadServerStep {
  if (valueOf(uploadGet, decoded)) return reply(state, distributionStatus.SUCCESS);
  const inBand = valueOf(uploadStart, decoded);
  if (inBand !== undefined) return inBandStart(state, inBand, behaviour);
  const oob = valueOf(uploadOobStart, decoded);
  if (oob !== undefined) return oobStart(state, oob, behaviour);
  if (valueOf(uploadCancel, decoded)) {
    const idle = { phase: uploadPhase.IDLE, progress: 0, images: state.images };
    return { ...reply(idle, distributionStatus.SUCCESS), abort: true };
  }
  return firmwareMessage(state, decoded, distribution);
}

/** The reply table first, then the list of checks. */
function inBandStart(state: UploadServerState, start: InBand, behaviour: UploadServerBehaviour): UploadServerStep {
  const prepare = { blobId: start.blobId, timeoutBase: start.timeoutBase };
  const same = state.request?.kind === 'in band' && sameInBand(state.request.start, start);
  const found = cellAt(
    uploadServerTable,
    same ? 'Upload Start, same parameters' : 'Upload Start, other parameters',
    state.phase,
  );
  if (found.kind === 'status') {
    const resumed = found.next === undefined ? state : { ...state, phase: found.next };
    return { ...reply(resumed, found.status), ...(found.next !== undefined && { prepare }) };
  }
  const check = inBandCheck(state, start, behaviour);
  if (check.next === undefined) return reply(state, check.status);
  const held = check.next === uploadPhase.TRANSFER_SUCCESS;
  const next: UploadServerState = {
    ...state,
    phase: check.next,
    request: { kind: 'in band', start },
    progress: held ? 100 : 0,
  };
  return { ...reply(next, check.status), ...(!held && { prepare }) };
}

/** The checks of a new start in the order of their list. */
function inBandCheck(state: UploadServerState, start: InBand, behaviour: UploadServerBehaviour): Check {
  if (state.images.some((image) => image.firmwareId.equals(start.firmwareId))) return uploadStartChecks.held;
  const space = start.size <= behaviour.maxImageSize && state.images.length < behaviour.maxImages;
  return space ? uploadStartChecks.good : uploadStartChecks.space;
}

/** Every answer comes only after the URI check, good or bad. */
function oobStart(state: UploadServerState, start: OutOfBand, behaviour: UploadServerBehaviour): UploadServerStep {
  const known = state.request?.kind === 'oob' ? state.request.start : undefined;
  const same = known?.uri === start.uri && known.firmwareId.equals(start.firmwareId);
  const found = cellAt(
    uploadServerTable,
    same ? 'Upload OOB Start, same parameters' : 'Upload OOB Start, other parameters',
    state.phase,
  );
  if (found.kind === 'status') {
    const resumed = found.next === undefined ? state : { ...state, phase: found.next };
    return { ...reply(resumed, found.status), ...(found.next !== undefined && { retrieves: true }) };
  }
  const check: Check = uploadOobStartChecks[behaviour.oob];
  if (check.next === undefined) return { ...reply(state, check.status), retrieves: true };
  const next: UploadServerState = { ...state, phase: check.next, request: { kind: 'oob', start }, progress: 0 };
  return { ...reply(next, check.status), retrieves: true };
}

/** While a distribution exists nothing may be deleted. */
function firmwareMessage(state: UploadServerState, decoded: Decoded, distribution: number): UploadServerStep {
  const get = valueOf(firmwareGet, decoded);
  if (get !== undefined) {
    const image = indexOf(state, get.firmwareId);
    return {
      state,
      reply: firmwareReply(state, image < 0 ? distributionStatus.FIRMWARE_NOT_FOUND : 0, image, get.firmwareId),
    };
  }
  const byIndex = valueOf(firmwareGetByIndex, decoded);
  if (byIndex !== undefined) {
    const image = state.images[byIndex.image];
    const status = image === undefined ? distributionStatus.FIRMWARE_NOT_FOUND : distributionStatus.SUCCESS;
    return { state, reply: firmwareReply(state, status, byIndex.image, image?.firmwareId ?? Buffer.alloc(0)) };
  }
  const one = valueOf(firmwareDelete, decoded);
  if (one === undefined && valueOf(firmwareDeleteAll, decoded) === undefined) return { state };
  const found = cellAt(distributionServerTable, 'Firmware Delete', distribution);
  const status = found.kind === 'status' ? found.status : distributionStatus.SUCCESS;
  const busy = status !== distributionStatus.SUCCESS || distribution !== distributionPhase.IDLE;
  const images = busy
    ? state.images
    : one === undefined
      ? []
      : state.images.filter((image) => !image.firmwareId.equals(one.firmwareId));
  const next = { ...state, images };
  return {
    state: next,
    reply: firmwareReply(next, status, -1, busy || one === undefined ? Buffer.alloc(0) : one.firmwareId),
  };
}

function firmwareReply(state: UploadServerState, status: number, image: number, firmwareId: Buffer): Buffer {
  return encodeMessage(firmwareStatus, {
    status,
    count: state.images.length,
    image: image < 0 ? 0xffff : image,
    firmwareId,
  });
}

function reply(state: UploadServerState, status: number): UploadServerStep {
  const { phase, request, progress } = state;
  if (phase === uploadPhase.IDLE || request === undefined)
    return { state, reply: encodeMessage(uploadStatus, { status, phase }) };
  const type = request.kind === 'oob' ? uploadType.OUT_OF_BAND : uploadType.IN_BAND;
  const upload = { progress, type, firmwareId: request.start.firmwareId };
  return { state, reply: encodeMessage(uploadStatus, { status, phase, upload }) };
}

/** The upload has succeeded: its image is the last of the list. */
function stored(state: UploadServerState, image: StoredImage): UploadServerState {
  return { ...state, phase: uploadPhase.TRANSFER_SUCCESS, progress: 100, images: [...state.images, image] };
}

/** The index of a stored image, or -1. */
export function indexOf(state: UploadServerState, firmwareId: Buffer): number {
  return state.images.findIndex((image) => image.firmwareId.equals(firmwareId));
}

function sameInBand(a: InBand, b: InBand): boolean {
  const plain = a.ttl === b.ttl && a.timeoutBase === b.timeoutBase && a.blobId === b.blobId && a.size === b.size;
  return plain && a.metadata.equals(b.metadata) && a.firmwareId.equals(b.firmwareId);
}
