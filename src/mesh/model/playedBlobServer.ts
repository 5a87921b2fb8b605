import { blockCount } from './geometry.ts';
import type { MeshStack, Received } from '../stack/meshStack.ts';
import {
  type BlobServerBehaviour,
  blobServerNext,
  type BlobServerInput,
  type BlobServerState,
  type BlobServerStep,
} from './blobServer.ts';

/** Times of a played BLOB server in real milliseconds. */
export interface BlobServerTiming {
  /** Multiplies the server timeout of 10 x (base + 1) s. */
  readonly timeScale: number;
  /** Pull: a report that brings nothing is repeated after so long. */
  readonly reportMs: number;
}

/** Drives the BLOB server machine on one element of the tester: sends its answers, keeps its timers, collects the BLOB. */
export class PlayedBlobServer {
  readonly #stack: MeshStack;
  readonly #address: number;
  readonly #timing: BlobServerTiming;
  readonly #notify: (event: NonNullable<BlobServerStep['event']>) => void;
  readonly #timers: NamedTimers<'server' | 'report'>;
  behaviour: BlobServerBehaviour;
  #state: BlobServerState = { kind: 'inactive' };
  #image: Buffer = Buffer.alloc(0);
  #client: Received | undefined;

  /** `notify` hears of every start, completion, suspension and cancellation. */
  constructor(
    stack: MeshStack,
    address: number,
    behaviour: BlobServerBehaviour,
    timing: BlobServerTiming,
    notify: (event: NonNullable<BlobServerStep['event']>) => void,
  ) {
    this.#stack = stack;
    this.#address = address;
    this.behaviour = behaviour;
    this.#timing = timing;
    this.#notify = notify;
    this.#timers = new NamedTimers(stack);
  }

  get state(): BlobServerState {
    return this.#state;
  }

  /** The BLOB as far as it came. */
  get image(): Buffer {
    return this.#image;
  }

  /** Percent of the blocks that came. */
  get progress(): number {
    if (this.#state.kind !== 'running') return 0;
    const blocks = blockCount(this.#state.transfer);
    return Math.floor((100 * (blocks - this.#state.blocksMissing.length)) / blocks);
  }

  /** Feeds the machine; `received` is the message that the input holds, for the answer's way back. */
  input(input: BlobServerInput, received?: Received): void {
    const step = blobServerNext(this.#state, input, this.behaviour);
    this.#state = step.state;
    if (step.event === 'started') {
      this.#image = Buffer.alloc(step.state.kind === 'running' ? step.state.transfer.size : 0);
      this.#client = received;
    }
    step.store?.data.copy(this.#image, step.store.offset);
    answer(this.#stack, this.#address, step.reply, received);
    answer(this.#stack, this.#address, step.report, this.#client);
    if (step.alive === true || step.report !== undefined) {
      this.#timers.after('report', this.#timing.reportMs, () => this.input({ kind: 'report timer' }));
    }
    if (step.alive === true && step.state.kind === 'running') {
      const serverMs = 10_000 * (step.state.expected.timeoutBase + 1) * this.#timing.timeScale;
      this.#timers.after('server', serverMs, () => this.input({ kind: 'server timeout' }));
    }
    if (step.event !== undefined) this.#notify(step.event);
  }

  close(): void {
    this.#timers.close();
  }
}

/** Timers by name: starting one stops the one before of that name. */
export class NamedTimers<N extends string> {
  readonly #stack: MeshStack;
  readonly #cancel = new Map<N, () => void>();

  constructor(stack: MeshStack) {
    this.#stack = stack;
  }

  after(name: N, ms: number, run: () => void): void {
    this.#cancel.get(name)?.();
    this.#cancel.set(name, this.#stack.options.timers.after(ms, run));
  }

  close(): void {
    for (const cancel of this.#cancel.values()) cancel();
    this.#cancel.clear();
  }
}

/** Sends an answer back to where a message came from, under its key. One that the transport layer gave up is recorded: what its receiver does then is no fault of it. */
export function answer(stack: MeshStack, from: number, pdu: Buffer | undefined, to: Received | undefined): void {
  if (pdu === undefined || to === undefined) return;
  // Where the connection has gone there is nobody to answer; the log has its closing.
  stack.sendAccess(pdu, { to: to.src, from, key: to.key }).then(
    (delivery) => {
      if (delivery.kind !== 'failed') return;
      const data = { src: from, dst: to.src, reason: delivery.reason };
      stack.options.sink.append({ channel: 'mesh', type: 'mesh.undelivered', dir: 'out', data });
    },
    () => undefined,
  );
}
