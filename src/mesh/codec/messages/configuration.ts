import { group, list, octets, reserved, rest, times, u16, u8, uint } from '../../../core/layout/fields.ts';
import { configStatus, featureState } from '../enums.ts';
import { address } from '../fields.ts';
import { message } from '../message.ts';
import { modelId } from '../special.ts';

const status = uint(8, { of: configStatus });
const state = uint(8, { of: featureState });
const netKeyIndex = uint(12);
const appKeyIndex = uint(12);
const retransmit = { count: uint(3), intervalSteps: uint(5) } as const;

/** Page 0 of the Composition Data, and page 0x80: what page 0 will be after an update (4.2.1.1). */
export const compositionPage = {
  company: u16,
  product: u16,
  version: u16,
  replayListSize: u16,
  relay: uint(1),
  proxy: uint(1),
  friend: uint(1),
  lowPower: uint(1),
  rfu: reserved(12),
  elements: list({
    location: u16,
    sigCount: u8,
    vendorCount: u8,
    sig: times('sigCount', address),
    vendor: times('vendorCount', group({ company: u16, model: u16 })),
  }),
} as const;

/** Node to tester: a page of its Composition Data; `decodeComposition` reads pages 0 and 0x80. */
export const compositionStatus = message(0x02, 'Config Composition Data Status', { page: u8, data: rest() });

/** Tester to node: asks for a page, or the highest below it that the node has. */
export const compositionGet = message(
  0x8008,
  'Config Composition Data Get',
  { page: u8 },
  { reply: compositionStatus },
);

/** Node to tester: how the change of its AppKeys went. */
export const appKeyStatus = message(0x8003, 'Config AppKey Status', { status, netKeyIndex, appKeyIndex });

/** Tester to node: an AppKey, bound to a NetKey. The two indexes share three octets. */
export const appKeyAdd = message(
  0x00,
  'Config AppKey Add',
  { netKeyIndex, appKeyIndex, key: octets(16) },
  { reply: appKeyStatus },
);

/** Node to tester: how a binding went. */
export const modelAppStatus = message(0x803e, 'Config Model App Status', {
  status,
  element: address,
  appKeyIndex: u16,
  model: modelId,
});

/** Tester to node: lets a model use an AppKey. */
export const modelAppBind = message(
  0x803d,
  'Config Model App Bind',
  { element: address, appKeyIndex: u16, model: modelId },
  { reply: modelAppStatus },
);

/** Node to tester: how a subscription went; a virtual address stands for its label. */
export const subscriptionStatus = message(0x801f, 'Config Model Subscription Status', {
  status,
  element: address,
  address,
  model: modelId,
});

/** Tester to node: a model is to listen to a group. */
export const subscriptionAdd = message(
  0x801b,
  'Config Model Subscription Add',
  { element: address, address, model: modelId },
  { reply: subscriptionStatus },
);

/** Tester to node: a model is to listen to the virtual address of a label. */
export const subscriptionVirtualAdd = message(
  0x8020,
  'Config Model Subscription Virtual Address Add',
  { element: address, label: octets(16), model: modelId },
  { reply: subscriptionStatus },
);

/** Secure network beacons of the node: on or off. */
export const beaconStatus = message(0x800b, 'Config Beacon Status', { state });
/** Asks for it. */
export const beaconGet = message(0x8009, 'Config Beacon Get', {}, { reply: beaconStatus });
/** Switches it. */
export const beaconSet = message(0x800a, 'Config Beacon Set', { state }, { reply: beaconStatus });

/** TTL of messages that the node sends on its own. */
export const defaultTtlStatus = message(0x800e, 'Config Default TTL Status', { ttl: u8 });
/** Asks for it. */
export const defaultTtlGet = message(0x800c, 'Config Default TTL Get', {}, { reply: defaultTtlStatus });
/** Sets it. */
export const defaultTtlSet = message(0x800d, 'Config Default TTL Set', { ttl: u8 }, { reply: defaultTtlStatus });

/** Friend feature of the node. */
export const friendStatus = message(0x8011, 'Config Friend Status', { state });
/** Asks for it. */
export const friendGet = message(0x800f, 'Config Friend Get', {}, { reply: friendStatus });
/** Switches it. */
export const friendSet = message(0x8010, 'Config Friend Set', { state }, { reply: friendStatus });

/** GATT Proxy feature of the node. */
export const gattProxyStatus = message(0x8014, 'Config GATT Proxy Status', { state });
/** Asks for it. */
export const gattProxyGet = message(0x8012, 'Config GATT Proxy Get', {}, { reply: gattProxyStatus });
/** Switches it. */
export const gattProxySet = message(0x8013, 'Config GATT Proxy Set', { state }, { reply: gattProxyStatus });

/** How often the node sends each network PDU on the advertising bearer. */
export const networkTransmitStatus = message(0x8025, 'Config Network Transmit Status', retransmit);
/** Asks for it. */
export const networkTransmitGet = message(0x8023, 'Config Network Transmit Get', {}, { reply: networkTransmitStatus });
/** Sets it. */
export const networkTransmitSet = message(0x8024, 'Config Network Transmit Set', retransmit, {
  reply: networkTransmitStatus,
});

/** Relay feature of the node, and how often it relays each PDU. */
export const relayStatus = message(0x8028, 'Config Relay Status', { state, ...retransmit });
/** Asks for it. */
export const relayGet = message(0x8026, 'Config Relay Get', {}, { reply: relayStatus });
/** Switches it. */
export const relaySet = message(0x8027, 'Config Relay Set', { state, ...retransmit }, { reply: relayStatus });

/** Node to tester: whether the Low Power node at this address is its friend, and how patient it is. */
export const pollTimeoutStatus = message(0x802e, 'Config Low Power Node PollTimeout Status', {
  address,
  /** In steps of 100 ms; 0 where the node has no friendship with that address. */
  pollTimeout: uint(24),
});
/** Tester to node: asks for it. */
export const pollTimeoutGet = message(
  0x802d,
  'Config Low Power Node PollTimeout Get',
  { address },
  { reply: pollTimeoutStatus },
);

/** Whether the node advertises by its own identity on a subnet. */
export const nodeIdentityStatus = message(0x8048, 'Config Node Identity Status', { status, netKeyIndex: u16, state });
/** Asks for it. */
export const nodeIdentityGet = message(
  0x8046,
  'Config Node Identity Get',
  { netKeyIndex: u16 },
  { reply: nodeIdentityStatus },
);
/** Starts or stops it. */
export const nodeIdentitySet = message(
  0x8047,
  'Config Node Identity Set',
  { netKeyIndex: u16, state },
  { reply: nodeIdentityStatus },
);

/** Node to tester: the last message before it leaves the network. */
export const nodeResetStatus = message(0x804a, 'Config Node Reset Status', {});
/** Tester to node: leave the network. */
export const nodeReset = message(0x8049, 'Config Node Reset', {}, { reply: nodeResetStatus });

/** SAR Transmitter state; for the meaning of the steps see `sarTransmitterTiming`. */
const sarTransmitter = {
  segmentIntervalStep: uint(4),
  unicastCount: uint(4),
  noProgressCount: uint(4),
  unicastIntervalStep: uint(4),
  unicastIntervalIncrement: uint(4),
  multicastCount: uint(4),
  multicastIntervalStep: uint(4),
  rfu: reserved(4),
} as const;

const sarReceiver = {
  segmentsThreshold: uint(5),
  ackDelayIncrement: uint(3),
  discardTimeout: uint(4),
  segmentIntervalStep: uint(4),
  ackCount: uint(2),
  rfu: reserved(6),
} as const;

/** Segmentation timing of the node as a sender (4.2.47). */
export const sarTransmitterStatus = message(0x806e, 'SAR Transmitter Status', sarTransmitter);
/** Asks for it. */
export const sarTransmitterGet = message(0x806c, 'SAR Transmitter Get', {}, { reply: sarTransmitterStatus });
/** Sets it. */
export const sarTransmitterSet = message(0x806d, 'SAR Transmitter Set', sarTransmitter, {
  reply: sarTransmitterStatus,
});

/** Segmentation timing of the node as a receiver (4.2.48). */
export const sarReceiverStatus = message(0x8071, 'SAR Receiver Status', sarReceiver);
/** Asks for it. */
export const sarReceiverGet = message(0x806f, 'SAR Receiver Get', {}, { reply: sarReceiverStatus });
/** Sets it. */
export const sarReceiverSet = message(0x8070, 'SAR Receiver Set', sarReceiver, { reply: sarReceiverStatus });

/** The messages under a device key that the tester uses (Mesh Protocol 4.3.2 and the SAR Configuration model). */
export const configurationMessages = [
  compositionGet,
  compositionStatus,
  appKeyAdd,
  appKeyStatus,
  modelAppBind,
  modelAppStatus,
  subscriptionAdd,
  subscriptionVirtualAdd,
  subscriptionStatus,
  beaconGet,
  beaconSet,
  beaconStatus,
  defaultTtlGet,
  defaultTtlSet,
  defaultTtlStatus,
  friendGet,
  friendSet,
  friendStatus,
  gattProxyGet,
  gattProxySet,
  gattProxyStatus,
  networkTransmitGet,
  networkTransmitSet,
  networkTransmitStatus,
  relayGet,
  relaySet,
  relayStatus,
  pollTimeoutGet,
  pollTimeoutStatus,
  nodeIdentityGet,
  nodeIdentitySet,
  nodeIdentityStatus,
  nodeReset,
  nodeResetStatus,
  sarTransmitterGet,
  sarTransmitterSet,
  sarTransmitterStatus,
  sarReceiverGet,
  sarReceiverSet,
  sarReceiverStatus,
];
