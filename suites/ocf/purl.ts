import { expect } from 'chai';
import { accepts, answerTo, type J, type OcfCase, readBack, refuses, unchanged } from './claims.ts';
import { ITEM } from './items.ts';
import { began, duringRun, exactly, judgeRunTo, runOf } from './runs.ts';

/** A package URL that can never be fetched: refused, or a result later. */
function unusable(
  meta: Pick<OcfCase, 'id' | 'purpose' | 'item' | 'when'>,
  statements: { readonly refused: string; readonly result: string },
  purl: string,
  result: number,
): OcfCase {
  return {
    ...meta,
    statements: [statements.refused, statements.result, 'OCFSWU-CORE.error', 'OCFSWU-T7.update', 'OCFSWU-T3.sva-only'],
    policies: ['errorCode'],
    ixit: ['maxDownloadS'],
    start: `idle-not-${result}`,
    async drive(t) {
      await t.update(t.body(), { label: 'base' });
      await t.retrieve('before');
      await runOf(t, 'isvv', purl);
      await t.retrieve('after');
    },
    judge(j) {
      const reply = answerTo(j, 'OCFSWU-T7.update', 'UPDATE', 'run');
      if (reply === undefined) return;
      if (!reply.code.startsWith('2.')) {
        if (refuses(j, statements.refused, reply, `purl "${purl}"`))
          unchanged(j, statements.refused, 'before', 'after');
        return;
      }
      judgeRunTo(j, statements.result, exactly(result));
    },
  };
}

/** A package URL of a given length. */
function long(id: string, length: number, judge: (j: J, sent: string) => void, more: Partial<OcfCase>): OcfCase {
  return {
    id,
    purpose: `a package URL of ${length} characters`,
    item: ITEM.PURL,
    when: ITEM.PURL,
    statements: [],
    ...more,
    start: 'rest',
    async drive(t) {
      await t.update(t.body(), { label: 'base' });
      await t.retrieve('before');
      await t.update(t.body({ purl: t.url('long', length) }), { label: 'long' });
      await t.retrieve('after');
    },
    judge(j) {
      const reply = answerTo(j, more.statements?.[0] ?? '', 'UPDATE', 'long');
      const sent = reply?.sent?.['purl'];
      if (typeof sent === 'string') judge(j, sent);
    },
  };
}

/** UPD-11 to UPD-16: what a package URL can be. */
export const purls: readonly OcfCase[] = [
  unusable(
    {
      id: 'OCFSWU/UPD/11',
      purpose: 'a relative package URL is refused or ends in result 6',
      item: ITEM.PURL,
      when: ITEM.ISVV,
    },
    { refused: 'OCFSWU-1.purl', result: 'OCFSWU-T5.6' },
    '/packages/new',
    6,
  ),
  unusable(
    {
      id: 'OCFSWU/UPD/12',
      purpose: 'a package URL of an unknown protocol is refused or ends in result 7',
      item: ITEM.PURL,
      when: ITEM.ISVV,
    },
    { refused: 'OCFSWU-T5.7', result: 'OCFSWU-T5.7' },
    'ftp://192.0.2.1/new',
    7,
  ),
  long(
    'OCFSWU/UPD/13',
    64,
    (j, sent) => {
      if (accepts(j, 'OCFSWU-A4.purl-64', 'long') === undefined) return;
      const after = readBack(j, 'OCFSWU-A4.purl-64', 'after');
      if (after !== undefined) j.check('OCFSWU-A4.purl-64', () => expect(after.purl).to.equal(sent));
    },
    { statements: ['OCFSWU-A4.purl-64'] },
  ),
  long(
    'OCFSWU/UPD/14',
    65,
    (j, sent) => {
      const reply = answerTo(j, 'OCFSWU-A4.purl-65', 'UPDATE', 'long');
      const [before, after] = ['before', 'after'].map((label) => readBack(j, 'OCFSWU-A4.purl-65', label));
      if (reply === undefined || before === undefined || after === undefined) return;
      j.note(`65 characters: ${reply.code}`);
      if (j.policy.longPurl === 'refuse') refuses(j, 'OCFSWU-A4.purl-65', reply, '65 characters');
      if (j.policy.longPurl === 'accept') accepts(j, 'OCFSWU-A4.purl-65', 'long');
      const allowed = reply.code.startsWith('2.') ? [sent, before.purl] : [before.purl];
      j.check('OCFSWU-A4.purl-65', () => expect(after.purl, 'purl after 65 characters').to.be.oneOf(allowed));
    },
    { statements: ['OCFSWU-A4.purl-65', 'OCFSWU-CORE.error'], policies: ['longPurl', 'errorCode'] },
  ),
  {
    id: 'OCFSWU/UPD/15',
    purpose: 'an empty package URL stands for the built-in source',
    item: ITEM.BUILTINURL,
    when: `${ITEM.BUILTINURL} and ${ITEM.ISVV}`,
    statements: ['OCFSWU-1.purl-empty', 'OCFSWU-T7.update'],
    ixit: ['maxDownloadS'],
    start: 'idle-not-6',
    drive: (t) => runOf(t, 'isvv', ''),
    judge(j) {
      if (began(j, 'OCFSWU-1.purl-empty') === undefined) return;
      const results = duringRun(j).map((r) => r.result);
      j.check('OCFSWU-1.purl-empty', () => expect(results, 'results of the run').to.not.include(6));
    },
  },
  unusable(
    {
      id: 'OCFSWU/UPD/16',
      purpose: 'without a built-in source an empty package URL is refused or ends in result 6',
      item: ITEM.PURL,
      when: `not ${ITEM.BUILTINURL} and ${ITEM.ISVV}`,
    },
    { refused: 'OCFSWU-1.purl-none', result: 'OCFSWU-1.purl-none' },
    '',
    6,
  ),
];
