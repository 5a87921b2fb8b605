import { expect } from 'chai';
import { FORMAT, printFormat } from '../../src/lwm2m/codec/content.ts';
import { printResource } from '../../src/lwm2m/codec/definitions.ts';
import { encodeTlv } from '../../src/lwm2m/codec/tlv.ts';
import { integer, string } from '../../src/lwm2m/codec/value.ts';
import { judged, type Written } from './written.ts';

const verdictOf = (...given: Parameters<typeof judged>): string => judged(...given).verdict;
/** Items of resources, of object 14 and of formats. */
const [NAME, LINKS, COUNT] = ['SWMGMT 3/1', 'SWMGMT 3/18', 'SWMGMT 3/19'];
const [OBJECT14, TEXT, TLV] = ['SWMGMT 2/6', 'SWMGMT 9/1', 'SWMGMT 9/6'];
/** Resources that can be read and must be there. */
const MANDATORY = [0, 1, 7, 9, 12];
/** Status Reason: optional, and read only. */
const REASON = { id: 16, item: 'SWMGMT 3/17' };

const read = (w: Written, resource: number, note: string, answer: string, body?: Buffer, format?: number): void =>
  w.exchange({
    code: '0.01',
    path: `/9/0/${resource}`,
    note: `read: ${note}`,
    answer,
    ...(body === undefined ? {} : { body }),
    ...(format === undefined ? {} : { format }),
  });

describe('LwM2M verdicts on optional resources without a value', () => {
  describe('in Reads', () => {
    const shows = (resource: number, text: string, tlv: string) => (w: Written) => {
      const reading = (format: number): string => `${resource} as ${printFormat(format)}`;
      const value = { path: [9, 0, resource], value: string('why') };
      const [asText, asTlv] = [Buffer.from('why'), encodeTlv([9, 0, resource], [value])];
      read(w, resource, reading(FORMAT.text), text, text === '2.05' ? asText : undefined, FORMAT.text);
      read(w, resource, reading(FORMAT.tlv), tlv, tlv === '2.05' ? asTlv : undefined);
    };
    const declares = [REASON.item, TEXT, TLV];
    it('are answered 4.04, in every format', () => {
      expect(verdictOf('SWMGMT/REG/05', shows(REASON.id, '2.05', '2.05'), { declares })).to.equal('PASS');
      expect(verdictOf('SWMGMT/REG/05', shows(REASON.id, '4.04', '2.05'), { declares })).to.equal('FAIL');
      expect(verdictOf('SWMGMT/REG/05', shows(REASON.id, '4.04', '4.05'), { declares })).to.equal('FAIL');
      const { verdict, notes } = judged('SWMGMT/REG/05', shows(REASON.id, '4.04', '4.04'), { declares });
      expect([verdict, notes[0]]).to.deep.equal(['PASS', '16 as text (0): no value now']);
    });
    it('are not those that are mandatory', () => {
      expect(verdictOf('SWMGMT/REG/05', shows(0, '4.04', '4.04'), { declares: [NAME, TEXT, TLV] })).to.equal('FAIL');
    });
  });

  describe('in Discover', () => {
    const discovers = (listed: string, answer: string) => (w: Written) => {
      const body = Buffer.from(listed);
      w.exchange({ code: '0.01', path: '/9/0', note: 'discover: instance', answer: '2.05', body, format: FORMAT.link });
      read(w, REASON.id, printResource(9, REASON.id), answer);
    };
    const declares = [NAME, REASON.item];
    it('need not be listed, but where they show a value they must', () => {
      expect(verdictOf('SWMGMT/REG/04', discovers('</9/0/0>,</9/0/16>', '2.05'), { declares })).to.equal('PASS');
      expect(verdictOf('SWMGMT/REG/04', discovers('</9/0/0>', '4.04'), { declares })).to.equal('PASS');
      expect(verdictOf('SWMGMT/REG/04', discovers('</9/0/0>', '2.05'), { declares })).to.equal('FAIL');
    });
    it('are not those that are mandatory, or undeclared', () => {
      expect(verdictOf('SWMGMT/REG/04', discovers('</9/0/16>', '2.05'), { declares })).to.equal('FAIL');
      expect(verdictOf('SWMGMT/REG/04', discovers('</9/0/0>,</9/0/5>', '4.04'), { declares })).to.equal('FAIL');
    });
  });

  describe('as links to components, where none is installed', () => {
    const linked = (links: string, count: string | number) => (w: Written) => {
      w.registers('</9/0>,</14>');
      read(w, 17, 'components', links);
      if (typeof count === 'string') read(w, 18, 'number', count);
      else read(w, 18, 'number', '2.05', encodeTlv([9, 0, 18], [{ path: [9, 0, 18], value: integer(count) }]));
    };
    const declares = [OBJECT14, LINKS, COUNT];
    it('are none', () => {
      for (const count of ['4.04', 0])
        expect(verdictOf('SWMGMT/REG/12', linked('4.04', count), { declares })).to.equal('PASS');
      expect(verdictOf('SWMGMT/REG/12', linked('4.04', 2), { declares })).to.equal('FAIL');
      expect(verdictOf('SWMGMT/REG/12', linked('4.05', 0), { declares })).to.equal('FAIL');
    });
    it('are missed once a package with components is installed', () => {
      const ixit = { packageComponents: 'components.bin' };
      expect(verdictOf('SWMGMT/REG/12', linked('4.04', 0), { declares, ixit })).to.equal('FAIL');
    });
  });
});

describe('LwM2M verdicts on the resources of the proposed version 1.1', () => {
  const shows = (extra: number) => (w: Written) => {
    const ids = [...MANDATORY, extra];
    for (const [path, label] of [
      ['/9/0', 'instance'],
      ['/9', 'object'],
    ] as const)
      w.exchange({
        code: '0.01',
        path,
        note: `read: ${label}`,
        answer: '2.05',
        body: encodeTlv(
          path === '/9' ? [9] : [9, 0],
          ids.map((id) => ({ path: [9, 0, id], value: id < 2 ? string('') : integer(0) })),
        ),
      });
  };
  const items = MANDATORY.map((id) => `SWMGMT 3/${id + 1}`);
  it('may be read where they are declared', () => {
    const verdict = (extra: number, ...more: string[]): string =>
      verdictOf('SWMGMT/REG/10', shows(extra), { declares: [...items, ...more], ixit: { instances: '0' } });
    expect([verdict(21, 'SWMGMT 2/2'), verdict(21), verdict(16, 'SWMGMT 2/2')]).to.deep.equal(['PASS', 'FAIL', 'FAIL']);
  });
});
