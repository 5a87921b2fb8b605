import { type Decoded, valueOf } from '../../mesh/codec/access.ts';
import { distributionPhase, distributionStatus, modelIds, updatePolicy, uriScheme } from '../../mesh/codec/enums.ts';
import type { MessageValue } from '../../mesh/codec/message.ts';
import * as d from '../../mesh/codec/messages/distribution.ts';
import { Course } from './asker.ts';
import type { FirmwareStore } from './firmwareStore.ts';
import { type Model, type ModelPort, type Peer, sendMessage, statusFor } from './model.ts';
import { newTarget, type UpdateClient, type UpdateOrder, type UpdateTarget } from './updateClient.ts';
import type { UploadServer } from './uploadServer.ts';

/** What a distributor is, beside its models. */
export interface DistributionSetup {
  readonly maxReceivers: number;
  readonly maxSize: number;
  readonly oob: boolean;
  readonly https: boolean;
  /** Largest block size log and chunk size towards targets. */
  readonly log: number;
  readonly chunk: number;
  knowsKey(index: number): boolean;
  newBlobId(): string;
}

type Start = MessageValue<typeof d.distributionStart>;

const P = distributionPhase;
const S = distributionStatus;
const NONE = 0xffff;
const MOST_TTL = 0x7f;
/** Phases in which receivers cannot be changed. */
const BUSY: readonly number[] = [P.TRANSFER_ACTIVE, P.APPLYING_UPDATE];

/** Firmware Distribution Server (MshDFU): receivers, stored images, and the distribution of one of them at a time. */
export class DistributionServer implements Model {
  readonly id = modelIds.FIRMWARE_DISTRIBUTION_SERVER;
  readonly #port: ModelPort;
  readonly #store: FirmwareStore;
  readonly #upload: UploadServer;
  readonly #client: UpdateClient;
  readonly #setup: DistributionSetup;
  readonly #receivers: UpdateTarget[] = [];
  #phase: number = P.IDLE;
  #start: Start | undefined;
  #order: Omit<UpdateOrder, 'course'> | undefined;
  #course = new Course();

  constructor(
    port: ModelPort,
    store: FirmwareStore,
    upload: UploadServer,
    client: UpdateClient,
    setup: DistributionSetup,
  ) {
    this.#port = port;
    this.#store = store;
    this.#upload = upload;
    this.#client = client;
    this.#setup = setup;
  }

  get phase(): number {
    return this.#phase;
  }

  close(): void {
    this.#course.stop();
  }

  receive(message: Decoded, from: Peer): void {
    if (this.#upload.receive(message, from)) return;
    const add = valueOf(d.receiversAdd, message);
    const list = valueOf(d.receiversGet, message);
    const start = valueOf(d.distributionStart, message);
    const byId = valueOf(d.firmwareGet, message);
    const byIndex = valueOf(d.firmwareGetByIndex, message);
    const remove = valueOf(d.firmwareDelete, message);
    const is = (type: Parameters<typeof valueOf>[0]): boolean => valueOf(type, message) !== undefined;
    if (add !== undefined) this.#add(add.receivers, from);
    else if (is(d.receiversDeleteAll)) this.#deleteReceivers(from);
    else if (list !== undefined) this.#list(list, from);
    else if (is(d.capabilitiesGet)) this.#capabilities(from);
    else if (is(d.distributionGet)) this.#status(S.SUCCESS, from);
    else if (start !== undefined) this.#begin(start, from);
    else if (is(d.distributionSuspend)) this.#suspend(from);
    else if (is(d.distributionCancel)) this.#cancel(from);
    else if (is(d.distributionApply)) this.#apply(from);
    else if (byId !== undefined) this.#firmwareGet(byId.firmwareId, from);
    else if (byIndex !== undefined) this.#firmwareByIndex(byIndex.image, from);
    else if (remove !== undefined) this.#firmwareDelete(remove.firmwareId, from);
    else if (is(d.firmwareDeleteAll)) this.#firmwareDelete(undefined, from);
  }

  #choose(situation: Parameters<typeof statusFor>[1], right: number): number {
    return statusFor(this.#port.behaviour, situation, right);
  }

  #status(status: number, to: Peer): void {
    const start = this.#start;
    if (this.#phase === P.IDLE || start === undefined)
      return void sendMessage(this.#port, d.distributionStatusMessage, { status, phase: this.#phase }, to);
    const { group, appKeyIndex, ttl, timeoutBase, mode, policy, image } = start;
    const shown = typeof group === 'number' ? group : 0;
    const distribution = { group: shown, appKeyIndex, ttl, timeoutBase, mode, policy, image };
    void sendMessage(this.#port, d.distributionStatusMessage, { status, phase: this.#phase, distribution }, to);
  }

  // Receivers

  #receiversStatus(status: number, to: Peer): void {
    void sendMessage(this.#port, d.receiversStatus, { status, count: this.#receivers.length }, to);
  }

  #add(entries: readonly { readonly address: number; readonly image: number }[], from: Peer): void {
    if (entries.length === 0) return;
    if (BUSY.includes(this.#phase)) return this.#receiversStatus(S.BUSY_WITH_DISTRIBUTION, from);
    const { addsTwice, receiversUnlimited } = this.#port.behaviour;
    for (const { address, image } of entries) {
      if (address === 0 || address > 0x7fff) continue;
      const known = this.#receivers.findIndex((one) => one.address === address);
      if (known >= 0 && addsTwice !== true) this.#receivers[known] = newTarget(address, image);
      else if (this.#receivers.length >= this.#setup.maxReceivers && receiversUnlimited !== true)
        return this.#receiversStatus(this.#choose('distribution.receivers.full', S.INSUFFICIENT_RESOURCES), from);
      else this.#receivers.push(newTarget(address, image));
    }
    this.#receiversStatus(S.SUCCESS, from);
  }

  #deleteReceivers(from: Peer): void {
    if (BUSY.includes(this.#phase)) return this.#receiversStatus(S.BUSY_WITH_DISTRIBUTION, from);
    if (this.#port.behaviour.keepsReceivers !== true) this.#receivers.length = 0;
    this.#receiversStatus(S.SUCCESS, from);
  }

  #list({ first, limit }: MessageValue<typeof d.receiversGet>, from: Peer): void {
    if (limit === 0) return;
    const { windowIgnoresFirst, windowIgnoresLimit } = this.#port.behaviour;
    const begin = windowIgnoresFirst === true ? 0 : first;
    const end = windowIgnoresLimit === true ? undefined : begin + limit;
    const entries = this.#receivers.slice(begin, end).map((one) => ({
      address: one.address,
      phase: one.phase,
      updateStatus: one.updateStatus,
      transferStatus: one.transferStatus,
      progressHalf: Math.floor(one.progress / 2),
      image: one.image,
    }));
    void sendMessage(this.#port, d.receiversList, { count: this.#receivers.length, first, entries }, from);
  }

  #capabilities(from: Peer): void {
    const { maxReceivers, maxSize, oob, https } = this.#setup;
    const space = this.#store.capacity * maxSize;
    const schemes = https ? Buffer.of(uriScheme.HTTP, uriScheme.HTTPS) : Buffer.of(uriScheme.HTTP);
    const value = {
      maxReceivers,
      maxImages: this.#store.capacity,
      maxImageSize: maxSize,
      maxUploadSpace: space,
      remainingSpace: Math.max(0, space - this.#store.octets),
      oobRetrieval: oob ? 1 : 0,
      ...(oob && { schemes }),
    };
    void sendMessage(this.#port, d.capabilitiesStatus, value, from);
  }

  // Images

  #firmwareStatus(status: number, image: number, firmwareId: Buffer, to: Peer): void {
    void sendMessage(this.#port, d.firmwareStatus, { status, count: this.#store.count, image, firmwareId }, to);
  }

  #firmwareGet(firmwareId: Buffer, from: Peer): void {
    const index = this.#store.indexOf(firmwareId);
    if (index >= 0) return this.#firmwareStatus(S.SUCCESS, index, firmwareId, from);
    const status = this.#choose('distribution.firmware.unknown', S.FIRMWARE_NOT_FOUND);
    this.#firmwareStatus(status, NONE, firmwareId, from);
  }

  #firmwareByIndex(image: number, from: Peer): void {
    const first = this.#port.behaviour.indexIgnored === true ? 0 : image;
    const slot = this.#store.at(first);
    if (slot !== undefined) return this.#firmwareStatus(S.SUCCESS, image, slot.firmwareId, from);
    const status = this.#choose('distribution.firmware.unknown', S.FIRMWARE_NOT_FOUND);
    this.#firmwareStatus(status, image, Buffer.alloc(0), from);
  }

  /** One image, or all. */
  #firmwareDelete(firmwareId: Buffer | undefined, from: Peer): void {
    if (this.#phase !== P.IDLE) {
      const status = this.#choose('distribution.firmware.busy', S.BUSY_WITH_DISTRIBUTION);
      return this.#firmwareStatus(status, NONE, Buffer.alloc(0), from);
    }
    if (this.#port.behaviour.keepsImages !== true) {
      if (firmwareId === undefined) this.#store.clear();
      else this.#store.remove(firmwareId);
    }
    this.#firmwareStatus(S.SUCCESS, NONE, firmwareId ?? Buffer.alloc(0), from);
  }

  // Distribution

  #begin(start: Start, from: Peer): void {
    if (start.ttl > MOST_TTL && start.ttl !== 0xff) return;
    const refusal = this.#refusal(start);
    if (refusal !== S.SUCCESS) return this.#status(refusal, from);
    const same = this.#start !== undefined && sameStart(this.#start, start);
    const busy = (): void => this.#status(this.#choose('distribution.start.busy', S.BUSY_WITH_DISTRIBUTION), from);
    const unchanged = (): void => this.#status(this.#choose('distribution.start.again', S.SUCCESS), from);
    switch (this.#phase) {
      case P.TRANSFER_ACTIVE:
      case P.TRANSFER_SUCCESS:
      case P.APPLYING_UPDATE:
        return same ? unchanged() : busy();
      case P.CANCELING_UPDATE:
        return busy();
      case P.COMPLETED:
        return same ? unchanged() : this.#open(start, from);
      case P.TRANSFER_SUSPENDED:
        if (!same) return busy();
        this.#phase = this.#port.behaviour.suspendedForGood === true ? P.TRANSFER_SUSPENDED : P.TRANSFER_ACTIVE;
        this.#status(S.SUCCESS, from);
        return this.#run();
      default:
        return this.#open(start, from);
    }
  }

  #refusal({ appKeyIndex, image, group }: Start): number {
    if (this.#receivers.length === 0) return this.#choose('distribution.start.empty', S.RECEIVERS_LIST_EMPTY);
    if (!this.#setup.knowsKey(appKeyIndex)) return this.#choose('distribution.start.key', S.INVALID_APPKEY_INDEX);
    if (this.#store.at(image) === undefined) return this.#choose('distribution.start.image', S.FIRMWARE_NOT_FOUND);
    // Labels of virtual addresses are not served.
    return typeof group === 'number' ? S.SUCCESS : S.INTERNAL_ERROR;
  }

  #open(start: Start, from: Peer): void {
    const slot = this.#store.at(start.image);
    // A fault has let an unknown image through.
    if (slot === undefined || typeof start.group !== 'number') return this.#status(S.SUCCESS, from);
    const { ttl, timeoutBase, appKeyIndex: app, mode, group } = start;
    const { log, chunk } = this.#setup;
    const { clientTimeoutFactor = 1, clientTimeoutUnitsOff = 0 } = this.#port.behaviour;
    const units = timeoutBase + 2 + clientTimeoutUnitsOff;
    const limitMs = (10_000 * units + 100 * Math.min(ttl, MOST_TTL)) * clientTimeoutFactor;
    const blobId = this.#setup.newBlobId();
    this.#start = start;
    this.#order = { slot, data: slot.data, blobId, timeoutBase, mode, app, ttl, group, log, chunk, limitMs };
    for (const [i, { address, image }] of this.#receivers.entries()) this.#receivers[i] = newTarget(address, image);
    this.#phase = P.TRANSFER_ACTIVE;
    this.#status(S.SUCCESS, from);
    this.#run();
  }

  /** Transfer and verification, from where they stand; with the policy to apply, that too. */
  #run(): void {
    if (this.#order === undefined) return;
    this.#course = new Course();
    void this.#distributing({ ...this.#order, course: this.#course });
  }

  async #distributing(order: UpdateOrder): Promise<void> {
    const { appliesWithoutPolicy, policyIgnored, completesWithoutAny, oneLostFailsAll } = this.#port.behaviour;
    await this.#client.distribute(order, this.#receivers);
    if (order.course.stopped) return;
    const lost = this.#receivers.filter((one) => one.lost);
    if (lost.length === this.#receivers.length || (oneLostFailsAll === true && lost.length > 0)) {
      this.#phase = completesWithoutAny === true ? P.COMPLETED : P.FAILED;
      return;
    }
    this.#phase = P.TRANSFER_SUCCESS;
    const policy = this.#start?.policy === updatePolicy.VERIFY_AND_APPLY && policyIgnored !== true;
    if (policy || appliesWithoutPolicy === true) await this.#applying(order);
  }

  async #applying(order: UpdateOrder): Promise<void> {
    this.#phase = P.APPLYING_UPDATE;
    if (this.#port.behaviour.appliesNothing !== true) await this.#client.apply(order, this.#receivers);
    if (order.course.stopped) return;
    this.#phase = this.#receivers.every((one) => one.lost) ? P.FAILED : P.COMPLETED;
  }

  #suspend(from: Peer): void {
    if (this.#phase === P.TRANSFER_SUSPENDED) return this.#status(S.SUCCESS, from);
    if (this.#phase !== P.TRANSFER_ACTIVE)
      return this.#status(this.#choose('distribution.suspend.early', S.WRONG_PHASE), from);
    if (this.#port.behaviour.suspendIgnored !== true) {
      this.#client.halt(this.#course);
      this.#phase = P.TRANSFER_SUSPENDED;
    }
    this.#status(S.SUCCESS, from);
  }

  #apply(from: Peer): void {
    const order = this.#order;
    if (this.#phase === P.APPLYING_UPDATE || this.#phase === P.COMPLETED) return this.#status(S.SUCCESS, from);
    if (this.#phase !== P.TRANSFER_SUCCESS || order === undefined) return this.#status(S.WRONG_PHASE, from);
    this.#phase = P.APPLYING_UPDATE;
    this.#status(S.SUCCESS, from);
    void this.#applying({ ...order, course: this.#course });
  }

  #cancel(from: Peer): void {
    const order = this.#order;
    const ended = this.#phase === P.IDLE || this.#phase === P.COMPLETED || this.#phase === P.FAILED;
    if (this.#port.behaviour.distributionCancelIgnored === true || this.#phase === P.CANCELING_UPDATE)
      return this.#status(S.SUCCESS, from);
    this.#client.halt(this.#course);
    if (ended || order === undefined) {
      this.#phase = P.IDLE;
      return this.#status(S.SUCCESS, from);
    }
    const applying = this.#phase === P.APPLYING_UPDATE;
    this.#phase = P.CANCELING_UPDATE;
    this.#status(S.SUCCESS, from);
    void this.#canceling({ ...order, course: new Course() }, applying ? from : undefined);
  }

  async #canceling(order: UpdateOrder, tell: Peer | undefined): Promise<void> {
    const { cancelsNoTarget, cancelingForGood } = this.#port.behaviour;
    if (cancelsNoTarget !== true) await this.#client.cancel(order, this.#receivers);
    if (cancelingForGood === true) return;
    this.#phase = P.IDLE;
    if (tell !== undefined) this.#status(S.SUCCESS, tell);
  }
}

function sameStart(a: Start, b: Start): boolean {
  const numbers = (['appKeyIndex', 'ttl', 'timeoutBase', 'mode', 'policy', 'image'] as const).every(
    (name) => a[name] === b[name],
  );
  const groups = [a.group, b.group].map((group) => (typeof group === 'number' ? group : group.toString('hex')));
  return numbers && groups[0] === groups[1];
}
