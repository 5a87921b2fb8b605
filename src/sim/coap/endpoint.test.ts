import { expect } from 'chai';
import type { Peer } from '../../link/wire.ts';
import { type BlockLimits, blockOf, blockOption, blockwise } from './blocks.ts';
import { Endpoint, type Handler, type LinkTiming, type MessageQuirks } from './endpoint.ts';
import { FakeWire, until } from './fake-wire.ts';
import { fetchBlocks } from './fetch.ts';
import { type Message, METHOD, OPTION, readMessage, uintOf, uriOptions, writeMessage } from './message.ts';
import { Observers } from './observe.ts';

const TESTER: Peer = { address: '127.0.0.1', port: 40_000 };
const QUICK: LinkTiming = { ackTimeoutMs: 10, maxRetransmit: 2, lifetimeMs: 10_000, promptMs: 10 };
const LIMITS: BlockLimits = { szx: 0, maxBody: 64 };

describe('simulated CoAP: endpoint', () => {
  let wire: FakeWire;
  let endpoint: Endpoint;
  let mid = 0;
  const open = (handler: Handler, timing = QUICK, quirks: MessageQuirks = {}): void => {
    wire = new FakeWire();
    endpoint = new Endpoint(wire, timing, handler, [], quirks);
  };
  const replies = (): Message[] =>
    wire.sent.map(({ data }) => {
      const message = readMessage(data);
      if ('malformed' in message) throw new Error(message.malformed);
      return message;
    });
  const message = (change: Partial<Message> = {}): Message => {
    mid += 1;
    const { type = 'CON', code = METHOD.get, token = Buffer.of(7), payload = Buffer.alloc(0) } = change;
    return { type, code, mid: change.mid ?? mid, token, options: change.options ?? uriOptions('/a'), payload };
  };
  const put = (m: Message): void => wire.arrive(writeMessage(m), TESTER);
  const ask = async (change: Partial<Message> = {}): Promise<Message> => {
    const before = wire.sent.length;
    put(message(change));
    await until('a reply', () => wire.sent.length > before);
    return replies()[before] as Message;
  };
  afterEach(() => endpoint.close());

  it('answers a confirmable request in its acknowledgement and a repetition with the same octets, handling it once', async () => {
    let handled = 0;
    open(() => ({ code: '2.05', payload: Buffer.of(++handled) }));
    const m = message();
    put(m);
    await until('the answer', () => wire.sent.length === 1);
    put(m);
    expect(wire.sent).to.have.length(2);
    expect(wire.sent[1]?.data).to.deep.equal(wire.sent[0]?.data);
    expect(replies()[0]).to.include({ type: 'ACK', code: '2.05', mid: m.mid });
    expect(handled).to.equal(1);
  });
  it('answers a non-confirmable request with one of its own, and a repetition not at all', async () => {
    open(() => ({ code: '2.05' }));
    const m = message({ type: 'NON' });
    put(m);
    await until('the answer', () => wire.sent.length === 1);
    put(m);
    expect(replies().map((r) => [r.type, r.code, r.token.toString('hex')])).to.deep.equal([['NON', '2.05', '07']]);
  });
  it('acknowledges a slow request first, and repeats the separate answer until it is acknowledged', async () => {
    open(() => new Promise((resolve) => setTimeout(() => resolve({ code: '2.05' }), 25)));
    put(message());
    await until('two copies of the answer', () => wire.sent.length >= 3);
    const [ack, first, second] = replies();
    expect([ack?.type, ack?.code, first?.type, first?.code]).to.deep.equal(['ACK', '0.00', 'CON', '2.05']);
    expect(second).to.deep.equal(first);
    put({ ...message({ type: 'ACK', code: '0.00', options: [], mid: first?.mid ?? 0 }), token: Buffer.alloc(0) });
    const settled = wire.sent.length;
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(wire.sent).to.have.length(settled);
  });
  it('resets a ping and a malformed confirmable message, and ignores a malformed non-confirmable one', () => {
    open(() => ({ code: '2.05' }));
    for (const hex of ['40000102', '40010304ff', '50010506ff']) wire.arrive(Buffer.from(hex, 'hex'), TESTER);
    expect(wire.sent.map(({ data }) => data.toString('hex'))).to.deep.equal(['70000102', '70000304']);
  });
  it('refuses an unknown critical option with 4.02', async () => {
    open(() => ({ code: '2.05' }));
    const reply = await ask({ options: [{ number: 65_001, value: Buffer.alloc(0) }] });
    expect(reply.code).to.equal('4.02');
  });
  it('says nothing to a group request that it has nothing to say to, nor to a confirmable one', async () => {
    open((request) => (request.multicast ? 'silence' : { code: '2.05' }));
    const group = new FakeWire();
    endpoint.listen(group);
    group.arrive(writeMessage(message({ type: 'NON' })), TESTER);
    group.arrive(Buffer.from('40000102', 'hex'), TESTER);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(wire.sent).to.deep.equal([]);
  });
  it('gives a request of its own up after the last repetition', async () => {
    open(() => 'silence');
    const outcome = await endpoint.request(TESTER, METHOD.get, uriOptions('/p'));
    expect(outcome).to.deep.equal({ ok: false, why: 'silence' });
    expect(wire.sent).to.have.length(3);
  });
  it('takes a separate response to a request of its own and acknowledges both copies', async () => {
    open(() => 'silence');
    const waiting = endpoint.request(TESTER, METHOD.get, uriOptions('/p'));
    const [request] = replies();
    if (request === undefined) throw new Error('no request');
    put({ ...request, type: 'ACK', code: '0.00', token: Buffer.alloc(0), options: [] });
    const response = message({ code: '2.05', token: request.token, options: [] });
    put(response);
    put(response);
    expect(await waiting).to.include({ ok: true });
    expect(
      replies()
        .slice(1)
        .map((r) => [r.type, r.mid]),
    ).to.deep.equal([
      ['ACK', response.mid],
      ['ACK', response.mid],
    ]);
  });
  it('forgets at a restart what it has answered', async () => {
    let handled = 0;
    open(() => ({ code: '2.05', payload: Buffer.of(++handled) }));
    const m = message();
    put(m);
    await until('an answer', () => wire.sent.length === 1);
    endpoint.restart();
    put(m);
    await until('an answer', () => wire.sent.length === 2);
    expect(handled).to.equal(2);
  });
  it('serves a repeated request anew where it keeps no cache for it', async () => {
    let handled = 0;
    const uncached = ({ code }: Message): boolean => code === METHOD.post;
    open(() => ({ code: '2.05', payload: Buffer.of(++handled) }), QUICK, { uncached });
    for (const code of [METHOD.post, METHOD.get]) {
      const m = message({ code });
      put(m);
      put(m);
    }
    await until('an answer to each but the repeated GET', () => wire.sent.length === 3);
    expect(handled).to.equal(3);
  });
  it('acknowledges non-confirmable requests and pings, and ignores critical options, where it is told to', async () => {
    open(() => ({ code: '2.05' }), QUICK, { acknowledgesNon: true, acknowledgesPing: true, takesAnyCritical: true });
    wire.arrive(Buffer.from('40000102', 'hex'), TESTER);
    const reply = await ask({ type: 'NON', options: [{ number: 65_001, value: Buffer.alloc(0) }] });
    expect(replies()[0]).to.include({ type: 'ACK', code: '0.00' });
    expect(reply).to.include({ type: 'ACK', code: '2.05' });
  });
  it('hears nothing while it sleeps, and still sends', async () => {
    open(() => ({ code: '2.05' }));
    endpoint.asleep = true;
    put(message());
    endpoint.unconfirmable(TESTER, { code: '2.05', token: Buffer.of(1), options: [], payload: Buffer.alloc(0) });
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(replies().map(({ type }) => type)).to.deep.equal(['NON']);
  });

  describe('blocks', () => {
    const body = Buffer.from('0123456789abcdefghijklmnopqrstuvwxyz');
    const block2 = (num: number, szx = 0) => [
      ...uriOptions('/a'),
      blockOption(OPTION.block2, { num, more: false, szx }),
    ];
    const block1 = (num: number, more: boolean) => [
      ...uriOptions('/a'),
      blockOption(OPTION.block1, { num, more, szx: 0 }),
    ];

    it('cuts a long answer into blocks with one ETag, the last without the more bit', async () => {
      open(blockwise(() => ({ code: '2.05', payload: body }), LIMITS));
      const blocks = [
        await ask(),
        await ask({ options: block2(1), token: Buffer.of(8) }),
        await ask({ options: block2(2) }),
      ];
      expect(blocks.map((b) => b.payload.toString()).join('')).to.equal(body.toString());
      expect(blocks.map((b) => blockOf(b, OPTION.block2)?.more)).to.deep.equal([true, true, false]);
      expect(new Set(blocks.map((b) => uintOf(b, OPTION.etag))).size).to.equal(1);
      expect(uintOf(blocks[0] as Message, OPTION.size2)).to.equal(36);
      expect((await ask({ options: block2(3) })).code).to.equal('4.00');
      expect((await ask({ options: block2(0, 7) })).code).to.equal('4.00');
    });
    it('answers a block number in the smaller size that it uses itself', async () => {
      open(blockwise(() => ({ code: '2.05', payload: body }), LIMITS));
      const reply = await ask({ options: block2(1, 1) });
      expect([blockOf(reply, OPTION.block2), reply.payload.toString()]).to.deep.equal([
        { num: 2, more: false, szx: 0 },
        'wxyz',
      ]);
    });
    it('puts a body together whatever the tokens, handles it once and echoes Block1', async () => {
      const seen: string[] = [];
      const handler: Handler = ({ message: m }) => {
        seen.push(m.payload.toString());
        return { code: '2.04', payload: body };
      };
      open(blockwise(handler, LIMITS));
      const send = (num: number, more: boolean) =>
        ask({
          code: METHOD.post,
          token: Buffer.of(num),
          options: block1(num, more),
          payload: body.subarray(num * 16, num * 16 + 16),
        });
      expect((await send(0, true)).code).to.equal('2.31');
      expect((await send(1, true)).code).to.equal('2.31');
      const last = await send(2, false);
      expect([last.code, blockOf(last, OPTION.block1), blockOf(last, OPTION.block2)?.more]).to.deep.equal([
        '2.04',
        { num: 2, more: false, szx: 0 },
        true,
      ]);
      expect((await ask({ code: METHOD.post, options: block2(1) })).payload.toString()).to.equal('ghijklmnopqrstuv');
      expect(seen).to.deep.equal([body.toString()]);
    });
    it('refuses a missing block with 4.08, too large a body with 4.13 and a block of the wrong size with 4.00', async () => {
      open(blockwise(() => ({ code: '2.04' }), LIMITS));
      const send = (num: number, length: number) =>
        ask({ code: METHOD.post, options: block1(num, true), payload: Buffer.alloc(length, 1) });
      expect((await send(1, 16)).code).to.equal('4.08');
      expect((await send(0, 15)).code).to.equal('4.00');
      for (let num = 0; num < 4; num++) expect((await send(num, 16)).code).to.equal('2.31');
      expect((await send(4, 16)).code).to.equal('4.13');
    });
    it('fetches from another endpoint block by block, and tells a changed resource and an error from the body', async () => {
      let served: Buffer = body;
      open(() => 'silence', { ...QUICK, ackTimeoutMs: 1000 });
      const far = new FakeWire();
      const server = new Endpoint(
        far,
        QUICK,
        blockwise(() => ({ code: '2.05', payload: served }), LIMITS),
      );
      const carry = (from: FakeWire, to: FakeWire): void => {
        from.send = (data) => {
          queueMicrotask(() => to.arrive(Buffer.from(data), TESTER));
          return Promise.resolve();
        };
      };
      carry(wire, far);
      carry(far, wire);
      const uri = uriOptions('/p');
      expect(await fetchBlocks(endpoint, TESTER, uri, { szx: 6, limitMs: 500 })).to.deep.equal({ ok: true, body });
      const first = await fetchBlocks(endpoint, TESTER, uri, { szx: 6, limitMs: 500, firstOnly: true });
      expect(first).to.deep.equal({ ok: true, body: body.subarray(0, 16) });
      const change = (): boolean => {
        served = Buffer.alloc(36, 'x');
        return true;
      };
      const changed = await fetchBlocks(endpoint, TESTER, uri, { szx: 6, limitMs: 500, goOn: change });
      expect(changed).to.include({ ok: false, why: 'the resource changed during the transfer' });
      server.close();
    });
  });

  describe('observers', () => {
    const observed = async (every: number, faults = {}): Promise<Observers> => {
      const handler: Handler = (request) => observers.register(request);
      open(handler);
      const observers = new Observers(
        endpoint,
        () => ({ code: '2.05', payload: Buffer.of(1) }),
        LIMITS,
        every,
        5,
        faults,
      );
      await ask({ token: Buffer.of(9) });
      return observers;
    };

    it('registers, numbers notifications upwards and sends every nth confirmably', async () => {
      const observers = await observed(2);
      for (let i = 0; i < 3; i++) {
        observers.notify();
        const last = replies().at(-1);
        if (last?.type === 'CON')
          put({ ...last, type: 'ACK', code: '0.00', token: Buffer.alloc(0), options: [], payload: Buffer.alloc(0) });
        await new Promise((resolve) => setImmediate(resolve));
      }
      expect(replies().map((r) => [r.type, uintOf(r, OPTION.observe), r.token.toString('hex')])).to.deep.equal([
        ['ACK', 5, '09'],
        ['NON', 6, '09'],
        ['CON', 7, '09'],
        ['NON', 8, '09'],
      ]);
    });
    it('ends at a reset of any recent notification', async () => {
      const observers = await observed(100);
      observers.notify();
      observers.notify();
      const older = replies()[1];
      put({ ...message(), type: 'RST', code: '0.00', mid: older?.mid ?? 0, token: Buffer.alloc(0), options: [] });
      expect(observers.count).to.equal(0);
    });
    it('replaces a confirmable notification that is still repeated, and ends when the last is never acknowledged', async () => {
      const observers = await observed(1);
      observers.notify();
      observers.notify();
      await until('the end of the observation', () => observers.count === 0);
      const numbers = replies().map((r) => uintOf(r, OPTION.observe));
      expect(numbers).to.deep.equal([5, 6, 7, 7, 7]);
    });
  });
});
