import type { SarTiming } from './sarTiming.ts';

/** Where the transmission of a segmented message stands (Mesh Protocol 3.5.3.3). */
export type SenderState =
  | {
      readonly kind: 'sending';
      /** Segments not acknowledged yet. */
      readonly pending: readonly number[];
      readonly triesLeft: number;
      readonly noProgressLeft: number;
    }
  | { readonly kind: 'delivered' }
  | { readonly kind: 'failed'; readonly reason: 'receiver is busy' | 'no acknowledgment' | 'link closed' };

/** What can happen: an acknowledgment for this message, no acknowledgment in time, the end of the connection. */
export type SenderInput =
  | { readonly kind: 'acknowledgment'; readonly blockAck: number }
  | { readonly kind: 'timer' }
  | { readonly kind: 'link closed' };

/** The next state and the segments to send now; after them the timer starts again. */
export interface SenderStep {
  readonly state: SenderState;
  readonly send: readonly number[];
}

/** The first round. */
export function senderStart(segments: number, timing: SarTiming): SenderStep {
  const pending = Array.from({ length: segments }, (_, i) => i);
  const state = {
    kind: 'sending',
    pending,
    triesLeft: timing.unicastTries - 1,
    noProgressLeft: timing.noProgressTries - 1,
  } as const;
  return { state, send: pending };
}

/** One transition of a transmission to a unicast address. */
export function senderNext(state: SenderState, input: SenderInput, timing: SarTiming): SenderStep {
  if (state.kind !== 'sending') return { state, send: [] };
  switch (input.kind) {
    case 'link closed':
      return { state: { kind: 'failed', reason: 'link closed' }, send: [] };
    case 'timer':
      return again(state, state.noProgressLeft);
    case 'acknowledgment': {
      if (input.blockAck === 0) return { state: { kind: 'failed', reason: 'receiver is busy' }, send: [] };
      const pending = state.pending.filter((n) => ((input.blockAck >>> n) & 1) === 0);
      if (pending.length === 0) return { state: { kind: 'delivered' }, send: [] };
      if (pending.length === state.pending.length) return { state, send: [] };
      // The last round may still be on its way: more acknowledgments count until the timer ends the waiting.
      return state.triesLeft === 0
        ? { state: { ...state, pending }, send: [] }
        : again({ ...state, pending }, timing.noProgressTries);
    }
  }
}

/** One more round, while tries are left. */
function again(state: Extract<SenderState, { kind: 'sending' }>, noProgressLeft: number): SenderStep {
  if (state.triesLeft === 0 || noProgressLeft === 0)
    return { state: { kind: 'failed', reason: 'no acknowledgment' }, send: [] };
  const next = { ...state, triesLeft: state.triesLeft - 1, noProgressLeft: noProgressLeft - 1 };
  return { state: next, send: state.pending };
}
