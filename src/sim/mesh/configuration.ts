import type { Layout, Value } from '../../core/layout/layout.ts';
import { type Decoded, encodeComposition, valueOf } from '../../mesh/codec/access.ts';
import { configStatus } from '../../mesh/codec/enums.ts';
import { virtualAddress } from '../../mesh/codec/keys.ts';
import { encodeMessage, type MessageType, type MessageValue } from '../../mesh/codec/message.ts';
import * as c from '../../mesh/codec/messages/configuration.ts';
import type { ModelId } from '../../mesh/codec/special.ts';
import type { SavedConfiguration } from './saved.ts';

/** The node as its Configuration Server sees it. */
export interface ConfiguredNode {
  readonly unicast: number;
  readonly netKeyIndex: number;
  /** Model identifiers of every element, those of the foundation included. */
  readonly elements: readonly (readonly number[])[];
  readonly company: number;
  readonly lowPower: boolean;
  /** Version of the composition by page; undefined for a page that it has not. */
  compositionVersion(page: number): number | undefined;
  configuration(): SavedConfiguration;
  /** Keeps the change and follows it. */
  configure(change: Partial<SavedConfiguration>): void;
  /** Sends under the device key. */
  answer(pdu: Buffer, to: number): Promise<void>;
  /** Leaves the network. */
  leave(): void;
}

interface Feature {
  readonly get: MessageType;
  readonly set: MessageType | undefined;
  readonly status: MessageType;
  readonly initial: Readonly<Record<string, number>>;
}

const S = configStatus;
const PAGE_NEXT = 0x80;
const ALL_NODES = 0xffff;
const retransmit = { count: 2, intervalSteps: 1 } as const;
const SAR_TRANSMITTER = {
  segmentIntervalStep: 5,
  unicastCount: 2,
  noProgressCount: 2,
  unicastIntervalStep: 7,
  unicastIntervalIncrement: 1,
  multicastCount: 2,
  multicastIntervalStep: 9,
} as const;
const SAR_RECEIVER = {
  segmentsThreshold: 3,
  ackDelayIncrement: 1,
  discardTimeout: 1,
  segmentIntervalStep: 5,
  ackCount: 0,
} as const;

/** States that are told and kept, and change nothing that this node does. */
const FEATURES: readonly Feature[] = [
  { get: c.beaconGet, set: c.beaconSet, status: c.beaconStatus, initial: { state: 1 } },
  { get: c.friendGet, set: undefined, status: c.friendStatus, initial: { state: 2 } },
  { get: c.gattProxyGet, set: c.gattProxySet, status: c.gattProxyStatus, initial: { state: 1 } },
  { get: c.relayGet, set: undefined, status: c.relayStatus, initial: { state: 2, ...retransmit } },
  {
    get: c.networkTransmitGet,
    set: c.networkTransmitSet,
    status: c.networkTransmitStatus,
    initial: retransmit,
  },
  { get: c.sarTransmitterGet, set: c.sarTransmitterSet, status: c.sarTransmitterStatus, initial: SAR_TRANSMITTER },
  { get: c.sarReceiverGet, set: c.sarReceiverSet, status: c.sarReceiverStatus, initial: SAR_RECEIVER },
];
const FEATURE_SETS: readonly MessageType[] = [c.friendSet, c.relaySet];

/** Configuration Server of the primary element (Mesh Protocol 4.4.1), with the SAR Configuration Server. */
export class ConfigurationServer {
  readonly #node: ConfiguredNode;

  constructor(node: ConfiguredNode) {
    this.#node = node;
  }

  /** A message under the device key. */
  receive(message: Decoded, from: number): void {
    const say = <L extends Layout>(type: MessageType<L>, value: Value<L>): void =>
      void this.#node.answer(encodeMessage(type, value), from);
    const composition = valueOf(c.compositionGet, message);
    const appKey = valueOf(c.appKeyAdd, message);
    const bind = valueOf(c.modelAppBind, message);
    const subscribe = valueOf(c.subscriptionAdd, message);
    const virtual = valueOf(c.subscriptionVirtualAdd, message);
    const ttl = valueOf(c.defaultTtlSet, message);
    const poll = valueOf(c.pollTimeoutGet, message);
    const identity = valueOf(c.nodeIdentitySet, message) ?? valueOf(c.nodeIdentityGet, message);
    if (composition !== undefined) say(c.compositionStatus, this.#composition(composition.page));
    else if (appKey !== undefined) say(c.appKeyStatus, this.#addKey(appKey));
    else if (bind !== undefined) say(c.modelAppStatus, { ...bind, status: this.#bind(bind) });
    else if (subscribe !== undefined)
      say(c.subscriptionStatus, { ...subscribe, status: this.#subscribe(subscribe, subscribe.address) });
    else if (virtual !== undefined) {
      const { element, label, model } = virtual;
      const address = virtualAddress(label);
      const status = this.#subscribe({ element, model }, address, label.toString('hex'));
      say(c.subscriptionStatus, { status, element, address, model });
    } else if (ttl !== undefined) {
      this.#node.configure({ defaultTtl: ttl.ttl });
      say(c.defaultTtlStatus, ttl);
    } else if (valueOf(c.defaultTtlGet, message) !== undefined)
      say(c.defaultTtlStatus, { ttl: this.#node.configuration().defaultTtl });
    else if (poll !== undefined) say(c.pollTimeoutStatus, { address: poll.address, pollTimeout: 0 });
    else if (identity !== undefined) {
      const known = identity.netKeyIndex === this.#node.netKeyIndex;
      const status = known ? S.SUCCESS : S.INVALID_NETKEY_INDEX;
      say(c.nodeIdentityStatus, { status, netKeyIndex: identity.netKeyIndex, state: 0 });
    } else if (valueOf(c.nodeReset, message) !== undefined) this.#reset(from);
    else this.#feature(message, say);
  }

  /** The answer goes out while the keys are still there. */
  #reset(from: number): void {
    const leave = (): void => this.#node.leave();
    this.#node.answer(encodeMessage(c.nodeResetStatus, {}), from).then(leave, leave);
  }

  #composition(asked: number): MessageValue<typeof c.compositionStatus> {
    const { company, lowPower, elements } = this.#node;
    const next = asked >= PAGE_NEXT ? this.#node.compositionVersion(PAGE_NEXT) : undefined;
    const page = next === undefined ? 0 : PAGE_NEXT;
    const data = encodeComposition({
      company,
      product: 1,
      version: next ?? this.#node.compositionVersion(0) ?? 1,
      replayListSize: 32,
      relay: 0,
      proxy: 1,
      friend: 0,
      lowPower: lowPower ? 1 : 0,
      elements: elements.map((sig, location) => ({ location, sigCount: sig.length, vendorCount: 0, sig, vendor: [] })),
    });
    return { page, data };
  }

  #addKey({ netKeyIndex, appKeyIndex, key }: MessageValue<typeof c.appKeyAdd>): MessageValue<typeof c.appKeyStatus> {
    const { appKeys } = this.#node.configuration();
    const known = appKeys.find(({ index }) => index === appKeyIndex);
    const hex = key.toString('hex');
    const answer = (status: number): MessageValue<typeof c.appKeyStatus> => ({ status, netKeyIndex, appKeyIndex });
    if (netKeyIndex !== this.#node.netKeyIndex) return answer(S.INVALID_NETKEY_INDEX);
    if (known !== undefined) return answer(known.key === hex ? S.SUCCESS : S.KEY_INDEX_ALREADY_STORED);
    this.#node.configure({ appKeys: [...appKeys, { index: appKeyIndex, netKeyIndex, key: hex }] });
    return answer(S.SUCCESS);
  }

  #bind({ element, appKeyIndex, model }: MessageValue<typeof c.modelAppBind>): number {
    const { appKeys, bindings } = this.#node.configuration();
    const wrong = this.#wrongModel(element, model);
    if (wrong !== undefined) return wrong;
    if (!appKeys.some(({ index }) => index === appKeyIndex)) return S.INVALID_APPKEY_INDEX;
    const binding = { element: element - this.#node.unicast, model: model.model, app: appKeyIndex };
    const others = bindings.filter(
      (b) => b.element !== binding.element || b.model !== binding.model || b.app !== binding.app,
    );
    this.#node.configure({ bindings: [...others, binding] });
    return S.SUCCESS;
  }

  #subscribe(to: { element: number; model: ModelId }, address: number, label?: string): number {
    const wrong = this.#wrongModel(to.element, to.model);
    if (wrong !== undefined) return wrong;
    if (address < 0x8000 || address === ALL_NODES) return S.INVALID_ADDRESS;
    const one = { element: to.element - this.#node.unicast, model: to.model.model, address, ...(label && { label }) };
    const { subscriptions } = this.#node.configuration();
    const others = subscriptions.filter(
      (s) => s.element !== one.element || s.model !== one.model || s.address !== address || s.label !== label,
    );
    this.#node.configure({ subscriptions: [...others, one] });
    return S.SUCCESS;
  }

  #wrongModel(element: number, { model, company }: ModelId): number | undefined {
    const models = this.#node.elements[element - this.#node.unicast];
    if (models === undefined) return S.INVALID_ADDRESS;
    return company !== undefined || !models.includes(model) ? S.INVALID_MODEL : undefined;
  }

  /** Gets and Sets of states; a feature that the node has not stays "not supported". */
  #feature(message: Decoded, say: (type: MessageType, value: Value<Layout>) => void): void {
    if (message.kind !== 'message') return;
    const { opcode } = message.type;
    const states = this.#node.configuration().states;
    for (const { get, set, status, initial } of FEATURES) {
      const refusedSet = FEATURE_SETS.find(({ reply }) => reply === status);
      if (set?.opcode === opcode) {
        const value = message.value as Record<string, number>;
        this.#node.configure({ states: { ...states, [status.name]: value } });
        return say(status, value);
      }
      if (get.opcode === opcode || refusedSet?.opcode === opcode) return say(status, states[status.name] ?? initial);
    }
  }
}
