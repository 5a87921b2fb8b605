import { expect } from 'chai';
import { BenchError, printError } from '../core/errors.ts';
import { memorySink } from '../core/events.ts';
import { needTool } from '../core/testing/need.ts';
import { multicastOnLoopback } from './testing/multicast.ts';
import { openUdp, resolvePeer, type UdpWire } from './udp.ts';
import { parsePeer, printPeer } from './wire.ts';

describe('udp wire', () => {
  const opened: UdpWire[] = [];
  const open = async (sink = memorySink(), host = '127.0.0.1', port = 0): Promise<UdpWire> => {
    const wire = await openUdp({ host, port, sink, channel: 'coap' });
    opened.push(wire);
    return wire;
  };
  const next = (wire: UdpWire): Promise<Buffer> =>
    new Promise((resolve) => {
      const stop = wire.onReceive((data) => {
        stop();
        resolve(data);
      });
    });
  const thrown = async (act: Promise<unknown>): Promise<unknown> =>
    act.then(
      () => undefined,
      (e: unknown) => e,
    );

  afterEach(async () => {
    for (const wire of opened.splice(0)) await wire.close();
  });

  for (const host of ['127.0.0.1', '::1'])
    it(`carries and records datagrams both ways on ${host}`, async function () {
      const sink = memorySink();
      const opening = open(sink, host);
      const a =
        host === '::1' ? needTool(this, 'the address ::1', await opening.catch(() => undefined)) : await opening;
      const b = await open(memorySink(), host);
      const there = next(b);
      await a.send(Buffer.from('40017d34', 'hex'), b.local, 17);
      expect((await there).toString('hex')).to.equal('40017d34');
      const back = next(a);
      await b.send(Buffer.from([]), a.local);
      expect(await back).to.have.length(0);
      const ends = { local: printPeer(a.local), peer: printPeer(b.local) };
      expect(sink.events.map(({ n: _n, ms: _ms, ...rest }) => rest)).to.deep.equal([
        { channel: 'coap', type: 'datagram', dir: 'out', raw: '40017d34', via: 17, data: ends },
        { channel: 'coap', type: 'datagram', dir: 'in', raw: '', data: ends },
      ]);
    });

  it('records what the impairment swallows, in both directions', async () => {
    const sink = memorySink();
    const a = await open(sink);
    const b = await open();
    a.impair({ seed: 1, out: { losePercent: 100 } });
    await a.send(Buffer.from('lost'), b.local);
    a.impair({ seed: 1, in: { losePercent: 100 } });
    await b.send(Buffer.from('lost'), a.local);
    while (sink.events.length < 2) await new Promise((resolve) => setImmediate(resolve));
    expect(sink.events.map((e) => [e.type, e.dir])).to.deep.equal([
      ['datagram.lost', 'out'],
      ['datagram.lost', 'in'],
    ]);
  });

  it('repeats, and lets later datagrams overtake one that is held back', async () => {
    const a = await open();
    const b = await open();
    const seen: string[] = [];
    b.onReceive((data) => seen.push(data.toString()));
    a.impair({ seed: 1, out: { reorderPercent: 100, reorderMs: 30 } });
    await a.send(Buffer.from('first'), b.local);
    a.impair({ seed: 1, out: { repeatPercent: 100 } });
    await a.send(Buffer.from('second'), b.local);
    while (seen.length < 3) await new Promise((resolve) => setImmediate(resolve));
    expect(seen).to.deep.equal(['second', 'second', 'first']);
  });

  it('names the port that is taken', async () => {
    const a = await open();
    const e = await thrown(open(memorySink(), '127.0.0.1', a.local.port));
    expect(e).to.be.instanceOf(BenchError);
    expect(printError(e)).to.equal(
      `udp 127.0.0.1:${a.local.port}: cannot open: the port is taken by another program (EADDRINUSE)`,
    );
  });

  it('names an address that this computer does not have', async () => {
    expect(printError(await thrown(open(memorySink(), '192.0.2.1')))).to.match(
      /^udp 192\.0\.2\.1:0: .*does not have that address/,
    );
  });

  it('names the datagram that is too large and records that the link refused it', async () => {
    const sink = memorySink();
    const a = await open(sink);
    const e = await thrown(a.send(Buffer.alloc(70_000), a.local));
    expect(e).to.be.instanceOf(BenchError);
    expect(printError(e)).to.contain('cannot send 70000 octets').and.contain('too large');
    expect(sink.events.at(-1)?.type).to.equal('link.error');
    expect(sink.events.at(-1)?.via).to.equal(0);
  });

  it('refuses to send once closed, also what was still held back', async () => {
    const sink = memorySink();
    const a = await open(sink);
    a.impair({ seed: 1, out: { reorderPercent: 100, reorderMs: 5 } });
    await a.send(Buffer.from('held'), a.local);
    await a.close();
    a.impair(undefined);
    expect(printError(await thrown(a.send(Buffer.from('x'), a.local)))).to.contain('the port is closed');
    expect(sink.events).to.deep.equal([]);
  });

  it('receives what is sent to a group it joined', async function () {
    needTool(this, 'multicast on the loopback interface', (await multicastOnLoopback()) || undefined);
    const a = await open(memorySink(), '0.0.0.0');
    const b = await open();
    const there = next(a);
    a.join('224.0.1.187', '127.0.0.1');
    b.multicastFrom('127.0.0.1');
    await b.send(Buffer.from('all'), { address: '224.0.1.187', port: a.local.port });
    expect((await there).toString()).to.equal('all');
  });

  it('names the group and the interface that cannot be used', async () => {
    const a = await open();
    expect(() => a.join('10.0.0.1')).to.throw(BenchError, /cannot join 10\.0\.0\.1/);
    expect(() => a.multicastFrom('192.0.2.1')).to.throw(BenchError, /cannot send multicast by 192\.0\.2\.1/);
  });

  it('resolves host names and reports those it cannot', async () => {
    expect(await resolvePeer('127.0.0.1', 5683)).to.deep.equal({ address: '127.0.0.1', port: 5683 });
    expect(printError(await thrown(resolvePeer('nobody.invalid', 5683)))).to.match(/^nobody\.invalid: host name/);
  });

  it('reads back the printed form of a peer', () => {
    for (const peer of [
      { address: '10.0.0.7', port: 5683 },
      { address: 'fe80::1%eth0', port: 61616 },
    ])
      expect(parsePeer(printPeer(peer))).to.deep.equal(peer);
    for (const text of ['', '10.0.0.7', '[::1]', 17]) expect(parsePeer(text)).to.equal(undefined);
  });
});
