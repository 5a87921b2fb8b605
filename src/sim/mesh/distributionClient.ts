import type { Decoded } from '../../mesh/codec/access.ts';
import { modelIds } from '../../mesh/codec/enums.ts';
import type { MessageValue } from '../../mesh/codec/message.ts';
import * as d from '../../mesh/codec/messages/distribution.ts';
import { Asker } from './asker.ts';
import type { BlobClient, BlobOrder } from './blobClient.ts';
import type { Model, ModelPort, Peer } from './model.ts';
import { newTarget, type Slot } from './updateClient.ts';

/** What an initiator asks of a distributor, beside the upload itself. */
export type DistributionCommand = 'get' | 'suspend' | 'cancel' | 'apply';

type Status = MessageValue<typeof d.distributionStatusMessage>;
type Uploaded = MessageValue<typeof d.uploadStatus>;

const COMMANDS = {
  get: d.distributionGet,
  suspend: d.distributionSuspend,
  cancel: d.distributionCancel,
  apply: d.distributionApply,
} as const;

/** Firmware Distribution Client (MshDFU): uploads to a distributor and has it distribute. Every call gives undefined for silence. */
export class DistributionClient implements Model {
  readonly id = modelIds.FIRMWARE_DISTRIBUTION_CLIENT;
  readonly #asker: Asker;
  readonly #port: ModelPort;
  readonly #blob: BlobClient;
  #begun = false;

  constructor(port: ModelPort, blob: BlobClient) {
    this.#port = port;
    this.#blob = blob;
    this.#asker = new Asker(port);
  }

  receive(message: Decoded, from: Peer): void {
    this.#asker.heard(message, from);
  }

  close(): void {
    this.#asker.close();
  }

  /** Upload Start, and the BLOB where the distributor does not hold the image already. */
  async upload(slot: Slot, order: BlobOrder, timeoutBase: number, to: Peer): Promise<Uploaded | undefined> {
    const { ttl, blobId, data, limitMs } = order;
    const { firmwareId, metadata } = slot;
    const sizeOff = this.#port.behaviour.uploadSizeOff ?? 0;
    const start = { ttl, timeoutBase, blobId, size: data.length + sizeOff, metadata, firmwareId };
    const begun = await this.#asker.ask(d.uploadStart, start, to, limitMs);
    if (begun?.status !== 0 || begun.phase !== 1) return begun;
    await this.#blob.send(order, [newTarget(to.address, 0)]);
    return this.#asker.ask(d.uploadGet, {}, to, limitMs);
  }

  /** Has the distributor fetch the image by itself; `firmwareId` is the one that the targets run. */
  uploadOob(uri: string, firmwareId: Buffer, to: Peer, limitMs: number): Promise<Uploaded | undefined> {
    const named = this.#port.behaviour.oobWithoutId === true ? Buffer.alloc(0) : firmwareId;
    return this.#asker.ask(d.uploadOobStart, { uri, firmwareId: named }, to, limitMs);
  }

  /** Gives the distributor its receivers, in place of those that it had. */
  async receivers(
    entries: readonly { readonly address: number; readonly image: number }[],
    to: Peer,
    limitMs: number,
  ): Promise<MessageValue<typeof d.receiversStatus> | undefined> {
    await this.#asker.ask(d.receiversDeleteAll, {}, to, limitMs);
    const { receiversLeftOut = 0 } = this.#port.behaviour;
    const receivers = entries.slice(0, entries.length - receiversLeftOut);
    return this.#asker.ask(d.receiversAdd, { receivers }, to, limitMs);
  }

  /** Where the distributor keeps this image. */
  find(firmwareId: Buffer, to: Peer, limitMs: number): Promise<MessageValue<typeof d.firmwareStatus> | undefined> {
    return this.#asker.ask(d.firmwareGet, { firmwareId }, to, limitMs);
  }

  start(start: MessageValue<typeof d.distributionStart>, to: Peer, limitMs: number): Promise<Status | undefined> {
    const { startImageOff = 0, resumesAltered } = this.#port.behaviour;
    const ttl = resumesAltered === true && this.#begun ? start.ttl + 1 : start.ttl;
    this.#begun = true;
    return this.#asker.ask(d.distributionStart, { ...start, ttl, image: start.image + startImageOff }, to, limitMs);
  }

  command(command: DistributionCommand, to: Peer, limitMs: number): Promise<Status | undefined> {
    return this.#asker.ask(COMMANDS[command], {}, to, limitMs);
  }
}
