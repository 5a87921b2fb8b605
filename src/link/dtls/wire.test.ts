import { expect } from 'chai';
import { printError } from '../../core/errors.ts';
import type { Ev } from '../../core/events.ts';
import type { ClientCredentials, ServerCredentials } from './credentials.ts';
import {
  Bench,
  IDENTITY,
  KEY,
  MINUTE,
  info,
  failure,
  received,
  ofType,
  reasons,
  psk,
  knows,
  chained,
  bareKeys,
  both,
  type Shown,
} from './portBench.ts';
import { SUITE_NAMES } from './suites.ts';

describe('dtls port', () => {
  let x509: Shown;
  let raw: Shown;

  before(async () => {
    x509 = await chained();
    raw = await bareKeys();
  });

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
});
