import { expect } from 'chai';
import { seeded } from '../../core/random.ts';
import { commands } from './commands.ts';
import { Controller } from './controller.ts';
import { addressOctets } from './hci.ts';
import { type Air, Medium } from './medium.ts';
import { type ManualTicks, manualTicks } from './ticks.ts';

/** A controller with a host that writes hex and keeps what it gets. */
interface Host {
  readonly got: string[];
  say(...packets: string[]): void;
  /** What came since the last call, without answers to commands. */
  events(): string[];
  readonly controller: Controller;
  readonly notes: string[];
}

function host(medium: Medium, address: string, index: number): Host {
  const got: string[] = [];
  const notes: string[] = [];
  const controller = new Controller({
    medium,
    address: addressOctets(address),
    random: seeded(index),
    toHost: (packet) => got.push(packet.toString('hex')),
    note: (text) => notes.push(text),
  });
  return {
    got,
    notes,
    controller,
    say: (...packets) => packets.forEach((packet) => controller.feed(Buffer.from(packet, 'hex'))),
    events: () => got.splice(0).filter((packet) => !packet.startsWith('040e') && !packet.startsWith('040f')),
  };
}

const ALLOW = ['01010c08ffffffffffffffff', '010120081f00000000000000'];
const SCAN = ['010b20070112001200 0000'.replaceAll(' ', ''), '010c20020100'];
const advertising = (type: string, data: string, response = ''): string[] => {
  const filled = (octets: string): string =>
    `20${(octets.length / 2).toString(16).padStart(2, '0')}${octets.padEnd(62, '0')}`;
  return [
    `0106200f20002000${type}00000000000000000700`,
    `010820${filled(data)}`,
    `010920${filled(response)}`,
    '010a200101',
  ];
};
/** Connects to 02:00:00:00:00:02 with a supervision timeout of 420 ms. */
const CONNECT = '010d20196000300000000200000000020006001200 00002a0004000600'.replaceAll(' ', '');
const CENTRAL = '02:00:00:00:00:01';
const PERIPHERAL = '02:00:00:00:00:02';

interface Bench {
  readonly ticks: ManualTicks;
  readonly medium: Medium;
  readonly a: Host;
  readonly b: Host;
}

function bench(air: Partial<Air> = {}, seed = 1): Bench {
  const ticks = manualTicks();
  const medium = new Medium(ticks, seed, air);
  const [a, b] = [host(medium, CENTRAL, 1), host(medium, PERIPHERAL, 2)];
  for (const each of [a, b]) each.say(...ALLOW);
  return { ticks, medium, a, b };
}

function connected(air: Partial<Air> = {}): Bench {
  const made = bench(air);
  made.a.say(CONNECT);
  made.b.say(...advertising('00', ''));
  made.ticks.pass(0);
  made.a.events();
  made.b.events();
  return made;
}

describe('virtual controller', () => {
  it('answers every command that it has, with status 0x12 where parameters are missing', () => {
    const { a } = bench();
    expect(commands.length).to.be.at.least(35);
    for (const { opcode, octets, name, answer } of commands) {
      if (octets === 0) continue;
      a.got.length = 0;
      const low = Buffer.of(opcode & 0xff, opcode >> 8).toString('hex');
      a.say(`01${low}00`);
      expect(a.got, name).to.deep.equal([answer === 'complete' ? `040e0401${low}12` : `040f041201${low}`]);
    }
  });

  it('says of itself what it can do, command by command', () => {
    const { a } = bench();
    a.got.length = 0;
    a.say('01021000');
    const [answer = ''] = a.got;
    const bits = Buffer.from(answer, 'hex').subarray(7);
    expect(bits).to.have.length(64);
    for (const { bit, name } of commands) expect((bits[bit[0]] ?? 0) & (1 << bit[1]), name).to.not.equal(0);
    expect([...bits].reduce((sum, octet) => sum + octet.toString(2).replaceAll('0', '').length, 0)).to.equal(
      commands.length,
    );
  });

  it('refuses what it does not know with status 0x01 and says so', () => {
    const { a } = bench();
    a.got.length = 0;
    a.say('0136200100', '05aa');
    expect(a.got).to.deep.equal(['040e0401362001']);
    expect(a.notes.join()).to.contain('0x2036');
  });

  it('encrypts as the sample data of LE Encrypt has it', () => {
    const { a } = bench();
    a.got.length = 0;
    // FIPS-197 C.1, both values with the lowest octet first.
    a.say('011720200f0e0d0c0b0a09080706050403020100ffeeddccbbaa99887766554433221100');
    expect(a.got).to.deep.equal(['040e14011720005ac5b47080b7cdd830047b6ad8e0c469']);
  });

  for (const [type, carries] of [
    ['00', ['00', '04']],
    ['02', ['02', '04']],
    ['03', ['03']],
  ] as const)
    it(`carries advertising of type ${type} with its scan response where it has one`, () => {
      const { a, b, ticks } = bench();
      a.say(...SCAN);
      b.say(...advertising(type, '020106', '0309aabb'));
      ticks.pass(1);
      const reports = a.events();
      expect(reports.map((report) => report.slice(10, 12))).to.deep.equal(carries);
      expect(reports[0]).to.match(new RegExp(`^043e0f0201${type}0002000000000203020106..$`));
      if (carries.length > 1) expect(reports[1]).to.contain('040309aabb');
    });

  it('sends a report only where the host has unmasked it, and duplicates only where it wants them', () => {
    const { a, b, ticks } = bench();
    a.say('01010c08ffffffffff1f0000', ...SCAN);
    b.say(...advertising('03', '020106'));
    ticks.pass(100);
    expect(a.events()).to.deep.equal([]);
    a.say(...ALLOW, '010c20020001', '010c20020101');
    ticks.pass(200);
    expect(a.events()).to.have.length(1);
  });

  it('connects both hosts and tells each its role and the other address', () => {
    const { a, b, ticks } = bench();
    a.say(CONNECT);
    b.say(...advertising('00', ''));
    ticks.pass(0);
    expect(a.events()).to.deep.equal(['043e13010040000000020000000002060000002a0000']);
    expect(b.events()).to.deep.equal(['043e13010040000100010000000002060000002a0000']);
    expect(b.controller.advertiser.on).to.equal(false);
  });

  it('carries ACL data in the pace of the medium and counts what was delivered', () => {
    const { a, b, ticks } = connected();
    a.say(...['01', '02', '03', '04'].map((octet) => `0240000500010004 00${octet}`.replaceAll(' ', '')));
    ticks.pass(10);
    expect(b.events()).to.deep.equal(['01', '02', '03'].map((octet) => `024020050001000400${octet}`));
    expect(a.events()).to.deep.equal(['0413050140000300']);
    ticks.pass(10);
    expect(b.events()).to.deep.equal(['02402005000100040004']);
    expect(a.events()).to.deep.equal(['0413050140000100']);
  });

  it('drops what its buffers cannot hold and reports the overflow', () => {
    const { a } = connected();
    for (let i = 0; i < 9; i++) a.say('02400005000100040011');
    expect(a.events()).to.deep.equal(['041a0101']);
  });

  it('ends a connection after what was sent before, each side with its reason', () => {
    const { a, b, ticks } = connected();
    a.say('02400005000100040011', '01060403400013');
    ticks.pass(10);
    expect(b.events()).to.deep.equal(['02402005000100040011', '04050400400013']);
    expect(a.events()).to.deep.equal(['0413050140000100', '04050400400016']);
    a.say('02400005000100040011');
    expect(a.events()).to.deep.equal([]);
  });

  it('lets the other side run into its supervision timeout when a host resets or vanishes', () => {
    for (const vanish of [(h: Host) => h.say('01030c00'), (h: Host) => h.controller.close()]) {
      const { a, b, ticks } = connected();
      vanish(a);
      ticks.pass(410);
      expect(b.events()).to.deep.equal([]);
      ticks.pass(10);
      expect(b.events()).to.deep.equal(['04050400400008']);
      expect(a.events()).to.deep.equal([]);
    }
  });

  it('changes parameters for both sides', () => {
    const { a, b, ticks } = connected();
    a.say('0113200e4000180028000000640000000000');
    ticks.pass(10);
    const expected = '043e0a03004000180000006400';
    expect(a.events()).to.deep.equal([expected]);
    expect(b.events()).to.deep.equal([expected]);
  });

  it('cancels a connection that does not come about', () => {
    const { a } = bench();
    a.say(CONNECT);
    a.events();
    a.say('010e2000');
    expect(a.events()).to.deep.equal(['043e13010200000000020000000002060000002a0000']);
    a.got.length = 0;
    a.say('010e2000');
    expect(a.got).to.deep.equal(['040e04010e200c']);
  });
});

describe('virtual medium', () => {
  const heard = (seed: number, losePercent: number): number[] => {
    const { a, b, ticks } = bench({ losePercent }, seed);
    a.say(...SCAN);
    b.say(...advertising('03', '020106'));
    const times: number[] = [];
    for (let i = 0; i < 500; i++) {
      ticks.pass(10);
      if (a.events().length > 0) times.push(ticks.now());
    }
    return times;
  };

  it('loses the same advertisements for the same seed, others for another, about the asked share', () => {
    const all = heard(1, 0).length;
    const some = heard(1, 30);
    expect(heard(1, 30)).to.deep.equal(some);
    expect(heard(2, 30)).to.not.deep.equal(some);
    expect(some.length / all).to.be.within(0.6, 0.8);
  });

  it('delays connection events under loss without losing or reordering data', () => {
    const { a, b, ticks, medium } = connected({ losePercent: 40 });
    const sent: string[] = [];
    const got: string[] = [];
    for (let i = 0; got.length < 40 && i < 1000; i++) {
      if (sent.length < 40 && a.controller.connections.get(0x40)?.outgoing.length === 0) {
        const octet = (sent.push('') + 0x40).toString(16);
        sent[sent.length - 1] = octet;
        a.say(`024000050001000400${octet}`);
      }
      ticks.pass(10);
      got.push(...b.events().map((packet) => packet.slice(-2)));
    }
    expect(got).to.deep.equal(sent);
    expect(ticks.now()).to.be.greaterThan(400);
    medium.change({ losePercent: 100 });
    ticks.pass(430);
    expect(b.events()).to.deep.equal(['04050400400008']);
    expect(a.events().at(-1)).to.equal('04050400400008');
  });
});
