/** Where the reception of a segmented message stands (Mesh Protocol 3.5.3.4). */
export type ReceiverState =
  | { readonly kind: 'receiving'; readonly segN: number; readonly parts: ReadonlyMap<number, Buffer> }
  | { readonly kind: 'complete'; readonly segN: number }
  | { readonly kind: 'discarded' };

/** What can happen. `ack timer`: the acknowledgment delay is over; `discard timer`: nothing came for too long. */
export type ReceiverInput =
  | { readonly kind: 'segment'; readonly segO: number; readonly data: Buffer }
  | { readonly kind: 'ack timer' }
  | { readonly kind: 'discard timer' };

/** The next state and what it asks for. The caller acknowledges only what was sent to one of its unicast addresses. */
export interface ReceiverStep {
  readonly state: ReceiverState;
  /** The whole upper transport PDU: once. */
  readonly deliver?: Buffer;
  /** Acknowledge now, with this BlockAck. */
  readonly ack?: number;
  /** Start the acknowledgment timer unless it runs, and the discard timer anew. */
  readonly progress?: true;
}

/** The state before the first segment. */
export function receiverStart(segN: number): ReceiverState {
  return { kind: 'receiving', segN, parts: new Map() };
}

/** One transition. */
export function receiverNext(state: ReceiverState, input: ReceiverInput): ReceiverStep {
  switch (input.kind) {
    case 'discard timer':
      return { state: state.kind === 'receiving' ? { kind: 'discarded' } : state };
    case 'ack timer':
      return state.kind === 'receiving' ? { state, ack: blockAckOf(state.parts.keys()) } : { state };
    case 'segment':
      return segment(state, input.segO, input.data);
  }
}

/** The segment may be new, a duplicate, or late for a message that is complete. */
function segment(state: ReceiverState, segO: number, data: Buffer): ReceiverStep {
  if (state.kind === 'discarded') return { state };
  if (state.kind === 'complete') return { state, ack: allSegments(state.segN) };
  if (segO > state.segN) return { state };
  const parts = new Map(state.parts).set(segO, data);
  if (parts.size <= state.segN) return { state: { ...state, parts }, progress: true };
  const ordered = [...parts].sort(([a], [b]) => a - b).map(([, part]) => part);
  return {
    state: { kind: 'complete', segN: state.segN },
    deliver: Buffer.concat(ordered),
    ack: allSegments(state.segN),
  };
}

/** The BlockAck in which these segments are acknowledged. */
export function blockAckOf(segments: Iterable<number>): number {
  let blockAck = 0;
  for (const n of segments) blockAck |= 1 << n;
  return blockAck >>> 0;
}

function allSegments(segN: number): number {
  return segN === 31 ? 0xffffffff : 2 ** (segN + 1) - 1;
}
