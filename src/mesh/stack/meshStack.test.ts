import { expect } from 'chai';
import { BenchError } from '../../core/errors.ts';
import { rawOf } from '../../core/events.ts';
import { printAccess, valueOf } from '../codec/access.ts';
import { beaconKeysOf, encodeSecureBeacon } from '../codec/beacons.ts';
import { encodeMessage } from '../codec/message.ts';
import {
  blobChunkTransfer,
  blobInformationGet,
  blobInformationStatus,
  blobTransferGet,
  blobTransferStatus,
} from '../codec/messages/blob.ts';
import { NetworkCipher } from '../codec/network.ts';
import { k2 } from '../codec/keys.ts';
import { encodeProxyConfiguration, proxyConfiguration } from '../codec/proxy.ts';
import { hex } from '../vectors/load.ts';
import { type Fate, lossy } from './bearerPair.ts';
import { benchNetwork, type BenchSide, meshBench } from '../testBench.ts';
import { awaitMessage, request, setFilter } from './exchange.ts';
import type { Received } from './meshStack.ts';

const { netKey: NET } = benchNetwork;
const LABEL = hex('0073e7e4d8b9440faf8415df4c56c0e1');
const INFORMATION = {
  minBlockSizeLog: 6,
  maxBlockSizeLog: 12,
  maxChunks: 256,
  maxChunkSize: 377,
  maxBlobSize: 1000,
  mtu: 380,
  push: 1,
  pull: 1,
};

function hearing(side: BenchSide) {
  const received: Received[] = [];
  side.stack.onReceive((message) => received.push(message));
  return { ...side, received };
}

function pair(fate?: (pdu: Buffer) => Fate) {
  const { tester, node, timers, turn, bearers } = meshBench(fate);
  const [left, right] = bearers;
  return { a: hearing(tester), b: hearing(node), timers, turn, left, right };
}

const chunk = (size: number): Buffer => encodeMessage(blobChunkTransfer, { chunk: 1, data: Buffer.alloc(size, 7) });
const APP_0 = { app: 0 };

describe('mesh stack: two nodes on one bearer', () => {
  it('carries an unsegmented message and records access and network PDUs', async () => {
    const { a, b, turn } = pair();
    expect(await turn(a.stack.sendAccess(chunk(8), { to: 0x0201, key: APP_0 }))).to.deep.equal({ kind: 'sent' });
    expect(b.received.map((r) => printAccess(r.pdu))).to.deep.equal([
      'BLOB Chunk Transfer: chunk=1, data=[0707070707070707]',
    ]);
    const [access, network] = a.sink.events;
    expect(access).to.include({ type: 'mesh.access', dir: 'out' });
    expect(network).to.include({ type: 'mesh.network', dir: 'out', via: access?.n });
    const [heard, opened] = b.sink.events;
    expect(heard).to.include({ type: 'mesh.network', dir: 'in', raw: network?.raw });
    expect(opened).to.include({ type: 'mesh.access', dir: 'in', via: heard?.n, raw: access?.raw });
    expect(opened?.data).to.deep.equal({ src: 1, dst: 0x0201, ttl: 5, seq: 0, key: 'app:0', segments: 1 });
  });

  for (const size of [9, 17, 65, 200, 377]) {
    it(`carries a chunk of ${size} octets in segments and learns of its delivery`, async () => {
      const { a, b, turn } = pair();
      expect(await turn(a.stack.sendAccess(chunk(size), { to: 0x0202, key: APP_0, from: 3 }))).to.deep.equal({
        kind: 'delivered',
      });
      expect(b.received.map((r) => [r.src, r.dst, r.pdu.length])).to.deep.equal([[3, 0x0202, size + 3]]);
    });
  }

  it('carries 64-bit checks, device keys, groups and virtual addresses', async () => {
    const { a, b, turn } = pair();
    const virtual = b.stack.options.keys.addLabel(LABEL);
    b.stack.subscribe(virtual);
    b.stack.subscribe(0xc000);
    await turn(a.stack.sendAccess(chunk(8), { to: 0x0201, key: { dev: 0x0201 }, longMic: true }));
    await turn(a.stack.sendAccess(chunk(40), { to: 0xc000, key: APP_0 }));
    await turn(a.stack.sendAccess(chunk(8), { to: LABEL, key: APP_0 }));
    await turn(a.stack.sendAccess(chunk(8), { to: 0xc001, key: APP_0 }));
    expect(b.received.map((r) => [r.dst, r.key, r.pdu.length])).to.deep.equal([
      [0x0201, { dev: 0x0201 }, 11],
      [0xc000, APP_0, 43],
      [virtual, APP_0, 11],
    ]);
  });

  it('delivers every segmented message exactly once at 10 % loss and 5 % duplicates each way', async () => {
    const { a, b, turn } = pair(lossy(7, 0.1, 0.05));
    for (let i = 0; i < 40; i++) {
      expect((await turn(a.stack.sendAccess(chunk(100 + i), { to: 0x0201, key: APP_0 }))).kind).to.equal('delivered');
      expect((await turn(b.stack.sendAccess(chunk(50 + i), { to: 1, key: APP_0 }))).kind).to.equal('delivered');
    }
    expect(b.received.map((r) => r.pdu.length)).to.deep.equal(Array.from({ length: 40 }, (_, i) => 103 + i));
    expect(a.received.map((r) => r.pdu.length)).to.deep.equal(Array.from({ length: 40 }, (_, i) => 53 + i));
  });

  it('ignores a network PDU that was seen before (3.9.8)', async () => {
    const { a, b, turn } = pair(() => 'repeat');
    await turn(a.stack.sendAccess(chunk(8), { to: 0x0201, key: APP_0 }));
    await turn(a.stack.sendAccess(chunk(100), { to: 0x0201, key: APP_0 }));
    expect(b.received.length).to.equal(2);
  });

  it('ignores a segmented message that is played back later', async () => {
    const { a, b, turn, left } = pair();
    await turn(a.stack.sendAccess(chunk(100), { to: 0x0201, key: APP_0 }));
    const first = a.sink.events.filter((e) => e.type === 'mesh.network' && e.dir === 'out');
    for (let i = 0; i < 10; i++) await turn(a.stack.sendAccess(chunk(20), { to: 0x0201, key: APP_0 }));
    for (const event of first) await turn(left.send(Buffer.concat([Buffer.of(0), rawOf(event)])));
    expect(b.received.length).to.equal(11);
  });

  it('several segmented messages at once reach their elements', async () => {
    const { a, b, turn } = pair();
    const sent = [1, 2, 3].flatMap((from) =>
      [20, 30].map((size) => a.stack.sendAccess(chunk(size), { to: 0x0201, from, key: APP_0 })),
    );
    expect(await turn(Promise.all(sent))).to.deep.equal(sent.map(() => ({ kind: 'delivered' })));
    const heard = b.received.map((r) => `${r.src}: ${r.pdu.length}`);
    expect(heard).to.have.members(['1: 23', '1: 33', '2: 23', '2: 33', '3: 23', '3: 33']);
  });

  it('tells of a receiver that never acknowledges', async () => {
    const { a, turn } = pair(() => 'lose');
    const delivery = await turn(a.stack.sendAccess(chunk(100), { to: 0x0201, key: APP_0 }));
    expect(delivery).to.deep.equal({ kind: 'failed', reason: 'no acknowledgment' });
    expect(a.sink.events.at(-1)).to.deep.include({ type: 'mesh.undelivered', data: { reason: 'no acknowledgment' } });
  });

  it('ends what is on its way when the connection goes, and names the missing connection afterwards', async () => {
    const { a, turn } = pair(() => 'lose');
    const sent = a.stack.sendAccess(chunk(100), { to: 0x0201, key: APP_0 });
    a.stack.detach();
    const error = await turn(sent.catch((thrown: unknown) => thrown));
    expect(error).to.satisfy(
      (e: unknown) => e instanceof BenchError || (e as { reason?: string }).reason === 'link closed',
    );
    const second = await turn(
      a.stack.sendAccess(chunk(8), { to: 0x0201, key: APP_0 }).catch((thrown: unknown) => thrown),
    );
    expect(second).to.be.instanceOf(BenchError).with.property('message', 'no proxy connection: nothing can be sent');
  });

  it('notices that the connection was cut', async () => {
    const { a, turn, left } = pair();
    expect(a.stack.connected).to.equal(true);
    left.cut('supervision timeout');
    expect(a.stack.connected).to.equal(false);
    expect(a.sink.events.at(-1)).to.deep.include({ type: 'mesh.closed', data: { reason: 'supervision timeout' } });
    expect(
      await turn(a.stack.sendAccess(chunk(8), { to: 0x0201, key: APP_0 }).catch((e: unknown) => e)),
    ).to.be.instanceOf(BenchError);
  });

  it('records what it cannot read, and says why', async () => {
    const { a, b, turn, left } = pair();
    const foreign = new NetworkCipher(k2(Buffer.alloc(16))).seal(
      { ctl: false, ttl: 1, seq: 1, src: 9, dst: 1, transport: chunk(8) },
      0x12345678,
    );
    for (const pdu of ['', '00', '80', `00${foreign.toString('hex')}`, '0501', '01']) await turn(left.send(hex(pdu)));
    expect(b.sink.events.filter((e) => e.type === 'mesh.refused').map((e) => e.data?.['reason'])).to.deep.equal([
      'empty proxy PDU',
      'too short',
      'segment without a first one (type 0)',
      'other NID',
      'proxy message of type 5',
      'malformed: beacon type: expected 1 octets, 0 octets are left (at octet 0)',
    ]);
    expect(a.received).to.deep.equal([]);
  });
});

describe('mesh stack: IV index and filters', () => {
  const beaconKeys = beaconKeysOf(NET);
  const beacon = (ivIndex: number, ivUpdate: boolean): Buffer =>
    Buffer.concat([Buffer.of(1), encodeSecureBeacon({ keyRefresh: false, ivUpdate, ivIndex }, beaconKeys)]);

  it('follows beacons through an IV update and stays readable at every step', async () => {
    const { a, b, turn, left, right } = pair();
    for (const [ivIndex, updating] of [
      [0x12345679, true],
      [0x12345679, false],
    ] as const) {
      await turn(right.send(beacon(ivIndex, updating)));
      await turn(a.stack.sendAccess(chunk(20), { to: 0x0201, key: APP_0 }));
      await turn(left.send(beacon(ivIndex, updating)));
      await turn(a.stack.sendAccess(chunk(8), { to: 0x0201, key: APP_0 }));
    }
    expect(a.stack.iv).to.deep.equal({ ivIndex: 0x12345679, updating: false });
    expect(b.received.map((r) => r.pdu.length)).to.deep.equal([23, 11, 23, 11]);
  });

  it('keeps the IV index until a segmented message has ended (3.11.5)', async () => {
    let lost = 0;
    const { a, b, turn, timers, right } = pair(() => (lost++ < 6 ? 'lose' : 'deliver'));
    const sent = a.stack.sendAccess(chunk(60), { to: 0x0201, key: APP_0 });
    await timers.advance(1);
    lost = 6;
    await turn(right.send(beacon(0x12345679, false)));
    expect(a.stack.iv.ivIndex).to.equal(0x12345678);
    expect(await turn(sent)).to.deep.equal({ kind: 'delivered' });
    expect(a.stack.iv.ivIndex).to.equal(0x12345679);
    expect(b.received.length).to.equal(1);
  });

  it('starts and finishes an update on its own and tells the network', async () => {
    const { a, b, turn } = pair();
    await turn(a.stack.updateIv('start'));
    await turn(a.stack.updateIv('finish'));
    await turn(Promise.resolve());
    expect([a.stack.iv, b.stack.iv]).to.deep.equal([a.stack.iv, { ivIndex: 0x12345679, updating: false }]);
  });

  it('sets the filter, adds its elements and learns the proxy address', async () => {
    const { a, b, turn } = pair();
    const heard: string[] = [];
    b.stack.onProxyConfiguration(({ pdu }) => {
      heard.push(pdu.transport.toString('hex'));
      const { filterStatus } = proxyConfiguration;
      if (heard.length < 3)
        void b.stack.sendProxyConfiguration(
          encodeProxyConfiguration(filterStatus, { filter: 0, listSize: heard.length }),
        );
    });
    const status = await turn(setFilter(a.stack, 0, [1, 2, 0xc000], 1000));
    expect(status).to.deep.equal({ kind: 'filter status', filter: 0, listSize: 2, proxy: 0x0201 });
    expect(heard).to.deep.equal(['0000', '0100010002c000']);
    expect(await turn(setFilter(a.stack, 0, [], 1000))).to.include({ kind: 'silence', awaited: 'Filter Status' });
  });
});

describe('mesh requests', () => {
  const options = { to: 0x0201, key: APP_0, withinMs: 5000, retryMs: 500 };
  const answering = (b: BenchSide, answer: () => Buffer | undefined) =>
    b.stack.onReceive((received) => {
      const pdu = received.decoded.opcode === blobInformationGet.opcode ? answer() : undefined;
      if (pdu !== undefined) void b.stack.sendAccess(pdu, { to: received.src, key: received.key });
    });

  it('repeats the request until the answer comes, also at heavy loss', async () => {
    const { a, b, turn } = pair(lossy(3, 0.4, 0.1));
    answering(b, () => encodeMessage(blobInformationStatus, INFORMATION));
    for (let i = 0; i < 10; i++) {
      const answer = await turn(request(a.stack, blobInformationGet, {}, options));
      expect(answer).to.deep.include({ kind: 'reply', value: INFORMATION });
    }
  });

  it('absorbs late answers to earlier tries', async () => {
    const { a, b, turn, timers } = pair();
    answering(b, () => {
      timers.after(
        800,
        () => void b.stack.sendAccess(encodeMessage(blobInformationStatus, INFORMATION), { to: 1, key: APP_0 }),
      );
      return undefined;
    });
    const answer = await turn(request(a.stack, blobInformationGet, {}, options));
    expect(answer).to.include({ kind: 'reply', tries: 2 });
    expect(a.received.length).to.equal(2);
    const late = awaitMessage(
      a.stack,
      2000,
      (received) => valueOf(blobInformationStatus, received.decoded) !== undefined,
    );
    expect(await turn(late.result)).to.equal(undefined);
  });

  it('takes no message for an answer that was begun before one that is there already', async () => {
    let lost = 2;
    const { a, b, turn, timers } = pair((pdu) => (pdu.length > 24 && lost-- > 0 ? 'lose' : 'deliver'));
    const status = (phase: number, blobId?: string): Buffer =>
      encodeMessage(blobTransferStatus, { status: 0, mode: 0, phase, ...(blobId !== undefined && { blobId }) });
    const to = { to: 1, key: APP_0 };
    // In two segments, both of them lost at first; what follows overtakes it.
    const slow = b.stack.sendAccess(status(1, '0011223344556677'), to);
    await timers.advance(10);
    await turn(b.stack.sendAccess(status(0), to));
    b.stack.onReceive(({ decoded }) => {
      if (decoded.opcode === blobTransferGet.opcode)
        void slow.then(() => b.stack.sendAccess(status(0), { to: 1, key: APP_0 }));
    });
    const answer = await turn(request(a.stack, blobTransferGet, {}, options));
    expect(a.received.map(({ pdu }) => pdu[3])).to.deep.equal([0, 1, 0]);
    expect(answer).to.deep.include({ kind: 'reply', value: { status: 0, mode: 0, phase: 0 }, tries: 1 });
  });

  it('ends in a recorded silence, and knows a malformed answer from none', async () => {
    const { a, b, turn } = pair();
    expect(await turn(request(a.stack, blobTransferGet, {}, options))).to.include({
      kind: 'silence',
      awaited: 'BLOB Transfer Status',
    });
    expect(a.sink.events.at(-1)).to.deep.include({ type: 'silence' });
    answering(b, () => rawOf({ n: 0, ms: 0, channel: '', type: '', raw: '830706' }));
    expect((await turn(request(a.stack, blobInformationGet, {}, options))).kind).to.equal('malformed');
  });
});
