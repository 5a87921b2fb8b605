import { distributionStatus, uploadPhase, uploadType } from '../../mesh/codec/enums.ts';
import { type Decoded, valueOf } from '../../mesh/codec/access.ts';
import type { MessageValue } from '../../mesh/codec/message.ts';
import {
  uploadCancel,
  uploadGet,
  uploadOobStart,
  uploadStart,
  uploadStatus,
} from '../../mesh/codec/messages/distribution.ts';
import type { BlobServer } from './blobServer.ts';
import type { FirmwareStore } from './firmwareStore.ts';
import { readImage } from './image.ts';
import { type ModelPort, type Peer, sendMessage, statusFor } from './model.ts';
import { manifestFirmwareId, type Retriever } from './retrieval.ts';

/** What the distributor can do about uploads. */
export interface UploadSetup {
  readonly maxSize: number;
  /** Schemes that it retrieves from, as URLs begin; empty: no out-of-band uploads. */
  readonly schemes: readonly string[];
  readonly retriever: Retriever;
}

type Start = MessageValue<typeof uploadStart>;
type OobStart = MessageValue<typeof uploadOobStart>;

/** An upload that runs or has ended. */
type Upload =
  | { readonly kind: 'in band'; readonly start: Start }
  | { readonly kind: 'out of band'; readonly start: OobStart; progress: number };

const P = uploadPhase;
const S = distributionStatus;

/** The uploads of a Firmware Distribution Server: in band over the BLOB Transfer Server of its element, or out of band. */
export class UploadServer {
  readonly #port: ModelPort;
  readonly #blob: BlobServer;
  readonly #store: FirmwareStore;
  readonly #setup: UploadSetup;
  #phase: number = P.IDLE;
  #upload: Upload | undefined;
  /** An Upload OOB Start that is being looked at. */
  #checking = false;

  constructor(port: ModelPort, blob: BlobServer, store: FirmwareStore, setup: UploadSetup) {
    this.#port = port;
    this.#blob = blob;
    this.#store = store;
    this.#setup = setup;
    blob.events = {
      complete: (image) => this.#complete(image),
      suspended: () => this.#failed(),
      resumed: () => {
        if (this.#phase === P.TRANSFER_ERROR) this.#phase = P.TRANSFER_ACTIVE;
      },
      canceled: () => this.#failed(),
    };
  }

  /** Whether the message was one of uploads. */
  receive(message: Decoded, from: Peer): boolean {
    const start = valueOf(uploadStart, message);
    const oob = valueOf(uploadOobStart, message);
    if (start !== undefined) this.#start(start, from);
    else if (oob !== undefined) void this.#startOob(oob, from);
    else if (valueOf(uploadGet, message) !== undefined) this.#status(S.SUCCESS, from);
    else if (valueOf(uploadCancel, message) !== undefined) this.#cancel(from);
    else return false;
    return true;
  }

  #status(status: number, to: Peer): void {
    const upload = this.#upload;
    if (this.#phase === P.IDLE || upload === undefined)
      return void sendMessage(this.#port, uploadStatus, { status, phase: this.#phase }, to);
    const { firmwareId } = upload.start;
    const type = upload.kind === 'in band' ? uploadType.IN_BAND : uploadType.OUT_OF_BAND;
    const done = upload.kind === 'in band' ? this.#blob.progress : upload.progress;
    const right = this.#phase === P.TRANSFER_SUCCESS ? 100 : done;
    const progress = this.#port.behaviour.progressBackwards === true ? 100 - right : right;
    const value = { status, phase: this.#phase, upload: { progress, type, firmwareId } };
    void sendMessage(this.#port, uploadStatus, value, to);
  }

  #choose(situation: Parameters<typeof statusFor>[1], right: number): number {
    return statusFor(this.#port.behaviour, situation, right);
  }

  // In band

  #start(start: Start, from: Peer): void {
    if (this.#phase === P.TRANSFER_ACTIVE || this.#checking) {
      const same = this.#upload?.kind === 'in band' && sameStart(this.#upload.start, start);
      const status = same
        ? this.#choose('distribution.upload.again', S.SUCCESS)
        : this.#choose('distribution.upload.busy', S.BUSY_WITH_UPLOAD);
      return this.#status(status, from);
    }
    if (this.#store.indexOf(start.firmwareId) >= 0) {
      this.#upload = { kind: 'in band', start };
      this.#phase = P.TRANSFER_SUCCESS;
      return this.#status(S.SUCCESS, from);
    }
    if (start.size > this.#setup.maxSize || this.#store.full)
      return this.#status(this.#choose('distribution.upload.large', S.INSUFFICIENT_RESOURCES), from);
    const resumes =
      this.#phase === P.TRANSFER_ERROR && this.#upload?.kind === 'in band' && sameStart(this.#upload.start, start);
    if (!resumes) this.#blob.cancel();
    this.#blob.prepare(start.blobId, start.timeoutBase, start.ttl);
    this.#upload = { kind: 'in band', start };
    this.#phase = P.TRANSFER_ACTIVE;
    this.#status(S.SUCCESS, from);
  }

  #complete(data: Buffer): void {
    if (this.#upload?.kind !== 'in band' || this.#port.behaviour.uploadNeverStored === true) return;
    const { firmwareId, metadata } = this.#upload.start;
    this.#store.add({ firmwareId, metadata, data });
    this.#phase = P.TRANSFER_SUCCESS;
  }

  #failed(): void {
    if (this.#phase !== P.TRANSFER_ACTIVE || this.#port.behaviour.uploadTimeoutUnseen === true) return;
    this.#phase = P.TRANSFER_ERROR;
  }

  #cancel(from: Peer): void {
    if (this.#port.behaviour.uploadCancelIgnored === true) return this.#status(S.SUCCESS, from);
    this.#phase = P.IDLE;
    this.#upload = undefined;
    this.#blob.cancel();
    this.#status(S.SUCCESS, from);
  }

  // Out of band

  async #startOob(start: OobStart, from: Peer): Promise<void> {
    const running = this.#upload;
    if (this.#phase === P.TRANSFER_ACTIVE || this.#checking) {
      const { uri, firmwareId } = start;
      const same =
        running?.kind === 'out of band' && running.start.uri === uri && running.start.firmwareId.equals(firmwareId);
      return this.#checking && same ? undefined : this.#status(same ? S.SUCCESS : S.BUSY_WITH_UPLOAD, from);
    }
    this.#checking = true;
    const upload: Upload = { kind: 'out of band', start, progress: 0 };
    this.#upload = upload;
    const checked = await this.#check(start);
    this.#checking = false;
    // Cancelled while the check went on.
    if (this.#upload !== upload) return;
    if (typeof checked === 'number') {
      this.#upload = undefined;
      this.#phase = P.IDLE;
      return this.#status(checked, from);
    }
    this.#phase = P.TRANSFER_ACTIVE;
    this.#status(S.SUCCESS, from);
    await this.#retrieve(upload, checked);
  }

  /** The firmware id that is offered, or the status of a refusal. */
  async #check({ uri, firmwareId }: OobStart): Promise<Buffer | number> {
    const { schemes, retriever } = this.#setup;
    if (schemes.length === 0) return this.#choose('distribution.oob.unsupported', S.URI_NOT_SUPPORTED);
    const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(uri)?.[1]?.toLowerCase();
    const malformed = !/^[a-z][a-z0-9+.-]*:\/\/[^/?#]+/i.test(uri) || !URL.canParse(uri);
    if (scheme !== undefined && !schemes.includes(scheme))
      return this.#choose('distribution.oob.scheme', S.URI_NOT_SUPPORTED);
    if (malformed) return this.#choose('distribution.oob.malformed', S.URI_MALFORMED);
    if (this.#port.behaviour.skipsUriCheck === true) return firmwareId;
    const told = await retriever.fetch(this.#url(uri, 'check', firmwareId));
    const unreachable = told.kind === 'unreachable' || (told.status !== 200 && told.status !== 404);
    if (unreachable) return this.#choose('distribution.oob.unreachable', S.URI_UNREACHABLE);
    const offered = told.status === 404 ? undefined : manifestFirmwareId(told.body);
    return offered ?? this.#choose('distribution.oob.current', S.NEW_FIRMWARE_NOT_AVAILABLE);
  }

  #url(uri: string, verb: 'check' | 'get', firmwareId: Buffer): string {
    const base = `${uri.replace(/\/$/, '')}/${verb}`;
    return this.#port.behaviour.retrievesWithoutId === true ? base : `${base}?cfwid=${firmwareId.toString('hex')}`;
  }

  async #retrieve(upload: Extract<Upload, { kind: 'out of band' }>, firmwareId: Buffer): Promise<void> {
    const { uri, firmwareId: current } = upload.start;
    const got = await this.#setup.retriever.fetch(this.#url(uri, 'get', current));
    if (this.#upload !== upload) return;
    if (got.kind !== 'body' || got.status !== 200 || got.body.length > this.#setup.maxSize || this.#store.full) {
      this.#phase = P.TRANSFER_ERROR;
      return;
    }
    const facts = readImage(got.body);
    const metadata =
      facts === undefined ? Buffer.alloc(0) : Buffer.concat([facts.firmwareId, Buffer.of(facts.additional)]);
    if (this.#store.indexOf(firmwareId) < 0) this.#store.add({ firmwareId, metadata, data: got.body });
    upload.progress = 100;
    this.#phase = P.TRANSFER_SUCCESS;
  }
}

function sameStart(a: Start, b: Start): boolean {
  const numbers = a.ttl === b.ttl && a.timeoutBase === b.timeoutBase && a.blobId === b.blobId && a.size === b.size;
  return numbers && a.metadata.equals(b.metadata) && a.firmwareId.equals(b.firmwareId);
}
