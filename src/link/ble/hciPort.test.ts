import { expect } from 'chai';
import { BenchError, printError } from '../../core/errors.ts';
import { memorySink } from '../../core/events.ts';
import { HciPort } from './hciPort.ts';
import type { HciTransport, TransportEvents } from './transport.ts';

function bench(own = true) {
  const sink = memorySink();
  const sent: string[] = [];
  const handed: string[] = [];
  const lost: BenchError[] = [];
  let events: TransportEvents | undefined;
  const transport: HciTransport = {
    where: 'ble:h4:/dev/ttyX',
    own,
    start(given) {
      events = given;
    },
    send: (packet) => void sent.push(packet.toString('hex')),
    isUp: () => true,
    restart: () => void sent.push('restart'),
    close: () => undefined,
  };
  const port = new HciPort(
    transport,
    { now: { sink, channel: 'ble' } },
    {
      packet: (packet) => handed.push(packet.toString('hex')),
      sent: () => undefined,
      lost: (error) => lost.push(error),
    },
  );
  const receive = (packet: string): void => events?.packet(Buffer.from(packet, 'hex'));
  return { sink, sent, handed, lost, port, receive, events: () => events };
}

const hex = (text: string): Buffer => Buffer.from(text, 'hex');
const [FIRST, SECOND, THIRD] = ['01011000', '01091000', '01021000'];
const ACL = '0240000500010004 0011'.replace(' ', '');

describe('HCI port', () => {
  it('holds commands back until the controller has room, and data never', () => {
    const { port, sent, receive } = bench();
    for (const packet of [FIRST, SECOND, THIRD, ACL]) port.send(hex(packet));
    expect(sent).to.deep.equal([FIRST, ACL]);
    receive('040e0c000110000000000000000000');
    expect(sent).to.deep.equal([FIRST, ACL]);
    receive('040e03020000');
    expect(sent).to.deep.equal([FIRST, ACL, SECOND, THIRD]);
  });

  it('leaves the pace of commands to the kernel where the kernel has the controller', () => {
    const { port, sent } = bench(false);
    for (const packet of [FIRST, SECOND]) port.send(hex(packet));
    expect(sent).to.deep.equal([FIRST, SECOND]);
  });

  it('records every packet with its direction, and octets that are none', () => {
    const { port, sink, receive, events } = bench();
    port.send(hex(FIRST));
    receive('040f0400010110');
    events()?.problem('packet type 7: none of H4', Buffer.of(7));
    expect(sink.events.map(({ type, dir, raw }) => [type, dir, raw])).to.deep.equal([
      ['hci', 'out', FIRST],
      ['hci', 'in', '040f0400010110'],
      ['hci.refused', 'in', '07'],
    ]);
  });

  it('keeps the answer to a command of its own to itself', async () => {
    const { port, handed, receive } = bench();
    const answer = port.command(0x0c03, Buffer.alloc(0), 1000);
    receive('040e0401030c00');
    expect((await answer).toString('hex')).to.equal('00');
    receive('040e0401030c00');
    expect(handed).to.deep.equal(['040e0401030c00']);
  });

  it('names the port whose controller does not answer', async () => {
    const { port } = bench();
    const error = await port.command(0x0c03, Buffer.alloc(0), 5).then(
      () => undefined,
      (e: unknown) => e,
    );
    expect(error).to.be.instanceOf(BenchError);
    expect(printError(error)).to.equal('ble:h4:/dev/ttyX: no answer to HCI command 0x0c03 within 5 ms');
  });

  it('resets the controller again where the first answer was swallowed', async () => {
    const { port, sent, receive } = bench();
    const done = port.reset(20);
    while (sent.length < 3) await new Promise((resolve) => setImmediate(resolve));
    expect(sent).to.deep.equal(['01030c00', 'restart', '01030c00']);
    receive('040e0401030c00');
    await done;
  });

  it('takes nothing more once the port is gone', () => {
    const { port, sent, lost, events } = bench();
    events()?.lost(new BenchError('ble-port', 'unplugged'));
    port.send(hex(FIRST));
    expect(sent).to.deep.equal([]);
    expect(lost.map((e) => e.message)).to.deep.equal(['unplugged']);
  });
});
