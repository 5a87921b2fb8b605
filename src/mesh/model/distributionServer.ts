import { type Decoded, valueOf } from '../codec/access.ts';
import { distributionPhase, distributionStatus, updatePhase } from '../codec/enums.ts';
import { encodeMessage, type MessageValue } from '../codec/message.ts';
import {
  capabilitiesGet,
  capabilitiesStatus,
  distributionApply,
  distributionCancel,
  distributionGet,
  distributionStart,
  distributionStatusMessage,
  distributionSuspend,
  receiversAdd,
  receiversDeleteAll,
  receiversGet,
  receiversList,
  receiversStatus,
} from '../codec/messages/distribution.ts';
import { distributionStartChecks } from '../checksAndMoves.ts';
import { type Cell, cellAt, distributionServerTable } from '../tables.ts';

type Start = MessageValue<typeof distributionStart>;
/** A row of the receivers list. */
export type Receiver = MessageValue<typeof receiversList>['entries'][number];

/** The distribution side of a distributor that the tester plays. */
export interface DistributionServerBehaviour {
  readonly capabilities: MessageValue<typeof capabilitiesStatus>;
  readonly appKeyIndexes: readonly number[];
  /** Answers Suspend with Suspend Failed. */
  readonly failSuspend?: boolean;
}

/** Where a distribution stands. */
export interface DistributionServerState {
  readonly phase: number;
  readonly start?: Start;
  readonly receivers: readonly Receiver[];
}

/** What can happen. `images`: how many are stored. `move`: the distribution itself goes on, as the test tells it. */
export type DistributionServerInput =
  | { readonly kind: 'message'; readonly decoded: Decoded; readonly images: number }
  | { readonly kind: 'move'; readonly phase: number; readonly receivers?: Partial<Receiver> };

/** The next state, the answers in their order, and whether the work begins or is to be cancelled. */
export interface DistributionServerStep {
  readonly state: DistributionServerState;
  readonly replies: readonly Buffer[];
  readonly begin?: 'distribute' | 'apply' | 'cancel';
}

/** A distributor that has nothing to do. */
export const distributionServerStart: DistributionServerState = { phase: distributionPhase.IDLE, receivers: [] };

/** One transition, after the reply table. */
export function distributionServerNext(
  state: DistributionServerState,
  input: DistributionServerInput,
  behaviour: DistributionServerBehaviour,
): DistributionServerStep {
  if (input.kind === 'message') return message(state, input.decoded, input.images, behaviour);
  const receivers = state.receivers.map((receiver) => ({ ...receiver, ...input.receivers }));
  if (input.phase === distributionPhase.IDLE) return { state: { phase: input.phase, receivers }, replies: [] };
  return { state: { ...state, phase: input.phase, receivers }, replies: [] };
}

/** The first message type that fits; others change nothing. */
function message(
  state: DistributionServerState,
  decoded: Decoded,
  images: number,
  behaviour: DistributionServerBehaviour,
): DistributionServerStep {
  if (valueOf(capabilitiesGet, decoded))
    return { state, replies: [encodeMessage(capabilitiesStatus, behaviour.capabilities)] };
  if (valueOf(distributionGet, decoded)) return answer(state, distributionStatus.SUCCESS);
  const add = valueOf(receiversAdd, decoded);
  if (add !== undefined) return addReceivers(state, add.receivers, behaviour);
  if (valueOf(receiversDeleteAll, decoded)) {
    const status = statusOf(cellAt(distributionServerTable, 'Receivers Delete All', state.phase));
    return receiversReply(status === distributionStatus.SUCCESS ? { ...state, receivers: [] } : state, status);
  }
  const list = valueOf(receiversGet, decoded);
  if (list !== undefined) {
    if (list.limit === 0) return { state, replies: [] };
    const entries = state.receivers.slice(list.first, list.first + list.limit);
    return {
      state,
      replies: [encodeMessage(receiversList, { count: state.receivers.length, first: list.first, entries })],
    };
  }
  const start = valueOf(distributionStart, decoded);
  if (start !== undefined) return startCame(state, start, images, behaviour);
  if (valueOf(distributionSuspend, decoded)) {
    const found = cellAt(distributionServerTable, 'Suspend', state.phase);
    const moves = found.kind === 'status' && found.next !== undefined;
    return moves && behaviour.failSuspend === true
      ? answer(state, distributionStatus.SUSPEND_FAILED)
      : go(state, found);
  }
  if (valueOf(distributionApply, decoded)) {
    const found = cellAt(distributionServerTable, 'Apply', state.phase);
    const begins = found.kind === 'status' && found.next === distributionPhase.APPLYING_UPDATE;
    return { ...go(state, found), ...(begins && { begin: 'apply' }) };
  }
  return valueOf(distributionCancel, decoded) ? cancel(state) : { state, replies: [] };
}

/** Receivers, AppKey and image come before the phase. */
function startCame(
  state: DistributionServerState,
  start: Start,
  images: number,
  behaviour: DistributionServerBehaviour,
): DistributionServerStep {
  const { noReceivers, appKey, image } = distributionStartChecks;
  if (state.receivers.length === 0) return answer(state, noReceivers.status);
  if (!behaviour.appKeyIndexes.includes(start.appKeyIndex)) return answer(state, appKey.status);
  if (start.image >= images) return answer(state, image.status);
  const same = state.start !== undefined && sameStart(state.start, start);
  const found = cellAt(
    distributionServerTable,
    same ? 'Start, same parameters' : 'Start, other parameters',
    state.phase,
  );
  const begins = found.kind === 'status' && found.next === distributionPhase.TRANSFER_ACTIVE;
  return begins ? { ...go({ ...state, start }, found), begin: 'distribute' } : go(state, found);
}

/** Cancel while applying is answered twice: Canceling, then Idle (policy MESH-P22). */
function cancel(state: DistributionServerState): DistributionServerStep {
  const found = cellAt(distributionServerTable, 'Cancel', state.phase);
  const step = go(state, found);
  if (step.state.phase === distributionPhase.IDLE)
    return answer({ phase: distributionPhase.IDLE, receivers: state.receivers }, statusOf(found));
  if (state.phase !== distributionPhase.APPLYING_UPDATE) return { ...step, begin: 'cancel' };
  const idle = answer({ phase: distributionPhase.IDLE, receivers: state.receivers }, statusOf(found));
  return { state: idle.state, replies: [...step.replies, ...idle.replies] };
}

/** Entries before the first that does not fit stay in the list. */
function addReceivers(
  state: DistributionServerState,
  added: MessageValue<typeof receiversAdd>['receivers'],
  behaviour: DistributionServerBehaviour,
): DistributionServerStep {
  const found = cellAt(distributionServerTable, 'Receivers Add', state.phase);
  if (found.kind === 'status' && found.status !== distributionStatus.SUCCESS)
    return receiversReply(state, found.status);
  const receivers = new Map(state.receivers.map((receiver) => [receiver.address, receiver]));
  for (const { address, image } of added) {
    if (address === 0 || address > 0x7fff) continue;
    const known = receivers.get(address);
    if (known === undefined && receivers.size >= behaviour.capabilities.maxReceivers) {
      return receiversReply(
        { ...state, receivers: [...receivers.values()] },
        distributionStatus.INSUFFICIENT_RESOURCES,
      );
    }
    const fresh = { address, phase: updatePhase.UNKNOWN, updateStatus: 0, transferStatus: 0, progressHalf: 0 };
    receivers.set(address, { ...(known ?? fresh), image });
  }
  return receiversReply({ ...state, receivers: [...receivers.values()] }, distributionStatus.SUCCESS);
}

function receiversReply(state: DistributionServerState, status: number): DistributionServerStep {
  return { state, replies: [encodeMessage(receiversStatus, { status, count: state.receivers.length })] };
}

/** Answers with the cell's status after moving to its phase. */
function go(state: DistributionServerState, found: Cell): DistributionServerStep {
  const phase = found.kind === 'status' && found.next !== undefined ? found.next : state.phase;
  return answer({ ...state, phase }, statusOf(found));
}

/** In Idle there is no distribution to tell of, and the status is two octets. */
function answer(state: DistributionServerState, status: number): DistributionServerStep {
  const { phase, start } = state;
  if (phase === distributionPhase.IDLE || start === undefined) {
    return { state, replies: [encodeMessage(distributionStatusMessage, { status, phase })] };
  }
  const { appKeyIndex, ttl, timeoutBase, mode, policy, image } = start;
  const group = typeof start.group === 'number' ? start.group : 0;
  const distribution = { group, appKeyIndex, ttl, timeoutBase, mode, policy, image };
  return { state, replies: [encodeMessage(distributionStatusMessage, { status, phase, distribution })] };
}

function statusOf(found: Cell): number {
  return found.kind === 'status' ? found.status : distributionStatus.SUCCESS;
}

function sameStart(a: Start, b: Start): boolean {
  const plain =
    a.appKeyIndex === b.appKeyIndex && a.ttl === b.ttl && a.timeoutBase === b.timeoutBase && a.mode === b.mode;
  const group =
    typeof a.group === 'number' || typeof b.group === 'number' ? a.group === b.group : a.group.equals(b.group);
  return plain && group && a.policy === b.policy && a.image === b.image;
}
