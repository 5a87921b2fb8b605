import type { Random } from '../../core/random.ts';
import { hciError } from './hci.ts';
import type { Medium } from './medium.ts';

/** What the hosts agree on for a connection. */
export interface ConnectionParameters {
  /** In units of 1.25 ms; reported, not kept to: the medium sets the pace. */
  readonly interval: number;
  readonly latency: number;
  /** In units of 10 ms. */
  readonly supervisionTimeout: number;
}

/** Part of an L2CAP message, as ACL data carries it. */
export interface AclFragment {
  readonly continues: boolean;
  readonly data: Buffer;
}

/** One controller's end of a connection. */
export interface LinkEnd {
  /** Waits to be sent, in order; the link takes from its head. */
  readonly outgoing: AclFragment[];
  /** Our host wants the connection to end, for this reason. */
  readonly ending: number | undefined;
  /** Our host wants other parameters. */
  wanted: ConnectionParameters | undefined;
  /** Our controller was reset or is no more: it does not take part in connection events. */
  readonly gone: boolean;
  deliver(fragment: AclFragment): void;
  /** So many packets have reached the other side. */
  completed(count: number): void;
  updated(parameters: ConnectionParameters): void;
  ended(reason: number): void;
}

const SUPERVISION_UNIT_MS = 10;

/**
 * A connection: at every connection event both sides exchange a few packets. A lost event delays them, as repetition does on
 * a real link; when all events of a supervision timeout are lost the connection ends. Nothing is ever lost within one.
 */
export class LinkLayer {
  readonly #medium: Medium;
  readonly #random: Random;
  readonly #ends: readonly [LinkEnd, LinkEnd];
  #parameters: ConnectionParameters;
  #missedMs = 0;
  #arrival = 0;
  #over = false;

  constructor(medium: Medium, random: Random, parameters: ConnectionParameters, ends: readonly [LinkEnd, LinkEnd]) {
    this.#medium = medium;
    this.#random = random;
    this.#parameters = parameters;
    this.#ends = ends;
  }

  /** Begins the connection events. */
  start(): void {
    this.#next(this.#medium.ticks.now());
  }

  /** An event that comes late does not put off the ones that follow, and those that were missed are not made up for. */
  #next(last: number): void {
    const { ticks, air } = this.#medium;
    const at = Math.max(last + air.eventMs, ticks.now());
    ticks.after(at - ticks.now(), () => {
      this.#event();
      if (!this.#over) this.#next(at);
    });
  }

  #event(): void {
    const { air } = this.#medium;
    const lost = this.#random() * 100 < air.losePercent;
    const late = this.#random() * air.delayMs;
    if (lost || this.#ends.some((end) => end.gone)) return this.#miss(air.eventMs);
    this.#missedMs = 0;
    for (const [from, to] of [this.#ends, this.#ends.toReversed()] as [LinkEnd, LinkEnd][])
      this.#carry(from, to, air.packetsPerEvent, late);
  }

  /** Counted in events, so that a process that is held up does not end connections. */
  #miss(eventMs: number): void {
    this.#missedMs += eventMs;
    if (this.#missedMs < this.#parameters.supervisionTimeout * SUPERVISION_UNIT_MS) return;
    this.#end(hciError.CONNECTION_TIMEOUT, hciError.CONNECTION_TIMEOUT, 0);
  }

  #carry(from: LinkEnd, to: LinkEnd, most: number, late: number): void {
    if (this.#over) return;
    const packets = from.outgoing.splice(0, most);
    if (packets.length > 0) {
      this.#later(late, () => packets.forEach((fragment) => to.deliver(fragment)));
      from.completed(packets.length);
    }
    if (from.wanted !== undefined) this.#update(from);
    if (from.ending === undefined || from.outgoing.length > 0) return;
    const [central] = this.#ends;
    const reasons = { own: hciError.LOCAL_HOST_ENDED, other: from.ending };
    if (from === central) this.#end(reasons.own, reasons.other, late);
    else this.#end(reasons.other, reasons.own, late);
  }

  #update(from: LinkEnd): void {
    if (from.wanted === undefined) return;
    this.#parameters = from.wanted;
    from.wanted = undefined;
    for (const end of this.#ends) end.updated(this.#parameters);
  }

  #end(central: number, peripheral: number, late: number): void {
    this.#over = true;
    this.#later(late, () => {
      this.#ends[0].ended(central);
      this.#ends[1].ended(peripheral);
    });
  }

  /** Acts after the delay, but never before what was put off earlier. */
  #later(late: number, act: () => void): void {
    const { ticks } = this.#medium;
    this.#arrival = Math.max(this.#arrival, ticks.now() + late);
    const wait = this.#arrival - ticks.now();
    if (wait === 0) act();
    else ticks.after(wait, act);
  }
}
