import { expect } from 'chai';
import { type Kind, type Seen, where } from '../../src/core/log.ts';
import { distributionPhase, updatePolicy } from '../../src/mesh/codec/enums.ts';
import type { MessageType } from '../../src/mesh/codec/message.ts';
import type { Layout, Value } from '../../src/core/layout/layout.ts';
import { blobBlockStart } from '../../src/mesh/codec/messages/blob.ts';
import {
  distributionCancel,
  distributionStatusMessage,
  receiversGet,
} from '../../src/mesh/codec/messages/distribution.ts';
import { updateCancel } from '../../src/mesh/codec/messages/update.ts';
import { answer, message, type Message } from '../../src/mesh/kinds.ts';
import type { J } from './claims.ts';
import {
  DISTRIBUTING,
  givenUpOn,
  markImages,
  RECEIVERS_AFTER,
  stalled,
  start,
  TARGETS,
  untilPhase,
} from './distributing.ts';
import { ITEM } from './items.ts';
import type { T } from './moves.ts';

/** Client roles of a distributor are driven over the air: by a distribution to targets that the tester plays. */
export const CLIENT = {
  item: ITEM.UPDATE_CLIENT,
  when: `${ITEM.UPDATE_CLIENT} and ${ITEM.DISTRIBUTION_SERVER}`,
  ixit: DISTRIBUTING,
  start: 'idle',
} as const;
/** The same for what a case says of the BLOB Transfer Client below. */
export const BLOB = {
  ...CLIENT,
  item: ITEM.BLOB_CLIENT,
  when: `${ITEM.BLOB_CLIENT} and ${ITEM.UPDATE_CLIENT} and ${ITEM.DISTRIBUTION_SERVER}`,
} as const;

const { COMPLETED, TRANSFER_SUCCESS } = distributionPhase;
/** Until something comes that the device owes its targets. */
export const SOON = { timer: 'distributeS', of: 'no-progress' } as const;

/** Messages of the device to one played target. */
export function to<L extends Layout>(type: MessageType<L>, address: number): Kind<Message<Value<L>>> {
  return where(message(type), `${type.name} to ${address}`, (m) => m.dst === address);
}

/** The Start that the tester sent to the distributor, accepted. */
export const started: Kind<object> = where(
  answer(distributionStatusMessage, 'start'),
  'Distribution Start that was accepted',
  (a) => a.value?.status === 0,
);

/** A distribution that is verified and applied by the distributor itself; ends with its receivers list. */
export async function whole(
  t: T,
  o: Parameters<typeof start>[3] = {},
  changes: Parameters<typeof start>[4] = {},
): Promise<void> {
  const targets = await start(t, TARGETS, [], { policy: updatePolicy.VERIFY_AND_APPLY, ...o }, changes);
  await untilPhase(t, 'distributing', [COMPLETED]);
  markImages(t, targets);
  await receiversAfter(t);
}

/** Asks what became of each target. */
export async function receiversAfter(t: T): Promise<void> {
  await t.ask(RECEIVERS_AFTER, t.element('distribution'), receiversGet, { first: 0, limit: 10 });
}

/** The distribution was told to have gone well so far. */
const succeeded: Kind<object> = where(
  answer(distributionStatusMessage, 'distributing'),
  'Distribution Status of success',
  (a) => a.value?.phase === TRANSFER_SUCCESS || a.value?.phase === COMPLETED,
);

/**
 * A message that a target had to get. A distributor that tells success of that target without having sent it contradicts itself: it is an acknowledged
 * message, so none is lost unnoticed. A target that it gave up proves nothing here.
 */
export function got<L extends Layout>(
  j: J,
  statement: string,
  type: MessageType<L>,
  address: number,
  log: J['log'] = j.log,
): Seen<Message<Value<L>>> | undefined {
  const kind = to(type, address);
  const seen = log.first(kind);
  const success = log.last(succeeded);
  if (seen === undefined && success === undefined)
    return j.came(statement, kind, { stimulus: started, within: SOON }, log);
  if (seen === undefined) {
    const why = givenUpOn(log, address);
    if (why !== undefined) {
      j.inconclusive(statement, `no ${kind.name}, but ${why}`);
      return undefined;
    }
  }
  j.check(
    statement,
    () => expect(seen === undefined ? 'missing' : 'sent', kind.name).to.equal('sent'),
    seen ?? success,
  );
  return seen;
}

/** One message to a target after another, in this order. */
export function inOrder(j: J, statement: string, address: number, types: readonly MessageType[]): boolean {
  let log = j.log;
  for (const type of types) {
    const seen = got(j, statement, type, address, log);
    if (seen === undefined) return false;
    log = log.after({ n: seen.n - 1 });
  }
  return true;
}

/** No message of a later kind comes before the first of an earlier one. */
export function notBefore(j: J, statement: string, address: number, first: MessageType, later: MessageType): void {
  const one = j.log.first(to(first, address));
  if (one === undefined) return;
  const early = j.log.before(one).first(to(later, address));
  j.check(
    statement,
    () => expect(early === undefined ? 'none' : later.name, `messages before ${first.name}`).to.equal('none'),
    early,
  );
}

/** Cancels a distribution in the middle of its transfer. */
export async function givenUp(t: T): Promise<void> {
  await stalled(t);
  await t.perhaps(message(blobBlockStart), { timer: 'reply' });
  t.mark('give up');
  await t.ask('cancel', t.element('distribution'), distributionCancel, {});
  await t.perhaps(message(updateCancel), { timer: 'reply' });
  await untilPhase(t, 'cancelled', [distributionPhase.IDLE]);
}
