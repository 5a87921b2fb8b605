import type { Limit } from '../core/timing.ts';
import type { CborMap } from './codec/cbor.ts';
import type { ActionName } from './codec/swu.ts';
import type { Method } from '../coap/message.ts';
import type { Outcome } from '../coap/request.ts';
import type { Offer, PackageName } from './packages/stand.ts';
import type { DeviceStateName, Pstat } from './security/resources.ts';

/** How a request to the resource differs from what a right client sends. */
export interface Variation {
  /** Told apart by this in the log. */
  readonly label?: string;
  /** Value of the `if` query. */
  readonly if?: string;
  /** Of the body; `null` leaves the option out. */
  readonly contentFormat?: number | null;
  readonly accept?: number;
  /** The second client of the tester, on a port of its own. */
  readonly other?: boolean;
  /** Of a secured device: in clear, at its plain endpoint. */
  readonly clear?: boolean;
}

/** The three properties that an UPDATE carries. */
export type UpdateBody = CborMap & {
  readonly purl: string;
  readonly swupdateaction: string;
  readonly updatetime: string;
};

/** What a scheduled action works on, and when. */
export interface Plan {
  readonly purl: string;
  /** Default `run`. */
  readonly label?: string;
  /** From now to the time of the action, longer on a slow link; default the row `scheduleLead`. */
  readonly lead?: Limit;
}

/** An observation that the tester holds. */
export interface Watching {
  /** `request`: Observe 1; `reset`: the next notification is reset. */
  end(how: 'request' | 'reset'): Promise<void>;
}

/** What a device did with a multicast query. */
export interface MulticastQuery {
  readonly label: string;
  readonly rt?: string;
  readonly ipv6?: boolean;
  /** How often at most; with `whole` all of them and then the whole leisure. */
  readonly tries: number;
  readonly whole?: boolean;
}

/**
 * The OCF client of the bench with its package servers: what an OCF case can do. Nothing here decides; every verb leaves events. A verb that gives
 * undefined got no answer, which the log shows as well.
 */
export interface OcfTester {
  /** GET /oic/res at the device itself. */
  discover(o: { readonly label: string; readonly rt?: string }): Promise<Outcome>;
  /** True where the device (not another one on the network) answered. */
  multicast(query: MulticastQuery): Promise<boolean>;
  retrieve(label?: string, o?: Variation): Promise<CborMap | undefined>;
  /** A map, or octets as they are. */
  update(body: CborMap | Uint8Array, o?: Variation): Promise<Outcome>;
  /** Any method on the resource. */
  send(method: Method, o?: Variation & { readonly body?: CborMap | Uint8Array }): Promise<Outcome>;
  /** RETRIEVE of another resource, for its version property. */
  readOther(path: string, label: string): Promise<CborMap | undefined>;
  /** A body that starts nothing: `idle` at a time that no case reaches. */
  body(changes?: Partial<UpdateBody>): UpdateBody;
  /** Device time so far ahead, as RFC 3339 text in whole seconds. */
  time(ahead: Limit, sign?: 1 | -1): string;
  /** UPDATE that asks for an action at a time to come. */
  schedule(action: ActionName, plan: Plan): Promise<Outcome>;
  /** How long it is until the time of the latest schedule with this label (default `run`), in leads: times the row `scheduleLead`. */
  leads(label?: string): number;
  /** UPDATE with `idle`, which takes back what is scheduled. */
  cancel(label?: string): Promise<Outcome>;
  /** Undefined where the device does not accept the registration. */
  observe(label?: string, o?: Variation): Promise<Watching | undefined>;
  /** From now on the resource is looked at, and observed where it can be, until the case is settled. */
  watch(): Promise<void>;
  /** Puts a package up and gives its URL. */
  serve(name: PackageName, offer?: Offer): Promise<string>;
  /** A URL of the bench under which there is no package, cut or filled to a number of characters. */
  url(name: string, length?: number): string;
  /** Ends the drive where the rig has no power switch. */
  off(): Promise<void>;
  /** Power on, until the device answers again. */
  on(): Promise<void>;
  /** Factory reset by the rig, until the device answers again. */
  factoryReset(): Promise<void>;
  declared(item: string): boolean;
  /** Writes `tm` of the provisioning status: an action by its bit, or any number. Default label `run`. */
  trigger(mode: Exclude<ActionName, 'idle'> | number, label?: string): Promise<Outcome>;
  /** RETRIEVE of the provisioning status. */
  modes(label: string): Promise<Pstat | undefined>;
  /** UPDATE of the provisioning status with any body. */
  setModes(body: CborMap, label: string): Promise<Outcome>;
  /** Undefined where the device does not accept the registration. */
  observeModes(label: string): Promise<Watching | undefined>;
  /** Asks for an onboarding state; ends the drive where the device refuses. After RESET the device answers again, without owner; the next request takes it over. */
  moveTo(state: DeviceStateName, label?: string): Promise<void>;
  /** Takes the tester's own entry out of the access control list of the device, until the case is settled. */
  bar(): Promise<void>;
  /** For standard.ts; cases have no use for it. */
  readonly internals: Internals;
}

/** What ladder, settling and proof of life use. */
export interface Internals {
  alive(): Promise<void>;
  /** A secured device has the tester as its owner and works normally. */
  reachable(): Promise<void>;
  atRest(): Promise<void>;
  idle(): Promise<void>;
  otherResult(code: number): Promise<void>;
  settle(): Promise<void>;
  close(): Promise<void>;
}
