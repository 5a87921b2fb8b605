import { boundary, hciEvent, leEvent, u16 } from './hci.ts';
import type { AclFragment, ConnectionParameters, LinkEnd } from './linkLayer.ts';

/** What an end needs of its controller. */
export interface ConnectionOwner {
  event(code: number, parameters: Buffer): void;
  leEvent(subevent: number, parameters: Buffer): void;
  acl(handle: number, flag: number, data: Buffer): void;
  forget(handle: number): void;
}

/** One end of a connection as its host sees it: a handle, packets that wait, events. */
export class Connection implements LinkEnd {
  readonly handle: number;
  readonly outgoing: AclFragment[] = [];
  ending: number | undefined;
  wanted: ConnectionParameters | undefined;
  gone = false;
  readonly #owner: ConnectionOwner;

  constructor(handle: number, owner: ConnectionOwner) {
    this.handle = handle;
    this.#owner = owner;
  }

  deliver({ continues, data }: AclFragment): void {
    if (this.gone) return;
    this.#owner.acl(this.handle, continues ? boundary.CONTINUES : boundary.FROM_CONTROLLER, data);
  }

  completed(count: number): void {
    this.#owner.event(hciEvent.COMPLETED_PACKETS, Buffer.concat([Buffer.of(1), u16(this.handle), u16(count)]));
  }

  updated({ interval, latency, supervisionTimeout }: ConnectionParameters): void {
    if (this.gone) return;
    const values = [this.handle, interval, latency, supervisionTimeout].map((value) => u16(value));
    this.#owner.leEvent(leEvent.CONNECTION_UPDATE, Buffer.concat([Buffer.of(0), ...values]));
  }

  ended(reason: number): void {
    if (this.gone) return;
    this.#owner.forget(this.handle);
    const parameters = Buffer.concat([Buffer.of(0), u16(this.handle), Buffer.of(reason)]);
    this.#owner.event(hciEvent.DISCONNECTION_COMPLETE, parameters);
  }
}
