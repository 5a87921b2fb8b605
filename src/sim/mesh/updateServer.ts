import { type Decoded, valueOf } from '../../mesh/codec/access.ts';
import { modelIds, updatePhase, updateStatus } from '../../mesh/codec/enums.ts';
import type { MessageValue } from '../../mesh/codec/message.ts';
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
} from '../../mesh/codec/messages/update.ts';
import type { BlobServer } from './blobServer.ts';
import type { Situation } from './behaviour.ts';
import { type FirmwareFacts, readImage, readMetadata } from './image.ts';
import { Countdown, type Model, type ModelPort, type Peer, sendMessage, statusFor } from './model.ts';

/** What an Update Start asked for. */
interface Order {
  readonly ttl: number;
  readonly timeoutBase: number;
  readonly blobId: string;
  readonly image: number;
  /** Hex. */
  readonly metadata: string;
  readonly additional: number;
}

/** What of an update survives a power cut. */
export interface SavedUpdate {
  readonly phase: number;
  readonly order?: Order;
}

/** The node around the Update Server. Times are protocol milliseconds. */
export interface UpdateHost {
  /** The firmware that runs. */
  firmwareId(): Buffer;
  readonly uri: string;
  readonly verifyMs: number;
  readonly applyMs: number;
  /** Puts the verified firmware in and restarts. */
  install(firmware: FirmwareFacts): void;
}

const P = updatePhase;
const S = updateStatus;
const IMAGES = 1;
const LAST_TTL = 0x7f;
const DEFAULT_TTL = 0xff;
const NO_ORDER: Order = { ttl: 0, timeoutBase: 0, blobId: '0000000000000000', image: 0, metadata: '', additional: 0 };

/** Firmware Update Server (MshDFU) with one image; the BLOB Transfer Server of its element belongs to it. */
export class UpdateServer implements Model {
  readonly id = modelIds.FIRMWARE_UPDATE_SERVER;
  readonly #port: ModelPort;
  readonly #blob: BlobServer;
  readonly #host: UpdateHost;
  readonly #work: Countdown;
  #phase: number = P.IDLE;
  #order: Order | undefined;
  #verified: FirmwareFacts | undefined;

  constructor(port: ModelPort, blob: BlobServer, host: UpdateHost, saved?: SavedUpdate) {
    this.#port = port;
    this.#blob = blob;
    this.#host = host;
    this.#work = new Countdown(port.timers);
    if (saved?.order !== undefined) this.#restore(saved.phase, saved.order);
    blob.events = {
      complete: (image) => this.#complete(image),
      suspended: () => this.#transferEnded(),
      resumed: () => {
        if (this.#phase === P.TRANSFER_ERROR) this.#enter(P.TRANSFER_ACTIVE);
      },
      canceled: () => this.#transferEnded(),
    };
  }

  get phase(): number {
    return this.#phase;
  }

  saved(): SavedUpdate {
    return { phase: this.#phase, ...(this.#order && { order: this.#order }) };
  }

  close(): void {
    this.#work.clear();
  }

  receive(message: Decoded, from: Peer): void {
    const information = valueOf(updateInformationGet, message);
    const check = valueOf(metadataCheck, message);
    const start = valueOf(updateStart, message);
    if (information !== undefined) this.#information(information, from);
    else if (check !== undefined) this.#check(check, from);
    else if (start !== undefined) this.#start(start, from);
    else if (valueOf(updateGet, message) !== undefined) void this.#status(S.SUCCESS, from);
    else if (valueOf(updateCancel, message) !== undefined) this.#cancel(from);
    else if (valueOf(updateApply, message) !== undefined) this.#apply(from);
  }

  /** A transfer comes back as failed and resumable, a verified image has to be verified anew by another update. */
  #restore(phase: number, order: Order): void {
    this.#order = order;
    if (phase === P.TRANSFER_ACTIVE || phase === P.TRANSFER_ERROR) this.#phase = P.TRANSFER_ERROR;
    else if (phase === P.APPLYING_UPDATE || phase === P.IDLE) this.#phase = P.IDLE;
    else this.#phase = P.VERIFICATION_FAILED;
    if (this.#phase === P.IDLE) this.#order = undefined;
  }

  #enter(phase: number): void {
    this.#phase = phase;
    this.#port.changed();
  }

  #choose(situation: Situation, right: number): number {
    return statusFor(this.#port.behaviour, situation, right);
  }

  #status(status: number, to: Peer): Promise<boolean> {
    const order = this.#order;
    const idle = this.#phase === P.IDLE && this.#port.behaviour.idleShowsUpdate !== true;
    if (idle || (order === undefined && this.#phase !== P.IDLE))
      return sendMessage(this.#port, updateStatusMessage, { status, phase: this.#phase }, to);
    const { additional, timeoutBase, blobId, image } = order ?? NO_ORDER;
    const ttl = this.#port.behaviour.statusShowsDefaultTtl === true ? 0xff : (order ?? NO_ORDER).ttl;
    const update = { ttl, additional, timeoutBase, blobId, image };
    return sendMessage(this.#port, updateStatusMessage, { status, phase: this.#phase, update }, to);
  }

  #information({ first, limit }: MessageValue<typeof updateInformationGet>, from: Peer): void {
    if (this.#phase === P.APPLYING_UPDATE) return;
    const { listIgnoresFirst, uri = this.#host.uri } = this.#port.behaviour;
    const all = [{ firmwareId: this.#host.firmwareId(), uri }];
    const begin = listIgnoresFirst === true ? 0 : first;
    const entries = all.slice(begin, begin + limit);
    void sendMessage(this.#port, updateInformationStatus, { count: IMAGES, first, entries }, from);
  }

  #check({ image, metadata }: MessageValue<typeof metadataCheck>, from: Peer): void {
    const facts = readMetadata(metadata);
    const [status, additional] =
      image >= IMAGES
        ? [this.#choose('update.check.index', S.WRONG_FIRMWARE_INDEX), 0]
        : facts === undefined
          ? [this.#choose('update.check.metadata', S.METADATA_CHECK_FAILED), 0]
          : [this.#choose('update.check.good', S.SUCCESS), this.#announced(facts)];
    void sendMessage(this.#port, metadataStatus, { status, additional, image }, from);
  }

  #announced({ additional }: FirmwareFacts): number {
    return this.#port.behaviour.announces ?? additional;
  }

  // Start

  #start(start: MessageValue<typeof updateStart>, from: Peer): void {
    const prohibited = start.ttl > LAST_TTL && start.ttl !== DEFAULT_TTL;
    if (prohibited && this.#port.behaviour.takesProhibitedTtl !== true) return;
    const wanted = { ...start, metadata: start.metadata.toString('hex') };
    switch (this.#phase) {
      case P.TRANSFER_ACTIVE:
      case P.VERIFYING_UPDATE:
      case P.VERIFICATION_SUCCEEDED:
      case P.APPLYING_UPDATE: {
        const same = this.#order !== undefined && isSame(this.#order, wanted);
        const status = same
          ? this.#choose('update.start.again', S.SUCCESS)
          : this.#choose('update.start.altered', S.WRONG_PHASE);
        void this.#status(status, from);
        return;
      }
      case P.TRANSFER_ERROR:
        if (this.#order !== undefined && isResume(this.#order, wanted)) return this.#resume(from);
        return this.#begin(start, from);
      case P.VERIFICATION_FAILED:
        if (this.#port.behaviour.startRefusedAfterFailure === true) return void this.#status(S.WRONG_PHASE, from);
        return this.#begin(start, from);
      default:
        return this.#begin(start, from);
    }
  }

  #resume(from: Peer): void {
    const order = this.#order;
    if (this.#port.behaviour.resumeLosesBlocks === true) this.#blob.cancel();
    // A BLOB that a client has cancelled, or that the store has lost, is expected anew.
    if (order !== undefined) this.#blob.prepare(order.blobId, order.timeoutBase, order.ttl);
    this.#enter(P.TRANSFER_ACTIVE);
    void this.#status(S.SUCCESS, from);
  }

  #begin(start: MessageValue<typeof updateStart>, from: Peer): void {
    const facts = readMetadata(start.metadata);
    const refusal = this.#refusal(start.image, facts);
    if (refusal !== S.SUCCESS) {
      if (this.#port.behaviour.startActsOnRefusal === true) this.#open(start, facts);
      void this.#status(refusal, from);
      return;
    }
    // What is left of an update that failed gives way.
    if (this.#phase !== P.IDLE) this.#blob.cancel();
    const opened = this.#open(start, facts);
    const busy = this.#choose('update.start.busy', S.BLOB_TRANSFER_BUSY);
    void this.#status(opened ? S.SUCCESS : busy, from);
  }

  #refusal(image: number, facts: FirmwareFacts | undefined): number {
    if (image >= IMAGES) return this.#choose('update.start.index', S.WRONG_FIRMWARE_INDEX);
    if (facts === undefined) return this.#choose('update.start.metadata', S.METADATA_CHECK_FAILED);
    return S.SUCCESS;
  }

  #open(start: MessageValue<typeof updateStart>, facts: FirmwareFacts | undefined): boolean {
    const { ttl, timeoutBase, blobId, image } = start;
    if (!this.#blob.prepare(blobId, timeoutBase, ttl)) return false;
    const additional = facts === undefined ? 0 : this.#announced(facts);
    this.#order = { ttl, timeoutBase, blobId, image, metadata: start.metadata.toString('hex'), additional };
    this.#verified = undefined;
    if (this.#port.behaviour.startKeepsIdle !== true) this.#enter(P.TRANSFER_ACTIVE);
    return true;
  }

  // Transfer and verification

  #transferEnded(): void {
    const { timeoutKeepsActive, timeoutGoesIdle } = this.#port.behaviour;
    if (this.#phase !== P.TRANSFER_ACTIVE || timeoutKeepsActive === true) return;
    this.#enter(timeoutGoesIdle === true ? P.IDLE : P.TRANSFER_ERROR);
  }

  #complete(image: Buffer): void {
    if (this.#phase !== P.TRANSFER_ACTIVE && this.#phase !== P.TRANSFER_ERROR) return;
    this.#enter(P.VERIFYING_UPDATE);
    this.#work.set(this.#host.verifyMs, () => this.#verify(image));
  }

  #verify(image: Buffer): void {
    const { skipsVerification, verificationAlwaysFails, appliesByItself } = this.#port.behaviour;
    const metadata = readMetadata(Buffer.from(this.#order?.metadata ?? '', 'hex'));
    const facts = readImage(image) ?? (skipsVerification === true ? metadata : undefined);
    this.#verified = verificationAlwaysFails === true ? undefined : facts;
    this.#enter(this.#verified === undefined ? P.VERIFICATION_FAILED : P.VERIFICATION_SUCCEEDED);
    if (appliesByItself === true && this.#verified !== undefined) this.#install();
  }

  // Apply and cancel

  #apply(from: Peer): void {
    if (this.#phase === P.APPLYING_UPDATE) return void this.#status(S.SUCCESS, from);
    const unverified = this.#port.behaviour.appliesUnverified === true && this.#phase !== P.IDLE;
    if (this.#phase !== P.VERIFICATION_SUCCEEDED && !unverified)
      return void this.#status(this.#choose('update.apply.early', S.WRONG_PHASE), from);
    this.#enter(P.APPLYING_UPDATE);
    void this.#status(S.SUCCESS, from);
    this.#install();
  }

  /** Long enough after the answer that it is on the air. */
  #install(): void {
    this.#phase = P.APPLYING_UPDATE;
    const { stuckInApplying, keepsFirmware, really } = this.#port.behaviour;
    if (stuckInApplying === true) return;
    this.#work.set(this.#host.applyMs, () => {
      const facts = this.#verified;
      this.#forget();
      this.#port.changed();
      const firmwareId = keepsFirmware === true || facts === undefined ? this.#host.firmwareId() : facts.firmwareId;
      this.#host.install({ firmwareId, additional: really ?? facts?.additional ?? 0 });
    });
  }

  #cancel(from: Peer): void {
    const { updateCancelIgnored, cancelKeepsBlob } = this.#port.behaviour;
    if (this.#phase !== P.IDLE && updateCancelIgnored !== true) {
      if (cancelKeepsBlob === true) this.#phase = P.IDLE;
      else this.#forget();
      this.#port.changed();
    }
    void this.#status(S.SUCCESS, from);
  }

  #forget(): void {
    this.#work.clear();
    this.#blob.cancel();
    this.#phase = P.IDLE;
    this.#order = undefined;
    this.#verified = undefined;
  }
}

type Wanted = Omit<Order, 'additional'>;

function isSame(order: Order, wanted: Wanted): boolean {
  return isResume(order, wanted) && wanted.metadata === order.metadata;
}

/** A resume may leave the metadata out. */
function isResume(order: Order, { ttl, timeoutBase, blobId, image, metadata }: Wanted): boolean {
  const same =
    ttl === order.ttl && timeoutBase === order.timeoutBase && blobId === order.blobId && image === order.image;
  return same && (metadata === order.metadata || metadata === '');
}
