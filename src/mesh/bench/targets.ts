import { PlayedDistributor } from '../model/playedDistributor.ts';
import { PlayedTarget } from '../model/playedTarget.ts';
import type { BlobServerBehaviour } from '../model/blobServer.ts';
import type { MeshStack } from '../stack/meshStack.ts';
import type { TargetChanges } from '../tester.ts';

/** Octets that are taken at least. */
const LEAST_ROOM = 0x20000;

/** What a played server takes: every shape that a client may choose, and the image of the bench however large. */
function informationFor(imageSize: number): BlobServerBehaviour['information'] {
  return {
    minBlockSizeLog: 6,
    maxBlockSizeLog: 12,
    maxChunks: 512,
    maxChunkSize: 256,
    maxBlobSize: Math.max(LEAST_ROOM, imageSize),
    mtu: 380,
    push: 1,
    pull: 1,
  };
}

/** Chunks that a played target asks for at once. */
const CHUNKS_PER_REPORT = 4;
/** Firmware that it runs at first. */
const OLD_FIRMWARE = Buffer.from('f1050100000000000000', 'hex');
/** Ticks between two Partial Block Reports. */
const REPORT_TICKS = 3;

/** Times of the rig, what a target is sent, and what it runs after an update. */
export interface TargetSetting {
  /** Real time per protocol time. */
  readonly scale: number;
  /** How long verification and application take unless told otherwise; real milliseconds. */
  readonly tickMs: number;
  readonly newFirmwareId: Buffer;
  /** Octets of the image that is distributed. */
  readonly imageSize: number;
}

/** A target that takes every image, but for the changes. */
export function playTarget(
  stack: MeshStack,
  address: number,
  changes: TargetChanges,
  { scale, tickMs, newFirmwareId, imageSize }: TargetSetting,
): PlayedTarget {
  const behaviour = {
    blob: { information: informationFor(imageSize), chunksPerReport: CHUNKS_PER_REPORT, ...changes.blob },
    update: { images: [{ firmwareId: OLD_FIRMWARE, uri: '' }], newFirmwareId, additional: 0, ...changes.update },
    timeScale: scale,
    reportMs: REPORT_TICKS * tickMs,
    verifyMs: changes.verifyMs ?? tickMs,
    applyMs: changes.applyMs ?? tickMs,
  };
  return new PlayedTarget(stack, address, behaviour, changes.group === undefined ? [] : [changes.group]);
}

/** Ticks that a pretended distribution, its applying and its cancellation take. */
const WORK_TICKS = { transfer: 20, apply: 10, cancel: 2 } as const;
/** Room of a played distributor. */
const ROOM = { maxReceivers: 200, maxImages: 4 } as const;
/** Scheme code of https. */
const HTTPS_SCHEME = Buffer.of(0x17);

/** A distributor that takes every upload, and pretends to distribute. */
export function playDistributor(
  stack: MeshStack,
  address: number,
  { scale, tickMs, newFirmwareId, imageSize }: TargetSetting,
): PlayedDistributor {
  const information = informationFor(imageSize);
  const maxImageSize = information.maxBlobSize;
  const space = ROOM.maxImages * maxImageSize;
  const room = { ...ROOM, maxImageSize, maxUploadSpace: space, remainingSpace: space };
  return new PlayedDistributor(stack, address, {
    blob: { information, chunksPerReport: CHUNKS_PER_REPORT },
    upload: { maxImages: ROOM.maxImages, maxImageSize, oob: 'good', oobFirmwareId: newFirmwareId },
    distribution: { capabilities: { ...room, oobRetrieval: 1, schemes: HTTPS_SCHEME }, appKeyIndexes: [0] },
    timeScale: scale,
    reportMs: REPORT_TICKS * tickMs,
    oobMs: tickMs,
    transferMs: WORK_TICKS.transfer * tickMs,
    applyMs: WORK_TICKS.apply * tickMs,
    cancelMs: WORK_TICKS.cancel * tickMs,
  });
}
