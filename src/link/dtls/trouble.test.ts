import { expect } from 'chai';
import { BenchError, printError } from '../../core/errors.ts';
import { below as upTo, seeded } from '../../core/random.ts';
import type { Impairments } from '../impair.ts';
import type { Wire } from '../wire.ts';
import type { DtlsOptions } from './port.ts';
import type { ClientCredentials } from './credentials.ts';
import {
  Bench,
  MINUTE,
  info,
  failure,
  received,
  ofType,
  reasons,
  psk,
  knows,
  chained,
  both,
  type Shown,
} from './portBench.ts';
import type { MemoryWire } from './testbed.ts';

describe('dtls port in trouble', () => {
  let x509: Shown;

  before(async () => {
    x509 = await chained();
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
