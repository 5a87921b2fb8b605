import { PlayedTarget } from '../model/playedTarget.ts';
import type { MeshStack } from '../stack/meshStack.ts';
import type { TargetChanges } from '../tester.ts';

/** What a played target takes: every shape that a distributor may choose for small images. */
const INFORMATION = {
  minBlockSizeLog: 6,
  maxBlockSizeLog: 12,
  maxChunks: 512,
  maxChunkSize: 256,
  maxBlobSize: 0x20000,
  mtu: 380,
  push: 1,
  pull: 1,
} as const;

/** Chunks that a played target asks for at once. */
const CHUNKS_PER_REPORT = 4;
/** Firmware that it runs at first. */
const OLD_FIRMWARE = Buffer.from('f1050100000000000000', 'hex');
/** Ticks between two Partial Block Reports. */
const REPORT_TICKS = 3;

/** Times of the rig, and what a target runs after an update. */
export interface TargetSetting {
  /** Real time per protocol time. */
  readonly scale: number;
  /** How long verification and application take unless told otherwise; real milliseconds. */
  readonly tickMs: number;
  readonly newFirmwareId: Buffer;
}

/** A target that takes every image, but for the changes. */
export function playTarget(
  stack: MeshStack,
  address: number,
  changes: TargetChanges,
  { scale, tickMs, newFirmwareId }: TargetSetting,
): PlayedTarget {
  return new PlayedTarget(stack, address, {
    blob: { information: INFORMATION, chunksPerReport: CHUNKS_PER_REPORT, ...changes.blob },
    update: { images: [{ firmwareId: OLD_FIRMWARE, uri: '' }], newFirmwareId, additional: 0, ...changes.update },
    timeScale: scale,
    reportMs: REPORT_TICKS * tickMs,
    verifyMs: changes.verifyMs ?? tickMs,
    applyMs: changes.applyMs ?? tickMs,
  });
}
