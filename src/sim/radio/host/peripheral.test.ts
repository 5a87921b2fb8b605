import { expect } from 'chai';
import { BenchError } from '../../../core/errors.ts';
import { addressOctets } from '../hci.ts';
import { Medium } from '../medium.ts';
import { manualTicks } from '../ticks.ts';
import { openPeripheral } from './peripheral.ts';
import { type H4Pipe, localPipe, type PipeEvents } from './pipe.ts';

const OPTIONS = { address: 'c0:00:00:00:00:01', name: 'unit', mtu: 69, services: [] } as const;

/** A pipe to a controller in this process, time included, that notes what the host writes. */
function bench() {
  const ticks = manualTicks();
  const medium = new Medium(ticks, 1);
  const inner = localPipe(medium, addressOctets('02:00:00:00:00:01'), 1);
  const written: string[] = [];
  let events: PipeEvents | undefined;
  const pipe: H4Pipe = {
    start(given) {
      events = given;
      inner.start(given);
    },
    write(packet) {
      written.push(packet.toString('hex'));
      inner.write(packet);
    },
    close: () => inner.close(),
  };
  const run = async <T>(promise: Promise<T>): Promise<T> => {
    let settled = false;
    const end = promise.finally(() => {
      settled = true;
    });
    end.catch(() => undefined);
    while (!settled) {
      ticks.pass(1);
      await new Promise((resolve) => setImmediate(resolve));
    }
    return end;
  };
  return { pipe, written, run, closed: () => events?.closed() };
}

describe('peripheral host', () => {
  it('resets its controller, takes its address and advertises flags, data and name', async () => {
    const { pipe, written, run } = bench();
    const device = await run(openPeripheral(pipe, OPTIONS));
    expect(written[0]).to.equal('01030c00');
    expect(written.at(-1)).to.equal('010520060100000000c0');
    await run(device.advertise(Buffer.from('03032818', 'hex'), 100));
    const [off, parameters, data, response, on] = written.slice(-5);
    expect([off, on]).to.deep.equal(['010a200100', '010a200101']);
    expect(parameters).to.equal('0106200fa000a0000001000000000000000700');
    expect(data?.slice(0, 24)).to.equal('010820200702010603032818');
    expect(response?.slice(0, 22)).to.equal('01092020060509756e6974');
  });

  it('refuses advertising data that does not fit', async () => {
    const { pipe, run } = bench();
    const device = await run(openPeripheral(pipe, OPTIONS));
    const refused = await run(device.advertise(Buffer.alloc(29), 100)).then(
      () => undefined,
      (e: unknown) => e,
    );
    expect(refused).to.be.instanceOf(BenchError);
    expect((refused as Error).message).to.equal('32 octets of advertising data, at most 31');
  });

  it('fails what it is asked once its controller is gone', async () => {
    const { pipe, run, closed } = bench();
    const device = await run(openPeripheral(pipe, OPTIONS));
    const waiting = device.stopAdvertising();
    await Promise.resolve();
    closed();
    for (const asked of [waiting, device.stopAdvertising()]) {
      const error = await asked.then(
        () => undefined,
        (e: unknown) => e,
      );
      expect((error as Error | undefined)?.message).to.equal('the controller is gone');
    }
  });
});
