import { type Impairments, type LinkFate, linkFate, ON_TIME } from '../../link/impair.ts';

/** Network addresses that stand for many stations. */
export const broadcastAddress = { ALL: 0xffff, RX_ON_WHEN_IDLE: 0xfffd, ROUTERS: 0xfffc } as const;
/** Endpoint that stands for all of a station. */
export const ALL_ENDPOINTS = 0xff;
/** The coordinator of every network. */
export const COORDINATOR = 0x0000;
/** The Zigbee device profile, whose messages go to endpoint 0. */
export const ZDP = 0x0000;
/** Tries of a frame that asks the far end for an acknowledgement: once, and three times more. */
const ACKNOWLEDGED_TRIES = 4;

/** An APS frame. */
export interface ApsFrame {
  /** Network address of the sender. */
  readonly source: number;
  readonly sourceEndpoint: number;
  /** A network address, a broadcast address, or a group. */
  readonly to: { readonly address: number } | { readonly group: number };
  readonly endpoint: number;
  readonly profile: number;
  readonly cluster: number;
  readonly data: Buffer;
  /** The far end acknowledges, and the sender repeats what was not acknowledged. */
  readonly acknowledged?: boolean;
}

/** Whoever has a radio: the dongle, and every node. */
export interface Station {
  readonly address: number;
  readonly ieee: string;
  /** Groups that one of its endpoints belongs to. */
  readonly groups: ReadonlySet<number>;
  /** Whether its power is on and it belongs to the network. */
  listening(): boolean;
  /** How often its power was switched on; absent where it is never cut. */
  readonly starts?: number;
  receive(frame: ApsFrame): void;
}

/** Whether an address stands for many. */
export function isBroadcast(frame: ApsFrame): boolean {
  return 'group' in frame.to || frame.to.address >= broadcastAddress.ROUTERS;
}

/**
 * The medium between the dongle and the nodes. It loses, repeats, delays and reorders APS frames as told; whoever sends a
 * unicast is told the truth about it.
 */
export class Air {
  readonly stations = new Set<Station>();
  readonly #fate: LinkFate;
  readonly #hopMs: number;

  /** `in`: towards the nodes, `out`: towards the dongle. Every frame is in the air for `hopMs` real milliseconds: no radio answers at once. */
  constructor(hopMs: number, impairments?: Impairments) {
    this.#hopMs = hopMs;
    this.#fate = linkFate(impairments);
  }

  /** Sends a frame. For a unicast: whether it will arrive; a broadcast is never refused. Delivery is never within the call. */
  send(frame: ApsFrame): boolean {
    const { to } = frame;
    const others = [...this.stations].filter((station) => station.address !== frame.source && station.listening());
    const receivers =
      'group' in to
        ? others.filter((station) => station.groups.has(to.group))
        : others.filter((station) => isBroadcast(frame) || station.address === to.address);
    const arrived = receivers.map((station) => this.#deliver(frame, station));
    return isBroadcast(frame) || arrived.includes(true);
  }

  #deliver(frame: ApsFrame, station: Station): boolean {
    let copies: readonly number[] = [];
    const tries = frame.acknowledged === true ? ACKNOWLEDGED_TRIES : 1;
    const draw = (): readonly number[] => (station.address === COORDINATOR ? this.#fate.out() : this.#fate.in());
    for (let n = 0; n < tries && copies.length === 0; n++) copies = draw();
    // An acknowledged frame is recognised when it comes twice.
    if (frame.acknowledged === true && copies.length > 0) copies = ON_TIME;
    const { starts } = station;
    for (const ms of copies) {
      const arrive = (): void => {
        // No frame waits in the air for a station to start again.
        if (station.listening() && station.starts === starts) station.receive(frame);
      };
      setTimeout(arrive, this.#hopMs + ms);
    }
    return copies.length > 0;
  }
}
