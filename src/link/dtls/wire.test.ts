import { expect } from 'chai';
import { BenchError, printError } from '../../core/errors.ts';
import { type Ev, memorySink } from '../../core/events.ts';
import { below as upTo, seeded } from '../../core/random.ts';
import type { Impairments } from '../impair.ts';
import type { Wire } from '../wire.ts';
import { newAuthority, newRawKey } from './certificates.ts';
import type { ClientCredentials, OwnCertificate, ServerCredentials } from './credentials.ts';
import type { AssociationInfo } from './info.ts';
import type { DtlsOptions, DtlsWire } from './port.ts';
import { SUITE_NAMES, type SuiteName } from './suites.ts';
import { MemoryNet, type MemoryWire, VirtualClock } from './testbed.ts';
import { openDtls } from './wire.ts';

const IDENTITY = Buffer.from('00ff7ac3', 'hex');
const KEY = Buffer.from('5e5a3e5e5a3e', 'hex');
const MINUTE = 60_000;

/** Certificates of both kinds and both ends, made once. */
interface Shown {
  readonly client: OwnCertificate;
  readonly server: OwnCertificate;
  readonly trust: NonNullable<ClientCredentials['trust']>;
}

class Bench {
  readonly clock = new VirtualClock();
  readonly net = new MemoryNet(this.clock);
  readonly keyLog: string[] = [];
  private port = 5684;

  open(
    options: Partial<DtlsOptions> = {},
    impairments?: Impairments,
    through: (below: MemoryWire) => Wire = (below) => below,
  ): { dtls: DtlsWire; below: MemoryWire; events: readonly Ev[] } {
    const below = this.net.open(this.port++, impairments);
    const sink = memorySink(() => this.clock.now());
    const keyLog = (line: string): void => void this.keyLog.push(line);
    const dtls = openDtls({ wire: through(below), sink, channel: 'coap', clock: this.clock, keyLog, ...options });
    return { dtls, below, events: sink.events };
  }

  /** The handshake's outcome, virtual time passing as it needs. */
  async connect(from: DtlsWire, to: DtlsWire, credentials: ClientCredentials): Promise<AssociationInfo | BenchError> {
    const done = from.connect(to.local, credentials).catch((e: unknown) => {
      if (e instanceof BenchError) return e;
      throw e;
    });
    await this.clock.run(10 * MINUTE, done);
    return done;
  }
}

const info = (outcome: AssociationInfo | BenchError): AssociationInfo => {
  if (outcome instanceof BenchError) throw outcome;
  return outcome;
};
const failure = (outcome: AssociationInfo | BenchError): string => {
  if (!(outcome instanceof BenchError)) throw new Error('the handshake was not refused');
  return printError(outcome);
};
const received = (wire: DtlsWire): string[] => {
  const out: string[] = [];
  wire.onReceive((data) => out.push(data.toString('hex')));
  return out;
};
const ofType = (events: readonly Ev[], type: string): Ev[] => events.filter((e) => e.type === type);
const reasons = (events: readonly Ev[]): unknown[] => ofType(events, 'dtls.dropped').map((e) => e.data?.['reason']);

describe('dtls port', () => {
  const psk: ClientCredentials = { suites: ['TLS_PSK_WITH_AES_128_CCM_8'], psk: { identity: IDENTITY, key: KEY } };
  const knows: ServerCredentials = { psk: (identity) => (identity.equals(IDENTITY) ? KEY : undefined) };
  let x509: Shown;
  let raw: Shown;

  before(async () => {
    const root = await newAuthority({ name: 'bench root' });
    const middle = await root.intermediate({ name: 'bench issuer' });
    x509 = {
      client: await middle.issue({ name: 'tester' }),
      server: await root.issue({ name: 'device' }),
      trust: { roots: [root.certificate] },
    };
    const [client, server] = [await newRawKey(), await newRawKey()];
    raw = { client, server, trust: { keys: [client.key, server.key] } };
  });

  const both = (suite: SuiteName, shown: Shown): { client: ClientCredentials; server: ServerCredentials } => {
    const certificates = suite === 'TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8';
    const { trust } = shown;
    return {
      client: {
        suites: [suite],
        psk: { identity: IDENTITY, key: KEY },
        ...(certificates ? { certificate: shown.client, trust } : { trust }),
      },
      server: { ...knows, suites: [suite], certificate: shown.server, trust },
    };
  };

  describe('between our own ends', () => {
    for (const suite of SUITE_NAMES)
      for (const kind of suite === 'TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8'
        ? (['x509', 'raw'] as const)
        : (['x509'] as const))
        for (const extendedMasterSecret of [true, false])
          for (const connectionIdLength of [undefined, 0, 4]) {
            const cid = connectionIdLength === undefined ? {} : { connectionIdLength };
            it(`${suite}${kind === 'raw' ? ' with raw keys' : ''}, EMS ${extendedMasterSecret}, CID ${connectionIdLength ?? 'off'}: data both ways`, async () => {
              const bench = new Bench();
              const { client: theirs, server: ours } = both(suite, kind === 'raw' ? raw : x509);
              const a = bench.open({ extendedMasterSecret, ...cid });
              const b = bench.open({ server: ours, ...cid });
              const [atA, atB] = [received(a.dtls), received(b.dtls)];
              const outcome = info(await bench.connect(a.dtls, b.dtls, theirs));
              await a.dtls.send(Buffer.from('40017d34', 'hex'), b.dtls.local);
              await bench.clock.run(10);
              await b.dtls.send(Buffer.from('60457d34', 'hex'), a.dtls.local);
              await bench.clock.run(10);
              expect([atA, atB]).to.deep.equal([['60457d34'], ['40017d34']]);
              const peer = b.dtls.association(a.dtls.local);
              expect(outcome).to.include({ suite, extendedMasterSecret, role: 'client', repeats: 0 });
              expect(peer).to.include({ suite, extendedMasterSecret, role: 'server' });
              expect(outcome.connectionIds.own).to.have.length(connectionIdLength ?? 0);
              expect(outcome.connectionIds.own).to.deep.equal(peer?.connectionIds.peer);
              expect(outcome.exportKeyBlock()).to.deep.equal(peer?.exportKeyBlock());
              expect(new Set(bench.keyLog), 'key log lines of both ends agree').to.have.length(1);
              expect(peer?.peerCertificate?.kind).to.equal(suite.includes('ECDSA') ? kind : undefined);
              const type = (connectionIdLength ?? 0) > 0 ? 25 : 23;
              expect(a.below.sent.at(-1)?.[0], 'content type on the wire').to.equal(type);
            });
          }

    it('without cookies the handshake is two flights shorter', async () => {
      const sentBy = async (cookies: boolean): Promise<number> => {
        const bench = new Bench();
        const a = bench.open();
        const b = bench.open({ server: knows, cookies });
        info(await bench.connect(a.dtls, b.dtls, psk));
        return a.below.sent.length;
      };
      expect([await sentBy(true), await sentBy(false)]).to.deep.equal([3, 2]);
    });

    it('one end may know connection ids and the other not', async () => {
      for (const [mine, theirs] of [
        [4, undefined],
        [undefined, 4],
      ] as const) {
        const bench = new Bench();
        const length = (n: number | undefined): object => (n === undefined ? {} : { connectionIdLength: n });
        const a = bench.open(length(mine));
        const b = bench.open({ server: knows, ...length(theirs) });
        const atB = received(b.dtls);
        expect(info(await bench.connect(a.dtls, b.dtls, psk)).connectionIds.own).to.have.length(0);
        await a.dtls.send(Buffer.from([1]), b.dtls.local);
        await bench.clock.run(10);
        expect(atB).to.deep.equal(['01']);
      }
    });

    it('a small limit cuts certificates into fragments, and they come together again', async () => {
      const bench = new Bench();
      const { client, server } = both('TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8', x509);
      const a = bench.open({ mtu: 250 });
      const b = bench.open({ server, mtu: 250 });
      info(await bench.connect(a.dtls, b.dtls, client));
      expect(Math.max(...a.below.sent.map((one) => one.length))).to.be.at.most(250);
      expect(a.below.sent.length).to.be.greaterThan(6);
    });

    it('a server that wants no certificate from the client asks for none', async () => {
      const bench = new Bench();
      const a = bench.open();
      const b = bench.open({ server: { certificate: x509.server } });
      expect(info(await bench.connect(a.dtls, b.dtls, { trust: x509.trust })).suite).to.contain('ECDSA');
      expect(b.dtls.association(a.dtls.local)?.peerCertificate).to.equal(undefined);
    });

    it('a client may come without certificate where that is allowed', async () => {
      const bench = new Bench();
      const a = bench.open();
      const b = bench.open({ server: { certificate: x509.server, trust: x509.trust, certificateOptional: true } });
      info(await bench.connect(a.dtls, b.dtls, { trust: x509.trust }));
      expect(b.dtls.association(a.dtls.local)?.peerCertificate).to.equal(undefined);
    });

    it('the server chooses by its own liking among what the client offers', async () => {
      const bench = new Bench();
      const a = bench.open();
      const b = bench.open({
        server: { ...knows, suites: ['TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA256', 'TLS_PSK_WITH_AES_128_CCM_8'] },
      });
      const { psk: mine } = psk;
      const outcome = info(await bench.connect(a.dtls, b.dtls, mine === undefined ? {} : { psk: mine }));
      expect(outcome.suite).to.equal('TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA256');
    });
  });

  describe('what it records', () => {
    it('datagrams in clear, each with the protected one that carried it, and never a key', async () => {
      const bench = new Bench();
      const a = bench.open();
      const b = bench.open({ server: { ...knows, pskHint: Buffer.from('hint') } });
      info(await bench.connect(a.dtls, b.dtls, psk));
      await a.dtls.send(Buffer.from('40017d34', 'hex'), b.dtls.local, 9);
      await bench.clock.run(10);
      const clear = { channel: 'coap', type: 'datagram', raw: '40017d34' };
      expect(ofType(a.events, 'datagram')).to.have.length(1);
      expect(ofType(a.events, 'datagram')[0]).to.include({ ...clear, dir: 'out', via: 9 });
      expect(ofType(b.events, 'datagram')[0]).to.include({ ...clear, dir: 'in', via: 0 });
      expect(ofType(b.events, 'dtls.secure')[0]?.data).to.deep.include({
        peer: '127.0.0.1:5684',
        role: 'server',
        suite: 'TLS_PSK_WITH_AES_128_CCM_8',
        pskIdentity: IDENTITY.toString('hex'),
      });
      const everything = JSON.stringify([a.events, b.events]);
      const [, , master = ''] = (bench.keyLog[0] ?? '').split(' ');
      expect(master).to.have.length(96);
      for (const secret of [
        KEY.toString('hex'),
        master,
        info(await bench.connect(a.dtls, b.dtls, psk))
          .exportKeyBlock()
          .toString('hex')
          .slice(0, 32),
      ])
        expect(everything).not.to.contain(secret);
    });
  });

  describe('that is refused or not answered', () => {
    const refused = async (
      theirs: ClientCredentials,
      ours: ServerCredentials | undefined,
    ): Promise<{ told: string; events: readonly Ev[] }> => {
      const bench = new Bench();
      const a = bench.open();
      const b = bench.open(ours === undefined ? {} : { server: ours });
      const told = failure(await bench.connect(a.dtls, b.dtls, theirs));
      expect(a.dtls.association(b.dtls.local)).to.equal(undefined);
      expect(ofType(a.events, 'dtls.failed')).to.have.length(1);
      await bench.clock.run(2 * MINUTE);
      return { told, events: b.events };
    };

    for (const suite of ['TLS_PSK_WITH_AES_128_CCM_8', 'TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA256'] as const)
      it(`${suite}: a wrong key is no answer to Finished, and both ends say what it likely is`, async () => {
        const { told, events } = await refused(
          { suites: [suite], psk: { identity: IDENTITY, key: Buffer.from('wrong') } },
          knows,
        );
        expect(told).to.match(
          /^coaps 127\.0\.0\.1:5685: DTLS handshake as client: no answer to Finished; a wrong key is a likely cause \(after 60000 ms and \d+ repeats\)$/,
        );
        expect(told).not.to.contain(Buffer.from('wrong').toString('hex'));
        expect(ofType(events, 'dtls.failed')[0]?.data?.['message']).to.match(
          /Finished cannot be read \(\d+ records\); a wrong key is a likely cause/,
        );
      });

    it('nobody there: no answer to ClientHello', async () => {
      const bench = new Bench();
      const a = bench.open();
      const outcome = a.dtls
        .connect({ address: '127.0.0.1', port: 9 }, psk, { deadlineMs: 5000 })
        .catch((e: unknown) => printError(e));
      await bench.clock.run(MINUTE, outcome);
      expect(await outcome).to.contain(
        '127.0.0.1:9: DTLS handshake as client: no answer to ClientHello (after 5000 ms and 2 repeats)',
      );
    });

    it('a port that takes no clients drops their hellos and records why', async () => {
      const { told, events } = await refused(psk, undefined);
      expect(told).to.contain('no answer to ClientHello');
      expect(new Set(reasons(events))).to.deep.equal(new Set(['ClientHello, and no client may come in']));
    });

    const refusals: readonly {
      title: string;
      theirs: () => ClientCredentials;
      ours: () => ServerCredentials;
      client: RegExp;
      server: RegExp;
    }[] = [
      {
        title: 'an unknown identity',
        theirs: () => ({ ...psk, psk: { identity: Buffer.from('nobody'), key: KEY } }),
        ours: () => knows,
        client: /unknown_psk_identity \(115\); the device does not know this identity/,
        server: /no key is known for the identity "nobody"/,
      },
      {
        title: 'no suite in common',
        theirs: () => psk,
        ours: () => ({ ...knows, suites: ['TLS_PSK_WITH_AES_128_CBC_SHA256'] }),
        client: /handshake_failure \(40\)/,
        server:
          /no suite in common: the client offers 0xc0a8, 0x00ff; accepted here: TLS_PSK_WITH_AES_128_CBC_SHA256 \(0x00AE\)/,
      },
      {
        title: 'a client whose certificate is not trusted',
        theirs: () => ({ certificate: x509.client, trust: x509.trust }),
        ours: () => ({ certificate: x509.server, trust: { roots: [] } }),
        client: /unknown_ca \(48\); the device does not trust the issuer of our certificate/,
        server: /"CN=tester" is issued by "CN=bench issuer"|"CN=bench issuer" is issued by "CN=bench root"/,
      },
      {
        title: 'a server whose certificate is not trusted',
        theirs: () => ({ trust: { roots: [] } }),
        ours: () => ({ certificate: x509.server }),
        client: /"CN=device" is issued by "CN=bench root", which is neither trusted nor in the chain/,
        server: /the peer sent the alert unknown_ca \(48\)/,
      },
      {
        title: 'a client without the certificate asked for',
        theirs: () => ({ trust: x509.trust }),
        ours: () => ({ certificate: x509.server, trust: x509.trust }),
        client: /handshake_failure \(40\)/,
        server: /the client showed no certificate/,
      },
      {
        title: 'a raw key that is not listed',
        theirs: () => ({ certificate: raw.client, trust: raw.trust }),
        ours: () => ({ certificate: raw.server, trust: { keys: [] } }),
        client: /certificate_unknown \(46\)/,
        server: /is none of the 0 trusted ones/,
      },
    ];
    for (const { title, theirs, ours, client, server } of refusals)
      it(`${title}: both ends name it`, async () => {
        const { told, events } = await refused(theirs(), ours());
        expect(told).to.match(client);
        expect(ofType(events, 'dtls.failed')[0]?.data?.['message']).to.match(server);
      });

    it('sending where there is no association is a bench error', async () => {
      const { dtls } = new Bench().open();
      const sent = await dtls
        .send(Buffer.from([1]), { address: '127.0.0.1', port: 9 })
        .catch((e: unknown) => printError(e));
      expect(sent).to.equal('coaps 127.0.0.1:9: there is no DTLS association to send on');
    });

    it('a port that is closed during a handshake says so to who waits', async () => {
      const bench = new Bench();
      const { dtls } = bench.open();
      const outcome = dtls.connect({ address: '127.0.0.1', port: 9 }, psk).catch((e: unknown) => printError(e));
      await dtls.close();
      expect(await outcome).to.contain('closed during the handshake');
    });
  });

  describe('under loss', () => {
    const lossy = (seed: number): Impairments => ({ seed, in: { losePercent: 20 }, out: { losePercent: 20 } });

    for (const suite of ['TLS_PSK_WITH_AES_128_CCM_8', 'TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8'] as const)
      it(`20 handshakes with ${suite} at 20 % loss each way and a first timer of 50 ms all complete`, async () => {
        const bench = new Bench();
        const { client, server } = both(suite, x509);
        const timing = { firstTimerMs: 50 };
        const outcomes = Array.from({ length: 20 }, async (_, n) => {
          const a = bench.open({ timing }, lossy(n + 1));
          const b = bench.open({ timing, server });
          return a.dtls.connect(b.dtls.local, client);
        });
        const all = Promise.allSettled(outcomes);
        await bench.clock.run(2 * MINUTE, all);
        expect(
          (await all).filter((one) => one.status === 'rejected').map((one) => printError(one.reason)),
        ).to.deep.equal([]);
        expect(bench.clock.now(), 'ms until the last').to.be.lessThan(MINUTE);
        expect((await all).some((one) => one.status === 'fulfilled' && one.value.repeats > 0)).to.equal(true);
      });

    it('duplicates, delay and reordering do no harm', async () => {
      const bench = new Bench();
      const shake = {
        losePercent: 5,
        repeatPercent: 30,
        delayPercent: 30,
        delayMs: 40,
        reorderPercent: 30,
        reorderMs: 15,
      };
      const { client, server } = both('TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8', x509);
      for (let seed = 1; seed <= 20; seed++) {
        const a = bench.open({ mtu: 300 }, { seed, in: shake, out: shake });
        const b = bench.open({ mtu: 300, server });
        info(await bench.connect(a.dtls, b.dtls, client));
      }
    });

    it('the first timer is 1 s, every further wait twice as long, 60 s at most', async () => {
      const bench = new Bench();
      const a = bench.open();
      const at: number[] = [];
      const b = bench.net.open(7000);
      b.onReceive(() => at.push(bench.clock.now() - 1));
      const outcome = a.dtls.connect(b.local, psk, { deadlineMs: 4 * MINUTE }).catch(() => undefined);
      await bench.clock.run(5 * MINUTE, outcome);
      expect(at.map((ms) => ms / 1000)).to.deep.equal([0, 1, 3, 7, 15, 31, 63, 123, 183]);
    });

    it('every repeat has new record numbers and the old message numbers', async () => {
      const bench = new Bench();
      const a = bench.open();
      const outcome = a.dtls
        .connect({ address: '127.0.0.1', port: 9 }, psk, { deadlineMs: 2000 })
        .catch(() => undefined);
      await bench.clock.run(MINUTE, outcome);
      expect(a.below.sent.map((one) => [one.readUIntBE(5, 6), one.readUInt16BE(17)])).to.deep.equal([
        [0, 0],
        [1, 0],
      ]);
    });

    it('a lost last flight is sent again when the client says Finished again', async () => {
      const bench = new Bench();
      const a = bench.open();
      const b = bench.open({ server: knows, tamper: [{ record: 4, do: 'drop' }] });
      const outcome = info(await bench.connect(a.dtls, b.dtls, psk));
      expect(outcome.repeats).to.equal(1);
      expect(bench.clock.now()).to.be.within(1000, 1100);
    });
  });

  describe('under damage', () => {
    it('datagrams with changed octets never break a port: a handshake completes or ends with a bench error', async () => {
      const bench = new Bench();
      const { client, server } = both('TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8', x509);
      const outcomes = new Set<string>();
      for (let seed = 1; seed <= 150; seed++) {
        const random = seeded(seed);
        const spoil = (wire: MemoryWire): Wire => ({
          ...wire,
          send(data, to) {
            const out = Buffer.from(data);
            if (random() < 0.3) out[upTo(random, out.length)] = upTo(random, 256);
            return wire.send(random() < 0.05 ? out.subarray(0, upTo(random, out.length)) : out, to);
          },
        });
        const timing = { firstTimerMs: 50, deadlineMs: 2000 };
        const a = bench.open({ timing }, undefined, spoil);
        const b = bench.open({ timing, server }, undefined, spoil);
        const outcome = await bench.connect(a.dtls, b.dtls, client);
        outcomes.add(outcome instanceof BenchError ? 'error' : 'complete');
      }
      expect(outcomes).to.deep.equal(new Set(['error', 'complete']));
    });
  });

  describe('with a device that starts again', () => {
    it('runs the new handshake beside the old association and replaces it only when finished', async () => {
      const bench = new Bench();
      const b = bench.open({ server: knows });
      const a = bench.open();
      const atB = received(b.dtls);
      const first = info(await bench.connect(a.dtls, b.dtls, psk));
      // A hello from the same address that is never followed up changes nothing.
      a.dtls.tamper([
        { record: 3, do: 'drop' },
        { record: 4, do: 'drop' },
        { record: 5, do: 'drop' },
      ]);
      const second = a.dtls.connect(b.dtls.local, psk);
      await bench.clock.run(100);
      await a.dtls.send(Buffer.from([1]), b.dtls.local);
      await bench.clock.run(10);
      expect(atB, 'the old association works during the handshake').to.deep.equal(['01']);
      expect(ofType(b.events, 'dtls.replaced')).to.have.length(0);
      await bench.clock.run(MINUTE, second);
      const info2 = await second;
      expect(info2.exportKeyBlock()).not.to.deep.equal(first.exportKeyBlock());
      await bench.clock.run(100);
      expect(ofType(b.events, 'dtls.replaced')).to.have.length(1);
      await a.dtls.send(Buffer.from([2]), b.dtls.local);
      await bench.clock.run(10);
      expect(atB).to.deep.equal(['01', '02']);
    });

    it('a device that forgot everything comes back from the same port', async () => {
      const bench = new Bench();
      const b = bench.open({ server: knows });
      const a = bench.open();
      info(await bench.connect(a.dtls, b.dtls, psk));
      a.dtls.forget(b.dtls.local);
      expect(b.dtls.association(a.dtls.local)).not.to.equal(undefined);
      info(await bench.connect(a.dtls, b.dtls, psk));
      const atB = received(b.dtls);
      await a.dtls.send(Buffer.from([3]), b.dtls.local);
      await bench.clock.run(10);
      expect(atB).to.deep.equal(['03']);
    });

    it('an alert in clear ends no association', async () => {
      const bench = new Bench();
      const b = bench.open({ server: knows });
      const a = bench.open();
      info(await bench.connect(a.dtls, b.dtls, psk));
      await a.below.send(Buffer.from('15fefd00000000000000090002022f', 'hex'), b.dtls.local);
      await bench.clock.run(10);
      expect(ofType(b.events, 'dtls.alert')[0]?.data).to.deep.include({
        description: 'illegal_parameter (47)',
        protected: false,
      });
      expect(b.dtls.association(a.dtls.local)).not.to.equal(undefined);
    });
  });

  describe('with connection ids', () => {
    it('follows a device to another address, and answers it there', async () => {
      const bench = new Bench();
      const b = bench.open({ server: knows, connectionIdLength: 8 });
      const a = bench.open({ connectionIdLength: 1 });
      info(await bench.connect(a.dtls, b.dtls, psk));
      const [atA, atB] = [received(a.dtls), received(b.dtls)];
      a.below.moveTo(40_000);
      await a.dtls.send(Buffer.from([1]), b.dtls.local);
      await bench.clock.run(10);
      const moved = { address: '127.0.0.1', port: 40_000 };
      expect(ofType(b.events, 'dtls.moved')).to.have.length(1);
      await b.dtls.send(Buffer.from([2]), moved);
      await bench.clock.run(10);
      expect([atA, atB]).to.deep.equal([['02'], ['01']]);
    });

    it('an old record, played back from elsewhere, moves nothing', async () => {
      const bench = new Bench();
      const b = bench.open({ server: knows, connectionIdLength: 2 });
      const a = bench.open({ connectionIdLength: 2 });
      info(await bench.connect(a.dtls, b.dtls, psk));
      await a.dtls.send(Buffer.from([1]), b.dtls.local);
      await bench.clock.run(10);
      await bench.net.open(9999).send(a.below.sent.at(-1) ?? Buffer.alloc(0), b.dtls.local);
      await bench.clock.run(10);
      expect(reasons(b.events)).to.deep.equal(['repeated']);
      expect(ofType(b.events, 'dtls.moved')).to.have.length(0);
    });
  });

  describe('hooks for tests', () => {
    const pair = async (
      options: Partial<DtlsOptions> = {},
    ): Promise<{ bench: Bench; a: ReturnType<Bench['open']>; b: ReturnType<Bench['open']>; atB: string[] }> => {
      const bench = new Bench();
      const b = bench.open({ server: knows, ...options });
      const a = bench.open();
      info(await bench.connect(a.dtls, b.dtls, psk));
      return { bench, a, b, atB: received(b.dtls) };
    };

    it('bad records are dropped and recorded, and the association lives on', async () => {
      const { bench, a, b, atB } = await pair();
      a.dtls.tamper([
        { record: 1, do: 'corrupt' },
        { record: 2, do: 'replay' },
        { record: 3, do: 'version' },
        { record: 4, do: 'drop' },
      ]);
      for (let n = 1; n <= 5; n++) await a.dtls.send(Buffer.from([n]), b.dtls.local);
      await bench.clock.run(10);
      expect(atB).to.deep.equal(['02', '05']);
      expect(reasons(b.events)).to.deep.equal(['unreadable', 'repeated', 'offset 0: version 0xfe01']);
    });

    it('the replay window can be switched off', async () => {
      const { bench, a, b, atB } = await pair({ replayWindow: false });
      a.dtls.tamper([{ record: 1, do: 'replay' }]);
      await a.dtls.send(Buffer.from([1]), b.dtls.local);
      await bench.clock.run(10);
      expect(atB).to.deep.equal(['01', '01']);
    });

    it('close_notify ends both ends, a silent close only one', async () => {
      const { bench, a, b } = await pair();
      await a.dtls.disconnect(b.dtls.local);
      await bench.clock.run(10);
      expect([a.dtls.association(b.dtls.local), b.dtls.association(a.dtls.local)]).to.deep.equal([
        undefined,
        undefined,
      ]);
      const again = await pair();
      again.a.dtls.forget(again.b.dtls.local);
      await again.bench.clock.run(10);
      expect(again.b.dtls.association(again.a.dtls.local)).not.to.equal(undefined);
    });

    it('a fatal alert on demand ends the peer, which names it; a warning does not', async () => {
      const { bench, a, b } = await pair();
      const told: string[] = [];
      b.dtls.onFailure((e) => told.push(printError(e)));
      await a.dtls.alert(b.dtls.local, 'warning', 'user_canceled');
      await bench.clock.run(10);
      expect(told).to.deep.equal([]);
      await a.dtls.alert(b.dtls.local, 'fatal', 'access_denied');
      await bench.clock.run(10);
      expect(told).to.deep.equal([
        'coaps 127.0.0.1:5685: DTLS association as server: the peer sent the alert access_denied (49)',
      ]);
    });

    it('who may come in can be changed at any time', async () => {
      const { bench, a, b } = await pair();
      b.dtls.serve({ suites: ['TLS_ECDH_anon_WITH_AES_128_CBC_SHA256'] });
      expect(failure(await bench.connect(a.dtls, b.dtls, psk))).to.contain('handshake_failure (40)');
      const anonymous: ClientCredentials = { suites: ['TLS_ECDH_anon_WITH_AES_128_CBC_SHA256'] };
      expect(info(await bench.connect(a.dtls, b.dtls, anonymous)).exportKeyBlock()).to.have.length(96);
    });

    it('a datagram that is no DTLS is recorded with what it is', async () => {
      const { bench, a, b } = await pair();
      await a.below.send(Buffer.from('40017d34', 'hex'), b.dtls.local);
      await bench.clock.run(10);
      expect(reasons(b.events)).to.deep.equal(['offset 0: first octet 64 starts no record']);
    });
  });
});
