import { expect } from 'chai';
import { ixitOf } from '../core/ixit.ts';
import { timingOf } from '../core/timing.ts';
import { type Arrival, BROADCAST, type ZigbeeLink } from '../link/zigbee/link.ts';
import { AS_SERVER, asking, TRIES } from './asking.ts';
import { encodeCommand } from './codec/frame.ts';
import { readAttributes, readAttributesResponse } from './codec/global.ts';
import { direction, OTA_CLUSTER } from './codec/numbers.ts';
import type { Presence } from './presence.ts';
import { ZIGBEE_TIMING } from './timing.ts';

const DEVICE = 0x1234;
/** A question is asked again after 5 ms, and given up 20 ms after the last time. */
const FACTORS = { protocol: 1, link: 0.002 };

/** A device that does this when it hears a question, by its number among the questions and its sequence number. */
function bench(
  hears: (count: number, sequence: number, answer: (sequence: number) => void) => void,
  everyone?: number,
) {
  let listener: (arrival: Arrival) => void = () => undefined;
  const asked: number[] = [];
  const heard: number[] = [];
  const event = { n: 0, ms: 0, channel: 'zigbee', type: 'zigbee.frame' };
  const answer = (sequence: number): void => {
    const header = { sequence, direction: direction.CLIENT_TO_SERVER };
    const octets = encodeCommand(readAttributesResponse, { records: [] }, header);
    const ends = { fromEndpoint: 1, toEndpoint: 13, cluster: OTA_CLUSTER, broadcast: false };
    listener({ from: DEVICE, ...ends, octets, event });
  };
  const link = {
    onArrival: (l: (arrival: Arrival) => void) => {
      listener = l;
      return () => (listener = () => undefined);
    },
    send: ({ address }: { address: number }, octets: Uint8Array) => {
      heard.push(address);
      asked.push(octets[1] ?? 0);
      hears(asked.length, octets[1] ?? 0, answer);
      return Promise.resolve({ delivered: true, event });
    },
  } as unknown as ZigbeeLink;
  const presence = { link, ieee: '', address: () => DEVICE } as unknown as Presence;
  const speaking = asking(presence, timingOf(ZIGBEE_TIMING, ixitOf({}), FACTORS), 1, 13, everyone);
  return { asked, heard, speaking, ask: () => speaking.ask('look', readAttributes, { attributes: [6] }, AS_SERVER) };
}

describe('zigbee tester: broadcasts', () => {
  it('go to all that are awake, and to those that sleep where the tester is told so', async () => {
    for (const everyone of [undefined, BROADCAST.ALL]) {
      const { speaking, heard } = bench(() => undefined, everyone);
      await speaking.out(Buffer.alloc(3), 'notify', { broadcast: true });
      expect(heard).to.deep.equal([everyone ?? BROADCAST.AWAKE]);
    }
  });
});

describe('zigbee tester: questions', () => {
  it('are asked once where the answer comes at once', async () => {
    const { ask, asked } = bench((_count, sequence, answer) => answer(sequence));
    expect(await ask()).to.equal(true);
    expect(asked).to.have.length(1);
  });
  it('are asked again while no answer comes, each time under another number', async () => {
    const { ask, asked } = bench((count, sequence, answer) => {
      if (count === 3) answer(sequence);
    });
    expect(await ask()).to.equal(true);
    expect(new Set(asked).size).to.equal(3);
  });
  it('take an answer that comes when they were asked again already', async () => {
    const first: number[] = [];
    const { ask, asked } = bench((count, sequence, answer) => {
      first.push(sequence);
      if (count === 2) answer(first[0] ?? 0);
    });
    expect(await ask()).to.equal(true);
    expect(asked).to.have.length(2);
  });
  it('are given up after so many tries as the loss rate asks for', async () => {
    const { ask, asked } = bench(() => undefined);
    expect(await ask()).to.equal(false);
    expect(asked).to.have.length(TRIES);
  });
});
