import { expect } from 'chai';
import { suite } from '../../src/core/case.ts';
import { mustBe } from '../../src/core/claim.ts';
import { CONTENT_FORMAT, INTERFACE } from '../../src/ocf/codec/ocf.ts';
import { instantOf } from '../../src/ocf/instant.ts';
import { judgeRule } from '../../src/ocf/invariants.ts';
import { answered, type SeenRepresentation } from '../../src/ocf/kinds.ts';
import type { OcfPolicies } from '../../src/ocf/policies.ts';
import { draftNames, isPackageUrl, MANDATORY, unknownNames } from '../../src/ocf/schema.ts';
import type { OcfTester } from '../../src/ocf/tester.ts';
import { printValue } from '../../src/ocf/value.ts';
import { answerTo, type J, mandatoryIn, readBack, refuses, type T } from './claims.ts';
import { ITEM } from './items.ts';

const plain = async (t: T): Promise<void> => void (await t.retrieve('plain'));
const both = async (t: T): Promise<void> => {
  await t.retrieve('rw', { if: INTERFACE.rw });
  await t.retrieve('baseline', { if: INTERFACE.baseline });
};

/** Judges the representation of a RETRIEVE that must succeed. */
const withPlain =
  (statement: string, judge: (j: J, r: SeenRepresentation) => void) =>
  (j: J): void => {
    const r = readBack(j, statement, 'plain');
    if (r !== undefined) judge(j, r);
  };

/** The first values, as policy resetDefaults has them. */
export function judgeDefaults(j: J, statement: string, r: SeenRepresentation): void {
  const seen = `action ${printValue(r.action)}, state ${printValue(r.state)}, result ${printValue(r.result)} after the reset`;
  if (j.policy.resetDefaults === 'information') j.note(seen);
  else j.check(statement, () => expect([r.action, r.state, r.result]).to.deep.equal(['idle', 'idle', 0]));
}

/** RETRIEVE and the schema: tables 2 to 6. */
export const read = suite<OcfTester, OcfPolicies>('READ', [
  {
    id: 'OCFSWU/READ/01',
    purpose: 'the default interface returns the five mandatory properties',
    item: ITEM.SWU,
    when: ITEM.SWU,
    statements: [
      'OCFSWU-T7.retrieve',
      'OCFSWU-CORE.content-format',
      ...MANDATORY.map((name) => `OCFSWU-T2.${name}`),
      'OCFSWU-T6.mandatory',
    ],
    policies: ['spelling'],
    start: 'answering',
    drive: plain,
    judge: withPlain('OCFSWU-T7.retrieve', (j, r) => {
      const format = j.log.first(answered('RETRIEVE', 'plain'))?.contentFormat;
      j.check('OCFSWU-CORE.content-format', () => expect(format, 'content format').to.equal(CONTENT_FORMAT.ocfCbor));
      const found = mandatoryIn(r.properties, j.policy);
      for (const name of MANDATORY)
        j.check(`OCFSWU-T2.${name}`, () => expect(found, 'mandatory properties present').to.include(name));
      j.check('OCFSWU-T6.mandatory', () =>
        expect(found.length, 'mandatory properties present').to.equal(MANDATORY.length),
      );
    }),
  },
  {
    id: 'OCFSWU/READ/02',
    purpose: 'rt and if belong to the baseline interface and not to rw',
    item: ITEM.BASELINE,
    when: `${ITEM.RW} and ${ITEM.BASELINE}`,
    statements: ['OCFSWU-A4.baseline', 'OCFSWU-T1.if'],
    start: 'answering',
    drive: both,
    judge: (j) => {
      const rw = readBack(j, 'OCFSWU-T1.if', 'rw');
      const baseline = readBack(j, 'OCFSWU-T1.if', 'baseline');
      if (rw !== undefined)
        j.check('OCFSWU-A4.baseline', () =>
          expect(rw.properties, 'rw representation').to.not.have.any.keys('rt', 'if'),
        );
      if (baseline === undefined) return;
      j.check('OCFSWU-A4.baseline', () =>
        expect(baseline.properties, 'baseline representation').to.include.all.keys('rt', 'if'),
      );
      if (baseline.properties['if'] !== undefined)
        j.check('OCFSWU-T1.if', () =>
          expect(baseline.properties['if'], 'interfaces').to.have.members([INTERFACE.rw, INTERFACE.baseline]),
        );
    },
  },
  {
    id: 'OCFSWU/READ/03',
    purpose: 'every property has its type, its length and its values',
    item: ITEM.STATE,
    when: ITEM.SWU,
    statements: ['OCFSWU-T7.retrieve', 'OCFSWU-T2.types', 'OCFSWU-T3.values', 'OCFSWU-T4.values', 'OCFSWU-T5.range'],
    policies: ['spelling', 'resultRange'],
    start: 'answering',
    drive: both,
    judge: (j) => {
      for (const label of ['rw', 'baseline']) readBack(j, 'OCFSWU-T7.retrieve', label);
      for (const rule of ['OCFSWU-T2.types', 'OCFSWU-T3.values', 'OCFSWU-T4.values', 'OCFSWU-T5.range'])
        judgeRule(rule, j);
    },
  },
  {
    id: 'OCFSWU/READ/04',
    purpose: 'updatetime and lastupdate are RFC 3339 instants',
    item: ITEM.UPDATETIME,
    when: ITEM.UPDATETIME,
    statements: ['OCFSWU-T2.updatetime', 'OCFSWU-T2.lastupdate'],
    start: 'answering',
    drive: plain,
    judge: withPlain('OCFSWU-T2.updatetime', (j, r) => {
      j.check('OCFSWU-T2.updatetime', () =>
        mustBe(instantOf(r.time) !== undefined, 'updatetime', r.time, 'an RFC 3339 instant'),
      );
      const last = r.properties['lastupdate'];
      if (last === undefined) return;
      j.check('OCFSWU-T2.lastupdate', () =>
        mustBe(instantOf(last) !== undefined, 'lastupdate', last, 'an RFC 3339 instant'),
      );
    }),
  },
  {
    id: 'OCFSWU/READ/05',
    purpose: 'lastupdate is there, from the factory on',
    item: ITEM.LASTUPDATE,
    when: ITEM.LASTUPDATE,
    statements: ['OCFSWU-T2.lastupdate-initial'],
    start: 'answering',
    drive: plain,
    judge: withPlain('OCFSWU-T2.lastupdate-initial', (j, r) =>
      j.check('OCFSWU-T2.lastupdate-initial', () =>
        expect(r.properties, 'representation').to.include.keys('lastupdate'),
      ),
    ),
  },
  {
    id: 'OCFSWU/READ/06',
    purpose: 'signed, if present, is vendor',
    item: ITEM.SIGNED,
    when: ITEM.SIGNED,
    statements: ['OCFSWU-T2.signed'],
    start: 'answering',
    drive: plain,
    judge: withPlain('OCFSWU-T2.signed', (j, r) =>
      j.check('OCFSWU-T2.signed', () => expect(r.properties['signed'] ?? 'vendor', 'signed').to.equal('vendor')),
    ),
  },
  {
    id: 'OCFSWU/READ/07',
    purpose: 'purl is an absolute URL or empty',
    item: ITEM.PURL,
    when: ITEM.PURL,
    statements: ['OCFSWU-1.purl'],
    start: 'rest',
    async drive(t) {
      await t.retrieve('plain');
      await t.update(t.body(), { label: 'set' });
      await t.retrieve('set');
    },
    judge: (j) => {
      for (const label of ['plain', 'set']) {
        const r = readBack(j, 'OCFSWU-1.purl', label);
        if (r !== undefined)
          j.check('OCFSWU-1.purl', () => mustBe(isPackageUrl(r.purl), 'purl', r.purl, 'an absolute URL or empty'), r);
      }
    },
  },
  {
    id: 'OCFSWU/READ/08',
    purpose: 'an interface that the link does not list is refused',
    item: ITEM.SWU,
    when: ITEM.SWU,
    statements: ['OCFSWU-T1.if-other', 'OCFSWU-CORE.error'],
    policies: ['errorCode'],
    start: 'answering',
    drive: async (t) => void (await t.retrieve('links', { if: INTERFACE.links })),
    judge: (j) => {
      const reply = answerTo(j, 'OCFSWU-T1.if-other', 'RETRIEVE', 'links');
      if (reply !== undefined) refuses(j, 'OCFSWU-T1.if-other', reply, `a RETRIEVE with ${INTERFACE.links}`);
    },
  },
  {
    id: 'OCFSWU/READ/09',
    purpose: 'after a factory reset the result is 0, action and state are idle',
    item: ITEM.RESETTABLE,
    when: ITEM.RESETTABLE,
    statements: ['OCFSWU-CORE.reset'],
    needs: ['reset'],
    policies: ['resetDefaults'],
    start: 'answering',
    async drive(t) {
      await t.update(t.body({ swupdateaction: 'isac' }), { label: 'set' });
      await t.factoryReset();
      await t.retrieve('plain');
    },
    judge: withPlain('OCFSWU-CORE.reset', (j, r) => judgeDefaults(j, 'OCFSWU-CORE.reset', r)),
  },
  {
    id: 'OCFSWU/READ/10',
    purpose: 'no property outside the schema',
    item: ITEM.SWU,
    when: ITEM.SWU,
    statements: ['OCFSWU-T6.unknown'],
    policies: ['unknownProperty'],
    start: 'answering',
    drive: both,
    judge: (j) => {
      const names = ['rw', 'baseline'].flatMap((label) => {
        const r = readBack(j, 'OCFSWU-T6.unknown', label);
        return r === undefined ? [] : unknownNames(r.properties);
      });
      if (j.policy.unknownProperty === 'fail')
        j.check('OCFSWU-T6.unknown', () => expect(names, 'properties outside the schema').to.deep.equal([]));
      else j.note(`properties outside the schema: ${names.length === 0 ? 'none' : [...new Set(names)].join(', ')}`);
    },
  },
  {
    id: 'OCFSWU/READ/11',
    purpose: 'only the published spellings occur',
    item: ITEM.UPDATETIME,
    when: ITEM.SWU,
    statements: ['OCFSWU-T2.spelling'],
    policies: ['spelling'],
    start: 'answering',
    drive: both,
    judge: (j) => {
      for (const label of ['rw', 'baseline']) {
        const r = readBack(j, 'OCFSWU-T2.spelling', label);
        if (r === undefined) continue;
        const drafts = draftNames(r.properties);
        if (j.policy.spelling === 'fail')
          j.check('OCFSWU-T2.spelling', () => expect(drafts, 'draft spellings').to.deep.equal([]));
        else j.note(`draft spellings with ${label}: ${drafts.length === 0 ? 'none' : drafts.join(', ')}`);
      }
    },
  },
]);
