import { expect } from 'chai';
import { suite } from '../../src/core/case.ts';
import type { Seen } from '../../src/core/log.ts';
import { POLICY_BIT, INTERFACE, RESOURCE_TYPE } from '../../src/ocf/codec/ocf.ts';
import { discovered, type Discovery, type Link, queried } from '../../src/ocf/links.ts';
import type { OcfPolicies } from '../../src/ocf/policies.ts';
import type { OcfTester } from '../../src/ocf/tester.ts';
import { type J, readBack, type T } from './claims.ts';
import { ITEM } from './items.ts';

const RT = RESOURCE_TYPE.softwareUpdate;
/** A type that no device of the bench has. */
const FOREIGN = 'x.plumbline.none';

const swuLinks = (answer: Discovery): Link[] => answer.links.filter((l) => l.rt.includes(RT));

/** Multicast is not acknowledged, and its loss may be both ways: so many tries are lost together once in 500,000 (10 % each way). */
const QUERIES = 8;

/** The links of our type in the answer to a unicast query. */
function linkOf(j: J, statement: string): Link | undefined {
  const answer = j.log.first(discovered('by type'));
  if (answer === undefined) {
    j.inconclusive(statement, 'the device did not answer GET /oic/res');
    return undefined;
  }
  const links = swuLinks(answer);
  j.check(statement, () => expect(links, `links of type ${RT} in the answer`).to.not.be.empty);
  return links[0];
}

/** Asks by multicast for our type; where nothing comes, for anything, which tells a deaf device from a network without multicast. */
async function askGroup(t: T, ipv6: boolean): Promise<void> {
  if (await t.multicast({ label: 'by type', rt: RT, tries: QUERIES, ipv6 })) return;
  await t.multicast({ label: 'anything', tries: QUERIES, ipv6 });
}

function judgeGroup(j: J): void {
  const answer: Seen<Discovery> | undefined = j.log.first(discovered('by type'));
  if (answer === undefined && j.log.first(discovered('anything')) === undefined) {
    j.inconclusive(
      'OCFSWU-CORE.multicast',
      'the device answered no multicast query at all: the network may not carry multicast',
    );
    return;
  }
  if (answer === undefined) {
    j.came('OCFSWU-CORE.multicast', discovered('by type'), { stimulus: queried('by type'), tries: QUERIES });
    return;
  }
  j.check('OCFSWU-T1.rt', () => expect(swuLinks(answer), `links of type ${RT}`).to.have.lengthOf(1));
  j.check('OCFSWU-CORE.multicast', () =>
    expect(
      answer.links.filter((l) => !l.rt.includes(RT)),
      'links of other types',
    ).to.deep.equal([]),
  );
}

const byType = async (t: T): Promise<void> => void (await t.discover({ label: 'by type', rt: RT }));

/** Discovery and the link: table 1, table 7, OCF core. */
export const disc = suite<OcfTester, OcfPolicies>('DISC', [
  {
    id: 'OCFSWU/DISC/01',
    purpose: 'multicast discovery over IPv4 by type finds exactly one link',
    item: ITEM.SWU,
    when: `${ITEM.SWU} and ${ITEM.IPV4}`,
    statements: ['OCFSWU-CORE.multicast', 'OCFSWU-T1.rt'],
    start: 'answering',
    drive: (t) => askGroup(t, false),
    judge: judgeGroup,
  },
  {
    id: 'OCFSWU/DISC/02',
    purpose: 'multicast discovery over IPv6 by type finds exactly one link',
    item: ITEM.IPV6,
    when: `${ITEM.SWU} and ${ITEM.IPV6}`,
    statements: ['OCFSWU-CORE.multicast', 'OCFSWU-T1.rt'],
    start: 'answering',
    drive: (t) => askGroup(t, true),
    judge: judgeGroup,
  },
  {
    id: 'OCFSWU/DISC/03',
    purpose: 'the link lists the interfaces rw and baseline and no other',
    item: ITEM.RW,
    when: ITEM.SWU,
    statements: ['OCFSWU-T1.if'],
    start: 'answering',
    drive: byType,
    judge: (j) => {
      const link = linkOf(j, 'OCFSWU-T1.if');
      if (link === undefined) return;
      j.check('OCFSWU-T1.if', () =>
        expect(link.if, 'interfaces of the link').to.have.members([INTERFACE.rw, INTERFACE.baseline]),
      );
    },
  },
  {
    id: 'OCFSWU/DISC/04',
    purpose: 'the policy of the link says discoverable and observable',
    item: ITEM.OBS,
    when: ITEM.OBS,
    statements: ['OCFSWU-T7.observable'],
    start: 'answering',
    drive: byType,
    judge: (j) => {
      const link = linkOf(j, 'OCFSWU-T7.observable');
      if (link === undefined) return;
      const wanted = POLICY_BIT.discoverable | POLICY_BIT.observable;
      j.check('OCFSWU-T7.observable', () =>
        expect((link.bm ?? 0) & wanted, 'policy bits 1 and 2 of the link').to.equal(wanted),
      );
    },
  },
  {
    id: 'OCFSWU/DISC/05',
    purpose: 'a multicast query for a type that the device lacks stays unanswered',
    item: ITEM.SWU,
    when: `${ITEM.SWU} and ${ITEM.IPV4}`,
    statements: ['OCFSWU-CORE.filter'],
    start: 'answering',
    async drive(t) {
      if (!(await t.multicast({ label: 'by type', rt: RT, tries: QUERIES })))
        t.stop('no answer to the query that the device must answer');
      await t.multicast({ label: 'foreign', rt: FOREIGN, tries: QUERIES, whole: true });
    },
    judge: (j) => {
      if (j.log.first(discovered('by type')) === undefined)
        j.inconclusive('OCFSWU-CORE.filter', 'the device did not answer a query for the type that it has');
      else
        j.never('OCFSWU-CORE.filter', discovered('foreign'), {
          stimulus: queried('foreign'),
          within: { timer: 'leisure' },
        });
    },
  },
  {
    id: 'OCFSWU/DISC/06',
    purpose: 'the link offers a secure endpoint',
    item: ITEM.SEC,
    when: ITEM.SEC,
    statements: ['OCFSWU-SEC.endpoint'],
    start: 'answering',
    drive: byType,
    judge: (j) => {
      const link = linkOf(j, 'OCFSWU-SEC.endpoint');
      if (link === undefined) return;
      const secure = link.eps.filter((ep) => /^coaps(\+tcp)?:\/\//.test(ep));
      j.check(
        'OCFSWU-SEC.endpoint',
        () => expect(secure, `secure endpoints among ${link.eps.join(', ')}`).to.not.be.empty,
      );
    },
  },
  {
    id: 'OCFSWU/DISC/07',
    purpose: 'the type in the representation is the one of the link, and the only one',
    item: ITEM.BASELINE,
    when: `${ITEM.SWU} and ${ITEM.BASELINE}`,
    statements: ['OCFSWU-A3.rt'],
    start: 'answering',
    async drive(t) {
      await byType(t);
      await t.retrieve('baseline', { if: INTERFACE.baseline });
    },
    judge: (j) => {
      const link = linkOf(j, 'OCFSWU-A3.rt');
      const shown = readBack(j, 'OCFSWU-A3.rt', 'baseline');
      if (link === undefined || shown === undefined) return;
      j.check('OCFSWU-A3.rt', () => {
        expect(link.rt, 'type in the link').to.deep.equal([RT]);
        expect(shown.properties['rt'], 'type in the representation').to.deep.equal([RT]);
      });
    },
  },
]);
