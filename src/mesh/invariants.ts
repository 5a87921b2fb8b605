import { expect } from 'chai';
import type { Judge } from '../core/case.ts';
import type { Kind } from '../core/log.ts';
import type { Moves } from '../core/moves.ts';
import { reachable } from '../core/moves.ts';
import { type NameTable, nameOf } from '../core/layout/names.ts';
import type { Invariant } from '../core/standard.ts';
import { blobPhase, blobStatus, distributionPhase, updatePhase } from './codec/enums.ts';
import type { MessageType } from './codec/message.ts';
import { blobMessages, blobTransferStatus } from './codec/messages/blob.ts';
import { distributionMessages, distributionStatusMessage } from './codec/messages/distribution.ts';
import { updateMessages, updateStatusMessage } from './codec/messages/update.ts';
import { answer, decodedOf } from './kinds.ts';
import type { MeshPolicies } from './policies.ts';

/** Reports of the decoder that a policy decides about. */
const BY_POLICY = /^opcode 0x65 |^chunk number .* written in|^prohibited value: ttl =/;

type Rule = (j: Judge<MeshPolicies>) => void;

/** A message of the device with what is wrong with its octets. */
function oddities(types: readonly MessageType[]): Kind<{ readonly name: string; readonly odd: readonly string[] }> {
  const opcodes = new Set(types.flatMap((type) => [type.opcode, ...type.alsoAccepted]));
  return {
    name: 'message',
    read(event) {
      if (event.type !== 'mesh.access' || event.dir !== 'in') return undefined;
      const decoded = decodedOf(event);
      if (decoded.kind === 'unknown' || decoded.type === undefined || !opcodes.has(decoded.opcode)) return undefined;
      // Which opcode a Partial Block Report has, and what a prohibited TTL leads to, are matters of policies and of the cases that read them.
      const reports = decoded.kind === 'malformed' ? [decoded.error.message] : decoded.reports;
      const odd = reports.filter((r) => !BY_POLICY.test(r));
      return { name: decoded.type.name, odd };
    },
  };
}

/** Every message of these types has its layout; the first that has not is enough. */
function layouts(statement: string, types: readonly MessageType[]): Rule {
  const kind = oddities(types);
  return (j) => {
    const all = j.log.all(kind);
    if (all.length === 0) return;
    const wrong = all.find((m) => m.odd.length > 0);
    j.check(
      statement,
      () => expect(wrong?.odd ?? [], `oddities of ${wrong?.name ?? 'messages'}`).to.deep.equal([]),
      wrong,
    );
  };
}

/** The parts of a Transfer Status that go with its phase. */
const transferFields: Rule = (j) => {
  const all = j.log
    .all(answer(blobTransferStatus))
    .flatMap((seen) => (seen.value === undefined ? [] : [{ seen, value: seen.value }]));
  const successes = all.filter(({ value }) => value.status === blobStatus.SUCCESS);
  if (successes.length === 0) return;
  const partsOf = (value: (typeof all)[number]['value']): number =>
    value.blobId === undefined ? 0 : value.transfer === undefined ? 1 : 2;
  const neededIn = (phase: number): number =>
    phase === blobPhase.INACTIVE ? 0 : phase === blobPhase.WAITING_FOR_TRANSFER_START ? 1 : 2;
  const wrong = successes.find(({ value }) => partsOf(value) !== neededIn(value.phase));
  const words = ['the phase alone', 'the phase and the BLOB id', 'the whole transfer'];
  j.check(
    'MBTM-M.fields',
    () =>
      expect(words[wrong === undefined ? 0 : partsOf(wrong.value)], 'Transfer Status carries').to.equal(
        words[wrong === undefined ? 0 : neededIn(wrong.value.phase)],
      ),
    wrong?.seen,
  );
};

/** What an update does without a message, a restart included. */
const ownUpdateMoves: Moves<typeof updatePhase> = {
  TRANSFER_ACTIVE: ['TRANSFER_ERROR', 'VERIFYING_UPDATE'],
  VERIFYING_UPDATE: ['VERIFICATION_SUCCEEDED', 'VERIFICATION_FAILED'],
  VERIFICATION_SUCCEEDED: ['VERIFICATION_FAILED'],
  APPLYING_UPDATE: ['IDLE'],
};

/** The same for a distribution; what a restart forgets is not judged here. */
const ownDistributionMoves: Moves<typeof distributionPhase> = {
  TRANSFER_ACTIVE: ['TRANSFER_SUCCESS', 'FAILED', 'TRANSFER_SUSPENDED'],
  TRANSFER_SUCCESS: ['APPLYING_UPDATE'],
  APPLYING_UPDATE: ['COMPLETED', 'FAILED'],
  CANCELING_UPDATE: ['IDLE'],
};

interface Observed {
  readonly n: number;
  readonly ms: number;
  readonly label: string;
  readonly src: number;
  readonly tries: number;
  readonly asked: { readonly n: number };
  readonly value: { readonly phase: number } | undefined;
}

/**
 * Between two answers with no command between them the phase moves only as it does by itself. Questions that were repeated are left out: of two
 * answers it is unknown which question they belong to.
 */
function order(
  statement: string,
  observed: Kind<Omit<Observed, 'n' | 'ms'>>,
  gets: readonly string[],
  moves: Moves<NameTable>,
  names: NameTable,
): Rule {
  return (j) => {
    const all: Observed[] = j.log.all(observed);
    if (all.length < 2) return;
    const commanded = (from: Observed, to: Observed): boolean =>
      j.log.events.some(
        (e) =>
          e.n > from.n &&
          e.n < to.n &&
          (e.type === 'power' || (e.type === 'mesh.access' && e.dir === 'out' && !isGet(decodedOf(e).opcode))),
      );
    const isGet = (opcode: number): boolean => gets.includes(String(opcode));
    for (const [i, to] of all.slice(1).entries()) {
      const from = all[i];
      if (from === undefined || from.src !== to.src || from.tries > 1 || to.tries > 1) continue;
      if (from.value === undefined || to.value === undefined || commanded(from, to)) continue;
      const before = from.value.phase;
      const after = to.value.phase;
      const fits = reachable(moves, names, before).has(after);
      j.check(
        statement,
        () =>
          expect(
            fits ? nameOf(names, after) : `${nameOf(names, before)} to ${nameOf(names, after)}`,
            'phase without a command',
          ).to.equal(nameOf(names, after)),
        to,
      );
    }
  };
}

/** Messages that change nothing. */
const ASKING = [
  0x8308, 0x830a, 0x830c, 0x8300, 0x8305, 0x8306, 0x8314, 0x8316, 0x8318, 0x831e, 0x8323, 0x8324, 0x800c, 0x8008,
].map(String);

/** Rules that hold over every trace. */
export const INVARIANTS: readonly Invariant<MeshPolicies>[] = [
  { statement: 'MBTM-M.layout', judge: layouts('MBTM-M.layout', blobMessages) },
  { statement: 'DFUM-M.layout', judge: layouts('DFUM-M.layout', [...updateMessages, ...distributionMessages]) },
  { statement: 'MBTM-M.fields', judge: transferFields },
  {
    statement: 'DFUM-U.order',
    judge: order('DFUM-U.order', answer(updateStatusMessage), ASKING, ownUpdateMoves, updatePhase),
  },
  {
    statement: 'DFUM-D.order',
    judge: order('DFUM-D.order', answer(distributionStatusMessage), ASKING, ownDistributionMoves, distributionPhase),
  },
];
