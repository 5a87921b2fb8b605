import { randomBytes } from 'node:crypto';
import { transferMode, updatePolicy } from '../../mesh/codec/enums.ts';
import { Course } from './asker.ts';
import type { BlobOrder } from './blobClient.ts';
import type { Peer } from './model.ts';
import type { NodeModels } from './models.ts';
import type { DistributionCommand } from './distributionClient.ts';
import { newTarget, type Slot, type UpdateOrder, type UpdateTarget } from './updateClient.ts';

/** The node's clients need what is there only once it is provisioned. */
export interface ClientSeat {
  /** Undefined while the node is unprovisioned. */
  models(): NodeModels | undefined;
  /** The AppKey that its clients send under; undefined where it has none. */
  appKey(): number | undefined;
}

/** How the clients send, as an operator chooses it. */
export interface ClientChoice {
  mode: number;
  timeoutBase: number;
  ttl: number;
}

interface Job {
  readonly order: UpdateOrder;
  readonly targets: readonly UpdateTarget[];
}

/** What a control channel wants done and cannot be. */
export class NotReady extends Error {}

/** What an operator has the node's client roles do: the words behind its control channels. */
export class Clients {
  readonly choice: ClientChoice = { mode: transferMode.PUSH, timeoutBase: 1, ttl: 5 };
  /** Told of every target that is given up. */
  onLost: (address: number) => void = () => undefined;
  readonly #seat: ClientSeat;
  #targets: readonly number[] = [];
  #distributor = 0;
  #job: Job | undefined;
  #course = new Course();
  #started: Parameters<Clients['start']> | undefined;

  constructor(seat: ClientSeat) {
    this.#seat = seat;
  }

  /** Client timeout in protocol milliseconds, by the choices made. */
  get limitMs(): number {
    return 10_000 * (this.choice.timeoutBase + 2) + 100 * this.choice.ttl;
  }

  target(addresses: readonly number[]): void {
    this.#targets = addresses;
  }

  distributor(address: number): void {
    this.#distributor = address;
  }

  // Update Client

  /** Information Get to every target; the firmware ids of each, in hex. */
  async information(limit: number): Promise<string[]> {
    const { updateClient } = this.#models();
    const ask = (address: number): Promise<string> =>
      updateClient
        .information(this.#peer(address), limit, this.limitMs)
        .then((told) => told?.entries.map(({ firmwareId }) => firmwareId.toString('hex')).join(',') ?? 'silence');
    return Promise.all(this.#someTargets().map(ask));
  }

  /** Metadata Check at the first target. */
  check(image: number, metadata: Buffer): ReturnType<NonNullable<NodeModels['updateClient']>['check']> {
    const [address = 0] = this.#someTargets();
    return this.#models().updateClient.check(this.#peer(address), image, metadata, this.limitMs);
  }

  /** An image of so many octets in a slot. */
  slot(firmwareId: Buffer, metadata: Buffer, octets: number): Slot {
    return { firmwareId, metadata, data: pattern(octets) };
  }

  /** Begins an update of the targets: start, transfer, verification go on by themselves. */
  update(slot: Slot, image: number, log: number, chunk: number): void {
    const { updateClient } = this.#models();
    const order: UpdateOrder = { ...this.#order(slot.data, log, chunk), slot, timeoutBase: this.choice.timeoutBase };
    const targets = this.#someTargets().map((address) => newTarget(address, image));
    this.#watch();
    this.#job = { order, targets };
    void updateClient.distribute(order, targets);
  }

  /** Update phases of the targets as last seen. */
  get phases(): readonly number[] {
    return this.#job?.targets.map(({ phase }) => phase) ?? [];
  }

  /** Has the targets apply, and looks for the proof. */
  apply(): void {
    const { updateClient } = this.#models();
    const { order, targets } = this.#running();
    void updateClient.apply(order, targets);
  }

  /** Gives the update up at every target. */
  cancelUpdate(): void {
    const { updateClient } = this.#models();
    const { order, targets } = this.#running();
    updateClient.halt(this.#course);
    this.#job = undefined;
    void updateClient.cancel({ ...order, course: new Course() }, targets);
  }

  // BLOB Transfer Client

  /** Information Get to every target. */
  async blobInformation(): Promise<void> {
    const { blobClient } = this.#models();
    await Promise.all(this.#someTargets().map((address) => blobClient.information(this.#peer(address), this.limitMs)));
  }

  /** Sends octets to the targets; goes on by itself. */
  blob(blobId: string, octets: number, log: number, chunk: number): void {
    const { blobClient } = this.#models();
    const data = pattern(octets);
    const slot = { data, firmwareId: Buffer.alloc(0), metadata: Buffer.alloc(0) };
    const { timeoutBase } = this.choice;
    const order: UpdateOrder = { ...this.#order(data, log, chunk), blobId, slot, timeoutBase };
    const targets = this.#someTargets().map((address) => newTarget(address, 0));
    this.#watch();
    this.#job = { order, targets };
    void blobClient.send(order, targets);
  }

  /** Gives the transfer up at every target. */
  cancelBlob(): void {
    const { blobClient } = this.#models();
    const { order, targets } = this.#running();
    this.#course.stop();
    blobClient.asker.close();
    this.#job = undefined;
    void blobClient.cancel({ ...order, course: new Course() }, targets);
  }

  /** Transfer Get to every target. */
  async blobGet(): Promise<void> {
    const { blobClient } = this.#models();
    await Promise.all(this.#someTargets().map((address) => blobClient.get(this.#peer(address), this.limitMs)));
  }

  // Distribution Client

  async upload(firmwareId: Buffer, metadata: Buffer, octets: number): Promise<string> {
    const { initiator } = this.#initiator();
    const data = pattern(octets);
    const order = this.#order(data, 8, 64);
    const slot = { firmwareId, metadata, data };
    return told(await initiator.upload(slot, order, this.choice.timeoutBase, this.#peer(this.#distributor)));
  }

  async uploadOob(uri: string, firmwareId: Buffer): Promise<string> {
    const { initiator } = this.#initiator();
    return told(await initiator.uploadOob(uri, firmwareId, this.#peer(this.#distributor), this.limitMs));
  }

  async receivers(addresses: readonly number[]): Promise<string> {
    const { initiator } = this.#initiator();
    const entries = addresses.map((address) => ({ address, image: 0 }));
    const answer = await initiator.receivers(entries, this.#peer(this.#distributor), this.limitMs);
    return answer === undefined ? 'silence' : `status ${answer.status} count ${answer.count}`;
  }

  /** Start of the image with this firmware id; the same words again resume what is suspended. */
  async start(firmwareId: Buffer, apply: boolean, group: number): Promise<string> {
    const { initiator } = this.#initiator();
    const to = this.#peer(this.#distributor);
    const stored = await initiator.find(firmwareId, to, this.limitMs);
    if (stored?.status !== 0) return told(stored);
    this.#started = [firmwareId, apply, group];
    const { mode, timeoutBase, ttl } = this.choice;
    const policy = apply ? updatePolicy.VERIFY_AND_APPLY : updatePolicy.VERIFY_ONLY;
    const appKeyIndex = this.#app();
    const value = { appKeyIndex, ttl, timeoutBase, mode, policy, image: stored.image, group };
    return told(await initiator.start(value, to, this.limitMs));
  }

  /** The last Start again. */
  resume(): Promise<string> {
    if (this.#started === undefined) throw new NotReady('nothing was started');
    return this.start(...this.#started);
  }

  async command(command: DistributionCommand): Promise<string> {
    const { initiator } = this.#initiator();
    return told(await initiator.command(command, this.#peer(this.#distributor), this.limitMs));
  }

  #app(): number {
    const app = this.#seat.appKey();
    if (app === undefined) throw new NotReady('the node has no AppKey');
    return app;
  }

  #peer(address: number): Peer {
    return { address, app: this.#app(), ttl: this.choice.ttl };
  }

  #someTargets(): readonly number[] {
    if (this.#targets.length === 0) throw new NotReady('no target was named');
    return this.#targets;
  }

  #running(): Job {
    if (this.#job === undefined) throw new NotReady('nothing runs');
    return this.#job;
  }

  #models(): {
    updateClient: NonNullable<NodeModels['updateClient']>;
    blobClient: NonNullable<NodeModels['blobClient']>;
  } {
    const { updateClient, blobClient } = this.#seat.models() ?? {};
    if (updateClient === undefined || blobClient === undefined)
      throw new NotReady('no provisioned node with the role update-client');
    return { updateClient, blobClient };
  }

  #initiator(): { initiator: NonNullable<NodeModels['initiator']> } {
    const { initiator } = this.#seat.models() ?? {};
    if (initiator === undefined) throw new NotReady('no provisioned node with the role distribution-client');
    if (this.#distributor === 0) throw new NotReady('no distributor was named');
    return { initiator };
  }

  #order(data: Buffer, log: number, chunk: number): BlobOrder {
    this.#course = new Course();
    return {
      blobId: randomBytes(8).toString('hex'),
      data,
      mode: this.choice.mode,
      app: this.#app(),
      ttl: this.choice.ttl,
      log,
      chunk,
      group: 0,
      limitMs: this.limitMs,
      course: this.#course,
    };
  }

  #watch(): void {
    this.#models().blobClient.lost = (address) => this.onLost(address);
  }
}

/** An answer in words. */
function told(answer: { readonly status: number; readonly phase?: number } | undefined): string {
  if (answer === undefined) return 'silence';
  return `status ${answer.status}${answer.phase === undefined ? '' : ` phase ${answer.phase}`}`;
}

/** Octets that tell their place. */
export function pattern(octets: number): Buffer {
  return Buffer.from(Array.from({ length: octets }, (_, i) => (i * 7 + (i >> 8)) & 0xff));
}
