import { type Air, type ApsFrame, broadcastAddress, isBroadcast, type Station, ZDP } from './air.ts';
import {
  CAPABILITIES,
  type Description,
  describe,
  type Endpoint,
  readZdo,
  writeZdo,
  zdo,
  zdoLayout,
  zdoStatus,
} from './zdo.ts';

/** The part of a node above the stack: what its firmware does. */
export interface Application {
  readonly endpoint: Endpoint;
  readonly manufacturer: number;
  /** The node is in a network, after power on (`joined` false) or for the first time. */
  started(joined: boolean): void;
  /** Power is gone or the network left: timers and whatever is only in RAM end. */
  stopped(): void;
  /** A frame for the endpoint. */
  receive(frame: ApsFrame): void;
  /** The answer to a request of the device profile that the application sent. */
  described(cluster: number, sequence: number, payload: Buffer, source: number): void;
}

/** The trust centre's side of joining. */
export interface Parent {
  /** Identity of the network; undefined where none is formed. */
  readonly network: string | undefined;
  /** Whether it lets devices in at the moment. */
  readonly open: boolean;
  /** The link key, hex, under which it hands the network key to this node. */
  linkKeyOf(ieee: string): string;
  joined(node: Station): void;
  left(node: Station, rejoin: boolean): void;
}

/** A node of the network: addressing, descriptors, joining and leaving. Its application comes in afterwards. */
export class Node implements Station {
  readonly address: number;
  readonly ieee: string;
  readonly groups = new Set<number>();
  readonly #air: Air;
  readonly #parent: Parent;
  readonly #remember: (network: string | undefined) => void;
  readonly #linkKey: string;
  #application: Application | undefined;
  #network: string | undefined;
  #powered = false;
  #running = false;
  #sequence = 0;
  #starts = 0;

  constructor(
    identity: { readonly address: number; readonly ieee: string; readonly linkKey: string },
    surroundings: { readonly air: Air; readonly parent: Parent },
    network: { readonly saved: string | undefined; readonly remember: (network: string | undefined) => void },
  ) {
    this.address = identity.address;
    this.ieee = identity.ieee;
    this.#linkKey = identity.linkKey;
    this.#air = surroundings.air;
    this.#parent = surroundings.parent;
    this.#network = network.saved;
    this.#remember = network.remember;
    surroundings.air.stations.add(this);
  }

  /** Whether the node belongs to the network that is there. */
  get member(): boolean {
    return this.#network !== undefined && this.#network === this.#parent.network;
  }

  get powered(): boolean {
    return this.#powered;
  }

  get starts(): number {
    return this.#starts;
  }

  listening(): boolean {
    return this.#powered && this.member;
  }

  /** Switches the power on. `application` is fresh: nothing of RAM survives. */
  powerOn(application: Application): void {
    this.#application = application;
    this.#powered = true;
    this.#starts += 1;
    this.networkChanged();
  }

  powerOff(): void {
    this.#powered = false;
    this.#stop();
  }

  /** The network came up, opened or closed: a member announces itself, anyone else joins if it may. */
  networkChanged(): void {
    if (!this.#powered || this.#parent.network === undefined) return;
    // Another network than the one that it belongs to: it is not heard any more.
    if (this.#running && !this.member) this.#stop();
    if (this.#running) return;
    if (this.member) {
      this.#running = true;
      this.announce();
      this.#application?.started(false);
    } else if (this.#parent.open) this.join();
  }

  /** Joins the network, or announces the node again where it belongs to it. */
  join(): void {
    if (this.listening()) return this.announce();
    // Under another key the network key cannot be read.
    if (this.#parent.linkKeyOf(this.ieee) !== this.#linkKey) return;
    this.#network = this.#parent.network;
    this.#remember(this.#network);
    this.#running = true;
    this.#parent.joined(this);
    this.announce();
    this.#application?.started(true);
  }

  /** Leaves the network and forgets it. */
  leave(rejoin = false): void {
    if (!this.member) return;
    this.#parent.left(this, rejoin);
    this.#stop();
    this.#network = undefined;
    this.#remember(undefined);
    if (rejoin) this.join();
  }

  announce(): void {
    const value = { address: this.address, ieee: this.ieee, capabilities: CAPABILITIES };
    this.zdo(broadcastAddress.RX_ON_WHEN_IDLE, zdo.DEVICE_ANNOUNCE, writeZdo(zdoLayout.announce, value));
  }

  /** Sends a message of the device profile; returns its sequence number. */
  zdo(address: number, cluster: number, payload: Buffer, sequence = this.#next()): number {
    const frame = {
      source: this.address,
      sourceEndpoint: 0,
      to: { address },
      endpoint: 0,
      profile: ZDP,
      cluster,
      data: Buffer.concat([Buffer.of(sequence), payload]),
    };
    // Nobody acknowledges a broadcast.
    this.#air.send({ ...frame, acknowledged: !isBroadcast(frame) });
    return sequence;
  }

  /** Sends a frame of the application. */
  send(frame: Omit<ApsFrame, 'source'>): void {
    if (this.listening()) this.#air.send({ ...frame, source: this.address });
  }

  receive(frame: ApsFrame): void {
    if (frame.profile === ZDP && frame.endpoint === 0) this.#zdoReceived(frame);
    else this.#application?.receive(frame);
  }

  #zdoReceived(frame: ApsFrame): void {
    const { cluster, source } = frame;
    const sequence = frame.data[0] ?? 0;
    const payload = frame.data.subarray(1);
    if (cluster >= zdo.RESPONSE) return this.#application?.described(cluster, sequence, payload, source);
    const answer = (content: Buffer): void => {
      this.zdo(source, zdo.RESPONSE | cluster, content, sequence);
    };
    if (cluster === zdo.DEVICE_ANNOUNCE || cluster === zdo.MANAGE_PERMIT_JOINING) return;
    if (cluster === zdo.MANAGE_LEAVE) {
      const flags = readZdo(zdoLayout.leave, payload)?.flags ?? 0;
      answer(Buffer.of(zdoStatus.SUCCESS));
      this.leave((flags & 0x80) !== 0);
      return;
    }
    const content = describe(this.#description, cluster, payload, isBroadcast(frame));
    if (content !== undefined) answer(content);
    else if (!isBroadcast(frame)) answer(Buffer.of(zdoStatus.NOT_SUPPORTED));
  }

  get #description(): Description {
    const { endpoint, manufacturer = 0 } = this.#application ?? {};
    return {
      address: this.address,
      ieee: this.ieee,
      type: 1,
      manufacturer,
      endpoints: endpoint === undefined ? [] : [endpoint],
    };
  }

  #stop(): void {
    if (this.#running) this.#application?.stopped();
    this.#running = false;
  }

  #next(): number {
    this.#sequence = (this.#sequence + 1) & 0xff;
    return this.#sequence;
  }
}
