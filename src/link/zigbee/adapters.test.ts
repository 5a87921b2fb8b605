import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { Zdo } from 'zigbee-herdsman';
import { BenchError } from '../../core/errors.ts';
import type { Ev } from '../../core/events.ts';
import { makeAdapter, openDongle } from './herdsman.ts';
import { networkOf } from './network.ts';
import { DONGLES, type DongleKind, parseZigbeeUrl } from './url.ts';

const CLASSES: Readonly<Record<DongleKind, string>> = {
  zstack: 'ZStackAdapter',
  ember: 'EmberAdapter',
  deconz: 'DeconzAdapter',
  zboss: 'ZBOSSAdapter',
  zigate: 'ZiGateAdapter',
};
/** A dongle starts within this time in these tests, or not at all. */
const START_MS = 100;
/** The start, the library's own shut-down, and a busy computer. */
const PATIENCE_MS = 8_000;
/** Octets of every value, so that every family finds its marks, and nothing behind them. */
const GARBAGE = Buffer.from(Array.from({ length: 300 }, (_, i) => (i * 73 + 41) & 0xff));

describe('zigbee link: families of dongles', () => {
  let folder: string;
  let server: Server | undefined;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'plumbline-adapters-'));
  });
  afterEach(() => {
    server?.close();
    server = undefined;
    rmSync(folder, { recursive: true });
  });
  after(() => {
    // The library's ZiGate adapter makes every request of its process big-endian, those of other adapters too.
    for (const name of ['writeUInt16', 'writeUInt32', 'writeIeeeAddr'])
      Reflect.deleteProperty(Zdo.Buffalo.prototype, name);
  });

  /** A port that says this to whatever it hears. */
  const listen = async (says: Buffer): Promise<string> => {
    const opened = createServer((socket) => {
      socket.on('error', () => undefined);
      if (says.length > 0) socket.on('data', () => socket.write(says));
    });
    server = opened;
    await new Promise<void>((resolve) => opened.listen(0, '127.0.0.1', resolve));
    const address = opened.address();
    return `tcp://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
  };
  const failure = async (url: string): Promise<{ error: unknown; ms: number }> => {
    const began = performance.now();
    const events = { append: (e: object) => ({ n: 0, ms: 0, channel: '', type: '', ...e }) as Ev };
    const options = { events, stateDir: folder, logDir: folder, formNetwork: false, nameOf: () => undefined };
    const error = await openDongle(url, { ...options, startMs: START_MS }).then(
      () => undefined,
      (e: unknown) => e,
    );
    return { error, ms: performance.now() - began };
  };

  for (const kind of DONGLES) {
    it(`${kind} is driven by ${CLASSES[kind]}`, async () => {
      const address = parseZigbeeUrl(`zigbee:${kind}:tcp://127.0.0.1:1`);
      const made = await makeAdapter(address, networkOf(folder, undefined), folder);
      expect(made.constructor.name).to.equal(CLASSES[kind]);
    });
    it(`${kind} at a port that is not there is a fault of the bench that names the port`, async () => {
      const { error } = await failure(`zigbee:${kind}:/dev/plumbline-no-port`);
      expect(error).to.be.instanceOf(BenchError);
      expect(String(error)).to.contain('/dev/plumbline-no-port is not there');
    });
    for (const [what, says] of [
      ['answers nothing', Buffer.alloc(0)],
      ['answers garbage', GARBAGE],
    ] as const)
      it(`${kind} at a port that ${what} is one within its deadline`, async () => {
        const { error, ms } = await failure(`zigbee:${kind}:${await listen(says)}`);
        expect(error).to.be.instanceOf(BenchError);
        expect(String(error)).to.contain(`no ${kind} dongle answered there within 0.1 s`);
        expect(ms).to.be.below(PATIENCE_MS);
      });
  }
});
