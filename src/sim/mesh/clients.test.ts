import { once } from 'node:events';
import { createConnection } from 'node:net';
import { expect } from 'chai';
import { printAccess } from '../../mesh/codec/access.ts';
import { updatePhase } from '../../mesh/codec/enums.ts';
import { encodeMessage } from '../../mesh/codec/message.ts';
import { blobInformationGet, blobTransferStart } from '../../mesh/codec/messages/blob.ts';
import { updateCancel, updateStatusMessage } from '../../mesh/codec/messages/update.ts';
import { manualTimers } from '../../mesh/stack/timers.ts';
import { openBtp } from './btp.ts';
import { Clients } from './clients.ts';
import { clientVerbs } from './clientVerbs.ts';
import { firmwareIdOf } from './image.ts';
import { FACTORY } from './saved.ts';
import { modelBench, network } from './testbench.ts';

const OWN = 0x0100;
const TARGET = 0x0200;
const METADATA = `${firmwareIdOf('0200000000000000').toString('hex')}00`;

/** Clients of a node with every role, a target that takes any image, and the node that is the distributor. */
function bench(roles = 'update-client') {
  const timers = manualTimers();
  const keyed = {
    ...FACTORY,
    configuration: { ...FACTORY.configuration, appKeys: [{ index: 0, netKeyIndex: 0, key: '00' }] },
  };
  const own = modelBench({ roles }, {}, keyed, timers);
  const target = modelBench({}, { skipsVerification: true }, FACTORY, timers);
  const distributor = modelBench({ roles: 'distribution,update-client' }, {}, keyed, timers);
  network({ [OWN]: own, [TARGET]: target, 0x0300: distributor });
  const clients = new Clients({ models: () => own.models, appKey: () => 0 });
  const settle = async <T>(promise: Promise<T>): Promise<T> => {
    const state = { over: false };
    void promise.finally(() => {
      state.over = true;
    });
    for (let i = 0; i < 100 && !state.over; i++) await timers.advance(1000);
    return promise;
  };
  const say = (line: string): Promise<string> => {
    const [verb = '', ...words] = line.split(' ');
    return settle((async () => clientVerbs(clients)[verb]?.run(words) ?? 'no verb')());
  };
  return { clients, own, target, distributor, timers, say };
}

describe('client roles of the simulated mesh node', () => {
  it('asks a target and updates it, up to the verification and then to the end', async () => {
    const { say, target, timers } = bench();
    await say('targets 0200');
    expect(await say('information')).to.equal(FACTORY.firmwareId);
    expect(await say(`check ${METADATA}`)).to.equal('status 0 additional 0');
    await say(`update ${METADATA.slice(0, 20)} ${METADATA} 300`);
    await timers.advance(10_000);
    expect(await say('phases')).to.equal('4');
    await say('apply');
    await timers.advance(3000);
    expect(target.installed).to.deep.equal([`${METADATA.slice(0, 20)} 0`]);
  });

  it('gives an update up at its targets', async () => {
    const { say, target, timers } = bench();
    await say('targets 0200');
    await say(`update ${METADATA.slice(0, 20)} ${METADATA} 300`);
    await timers.advance(10_000);
    await say('cancel-update');
    await timers.advance(1000);
    expect(target.models.update?.phase).to.equal(0);
  });

  it('takes a late answer to an earlier question for none to Apply', async () => {
    const { say, own, target, timers } = bench();
    await say('targets 0200');
    await say(`update ${METADATA.slice(0, 20)} ${METADATA} 300`);
    await timers.advance(10_000);
    const applied = say('apply');
    const update = { ttl: 5, additional: 0, timeoutBase: 0, blobId: '0011223344556677', image: 0 };
    const verified = { status: 0, phase: updatePhase.VERIFICATION_SUCCEEDED, update };
    own.deliver(encodeMessage(updateStatusMessage, verified), 0, TARGET);
    await applied;
    await timers.advance(3000);
    expect(target.installed).to.deep.equal([`${METADATA.slice(0, 20)} 0`]);
    expect(await say('phases')).to.equal(String(updatePhase.APPLYING_UPDATE));
  });

  it('sends no Transfer Start any more once the update was given up', async () => {
    const { say, own, timers } = bench();
    const sent: string[] = [];
    const { wire } = own;
    own.wire = (pdu, to, element) => {
      sent.push(printAccess(pdu).split(':')[0] ?? '');
      // The target does not answer what the BLOB client asks first, so that the update is given up in the middle of it.
      if (sent.at(-1) !== blobInformationGet.name) wire?.(pdu, to, element);
    };
    await say('targets 0200');
    await say(`update ${METADATA.slice(0, 20)} ${METADATA} 300`);
    await timers.advance(1000);
    expect(sent.at(-1)).to.equal(blobInformationGet.name);
    await say('cancel-update');
    await timers.advance(1000);
    expect(sent).to.include(updateCancel.name).and.not.include(blobTransferStart.name);
  });

  it('sends a BLOB in push and in pull mode to a server that expects it', async () => {
    for (const mode of ['push', 'pull']) {
      const { say, target, timers } = bench();
      target.models.updateBlob?.prepare('0011223344556677', 1, 5);
      await say(`mode ${mode}`);
      await say('targets 0200');
      await say('send-blob 0011223344556677 700 8 32');
      await timers.advance(5000);
      expect(target.models.updateBlob?.phase, mode).to.equal(4);
    }
  });

  it('drops a silent target after the client timeout, and tells', async () => {
    const { clients, say, timers } = bench();
    const lost: number[] = [];
    clients.onLost = (address) => lost.push(address);
    await say('targets 0400');
    clients.blob('0011223344556677', 100, 6, 32);
    await timers.advance(clients.limitMs - 1);
    expect(lost).to.deep.equal([]);
    await timers.advance(1);
    expect(lost).to.deep.equal([0x0400]);
  });

  it('uploads to a distributor and has it distribute', async () => {
    const { say, distributor } = bench('distribution-client');
    await say('distributor 0300');
    expect(await say(`upload ${METADATA.slice(0, 20)} ${METADATA} 300`)).to.equal('status 0 phase 3');
    expect(await say('receivers 0200')).to.equal('status 0 count 1');
    expect(await say(`start ${METADATA.slice(0, 20)} verify`)).to.equal('status 0 phase 1');
    expect(await say('distribution suspend')).to.match(/^status [02]/);
    expect(await say('resume')).to.match(/^status 0/);
    expect(distributor.models.store?.count).to.equal(1);
  });

  it('answers BTP frames, with errors where it cannot', async () => {
    const clients = new Clients({ models: () => undefined, appKey: () => undefined });
    const node = {
      address: Buffer.from('010203040506', 'hex'),
      reset: () => Promise.resolve(),
      expectBlob: () => true,
      freeBlob: () => undefined,
    };
    const url = await openBtp(clients, node);
    const socket = createConnection(Number(new URL(url).port), '127.0.0.1');
    const heard: Buffer[] = [];
    const answer = async (octets: number): Promise<string> => {
      while (Buffer.concat(heard).length < octets) heard.push((await once(socket, 'data'))[0] as Buffer);
      return Buffer.concat(heard.splice(0)).toString('hex');
    };
    try {
      expect(await answer(5), 'ready').to.equal('0080ff0000');
      // Two frames in pieces: register a service, then a BLOB Information Get without a network.
      socket.write(Buffer.from('0003ff01', 'hex'));
      socket.write(Buffer.from('0005056000030001', 'hex'));
      socket.write(Buffer.from('0200', 'hex'));
      expect(await answer(11)).to.equal('0003ff0000050000010003');
      socket.write(Buffer.from('05ee000000', 'hex'));
      expect(await answer(6), 'unknown').to.equal('050000010002');
    } finally {
      socket.destroy();
    }
  });
});
