import { expect } from 'chai';
import { memorySink } from '../core/events.ts';
import { logOf } from '../core/log.ts';
import { octets, seeded } from '../core/random.ts';
import { openUdp, type UdpWire } from '../link/udp.ts';
import { closingBlock } from './block-client.ts';
import { type CoapEndpoint, openCoap } from './endpoint.ts';
import { findings, replies } from './events.ts';
import type { Outcome, Request } from './request.ts';
import { uriOptions } from './options.ts';
import { type Scripted, scriptedDevice, type ScriptedDevice } from './scripted-device.ts';

/** Long enough that nothing is repeated, however busy the machine is. */
const CALM = { ackTimeoutMs: 2000, ackRandomFactor: 1, maxRetransmit: 3 };
const BODY = octets(seeded(1), 200);
const SZX = 2;

interface Block {
  num: number;
  more: boolean;
  szx: number;
}
const value = ({ num, more, szx }: Block): Buffer => {
  const n = num * 16 + (more ? 8 : 0) + szx;
  return Buffer.from([n >> 16, n >> 8, n].map((o) => o & 255)).subarray(n > 0xffff ? 0 : n > 0xff ? 1 : 2);
};
const asked = (got: Scripted, name: string): Block => {
  const n = got.uint(name) ?? 0;
  return { num: n >> 4, more: (n & 8) !== 0, szx: n & 7 };
};

/** What a device does to the answer it should give: changes of the block, of other options, of payload and code. */
interface Twist {
  block?: Partial<Block>;
  none?: true;
  code?: string;
  etag?: string;
  format?: number;
  size?: number;
  payload?: Buffer;
}

describe('block-wise client', () => {
  let wire: UdpWire;
  let endpoint: CoapEndpoint;
  let device: ScriptedDevice | undefined;
  let sink: ReturnType<typeof memorySink>;

  beforeEach(async () => {
    sink = memorySink();
    wire = await openUdp({ host: '127.0.0.1', port: 0, sink, channel: 'coap' });
    endpoint = openCoap({ wire, sink, channel: 'coap', timing: CALM });
  });
  afterEach(async () => {
    endpoint.close();
    await wire.close();
    await device?.close();
    device = undefined;
  });

  const send = (to: ScriptedDevice, more: Partial<Request>): Promise<Outcome> =>
    endpoint.request({ to: to.peer, method: 'GET', path: '/x', timing: CALM, deadlineMs: 2000, ...more });
  const rules = (outcome: Outcome): string[] => outcome.findings.map((f) => f.rule);

  /** A device that serves BODY in blocks of 64 octets (or of what is asked for), and does as the twist for that block says. */
  const serving = (twist: (num: number, times: number) => Twist, most = SZX) =>
    scriptedDevice((got) => {
      const want = asked(got, 'Block2');
      const szx = Math.min(got.uint('Block2') === undefined ? most : want.szx, most);
      const size = 16 << szx;
      const from = (want.num * (16 << want.szx)) / size;
      const t = twist(want.num, got.nth);
      const block = { num: from, more: (from + 1) * size < BODY.length, szx, ...t.block };
      const options = [
        ...(t.etag === '' ? [] : [{ name: 'ETag', value: Buffer.from(t.etag ?? 'aa', 'hex') }]),
        { name: 'Content-Format', value: Buffer.from([t.format ?? 42]) },
        ...(t.none ? [] : [{ name: 'Block2', value: value(block) }]),
        ...(t.size === undefined ? [] : [{ name: 'Size2', value: Buffer.from([t.size]) }]),
      ];
      got.answer({
        code: t.code ?? '2.05',
        options,
        payload: t.payload ?? BODY.subarray(from * size, (from + 1) * size),
      });
    });

  it('gathers a body, each block once, each with its own token', async () => {
    device = await serving(() => ({}));
    const outcome = await send(device, {});
    expect(outcome).to.deep.include({ kind: 'reply', code: '2.05', payload: BODY, complete: true, findings: [] });
    expect(device.seen).to.have.length(4);
    expect(new Set(device.seen.map((p) => p.token.toString('hex')))).to.have.length(4);
    expect(logOf(sink.events, 1).all(replies)).to.have.length(1);
  });

  it('keeps one token for all blocks where asked to', async () => {
    device = await serving(() => ({}));
    expect(await send(device, { tokens: 'same' })).to.deep.include({ payload: BODY, findings: [] });
    expect(new Set(device.seen.map((p) => p.token.toString('hex')))).to.have.length(1);
  });

  for (const szx of [0, 1, 2, 3, 4, 5, 6])
    it(`asks for blocks of size exponent ${szx} from the start`, async () => {
      device = await serving(() => ({}), 6);
      expect(await send(device, { szx })).to.deep.include({ payload: BODY, complete: true, findings: [] });
      expect(device.seen).to.have.length(Math.ceil(BODY.length / (16 << szx)));
    });

  /** Devices that get a download wrong: what they do, what is reported, whether the body is still whole. */
  const wrongServers: [string, (num: number) => Twist, string[], boolean][] = [
    [
      'skips a block',
      (num) => (num === 1 ? { block: { num: 2 }, payload: BODY.subarray(128, 192) } : {}),
      ['block2-number'],
      false,
    ],
    [
      'sends a block again',
      (num) => (num === 2 ? { block: { num: 1 }, payload: BODY.subarray(64, 128) } : {}),
      ['block2-number'],
      false,
    ],
    ['changes the ETag', (num) => (num >= 2 ? { etag: 'bb' } : {}), ['block2-etag'], false],
    ['changes the Content-Format', (num) => (num === 3 ? { format: 60 } : {}), ['block2-format'], true],
    ['sends no ETag at all', () => ({ etag: '' }), ['block2-no-etag'], true],
    [
      'sends a short block in the middle',
      (num) => (num === 1 ? { payload: BODY.subarray(64, 120) } : {}),
      ['block2-length'],
      false,
    ],
    ['sends an empty last block', (num) => (num === 3 ? { payload: Buffer.alloc(0) } : {}), ['block2-length'], false],
    [
      'sends an overlong last block',
      (num) => (num === 3 ? { payload: Buffer.alloc(65) } : {}),
      ['block2-length'],
      false,
    ],
    ['forgets the Block2 option in the middle', (num) => (num === 1 ? { none: true } : {}), ['block2-missing'], false],
    [
      'ends with an error',
      (num) => (num === 2 ? { code: '4.04', none: true, payload: Buffer.from('gone') } : {}),
      ['block2-stopped'],
      false,
    ],
    ['uses the reserved size', (num) => (num === 1 ? { block: { szx: 7 } } : {}), ['block2-reserved'], false],
    ['announces another size', (num) => (num === 0 ? { size: 201 } : {}), ['block2-size2'], true],
    ['starts with block 1', (num) => (num === 0 ? { block: { num: 1 } } : {}), ['block2-number'], false],
  ];
  for (const [what, twist, expected, complete] of wrongServers)
    it(`reports a device that ${what}`, async () => {
      device = await serving(twist);
      const outcome = await send(device, {});
      expect(rules(outcome)).to.deep.equal(expected);
      expect(outcome).to.deep.include({ kind: 'reply', complete });
      const seen = logOf(sink.events, 1).all(findings);
      expect(
        seen.map((f) => f.rule),
        'in the log',
      ).to.deep.equal(expected);
      expect(seen[0]?.request?.path).to.equal('/x');
      expect(outcome.kind === 'reply' && outcome.payload.equals(BODY)).to.equal(complete);
    });

  it('reports blocks larger than asked for, and a whole body where a block was asked for', async () => {
    device = await scriptedDevice((got) => got.answer({ code: '2.05', payload: BODY }));
    expect(rules(await send(device, { szx: 0 }))).to.deep.equal(['block2-missing']);
    await device.close();
    device = await serving((num) => ({
      block: { szx: 3, num, more: num === 0 },
      payload: num === 0 ? BODY.subarray(0, 128) : BODY.subarray(128),
    }));
    expect(rules(await send(device, { szx: 2 }))).to.include('block2-grew');
  });

  it('reports a block size that shrinks on the way, and follows it', async () => {
    const parts = [
      { num: 0, szx: 2, from: 0 },
      { num: 2, szx: 1, from: 64 },
      { num: 3, szx: 1, from: 96 },
    ];
    device = await scriptedDevice((got) => {
      const { num, szx, from } = parts[got.nth] ?? { num: 0, szx: 0, from: 0 };
      const block = { num, szx, more: got.nth < 2 };
      const options = [
        { name: 'ETag', value: Buffer.from('a') },
        { name: 'Block2', value: value(block) },
      ];
      got.answer({ code: '2.05', options, payload: BODY.subarray(from, from + (16 << szx)) });
    });
    const outcome = await send(device, {});
    expect(outcome).to.deep.include({ complete: true, payload: BODY.subarray(0, 128) });
    expect(rules(outcome)).to.deep.equal(['block2-changed']);
  });

  it('is not confused by acknowledgements that come twice', async () => {
    const inner = await serving(() => ({}));
    device = inner;
    wire.impair({ seed: 1, in: { repeatPercent: 100 } });
    const outcome = await send(inner, {});
    expect(outcome).to.deep.include({ payload: BODY, complete: true });
    expect(inner.seen).to.have.length(4);
    expect(new Set(rules(outcome))).to.deep.equal(new Set(['duplicate']));
  });

  it('ends as silence where the device stops answering', async () => {
    device = await scriptedDevice((got) => {
      if (got.nth === 0)
        got.answer({
          code: '2.05',
          options: [{ name: 'Block2', value: value({ num: 0, more: true, szx: 2 }) }],
          payload: BODY.subarray(0, 64),
        });
    });
    expect(await send(device, { deadlineMs: 60 })).to.include({ kind: 'silence', acked: false });
  });

  /** A device that takes an upload; the twist says how it answers block `num`. */
  const taking = (got: Buffer[], twist: (num: number) => Twist, most = 6) =>
    scriptedDevice((scripted) => {
      const block = asked(scripted, 'Block1');
      const t = twist(block.num);
      if (t.code === undefined) got.push(scripted.packet.payload);
      const echo = { ...block, szx: Math.min(block.szx, most), ...t.block };
      const options = t.none || scripted.uint('Block1') === undefined ? [] : [{ name: 'Block1', value: value(echo) }];
      scripted.answer({ code: t.code ?? (block.more ? '2.31' : '2.04'), options });
    });

  for (const szx of [0, 1, 2, 3, 4, 5, 6])
    it(`sends a body in blocks of size exponent ${szx}`, async () => {
      const got: Buffer[] = [];
      device = await taking(got, () => ({}));
      const outcome = await send(device, { method: 'PUT', payload: BODY, szx });
      expect(outcome).to.deep.include({ kind: 'reply', code: '2.04', findings: [], acceptedOctets: BODY.length });
      expect(Buffer.concat(got).equals(BODY)).to.equal(true);
      expect(got).to.have.length(Math.ceil(BODY.length / (16 << szx)));
      const size1 = device.seen.map((p) => p.options.some((o) => o.name === 'Size1'));
      expect(size1, 'Size1 in the first block only').to.deep.equal(szx >= 4 ? [false] : size1.map((_, i) => i === 0));
    });

  it('takes up smaller blocks when the device asks for them after the first', async () => {
    const got: Buffer[] = [];
    device = await taking(got, () => ({}), 1);
    const outcome = await send(device, { method: 'POST', payload: BODY, szx: 3 });
    expect(outcome).to.deep.include({ code: '2.04', findings: [] });
    expect(got.map((p) => p.length)).to.deep.equal([128, 32, 32, 8]);
    expect(Buffer.concat(got).equals(BODY)).to.equal(true);
  });

  for (const [told, how, code] of [
    ['begins anew in the smaller blocks that 4.13 asks for, if told to', { restartSmaller: true }, '2.04'],
    ['ends with 4.13 otherwise', {}, '4.13'],
  ] as const)
    it(told, async () => {
      const got: Buffer[] = [];
      device = await scriptedDevice((scripted) => {
        const block = asked(scripted, 'Block1');
        const large = block.szx > 1;
        if (!large) got.push(scripted.packet.payload);
        const options = [{ name: 'Block1', value: value({ ...block, szx: Math.min(block.szx, 1) }) }];
        scripted.answer({ code: large ? '4.13' : block.more ? '2.31' : '2.04', options });
      });
      expect(await send(device, { method: 'PUT', payload: BODY, szx: 3, ...how })).to.include({ code });
      expect(Buffer.concat(got).equals(BODY)).to.equal(code === '2.04');
    });

  it('goes on where a device acts on every block by itself', async () => {
    const got: Buffer[] = [];
    device = await scriptedDevice((scripted) => {
      const block = asked(scripted, 'Block1');
      got.push(scripted.packet.payload);
      scripted.answer({ code: '2.04', options: [{ name: 'Block1', value: value({ ...block, more: false }) }] });
    });
    expect(await send(device, { method: 'PUT', payload: BODY, szx: 2 })).to.deep.include({
      code: '2.04',
      findings: [],
    });
    expect(got).to.have.length(4);
  });

  /** Devices that get an upload wrong: what they do, what is reported, the code and the octets that end it. */
  const wrongReceivers: [string, (num: number) => Twist, string[], string, number][] = [
    ['refuses the body in mid transfer', (num) => (num === 2 ? { code: '4.13' } : {}), ['block1-stopped'], '4.13', 128],
    ['claims a missing block', (num) => (num === 1 ? { code: '4.08' } : {}), ['block1-stopped'], '4.08', 64],
    ['acknowledges another block', (num) => (num === 1 ? { block: { num: 2 } } : {}), ['block1-number'], '2.31', 128],
    ['asks for larger blocks', (num) => (num === 0 ? { block: { szx: 3 } } : {}), ['block1-grew'], '2.04', 200],
    ['uses the reserved size', (num) => (num === 0 ? { block: { szx: 7 } } : {}), ['block1-reserved'], '2.04', 200],
    ['clears M in 2.31', (num) => (num === 0 ? { block: { more: false } } : {}), ['block1-more'], '2.04', 200],
    ['sets M in the final answer', (num) => (num === 3 ? { block: { more: true } } : {}), ['block1-more'], '2.04', 200],
    [
      'answers finally in mid transfer',
      (num) => (num === 1 ? { code: '2.04', none: true } : {}),
      ['block1-early'],
      '2.04',
      128,
    ],
    [
      'asks for more after the last block',
      (num) => (num === 3 ? { code: '2.31' } : {}),
      ['block1-endless'],
      '2.31',
      200,
    ],
    [
      'leaves Block1 out of its answers',
      () => ({ none: true }),
      Array.from({ length: 4 }, () => 'block1-missing'),
      '2.04',
      200,
    ],
  ];
  for (const [what, twist, expected, code, acceptedOctets] of wrongReceivers)
    it(`reports a device that ${what}`, async () => {
      device = await taking([], twist);
      const outcome = await send(device, { method: 'PUT', payload: BODY, szx: SZX });
      expect(rules(outcome)).to.deep.equal(expected);
      expect(outcome).to.include({ kind: 'reply', code, acceptedOctets });
    });

  it('takes a final error as it is', async () => {
    device = await taking([], (num) => (num === 3 ? { code: '4.00' } : {}));
    expect(await send(device, { method: 'PUT', payload: BODY, szx: SZX })).to.deep.include({
      code: '4.00',
      findings: [],
      acceptedOctets: 192,
    });
  });

  it('sends a body and gathers the answer, both in blocks', async () => {
    device = await scriptedDevice((got) => {
      const up = got.uint('Block1') === undefined ? undefined : asked(got, 'Block1');
      if (up?.more) return got.answer({ code: '2.31', options: [{ name: 'Block1', value: value(up) }] });
      const { num } = asked(got, 'Block2');
      const down = { name: 'Block2', value: value({ num, more: num < 3, szx: 2 }) };
      const echo = up === undefined ? [] : [{ name: 'Block1', value: value(up) }];
      got.answer({
        code: '2.04',
        options: [...echo, down, { name: 'ETag', value: Buffer.from('e') }],
        payload: BODY.subarray(num * 64, num * 64 + 64),
      });
    });
    const outcome = await send(device, { method: 'POST', payload: BODY, szx: 3 });
    expect(outcome).to.deep.include({ code: '2.04', payload: BODY, complete: true, findings: [] });
    expect(
      device.seen.slice(2).every((p) => p.payload.length === 0 && !p.options.some((o) => o.name === 'Block1')),
    ).to.equal(true);
  });

  it('leaves a transfer on purpose and closes it with a block that cannot be the end', async () => {
    device = await taking([], (num) => (num === 3 ? { code: '4.08' } : {}));
    const outcome = await send(device, { method: 'PUT', payload: BODY, szx: SZX, stopAfterBlocks: 2 });
    expect(outcome).to.deep.include({ kind: 'reply', code: '2.31', acceptedOctets: 128 });
    const step = await endpoint.exchange(device.peer, { code: '0.03', ...closingBlock(uriOptions('/x'), 2, SZX) });
    expect(step.kind === 'reply' && step.message.code).to.equal('4.08');
    expect(device.seen).to.have.length(3);
  });

  it('carries bodies both ways over a link that loses, repeats and delays', async () => {
    const bad = { losePercent: 10, repeatPercent: 5, delayPercent: 10, delayMs: 15 };
    const timing = { ackTimeoutMs: 15, ackRandomFactor: 1.5, maxRetransmit: 8 };
    wire.impair({ seed: 3, in: bad, out: bad });
    device = await serving(() => ({}), 1);
    const down = await send(device, { timing, deadlineMs: 8000 });
    expect(down).to.deep.include({ kind: 'reply', payload: BODY, complete: true });
    await device.close();
    const got = new Map<number, Buffer>();
    device = await scriptedDevice((scripted) => {
      const block = asked(scripted, 'Block1');
      got.set(block.num, scripted.packet.payload);
      scripted.answer({ code: block.more ? '2.31' : '2.04', options: [{ name: 'Block1', value: value(block) }] });
    });
    const up = await send(device, { method: 'PUT', payload: BODY, szx: 0, timing, deadlineMs: 8000 });
    expect(up).to.deep.include({ kind: 'reply', code: '2.04' });
    expect(Buffer.concat([...got.values()]).equals(BODY)).to.equal(true);
    expect([...rules(down), ...rules(up)].filter((r) => r !== 'duplicate')).to.deep.equal([]);
  });
});
