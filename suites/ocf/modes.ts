import { mustBe } from '../../src/core/claim.ts';
import type { Kind } from '../../src/core/log.ts';
import { isState } from '../../src/ocf/codec/swu.ts';
import { retrieved, type SeenRepresentation } from '../../src/ocf/kinds.ts';
import { isRest, MODE_OF_STATE } from '../../src/ocf/machine.ts';
import { type Modes, modesRead } from '../../src/ocf/security/kinds.ts';
import { UPDATE_BITS } from '../../src/ocf/security/resources.ts';
import { printValue } from '../../src/ocf/value.ts';
import { type J, lacksPackage, type T, TRIES } from './claims.ts';

/** The largest `cm` that the published schema of pstat allows. */
const SCHEMA_MAXIMUM = 255;

const before = (label: string, i: number): string => `${label}, state before cm ${i}`;
const after = (label: string, i: number): string => `${label}, state after cm ${i}`;
const between = (label: string, i: number): string => `${label}, cm ${i}`;

/** State, `cm`, state again. They are two resources, so only a state that is the same before and after tells what it was when `cm` was read. */
export async function readModes(t: T, label: string): Promise<void> {
  for (let i = 1; i <= TRIES; i++) {
    const first = await t.retrieve(before(label, i));
    await t.modes(between(label, i));
    const second = await t.retrieve(after(label, i));
    const state = first?.['swupdatestate'];
    if (isRest(state) && state === second?.['swupdatestate']) return;
  }
}

/** State and `cm` of one moment of rest. */
export interface AtRest {
  readonly state: SeenRepresentation;
  readonly modes: Modes & { readonly n: number };
}

/** The reading of {@link readModes} whose states agree; undefined, and inconclusive, where none does. */
export function atRest(j: J, statement: string, label: string): AtRest | undefined {
  for (let i = 1; i <= TRIES; i++) {
    const first = j.log.first(retrieved(before(label, i)));
    const modes = j.log.first(modesRead(between(label, i)));
    const second = j.log.first(retrieved(after(label, i)));
    if (first === undefined || modes === undefined || second === undefined) continue;
    if (isRest(first.state) && first.state === second.state) return { state: second, modes };
  }
  if (!lacksPackage(j, statement))
    j.inconclusive(statement, `no state of rest that was the same before and after cm was read (${label})`);
  return undefined;
}

/** State and `cm` agree as table 3 has them. */
export function judgeAgreement(j: J, label: string): AtRest | undefined {
  const AGREE = 'OCFSWU-T3.cm';
  const seen = atRest(j, AGREE, label);
  if (seen === undefined || !isState(seen.state.state)) return undefined;
  const { cm } = seen.modes;
  const wanted = MODE_OF_STATE[seen.state.state];
  j.check(
    AGREE,
    () =>
      mustBe(
        cm !== undefined && (cm & UPDATE_BITS) === wanted,
        `cm in state ${printValue(seen.state.state)} (${label})`,
        printModes(cm),
        `update bits ${wanted}`,
      ),
    seen.modes,
  );
  if (j.policy.pstatMaximum === 'reportConflict' && cm !== undefined && cm > SCHEMA_MAXIMUM)
    j.note(`cm ${cm} is above the maximum of ${SCHEMA_MAXIMUM} in the published schema of pstat, which has no bit 256`);
  return seen;
}

function printModes(cm: number | undefined): string {
  return cm === undefined ? 'no integer' : `${cm}, update bits ${cm & UPDATE_BITS}`;
}

/** What was read, for purposes that only record. */
export function noteModes(j: J, label: string, kind: Kind<Modes> = modesRead(label)): void {
  const modes = j.log.first(kind);
  j.note(
    modes === undefined
      ? `${label}: pstat was not read`
      : `${label}: cm ${printValue(modes.cm)}, tm ${printValue(modes.tm)}`,
  );
}
