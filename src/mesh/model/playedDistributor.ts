import { distributionPhase, updatePhase, updatePolicy } from '../codec/enums.ts';
import type { MeshStack, Received } from '../stack/meshStack.ts';
import type { BlobServerBehaviour } from './blobServer.ts';
import {
  type DistributionServerBehaviour,
  distributionServerNext,
  distributionServerStart,
  type DistributionServerInput,
  type DistributionServerState,
} from './distributionServer.ts';
import { answer, type BlobServerTiming, NamedTimers, PlayedBlobServer } from './playedBlobServer.ts';
import {
  type UploadServerBehaviour,
  uploadServerNext,
  uploadServerStart,
  type UploadServerInput,
  type UploadServerState,
} from './uploadServer.ts';

/** How a played distributor behaves, and how long its steps take. Times are real milliseconds, already scaled. */
export interface DistributorBehaviour extends BlobServerTiming {
  /** The uploaded image comes in through this one. */
  readonly blob: BlobServerBehaviour;
  readonly upload: UploadServerBehaviour;
  readonly distribution: DistributionServerBehaviour;
  /** How long it takes to check a URI and to fetch the image from there. */
  readonly oobMs: number;
  /** Length of the transfer, of the applying and of a cancel that it pretends to. */
  readonly transferMs: number;
  readonly applyMs: number;
  readonly cancelMs: number;
}

/**
 * A distributor that the tester plays on one of its elements for an initiator under test: Firmware Distribution Server and
 * BLOB Transfer Server. It takes uploads for real and pretends to distribute.
 */
export class PlayedDistributor {
  readonly address: number;
  readonly #behaviour: DistributorBehaviour;
  readonly #stack: MeshStack;
  readonly #stop: () => void;
  readonly #blob: PlayedBlobServer;
  readonly #timers: NamedTimers<'oob' | 'work'>;
  #upload: UploadServerState = uploadServerStart;
  #distribution: DistributionServerState = distributionServerStart;

  constructor(stack: MeshStack, address: number, behaviour: DistributorBehaviour) {
    this.#stack = stack;
    this.address = address;
    this.#behaviour = behaviour;
    this.#timers = new NamedTimers(stack);
    this.#blob = new PlayedBlobServer(stack, address, behaviour.blob, behaviour, (event) => {
      if (event === 'complete') this.#uploadInput({ kind: 'blob complete' });
      if (event === 'suspended') this.#uploadInput({ kind: 'blob suspended' });
    });
    this.#stop = stack.onReceive((received) => {
      if (received.dst === address) this.#received(received);
    });
  }

  /** Where the upload stands; for the assertions of a test. */
  get uploadState(): UploadServerState {
    return this.#upload;
  }

  /** Where the pretended distribution stands. */
  get distributionState(): DistributionServerState {
    return this.#distribution;
  }

  /** The uploaded BLOB as far as it came. */
  get image(): Buffer {
    return this.#blob.image;
  }

  /** Moves the distribution on, as the test tells it. */
  move(phase: number): void {
    this.#distributionInput({ kind: 'move', phase });
  }

  close(): void {
    this.#stop();
    this.#timers.close();
    this.#blob.close();
  }

  #received(received: Received): void {
    const { decoded } = received;
    this.#blob.input({ kind: 'message', decoded }, received);
    const { progress } = this.#blob;
    this.#uploadInput({ kind: 'message', decoded, distribution: this.#distribution.phase, progress }, received);
    this.#distributionInput({ kind: 'message', decoded, images: this.#upload.images.length }, received);
  }

  #uploadInput(input: UploadServerInput, received?: Received): void {
    const step = uploadServerNext(this.#upload, input, this.#behaviour.upload);
    this.#upload = step.state;
    if (step.abort === true) this.#blob.input({ kind: 'abort' });
    if (step.prepare !== undefined) this.#blob.input({ kind: 'prepare', expected: step.prepare });
    if (step.retrieves !== true) return answer(this.#stack, this.address, step.reply, received);
    this.#timers.after('oob', this.#behaviour.oobMs, () => {
      answer(this.#stack, this.address, step.reply, received);
      this.#timers.after('oob', this.#behaviour.oobMs, () => this.#uploadInput({ kind: 'oob retrieved' }));
    });
  }

  #distributionInput(input: DistributionServerInput, received?: Received): void {
    const step = distributionServerNext(this.#distribution, input, this.#behaviour.distribution);
    this.#distribution = step.state;
    for (const reply of step.replies) answer(this.#stack, this.address, reply, received);
    const { transferMs, applyMs, cancelMs } = this.#behaviour;
    switch (step.begin) {
      case undefined:
        return;
      case 'distribute':
        return this.#timers.after('work', transferMs, () => this.#transferred());
      case 'apply':
        return this.#timers.after('work', applyMs, () => this.#applied());
      case 'cancel':
        return this.#timers.after('work', cancelMs, () => this.move(distributionPhase.IDLE));
    }
  }

  #transferred(): void {
    if (this.#distribution.phase !== distributionPhase.TRANSFER_ACTIVE) return;
    const receivers = { phase: updatePhase.VERIFICATION_SUCCEEDED, progressHalf: 50 };
    this.#distributionInput({ kind: 'move', phase: distributionPhase.TRANSFER_SUCCESS, receivers });
    if (this.#distribution.start?.policy !== updatePolicy.VERIFY_AND_APPLY) return;
    this.move(distributionPhase.APPLYING_UPDATE);
    this.#timers.after('work', this.#behaviour.applyMs, () => this.#applied());
  }

  #applied(): void {
    if (this.#distribution.phase !== distributionPhase.APPLYING_UPDATE) return;
    const receivers = { phase: updatePhase.APPLY_SUCCESS, progressHalf: 50 };
    this.#distributionInput({ kind: 'move', phase: distributionPhase.COMPLETED, receivers });
  }
}
