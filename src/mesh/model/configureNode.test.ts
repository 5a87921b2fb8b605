import { expect } from 'chai';
import { encodeComposition, valueOf } from '../codec/access.ts';
import { modelIds } from '../codec/enums.ts';
import type { Layout, Value } from '../../core/layout/layout.ts';
import { encodeMessage, type MessageType } from '../codec/message.ts';
import {
  appKeyAdd,
  appKeyStatus,
  compositionGet,
  compositionStatus,
  defaultTtlSet,
  defaultTtlStatus,
  modelAppBind,
  modelAppStatus,
  nodeReset,
  nodeResetStatus,
  subscriptionAdd,
  subscriptionStatus,
  subscriptionVirtualAdd,
} from '../codec/messages/configuration.ts';
import { benchNetwork, meshBench } from '../testBench.ts';
import {
  type Composition,
  configureNode,
  elementsOf,
  elementsWith,
  type NodePlan,
  readComposition,
  resetNode,
} from './configureNode.ts';
import type { MeshStack } from '../stack/meshStack.ts';

const { FIRMWARE_UPDATE_SERVER, BLOB_TRANSFER_SERVER } = modelIds;
const COMPOSITION: Composition = {
  company: 0x59,
  product: 1,
  version: 1,
  replayListSize: 10,
  relay: 0,
  proxy: 1,
  friend: 0,
  lowPower: 0,
  elements: [
    { location: 0, sigCount: 1, vendorCount: 1, sig: [0], vendor: [{ company: 0x59, model: 2 }] },
    { location: 0, sigCount: 2, vendorCount: 0, sig: [BLOB_TRANSFER_SERVER, FIRMWARE_UPDATE_SERVER], vendor: [] },
  ],
};
const PLAN: NodePlan = {
  node: 0x0201,
  netKeyIndex: 0,
  appKeyIndex: 0,
  appKey: benchNetwork.appKey,
  bind: [{ model: BLOB_TRANSFER_SERVER }, { model: FIRMWARE_UPDATE_SERVER }, { model: 2, company: 0x59 }],
  subscribe: [
    { model: { model: BLOB_TRANSFER_SERVER }, group: 0xc000 },
    { model: { model: FIRMWARE_UPDATE_SERVER }, group: Buffer.alloc(16, 1) },
  ],
  defaultTtl: 5,
};
const DEADLINE = { withinMs: 5000, retryMs: 1000 };

/** A Configuration Server that keeps what it is told; `statusOf` may refuse. */
function playConfigurationServer(
  stack: MeshStack,
  statusOf: (what: string) => number,
  data = encodeComposition(COMPOSITION),
): string[] {
  const told: string[] = [];
  stack.onReceive(({ src, key, decoded }) => {
    const answer = <L extends Layout>(what: string, type: MessageType<L>, value: Value<L>): void => {
      told.push(what);
      void stack.sendAccess(encodeMessage(type, value), { to: src, key });
    };
    const page = valueOf(compositionGet, decoded);
    if (page) answer('composition', compositionStatus, { page: page.page, data });
    const added = valueOf(appKeyAdd, decoded);
    if (added)
      answer('key', appKeyStatus, {
        status: statusOf('key'),
        netKeyIndex: added.netKeyIndex,
        appKeyIndex: added.appKeyIndex,
      });
    const bound = valueOf(modelAppBind, decoded);
    if (bound)
      answer(`bind ${bound.element} ${bound.model.model}`, modelAppStatus, { status: statusOf('bind'), ...bound });
    const subscribed = valueOf(subscriptionAdd, decoded);
    if (subscribed)
      answer(`subscribe ${subscribed.address}`, subscriptionStatus, { status: statusOf('subscribe'), ...subscribed });
    const virtual = valueOf(subscriptionVirtualAdd, decoded);
    if (virtual) {
      const { element, model } = virtual;
      answer('subscribe label', subscriptionStatus, { status: statusOf('subscribe'), element, address: 0x8000, model });
    }
    const ttl = valueOf(defaultTtlSet, decoded);
    if (ttl) answer('ttl', defaultTtlStatus, ttl);
    if (valueOf(nodeReset, decoded)) answer('reset', nodeResetStatus, {});
  });
  return told;
}

describe('bringing up a node', () => {
  it('places elements and finds models on them', () => {
    expect(elementsOf(COMPOSITION, 0x0201).map((e) => e.address)).to.deep.equal([0x0201, 0x0202]);
    expect(elementsWith(COMPOSITION, 0x0201, { model: FIRMWARE_UPDATE_SERVER })).to.deep.equal([0x0202]);
    expect(elementsWith(COMPOSITION, 0x0201, { model: 2 })).to.deep.equal([]);
  });

  it('adds the key, binds, subscribes, sets the TTL, and resets at the end', async () => {
    const { tester, node, turn } = meshBench();
    const told = playConfigurationServer(node.stack, () => 0);
    const ready = await turn(configureNode(tester.stack, PLAN, DEADLINE));
    expect(ready).to.deep.equal({ kind: 'ready', composition: COMPOSITION });
    expect((await turn(resetNode(tester.stack, 0x0201, DEADLINE))).kind).to.equal('reply');
    expect(told).to.deep.equal([
      'composition',
      'key',
      'bind 514 5120',
      'bind 514 5122',
      'bind 513 2',
      'subscribe 49152',
      'subscribe label',
      'ttl',
      'reset',
    ]);
  });

  it('says which step the node refused', async () => {
    for (const [what, status, step] of [
      ['key', 5, 'Config AppKey Add'],
      ['bind', 0x0d, 'Config Model App Bind 0x1400'],
      ['subscribe', 5, 'Config Model Subscription Add 0x1400'],
    ] as const) {
      const { tester, node, turn } = meshBench();
      playConfigurationServer(node.stack, (asked) => (asked === what ? status : 0));
      expect(await turn(configureNode(tester.stack, PLAN, DEADLINE))).to.include({ kind: 'refused', step });
    }
  });

  it('knows a malformed composition and a silent node', async () => {
    const { tester, node, turn } = meshBench();
    expect((await turn(readComposition(tester.stack, 0x0201, 0, DEADLINE))).kind).to.equal('silence');
    playConfigurationServer(node.stack, () => 0, Buffer.of(1, 2, 3));
    expect((await turn(readComposition(tester.stack, 0x0201, 0x80, DEADLINE))).kind).to.equal('malformed');
    expect(await turn(configureNode(tester.stack, PLAN, DEADLINE))).to.deep.equal({
      kind: 'refused',
      step: 'Config Composition Data Get',
      why: 'malformed',
    });
  });
});
