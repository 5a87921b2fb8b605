import { configStatus, featureState } from '../enums.ts';
import { address, group, list, octets, reserved, rest, times, u16, u8, uint } from '../fields.ts';
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

export const compositionStatus = message(0x02, 'Config Composition Data Status', { page: u8, data: rest() });

export const compositionGet = message(
  0x8008,
  'Config Composition Data Get',
  { page: u8 },
  { reply: compositionStatus },
);

export const appKeyStatus = message(0x8003, 'Config AppKey Status', { status, netKeyIndex, appKeyIndex });

export const appKeyAdd = message(
  0x00,
  'Config AppKey Add',
  { netKeyIndex, appKeyIndex, key: octets(16) },
  { reply: appKeyStatus },
);

export const modelAppStatus = message(0x803e, 'Config Model App Status', {
  status,
  element: address,
  appKeyIndex: u16,
  model: modelId,
});

export const modelAppBind = message(
  0x803d,
  'Config Model App Bind',
  { element: address, appKeyIndex: u16, model: modelId },
  { reply: modelAppStatus },
);

export const subscriptionStatus = message(0x801f, 'Config Model Subscription Status', {
  status,
  element: address,
  address,
  model: modelId,
});

export const subscriptionAdd = message(
  0x801b,
  'Config Model Subscription Add',
  { element: address, address, model: modelId },
  { reply: subscriptionStatus },
);

export const subscriptionVirtualAdd = message(
  0x8020,
  'Config Model Subscription Virtual Address Add',
  { element: address, label: octets(16), model: modelId },
  { reply: subscriptionStatus },
);

export const beaconStatus = message(0x800b, 'Config Beacon Status', { state });
export const beaconGet = message(0x8009, 'Config Beacon Get', {}, { reply: beaconStatus });
export const beaconSet = message(0x800a, 'Config Beacon Set', { state }, { reply: beaconStatus });

export const defaultTtlStatus = message(0x800e, 'Config Default TTL Status', { ttl: u8 });
export const defaultTtlGet = message(0x800c, 'Config Default TTL Get', {}, { reply: defaultTtlStatus });
export const defaultTtlSet = message(0x800d, 'Config Default TTL Set', { ttl: u8 }, { reply: defaultTtlStatus });

export const friendStatus = message(0x8011, 'Config Friend Status', { state });
export const friendGet = message(0x800f, 'Config Friend Get', {}, { reply: friendStatus });
export const friendSet = message(0x8010, 'Config Friend Set', { state }, { reply: friendStatus });

export const gattProxyStatus = message(0x8014, 'Config GATT Proxy Status', { state });
export const gattProxyGet = message(0x8012, 'Config GATT Proxy Get', {}, { reply: gattProxyStatus });
export const gattProxySet = message(0x8013, 'Config GATT Proxy Set', { state }, { reply: gattProxyStatus });

export const networkTransmitStatus = message(0x8025, 'Config Network Transmit Status', retransmit);
export const networkTransmitGet = message(0x8023, 'Config Network Transmit Get', {}, { reply: networkTransmitStatus });
export const networkTransmitSet = message(0x8024, 'Config Network Transmit Set', retransmit, {
  reply: networkTransmitStatus,
});

export const relayStatus = message(0x8028, 'Config Relay Status', { state, ...retransmit });
export const relayGet = message(0x8026, 'Config Relay Get', {}, { reply: relayStatus });
export const relaySet = message(0x8027, 'Config Relay Set', { state, ...retransmit }, { reply: relayStatus });

export const pollTimeoutStatus = message(0x802e, 'Config Low Power Node PollTimeout Status', {
  address,
  /** In steps of 100 ms; 0 where the node has no friendship with that address. */
  pollTimeout: uint(24),
});
export const pollTimeoutGet = message(
  0x802d,
  'Config Low Power Node PollTimeout Get',
  { address },
  { reply: pollTimeoutStatus },
);

export const nodeIdentityStatus = message(0x8048, 'Config Node Identity Status', { status, netKeyIndex: u16, state });
export const nodeIdentityGet = message(
  0x8046,
  'Config Node Identity Get',
  { netKeyIndex: u16 },
  { reply: nodeIdentityStatus },
);
export const nodeIdentitySet = message(
  0x8047,
  'Config Node Identity Set',
  { netKeyIndex: u16, state },
  { reply: nodeIdentityStatus },
);

export const nodeResetStatus = message(0x804a, 'Config Node Reset Status', {});
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

export const sarTransmitterStatus = message(0x806e, 'SAR Transmitter Status', sarTransmitter);
export const sarTransmitterGet = message(0x806c, 'SAR Transmitter Get', {}, { reply: sarTransmitterStatus });
export const sarTransmitterSet = message(0x806d, 'SAR Transmitter Set', sarTransmitter, {
  reply: sarTransmitterStatus,
});

export const sarReceiverStatus = message(0x8071, 'SAR Receiver Status', sarReceiver);
export const sarReceiverGet = message(0x806f, 'SAR Receiver Get', {}, { reply: sarReceiverStatus });
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
