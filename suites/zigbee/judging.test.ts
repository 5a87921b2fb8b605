import { expect } from 'chai';
import type { Ev } from '../../src/core/events.ts';
import { ixitOf } from '../../src/core/ixit.ts';
import { judgeAttempt } from '../../src/core/judge.ts';
import { logOf } from '../../src/core/log.ts';
import { timingOf } from '../../src/core/timing.ts';
import { dataType } from '../../src/zigbee/codec/dataTypes.ts';
import { encodeCommand } from '../../src/zigbee/codec/frame.ts';
import { readAttributes, readAttributesResponse } from '../../src/zigbee/codec/global.ts';
import { direction, OTA_CLUSTER, upgradeStatus, zclStatus } from '../../src/zigbee/codec/numbers.ts';
import { imageBlockResponse } from '../../src/zigbee/codec/ota.ts';
import { IUT } from '../../src/zigbee/kinds.ts';
import { ZIGBEE_TIMING } from '../../src/zigbee/timing.ts';
import { ZIGBEE_SUITES } from './suites.ts';

/** A log written by hand: one event every ten seconds. */
class Written {
  readonly events: Ev[] = [];

  add(event: Omit<Ev, 'n' | 'ms' | 'channel'>, channel = 'zigbee'): number {
    const n = this.events.length;
    this.events.push({ n, ms: 10_000 * n, channel, ...event });
    return n;
  }
  alive(): void {
    this.add({ type: 'alive', data: { ok: true } }, 'run');
  }
  out(octets: Buffer, note: string): void {
    const via = this.add({
      type: 'zigbee.frame',
      dir: 'out',
      raw: octets.toString('hex'),
      data: { cluster: OTA_CLUSTER, note },
    });
    this.add({ type: 'zigbee.confirm', dir: 'in', via, data: { delivered: true } });
  }
  abort(): void {
    const status = zclStatus.ABORT;
    this.out(encodeCommand(imageBlockResponse, { status }, { sequence: 1 }), 'download ended');
  }
  read(sequence: number): void {
    const options = { sequence, direction: direction.SERVER_TO_CLIENT };
    this.out(encodeCommand(readAttributes, { attributes: [6] }, options), 'after');
  }
  shows(sequence: number, content: number): void {
    const records = [{ attribute: 6, status: zclStatus.SUCCESS, value: { type: dataType.ENUM8, content } }];
    const octets = encodeCommand(
      readAttributesResponse,
      { records },
      { sequence, direction: direction.CLIENT_TO_SERVER },
    );
    this.add({
      type: 'zigbee.frame',
      dir: 'in',
      raw: octets.toString('hex'),
      data: { cluster: OTA_CLUSTER, peer: IUT },
    });
  }
}

function judged(id: string, write: (w: Written) => void) {
  const found = ZIGBEE_SUITES.flatMap((s) => s.cases).find((c) => c.id === id);
  if (found === undefined) throw new Error(`no case ${id}`);
  const w = new Written();
  w.alive();
  w.add({ type: 'mark', data: { name: 'begin' } }, 'run');
  write(w);
  w.alive();
  const timing = timingOf(ZIGBEE_TIMING, ixitOf({}), { protocol: 1, link: 1 });
  const policies = { endAfterAbort: 'either' };
  const input = { log: logOf(w.events, 1), ixit: ixitOf({}), policies, timing, declared: () => false };
  return judgeAttempt(found, input, policies, found.judge as never, []);
}

describe('Zigbee judges: a status that is read around an ABORT', () => {
  const { NORMAL, DOWNLOAD_IN_PROGRESS } = upgradeStatus;

  it('passes a client that is Normal behind it', () => {
    const j = judged('ZBOTA/CLI/069', (w) => (w.abort(), w.read(2), w.shows(2, NORMAL)));
    expect(j.reasons).to.deep.equal([]);
  });
  it('fails a client that still downloads behind it', () => {
    const j = judged('ZBOTA/CLI/069', (w) => (w.abort(), w.read(2), w.shows(2, DOWNLOAD_IN_PROGRESS)));
    expect(j.reason).to.include({ verdict: 'FAIL', statement: 'ZBOTA-CLI.069' });
  });
  it('says nothing where it was asked for before the ABORT was delivered', () => {
    const j = judged('ZBOTA/CLI/069', (w) => (w.read(2), w.abort(), w.shows(2, DOWNLOAD_IN_PROGRESS)));
    expect(j.verdict).to.equal('INCONC');
  });
});
