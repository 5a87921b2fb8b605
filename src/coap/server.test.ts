import { expect } from 'chai';
import { memorySink } from '../core/events.ts';
import { logOf } from '../core/log.ts';
import { octets, seeded } from '../core/random.ts';
import { openUdp, type UdpWire } from '../link/udp.ts';
import { blockOption } from './block.ts';
import { type CoapEndpoint, openCoap } from './endpoint.ts';
import { findings, requests, replies } from './events.ts';
import type { Step } from './exchange.ts';
import type { Behaviour } from './misbehave.ts';
import { findOption, OPTION, textOption, uintOption, uriOptions } from './options.ts';
import type { Outcome } from './request.ts';
import { type CoapServer, openServer } from './server.ts';

/** Long enough that nothing is repeated, however busy the machine is. */
const CALM = { ackTimeoutMs: 2000, ackRandomFactor: 1, maxRetransmit: 3 };
/** The server acknowledges after half of its first wait. */
const SOON = { ...CALM, ackTimeoutMs: 40 };
const BODY = octets(seeded(2), 300);

describe('CoAP server', () => {
  let wires: UdpWire[];
  let tester: CoapEndpoint;
  let server: CoapServer;
  let client: CoapEndpoint;
  let sink: ReturnType<typeof memorySink>;
  let errors: unknown[];

  beforeEach(async () => {
    sink = memorySink();
    const open = (own: ReturnType<typeof memorySink>) =>
      openUdp({ host: '127.0.0.1', port: 0, sink: own, channel: 'packages' });
    wires = [await open(sink), await open(memorySink())];
    const [a, b] = wires;
    if (a === undefined || b === undefined) throw new Error('two wires expected');
    tester = openCoap({ wire: a, sink, channel: 'packages', timing: SOON });
    client = openCoap({ wire: b, sink: memorySink(), channel: 'device', timing: CALM });
    errors = [];
    server = openServer(tester, (e) => errors.push(e));
  });
  afterEach(async () => {
    server.close();
    tester.close();
    client.close();
    for (const wire of wires) await wire.close();
  });

  const log = () => logOf(sink.events, 1);
  const ask = (more: object = {}): Promise<Outcome> =>
    client.request({ to: tester.local, method: 'GET', path: '/fw', deadlineMs: 2000, ...more });
  const rules = (outcome: Outcome): string[] => outcome.findings.map((f) => f.rule);
  const codeOf = (step: Step): string => (step.kind === 'reply' ? step.message.code : step.kind);

  it('hands a whole request to its handler and writes request and answer to the log', async () => {
    server.route('/rd', ({ body, query, contentFormat, method, n }) => {
      expect([method, body.toString(), query, contentFormat, n]).to.deep.equal([
        'POST',
        '</1/0>',
        ['ep=lamp', 'lt=60'],
        40,
        2,
      ]);
      return { code: '2.01', options: [textOption(OPTION.locationPath, 'rd'), textOption(OPTION.locationPath, '7')] };
    });
    const payload = Buffer.from('</1/0>');
    const options = [uintOption(OPTION.contentFormat, 40)];
    const outcome = await ask({ method: 'POST', path: '/rd', query: ['ep=lamp', 'lt=60'], payload, options });
    expect(outcome).to.deep.include({ kind: 'reply', code: '2.01', findings: [] });
    expect(sink.events.map((e) => `${e.type} ${e.dir ?? ''}`)).to.deep.equal([
      'datagram in',
      'coap.message in',
      'coap.request in',
      'coap.reply out',
      'coap.message out',
      'datagram out',
    ]);
    expect(log().first(requests)).to.deep.include({
      dir: 'in',
      code: '0.02',
      path: '/rd',
      query: ['ep=lamp', 'lt=60'],
    });
    expect(log().first(replies)?.request?.n).to.equal(2);
  });

  it('answers what nobody serves with 4.04, also the first block of an upload', async () => {
    expect(await ask({ path: '/none' })).to.include({ kind: 'reply', code: '4.04' });
    const upload = await ask({ method: 'PUT', path: '/none', payload: BODY, szx: 2 });
    expect(upload).to.include({ kind: 'reply', code: '4.04', acceptedOctets: 0 });
    expect(rules(upload)).to.deep.equal(['block1-stopped']);
  });

  it('lets the newest fitting route win, by name or by test', async () => {
    server.route(
      (path) => path.startsWith('/rd/'),
      () => ({ code: '2.04' }),
    );
    expect(await ask({ path: '/rd/5a3f' })).to.include({ code: '2.04' });
    server.route('/rd/5a3f', () => ({ code: '2.05' }));
    expect(await ask({ path: '/rd/5a3f' })).to.include({ code: '2.05' });
  });

  it('answers an unknown critical option with 4.02 and does not ask the handler', async () => {
    server.route('/fw', () => ({ code: '2.05' }));
    expect(await ask({ options: [{ number: 2055, value: Buffer.alloc(0) }] })).to.include({ code: '4.02' });
    expect(await ask({ options: [{ number: 2054, value: Buffer.alloc(0) }] })).to.include({ code: '2.05' });
    expect(log().all(requests)).to.have.length(1);
    expect(
      await ask({ confirmable: false, deadlineMs: 40, options: [{ number: 2055, value: Buffer.alloc(0) }] }),
    ).to.include({ kind: 'silence' });
  });

  it('answers NON with NON', async () => {
    server.route('/fw', () => ({ code: '2.05' }));
    expect(await ask({ confirmable: false })).to.include({ kind: 'reply', separate: true });
    expect(sink.events.at(-1)?.raw?.slice(0, 1)).to.equal('5');
  });

  it('acknowledges in time and answers separately where the handler takes long', async () => {
    server.route('/fw', async () => {
      await new Promise((resolve) => setTimeout(resolve, 60));
      return { code: '2.05', payload: Buffer.from('late') };
    });
    const outcome = await ask();
    expect(outcome).to.deep.include({ kind: 'reply', separate: true, payload: Buffer.from('late'), findings: [] });
  });

  it('leaves a request unanswered where the handler says so', async () => {
    server.route('/fw', () => undefined);
    expect(await ask({ deadlineMs: 30 })).to.include({ kind: 'silence', acked: false });
  });

  it('answers 5.00 and reports to the tester where a handler throws, at once or later', async () => {
    server.route('/fw', () => {
      throw new Error('defect');
    });
    expect(await ask()).to.include({ code: '5.00' });
    server.route('/fw', async () => {
      await Promise.resolve();
      throw new Error('late defect');
    });
    expect(await ask()).to.include({ code: '5.00' });
    expect(errors.map(String)).to.deep.equal(['Error: defect', 'Error: late defect']);
  });

  for (const szx of [undefined, 0, 1, 2, 3, 4, 5, 6])
    it(`serves a file ${szx === undefined ? 'as it likes' : `in blocks of size exponent ${szx}`}`, async () => {
      server.file('/fw', BODY, { contentFormat: 42 });
      const outcome = await ask(szx === undefined ? {} : { szx });
      expect(outcome).to.deep.include({ kind: 'reply', code: '2.05', payload: BODY, contentFormat: 42, findings: [] });
      expect(log().all(requests), 'requests in the log').to.have.length(1);
      const [reply, ...others] = log().all(replies);
      expect(others).to.deep.equal([]);
      expect(reply).to.deep.include({ dir: 'out', code: '2.05', body: BODY, complete: true });
    });

  it('uses no larger blocks than the route allows, and refuses other methods', async () => {
    server.file('/fw', BODY, { szx: 1 });
    const outcome = await ask({ szx: 4 });
    expect(outcome).to.deep.include({ payload: BODY, findings: [] });
    expect(outcome.kind === 'reply' && findOption(outcome.options, OPTION.block2)?.toString('hex')).to.equal('91');
    expect(await ask({ method: 'PUT', payload: Buffer.alloc(1) })).to.include({ code: '4.05' });
  });

  it('gives any block that is asked for, and refuses those past the end or of the reserved size', async () => {
    server.file('/fw', BODY);
    const block = async (num: number, szx: number, more = false): Promise<Step> =>
      client.exchange(tester.local, {
        code: '0.01',
        options: [...uriOptions('/fw'), blockOption(OPTION.block2, { num, more, szx })],
      });
    const third = await block(2, 2);
    expect(third.kind === 'reply' && third.message.payload).to.deep.equal(BODY.subarray(128, 192));
    expect(codeOf(await block(5, 2))).to.equal('4.00');
    expect(codeOf(await block(0, 7))).to.equal('4.00');
    expect(codeOf(await block(0, 2, true))).to.equal('2.05');
    expect(
      log()
        .all(findings)
        .map((f) => f.rule),
    ).to.deep.equal(['download-past-end', 'download-reserved', 'download-more']);
  });

  it('serves a body that changes between blocks as it was at the first', async () => {
    let asked = 0;
    server.route('/fw', () => ({ code: '2.05', payload: Buffer.alloc(100, ++asked) }));
    expect(await ask({ szx: 0 })).to.deep.include({ payload: Buffer.alloc(100, 1), findings: [] });
    expect(asked).to.equal(1);
  });

  for (const szx of [0, 1, 2, 3, 4, 5, 6])
    for (const tokens of ['per-block', 'same'] as const)
      it(`takes an upload in blocks of size exponent ${szx}, ${tokens === 'same' ? 'one token' : 'a token each'}`, async () => {
        let got: Buffer | undefined;
        server.route('/up', ({ body }) => {
          got = body;
          return { code: '2.04' };
        });
        const outcome = await ask({ method: 'PUT', path: '/up', payload: BODY, szx, tokens });
        expect(outcome).to.deep.include({ code: '2.04', findings: [] });
        expect(got?.equals(BODY)).to.equal(true);
        expect(log().all(findings)).to.deep.equal([]);
        expect(
          log()
            .all(requests)
            .map((r) => r.body.equals(BODY)),
        ).to.deep.equal([true]);
      });

  it('asks for smaller blocks, refuses bodies that are too large', async () => {
    server.route('/up', ({ body }) => ({ code: body.equals(BODY) ? '2.04' : '4.00' }), { szx: 1, limitOctets: 320 });
    expect(await ask({ method: 'PUT', path: '/up', payload: BODY, szx: 3 })).to.deep.include({
      code: '2.04',
      findings: [],
    });
    const large = await ask({ method: 'PUT', path: '/up', payload: Buffer.alloc(400), szx: 3 });
    expect(large).to.include({ kind: 'reply', code: '4.13' });
    expect(large.kind === 'reply' && findOption(large.options, OPTION.size1)?.readUInt16BE()).to.equal(320);
  });

  it('answers large requests with large answers', async () => {
    server.route('/echo', ({ body }) => ({ code: '2.04', payload: body.toReversed() }));
    const outcome = await ask({ method: 'POST', path: '/echo', payload: BODY, szx: 2 });
    expect(outcome).to.deep.include({ code: '2.04', payload: BODY.toReversed(), findings: [] });
  });

  describe('reports an upload that is out of order', () => {
    const put = (
      num: number,
      more: boolean,
      octets: number,
      szx = 0,
      options: { number: number; value: Buffer }[] = [],
    ): Promise<Step> =>
      client.exchange(tester.local, {
        code: '0.03',
        options: [...uriOptions('/up'), blockOption(OPTION.block1, { num, more, szx }), ...options],
        payload: BODY.subarray(num * 16, num * 16 + octets),
      });
    /** Blocks as number/M/octets, the codes they are answered with, the rules reported. */
    const rows: [string, [number, boolean, number, number?][], string[], string[]][] = [
      [
        'a gap',
        [
          [0, true, 16],
          [2, true, 16],
        ],
        ['2.31', '4.08'],
        ['upload-number'],
      ],
      ['a start in the middle', [[3, true, 16]], ['4.08'], ['upload-number']],
      [
        'a block that is sent again',
        [
          [0, true, 16],
          [1, true, 16],
          [1, true, 16],
          [2, false, 4],
        ],
        ['2.31', '2.31', '2.31', '2.04'],
        ['upload-repeated'],
      ],
      [
        'an earlier block',
        [
          [0, true, 16],
          [1, true, 16],
          [2, true, 16],
          [1, true, 16],
        ],
        ['2.31', '2.31', '2.31', '4.08'],
        ['upload-number'],
      ],
      [
        'a start anew',
        [
          [0, true, 16],
          [1, true, 16],
          [0, true, 16],
          [1, false, 4],
        ],
        ['2.31', '2.31', '2.31', '2.04'],
        ['upload-restarted'],
      ],
      ['a short block', [[0, true, 15]], ['4.00'], ['upload-length']],
      [
        'an overlong last block',
        [
          [0, true, 16],
          [1, false, 17],
        ],
        ['2.31', '4.00'],
        ['upload-length'],
      ],
      ['the reserved size', [[0, true, 16, 7]], ['4.00'], ['upload-reserved']],
      [
        'a block after the end',
        [
          [0, true, 16],
          [1, false, 4],
          [2, false, 4],
        ],
        ['2.31', '2.04', '4.08'],
        ['upload-number'],
      ],
    ];
    for (const [what, blocks, codes, expected] of rows)
      it(`by ${what}`, async () => {
        server.route('/up', () => ({ code: '2.04' }));
        const seen: string[] = [];
        for (const [num, more, octets, szx] of blocks) seen.push(codeOf(await put(num, more, octets, szx)));
        expect(seen).to.deep.equal(codes);
        expect(
          log()
            .all(findings)
            .map((f) => f.rule),
        ).to.deep.equal(expected);
      });

    it('by a wrong Size1', async () => {
      server.route('/up', () => ({ code: '2.04' }));
      await put(0, true, 16, 0, [uintOption(OPTION.size1, 99)]);
      await put(1, false, 4);
      expect(
        log()
          .all(findings)
          .map((f) => [f.rule, f.observed]),
      ).to.deep.equal([['upload-size1', 'Size1 99']]);
    });

    it('and forgets it when told that the device was started anew', async () => {
      server.route('/up', () => ({ code: '2.04' }));
      await put(0, true, 16);
      server.forget(client.local);
      expect(codeOf(await put(1, false, 4))).to.equal('4.08');
    });
  });

  /** Every misbehaviour, as the client of the other side reports it. */
  const behaviours: [string, Behaviour, string | undefined, string[]][] = [
    ['another code', { code: '5.03' }, '5.03', []],
    ['an error in the middle', { codeAt: { num: 2, code: '4.04' } }, '4.04', ['block2-stopped']],
    ['silence from a block on', { silentAt: 1 }, undefined, []],
    ['acknowledgements only, from a block on', { stallAt: 1 }, undefined, []],
    ['a skipped block', { skipAt: 1 }, '2.05', ['block2-number']],
    ['a short block', { shortAt: 1 }, '2.05', ['block2-length']],
    ['a changing ETag', { etagAt: 2 }, '2.05', ['block2-etag']],
    ['an early end', { endAt: 1 }, '2.05', ['block2-size2']],
    ['a wrong Size2', { size2: 301 }, '2.05', ['block2-size2']],
    ['larger blocks', { grow: true }, '2.05', ['block2-grew', 'block2-length']],
  ];
  for (const [what, behaviour, code, expected] of behaviours)
    it(`misbehaves on demand: ${what}`, async () => {
      server.file('/fw', BODY);
      server.behave('/fw', behaviour);
      const outcome = await ask({ szx: 2, deadlineMs: 200 });
      expect(outcome.kind === 'reply' ? outcome.code : undefined).to.equal(code);
      expect(rules(outcome)).to.deep.equal(expected);
      if (outcome.kind === 'silence') expect(outcome.acked).to.equal(behaviour.stallAt !== undefined);
      server.behave('/fw', undefined);
      expect(await ask({ szx: 2 })).to.deep.include({ payload: BODY, findings: [] });
    });

  it('misbehaves on demand in uploads: no Block1, 4.13 in mid transfer', async () => {
    server.route('/up', () => ({ code: '2.04' }));
    const up = (): Promise<Outcome> => ask({ method: 'PUT', path: '/up', payload: BODY, szx: 3 });
    server.behave('/up', { noBlock1: true });
    expect(rules(await up())).to.deep.equal(['block1-missing', 'block1-missing', 'block1-missing']);
    server.behave('/up', { codeAt: { num: 1, code: '4.13' } });
    expect(await up()).to.include({ kind: 'reply', code: '4.13', acceptedOctets: 128 });
  });

  for (const [how, behaviour, szx] of [
    ['every block', { delayMs: 50 }, 6],
    ['by octets, with small blocks as with large ones', { octetMs: 50 / BODY.length }, 0],
  ] as const)
    it(`answers late, and separately, on demand: ${how}`, async () => {
      server.file('/fw', BODY);
      server.behave('/fw', behaviour);
      const started = performance.now();
      expect(await ask({ szx })).to.deep.include({ kind: 'reply', separate: true, payload: BODY, findings: [] });
      expect(performance.now() - started).to.be.within(49, 1_000);
    });

  it('gets through a link that loses, repeats and delays, asking no handler twice', async () => {
    let asked = 0;
    server.route('/up', ({ body }) => {
      asked++;
      return { code: body.equals(BODY) ? '2.04' : '4.00' };
    });
    server.file('/fw', BODY);
    const bad = { losePercent: 10, repeatPercent: 5, delayPercent: 10, delayMs: 15 };
    wires[0]?.impair({ seed: 11, in: bad, out: bad });
    const timing = { ackTimeoutMs: 15, ackRandomFactor: 1.5, maxRetransmit: 8 };
    const patient = { timing, deadlineMs: 8000, szx: 1 };
    expect(await ask({ ...patient, method: 'PUT', path: '/up', payload: BODY })).to.include({ code: '2.04' });
    expect(await ask(patient)).to.deep.include({ code: '2.05', payload: BODY });
    expect(asked).to.equal(1);
  });
});
