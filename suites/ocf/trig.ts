import { type DeclaredCase, suite } from '../../src/core/case.ts';
import type { OcfPolicies } from '../../src/ocf/policies.ts';
import type { OcfTester } from '../../src/ocf/tester.ts';
import { ITEM } from './items.ts';

interface Row {
  readonly nn: string;
  readonly purpose: string;
  /** Beside SEC and PSTAT. */
  readonly when?: string;
  readonly statements?: readonly string[];
  readonly policies?: readonly (keyof OcfPolicies)[];
  readonly ixit?: readonly string[];
  readonly kind?: 'informative';
}

const ROWS: readonly Row[] = [
  {
    nn: '01',
    purpose: 'tm 256 runs the availability check and ends in nsa, cm 256',
    when: ITEM.ISAC,
    statements: ['OCFSWU-T3.nsa', 'OCFSWU-T4.isac', 'OCFSWU-T3.cm'],
    policies: ['chain'],
    ixit: ['packageOk'],
  },
  {
    nn: '02',
    purpose: 'the availability check downloads nothing',
    when: `${ITEM.ISAC} and not ${ITEM.CHAIN}`,
    statements: ['OCFSWU-T4.isac'],
    ixit: ['packageOk'],
  },
  {
    nn: '03',
    purpose: 'a check that finds nothing newer ends in idle, cm 0',
    when: ITEM.ISAC,
    statements: ['OCFSWU-F1.none', 'OCFSWU-T5.no-news', 'OCFSWU-T3.idle'],
    policies: ['resultNoNewVersion'],
    ixit: ['packageOld'],
  },
  {
    nn: '04',
    purpose: 'tm 64 fetches and verifies and ends in sva, cm 320',
    when: ITEM.ISVV,
    statements: ['OCFSWU-T3.sva', 'OCFSWU-T3.svv', 'OCFSWU-T4.isvv', 'OCFSWU-T3.cm'],
    policies: ['chain'],
    ixit: ['packageOk'],
  },
  {
    nn: '05',
    purpose: 'tm 128 with a validated package upgrades, cm 448, and ends in idle, cm 0',
    when: ITEM.UPGRADE,
    statements: ['OCFSWU-T3.upgrading', 'OCFSWU-T4.upgrade', 'OCFSWU-T3.cm'],
    ixit: ['packageOk'],
  },
  {
    nn: '06',
    purpose: 'tm 128 without a validated package fetches and verifies first',
    when: ITEM.UPGRADE,
    statements: ['OCFSWU-T4.upgrade'],
    ixit: ['packageOk'],
  },
  { nn: '07', purpose: 'state and cm agree at rest', statements: ['OCFSWU-T3.cm'] },
  {
    nn: '08',
    purpose: 'tm reads 0 once the action was taken up',
    kind: 'informative',
    statements: ['OCFSWU-SEC.modes'],
  },
  {
    nn: '09',
    purpose: 'combined and unknown bits of tm are refused or have no effect',
    statements: ['OCFSWU-SEC.modes'],
    policies: ['combinedTm'],
  },
  { nn: '10', purpose: 'a write to cm is refused', statements: ['OCFSWU-SEC.modes'] },
  {
    nn: '11',
    purpose: 'the process uses the purl of the resource',
    statements: ['OCFSWU-1.purl-used'],
    ixit: ['packageOk'],
  },
  {
    nn: '12',
    purpose: 'a failed validation ends in result 5, not in sva, and cm bit 64 is clear',
    when: ITEM.ISVV,
    statements: ['OCFSWU-T5.5', 'OCFSWU-T3.sva-only', 'OCFSWU-T3.cm'],
    ixit: ['packageBadSignature'],
  },
  {
    nn: '13',
    purpose: 'a failed installation ends in result 8, the old version runs, state and cm are those of rest',
    when: ITEM.UPGRADE,
    statements: ['OCFSWU-T5.8', 'OCFSWU-F1.fail', 'OCFSWU-T3.cm'],
    policies: ['restAfterFailure'],
    ixit: ['packageFailsAtInstall'],
  },
  {
    nn: '14',
    purpose: 'state and cm while a slow availability check runs',
    when: ITEM.ISAC,
    kind: 'informative',
    statements: ['OCFSWU-F1.check'],
    policies: ['cmDuringCheck'],
    ixit: ['packageOk'],
  },
];

/** Purposes that start an action by the target mode of `/oic/sec/pstat`. */
export const trig = suite<OcfTester, OcfPolicies>(
  'TRIG',
  [],
  ROWS.map(
    ({ nn, purpose, when, statements = ['OCFSWU-1.trigger'], kind, policies, ixit }): DeclaredCase => ({
      id: `OCFSWU/TRIG/${nn}`,
      purpose,
      item: ITEM.PSTAT,
      when: `${ITEM.SEC} and ${ITEM.PSTAT}${when === undefined ? '' : ` and ${when}`}`,
      statements,
      ...(kind === undefined ? {} : { kind }),
      ...(policies === undefined ? {} : { policies }),
      ...(ixit === undefined ? {} : { ixit }),
      lacks: 'onboarding and DTLS for OCF devices',
    }),
  ),
);
