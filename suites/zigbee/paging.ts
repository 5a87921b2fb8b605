import { expect } from 'chai';
import { hexNumber } from '../../src/core/layout/names.ts';
import { TRIES } from '../../src/zigbee/asking.ts';
import { zclStatus } from '../../src/zigbee/codec/numbers.ts';
import { blockRequests, endRequests, pageRequests, sent } from '../../src/zigbee/kinds.ts';
import type { Offer, Rule } from '../../src/zigbee/server.ts';
import { endedWith } from './claims.ts';
import { ITEM } from './items.ts';
import { type Case, cli, DOWNLOAD, type J, LATER, perhapsEnd, QUIET, start, type T } from './moves.ts';

/** A client whose page request is lost may go on by blocks: one offer alone proves nothing. */
const OFFERED = { stimulus: sent('query response'), within: DOWNLOAD, tries: TRIES };

/** Offers the file until the client asks for a page; a download by blocks is ended, so that the next one may begin otherwise. */
async function paged(t: T, offer: Omit<Offer, 'file' | 'end'>): Promise<void> {
  for (let i = 0; i < TRIES; i++) {
    const first = await start(t, { file: t.image('imageNewer'), end: LATER, ...offer });
    if (first?.pageSize !== undefined) return;
    t.offerNothing();
    await t.quiet(endRequests, QUIET);
  }
}

/** The first page request; where none came, what the user can do about it. */
function firstPage(j: J, s: string) {
  const page = j.log.first(pageRequests);
  if (page === undefined)
    j.inconclusive(
      s,
      'the client asked for no page, although ZBOTA 4/3 declares Image Page Request (judged by ZBOTA/CLI/072): declare 4/3 as no, set the client so that it asks by page, or give the rig a reset where it remembers that pages were refused',
    );
  return page;
}

/** Purposes 071 to 074: pages. */
export const pagingCases: readonly Case[] = [
  cli('071', 'A client whose server has no pages falls back to blocks', ITEM.PAGE, {
    start: 'fresh',
    drive: async (t) => {
      await paged(t, {});
      await perhapsEnd(t, t.image('imageNewer'));
    },
    judge(j, s) {
      if (firstPage(j, s) === undefined) return;
      const told = j.log.first(sent('page refused'));
      if (told === undefined) {
        j.inconclusive(s, 'the refusal was not delivered');
        return;
      }
      // One page request may have been on its way when the refusal came.
      const again = j.log.after(told).all(pageRequests);
      j.check(s, () => expect(again.length, 'page requests after the refusal').to.be.at.most(1), again.at(-1));
      endedWith(j, s, zclStatus.SUCCESS);
    },
  }),
  cli('072', 'A page request has the offered file, a size and a bound for its blocks', ITEM.PAGE, {
    // A client may remember for good that pages were refused.
    start: 'fresh',
    needs: ['reset'],
    ixit: ['maxDataSize'],
    drive: async (t) => {
      await paged(t, { pages: true });
      await perhapsEnd(t, t.image('imageNewer'));
    },
    judge(j, s) {
      const page = j.came(s, pageRequests, OFFERED);
      if (page === undefined) return;
      const offer = j.log.first(sent('query response'))?.decoded;
      const version = offer?.kind === 'command' ? Number(offer.value['fileVersion']) : 0;
      j.check(s, () => expect(hexNumber(page.fileVersion, 8), 'file version').to.equal(hexNumber(version, 8)), page);
      // A page request that was lost may have been followed by blocks.
      const blocks = j.log.before(page).all(blockRequests);
      if (blocks.length === 0) j.check(s, () => expect(page.fileOffset, 'first offset').to.equal(0), page);
      j.check(s, () => expect(page.pageSize, 'page size').to.be.at.least(1), page);
      j.check(
        s,
        () => expect(page.maximumDataSize, 'maximum data size').to.be.within(1, j.ixit.number('maxDataSize')),
        page,
      );
    },
  }),
  cli('073', 'What is missing of a page is asked for, and the file is right', ITEM.PAGE, {
    start: 'fresh',
    drive: async (t) => {
      const gap: Rule = { on: 'page', from: 0.3, times: 1, note: 'gap', answer: () => [] };
      await paged(t, { pages: true, rules: [gap] });
      await perhapsEnd(t, t.image('imageNewer'));
    },
    judge(j, s) {
      if (firstPage(j, s) === undefined) return;
      endedWith(j, s, zclStatus.SUCCESS);
    },
  }),
  cli('074', 'The client takes a page at the spacing that it asked for', ITEM.PAGE, {
    start: 'fresh',
    kind: 'informative',
    drive: async (t) => {
      await start(t, { file: t.image('imageNewer'), end: LATER, pages: true });
      await perhapsEnd(t, t.image('imageNewer'));
    },
    judge(j) {
      const page = j.log.first(pageRequests);
      const blocks = j.log.all(sent('block'));
      j.note(
        page === undefined
          ? 'no page request came'
          : `asked for ${page.responseSpacing} ms between blocks; ${blocks.length} blocks, ends ${j.log.all(endRequests).length}`,
      );
    },
  }),
];
