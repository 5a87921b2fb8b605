import type { MeshStack, Received } from '../stack/meshStack.ts';
import type { BlobServerBehaviour, BlobServerState } from './blobServer.ts';
import { answer, type BlobServerTiming, NamedTimers, PlayedBlobServer } from './playedBlobServer.ts';
import {
  type UpdateServerBehaviour,
  updateServerNext,
  type UpdateServerInput,
  updateServerStart,
  type UpdateServerState,
} from './updateServer.ts';

/** How a played target behaves, and how long it takes. Times are real milliseconds, already scaled. */
export interface TargetBehaviour extends BlobServerTiming {
  readonly blob: BlobServerBehaviour;
  readonly update: UpdateServerBehaviour;
  readonly verifyMs: number;
  readonly applyMs: number;
}

/**
 * A target node that the tester plays on one of its elements: Firmware Update Server and BLOB Transfer Server. Answers under
 * the key of the question. What it is sent and answers stands in the event log like everything else.
 */
export class PlayedTarget {
  readonly address: number;
  readonly #stack: MeshStack;
  readonly #blob: PlayedBlobServer;
  readonly #stop: () => void;
  readonly #timers: NamedTimers<'device'>;
  #behaviour: TargetBehaviour;
  #update: UpdateServerState;

  constructor(stack: MeshStack, address: number, behaviour: TargetBehaviour, groups: readonly number[] = []) {
    this.#stack = stack;
    this.address = address;
    this.#behaviour = behaviour;
    this.#update = updateServerStart(behaviour.update);
    this.#timers = new NamedTimers(stack);
    this.#blob = new PlayedBlobServer(stack, address, behaviour.blob, behaviour, (event) => {
      if (event === 'complete') this.#input({ kind: 'blob complete' });
      if (event === 'suspended') this.#input({ kind: 'blob suspended' });
    });
    for (const group of groups) stack.subscribe(group);
    this.#stop = stack.onReceive((received) => {
      if (received.dst === address || groups.includes(received.dst)) this.#received(received);
    });
  }

  get blobState(): BlobServerState {
    return this.#blob.state;
  }

  get updateState(): UpdateServerState {
    return this.#update;
  }

  /** The BLOB as far as it came. */
  get image(): Buffer {
    return this.#blob.image;
  }

  /** Changes the behaviour from now on. */
  behave(change: {
    readonly blob?: Partial<BlobServerBehaviour>;
    readonly update?: Partial<UpdateServerBehaviour>;
  }): void {
    this.#blob.behaviour = { ...this.#blob.behaviour, ...change.blob };
    this.#behaviour = { ...this.#behaviour, update: { ...this.#behaviour.update, ...change.update } };
  }

  /** Expects a BLOB without an update, as a device does that a console command prepared. */
  prepare(blobId: string, timeoutBase: number): void {
    this.#blob.input({ kind: 'prepare', expected: { blobId, timeoutBase } });
  }

  close(): void {
    this.#stop();
    this.#timers.close();
    this.#blob.close();
  }

  #received(received: Received): void {
    const { decoded } = received;
    const blobBusy = this.#blob.state.kind === 'running' && this.#update.update === undefined;
    this.#blob.input({ kind: 'message', decoded }, received);
    this.#input({ kind: 'message', decoded, blobBusy }, received);
  }

  #input(input: UpdateServerInput, received?: Received): void {
    const step = updateServerNext(this.#update, input, this.#behaviour.update);
    this.#update = step.state;
    if (step.abort === true) this.#blob.input({ kind: 'abort' });
    if (step.prepare !== undefined) this.#blob.input({ kind: 'prepare', expected: step.prepare });
    answer(this.#stack, this.address, step.reply, received);
    if (step.begin === 'verify')
      this.#timers.after('device', this.#behaviour.verifyMs, () => this.#input({ kind: 'verified' }));
    if (step.begin === 'apply') {
      this.#timers.after('device', this.#behaviour.applyMs, () => {
        this.#input({ kind: 'applied' });
        this.#blob.input({ kind: 'abort' });
      });
    }
  }
}
