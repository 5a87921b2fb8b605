import { expect } from 'chai';
import { Air, type ApsFrame, broadcastAddress, COORDINATOR, type Station } from './air.ts';

describe('simulated Zigbee air', () => {
  const NODE = 0x1234;
  const frame = { sourceEndpoint: 1, endpoint: 1, profile: 0x0104, cluster: 0x0019, data: Buffer.of(1) };
  const station = (address: number, air: Air, on = true): { readonly got: ApsFrame[] } & Station => {
    const got: ApsFrame[] = [];
    const made = {
      address,
      ieee: '',
      groups: new Set([7]),
      got,
      listening: () => on,
      receive: (f: ApsFrame) => got.push(f),
    };
    air.stations.add(made);
    return made;
  };
  const settled = async (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 30));

  it('tells the sender of every unicast whether it arrives', async () => {
    const air = new Air(1, { seed: 3, in: { losePercent: 50 }, out: { losePercent: 50 } });
    const [node, host] = [station(NODE, air), station(COORDINATOR, air)];
    const sent = Array.from({ length: 200 }, () => air.send({ ...frame, source: COORDINATOR, to: { address: NODE } }));
    const back = Array.from({ length: 200 }, () => air.send({ ...frame, source: NODE, to: { address: COORDINATOR } }));
    await settled();
    expect(node.got.length).to.equal(sent.filter(Boolean).length).and.within(70, 130);
    expect(host.got.length).to.equal(back.filter(Boolean).length).and.within(70, 130);
    expect(air.send({ ...frame, source: COORDINATOR, to: { address: 0x9999 } })).to.equal(false);
  });

  it('repeats frames that the far end acknowledges until they arrive, and delivers them once', async () => {
    const air = new Air(1, { seed: 3, in: { losePercent: 20, repeatPercent: 50 } });
    const node = station(NODE, air);
    const one = { ...frame, source: COORDINATOR, to: { address: NODE }, acknowledged: true };
    expect(Array.from({ length: 50 }, () => air.send(one)).filter(Boolean).length).to.be.at.least(48);
    await settled();
    expect(node.got.length).to.be.within(48, 50);
  });

  it('delivers nothing to a station that was switched off and on while the frame was in the air', async () => {
    const air = new Air(1);
    const node = { ...station(NODE, air), starts: 1 };
    air.stations.clear();
    air.stations.add(node);
    air.send({ ...frame, source: COORDINATOR, to: { address: NODE } });
    node.starts = 2;
    air.send({ ...frame, source: COORDINATOR, to: { address: NODE } });
    await settled();
    expect(node.got.length).to.equal(1);
  });

  it('repeats, and reaches whoever listens by broadcast and by group', async () => {
    const air = new Air(1, { seed: 1, in: { repeatPercent: 100 } });
    const [node, off] = [station(NODE, air), station(0x2222, air, false)];
    air.send({ ...frame, source: COORDINATOR, to: { address: broadcastAddress.RX_ON_WHEN_IDLE } });
    air.send({ ...frame, source: COORDINATOR, to: { group: 7 } });
    air.send({ ...frame, source: COORDINATOR, to: { group: 8 } });
    expect(air.send({ ...frame, source: COORDINATOR, to: { address: 0x2222 } })).to.equal(false);
    await settled();
    expect([node.got.length, off.got.length]).to.deep.equal([4, 0]);
  });
});
