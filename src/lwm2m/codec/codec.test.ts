import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { parse } from 'yaml';
import { decodeArguments, encodeArguments } from './arguments.ts';
import { decodeContent, encodeContent, FORMAT, printFormat } from './content.ts';
import { OBJECTS, SOFTWARE_MANAGEMENT, typeOf as standardTypes } from './definitions.ts';
import { attributeOf, decodeLinks, encodeLinks, modelLinks } from './link-format.ts';
import { parsePath, type Path, printPath } from './path.ts';
import { isResult, printResult, printState } from './swmgmt.ts';
import {
  boolean,
  type Entry,
  float,
  integer,
  objlnk,
  opaque,
  parseLink,
  sameValue,
  string,
  time,
  type TypeOf,
  type Value,
} from './value.ts';

type Written = null | number | boolean | string | { link: string } | { hex: string };
interface ContentVector {
  readonly id: string;
  readonly form?: 'other';
  readonly format: number;
  readonly path: string;
  readonly hex?: string;
  readonly text?: string;
  readonly entries: Readonly<Record<string, Written>>;
}
interface LinkVector {
  readonly id: string;
  readonly text: string;
  readonly root: string;
  readonly preferred?: number;
  readonly paths: readonly string[];
}
const here = new URL(import.meta.url.replace('/dist/src/', '/src/'));
const vectors = parse(readFileSync(new URL('vectors.yaml', here), 'utf8')) as {
  contents: ContentVector[];
  links: LinkVector[];
};

/** Object 65 is no published object; its resources are those of the core specification's example. */
const types: TypeOf = (path) =>
  path[0] === 65 ? (['Objlnk', 'String', 'Opaque'] as const)[path[2] ?? -1] : standardTypes(path);

function valueOf(written: Exclude<Written, null>): Value {
  if (typeof written === 'number') return integer(written);
  if (typeof written === 'boolean') return boolean(written);
  if (typeof written === 'string') return string(written);
  if ('hex' in written) return opaque(Buffer.from(written.hex, 'hex'));
  return { type: 'Objlnk', value: parseLink(written.link) ?? { object: 0, instance: 0 } };
}

const at = (text: string): Path => parsePath(text) ?? [];
const payloadOf = ({ hex, text }: ContentVector): Buffer =>
  hex === undefined ? Buffer.from(text ?? '', 'utf8') : Buffer.from(hex, 'hex');
const entriesOf = ({ entries }: ContentVector): Entry[] =>
  Object.entries(entries).map(([path, written]) => ({
    path: at(path),
    ...(written === null ? {} : { value: valueOf(written) }),
  }));

describe('LwM2M codec: published payloads', () => {
  for (const vector of vectors.contents) {
    const payload = payloadOf(vector);
    it(`reads ${vector.id}, ${printFormat(vector.format)} of ${vector.path}`, () => {
      const decoded = decodeContent(vector.format, at(vector.path), payload, types);
      expect(decoded).to.deep.equal({ ok: true, entries: entriesOf(vector) });
    });
    if (vector.form !== 'other')
      it(`writes ${vector.id}`, () => {
        const written = encodeContent(vector.format, at(vector.path), entriesOf(vector));
        expect(written.toString('hex')).to.equal(payload.toString('hex'));
      });
    it(`gives every cut of ${vector.id} a result of its own`, () => {
      for (let length = 0; length < payload.length; length++) {
        const decoded = decodeContent(vector.format, at(vector.path), payload.subarray(0, length), types);
        if (decoded.ok) expect(decoded.entries.length).to.be.at.most(entriesOf(vector).length);
        else expect(decoded.reason).to.not.equal('');
        const selfDelimiting = vector.format !== FORMAT.tlv;
        if (selfDelimiting) expect(decoded.ok, `first ${length} octets`).to.equal(false);
      }
    });
  }
});

describe('LwM2M codec: values of every type', () => {
  const every: readonly Entry[] = [
    { path: [14, 1, 0], value: string('naïve') },
    { path: [9, 0, 7], value: integer(-129) },
    { path: [9, 0, 12], value: boolean(true) },
    { path: [14, 1, 1], value: opaque(Buffer.from([0, 255, 16, 62, 63])) },
    { path: [3, 0, 13], value: time(1_700_000_000) },
    { path: [9, 0, 5], value: objlnk(14, 3) },
  ];
  for (const format of [
    FORMAT.text,
    FORMAT.cbor,
    FORMAT.senmlJson,
    FORMAT.senmlCbor,
    FORMAT.tlv,
    FORMAT.json,
    FORMAT.lwm2mCbor,
  ])
    it(`come back from ${printFormat(format)} as they went`, () => {
      for (const entry of every) {
        const payload = encodeContent(format, entry.path, [entry]);
        expect(decodeContent(format, entry.path, payload)).to.deep.equal({ ok: true, entries: [entry] });
      }
    });
  it('keep integers beyond the exact range of a number', () => {
    const entry = { path: [9, 0, 7], value: integer(-(2n ** 62n)) };
    for (const format of [FORMAT.tlv, FORMAT.text, FORMAT.cbor])
      expect(decodeContent(format, entry.path, encodeContent(format, entry.path, [entry]))).to.deep.equal({
        ok: true,
        entries: [entry],
      });
  });
  it('show a Boolean that was sent as a number', () => {
    const decoded = decodeContent(FORMAT.senmlJson, [9, 0, 12], Buffer.from('[{"bn":"/9/0/12","v":0}]'));
    expect(decoded).to.deep.equal({ ok: true, entries: [{ path: [9, 0, 12], value: integer(0) }] });
  });
  it('tell types apart when compared', () => {
    expect(sameValue(integer(0), boolean(false))).to.equal(false);
    expect(sameValue(opaque(Buffer.from('a')), opaque(Buffer.from('a')))).to.equal(true);
    expect(sameValue(float(1.5), float(1.5))).to.equal(true);
  });
});

describe('LwM2M codec: TLV', () => {
  const tlv = (hex: string, path = '/9/0') => decodeContent(FORMAT.tlv, at(path), Buffer.from(hex, 'hex'), types);
  it('takes an instance with and without its wrapper', () => {
    expect(tlv('080003c10704')).to.deep.equal(tlv('c10704'));
  });
  it('takes long integers and 16-bit identifiers for small ones', () => {
    expect(tlv('e40007 00000003'.replace(' ', ''))).to.deep.equal({
      ok: true,
      entries: [{ path: [9, 0, 7], value: integer(3) }],
    });
  });
  it('gives resources without instance under an object the id of a new instance', () => {
    expect(tlv('c3036f6b21', '/9')).to.deep.equal({
      ok: true,
      entries: [{ path: [9, 65535, 3], value: string('ok!') }],
    });
  });
  for (const [what, hex] of [
    ['an instance that was not asked for', '080103c10704'],
    ['an Integer of three octets', 'c307000003'],
    ['a Boolean of 2', 'c10c02'],
    ['a link of three octets', 'c305000001'],
    ['a value longer than the payload', 'c80704 00'.replace(' ', '')],
    ['a resource instance outside a resource', '410001'],
  ] as const)
    it(`refuses ${what}`, () => expect(tlv(hex).ok).to.equal(false));
});

describe('LwM2M codec: payloads that are none', () => {
  for (const [what, format, text] of [
    ['SenML that is no list', FORMAT.senmlJson, '{}'],
    ['a SenML name that is no path', FORMAT.senmlJson, '[{"n":"temp","v":1}]'],
    ['two values in a record', FORMAT.senmlJson, '[{"n":"/9/0/7","v":1,"vb":true}]'],
    ['octets that are no UTF-8', FORMAT.senmlJson, '[{"n":"\u00ff"}]'],
    ['LwM2M JSON without elements', FORMAT.json, '{"bn":"/9/0"}'],
    ['a text that is no number', FORMAT.text, 'three'],
    ['links as content', FORMAT.link, '</9/0>'],
  ] as const)
    it(`gives a reason for ${what}`, () => {
      const encoding = what.includes('UTF-8') ? 'latin1' : 'utf8';
      const decoded = decodeContent(format, [9, 0, 7], Buffer.from(text, encoding));
      expect(decoded.ok).to.equal(false);
    });
  it('gives a reason for LwM2M CBOR with a text as key', () => {
    expect(decodeContent(FORMAT.lwm2mCbor, [9], Buffer.from('a1613900', 'hex'))).to.deep.include({ ok: false });
  });
});

describe('LwM2M codec: links', () => {
  for (const { id, text, root, preferred, paths } of vectors.links)
    it(`reads and writes ${id}`, () => {
      const decoded = decodeLinks(Buffer.from(text));
      if (!decoded.ok) throw new Error(decoded.reason);
      const model = modelLinks(decoded.links);
      expect(model).to.deep.include({ root, preferred, foreign: [] });
      expect(model.links.map((l) => printPath(l.path))).to.deep.equal(paths);
      expect(encodeLinks(decoded.links).toString()).to.equal(text);
    });
  it('reads attributes with and without quotes alike', () => {
    const decoded = decodeLinks(Buffer.from('</9>;ver="1.0";dim=2,</10>;ver=1.0;flag'));
    if (!decoded.ok) throw new Error(decoded.reason);
    expect(decoded.links.map((l) => attributeOf(l, 'ver'))).to.deep.equal(['1.0', '1.0']);
    expect(decoded.links.map((l) => attributeOf(l, 'flag'))).to.deep.equal([undefined, '']);
  });
  it('gives a reason for every cut that is no list', () => {
    const text = '</9/0>;pmin=1,</9/1>';
    for (let length = 1; length < text.length; length++)
      expect(decodeLinks(Buffer.from(text.slice(0, length))).ok, text.slice(0, length)).to.equal(
        ['</9/0>', '</9/0>;p', '</9/0>;pm', '</9/0>;pmi', '</9/0>;pmin', '</9/0>;pmin=', '</9/0>;pmin=1'].includes(
          text.slice(0, length),
        ),
      );
  });
});

describe('LwM2M codec: tables and texts', () => {
  it('has nine mandatory resources in object 9', () => {
    const mandatory = Object.entries(SOFTWARE_MANAGEMENT.resources).flatMap(([id, r]) =>
      r.mandatory ? [Number(id)] : [],
    );
    expect(mandatory).to.deep.equal([0, 1, 4, 6, 7, 9, 10, 11, 12]);
    expect(Object.keys(OBJECTS)).to.deep.equal(['0', '1', '2', '3', '9', '14']);
  });
  it('names states and results', () => {
    expect([0, 3, 4, 7].map(printState)).to.deep.equal([
      'INITIAL (0)',
      'DELIVERED (3)',
      'INSTALLED (4)',
      'undefined (7)',
    ]);
    expect([2, 53, 55].map(printResult)).to.deep.equal(['INSTALLED (2)', 'INTEGRITY_FAILED (53)', 'reserved (55)']);
    expect([0, 3, 4, 50, 55, 59, 60].map(isResult)).to.deep.equal([true, true, false, true, false, true, false]);
  });
  it('reads and writes arguments of Execute', () => {
    for (const text of ['', '0', '1', '0,1', "0='x'", "2='a,b',3"])
      expect(encodeArguments(decodeArguments(text) ?? [{ digit: 9 }]), text).to.equal(text);
    for (const text of ['x', '10', ',', '0,', '0=x', "0='a b'", "0='a"])
      expect(decodeArguments(text), text).to.equal(undefined);
  });
  it('reads paths of one to four ids', () => {
    expect(['/', '/9/0/17/1', '/9/0/17/1/2', '9/0', '/9/', '/99999'].map(parsePath)).to.deep.equal([
      [],
      [9, 0, 17, 1],
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });
});
