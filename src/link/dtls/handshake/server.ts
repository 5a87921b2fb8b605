import type { ECDH, KeyObject } from 'node:crypto';
import { checkTrust, encodeOwn, keyOf, type PeerCertificate, readPeer } from '../chain.ts';
import { type OwnCertificate, type ServerCredentials, serverSuites, trustedTypes, typeOf } from '../credentials.ts';
import { HandshakeError } from '../failure.ts';
import { keyBlock, masterSecret, pskPremaster, type Randoms, verifyData } from '../keys.ts';
import {
  CERTIFICATE_TYPE,
  ECDSA_SHA256,
  ECDSA_SIGN,
  HANDSHAKE,
  RENEGOTIATION_SCSV,
  SECP256R1,
  UNCOMPRESSED,
  VERSION,
} from '../numbers.ts';
import { printSuite, type SuiteName, SUITES, usesCurve, usesPsk } from '../suites.ts';
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
  renegotiationInfo,
  signatureAlgorithms,
  supportedGroups,
} from './extensions.ts';
import type { FlightItem } from './fragments.ts';
import * as m from './messages.ts';
import { checkOrder, type Step } from './order.ts';

/** What may come after what, seen from the server: RFC 5246 7.3. */
const MAY_FOLLOW: Partial<Readonly<Record<Step, readonly Step[]>>> = {
  ClientHello: ['Certificate', 'ClientKeyExchange'],
  Certificate: ['ClientKeyExchange'],
  ClientKeyExchange: ['CertificateVerify', 'Finished'],
  CertificateVerify: ['Finished'],
};

/** The key of a PSK identity, undefined where it is not known. */
export type PskLookup = (identity: Buffer) => Uint8Array | undefined;

/** What the hellos have settled, and the key pair of this handshake. */
interface Chosen {
  readonly suite: SuiteName;
  readonly extended: boolean;
  readonly pair: ECDH | undefined;
  readonly randoms: Randoms;
  readonly clientType: number;
  readonly asks: boolean;
}

/** The server's end of a full handshake, from a ClientHello whose cookie was checked (or is not asked for). */
export class ServerHandshake implements HandshakeMachine {
  readonly role = 'server';
  readonly clientRandom: Buffer;
  private readonly credentials: ServerCredentials;
  private readonly lookup: PskLookup;
  private readonly settings: HelloSettings;
  private readonly hello: m.ClientHello;
  private readonly talk: Conversation;
  private heard: Step = 'ClientHello';
  private chosen: Chosen | undefined;
  private cids: Cids = NO_CIDS;
  private peer: PeerCertificate | undefined;
  private proved = false;
  private negotiated: Negotiated | undefined;

  /** Throws a HandshakeError for a hello that cannot be read. */
  constructor(hello: m.Message, credentials: ServerCredentials, lookup: PskLookup, settings: HelloSettings) {
    this.hello = m.clientHello.decode(hello.body);
    this.clientRandom = this.hello.random;
    this.credentials = credentials;
    this.lookup = lookup;
    this.settings = settings;
    // The server goes on numbering where the HelloVerifyRequest, if there was one, left off (RFC 6347 4.2.2).
    this.talk = new Conversation(hello.number);
    this.talk.hear(hello);
  }

  /** Answers the hello. HandshakeError where version, suites or curves leave nothing in common. */
  start(): readonly Action[] {
    const { hello, settings } = this;
    // DTLS counts versions downwards: 0xfefd is 1.2, 0xfeff is 1.0.
    if (hello.version > VERSION.dtls12)
      throw new HandshakeError(
        'protocol_version',
        `ClientHello: expected DTLS 1.2 (0xfefd), received 0x${hello.version.toString(16)}`,
      );
    const suite = this.chooseSuite();
    const asks = SUITES[suite].keyExchange === 'ecdhe_ecdsa' && this.credentials.trust !== undefined;
    const chosen: Chosen = {
      suite,
      extended: settings.extendedMasterSecret && extendedMasterSecret.find(hello.extensions) !== undefined,
      randoms: { client: hello.random, server: settings.random(32) },
      pair: usesCurve(suite) ? newKeyPair(settings.random) : undefined,
      clientType: asks ? this.chooseClientType() : CERTIFICATE_TYPE.x509,
      asks,
    };
    this.chosen = chosen;
    const offeredCid = connectionId.find(hello.extensions)?.cid;
    if (settings.ownCid !== undefined && offeredCid !== undefined)
      this.cids = { inUse: true, own: settings.ownCid, peer: offeredCid };
    const flight = { items: this.firstFlight(chosen), final: false, repeatOn: HANDSHAKE.ClientHello };
    return [{ do: 'flight', flight }];
  }

  /** The best liked of the accepted suites that the client offers and that its extensions leave room for. */
  private chooseSuite(): SuiteName {
    const accepted = serverSuites(this.credentials);
    const suite = accepted.find((name) => this.hello.suites.includes(SUITES[name].code) && this.canServe(name));
    if (suite !== undefined) return suite;
    const offered = this.hello.suites.map((code) => `0x${code.toString(16).padStart(4, '0')}`);
    throw new HandshakeError(
      'handshake_failure',
      `no suite in common: the client offers ${offered.join(', ')}; accepted here: ${accepted.map(printSuite).join(', ')}`,
    );
  }

  /** Whether the client's extensions leave room for the suite: its curve, signature and certificate type. */
  private canServe(suite: SuiteName): boolean {
    const { extensions } = this.hello;
    const groups = supportedGroups.find(extensions)?.groups ?? [SECP256R1];
    if (usesCurve(suite) && !groups.includes(SECP256R1)) return false;
    if (SUITES[suite].keyExchange !== 'ecdhe_ecdsa') return true;
    const algorithms = signatureAlgorithms.find(extensions)?.algorithms ?? [ECDSA_SHA256];
    return algorithms.includes(ECDSA_SHA256) && this.shown !== undefined;
  }

  /**
   * What the client is shown: the certificate, or the public key in it alone where the client takes keys only (RFC 7250 4.2); undefined where there is
   * nothing that it takes.
   */
  private get shown(): OwnCertificate | undefined {
    const own = this.credentials.certificate;
    if (own === undefined) return undefined;
    const types = certificateTypes.ofServer.offer.find(this.hello.extensions)?.types ?? [CERTIFICATE_TYPE.x509];
    if (types.includes(typeOf(own))) return own;
    return types.includes(CERTIFICATE_TYPE.rawPublicKey) ? { kind: 'raw', key: own.key } : undefined;
  }

  /** The first certificate type of the client's list that is trusted here; X.509 where there is no list (RFC 7250 4.2). */
  private chooseClientType(): number {
    const offered = certificateTypes.ofClient.offer.find(this.hello.extensions)?.types ?? [CERTIFICATE_TYPE.x509];
    const trusted = trustedTypes(this.credentials.trust ?? {});
    return offered.find((type) => trusted.includes(type)) ?? CERTIFICATE_TYPE.x509;
  }

  /** ServerHello to ServerHelloDone, with what the suite needs in between. */
  private firstFlight(chosen: Chosen): readonly FlightItem[] {
    const { talk, shown: own } = this;
    const items = [talk.say('ServerHello', m.serverHello.encode(this.answer(chosen)))];
    if (SUITES[chosen.suite].keyExchange === 'ecdhe_ecdsa' && own !== undefined)
      items.push(talk.say('Certificate', encodeOwn(typeOf(own), own)));
    const exchange = this.keyExchange(chosen, own?.key);
    if (exchange !== undefined)
      items.push(talk.say('ServerKeyExchange', m.serverKeyExchange[SUITES[chosen.suite].keyExchange].encode(exchange)));
    if (chosen.asks)
      items.push(
        talk.say(
          'CertificateRequest',
          m.certificateRequest.encode({ types: [ECDSA_SIGN], algorithms: [ECDSA_SHA256], authorities: [] }),
        ),
      );
    items.push(talk.say('ServerHelloDone', Buffer.alloc(0)));
    return items;
  }

  /** The ServerHello. An extension is answered only where the client sent it (RFC 5246 7.4.1.4). */
  private answer(chosen: Chosen): m.ServerHello {
    const { hello, settings, cids, shown: own } = this;
    const { offer, answer } = certificateTypes.ofServer;
    const signs = SUITES[chosen.suite].keyExchange === 'ecdhe_ecdsa';
    const asksRenegotiation =
      hello.suites.includes(RENEGOTIATION_SCSV) || renegotiationInfo.find(hello.extensions) !== undefined;
    const answersFormats = usesCurve(chosen.suite) && pointFormats.find(hello.extensions) !== undefined;
    const extensions = [
      ...(settings.secureRenegotiation && asksRenegotiation
        ? [renegotiationInfo.make({ verifyData: Buffer.alloc(0) })]
        : []),
      ...(answersFormats ? [pointFormats.make({ formats: [UNCOMPRESSED] })] : []),
      ...(chosen.extended ? [extendedMasterSecret.make({})] : []),
      ...(chosen.asks && certificateTypes.ofClient.offer.find(hello.extensions) !== undefined
        ? [certificateTypes.ofClient.answer.make({ type: chosen.clientType })]
        : []),
      ...(signs && own !== undefined && offer.find(hello.extensions) !== undefined
        ? [answer.make({ type: typeOf(own) })]
        : []),
      ...(cids.inUse ? [connectionId.make({ cid: cids.own })] : []),
    ];
    return {
      version: VERSION.dtls12,
      random: chosen.randoms.server,
      sessionId: Buffer.alloc(0),
      suite: SUITES[chosen.suite].code,
      compression: 0,
      ...(extensions.length > 0 && { extensions }),
    };
  }

  /** Plain PSK without a hint needs no ServerKeyExchange at all (RFC 4279 2). */
  private keyExchange(chosen: Chosen, key: KeyObject | undefined): m.ServerKeyExchange | undefined {
    const { pskHint } = this.credentials;
    const { suite, pair, randoms } = chosen;
    if (pair === undefined) return pskHint === undefined ? undefined : { hint: Buffer.from(pskHint) };
    const curve = m.curveOf(pair.getPublicKey());
    if (usesPsk(suite)) return { hint: Buffer.from(pskHint ?? []), curve };
    if (SUITES[suite].keyExchange !== 'ecdhe_ecdsa' || key === undefined) return { curve };
    const covered = Buffer.concat([randoms.client, randoms.server, m.encodeCurve(curve)]);
    return { curve, signed: signWith(key, covered) };
  }

  handle(message: m.Message): readonly Action[] {
    const step = checkOrder(message.type, this.heard, MAY_FOLLOW);
    // Signatures and Finished cover the messages before them, so the transcript is kept as it was.
    const before = this.talk.bytes();
    this.talk.hear(message);
    this.heard = step;
    switch (step) {
      case 'Certificate':
        this.onCertificate(message.body);
        return [];
      case 'ClientKeyExchange':
        return this.onKeyExchange(message.body);
      case 'CertificateVerify':
        if (this.peer === undefined)
          throw new HandshakeError('unexpected_message', 'CertificateVerify came without a certificate');
        checkSignature(step, keyOf(this.peer), before, m.certificateVerify.decode(message.body));
        this.proved = true;
        return [];
      case 'Finished':
        return this.onFinished(m.finished.decode(message.body).verifyData, before);
      case 'ClientHello':
      case 'ServerHello':
      case 'HelloVerifyRequest':
      case 'ServerKeyExchange':
      case 'CertificateRequest':
      case 'ServerHelloDone':
        throw new HandshakeError('unexpected_message', `a client does not send ${step} here`);
    }
  }

  /** An empty one is taken note of here and judged at ClientKeyExchange. */
  private onCertificate(body: Buffer): void {
    const { asks, clientType } = this.agreed();
    if (!asks) throw new HandshakeError('unexpected_message', 'Certificate came without being asked for');
    this.peer = readPeer(clientType, body);
    if (this.peer !== undefined) checkTrust(this.peer, this.credentials.trust ?? {}, this.settings.today());
  }

  /** Keys are made as soon as the client's part is there, so that its Finished can be opened. */
  private onKeyExchange(body: Buffer): readonly Action[] {
    const { suite, asks, pair, randoms, extended } = this.agreed();
    if (asks && this.peer === undefined && this.credentials.certificateOptional !== true)
      throw new HandshakeError('handshake_failure', 'the client showed no certificate');
    const { identity, point } = m.clientKeyExchange[SUITES[suite].keyExchange].decode(body);
    const shared = pair === undefined ? undefined : sharedSecret(pair, point ?? Buffer.alloc(0));
    const premaster = usesPsk(suite)
      ? pskPremaster(this.keyOf(identity ?? Buffer.alloc(0)), shared)
      : (shared ?? Buffer.alloc(0));
    const master = masterSecret(premaster, randoms, extended ? this.talk.bytes() : undefined);
    const keys = keyBlock(SUITES[suite].cipher, master, randoms);
    const { pskHint } = this.credentials;
    this.negotiated = {
      suite,
      randoms,
      masterSecret: master,
      keys,
      extendedMasterSecret: extended,
      cids: this.cids,
      ...(identity === undefined ? {} : { pskIdentity: identity }),
      ...(pskHint === undefined ? {} : { pskHint: Buffer.from(pskHint) }),
      ...(this.peer === undefined ? {} : { peerCertificate: this.peer }),
    };
    return [{ do: 'keys', keys, cids: this.cids }];
  }

  /** RFC 4279 2 lets a server hide that it does not know an identity; a bench wants to hear it. */
  private keyOf(identity: Buffer): Uint8Array {
    const key = this.lookup(identity);
    if (key !== undefined) return key;
    throw new HandshakeError('unknown_psk_identity', `no key is known for the identity ${printIdentity(identity)}`);
  }

  /** The client's word that it saw the same handshake; ours follows at once. */
  private onFinished(received: Buffer, before: Buffer): readonly Action[] {
    const { negotiated } = this;
    if (negotiated === undefined) throw new HandshakeError('unexpected_message', 'Finished came before the keys');
    if (this.peer !== undefined && !this.proved)
      throw new HandshakeError('unexpected_message', 'Finished came without CertificateVerify');
    if (!verifyData(negotiated.masterSecret, 'client', before).equals(received))
      throw new HandshakeError(
        'decrypt_error',
        'the client saw other handshake messages than we did (Finished differs)',
      );
    const verify = verifyData(negotiated.masterSecret, 'server', this.talk.bytes());
    const items = [CHANGE_CIPHER_SPEC, this.talk.say('Finished', m.finished.encode({ verifyData: verify }), 1)];
    return [
      { do: 'flight', flight: { items, final: true, repeatOn: HANDSHAKE.Finished } },
      { do: 'done', negotiated },
    ];
  }

  private agreed(): Chosen {
    if (this.chosen === undefined)
      throw new HandshakeError('unexpected_message', `${this.heard} came before the hello`);
    return this.chosen;
  }

  missing(unreadable: number): string {
    if (this.negotiated === undefined) return `no ClientKeyExchange after ServerHelloDone`;
    const what =
      unreadable > 0 ? `Finished cannot be read (${unreadable} records)` : 'no Finished after ClientKeyExchange';
    return usesPsk(this.negotiated.suite) ? `${what}; ${WRONG_KEY}` : what;
  }
}

/** An identity as text where it is printable ASCII, as hex otherwise. */
export function printIdentity(identity: Buffer): string {
  const text = identity.toString('latin1');
  return /^[\x20-\x7e]+$/.test(text) ? JSON.stringify(text) : `0x${identity.toString('hex')}`;
}
