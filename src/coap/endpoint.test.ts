import { expect } from 'chai';
import { BenchError } from '../core/errors.ts';
import { type Ev, memorySink } from '../core/events.ts';
import { logOf } from '../core/log.ts';
import { seeded } from '../core/random.ts';
import { openUdp, type UdpWire } from '../link/udp.ts';
import { type CoapEndpoint, openCoap } from './endpoint.ts';
import { findings, messages, replies, requests, resets, silences } from './events.ts';
import { decode, emptyMessage, type Message } from './message.ts';
import { OPTION, textOption } from './options.ts';
import { type Scripted, scriptedDevice, type ScriptedDevice } from './scripted-device.ts';
import type { Transmission } from './transmission.ts';

const FAST: Transmission = { ackTimeoutMs: 20, ackRandomFactor: 1, maxRetransmit: 3 };
/** Long enough that nothing is repeated, however busy the machine is. */
const CALM = { ackTimeoutMs: 2000, ackRandomFactor: 1, maxRetransmit: 3 };
const text = Buffer.from('22.3 C');

describe('CoAP endpoint', () => {
  const open: { close(): unknown }[] = [];
  let sink: ReturnType<typeof memorySink>;
  let wire: UdpWire;
  let endpoint: CoapEndpoint;

  const device = async (script: (got: Scripted) => void): Promise<ScriptedDevice> => {
    const made = await scriptedDevice(script);
    open.push(made);
    return made;
  };
  const log = () => logOf(sink.events, 1);
  const get = (to: ScriptedDevice, more: object = {}) =>
    endpoint.request({ to: to.peer, method: 'GET', path: '/temperature', deadlineMs: 2000, ...more });
  const until = async (ready: () => boolean): Promise<void> => {
    for (let ms = 0; !ready(); ms++) {
      if (ms > 2000) throw new Error('what was waited for did not come');
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  };
  const typesOf = (events: readonly Ev[]): string[] => events.map((e) => `${e.type} ${e.dir ?? ''}`.trimEnd());

  beforeEach(async () => {
    sink = memorySink();
    wire = await openUdp({ host: '127.0.0.1', port: 0, sink, channel: 'coap' });
    endpoint = openCoap({ wire, sink, channel: 'coap', timing: CALM, random: seeded(1) });
  });
  afterEach(async () => {
    endpoint.close();
    await wire.close();
    for (const one of open.splice(0)) await one.close();
  });

  it('takes a piggybacked response and leaves the whole exchange in the log', async () => {
    const d = await device(({ answer }) => answer({ code: '2.05', payload: text }));
    const outcome = await get(d, { query: ['u=c'], note: 'first look' });
    expect(outcome).to.deep.include({
      kind: 'reply',
      code: '2.05',
      payload: text,
      separate: false,
      complete: true,
      findings: [],
    });
    expect(typesOf(sink.events)).to.deep.equal([
      'coap.request out',
      'coap.message out',
      'datagram out',
      'datagram in',
      'coap.message in',
      'coap.reply in',
    ]);
    expect(sink.events.map((e) => e.via)).to.deep.equal([undefined, 0, 1, undefined, 3, 4]);
    const [reply] = log().all(replies);
    expect(reply).to.deep.include({ dir: 'in', code: '2.05', body: text, complete: true });
    expect(reply?.request).to.include({ n: 0, code: '0.01', path: '/temperature', note: 'first look' });
    expect(log().first(requests)?.query).to.deep.equal(['u=c']);
    expect(
      log()
        .all(messages)
        .map((m) => [m.dir, m.message.type]),
    ).to.deep.equal([
      ['out', 'CON'],
      ['in', 'ACK'],
    ]);
  });

  it('waits for a separate response after the empty acknowledgement and acknowledges it', async () => {
    const d = await device(({ packet, answer, nth }) => {
      if (nth !== 0) return;
      answer({ code: '0.00', token: Buffer.alloc(0) });
      setTimeout(
        () => d.send({ code: '2.05', confirmable: true, messageId: 7, token: packet.token, payload: text }),
        100,
      );
    });
    const outcome = await get(d);
    expect(outcome).to.deep.include({ kind: 'reply', code: '2.05', separate: true });
    await until(() => d.seen.length === 2);
    expect(d.seen[1]).to.include({ ack: true, code: '0.00', messageId: 7 });
  });

  it('takes the response also where its acknowledgement was lost', async () => {
    const d = await device(({ packet, nth }) => {
      if (nth === 0) d.send({ code: '2.05', confirmable: true, messageId: 8, token: packet.token });
    });
    expect(await get(d)).to.include({ kind: 'reply', code: '2.05', separate: true });
  });

  it('answers the repetition of a confirmable response with the same acknowledgement, and reports it once', async () => {
    const d = await device(({ packet, nth }) => {
      const response = { code: '2.05', confirmable: true, messageId: 9, token: packet.token };
      if (nth === 0) for (let i = 0; i < 2; i++) d.send(response);
    });
    await get(d);
    await until(() => d.seen.length === 3);
    expect(d.seen.slice(1).map((p) => [p.ack, p.code, p.messageId])).to.deep.equal([
      [true, '0.00', 9],
      [true, '0.00', 9],
    ]);
    expect(
      log()
        .all(findings)
        .map((f) => f.rule),
    ).to.deep.equal(['duplicate']);
    expect(log().all(replies)).to.have.length(1);
  });

  it('takes a NON response to a NON request without answering it', async () => {
    const d = await device(({ packet }) => d.send({ code: '2.05', messageId: 3, token: packet.token }));
    expect(await get(d, { confirmable: false })).to.include({ kind: 'reply', separate: true });
    expect(d.seen.map((p) => p.confirmable)).to.deep.equal([false]);
  });

  it('repeats with doubling waits and ends as silence', async () => {
    const d = await device(() => undefined);
    const outcome = await get(d, { timing: FAST, deadlineMs: 5000 });
    expect(outcome).to.deep.include({ kind: 'silence', acked: false });
    const sent = log().all(messages);
    expect(sent.map((m) => m.attempt)).to.deep.equal([1, 2, 3, 4]);
    expect(new Set(d.seen.map((p) => p.messageId))).to.have.length(1);
    for (const [i, gap] of log().gap(messages).entries()) expect(gap, `wait ${i}`).to.be.at.least(20 * 2 ** i - 2);
    expect(log().first(silences)?.request?.n).to.equal(0);
  });

  it('ends at the deadline where an acknowledged request is never answered, without repeating it', async () => {
    const d = await device(({ answer }) => answer({ code: '0.00', token: Buffer.alloc(0) }));
    const outcome = await get(d, { deadlineMs: 120 });
    expect(outcome).to.deep.include({ kind: 'silence', acked: true });
    expect(outcome.kind === 'silence' && outcome.afterMs).to.be.at.least(115);
    expect(d.seen).to.have.length(1);
  });

  it('tells a reset', async () => {
    const d = await device(({ answer }) => answer({ code: '0.00', token: Buffer.alloc(0), ack: false, reset: true }));
    expect((await get(d)).kind).to.equal('reset');
    expect(log().first(resets)?.request?.path).to.equal('/temperature');
  });

  it('does not take an answer from another port, and reports where it came from', async () => {
    const other = await device(() => undefined);
    const d = await device(({ packet }) => {
      d.send({ code: '2.05', confirmable: true, messageId: 5, token: packet.token }, other);
    });
    const outcome = await get(d, { deadlineMs: 60 });
    expect(outcome.kind).to.equal('silence');
    expect(outcome.findings[0]).to.include({ rule: 'source' });
    expect(outcome.findings[0]?.observed).to.contain(`from 127.0.0.1:${other.peer.port}`);
    await until(() => other.seen.length > 0);
    expect(other.seen[0]).to.include({ reset: true, messageId: 5 });
  });

  it('does not take an acknowledgement with another token, and reports it', async () => {
    const d = await device(({ answer }) => answer({ code: '2.05', token: Buffer.from('wrong') }));
    const outcome = await get(d, { deadlineMs: 60 });
    expect(outcome).to.include({ kind: 'silence', acked: true });
    expect(outcome.findings.map((f) => f.rule)).to.deep.equal(['token']);
  });

  it('reports an acknowledgement that comes twice', async () => {
    const d = await device(({ answer, nth }) => {
      if (nth === 0) for (let i = 0; i < 2; i++) answer({ code: '2.05', payload: text });
    });
    expect(await get(d)).to.deep.include({ kind: 'reply', payload: text });
    await until(() => log().all(findings).length > 0);
    expect(
      log()
        .all(findings)
        .map((f) => [f.rule, f.level, f.request?.n]),
    ).to.deep.equal([['duplicate', 'note', 0]]);
  });

  it('reports a malformed answer and options that are not allowed', async () => {
    const d = await device(({ packet, answer, octets, nth }) => {
      if (nth === 0) octets(Buffer.from([0x60, 0x45, packet.messageId >> 8, packet.messageId & 255, 0xff]));
      else answer({ code: '2.05', options: [{ name: '2055', value: Buffer.alloc(1) }] });
    });
    const outcome = await get(d, { timing: { ...FAST, ackTimeoutMs: 100 } });
    expect(outcome.kind).to.equal('reply');
    expect(outcome.findings.map((f) => f.rule)).to.deep.equal(['malformed', 'options']);
  });

  it('answers a ping with exactly one reset', async () => {
    const d = await device(() => undefined);
    d.socket.send(Buffer.from('40001234', 'hex'), wire.local.port, wire.local.address);
    await until(() => d.seen.length > 0);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(d.seen.map((p) => [p.reset, p.messageId])).to.deep.equal([[true, 0x1234]]);
  });

  /** What an unexpected datagram is answered with (RFC 7252 4.2, 4.3; RFC 7641 3.6). */
  const unexpected: [string, string, string | undefined][] = [
    ['a confirmable response that belongs to nothing', '4145000aab', '7000000a'],
    ['a non-confirmable response that belongs to nothing', '5145000aab', undefined],
    ['a notification that belongs to nothing', '5145000aab6101', '7000000a'],
    ['a confirmable request that nobody serves', '4101000aab', '7000000a'],
    ['a non-confirmable request that nobody serves', '5101000aab', undefined],
    ['a confirmable message with a format error', '4101000aabff', '7000000a'],
    ['a confirmable message with token length 9', '4901000a', '7000000a'],
    ['a non-confirmable message with a format error', '5101000aabff', undefined],
    ['an unknown version', '8101000aab', undefined],
    ['an acknowledgement of nothing', '6000000a', undefined],
    ['a reset of nothing', '7000000a', undefined],
  ];
  for (const [what, raw, answer] of unexpected)
    it(`${answer === undefined ? 'is silent on' : 'resets'} ${what}`, async () => {
      const d = await device(() => undefined);
      d.socket.send(Buffer.from(raw, 'hex'), wire.local.port, wire.local.address);
      d.socket.send(Buffer.from('40001234', 'hex'), wire.local.port, wire.local.address);
      await until(() => d.seen.some((p) => p.messageId === 0x1234));
      const out = log()
        .all(messages)
        .filter((m) => m.dir === 'out' && m.message.mid !== 0x1234);
      expect(out.map((m) => sink.events[m.n]?.raw)).to.deep.equal(answer === undefined ? [] : [answer]);
    });

  it('repeats the answer to a repeated request without asking the server side again', async () => {
    const d = await device(() => undefined);
    let asked = 0;
    endpoint.serve((incoming) => {
      asked++;
      const { mid, token } = incoming.message;
      endpoint.core.layer.answer(incoming, { type: 'ACK', code: '2.04', mid, token, options: [], payload: text });
      return true;
    });
    for (let i = 0; i < 2; i++) d.socket.send(Buffer.from('4102000aab', 'hex'), wire.local.port, wire.local.address);
    await until(() => d.seen.length === 2);
    expect(asked).to.equal(1);
    expect(d.seen.map((p) => [p.code, p.payload.toString()])).to.deep.equal([
      ['2.04', '22.3 C'],
      ['2.04', '22.3 C'],
    ]);
  });

  it('takes a message id that is used again with other content, and after the peer was started anew, as new', async () => {
    const d = await device(() => undefined);
    let asked = 0;
    endpoint.serve(() => ++asked > 0);
    const say = async (raw: string, count: number): Promise<void> => {
      d.socket.send(Buffer.from(raw, 'hex'), wire.local.port, wire.local.address);
      await until(() => log().all(messages).length === count);
    };
    await say('5102000aab', 1);
    await say('5102000aac', 2);
    await say('5102000aac', 3);
    expect(asked).to.equal(2);
    endpoint.forget(d.peer);
    await say('5102000aac', 4);
    expect(asked).to.equal(3);
  });

  it('sends one message of any kind and hands over what comes back, untreated', async () => {
    const d = await device(({ answer, nth }) => {
      if (nth === 0) answer({ code: '4.02', confirmable: true, messageId: 77 });
    });
    const message: Message = {
      type: 'CON',
      code: '0.01',
      mid: 4660,
      token: Buffer.from('aa', 'hex'),
      options: [textOption(2055, 'critical')],
      payload: Buffer.alloc(0),
    };
    const { sent, arrival } = await endpoint.step({
      to: d.peer,
      send: message,
      until: ({ decoded }) => decoded.ok && decoded.message.token.equals(message.token),
      deadlineMs: 500,
    });
    expect(sink.events[sent]?.type).to.equal('coap.message');
    expect(arrival?.decoded).to.deep.equal(decode(Buffer.from('4182004daa', 'hex')));
    expect(arrival?.raw.toString('hex')).to.equal('4182004daa');
    expect(d.seen, 'no acknowledgement').to.have.length(1);
    endpoint.send(d.peer, emptyMessage('ACK', 77));
    await until(() => d.seen.length === 2);
    expect(d.seen[1]).to.include({ ack: true, messageId: 77 });
  });

  it('waits in vain for what never comes', async () => {
    const d = await device(() => undefined);
    const { arrival } = await endpoint.step({
      to: d.peer,
      send: Buffer.from('50017d34', 'hex'),
      until: () => true,
      deadlineMs: 30,
    });
    expect(arrival).to.equal(undefined);
  });

  it('gets through a link that loses, repeats and reorders', async () => {
    const d = await device(({ answer, packet }) =>
      answer({ code: '2.05', payload: Buffer.from([packet.messageId & 255]) }),
    );
    const bad = { losePercent: 10, repeatPercent: 10, reorderPercent: 10, reorderMs: 10 };
    wire.impair({ seed: 5, in: bad, out: bad });
    const patient = { ackTimeoutMs: 15, ackRandomFactor: 1.5, maxRetransmit: 8 };
    const outcomes = await Promise.all(Array.from({ length: 30 }, () => get(d, { timing: patient, deadlineMs: 8000 })));
    expect(outcomes.map((o) => o.kind)).to.deep.equal(outcomes.map(() => 'reply'));
    expect(outcomes.flatMap((o) => o.findings.filter((f) => f.rule !== 'duplicate'))).to.deep.equal([]);
  });

  it('ends as a bench error where the link fails, and as silence where the endpoint is closed', async () => {
    const d = await device(() => undefined);
    const waiting = get(d);
    endpoint.close();
    expect((await waiting).kind).to.equal('silence');
    await wire.close();
    const failed = await get(d).then(
      () => undefined,
      (e: unknown) => e,
    );
    expect(failed).to.be.instanceOf(BenchError);
  });

  it('sends Uri-Path segments decoded', async () => {
    const d = await device(({ answer }) => answer({ code: '2.05' }));
    await get(d, { path: '/a%2Fb/c' });
    expect(d.seen[0]?.options.map((o) => o.value.toString())).to.deep.equal(['a/b', 'c']);
    expect(OPTION.uriPath).to.equal(11);
  });
});
