import { expect } from 'chai';
import { where } from '../../src/core/log.ts';
import { messages, stepped } from '../../src/lwm2m/kinds.ts';
import { type J, stepAnswer } from './claims.ts';
import { ITEM } from './items.ts';

const EMPTY = '0.00';

/**
 * The answer to the second copy of a message; inconclusive without one. Where the answer to the first was a message of its own, the device may have only the
 * acknowledgement to repeat, which makes it the same answer.
 */
export function secondAnswer(j: J, statement: string, label: string): { readonly code: string } | undefined {
  const [first, again] = [label, `${label} again`].map((name) => j.log.first(stepped(name)));
  if (first?.code === undefined || first.type === 'ACK' || again === undefined || again.code !== undefined)
    return stepAnswer(j, statement, `${label} again`);
  const span = j.log.after(first).before(again);
  const copies = span.all(where(messages, 'copy', (m) => m.dir === 'out' && m.message.code !== EMPTY));
  const mids = copies.map((m) => m.message.mid);
  const isEmpty = where(
    messages,
    'empty acknowledgement',
    ({ dir, message: { type, code, mid } }) => dir === 'in' && type === 'ACK' && code === EMPTY && mids.includes(mid),
  );
  if (span.first(isEmpty) === undefined) return stepAnswer(j, statement, `${label} again`);
  j.note(`${label} was answered separately; its repetition was acknowledged`);
  return { code: first.code };
}

/** Both copies of a message had the same answer. */
export function sameAnswer(j: J, label: string): void {
  const statement = 'SWMGMT-RFC7252.duplicate';
  const [first, again] = [stepAnswer(j, statement, label), secondAnswer(j, statement, label)];
  if (first === undefined || again === undefined) return;
  if (again.code !== first.code && label === 'install' && j.declared(ITEM.REBOOTS))
    return j.inconclusive(
      statement,
      `${again.code} after ${first.code}: the device may have rebooted between the copies`,
    );
  j.check(statement, () => expect(again.code, `answer to the repetition of ${label}`).to.equal(first.code));
}

/** Notes where the answers to both copies of a message differ. */
export function noteAnswers(j: J, label: string): void {
  const [first, again] = [label, `${label} again`].map((name) => j.log.first(stepped(name))?.code);
  if (first !== again) j.note(`${label} answered ${first ?? 'not at all'}, its repetition ${again ?? 'not at all'}`);
}
