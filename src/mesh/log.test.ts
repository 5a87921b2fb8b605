import { expect } from 'chai';
import type { Ev } from '../core/events.ts';
import { decodeAccess, printAccess } from './codec/access.ts';
import { beaconKeysOf, decodeBeacon } from './codec/beacons.ts';
import { FrameError } from '../core/layout/cursor.ts';
import { k2 } from './codec/keys.ts';
import { decodeLower } from './codec/lowerTransport.ts';
import { encodeMessage } from './codec/message.ts';
import { blobBlockStatus, blobTransferGet, blobTransferStatus } from './codec/messages/blob.ts';
import { NetworkCipher } from './codec/network.ts';
import { decodeProvisioning } from './codec/provisioning.ts';
import { printProxyConfiguration } from './codec/proxy.ts';
import { accessOf, messagesOf, printMeshEvent } from './log.ts';
import { meshBench } from './testBench.ts';

describe('mesh messages in an event log', () => {
  it('a judge reads both directions from the log alone', async () => {
    const { tester, node, turn } = meshBench();
    await turn(tester.stack.sendAccess(encodeMessage(blobTransferGet, {}), { to: 0x0201, key: { app: 0 } }));
    const status = { status: 4, mode: 0, phase: 0 };
    await turn(node.stack.sendAccess(encodeMessage(blobTransferStatus, status), { to: 1, key: { app: 0 } }));
    const log = JSON.parse(JSON.stringify(tester.sink.events)) as Ev[];
    const [received] = messagesOf(log, blobTransferStatus, 'in');
    expect(received).to.deep.include({ src: 0x0201, dst: 1, key: 'app:0', value: status });
    expect(messagesOf(log, blobTransferStatus, 'out')).to.deep.equal([]);
    expect(messagesOf(log, blobTransferGet)).to.have.length(1);
    expect(log.map((event) => printMeshEvent(event)).filter((text) => text.startsWith('0x'))).to.deep.equal([
      '0x0001 to 0x0201 under app:0: BLOB Transfer Get',
      '0x0201 to 0x0001 under app:0: BLOB Transfer Status: status=WRONG_PHASE (0x04), mode=NONE (0x00), phase=INACTIVE (0x00)',
    ]);
  });

  it('prints every kind of event, also malformed ones', () => {
    const event = (type: string, raw: string): Ev => ({
      n: 0,
      ms: 0,
      channel: 'mesh',
      type,
      dir: 'in',
      raw,
      data: { src: 1, dst: 2, key: 'app:0' },
    });
    expect(printMeshEvent(event('mesh.access', '67'))).to.contain('malformed BLOB Block Status');
    expect(printMeshEvent(event('mesh.provisioning', '0904'))).to.equal(
      'provisioning failed: error=CONFIRMATION_FAILED (0x04)',
    );
    expect(printMeshEvent(event('mesh.provisioning', '01'))).to.contain('malformed provisioning PDU');
    expect(printMeshEvent(event('mesh.proxy', '0000'))).to.equal('Set Filter Type: filter=ACCEPT_LIST (0x00)');
    expect(printMeshEvent(event('mesh.network', '68aa'))).to.contain('mesh.network [68aa]');
    expect(accessOf(event('mesh.network', '68aa'))).to.equal(undefined);
    expect(messagesOf([event('mesh.access', '67')], blobBlockStatus)).to.deep.equal([]);
  });
});

describe('decoders on arbitrary octets', () => {
  /** The same octets in every run. */
  function* octets(): Generator<Buffer> {
    let state = 1;
    const next = (): number => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return state >>> 16;
    };
    for (let i = 0; i < 3000; i++) {
      const buffer = Buffer.from(Array.from({ length: next() % 40 }, () => next() & 0xff));
      const head = [0x83, 0x80, 0x67, 0x68, 0x66, 0x02][i % 6] ?? 0;
      yield i % 2 === 0 ? buffer : Buffer.concat([Buffer.of(head, next() % 0x28), buffer]);
    }
  }

  it('give a value or a FrameError, nothing else', () => {
    const cipher = new NetworkCipher(k2(Buffer.alloc(16)));
    const keys = beaconKeysOf(Buffer.alloc(16));
    const framed = (decode: () => unknown): void => {
      try {
        decode();
      } catch (error) {
        expect(error).to.be.instanceOf(FrameError);
      }
    };
    for (const buffer of octets()) {
      const decoded = decodeAccess(buffer);
      if (decoded.kind === 'message' && decoded.reports.length === 0) {
        expect(encodeMessage(decoded.type, decoded.value).toString('hex')).to.equal(buffer.toString('hex'));
      }
      expect(printAccess(buffer)).to.be.a('string');
      expect(printProxyConfiguration(buffer)).to.be.a('string');
      expect(cipher.open(buffer, 0)).to.have.property('refused');
      for (const ctl of [true, false]) framed(() => decodeLower(buffer, ctl));
      framed(() => decodeBeacon(buffer, keys));
      framed(() => decodeProvisioning(buffer));
    }
  });
});
