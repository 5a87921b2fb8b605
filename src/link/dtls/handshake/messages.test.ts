import { expect } from 'chai';
import { messageOf, TesterError } from '../../../core/errors.ts';
import { HandshakeError } from '../failure.ts';
import { readVectors } from '../vectors.ts';
import { readRecords } from '../record/record.ts';
import {
  certificateTypes,
  connectionId,
  extendedMasterSecret,
  pointFormats,
  renegotiationInfo,
  signatureAlgorithms,
  supportedGroups,
} from './extensions.ts';
import { fragment, packFlight, readFragments, Reassembler } from './fragments.ts';
import type { Body, ValueOf } from './body.ts';
import * as m from './messages.ts';

const bytes = (count: number, fill = 7): Buffer => Buffer.alloc(count, fill);
const thrown = (act: () => unknown): unknown => {
  try {
    act();
    return undefined;
  } catch (e) {
    return e;
  }
};

/** One example of every message, and the lengths at which a shorter one is a message as well. */
interface Example {
  readonly name: string;
  readonly shape: Body<unknown>;
  readonly value: unknown;
  readonly alsoAt?: number;
}
const example = <L extends Body<unknown>>(name: string, shape: L, value: ValueOf<L>, alsoAt?: number): Example => ({
  name,
  shape,
  value,
  ...(alsoAt === undefined ? {} : { alsoAt }),
});

const extensions = [connectionId.make({ cid: bytes(2) }), extendedMasterSecret.make({})];
const curve = m.curveOf(bytes(65));
const EXAMPLES: readonly Example[] = [
  example('HelloRequest', m.helloRequest, {}),
  example(
    'ClientHello',
    m.clientHello,
    {
      version: 0xfefd,
      random: bytes(32),
      sessionId: bytes(3),
      cookie: bytes(16),
      suites: [0xc0a8, 0xff],
      compressions: [0],
      extensions,
    },
    2 + 32 + 4 + 17 + 6 + 2,
  ),
  example(
    'ServerHello',
    m.serverHello,
    { version: 0xfefd, random: bytes(32), sessionId: bytes(32), suite: 0xc0a8, compression: 0, extensions },
    2 + 32 + 33 + 2 + 1,
  ),
  example('HelloVerifyRequest', m.helloVerifyRequest, { version: 0xfeff, cookie: bytes(16) }),
  example('Certificate, X.509', m.x509Certificate, { chain: [bytes(300), bytes(20)] }),
  example('Certificate, raw public key', m.rawCertificate, { publicKey: bytes(91) }),
  example('CertificateRequest', m.certificateRequest, { types: [64], algorithms: [0x0403], authorities: [bytes(9)] }),
  example('ServerHelloDone', m.serverHelloDone, {}),
  example('CertificateVerify', m.certificateVerify, { algorithm: 0x0403, signature: bytes(70) }),
  example('Finished', m.finished, { verifyData: bytes(12) }),
  example('ServerKeyExchange, psk', m.serverKeyExchange.psk, { hint: bytes(5) }),
  example('ServerKeyExchange, ecdhe_psk', m.serverKeyExchange.ecdhe_psk, { hint: bytes(0), curve }),
  example('ServerKeyExchange, ecdhe_ecdsa', m.serverKeyExchange.ecdhe_ecdsa, {
    curve,
    signed: { algorithm: 0x0403, signature: bytes(71) },
  }),
  example('ServerKeyExchange, ecdh_anon', m.serverKeyExchange.ecdh_anon, { curve }),
  example('ClientKeyExchange, psk', m.clientKeyExchange.psk, { identity: bytes(6) }),
  example('ClientKeyExchange, ecdhe_psk', m.clientKeyExchange.ecdhe_psk, { identity: bytes(16), point: bytes(65) }),
  example('ClientKeyExchange, ecdhe_ecdsa', m.clientKeyExchange.ecdhe_ecdsa, { point: bytes(65) }),
  example('ClientKeyExchange, ecdh_anon', m.clientKeyExchange.ecdh_anon, { point: bytes(65) }),
];

describe('dtls handshake messages', () => {
  for (const { name, shape, value, alsoAt } of EXAMPLES) {
    it(`${name}: what is written is read`, () => {
      expect(shape.decode(shape.encode(value))).to.deep.equal(value);
    });

    it(`${name}: every truncation and one octet more is a decode error that names the message`, () => {
      const whole = shape.encode(value);
      for (let length = 0; length <= whole.length + 1; length++) {
        if (length === whole.length || length === alsoAt) continue;
        const e = thrown(() => shape.decode(Buffer.concat([whole, bytes(1)]).subarray(0, length)));
        expect(e, `${length} octets`).to.be.instanceOf(HandshakeError);
        expect((e as HandshakeError).alert).to.equal(50);
        expect(messageOf(e)).to.contain(shape.name);
      }
    });
  }

  it('a hello that ends before the extension block has no extensions', () => {
    const whole = m.clientHello.encode({
      version: 0xfefd,
      random: bytes(32),
      sessionId: bytes(0),
      cookie: bytes(0),
      suites: [0xae],
      compressions: [0],
    });
    expect(m.clientHello.decode(whole)).not.to.have.property('extensions');
  });

  it('the recorded hellos of an OCF client are read and written octet for octet', () => {
    const v = readVectors('recorded-handshakes.yaml');
    for (const path of ['just_works_dtls.datagrams', 'owner_psk_dtls.datagrams']) {
      const [line = ''] = v.list(path);
      const [record] = readRecords(Buffer.from(line.slice(2), 'hex'), 0).records;
      const [found] = readFragments(record?.fragment ?? Buffer.alloc(0));
      const body = found?.data ?? Buffer.alloc(0);
      const hello = m.clientHello.decode(body);
      expect(supportedGroups.find(hello.extensions)).to.deep.equal({ groups: [23] });
      expect(pointFormats.find(hello.extensions)).to.deep.equal({ formats: [0] });
      expect(extendedMasterSecret.find(hello.extensions)).to.equal(undefined);
      expect(m.clientHello.encode(hello)).to.deep.equal(body);
    }
  });

  it('every truncation of every extension is a decode error', () => {
    const kinds = [
      { kind: supportedGroups, made: supportedGroups.make({ groups: [23] }) },
      { kind: pointFormats, made: pointFormats.make({ formats: [0] }) },
      { kind: signatureAlgorithms, made: signatureAlgorithms.make({ algorithms: [0x0403] }) },
      { kind: connectionId, made: connectionId.make({ cid: bytes(4) }) },
      { kind: renegotiationInfo, made: renegotiationInfo.make({ verifyData: bytes(0) }) },
      { kind: certificateTypes.ofClient.offer, made: certificateTypes.ofClient.offer.make({ types: [2, 0] }) },
      { kind: certificateTypes.ofServer.answer, made: certificateTypes.ofServer.answer.make({ type: 2 }) },
    ];
    for (const { kind, made } of kinds) {
      expect(kind.find([made])).not.to.equal(undefined);
      for (let length = 0; length < made.data.length; length++) {
        const e = thrown(() => kind.find([{ type: made.type, data: made.data.subarray(0, length) }]));
        expect(e, `extension ${made.type}, ${length} octets`).to.be.instanceOf(HandshakeError);
      }
      expect(messageOf(thrown(() => kind.find([made, made])))).to.contain('twice');
    }
  });

  it('a value that does not fit its field is a defect of the tester', () => {
    expect(thrown(() => m.finished.encode({ verifyData: bytes(11) }))).to.be.instanceOf(TesterError);
    expect(thrown(() => m.helloVerifyRequest.encode({ version: 1, cookie: bytes(256) }))).to.be.instanceOf(TesterError);
  });
});

describe('dtls fragments', () => {
  const whole = m.wholeMessage({
    type: 11,
    number: 3,
    body: Buffer.from(Array.from({ length: 1000 }, (_, n) => n & 255)),
  });
  const pieces = fragment(whole, 300);
  const feed = (parts: Reassembler, order: readonly Buffer[]): string[] =>
    order.flatMap((piece) => readFragments(piece).map((one) => parts.add(one)));

  it('a message larger than a datagram goes out in pieces that cover it', () => {
    expect(pieces.length).to.be.greaterThan(4);
    expect(pieces.every((piece) => piece.length <= 300 - 110)).to.equal(true);
    expect(fragment(whole, 1300)).to.deep.equal([whole]);
  });

  it('pieces in any order, repeated and overlapping make the message once', () => {
    const parts = new Reassembler(3);
    const overlap = m.writeFragment({
      type: 11,
      number: 3,
      length: 1000,
      offset: 100,
      data: whole.subarray(112, 512),
    });
    feed(parts, [...pieces].reverse().slice(0, -1));
    expect(parts.take()).to.equal(undefined);
    feed(parts, [overlap, overlap, pieces[0] ?? whole]);
    expect(m.wholeMessage(parts.take() ?? { type: 0, number: 0, body: Buffer.alloc(0) })).to.deep.equal(whole);
    expect(feed(parts, pieces.slice(0, 1))).to.deep.equal(['old']);
  });

  it('pieces that contradict each other, or lie outside, are refused with a reason', () => {
    const parts = new Reassembler(3);
    const bad = (change: Partial<m.Fragment>): string =>
      parts.add({ type: 11, length: 1000, number: 3, offset: 0, data: bytes(10), ...change });
    expect(bad({})).to.equal('new');
    expect(bad({ length: 999 })).to.contain('changed from');
    expect(bad({ type: 12 })).to.contain('changed from');
    expect(bad({ offset: 995 })).to.equal('fragment ends at 1005 of 1000 octets');
    expect(bad({ number: 19 })).to.equal('message number 19, expected 3');
    expect(bad({ number: 4, length: 70_000 })).to.contain('more than 65536');
  });

  it('every truncation of a fragment is a decode error', () => {
    const piece = pieces[0] ?? whole;
    for (let length = 0; length < piece.length; length++)
      expect(
        thrown(() => readFragments(piece.subarray(0, length))),
        `${length}`,
      ).to.be.instanceOf(HandshakeError);
  });

  it('a flight fills datagrams up to the limit and keeps the order', () => {
    const items = [1, 2, 3].map((n) => ({ content: 20, data: bytes(100, n), epoch: 0 as const }));
    const datagrams = packFlight(items, 250, (_content, data) => [data]);
    expect(datagrams.map((one) => [one.length, one[0], one.at(-1)])).to.deep.equal([
      [200, 1, 2],
      [100, 3, 3],
    ]);
  });
});
