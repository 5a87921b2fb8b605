import { updatePhase, updateStatus } from '../codec/enums.ts';
import type { MessageValue } from '../codec/message.ts';
import {
  updateApply,
  updateGet,
  updateInformationGet,
  updateStart,
  type updateStatusMessage,
} from '../codec/messages/update.ts';
import { nameOf } from '../../core/layout/names.ts';
import { type Answer, type Deadline, request } from '../stack/exchange.ts';
import type { KeyName } from '../stack/keyRing.ts';
import type { MeshStack } from '../stack/meshStack.ts';
import type { BlobTransfer } from './blobClient.ts';
import { type BlobSending, sendBlob } from './blobSender.ts';
import { poll, type Polled, type PollTiming } from './polling.ts';

/** An update that the tester carries out on a target as its Firmware Update Client. */
export interface UpdatePlan {
  readonly target: number;
  readonly key: KeyName;
  readonly start: MessageValue<typeof updateStart>;
  readonly data: Buffer;
  readonly transfer: BlobTransfer;
  readonly sending: BlobSending;
  readonly polling: PollTiming & Deadline;
}

/** The step of an update that did not lead on, and what was seen instead. */
export type UpdateOutcome =
  | { readonly kind: 'updated'; readonly firmwareIds: readonly Buffer[] }
  | { readonly kind: 'stopped'; readonly step: UpdateStep; readonly why: string };

/** The steps of an update in their order. */
export type UpdateStep = 'start' | 'transfer' | 'verify' | 'apply' | 'confirm';

type UpdateState = MessageValue<typeof updateStatusMessage>;

/** Polls Update Get until one of these phases is seen. */
export function awaitUpdatePhase(
  stack: MeshStack,
  plan: Pick<UpdatePlan, 'target' | 'key' | 'polling'>,
  phases: readonly number[],
): Promise<Polled<UpdateState>> {
  const { target, key, polling } = plan;
  return poll(
    stack.options.timers,
    polling,
    () => request(stack, updateGet, {}, { to: target, key, ...polling }),
    (value) => phases.includes(value.phase),
    (value) => nameOf(updatePhase, value.phase),
  );
}

/** Starts, transfers, waits for verification, applies and reads the firmware ids again. Stops at the first step that fails. */
export async function runUpdate(stack: MeshStack, plan: UpdatePlan): Promise<UpdateOutcome> {
  const { target, key, polling } = plan;
  const to = { to: target, key, ...polling };
  const started = await request(stack, updateStart, plan.start, to);
  const refused = refusal(started);
  if (refused !== undefined) return stopped('start', refused);
  const held = started.kind === 'reply' && started.value.phase === updatePhase.VERIFYING_UPDATE;
  if (!held) {
    const ended = (await sendBlob(stack, plan.data, plan.transfer, [target], plan.sending)).get(target);
    if (ended?.kind !== 'complete')
      return stopped('transfer', ended?.kind === 'dropped' ? ended.reason : 'not complete');
  }
  const { VERIFICATION_SUCCEEDED, VERIFICATION_FAILED, APPLYING_UPDATE, IDLE } = updatePhase;
  const verified = await awaitUpdatePhase(stack, plan, [VERIFICATION_SUCCEEDED, VERIFICATION_FAILED]);
  if (verified.kind !== 'reached' || verified.value.phase === VERIFICATION_FAILED)
    return stopped('verify', told(verified));
  const applied = await request(stack, updateApply, {}, to);
  // Idle with Wrong Phase: it has applied already and the answer to the first try was lost.
  const applies = applied.kind === 'reply' && (applied.value.phase === APPLYING_UPDATE || applied.value.phase === IDLE);
  if (!applies) return stopped('apply', refusal(applied) ?? 'phase unchanged');
  const idle = await awaitUpdatePhase(stack, plan, [IDLE]);
  if (idle.kind !== 'reached') return stopped('confirm', told(idle));
  const information = await request(stack, updateInformationGet, { first: 0, limit: 255 }, to);
  if (information.kind !== 'reply') return stopped('confirm', refusal(information) ?? '');
  return { kind: 'updated', firmwareIds: information.value.entries.map((entry) => entry.firmwareId) };
}

/** Why an answer ends the update; undefined where it does not. */
function refusal(answer: Answer<{ readonly status?: number }>): string | undefined {
  switch (answer.kind) {
    case 'silence':
      return `no ${answer.awaited}`;
    case 'malformed':
      return 'malformed answer';
    case 'reply':
      return answer.value.status === undefined || answer.value.status === updateStatus.SUCCESS
        ? undefined
        : nameOf(updateStatus, answer.value.status);
  }
}

/** What polling saw at last, in words. */
function told(polled: Polled<UpdateState>): string {
  switch (polled.kind) {
    case 'reached':
      return nameOf(updatePhase, polled.value.phase);
    case 'stuck':
      return `${polled.seen.at(-1)} for ${Math.round(polled.afterMs)} ms`;
    case 'malformed':
      return 'malformed answer';
    case 'silence':
      return `no ${polled.awaited}`;
  }
}

/** The update ends here, with the step and the reason. */
function stopped(step: UpdateStep, why: string): UpdateOutcome {
  return { kind: 'stopped', step, why };
}
