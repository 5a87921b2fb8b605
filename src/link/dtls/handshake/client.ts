import type { ECDH, KeyObject } from 'node:crypto';
import { checkTrust, encodeOwn, keyOf, type PeerCertificate, readPeer } from '../chain.ts';
import { type ClientCredentials, clientSuites, trustedTypes, typeOf } from '../credentials.ts';
import { HandshakeError } from '../failure.ts';
import { keyBlock, masterSecret, pskPremaster, type Randoms, verifyData } from '../keys.ts';
import {
  CERTIFICATE_TYPE,
  ECDSA_SHA256,
  ECDSA_SIGN,
  HANDSHAKE,
  printNumber,
  RENEGOTIATION_SCSV,
  SECP256R1,
  UNCOMPRESSED,
  VERSION,
} from '../numbers.ts';
import { type KeyExchange, printSuite, type SuiteName, suiteOf, SUITES, usesCurve, usesPsk } from '../suites.ts';
import {
  type Action,
  CHANGE_CIPHER_SPEC,
  type Cids,
  Conversation,
  type HandshakeMachine,
  type HelloSettings,
  type Negotiated,
  NO_CIDS,
  WRONG_KEY,
} from './conversation.ts';
import { checkSignature, newKeyPair, sharedSecret, signWith } from './curve.ts';
import {
  certificateTypes,
  connectionId,
  extendedMasterSecret,
  pointFormats,
  signatureAlgorithms,
  supportedGroups,
} from './extensions.ts';
import type { FlightItem } from './fragments.ts';
import * as m from './messages.ts';
import { checkOrder, type Step } from './order.ts';

/** What the server must and may send between its hello and ServerHelloDone: RFC 4279, RFC 5489, RFC 8422. */
const SERVER_SENDS: Readonly<Record<KeyExchange, { must: readonly Step[]; may: readonly Step[] }>> = {
  psk: { must: [], may: ['ServerKeyExchange'] },
  ecdhe_psk: { must: ['ServerKeyExchange'], may: [] },
  ecdhe_ecdsa: { must: ['Certificate', 'ServerKeyExchange'], may: ['CertificateRequest'] },
  ecdh_anon: { must: ['ServerKeyExchange'], may: [] },
};

/** What may come after what, seen from the client: RFC 5246 7.3, RFC 6347 4.2.4. */
const MAY_FOLLOW: Partial<Readonly<Record<Step, readonly Step[]>>> = {
  ClientHello: ['HelloVerifyRequest', 'ServerHello'],
  HelloVerifyRequest: ['HelloVerifyRequest', 'ServerHello'],
  ServerHello: ['Certificate', 'ServerKeyExchange', 'ServerHelloDone'],
  Certificate: ['ServerKeyExchange'],
  ServerKeyExchange: ['CertificateRequest', 'ServerHelloDone'],
  CertificateRequest: ['ServerHelloDone'],
  ServerHelloDone: ['Finished'],
};

/** A server that takes none of so many cookies takes none at all. */
const MOST_COOKIES = 4;

/** The client's end of a full handshake: RFC 5246 7.3 with the cookie exchange of RFC 6347 4.2.1. */
export class ClientHandshake implements HandshakeMachine {
  readonly role = 'client';
  readonly clientRandom: Buffer;
  private readonly settings: HelloSettings;
  private readonly credentials: ClientCredentials;
  private readonly offered: readonly SuiteName[];
  private readonly talk = new Conversation(0);
  private heard: Step = 'ClientHello';
  private readonly seen = new Set<Step>();
  private hello: m.ServerHello | undefined;
  private suite: SuiteName | undefined;
  private cids: Cids = NO_CIDS;
  private peer: PeerCertificate | undefined;
  private exchange: m.ServerKeyExchange = {};
  private certificateAsked = false;
  private cookies = 0;
  private negotiated: Negotiated | undefined;

  /** Throws a TesterError where a suite is named that the credentials do not serve. */
  constructor(credentials: ClientCredentials, settings: HelloSettings) {
    this.credentials = credentials;
    this.settings = settings;
    this.offered = clientSuites(credentials);
    this.clientRandom = settings.random(32);
  }

  start(): readonly Action[] {
    return [this.sendHello(Buffer.alloc(0))];
  }

  /** ClientHello, the second time with the cookie and otherwise the same (RFC 6347 4.2.1). */
  private sendHello(cookie: Buffer): Action {
    const body = m.clientHello.encode({
      version: VERSION.dtls12,
      random: this.clientRandom,
      sessionId: Buffer.alloc(0),
      cookie,
      suites: [
        ...this.offered.map((name) => SUITES[name].code),
        ...(this.settings.secureRenegotiation ? [RENEGOTIATION_SCSV] : []),
      ],
      compressions: [0],
      extensions: this.extensions(),
    });
    const items = [this.talk.say('ClientHello', body)];
    return { do: 'flight', flight: { items, final: false } };
  }

  /** Only what the suites offered need: a device with little room for its parser gets a short hello. */
  private extensions(): readonly m.Extension[] {
    const { trust, certificate } = this.credentials;
    const { ownCid } = this.settings;
    const curve = this.offered.some(usesCurve);
    const signs = this.offered.some((name) => SUITES[name].keyExchange === 'ecdhe_ecdsa');
    const wanted = signs && trust !== undefined ? trustedTypes(trust) : [];
    const asRaw = signs && certificate?.kind === 'raw';
    return [
      ...(curve ? [supportedGroups.make({ groups: [SECP256R1] })] : []),
      ...(curve ? [pointFormats.make({ formats: [UNCOMPRESSED] })] : []),
      ...(signs ? [signatureAlgorithms.make({ algorithms: [ECDSA_SHA256] })] : []),
      ...(asRaw ? [certificateTypes.ofClient.offer.make({ types: [CERTIFICATE_TYPE.rawPublicKey] })] : []),
      ...(wanted.includes(CERTIFICATE_TYPE.rawPublicKey)
        ? [certificateTypes.ofServer.offer.make({ types: wanted })]
        : []),
      ...(this.settings.extendedMasterSecret ? [extendedMasterSecret.make({})] : []),
      ...(ownCid === undefined ? [] : [connectionId.make({ cid: ownCid })]),
    ];
  }

  handle(message: m.Message): readonly Action[] {
    // Signatures and Finished cover the messages before them, so the transcript is kept as it was.
    const step = checkOrder(message.type, this.heard, MAY_FOLLOW);
    const before = this.talk.bytes();
    this.talk.hear(message);
    this.heard = step;
    this.seen.add(step);
    return this.take(step, message.body, before);
  }

  private take(step: Step, body: Buffer, before: Buffer): readonly Action[] {
    switch (step) {
      case 'HelloVerifyRequest':
        if (++this.cookies > MOST_COOKIES)
          throw new HandshakeError('unexpected_message', `the server asked for a cookie ${this.cookies} times`);
        this.talk.forget();
        return [this.sendHello(m.helloVerifyRequest.decode(body).cookie)];
      case 'ServerHello':
        this.onServerHello(m.serverHello.decode(body));
        return [];
      case 'Certificate':
        this.onCertificate(body);
        return [];
      case 'ServerKeyExchange':
        this.onKeyExchange(body);
        return [];
      case 'CertificateRequest': {
        const { types, algorithms } = m.certificateRequest.decode(body);
        this.certificateAsked = true;
        if (!types.includes(ECDSA_SIGN) || !algorithms.includes(ECDSA_SHA256))
          throw new HandshakeError('handshake_failure', 'CertificateRequest: the server takes no ECDSA with SHA-256');
        return [];
      }
      case 'ServerHelloDone':
        m.serverHelloDone.decode(body);
        return this.onDone();
      case 'Finished':
        return this.onFinished(m.finished.decode(body).verifyData, before);
      case 'ClientHello':
      case 'ClientKeyExchange':
      case 'CertificateVerify':
        throw new HandshakeError('unexpected_message', `a server does not send ${step}`);
    }
  }

  /** Takes the server's choice. Extensions that were not asked for are ignored: they change nothing here. */
  private onServerHello(hello: m.ServerHello): void {
    const suite = suiteOf(hello.suite);
    if (hello.version !== VERSION.dtls12)
      throw new HandshakeError(
        'protocol_version',
        `ServerHello: expected DTLS 1.2 (0xfefd), received 0x${hello.version.toString(16)}`,
      );
    if (suite === undefined || !this.offered.includes(suite))
      throw new HandshakeError('illegal_parameter', `ServerHello: suite 0x${hello.suite.toString(16)} was not offered`);
    if (hello.compression !== 0)
      throw new HandshakeError('illegal_parameter', `ServerHello: compression ${hello.compression} was not offered`);
    const { ownCid } = this.settings;
    const peerCid = ownCid === undefined ? undefined : connectionId.find(hello.extensions)?.cid;
    if (ownCid !== undefined && peerCid !== undefined) this.cids = { inUse: true, own: ownCid, peer: peerCid };
    this.hello = hello;
    this.suite = suite;
  }

  /** The type is X.509 unless the server says otherwise (RFC 7250 4.2). */
  private onCertificate(body: Buffer): void {
    const { hello } = this.agreed();
    const type = certificateTypes.ofServer.answer.find(hello.extensions)?.type ?? CERTIFICATE_TYPE.x509;
    const peer = readPeer(type, body);
    if (peer === undefined) throw new HandshakeError('bad_certificate', 'Certificate: the server showed none');
    checkTrust(peer, this.credentials.trust ?? {}, this.settings.today());
    this.peer = peer;
  }

  /** Keeps hint and point; the signature binds the point to both randoms (RFC 8422 5.4). */
  private onKeyExchange(body: Buffer): void {
    const { kx, randoms } = this.agreed();
    this.exchange = m.serverKeyExchange[kx].decode(body);
    const { curve, signed } = this.exchange;
    if (curve === undefined) return;
    m.checkCurve(curve);
    if (signed === undefined || this.peer === undefined) return;
    const covered = Buffer.concat([randoms.client, randoms.server, m.encodeCurve(curve)]);
    checkSignature('ServerKeyExchange', keyOf(this.peer), covered, signed);
  }

  /** The server has said all: keys are made, and the flight up to Finished goes out. */
  private onDone(): readonly Action[] {
    const { hello, suite, kx, randoms } = this.agreed();
    this.checkServerFlight(kx);
    const pair = usesCurve(suite) ? newKeyPair(this.settings.random) : undefined;
    const items: FlightItem[] = [];
    const shows = this.certificateAsked ? this.showCertificate() : undefined;
    if (shows !== undefined) items.push(shows.item);
    const { psk } = this.credentials;
    const keyExchange = m.clientKeyExchange[kx].encode({
      ...(usesPsk(suite) ? { identity: Buffer.from(psk?.identity ?? []) } : {}),
      ...(pair === undefined ? {} : { point: pair.getPublicKey() }),
    });
    items.push(this.talk.say('ClientKeyExchange', keyExchange));
    // The extended master secret covers everything up to here, ClientKeyExchange included (RFC 7627 3).
    const extended = this.settings.extendedMasterSecret && extendedMasterSecret.find(hello.extensions) !== undefined;
    const master = masterSecret(this.premaster(suite, pair), randoms, extended ? this.talk.bytes() : undefined);
    // The signature covers everything up to here, our own Certificate and ClientKeyExchange included (RFC 5246 7.4.8).
    if (shows?.key !== undefined)
      items.push(
        this.talk.say('CertificateVerify', m.certificateVerify.encode(signWith(shows.key, this.talk.bytes()))),
      );
    const keys = keyBlock(SUITES[suite].cipher, master, randoms);
    const verify = verifyData(master, 'client', this.talk.bytes());
    items.push(CHANGE_CIPHER_SPEC, this.talk.say('Finished', m.finished.encode({ verifyData: verify }), 1));
    this.negotiated = {
      suite,
      randoms,
      masterSecret: master,
      keys,
      extendedMasterSecret: extended,
      cids: this.cids,
      ...(usesPsk(suite) && psk !== undefined ? { pskIdentity: Buffer.from(psk.identity) } : {}),
      ...(this.exchange.hint === undefined ? {} : { pskHint: this.exchange.hint }),
      ...(this.peer === undefined ? {} : { peerCertificate: this.peer }),
    };
    return [
      { do: 'keys', keys, cids: this.cids },
      { do: 'flight', flight: { items, final: false, repeatOn: HANDSHAKE.ServerHelloDone } },
    ];
  }

  /** HandshakeError where the suite's messages are not all there, or others are. */
  private checkServerFlight(kx: KeyExchange): void {
    const { must, may } = SERVER_SENDS[kx];
    const sent = ['Certificate', 'ServerKeyExchange', 'CertificateRequest'] as const;
    for (const step of sent) {
      if (must.includes(step) && !this.seen.has(step))
        throw new HandshakeError('unexpected_message', `ServerHelloDone came without ${step}`);
      if (!must.includes(step) && !may.includes(step) && this.seen.has(step))
        throw new HandshakeError('unexpected_message', `${step} does not belong to the suite`);
    }
  }

  /** Key and shared point as the suite mixes them. */
  private premaster(suite: SuiteName, pair: ECDH | undefined): Buffer {
    const point = this.exchange.curve?.point ?? Buffer.alloc(0);
    const shared = pair === undefined ? undefined : sharedSecret(pair, point);
    if (usesPsk(suite)) return pskPremaster(this.credentials.psk?.key ?? Buffer.alloc(0), shared);
    return shared ?? Buffer.alloc(0);
  }

  /** The Certificate message asked for: empty where we have none of the type, and then nothing is signed. */
  private showCertificate(): { item: FlightItem; key?: KeyObject } {
    const { hello } = this.agreed();
    const own = this.credentials.certificate;
    const type = certificateTypes.ofClient.answer.find(hello.extensions)?.type ?? CERTIFICATE_TYPE.x509;
    const fits = own !== undefined && typeOf(own) === type;
    const item = this.talk.say('Certificate', encodeOwn(type, fits ? own : undefined));
    return fits ? { item, key: own.key } : { item };
  }

  /** The server's word that it saw the same handshake, our Finished included. */
  private onFinished(received: Buffer, before: Buffer): readonly Action[] {
    const { negotiated } = this;
    if (negotiated === undefined) throw new HandshakeError('unexpected_message', 'Finished came before the keys');
    const expected = verifyData(negotiated.masterSecret, 'server', before);
    if (!expected.equals(received))
      throw new HandshakeError(
        'decrypt_error',
        'the server saw other handshake messages than we did (Finished differs)',
      );
    return [{ do: 'done', negotiated }];
  }

  /** What the hellos have settled; only after ServerHello. */
  private agreed(): { hello: m.ServerHello; suite: SuiteName; kx: KeyExchange; randoms: Randoms } {
    const { hello, suite } = this;
    if (hello === undefined || suite === undefined)
      throw new HandshakeError('unexpected_message', `no ServerHello before ${this.heard}`);
    const randoms = { client: this.clientRandom, server: hello.random };
    return { hello, suite, kx: SUITES[suite].keyExchange, randoms };
  }

  missing(unreadable: number): string {
    switch (this.heard) {
      case 'ClientHello':
        return 'no answer to ClientHello';
      case 'HelloVerifyRequest':
        return 'no answer to the ClientHello that holds the cookie';
      case 'ServerHelloDone': {
        const what = unreadable > 0 ? `Finished cannot be read (${unreadable} records)` : 'no answer to Finished';
        return this.suite !== undefined && usesPsk(this.suite) ? `${what}; ${WRONG_KEY}` : what;
      }
      case 'ServerHello':
      case 'Certificate':
      case 'ServerKeyExchange':
      case 'CertificateRequest':
      case 'ClientKeyExchange':
      case 'CertificateVerify':
      case 'Finished': {
        const suite = this.suite === undefined ? '' : ` (${printSuite(this.suite)})`;
        return `the server's flight ended after ${printNumber(HANDSHAKE, HANDSHAKE[this.heard])}${suite}`;
      }
    }
  }
}
