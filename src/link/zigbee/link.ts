import type { Ev } from '../../core/events.ts';

/** A frame that came in over the air, as APS handed it over; nothing of it has been looked at. */
export interface Arrival {
  /** Network address of the sender. */
  readonly from: number;
  readonly fromEndpoint: number;
  readonly toEndpoint: number;
  readonly cluster: number;
  readonly broadcast: boolean;
  readonly octets: Buffer;
  /** Its event in the log. */
  readonly event: Ev;
}

/** Where a frame goes, and from which endpoint of the dongle. */
export interface Destination {
  /** Network address; 0xFFFC to 0xFFFF are broadcast addresses. */
  readonly address: number;
  /** EUI-64 where it is known: some dongles ask for it. */
  readonly ieee?: string;
  readonly endpoint: number;
  readonly cluster: number;
  readonly fromEndpoint: number;
}

/** What became of a frame: the dongle's confirm, or for a broadcast, which nobody confirms, that it was sent. */
export interface Confirmed {
  readonly delivered: boolean;
  /** The event of the frame as it went out. */
  readonly event: Ev;
}

/** Something that happened to a device of the network. */
export interface DeviceNews {
  readonly what: 'joined' | 'announced' | 'left';
  /** EUI-64, 16 hex digits; empty where the dongle does not tell. */
  readonly ieee: string;
  readonly address: number | undefined;
  readonly event: Ev;
}

/** What an endpoint says of itself (ZDO simple descriptor). */
export interface EndpointDescription {
  readonly profile: number;
  readonly deviceId: number;
  readonly inputClusters: readonly number[];
  readonly outputClusters: readonly number[];
}

/** The network as the dongle reports it. */
export interface NetworkSeen {
  readonly panId: number;
  readonly extendedPanId: string;
  readonly channel: number;
}

/**
 * A coordinator dongle with its network. It hands over every frame, malformed ones included, and sends any octets. Each frame, confirm and piece of
 * news is an event on the channel `zigbee`.
 */
export interface ZigbeeLink {
  /** EUI-64 of the dongle, 16 hex digits. */
  readonly ieee: string;
  readonly network: NetworkSeen;
  /** Ends when the function that it returns is called. */
  onArrival(listener: (arrival: Arrival) => void): () => void;
  onDevice(listener: (news: DeviceNews) => void): () => void;
  /** Resolves with the confirm; rejects with a BenchError where the dongle itself fails. `note` stands in the event. */
  send(to: Destination, octets: Uint8Array, note?: string): Promise<Confirmed>;
  /** Opens the network for so many seconds; 0 closes it. */
  permitJoin(seconds: number): Promise<void>;
  /** Lets a device in that joins with this install code, CRC included. Rejects with a BenchError where the dongle takes none. */
  addInstallCode(ieee: string, code: Buffer): Promise<void>;
  /** Network address of a device, asked for over the air; undefined where nobody answers. */
  addressOf(ieee: string): Promise<number | undefined>;
  /** The simple descriptor of an endpoint; undefined where the device does not answer or has no such endpoint. */
  describe(ieee: string, address: number, endpoint: number): Promise<EndpointDescription | undefined>;
  /** Tells a device to leave the network. */
  expel(ieee: string, address: number): Promise<boolean>;
  close(): Promise<void>;
}

/** Event types on the channel `zigbee`. */
export const ZIGBEE_EVENT = {
  /** A frame, either way; `data.address` is the other side. */
  frame: 'zigbee.frame',
  /** The dongle's confirm of a frame (`via`). */
  confirm: 'zigbee.confirm',
  /** A device joined, announced itself or left. */
  device: 'zigbee.device',
  /** A ZDO question of ours and what came of it. */
  zdo: 'zigbee.zdo',
} as const;

/** Broadcast addresses of the network layer. */
export const BROADCAST = { ROUTERS: 0xfffc, AWAKE: 0xfffd, ALL: 0xffff } as const;

/** True for an address that stands for many. */
export function isBroadcast(address: number): boolean {
  return address >= BROADCAST.ROUTERS;
}
