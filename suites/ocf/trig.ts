import { expect } from 'chai';
import { suite } from '../../src/core/case.ts';
import { mustBe } from '../../src/core/claim.ts';
import { where } from '../../src/core/log.ts';
import { packageAsked } from '../../src/link/packages/events.ts';
import { retrieved, shown } from '../../src/ocf/kinds.ts';
import { packageFetched } from '../../src/ocf/packages/fetched.ts';
import type { Offer, PackageName } from '../../src/ocf/packages/stand.ts';
import type { OcfPolicies } from '../../src/ocf/policies.ts';
import { activity, started } from '../../src/ocf/run.ts';
import { modesAnswered, modesDelivered } from '../../src/ocf/security/kinds.ts';
import type { OcfTester } from '../../src/ocf/tester.ts';
import { printValue } from '../../src/ocf/value.ts';
import { judgeCheck, judgeUpgrade, judgeValidation } from './actions.ts';
import { type J, type OcfCase, readBack, type T } from './claims.ts';
import { ITEM } from './items.ts';
import { atRest, judgeAgreement, noteModes, readModes } from './modes.ts';
import { beforeRun, began, exactly, judgeRunTo, modeRun, neverValidated, restOf, TRIGGER } from './runs.ts';
import { readVersion, versionOf } from './versions.ts';

const AGREE = 'OCFSWU-T3.cm';
const MODES = 'OCFSWU-SEC.modes';

const when = (...more: string[]): string => [ITEM.SEC, ITEM.PSTAT, ...more].join(' and ');
const COMMON = { item: ITEM.PSTAT, start: 'idle' } as const;

/** The resource gets the URL of a package of the bench, and nothing is scheduled. */
async function give(t: T, name: PackageName, offer?: Offer): Promise<string> {
  const purl = await t.serve(name, offer);
  await t.update(t.body({ purl }), { label: 'purl' });
  return purl;
}

function judgeSameVersion(j: J, statement: string): void {
  if (!j.ixit.has('versionSource')) return;
  const [before, after] = [versionOf(j, 'before'), versionOf(j, 'after')];
  if (before === undefined || after === undefined) j.note('the running version could not be read');
  else j.check(statement, () => expect(after, 'running version after the failed installation').to.equal(before));
}

/** Combined, unknown and impossible values; the bits of onboarding are left alone, for they may do what they are for. */
const NO_MODES = [64 + 128, 256 + 64, 256 + 128, 256 + 128 + 64, 512, 65_536, -1];
const modeLabel = (tm: number): string => `tm ${tm}`;

function judgeNoMode(j: J, tm: number): void {
  const label = modeLabel(tm);
  const reply = j.log.first(modesAnswered(label));
  if (reply === undefined) {
    j.inconclusive(MODES, `${label} was not answered`);
    return;
  }
  const strict = j.policy.combinedTm === 'refuse';
  const fits = strict ? /^4\./ : /^[24]\./;
  const expected = strict ? 'a refusal, 4.xx' : 'a refusal, 4.xx, or success without effect';
  j.check(MODES, () => mustBe(fits.test(reply.code), `answer to ${label}`, reply.code, expected), reply);
  j.never(MODES, activity(label), { stimulus: modesDelivered(label) });
}

const cases: readonly OcfCase[] = [
  {
    ...COMMON,
    id: 'OCFSWU/TRIG/01',
    purpose: 'tm 256 runs the availability check and ends in nsa, cm 256',
    when: when(ITEM.ISAC),
    statements: [TRIGGER, 'OCFSWU-T3.nsa', 'OCFSWU-T2.nv', AGREE],
    policies: ['chain', 'pstatMaximum'],
    ixit: ['packageOk', 'maxDownloadS'],
    demo: true,
    async drive(t) {
      await give(t, 'packageOk');
      await modeRun(t, 'isac');
      await readModes(t, 'rest');
    },
    judge(j) {
      if (began(j, TRIGGER) === undefined) return;
      judgeCheck(j);
      judgeAgreement(j, 'rest');
    },
  },
  {
    ...COMMON,
    id: 'OCFSWU/TRIG/02',
    purpose: 'the availability check downloads nothing',
    when: when(ITEM.ISAC, `not ${ITEM.CHAIN}`),
    statements: [TRIGGER, 'OCFSWU-T4.isac-only'],
    ixit: ['packageOk', 'maxDownloadS', 'quietS'],
    async drive(t) {
      // Slowly: a device may look at the head of a package and close, and what is on its way by then has not been fetched.
      await give(t, 'packageOk', { behaviour: { kind: 'drip' } });
      await modeRun(t, 'isac');
      await t.quiet(packageFetched, { timer: 'quietS' });
    },
    judge(j) {
      if (began(j, TRIGGER) !== undefined)
        j.never('OCFSWU-T4.isac-only', packageFetched, { stimulus: started('run'), within: { timer: 'quietS' } });
    },
  },
  {
    ...COMMON,
    id: 'OCFSWU/TRIG/03',
    purpose: 'a check that finds nothing newer ends in idle, cm 0',
    when: when(ITEM.ISAC),
    statements: ['OCFSWU-F1.none', 'OCFSWU-T5.no-news', AGREE],
    policies: ['resultNoNewVersion', 'resultReset'],
    ixit: ['packageOld', 'maxDownloadS'],
    async drive(t) {
      await give(t, 'packageOld');
      await t.watch();
      await t.trigger('isac');
      if ((await t.perhaps(packageAsked, { timer: 'maxDownloadS' })) === undefined)
        t.stop('the check was not seen at the package server');
      const found = where(shown, 'state other than idle', (r) => r.state !== 'idle');
      await t.quiet(found, { timer: 'maxDownloadS' });
      await readModes(t, 'rest');
    },
    judge(j) {
      if (j.log.first(packageAsked) === undefined) {
        j.inconclusive('OCFSWU-F1.none', 'the check was not seen at the package server');
        return;
      }
      const rest = judgeAgreement(j, 'rest');
      if (rest === undefined) return;
      const { state, result } = rest.state;
      j.check(
        'OCFSWU-F1.none',
        () => expect(state, 'state after a check that finds nothing').to.equal('idle'),
        rest.state,
      );
      const policy = j.policy.resultNoNewVersion;
      const allowed = policy === 'either' ? [0, 1] : [Number(policy)];
      // A check that has nothing to report may leave what an earlier run reported.
      if (j.policy.resultReset === 'information' && result === beforeRun(j)?.result) {
        j.note(`the check left the result as it was: ${printValue(result)}`);
        return;
      }
      j.check(
        'OCFSWU-T5.no-news',
        () => expect(result, 'result after a check that finds nothing').to.be.oneOf(allowed),
        rest.state,
      );
    },
  },
  {
    ...COMMON,
    id: 'OCFSWU/TRIG/04',
    purpose: 'tm 64 fetches and verifies and ends in sva, cm 320',
    when: when(ITEM.ISVV),
    statements: [TRIGGER, 'OCFSWU-T3.sva', 'OCFSWU-T3.svv', 'OCFSWU-T4.isvv', 'OCFSWU-1.purl-used', AGREE],
    policies: ['chain', 'pstatMaximum'],
    ixit: ['packageOk', 'maxDownloadS'],
    async drive(t) {
      await give(t, 'packageOk', { behaviour: { kind: 'drip' } });
      await modeRun(t, 'isvv');
      await readModes(t, 'rest');
    },
    judge(j) {
      if (began(j, TRIGGER) === undefined) return;
      judgeValidation(j);
      judgeAgreement(j, 'rest');
    },
  },
  {
    ...COMMON,
    id: 'OCFSWU/TRIG/05',
    purpose: 'tm 128 with a validated package upgrades and ends in idle, cm 0',
    when: when(ITEM.ISVV, ITEM.UPGRADE, `not ${ITEM.CHAIN}`),
    statements: [TRIGGER, 'OCFSWU-T4.upgrade', 'OCFSWU-T3.idle', AGREE],
    ixit: ['packageOk', 'maxDownloadS', 'maxUpgradeS'],
    start: 'idle-not-1',
    async drive(t) {
      await give(t, 'packageOk');
      await modeRun(t, 'isvv', 'verify');
      if ((await t.retrieve('before'))?.['swupdatestate'] !== 'sva') t.stop('the package was not validated');
      await modeRun(t, 'upgrade');
      await readModes(t, 'rest');
    },
    judge(j) {
      if (began(j, TRIGGER, 'verify') === undefined) return;
      if (j.log.first(retrieved('before'))?.state !== 'sva') {
        j.inconclusive('OCFSWU-T4.upgrade', 'the package was not validated');
        return;
      }
      if (began(j, TRIGGER) === undefined) return;
      const rest = restOf(j, 'OCFSWU-T4.upgrade');
      if (rest === undefined) return;
      j.check('OCFSWU-T4.upgrade', () => expect(rest.result, 'result of the upgrade').to.equal(1), rest);
      j.check('OCFSWU-T3.idle', () => expect(rest.state, 'state after the upgrade').to.equal('idle'), rest);
      judgeAgreement(j, 'rest');
    },
  },
  {
    ...COMMON,
    id: 'OCFSWU/TRIG/06',
    purpose: 'tm 128 without a validated package fetches and verifies first',
    when: when(ITEM.UPGRADE),
    statements: [TRIGGER, 'OCFSWU-T4.upgrade', 'OCFSWU-T3.upgrading', 'OCFSWU-T3.idle', 'OCFSWU-1.purl-used'],
    ixit: ['packageOk', 'maxDownloadS', 'maxUpgradeS'],
    start: 'idle-not-1',
    async drive(t) {
      await give(t, 'packageOk');
      await modeRun(t, 'upgrade');
    },
    judge(j) {
      if (began(j, TRIGGER) !== undefined) judgeUpgrade(j);
    },
  },
  {
    ...COMMON,
    id: 'OCFSWU/TRIG/07',
    purpose: 'state and cm agree at rest, while both resources are observed',
    when: when(ITEM.ISAC, ITEM.ISVV),
    statements: [AGREE],
    policies: ['pstatMaximum'],
    ixit: ['packageOk', 'maxDownloadS'],
    async drive(t) {
      await t.watch();
      await t.observeModes('observe');
      await readModes(t, 'at first');
      await give(t, 'packageOk');
      await modeRun(t, 'isac', 'check');
      await readModes(t, 'after the check');
      // A device that goes on by itself has installed the package by now.
      if (t.declared(ITEM.CHAIN)) return;
      await modeRun(t, 'isvv', 'verify');
      await readModes(t, 'after the validation');
    },
    judge(j) {
      const further = j.declared(ITEM.CHAIN) ? [] : ['after the validation'];
      for (const label of ['at first', 'after the check', ...further]) judgeAgreement(j, label);
    },
  },
  {
    ...COMMON,
    id: 'OCFSWU/TRIG/08',
    purpose: 'tm reads 0 once the action was taken up',
    when: when(ITEM.ISAC),
    kind: 'informative',
    statements: [TRIGGER],
    ixit: ['packageOk', 'maxDownloadS'],
    async drive(t) {
      await give(t, 'packageOk');
      await modeRun(t, 'isac');
      await t.modes('after the run');
    },
    judge(j) {
      if (began(j, TRIGGER) !== undefined) noteModes(j, 'after the run');
    },
  },
  {
    ...COMMON,
    id: 'OCFSWU/TRIG/09',
    purpose: 'combined and unknown bits of tm are refused or have no effect',
    when: when(),
    statements: [MODES],
    policies: ['combinedTm'],
    ixit: ['packageOk', 'quietS'],
    async drive(t) {
      await give(t, 'packageOk');
      await t.watch();
      for (const tm of NO_MODES) {
        await t.trigger(tm, modeLabel(tm));
        await t.quiet(activity(modeLabel(tm)), { timer: 'quietS' });
      }
    },
    judge(j) {
      for (const tm of NO_MODES) judgeNoMode(j, tm);
    },
  },
  {
    ...COMMON,
    id: 'OCFSWU/TRIG/10',
    purpose: 'cm cannot be written: refused, or ignored without effect',
    when: when(),
    statements: [MODES],
    policies: ['silentIgnore'],
    async drive(t) {
      await readModes(t, 'before');
      await t.setModes({ cm: 256 }, 'write cm');
      await readModes(t, 'after');
    },
    judge(j) {
      const reply = j.log.first(modesAnswered('write cm'));
      const [was, is] = [atRest(j, MODES, 'before'), atRest(j, MODES, 'after')];
      if (reply === undefined) j.inconclusive(MODES, 'the write to cm was not answered');
      if (reply === undefined || was === undefined || is === undefined) return;
      const strict = j.policy.silentIgnore === 'refuse';
      const fits = strict ? /^4\./ : /^[24]\./;
      const expected = strict ? 'a refusal, 4.xx' : 'a refusal, 4.xx, or success without effect';
      j.check(MODES, () => mustBe(fits.test(reply.code), 'answer to a write to cm', reply.code, expected), reply);
      if (was.state.state === is.state.state)
        j.check(MODES, () => expect(is.modes.cm, 'cm after the write').to.equal(was.modes.cm), is.modes);
    },
  },
  {
    ...COMMON,
    id: 'OCFSWU/TRIG/11',
    purpose: 'the process uses the purl of the resource',
    when: when(ITEM.ISVV),
    statements: [TRIGGER, 'OCFSWU-1.purl-used'],
    ixit: ['packageOk', 'maxDownloadS'],
    async drive(t) {
      t.mark('former', { purl: await give(t, 'packageOk') });
      t.mark('present', { purl: await give(t, 'packageOk') });
      await modeRun(t, 'isvv');
    },
    judge(j) {
      if (began(j, TRIGGER) === undefined) return;
      const [former, present] = ['former', 'present'].map((name) => pathOf(j, name));
      const at = (path: string | undefined): typeof packageAsked =>
        where(packageAsked, `package request for ${path}`, (r) => r.path.split('?')[0] === path);
      j.never('OCFSWU-1.purl-used', at(former), { stimulus: started('run') });
      j.came('OCFSWU-1.purl-used', at(present), { stimulus: started('run') });
    },
  },
  {
    ...COMMON,
    id: 'OCFSWU/TRIG/12',
    purpose: 'a failed validation ends in result 5, not in sva, and cm bit 64 is clear',
    when: when(ITEM.ISVV, ITEM.RES5),
    statements: [TRIGGER, 'OCFSWU-T5.5', 'OCFSWU-T3.sva-only', AGREE],
    ixit: ['packageBadSignature', 'maxDownloadS'],
    start: 'idle-not-5',
    async drive(t) {
      await give(t, 'packageBadSignature');
      await modeRun(t, 'isvv');
      await readModes(t, 'rest');
    },
    judge(j) {
      if (began(j, TRIGGER) === undefined || judgeRunTo(j, 'OCFSWU-T5.5', exactly(5)) === undefined) return;
      neverValidated(j);
      judgeAgreement(j, 'rest');
    },
  },
  {
    ...COMMON,
    id: 'OCFSWU/TRIG/13',
    purpose: 'a failed installation ends in result 8, the old version runs, state and cm are those of rest',
    when: when(ITEM.UPGRADE, ITEM.RES8),
    statements: [TRIGGER, 'OCFSWU-T5.8', 'OCFSWU-F1.fail', AGREE],
    policies: ['restAfterFailure'],
    ixit: ['packageFailsAtInstall', 'maxDownloadS', 'maxUpgradeS'],
    start: 'idle-not-8',
    async drive(t) {
      await readVersion(t, 'before');
      await give(t, 'packageFailsAtInstall');
      await modeRun(t, 'upgrade');
      await readModes(t, 'rest');
      await readVersion(t, 'after');
    },
    judge(j) {
      if (began(j, TRIGGER) === undefined || judgeRunTo(j, 'OCFSWU-T5.8', exactly(8)) === undefined) return;
      const allowed = j.policy.restAfterFailure === 'idle' ? ['idle'] : ['idle', 'nsa', 'sva'];
      const seen = judgeAgreement(j, 'rest');
      if (seen === undefined) return;
      j.check(
        'OCFSWU-F1.fail',
        () => expect(seen.state.state, 'state after the failed installation').to.be.oneOf(allowed),
        seen.state,
      );
      judgeSameVersion(j, 'OCFSWU-F1.fail');
    },
  },
  {
    ...COMMON,
    id: 'OCFSWU/TRIG/14',
    purpose: 'state and cm while a slow availability check runs',
    when: when(ITEM.ISAC),
    kind: 'informative',
    statements: ['OCFSWU-F1.check'],
    policies: ['cmDuringCheck'],
    ixit: ['packageOk', 'maxDownloadS'],
    async drive(t) {
      await give(t, 'packageOk', { behaviour: { kind: 'drip' } });
      await t.watch();
      await t.trigger('isac');
      await t.perhaps(packageAsked, { timer: 'maxDownloadS' });
      await t.modes('during the check');
      await t.retrieve('during the check');
    },
    judge(j) {
      const look = readBack(j, 'OCFSWU-F1.check', 'during the check');
      if (look === undefined) return;
      noteModes(j, 'during the check');
      j.note(`during the check: state ${String(look.state)}; the policy cmDuringCheck reads ${j.policy.cmDuringCheck}`);
    },
  },
];

/** The path of the package URL that a mark holds. */
function pathOf(j: J, mark: string): string | undefined {
  const url = j.log.events.find((e) => e.type === 'mark' && e.data?.['name'] === mark)?.data?.['purl'];
  return typeof url === 'string' ? new URL(url).pathname : undefined;
}

/** Purposes that start an action by the target mode of `/oic/sec/pstat`. */
export const trig = suite<OcfTester, OcfPolicies>('TRIG', cases);
