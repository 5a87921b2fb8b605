import { expect } from 'chai';
import { suite } from '../../src/core/case.ts';
import { mustBe, mustDecode } from '../../src/core/claim.ts';
import { CONTENT_FORMAT, INTERFACE } from '../../src/ocf/codec/ocf.ts';
import { sameInstant } from '../../src/ocf/instant.ts';
import type { OcfPolicies } from '../../src/ocf/policies.ts';
import { MANDATORY } from '../../src/ocf/schema.ts';
import type { OcfTester } from '../../src/ocf/tester.ts';
import { printValue } from '../../src/ocf/value.ts';
import { accepts, answerTo, mandatoryIn, type OcfCase, readBack, refuses, type T, unchanged } from './claims.ts';
import { ITEM } from './items.ts';
import { type Bad, judgeBad, sendBad } from './negative.ts';
import { broken } from './broken.ts';
import { purls } from './purl.ts';
import { unauthorised } from './secured.ts';

const FARTHER = { timer: 'farAhead', times: 2 } as const;
/** So far ahead that no offset from UTC reaches back to now. */
const DAYS = { timer: 'farAhead', times: 48 } as const;
/** Next year, which every device's clock can hold. */
const nextYear = (t: T): string => String(Number(t.time(FARTHER).slice(0, 4)) + 1);
const NEGATIVE = ['OCFSWU-CORE.error', 'OCFSWU-T7.retrieve'];

/** A case of bad UPDATEs; it starts at rest with a known inert body stored. */
function negative(meta: Pick<OcfCase, 'id' | 'purpose' | 'item' | 'when' | 'policies'>, all: readonly Bad[]): OcfCase {
  return {
    ...meta,
    policies: ['errorCode', ...(meta.policies ?? [])],
    statements: [...new Set(all.map((b) => b.statement)), ...NEGATIVE],
    start: 'rest',
    async drive(t) {
      await t.update(t.body(), { label: 'base' });
      await sendBad(t, all);
    },
    judge: (j) => judgeBad(j, all),
  };
}

/** An UPDATE without one of the three properties (annex A.1.4: all required; the prose sets purl alone). */
function partial(id: string, left: 'purl' | 'swupdateaction' | 'updatetime'): OcfCase {
  const REQUIRED = 'OCFSWU-A4.required';
  return {
    id,
    purpose: `an UPDATE without ${left} changes nothing but what it carries and starts nothing`,
    item: ITEM.SWU,
    when: ITEM.SWU,
    statements: [REQUIRED, 'OCFSWU-CORE.error'],
    policies: ['partialUpdate', 'errorCode'],
    ixit: ['quietS'],
    start: 'rest',
    async drive(t) {
      await t.watch();
      // What is left out must differ from the factory's value, or putting that back would not show.
      const waiting = left === 'swupdateaction' ? 'isac' : 'idle';
      await t.update(t.body({ swupdateaction: waiting }), { label: 'base' });
      await t.retrieve('before');
      const whole = t.body({
        purl: t.url('partial'),
        swupdateaction: left === 'updatetime' ? 'idle' : 'isac',
        updatetime: t.time(FARTHER),
      });
      const rest = Object.fromEntries(Object.entries(whole).filter(([name]) => name !== left));
      await t.update(rest, { label: 'partial' });
      await t.retrieve('after');
      await t.pause({ timer: 'quietS' }, 'nothing may start');
      await t.retrieve('later');
    },
    judge(j) {
      const reply = answerTo(j, REQUIRED, 'UPDATE', 'partial');
      if (reply === undefined) return;
      const accepted = reply.code.startsWith('2.');
      j.note(`UPDATE without ${left}: ${reply.code}`);
      if (j.policy.partialUpdate === 'accept') accepts(j, REQUIRED, 'partial');
      else if (!accepted || j.policy.partialUpdate === 'refuse')
        refuses(j, REQUIRED, reply, `an UPDATE without ${left}`);
      const carried = accepted ? ['purl', 'action', 'time'].filter((name) => name !== SHORT[left]) : [];
      unchanged(j, REQUIRED, 'before', 'after', carried);
      unchanged(j, REQUIRED, 'after', 'later');
    },
  };
}
const SHORT = { purl: 'purl', swupdateaction: 'action', updatetime: 'time' } as const;

/** A text is put behind the next year. */
const noTime = (name: string, value: string | number): Bad => ({
  name,
  statement: 'OCFSWU-T2.time-valid',
  body: (t) => ({
    ...t.body({ purl: t.url('bad') }),
    updatetime: typeof value === 'number' || value === '' ? value : `${nextYear(t)}${value}`,
  }),
});

const readOnly: readonly (readonly [string, string, string | number])[] = [
  ['swupdatestate', 'OCFSWU-T6.read-only', 'sva'],
  ['swupdateresult', 'OCFSWU-T6.read-only', 8],
  ['nv', 'OCFSWU-T6.read-only', '99.99.99'],
  ['lastupdate', 'OCFSWU-T6.read-only', '2001-02-03T04:05:06Z'],
  ['signed', 'OCFSWU-T6.read-only', 'tester'],
];

async function methodsOf(t: T): Promise<void> {
  await t.update(t.body(), { label: 'base' });
  await t.retrieve('before');
  await t.send('PUT', { label: 'put', body: t.body({ purl: t.url('put') }) });
  await t.send('DELETE', { label: 'delete' });
  await t.retrieve('after');
}

/** UPDATE: clause 1, tables 2 and 6, annex A.1.4. */
export const upd = suite<OcfTester, OcfPolicies>('UPD', [
  {
    id: 'OCFSWU/UPD/01',
    purpose: 'a valid UPDATE is answered 2.04 with all mandatory properties and the next RETRIEVE shows what it set',
    item: ITEM.SWU,
    when: ITEM.SWU,
    statements: ['OCFSWU-T7.update', 'OCFSWU-A4.answer', 'OCFSWU-A4.applied', 'OCFSWU-A4.baseline'],
    policies: ['rtInUpdateAnswer', 'spelling'],
    start: 'rest',
    async drive(t) {
      await t.update(t.body(), { label: 'base' });
      await t.update(t.body({ purl: t.url('new'), swupdateaction: 'isac', updatetime: t.time(FARTHER) }), {
        label: 'new',
      });
      await t.retrieve('after');
      await t.cancel('cancel');
      await t.retrieve('cancelled');
    },
    judge(j) {
      const reply = accepts(j, 'OCFSWU-T7.update', 'new');
      if (reply === undefined) return;
      j.check(
        'OCFSWU-A4.answer',
        () => {
          expect(reply.code, 'code of the answer').to.equal('2.04');
          mustDecode(reply.problem, 'body of the answer');
          const found = mandatoryIn(reply.properties ?? {}, j.policy);
          expect(found, 'mandatory properties in the answer').to.have.members([...MANDATORY]);
        },
        reply,
      );
      if (j.policy.rtInUpdateAnswer === 'fail')
        j.check('OCFSWU-A4.baseline', () => expect(reply.properties ?? {}, 'body').to.not.include.keys('rt'));
      else if (reply.properties?.['rt'] !== undefined) j.note('the answer to the UPDATE holds rt');
      const after = readBack(j, 'OCFSWU-A4.applied', 'after');
      if (after === undefined) return;
      const time = reply.sent?.['updatetime'];
      j.check(
        'OCFSWU-A4.applied',
        () => {
          expect(after.purl, 'purl').to.equal(reply.sent?.['purl']);
          expect(after.action, 'swupdateaction').to.equal('isac');
          mustBe(sameInstant(after.time, time), 'updatetime', after.time, `the instant ${printValue(time)}`);
        },
        after,
      );
      if (reply.properties?.['purl'] !== after.purl) j.note('the answer to the UPDATE shows the old purl');
    },
  },
  partial('OCFSWU/UPD/02', 'purl'),
  partial('OCFSWU/UPD/03', 'swupdateaction'),
  partial('OCFSWU/UPD/04', 'updatetime'),
  negative(
    {
      id: 'OCFSWU/UPD/05',
      purpose: 'an action outside the four is refused',
      item: ITEM.ACTION,
      when: ITEM.ACTION,
      policies: ['spelling'],
    },
    [
      ...(['install', 'ISAC', 2] as const).map(
        (value): Bad => ({
          name: `action ${JSON.stringify(value)}`,
          statement: 'OCFSWU-T4.values',
          body: (t) => ({ ...t.body(), swupdateaction: value }),
        }),
      ),
      {
        name: 'draft action isv',
        statement: 'OCFSWU-T2.spelling',
        body: (t) => ({ ...t.body(), swupdateaction: 'isv' }),
        reading: ({ spelling }) => (spelling === 'fail' ? 'refuse' : 'information'),
      },
    ],
  ),
  negative(
    {
      id: 'OCFSWU/UPD/06',
      purpose: 'a read-only property in an UPDATE is refused or has no effect',
      item: ITEM.STATE,
      when: ITEM.SWU,
      policies: ['silentIgnore'],
    },
    readOnly.map(([name, statement, value]) => ({
      name: `read-only ${name}`,
      statement,
      body: (t) => ({ ...t.body(), [name]: value }),
      properties: [name],
      reading: ({ silentIgnore }) => silentIgnore,
    })),
  ),
  negative(
    {
      id: 'OCFSWU/UPD/07',
      purpose: 'a misspelt update time is refused or has no effect',
      item: ITEM.UPDATETIME,
      when: ITEM.UPDATETIME,
      policies: ['spelling', 'silentIgnore'],
    },
    ['updateTime', 'updateatime', 'update time'].map((spelling) => ({
      name: `spelling ${spelling}`,
      statement: 'OCFSWU-T2.spelling',
      body: (t) => {
        const { purl, swupdateaction } = t.body();
        return { purl, swupdateaction, [spelling]: t.time(FARTHER) };
      },
      properties: ['updatetime'],
      reading: (policy) => (policy.spelling === 'fail' ? policy.silentIgnore : 'information'),
    })),
  ),
  negative(
    {
      id: 'OCFSWU/UPD/08',
      purpose: 'what is no RFC 3339 instant is refused and changes nothing',
      item: ITEM.UPDATETIME,
      when: ITEM.UPDATETIME,
      policies: ['timeWithoutSeconds'],
    },
    [
      noTime('month 13', '-13-01T00:00:00Z'),
      noTime('30 February', '-02-30T00:00:00Z'),
      noTime('empty time', ''),
      noTime('integer time', 2_000_000_000),
      {
        ...noTime('no seconds', '-01-09T14:30Z'),
        reading: ({ timeWithoutSeconds }) => timeWithoutSeconds,
      },
    ],
  ),
  {
    id: 'OCFSWU/UPD/09',
    purpose: 'an update time with an offset is stored as the same instant',
    item: ITEM.UPDATETIME,
    when: ITEM.UPDATETIME,
    statements: ['OCFSWU-T2.time-offset', 'OCFSWU-T7.update'],
    start: 'rest',
    async drive(t) {
      for (const offset of ['+05:30', '-03:00']) {
        const label = `offset ${offset}`;
        await t.update(t.body({ updatetime: t.time(DAYS).replace('Z', offset) }), { label });
        await t.retrieve(label);
      }
    },
    judge(j) {
      for (const label of ['offset +05:30', 'offset -03:00']) {
        const reply = accepts(j, 'OCFSWU-T7.update', label);
        const after = reply === undefined ? undefined : readBack(j, 'OCFSWU-T2.time-offset', label);
        if (after === undefined) continue;
        const sent = printValue(reply?.sent?.['updatetime']);
        j.check(
          'OCFSWU-T2.time-offset',
          () => mustBe(sameInstant(after.time, sent), 'updatetime', after.time, `the instant ${sent}`),
          after,
        );
      }
    },
  },
  {
    id: 'OCFSWU/UPD/10',
    purpose: 'a leap second in the update time',
    item: ITEM.UPDATETIME,
    when: ITEM.UPDATETIME,
    statements: ['OCFSWU-T2.time-leap', 'OCFSWU-CORE.error'],
    policies: ['leapSecond', 'errorCode'],
    start: 'rest',
    async drive(t) {
      await t.update(t.body({ updatetime: `${nextYear(t)}-12-31T23:59:60Z` }), { label: 'leap' });
      await t.retrieve('leap');
    },
    judge(j) {
      const reply = answerTo(j, 'OCFSWU-T2.time-leap', 'UPDATE', 'leap');
      if (reply === undefined) return;
      j.note(`second 60: ${reply.code}`);
      if (j.policy.leapSecond === 'refuse') refuses(j, 'OCFSWU-T2.time-leap', reply, 'second 60');
      if (j.policy.leapSecond === 'accept') accepts(j, 'OCFSWU-T2.time-leap', 'leap');
    },
  },
  ...purls,
  {
    id: 'OCFSWU/UPD/17',
    purpose: 'PUT and DELETE are refused',
    item: ITEM.SWU,
    when: ITEM.SWU,
    statements: ['OCFSWU-T7.no-create', 'OCFSWU-T7.no-delete', 'OCFSWU-CORE.error'],
    policies: ['errorCode'],
    start: 'rest',
    drive: methodsOf,
    judge(j) {
      const put = answerTo(j, 'OCFSWU-T7.no-create', 'CREATE', 'put');
      if (put !== undefined) refuses(j, 'OCFSWU-T7.no-create', put, 'PUT');
      const gone = answerTo(j, 'OCFSWU-T7.no-delete', 'DELETE', 'delete');
      if (gone !== undefined) refuses(j, 'OCFSWU-T7.no-delete', gone, 'DELETE');
      unchanged(j, 'OCFSWU-T7.no-delete', 'before', 'after');
    },
  },
  {
    id: 'OCFSWU/UPD/18',
    purpose: 'UPDATE works with the rw interface, and with baseline where the published text is claimed',
    item: ITEM.RW,
    when: `${ITEM.RW} and ${ITEM.BASELINE}`,
    statements: ['OCFSWU-A4.interface'],
    policies: ['postInterface'],
    start: 'rest',
    async drive(t) {
      for (const name of ['rw', 'baseline'] as const) {
        await t.update(t.body({ purl: t.url(name) }), { label: name, if: INTERFACE[name] });
        await t.retrieve(name);
      }
    },
    judge(j) {
      for (const name of ['rw', 'baseline']) {
        const reply = answerTo(j, 'OCFSWU-A4.interface', 'UPDATE', name);
        if (reply === undefined) continue;
        if (name === 'baseline' && j.policy.postInterface === 'information') {
          j.note(`UPDATE with the baseline interface: ${reply.code}`);
          continue;
        }
        if (accepts(j, 'OCFSWU-A4.interface', name) === undefined) continue;
        const after = readBack(j, 'OCFSWU-A4.interface', name);
        if (after !== undefined)
          j.check('OCFSWU-A4.interface', () => expect(after.purl).to.equal(reply.sent?.['purl']));
      }
    },
  },
  {
    id: 'OCFSWU/UPD/19',
    purpose: 'content formats 60 and 50',
    item: ITEM.SWU,
    when: ITEM.SWU,
    statements: ['OCFSWU-CORE.format'],
    policies: ['errorCode'],
    kind: 'informative',
    start: 'rest',
    async drive(t) {
      for (const name of ['cbor', 'json'] as const)
        await t.update(t.body(), { label: name, contentFormat: CONTENT_FORMAT[name] });
    },
    judge(j) {
      for (const name of ['cbor', 'json']) {
        const reply = answerTo(j, 'OCFSWU-CORE.format', 'UPDATE', name);
        if (reply !== undefined) j.note(`content format of ${name}: ${reply.code}, 4.15 would say so`);
      }
    },
  },
  broken,
  unauthorised,
]);
