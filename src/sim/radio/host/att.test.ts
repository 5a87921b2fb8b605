import { expect } from 'chai';
import { AttServer } from './att.ts';
import { gattTable, type ServiceDefinition } from './gatt.ts';

const LONG = '0000fff1-0000-1000-8000-00805f9b34fb';
const written: string[] = [];
const subscriptions: boolean[] = [];
const services: readonly ServiceDefinition[] = [
  { uuid: 0x1800, characteristics: [{ uuid: 0x2a00, properties: ['read'], read: () => Buffer.alloc(30, 0x61) }] },
  {
    uuid: 0x1828,
    characteristics: [
      {
        uuid: 0x2add,
        properties: ['writeWithoutResponse'],
        written(value) {
          written.push(value.toString('hex'));
          return undefined;
        },
      },
      { uuid: 0x2ade, properties: ['notify'], subscribed: (on) => void subscriptions.push(on) },
      { uuid: LONG, properties: ['read', 'write'], written: () => 0x80 },
    ],
  },
];

describe('attribute server', () => {
  let server: AttServer;
  const ask = (pdu: string): string | undefined => server.receive(Buffer.from(pdu, 'hex'))?.toString('hex');

  beforeEach(() => {
    server = new AttServer(gattTable(services), 69);
    written.length = 0;
    subscriptions.length = 0;
  });

  it('lays services out one after the other: declaration, value, client configuration', () => {
    expect(
      server.table.attributes.map(({ handle, type }) => `${handle} ${Buffer.from(type).reverse().toString('hex')}`),
    ).to.deep.equal([
      '1 2800',
      '2 2803',
      '3 2a00',
      '4 2800',
      '5 2803',
      '6 2add',
      '7 2803',
      '8 2ade',
      '9 2902',
      '10 2803',
      `11 ${LONG.replaceAll('-', '')}`,
    ]);
    expect(server.table.valueHandle(0x1828, 0x2ade)).to.equal(8);
  });

  for (const [what, pdu, answer] of [
    ['agrees on an MTU: the smaller of both', '020001', '034500'],
    ['lists services', '100100ffff0028', '110601000300001804000b002818'],
    ['finds no more services', '100c00ffff0028', '01100c000a'],
    ['knows no other groups', '100100ffff0128', '0110010010'],
    ['finds a service by its UUID', '060100ffff00282818', '0704000b00'],
    ['lists characteristics of one size', '0804000b000328', '09070500040600dd2a0700100800de2a'],
    ['lists the long ones apart', '080a000b000328', '09150a000a0b00fb349b5f8000008000100000f1ff0000'],
    ['names descriptors', '040900ffff', '0501090002290a000328'],
    ['reads what fits', '0a0300', `0b${'61'.repeat(22)}`],
    ['reads the rest', '0c03001600', `0d${'61'.repeat(8)}`],
    ['refuses an offset beyond the value', '0c0300ff00', '010c030007'],
    ['refuses a handle that it does not have', '0a6300', '010a630001'],
    ['refuses to read what cannot be read', '0a0600', '010a060002'],
    ['refuses a request where only commands are allowed', '120600aa', '0112060003'],
    ['passes on an error of the application', '120b00aa', '01120b0080'],
    ['refuses a request that is too short', '0a03', '010a000004'],
    ['refuses a request that it does not know', '160100', '0116000006'],
    ['refuses a range that is none', '10000000000028', '0110000001'],
  ] as const)
    it(what, () => {
      expect(ask(pdu)).to.equal(answer);
    });

  it('takes commands and confirmations without an answer, whatever they hold', () => {
    for (const pdu of ['520600aabb', '526300aa', '5206', 'd20600', '1e']) expect(ask(pdu)).to.equal(undefined);
    expect(written).to.deep.equal(['aabb']);
  });

  it('keeps what each client wants to be notified of', () => {
    expect(ask('1209000100')).to.equal('13');
    expect(ask('0a0900')).to.equal('0b0100');
    expect(ask('12090001')).to.equal('011209000d');
    expect(new AttServer(server.table, 69).configuration.size).to.equal(0);
    expect(subscriptions).to.deep.equal([true]);
  });

  it('answers every truncation of a request with an error or nothing, and never fails', () => {
    for (const pdu of [
      '020001',
      '100100ffff0028',
      '060100ffff00282818',
      '0804000b000328',
      '040900ffff',
      '0c03001600',
    ]) {
      const octets = Buffer.from(pdu, 'hex');
      for (let length = 0; length < octets.length; length++) {
        const answer = server.receive(octets.subarray(0, length));
        if (length > 0 && pdu.slice(0, 2) !== '06') expect(answer?.[0], `${pdu} cut to ${length}`).to.equal(1);
      }
    }
  });
});
