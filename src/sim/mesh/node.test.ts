import { expect } from 'chai';
import { memorySink } from '../../core/events.ts';
import type { Layout, Value } from '../../core/layout/layout.ts';
import { decodeComposition, valueOf } from '../../mesh/codec/access.ts';
import { modelIds } from '../../mesh/codec/enums.ts';
import { encodeMessage, type MessageType } from '../../mesh/codec/message.ts';
import { blobInformationGet } from '../../mesh/codec/messages/blob.ts';
import * as c from '../../mesh/codec/messages/configuration.ts';
import { encodeProxyConfiguration, proxyConfiguration } from '../../mesh/codec/proxy.ts';
import { bearerPair } from '../../mesh/stack/bearerPair.ts';
import { KeyRing, type KeyName } from '../../mesh/stack/keyRing.ts';
import { MeshStack, type Received } from '../../mesh/stack/meshStack.ts';
import { testerSarTiming } from '../../mesh/stack/sarTiming.ts';
import { memoryStore } from '../../mesh/stack/stateStore.ts';
import { manualTimers } from '../../mesh/stack/timers.ts';
import type { Impairment } from '../../link/impair.ts';
import { FOUNDATION, makeModels } from './models.ts';
import { MeshNode } from './node.ts';
import { presetOptions } from './options.ts';
import { FACTORY, type Saved } from './saved.ts';

const NET_KEY = Buffer.alloc(16, 1);
const APP_KEY = Buffer.alloc(16, 2);
const DEVICE_KEY = Buffer.alloc(16, 3);
const TESTER = 0x0001;
const NODE = 0x0100;
const GROUP = 0xc001;
const BLOB = { model: modelIds.BLOB_TRANSFER_SERVER };
const DEV: KeyName = { dev: NODE };
const APP: KeyName = { app: 0 };

/** A provisioned node behind a proxy connection, and a stack that speaks to it. */
function bench(impair?: Impairment) {
  const timers = manualTimers();
  const network = {
    netKey: NET_KEY.toString('hex'),
    netKeyIndex: 0,
    ivIndex: 5,
    updating: false,
    unicast: NODE,
    deviceKey: DEVICE_KEY.toString('hex'),
  };
  let saved: Saved = { ...FACTORY, network };
  let left = false;
  const node = new MeshNode({
    network,
    foundation: FOUNDATION,
    lowPower: false,
    answersUnbound: false,
    models: (sendFrom) =>
      makeModels(
        {
          options: presetOptions(),
          behaviour: {},
          timers,
          saved: () => saved,
          changed: () => undefined,
          install: () => undefined,
        },
        sendFrom,
      ).elements,
    timers,
    sar: testerSarTiming,
    reassemblyMs: 20_000,
    counters: memoryStore(),
    ...(impair && { impair }),
    seed: 1,
    saved: () => saved,
    configure: (configuration) => {
      saved = { ...saved, configuration };
    },
    leave: () => {
      left = true;
    },
  });
  const keys = new KeyRing(NET_KEY);
  keys.addAppKey(0, APP_KEY);
  keys.addNode(NODE, 1, DEVICE_KEY);
  const sink = memorySink(() => timers.now());
  const tester = new MeshStack({
    keys,
    elements: [TESTER],
    store: memoryStore(),
    iv: { ivIndex: 5, updating: false },
    sink,
    timers,
    sar: testerSarTiming,
    defaultTtl: 5,
    proxyReassemblyMs: 20_000,
  });
  const [own, its] = bearerPair(66);
  tester.attach(own);
  node.attach(its);
  const heard: Received[] = [];
  tester.onReceive((received) => heard.push(received));
  /** Sends a message and gives what came back within ten seconds. */
  const ask = async <Q extends Layout, A extends Layout>(
    type: MessageType<Q, MessageType<A>>,
    value: Value<Q>,
    key: KeyName,
    to = NODE,
  ): Promise<Value<A> | undefined> => {
    heard.length = 0;
    void tester.sendAccess(encodeMessage(type, value), { to, key }).catch(() => undefined);
    await timers.advance(10_000);
    const [answer] = heard;
    return answer === undefined || type.reply === undefined ? undefined : valueOf(type.reply, answer.decoded);
  };
  return { node, tester, timers, sink, ask, left: () => left, saved: () => saved };
}

describe('simulated mesh node behind its proxy', () => {
  it('tells its composition, and page 0 in place of a page that it has not', async () => {
    const { ask } = bench();
    const seen = await ask(c.compositionGet, { page: 0x80 }, DEV);
    expect(seen?.page).to.equal(0);
    const [element] = decodeComposition(seen?.data ?? Buffer.alloc(0)).elements;
    expect(element?.sig).to.deep.equal([...FOUNDATION, 0x1400, 0x1402]);
  });

  it('answers for a model only once it is bound to the key', async () => {
    const { ask } = bench();
    expect(await ask(blobInformationGet, {}, APP)).to.equal(undefined);
    expect(await ask(c.appKeyAdd, { netKeyIndex: 0, appKeyIndex: 0, key: APP_KEY }, DEV)).to.include({ status: 0 });
    expect(await ask(c.appKeyAdd, { netKeyIndex: 0, appKeyIndex: 0, key: DEVICE_KEY }, DEV)).to.include({ status: 6 });
    expect(await ask(c.appKeyAdd, { netKeyIndex: 9, appKeyIndex: 1, key: APP_KEY }, DEV)).to.include({ status: 4 });
    expect(await ask(blobInformationGet, {}, APP)).to.equal(undefined);
    const bind = { element: NODE, appKeyIndex: 0, model: BLOB };
    expect(await ask(c.modelAppBind, { ...bind, element: NODE + 5 }, DEV)).to.include({ status: 1 });
    expect(await ask(c.modelAppBind, { ...bind, model: { model: 0x1405 } }, DEV)).to.include({ status: 2 });
    expect(await ask(c.modelAppBind, { ...bind, appKeyIndex: 3 }, DEV)).to.include({ status: 3 });
    expect(await ask(c.modelAppBind, bind, DEV)).to.include({ status: 0 });
    expect(await ask(blobInformationGet, {}, APP)).to.include({ push: 1 });
  });

  it('hears a group that its model is subscribed to', async () => {
    const { ask } = bench();
    await ask(c.appKeyAdd, { netKeyIndex: 0, appKeyIndex: 0, key: APP_KEY }, DEV);
    await ask(c.modelAppBind, { element: NODE, appKeyIndex: 0, model: BLOB }, DEV);
    expect(await ask(blobInformationGet, {}, APP, GROUP)).to.equal(undefined);
    const subscribe = { element: NODE, address: GROUP, model: BLOB };
    expect(await ask(c.subscriptionAdd, { ...subscribe, address: 0x0101 }, DEV)).to.include({ status: 1 });
    expect(await ask(c.subscriptionAdd, subscribe, DEV)).to.include({ status: 0 });
    expect(await ask(blobInformationGet, {}, APP, GROUP)).to.include({ push: 1 });
  });

  it('keeps states and the default TTL', async () => {
    const { ask, saved } = bench();
    expect(await ask(c.defaultTtlSet, { ttl: 4 }, DEV)).to.deep.equal({ ttl: 4 });
    expect(saved().configuration.defaultTtl).to.equal(4);
    expect(await ask(c.beaconSet, { state: 0 }, DEV)).to.deep.equal({ state: 0 });
    expect(await ask(c.beaconGet, {}, DEV)).to.deep.equal({ state: 0 });
    expect(await ask(c.friendSet, { state: 1 }, DEV)).to.deep.equal({ state: 2 });
  });

  it('leaves its network after the answer to Node Reset', async () => {
    const { ask, left } = bench();
    expect(await ask(c.nodeReset, {}, DEV)).to.deep.equal({});
    expect(left()).to.equal(true);
  });

  it('follows the filter that its client sets', async () => {
    const { tester, timers, ask, sink } = bench();
    await ask(c.defaultTtlGet, {}, DEV);
    const { setFilterType, addAddresses } = proxyConfiguration;
    await tester.sendProxyConfiguration(encodeProxyConfiguration(setFilterType, { filter: 1 }));
    await timers.advance(100);
    const status = sink.events.filter(({ type, dir }) => type === 'mesh.proxy' && dir === 'in');
    expect(status.map(({ raw }) => raw)).to.deep.equal(['03010000']);
    const add = encodeProxyConfiguration(addAddresses, { addresses: [{ address: 0x0055 }] });
    await tester.sendProxyConfiguration(add);
    expect(await ask(c.defaultTtlGet, {}, DEV)).to.deep.equal({ ttl: 7 });
  });

  it('is reached over a network that loses and repeats PDUs', async () => {
    const { ask } = bench({ losePercent: 20, repeatPercent: 20 });
    const key = { netKeyIndex: 0, appKeyIndex: 0, key: APP_KEY };
    const seen = [];
    for (let i = 0; i < 10; i++) seen.push((await ask(c.appKeyAdd, key, DEV))?.status);
    expect(seen.filter((status) => status === 0).length).to.be.within(5, 10);
  });

  it('tells the IV index when its client listens', async () => {
    const { node, timers, sink } = bench();
    node.greet();
    await timers.advance(10);
    const [beacon] = sink.events.filter(({ type }) => type === 'mesh.beacon');
    expect(beacon?.data).to.include({ kind: 'secure', ivIndex: 5 });
  });
});
