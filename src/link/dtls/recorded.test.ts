import { expect } from 'chai';
import { Association, type Effect } from './association.ts';
import type { ClientCredentials } from './credentials.ts';
import { ClientHandshake } from './handshake/client.ts';
import { HANDSHAKE_TIMING } from './handshake/timer.ts';
import type { RandomOctets } from './record/cipher.ts';
import { readRecords } from './record/record.ts';
import { readVectors } from './vectors.ts';

const v = readVectors('recorded-handshakes.yaml');

interface Recording {
  readonly ours: readonly Buffer[];
  readonly theirs: readonly Buffer[];
}
function recording(name: string): Recording {
  const lines = v.list(`${name}.datagrams`);
  const of = (side: string): Buffer[] =>
    lines.filter((line) => line.startsWith(side)).map((line) => Buffer.from(line.slice(2), 'hex'));
  return { ours: of('c '), theirs: of('s ') };
}

/** Gives the client random, then its private key, then the IV of its Finished, as they were at the recording. */
function recordedRandom(name: string, lastOfOurs: Buffer): RandomOctets {
  const { records } = readRecords(lastOfOurs, 0);
  const iv = records.at(-1)?.fragment.subarray(0, 16) ?? Buffer.alloc(0);
  const queue = [v.hex(`${name}.client_random`), v.hex(`${name}.client_ecdh_private`), iv];
  return (count) => {
    const next = queue.shift() ?? Buffer.alloc(0);
    expect(next).to.have.length(count);
    return Buffer.from(next);
  };
}

const CASES: readonly { readonly name: string; readonly credentials: ClientCredentials }[] = [
  { name: 'just_works_dtls', credentials: { suites: ['TLS_ECDH_anon_WITH_AES_128_CBC_SHA256'] } },
  {
    name: 'owner_psk_dtls',
    credentials: {
      suites: ['TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA256'],
      psk: { identity: v.hex('owner_psk_dtls.identity'), key: v.hex('owner_psk_dtls.psk') },
    },
  },
];

describe('dtls against recorded handshakes with an OCF device', () => {
  for (const { name, credentials } of CASES) {
    const { ours, theirs } = recording(name);
    const run = (answers: readonly Buffer[]): { sent: Buffer[]; effects: Effect[] } => {
      const random = recordedRandom(name, ours.at(-1) ?? Buffer.alloc(0));
      const machine = new ClientHandshake(credentials, {
        random,
        extendedMasterSecret: false,
        secureRenegotiation: false,
        ownCid: undefined,
        today: () => new Date(),
      });
      const association = new Association(
        {
          machine,
          random,
          peer: 'recorded',
          timing: HANDSHAKE_TIMING,
          mtu: 1200,
          firstMessage: 0,
          firstSequence: 0,
          ownCid: Buffer.alloc(0),
          replayWindow: true,
          tamper: [],
        },
        0,
      );
      association.start(0);
      for (const datagram of answers)
        for (const record of readRecords(datagram, 0).records) association.receive(record, 0);
      const effects = [...association.drain()];
      return { sent: effects.flatMap((effect) => (effect.do === 'send' ? [effect.datagram] : [])), effects };
    };

    it(`${name}: the client says what was recorded, octet for octet, and takes the device's Finished`, () => {
      const { sent, effects } = run(theirs);
      expect(sent.map((one) => one.toString('hex'))).to.deep.equal(ours.map((one) => one.toString('hex')));
      const done = effects.find((effect) => effect.do === 'secure');
      expect(done?.negotiated.masterSecret.toString('hex')).to.equal(v.text(`${name}.master_secret`));
      expect(done?.negotiated.randoms.server.toString('hex')).to.equal(v.text(`${name}.server_random`));
      if (name === 'just_works_dtls')
        expect(done?.negotiated.keys.block.toString('hex')).to.equal(v.text('just_works_dtls.key_block_96'));
      else expect(done?.negotiated.pskHint?.toString('hex')).to.equal(v.text('owner_psk_dtls.identity_hint'));
    });

    it(`${name}: a Finished of the device with one bit changed is not taken`, () => {
      const spoiled = theirs.map((one) => Buffer.from(one));
      const last = spoiled.at(-1) ?? Buffer.alloc(0);
      last[last.length - 1] = (last.at(-1) ?? 0) ^ 1;
      const { effects } = run(spoiled);
      expect(effects.some((effect) => effect.do === 'secure')).to.equal(false);
    });
  }
});
