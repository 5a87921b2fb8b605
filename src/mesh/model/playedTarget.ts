import type { MeshStack, Received } from '../stack/meshStack.ts';
import { type BlobServerBehaviour, blobServerNext, type BlobServerInput, type BlobServerState } from './blobServer.ts';
import {
  type UpdateServerBehaviour,
  updateServerNext,
  type UpdateServerInput,
  updateServerStart,
  type UpdateServerState,
} from './updateServer.ts';

/** How a played target behaves, and how long it takes. Times are real milliseconds, already scaled. */
export interface TargetBehaviour {
  readonly blob: BlobServerBehaviour;
  readonly update: UpdateServerBehaviour;
  /** Multiplies the server timeout of 10 x (base + 1) s. */
  readonly timeScale: number;
  readonly reportMs: number;
  readonly verifyMs: number;
  readonly applyMs: number;
}

/**
 * A target node that the tester plays on one of its elements: Firmware Update Server and BLOB Transfer Server. Answers under
 * the key of the question. What it is sent and answers stands in the event log like everything else.
 */
export class PlayedTarget {
  readonly address: number;
  #behaviour: TargetBehaviour;
  #blob: BlobServerState = { kind: 'inactive' };
  #update: UpdateServerState;
  #image: Buffer = Buffer.alloc(0);
  readonly #stack: MeshStack;
  readonly #groups: readonly number[];
  readonly #stop: () => void;
  readonly #cancel = new Map<'server' | 'report' | 'device', () => void>();
  #client: Received | undefined;

  constructor(stack: MeshStack, address: number, behaviour: TargetBehaviour, groups: readonly number[] = []) {
    this.#stack = stack;
    this.address = address;
    this.#behaviour = behaviour;
    this.#update = updateServerStart(behaviour.update);
    this.#groups = groups;
    for (const group of groups) stack.subscribe(group);
    this.#stop = stack.onReceive((received) => this.#received(received));
  }

  get blobState(): BlobServerState {
    return this.#blob;
  }

  get updateState(): UpdateServerState {
    return this.#update;
  }

  /** The BLOB as far as it came. */
  get image(): Buffer {
    return this.#image;
  }

  /** Changes the behaviour from now on. */
  behave(change: {
    readonly blob?: Partial<BlobServerBehaviour>;
    readonly update?: Partial<UpdateServerBehaviour>;
  }): void {
    const { blob, update } = this.#behaviour;
    this.#behaviour = {
      ...this.#behaviour,
      blob: { ...blob, ...change.blob },
      update: { ...update, ...change.update },
    };
  }

  /** Expects a BLOB without an update, as a device does that a console command prepared. */
  prepare(blobId: string, timeoutBase: number): void {
    this.#blobInput({ kind: 'prepare', expected: { blobId, timeoutBase } }, undefined);
  }

  close(): void {
    this.#stop();
    for (const cancel of this.#cancel.values()) cancel();
  }

  #received(received: Received): void {
    if (received.dst !== this.address && !this.#groups.includes(received.dst)) return;
    this.#blobInput({ kind: 'message', decoded: received.decoded }, received);
    const blobBusy = this.#blob.kind === 'running' && this.#update.update === undefined;
    this.#updateInput({ kind: 'message', decoded: received.decoded, blobBusy }, received);
  }

  #blobInput(input: BlobServerInput, received: Received | undefined): void {
    const step = blobServerNext(this.#blob, input, this.#behaviour.blob);
    this.#blob = step.state;
    if (step.event === 'started') {
      this.#image = Buffer.alloc(step.state.kind === 'running' ? step.state.transfer.size : 0);
      this.#client = received;
    }
    step.store?.data.copy(this.#image, step.store.offset);
    this.#answer(step.reply, received);
    this.#answer(step.report, this.#client);
    if (step.alive === true) this.#restartTimers();
    if (step.report !== undefined)
      this.#after('report', this.#behaviour.reportMs, () => this.#blobInput({ kind: 'report timer' }, undefined));
    if (step.event === 'complete') this.#updateInput({ kind: 'blob complete' }, undefined);
    if (step.event === 'suspended') this.#updateInput({ kind: 'blob suspended' }, undefined);
  }

  #updateInput(input: UpdateServerInput, received: Received | undefined): void {
    const step = updateServerNext(this.#update, input, this.#behaviour.update);
    this.#update = step.state;
    if (step.abort === true) this.#blobInput({ kind: 'abort' }, undefined);
    if (step.prepare !== undefined) this.#blobInput({ kind: 'prepare', expected: step.prepare }, undefined);
    this.#answer(step.reply, received);
    if (step.begin === 'verify')
      this.#after('device', this.#behaviour.verifyMs, () => this.#updateInput({ kind: 'verified' }, undefined));
    if (step.begin === 'apply') this.#after('device', this.#behaviour.applyMs, () => this.#applied());
  }

  #applied(): void {
    this.#updateInput({ kind: 'applied' }, undefined);
    this.#blobInput({ kind: 'abort' }, undefined);
  }

  #restartTimers(): void {
    if (this.#blob.kind !== 'running') return;
    const serverMs = 10_000 * (this.#blob.expected.timeoutBase + 1) * this.#behaviour.timeScale;
    this.#after('server', serverMs, () => this.#blobInput({ kind: 'server timeout' }, undefined));
    this.#after('report', this.#behaviour.reportMs, () => this.#blobInput({ kind: 'report timer' }, undefined));
  }

  #after(what: 'server' | 'report' | 'device', ms: number, run: () => void): void {
    this.#cancel.get(what)?.();
    this.#cancel.set(what, this.#stack.options.timers.after(ms, run));
  }

  #answer(pdu: Buffer | undefined, to: Received | undefined): void {
    if (pdu === undefined || to === undefined) return;
    // Where the connection has gone there is nobody to answer; the log has the closing.
    this.#stack.sendAccess(pdu, { to: to.src, from: this.address, key: to.key }).catch(() => undefined);
  }
}
