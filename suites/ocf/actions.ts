import { expect } from 'chai';
import { retrieved } from '../../src/ocf/kinds.ts';
import { packageFetched, packagePiece } from '../../src/ocf/packages/fetched.ts';
import { started } from '../../src/ocf/run.ts';
import { printValue } from '../../src/ocf/value.ts';
import type { J } from './claims.ts';
import { ITEM } from './items.ts';
import { duringRun, neverShown, restOf } from './runs.ts';

// What each action must come to, whether a schedule or the target mode started it.

/** The states that the run showed. */
export const statesOf = (j: J): unknown[] => duringRun(j).map((r) => r.state);

/** The run showed one of these states at least. */
function shows(j: J, statement: string, wanted: readonly string[]): void {
  j.check(statement, () => expect(statesOf(j), 'states of the run').to.include.oneOf([...wanted]));
}

/** An availability check that found a newer version. */
export function judgeCheck(j: J): void {
  const rest = restOf(j, 'OCFSWU-T3.nsa');
  if (rest === undefined) return;
  if (j.policy.chain === 'stops')
    j.check('OCFSWU-T3.nsa', () => expect(rest.state, 'state at rest after the check').to.equal('nsa'), rest);
  // With CHAIN the device may have left nsa before anyone could look.
  else shows(j, 'OCFSWU-T3.nsa', ['nsa', 'svv', 'sva', 'upgrading']);
  if (j.declared(ITEM.NV) && rest.state === 'nsa')
    j.check(
      'OCFSWU-T2.nv',
      () => expect(rest.properties['nv'], 'version that the check found').to.be.a('string').that.is.not.empty,
    );
}

/** A validation of a good package. */
export function judgeValidation(j: J): void {
  const rest = restOf(j, 'OCFSWU-T3.sva');
  if (rest === undefined) return;
  if (j.policy.chain === 'stops') {
    j.check('OCFSWU-T3.sva', () => expect(rest.state, 'state at rest after the validation').to.equal('sva'), rest);
    neverShown(j, 'OCFSWU-T4.isvv', ['upgrading']);
  } else shows(j, 'OCFSWU-T3.sva', ['sva', 'upgrading']);
  j.came('OCFSWU-1.purl-used', packageFetched, { stimulus: started('run') });
  judgeDownloading(j);
}

/** What a RETRIEVE shows while the pieces of a complete, slow download go out. */
function judgeDownloading(j: J): void {
  const whole = j.log.first(packageFetched);
  if (whole === undefined) return;
  const pieces = j.log.all(packagePiece).filter((p) => p.n > whole.request && p.n < whole.n);
  const [first, last] = [pieces[0]?.n ?? 0, pieces.at(-1)?.n ?? 0];
  const looks = j.log.all(retrieved()).filter((r) => r.asked.n > first && r.n < last);
  const states = [...new Set(looks.map((r) => printValue(r.state)))];
  const { stateWhileFetching: policy } = j.policy;
  const allowed = policy === 'svv' ? ['svv'] : ['svv', 'nsa'];
  if (looks.length === 0) j.inconclusive('OCFSWU-T3.svv', 'no RETRIEVE fell into the download');
  else if (policy === 'information') j.note(`states during the download: ${states.join(', ')}`);
  else j.check('OCFSWU-T3.svv', () => expect(allowed, 'states during the download').to.include.members(states));
}

/** An upgrade to a good package. */
export function judgeUpgrade(j: J): void {
  const rest = restOf(j, 'OCFSWU-T4.upgrade');
  if (rest === undefined) return;
  j.check('OCFSWU-T4.upgrade', () => expect(rest.result, 'result of the upgrade').to.equal(1));
  j.check('OCFSWU-T3.idle', () => expect(rest.state, 'state after the upgrade').to.equal('idle'));
  const fetched = j.log.first(packageFetched)?.n ?? Number.POSITIVE_INFINITY;
  const early = duringRun(j).filter((r) => r.state === 'upgrading' && r.n < fetched);
  j.check('OCFSWU-T3.upgrading', () =>
    expect(early.length, 'representations with upgrading before the package was fetched').to.equal(0),
  );
  j.came('OCFSWU-1.purl-used', packageFetched, { stimulus: started('run') });
}
