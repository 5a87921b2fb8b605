import { expect } from 'chai';
import { suite } from '../../src/core/case.ts';
import type { ActionName } from '../../src/ocf/codec/swu.ts';
import { isRest, isWorking } from '../../src/ocf/machine.ts';
import { isKnownResult, judgeRule } from '../../src/ocf/invariants.ts';
import { representations } from '../../src/ocf/kinds.ts';
import type { Offer, PackageName } from '../../src/ocf/packages/stand.ts';
import type { OcfPolicies } from '../../src/ocf/policies.ts';
import { activity } from '../../src/ocf/run.ts';
import type { OcfTester } from '../../src/ocf/tester.ts';
import { printValue } from '../../src/ocf/value.ts';
import { answerTo, type J, type OcfCase, readBack, type T } from './claims.ts';
import { ITEM } from './items.ts';
import { judgeDefaults } from './read.ts';
import { beforeRun, began, duringRun, exactly, type Fits, judgeRunTo, neverValidated, restOf, runOf } from './runs.ts';

/** What the device is given to work on. */
type Source = (Offer & { readonly package: PackageName; readonly when?: string }) | { readonly purl: (t: T) => string };

interface Recipe {
  readonly id: string;
  readonly purpose: string;
  readonly item: string;
  readonly statement: string;
  readonly result: number;
  readonly action?: Exclude<ActionName, 'idle'>;
  /** One way to the result, or several by the names of variants. */
  readonly source: Source | Readonly<Record<string, Source>>;
  /** The package is not valid, so that `sva` must not show. */
  readonly invalid?: true;
  /** The code is an HTTP status; what a device makes of a CoAP code in its place is not said. */
  readonly http?: true;
  readonly policies?: readonly (keyof OcfPolicies)[];
  /** Statements that `judge` adds. */
  readonly more?: readonly string[];
  judge?(j: J): void;
}

const isOne = (source: Recipe['source']): source is Source => 'package' in source || 'purl' in source;

/** Ways to a result code: what the device is given, and the code that must be there when it rests. */
function provoked({ action = 'isvv', ...recipe }: Recipe): OcfCase {
  const { source } = recipe;
  const all = isOne(source) ? { '': source } : source;
  const packages = Object.values(all).flatMap((s) => ('package' in s ? [s.package] : []));
  const variants = Object.entries(all).map(
    ([name, s]) => [name, { when: ('when' in s && s.when) || 'always' }] as const,
  );
  return {
    id: recipe.id,
    purpose: recipe.purpose,
    item: recipe.item,
    when: `${ITEM.SCHED} and ${action === 'upgrade' ? ITEM.UPGRADE : ITEM.ISVV} and ${recipe.item}`,
    statements: [
      recipe.statement,
      'OCFSWU-T7.update',
      ...(recipe.invalid ? ['OCFSWU-T3.sva-only'] : []),
      ...(recipe.more ?? []),
    ],
    policies: recipe.policies ?? [],
    ixit: [...new Set(packages), 'maxDownloadS', ...(action === 'upgrade' ? ['maxUpgradeS'] : [])],
    ...(isOne(source) ? {} : { variants: Object.fromEntries(variants) }),
    start: `idle-not-${recipe.result}`,
    async drive(t, variant = '') {
      const given = all[variant];
      if (given === undefined) return t.stop(`no variant ${variant}`);
      await t.retrieve('before');
      await runOf(t, action, 'package' in given ? await t.serve(given.package, given) : given.purl(t));
    },
    judge(j) {
      const reply = answerTo(j, 'OCFSWU-T7.update', 'UPDATE', 'run');
      // 5/6 and 5/7 declare that the device takes the URL and reports the code; a device that refuses it declares no.
      if (packages.length === 0 && reply !== undefined && !reply.code.startsWith('2.')) {
        j.inconclusive(
          recipe.statement,
          `the device refused the URL with ${reply.code} instead of reporting ${recipe.result}`,
        );
        return;
      }
      const byCoap = recipe.http === true && !j.declared(ITEM.HTTPS) && !j.declared(ITEM.HTTP);
      const fits = byCoap ? FAILED_REQUEST : exactly(recipe.result);
      if (judgeRunTo(j, recipe.statement, fits) === undefined) return;
      if (recipe.invalid) neverValidated(j);
      recipe.judge?.(j);
    },
  };
}

/** Any code that table 5 keeps for a refused request. */
const FAILED_REQUEST: Fits = { is: (r) => typeof r === 'number' && r >= 400 && r <= 600, words: '400 to 600' };

/** Success is the end of an update, not its beginning. */
function judgeSuccess(j: J): void {
  if (beforeRun(j)?.result === 1) return;
  const early = duringRun(j).filter((r) => isWorking(r.state) && r.result === 1);
  if (j.policy.earlySuccess === 'information') {
    if (early.length > 0) j.note(`result 1 in ${early.length} representations of the update at work`);
    return;
  }
  j.check('OCFSWU-T5.1', () =>
    expect(
      early.map((r) => r.state),
      'states of work that already show result 1',
    ).to.deep.equal([]),
  );
}

/** Figure 1 and table 5 leave the state after a failed installation open. */
function judgeFailedInstall(j: J): void {
  const rest = restOf(j, 'OCFSWU-F1.fail');
  if (rest === undefined) return;
  const allowed = j.policy.restAfterFailure === 'idle' ? ['idle'] : ['idle', 'nsa', 'sva'];
  j.check('OCFSWU-F1.fail', () => expect(rest.state, 'state after the failed installation').to.be.oneOf(allowed));
}

const status = (code: number): Source => ({
  package: 'packageOk',
  behaviour: { kind: 'status', status: code },
});
const unanswered = { package: 'packageOk', behaviour: { kind: 'status', status: 404 } } as const;

/** Result codes: table 5, each by the situation that it stands for. */
export const res = suite<OcfTester, OcfPolicies>('RES', [
  {
    id: 'OCFSWU/RES/00',
    purpose: 'result 0 while there is nothing to report: after a factory reset',
    item: ITEM.RESULT,
    when: `${ITEM.RESULT} and ${ITEM.RESETTABLE}`,
    statements: ['OCFSWU-T5.0', 'OCFSWU-T7.retrieve'],
    needs: ['reset'],
    policies: ['resetDefaults'],
    start: 'idle',
    async drive(t) {
      await t.factoryReset();
      await t.retrieve('plain');
    },
    judge(j) {
      const r = readBack(j, 'OCFSWU-T7.retrieve', 'plain');
      if (r !== undefined) judgeDefaults(j, 'OCFSWU-T5.0', r);
    },
  },
  provoked({
    id: 'OCFSWU/RES/01',
    purpose: 'result 1 after a complete update',
    item: ITEM.RES1,
    statement: 'OCFSWU-T5.1',
    result: 1,
    action: 'upgrade',
    source: {
      https: { package: 'packageOk', scheme: 'https', when: ITEM.HTTPS },
      http: { package: 'packageOk', scheme: 'http', when: ITEM.HTTP },
      coap: { package: 'packageOk', scheme: 'coap', when: `${ITEM.COAPS} and not ${ITEM.SEC}` },
      coaps: { package: 'packageOk', scheme: 'coaps', when: `${ITEM.COAPS} and ${ITEM.SEC}` },
    },
    judge: judgeSuccess,
    policies: ['earlySuccess'],
  }),
  provoked({
    id: 'OCFSWU/RES/02',
    purpose: 'result 2 for a package that needs too much memory',
    item: ITEM.RES2,
    statement: 'OCFSWU-T5.2',
    result: 2,
    // Memory may run short at the download, at the verification or at the installation.
    action: 'upgrade',
    source: { package: 'packageTooBigForRam' },
  }),
  provoked({
    id: 'OCFSWU/RES/03',
    purpose: 'result 3 for a package that needs too much flash',
    item: ITEM.RES3,
    statement: 'OCFSWU-T5.3',
    result: 3,
    // Memory may run short at the download, at the verification or at the installation.
    action: 'upgrade',
    source: { package: 'packageTooBig' },
  }),
  provoked({
    id: 'OCFSWU/RES/04',
    purpose: 'result 4 when the connection ends, or nothing more comes, in the middle',
    item: ITEM.RES4,
    statement: 'OCFSWU-T5.4',
    result: 4,
    source: {
      cut: { package: 'packageOk', behaviour: { kind: 'cut' } },
      stall: { package: 'packageOk', behaviour: { kind: 'stall' } },
    },
    invalid: true,
  }),
  provoked({
    id: 'OCFSWU/RES/05',
    purpose: 'result 5 for a package that fails verification',
    item: ITEM.RES5,
    statement: 'OCFSWU-T5.5',
    result: 5,
    source: {
      signature: { package: 'packageBadSignature' },
      altered: { package: 'packageOk', behaviour: { kind: 'altered' } },
      short: { package: 'packageOk', behaviour: { kind: 'short' } },
    },
    invalid: true,
  }),
  provoked({
    id: 'OCFSWU/RES/06',
    purpose: 'result 6 for a host that does not exist',
    item: ITEM.RES6,
    statement: 'OCFSWU-T5.6',
    result: 6,
    // The top-level domain that never resolves (RFC 6761 6.4).
    source: { purl: (t) => `${new URL(t.url('new')).protocol}//plumbline.invalid/new` },
    invalid: true,
  }),
  provoked({
    id: 'OCFSWU/RES/07',
    purpose: 'result 7 for a protocol that the device does not support',
    item: ITEM.RES7,
    statement: 'OCFSWU-T5.7',
    result: 7,
    source: { purl: () => 'ftp://192.0.2.1/new' },
    invalid: true,
  }),
  provoked({
    id: 'OCFSWU/RES/08',
    purpose: 'result 8 when the installation fails, and the device comes to rest',
    item: ITEM.RES8,
    statement: 'OCFSWU-T5.8',
    result: 8,
    action: 'upgrade',
    source: { package: 'packageFailsAtInstall' },
    policies: ['restAfterFailure'],
    more: ['OCFSWU-F1.fail'],
    judge: judgeFailedInstall,
  }),
  provoked({
    id: 'OCFSWU/RES/400',
    purpose: 'result 404 when the package server answers 404',
    item: ITEM.RES400,
    statement: 'OCFSWU-T5.4xx',
    result: 404,
    source: status(404),
    invalid: true,
    http: true,
  }),
  ...([500, 503] as const).map((code) =>
    provoked({
      id: `OCFSWU/RES/${code}`,
      purpose: `result ${code} when the package server answers ${code}`,
      item: ITEM.RES400,
      statement: 'OCFSWU-T5.5xx',
      result: code,
      source: status(code),
      invalid: true,
      http: true,
    }),
  ),
  {
    id: 'OCFSWU/RES/RANGE',
    purpose: 'the result is 0 to 8 or 400 to 600 at every moment of a good and of a failed run',
    item: ITEM.RESULT,
    when: `${ITEM.SCHED} and ${ITEM.ISVV}`,
    statements: ['OCFSWU-T5.range', 'OCFSWU-T7.update'],
    policies: ['resultRange'],
    ixit: ['packageOk', 'maxDownloadS'],
    start: 'idle',
    async drive(t) {
      await t.retrieve('before');
      for (const offer of [unanswered, { package: 'packageOk', behaviour: { kind: 'good' } }] as const)
        await runOf(t, 'isvv', await t.serve(offer.package, offer), { label: offer.behaviour.kind });
    },
    judge(j) {
      for (const label of ['status', 'good']) if (began(j, 'OCFSWU-T7.update', label) === undefined) return;
      if (j.policy.resultRange === 'information') {
        const odd = j.log.all(representations).filter((r) => !isKnownResult(r.result));
        j.note(
          `results outside table 5: ${odd.length === 0 ? 'none' : odd.map((r) => printValue(r.result)).join(', ')}`,
        );
      }
      judgeRule('OCFSWU-T5.range', j);
    },
  },
  {
    id: 'OCFSWU/RES/STALE',
    purpose: 'how long the result of an earlier run is seen during the next',
    item: ITEM.RESULT,
    when: `${ITEM.SCHED} and ${ITEM.ISVV}`,
    statements: ['OCFSWU-T5.stale', 'OCFSWU-T7.update'],
    policies: ['resultReset'],
    ixit: ['packageOk', 'maxDownloadS'],
    kind: 'informative',
    start: 'idle',
    async drive(t) {
      await t.retrieve('first');
      await runOf(t, 'isvv', await t.serve('packageOk', unanswered), { label: 'first' });
      await t.retrieve('before');
      await runOf(t, 'isvv', await t.serve('packageOk'));
    },
    judge(j) {
      const [old, start] = [beforeRun(j)?.result, j.log.first(activity('run'))];
      if (start === undefined || old === undefined) {
        j.note('the second run did not begin');
        return;
      }
      const during = duringRun(j).filter((r) => r.n >= start.n && !isRest(r.state));
      const stale = during.filter((r) => r.result === old);
      j.note(
        `result ${printValue(old)} of the run before in ${stale.length} of ${during.length} representations at work`,
      );
      if (j.policy.resultReset === 'atStart' && during.length > 0)
        j.check('OCFSWU-T5.stale', () =>
          expect(stale.length, `representations with result ${printValue(old)}`).to.equal(0),
        );
    },
  },
]);
