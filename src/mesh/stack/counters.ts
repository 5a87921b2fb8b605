import { BenchError } from '../../core/errors.ts';
import { type IvInput, ivNext, type IvState, type IvStep, sendingIvIndex } from './ivIndex.ts';
import type { StateStore } from './stateStore.ts';

/** Sequence numbers that are reserved on disk in one go: a crash loses at most so many, and repeats none. */
export const SEQ_BLOCK = 4096;

const SEQ_END = 0x1000000;

/** The sequence numbers and the IV index of our side of the network; never the same pair twice, whatever happens. */
export class NetworkCounters {
  readonly #store: StateStore;
  #iv: IvState;
  #next: number;
  #reserved: number;

  /** `initial` counts only where the store is empty: the IV index that the network has. */
  constructor(store: StateStore, initial: IvState) {
    this.#store = store;
    const stored = store.read();
    this.#iv = stored === undefined ? initial : { ivIndex: stored.ivIndex, updating: stored.updating };
    this.#next = stored?.reserved ?? 0;
    this.#reserved = this.#next;
  }

  /** IV index and update state. */
  get iv(): IvState {
    return this.#iv;
  }

  /** Sequence numbers left under the present IV index; below about a quarter the network needs an IV update. */
  get left(): number {
    return SEQ_END - this.#next;
  }

  /** A sequence number and the IV index to use it with. BenchError when none is left or it cannot be reserved. */
  take(): { readonly seq: number; readonly ivIndex: number } {
    if (this.#next >= SEQ_END) {
      const message = `sequence numbers of IV index ${sendingIvIndex(this.#iv)} are used up: the network needs an IV update`;
      throw new BenchError('mesh-seq-used-up', message);
    }
    if (this.#next >= this.#reserved) this.#reserve(Math.min(this.#next + SEQ_BLOCK, SEQ_END));
    return { seq: this.#next++, ivIndex: sendingIvIndex(this.#iv) };
  }

  /** Follows the IV update procedure; what changed is on disk before this returns. */
  follow(input: IvInput): IvStep {
    const step = ivNext(this.#iv, input);
    const { state } = step;
    if (state.ivIndex === this.#iv.ivIndex && state.updating === this.#iv.updating) return step;
    const next = step.restart ? 0 : this.#next;
    this.#store.write({ version: 1, ...state, reserved: step.restart ? 0 : this.#reserved });
    this.#iv = state;
    this.#next = next;
    if (step.restart) this.#reserved = 0;
    return step;
  }

  /** Gives the unused part of the reservation back: for an orderly end, so that many short runs do not use numbers up. */
  close(): void {
    if (this.#reserved !== this.#next) this.#reserve(this.#next);
  }

  /** Numbers are used only once their reservation is on disk. */
  #reserve(end: number): void {
    this.#store.write({ version: 1, ...this.#iv, reserved: end });
    this.#reserved = end;
  }
}
