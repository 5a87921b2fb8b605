import type { Decoded } from '../../mesh/codec/access.ts';
import { additionalInformation, blobStatus, modelIds, updatePhase, updateStatus } from '../../mesh/codec/enums.ts';
import type { MessageValue } from '../../mesh/codec/message.ts';
import {
  metadataCheck,
  type metadataStatus,
  updateApply,
  updateCancel,
  updateGet,
  updateInformationGet,
  type updateInformationStatus,
  updateStart,
  type updateStatusMessage,
} from '../../mesh/codec/messages/update.ts';
import { Asker, type Course } from './asker.ts';
import type { BlobClient, BlobOrder, BlobTarget } from './blobClient.ts';
import type { Model, ModelPort, Peer } from './model.ts';

/** A firmware image in a slot. */
export interface Slot {
  readonly firmwareId: Buffer;
  readonly metadata: Buffer;
  readonly data: Buffer;
}

/** An update of several targets. */
export interface UpdateOrder extends BlobOrder {
  readonly slot: Slot;
  readonly timeoutBase: number;
}

/** A target with what is known of its update. */
export interface UpdateTarget extends BlobTarget {
  readonly image: number;
  /** Retrieved update phase. */
  phase: number;
  updateStatus: number;
  /** Additional information that it announced. */
  additional: number;
}

/** One and the same message answers Get, Start, Cancel and Apply: each takes only what can be meant for it, for an answer may come late. */
type Status = MessageValue<typeof updateStatusMessage>;

const P = updatePhase;
const POLL_MS = 2000;
/** Protocol time within which a target is back from its restart. */
const RESTART_LIMIT_MS = 60_000;

/** A target of which nothing is known yet. */
export function newTarget(address: number, image: number): UpdateTarget {
  return {
    address,
    image,
    lost: false,
    transferStatus: blobStatus.SUCCESS,
    progress: 0,
    phase: P.IDLE,
    updateStatus: updateStatus.SUCCESS,
    additional: 0,
  };
}

/** Firmware Update Client (MshDFU): updates a row of targets, step by step. */
export class UpdateClient implements Model {
  readonly id = modelIds.FIRMWARE_UPDATE_CLIENT;
  readonly asker: Asker;
  readonly #port: ModelPort;
  readonly #blob: BlobClient;

  constructor(port: ModelPort, blob: BlobClient) {
    this.#port = port;
    this.#blob = blob;
    this.asker = new Asker(port);
  }

  receive(message: Decoded, from: Peer): void {
    this.asker.heard(message, from);
  }

  close(): void {
    this.asker.close();
  }

  /** Stops at once; what is waited for does not come. */
  halt(course: Course): void {
    course.stop();
    this.asker.close();
    this.#blob.asker.close();
  }

  /** Asks a target for its images. */
  information(
    to: Peer,
    limit: number,
    limitMs: number,
  ): Promise<MessageValue<typeof updateInformationStatus> | undefined> {
    return this.asker.ask(updateInformationGet, { first: 0, limit }, to, limitMs);
  }

  /** Asks a target whether it takes such an image. */
  check(
    to: Peer,
    image: number,
    metadata: Buffer,
    limitMs: number,
  ): Promise<MessageValue<typeof metadataStatus> | undefined> {
    return this.asker.ask(metadataCheck, { image, metadata }, to, limitMs);
  }

  /** Start, transfer and verification. Targets that fail on the way are lost. */
  async distribute(order: UpdateOrder, targets: readonly UpdateTarget[]): Promise<void> {
    const active = targets.filter((target) => !target.lost);
    if (this.#port.behaviour.transferBeforeStart === true)
      for (const { address } of active) await this.#blob.announce(order, address);
    await Promise.all(active.map((target) => this.#start(order, target)));
    if (order.course.stopped) return;
    const taking = active.filter(({ phase }) => phase === P.TRANSFER_ACTIVE);
    await this.#blob.send(order, taking);
    for (const target of taking) if (target.lost) target.phase = P.TRANSFER_ERROR;
    await Promise.all(active.map((target) => this.#verify(order, target)));
  }

  /** Apply, and the proof of it. */
  async apply(order: UpdateOrder, targets: readonly UpdateTarget[]): Promise<void> {
    await Promise.all(targets.filter((target) => !target.lost).map((target) => this.#applyOne(order, target)));
  }

  /** Cancels the update of every target; such as do not answer are left alone. */
  async cancel(order: UpdateOrder, targets: readonly UpdateTarget[]): Promise<void> {
    await Promise.all(
      targets
        .filter((target) => !target.lost)
        .map(async (target) => {
          const test = (seen: Status): boolean => seen.status !== updateStatus.SUCCESS || seen.phase === P.IDLE;
          await this.asker.ask(updateCancel, {}, to(order, target), order.limitMs, test);
          target.phase = P.TRANSFER_CANCELED;
        }),
    );
  }

  async #start(order: UpdateOrder, target: UpdateTarget): Promise<void> {
    const { ttl, timeoutBase, blobId, slot } = order;
    const metadata = this.#port.behaviour.startsWithoutMetadata === true ? Buffer.alloc(0) : slot.metadata;
    const start = { ttl, timeoutBase, blobId, image: target.image, metadata };
    const test = (seen: Status): boolean => seen.status !== updateStatus.SUCCESS || seen.update?.blobId === blobId;
    const seen = await this.asker.ask(updateStart, start, to(order, target), order.limitMs, test);
    if (seen === undefined) return this.#lose(order, target, P.UNKNOWN);
    target.updateStatus = seen.status;
    target.additional = seen.update?.additional ?? 0;
    if (seen.status !== updateStatus.SUCCESS) return this.#lose(order, target, seen.phase);
    target.phase = seen.phase;
  }

  async #verify(order: UpdateOrder, target: UpdateTarget): Promise<void> {
    if (this.#port.behaviour.assumesVerified === true && !target.lost) {
      target.phase = P.VERIFICATION_SUCCEEDED;
      return;
    }
    while (!target.lost && !order.course.stopped) {
      const seen = await this.asker.ask(updateGet, {}, to(order, target), order.limitMs);
      if (seen === undefined) return this.#lose(order, target, P.UNKNOWN);
      target.phase = seen.phase;
      if (seen.phase === P.VERIFICATION_SUCCEEDED) return;
      const under = seen.phase === P.VERIFYING_UPDATE || seen.phase === P.TRANSFER_ACTIVE;
      if (!under) return this.#lose(order, target, seen.phase);
      await this.asker.pause(POLL_MS);
    }
  }

  async #applyOne(order: UpdateOrder, target: UpdateTarget): Promise<void> {
    // Idle with Wrong Phase: it has restarted already, and the answer to the first Apply was lost.
    const goes = ({ phase }: Status): boolean => phase === P.APPLYING_UPDATE || phase === P.IDLE;
    const test = (seen: Status): boolean => seen.status !== updateStatus.SUCCESS || goes(seen);
    const seen = await this.asker.ask(updateApply, {}, to(order, target), order.limitMs, test);
    const applies = seen !== undefined && goes(seen);
    if (!applies) return this.#lose(order, target, P.APPLY_FAILED);
    target.phase = P.APPLYING_UPDATE;
    if (this.#port.behaviour.confirmsNothing === true) {
      target.phase = P.APPLY_SUCCESS;
      return;
    }
    const now = (): number => this.#port.timers.now();
    const end = now() + RESTART_LIMIT_MS;
    const leaves = target.additional === additionalInformation.NODE_UNPROVISIONED;
    while (!order.course.stopped && now() < end) {
      await this.asker.pause(POLL_MS);
      if (order.course.stopped) return;
      const told = await this.information(to(order, target), 255, order.limitMs);
      // A target that leaves its network answers no more; one that does answer has not done as it said.
      if (leaves) return told === undefined ? this.#applied(target) : this.#lose(order, target, P.APPLY_FAILED);
      if (told?.entries[target.image]?.firmwareId.equals(order.slot.firmwareId) === true) return this.#applied(target);
    }
    if (!order.course.stopped) this.#lose(order, target, P.APPLY_FAILED);
  }

  #applied(target: UpdateTarget): void {
    target.phase = P.APPLY_SUCCESS;
  }

  #lose(order: UpdateOrder, target: UpdateTarget, phase: number): void {
    if (order.course.stopped) return;
    target.phase = phase;
    target.lost = true;
    this.#blob.lost?.(target.address);
  }
}

function to({ app, ttl }: UpdateOrder, { address }: UpdateTarget): Peer {
  return ttl > 0x7f ? { address, app } : { address, app, ttl };
}
