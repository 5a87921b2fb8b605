import type { Block } from '../coap/block.ts';
import type { Method } from '../coap/message.ts';
import type { Behaviour } from '../coap/misbehave.ts';
import { type Option, uintOption } from '../coap/options.ts';
import type { Outcome } from '../coap/request.ts';
import type { Limit } from '../core/timing.ts';
import type { Impairments } from '../link/impair.ts';
import type { Path } from './codec/path.ts';
import type { Entry, Value } from './codec/value.ts';
import type { BlockAsk } from './client.ts';
import type { Offer, PackageName } from './packages.ts';
import type { Registration } from './registry.ts';

/** How a request differs from what a right server sends. */
export interface Variation {
  /** Content-Format of the payload, or for a Read the Accept; `null` leaves the option out. */
  readonly format?: number | null;
  /** False sends it as NON. */
  readonly confirmable?: boolean;
  readonly szx?: number;
  /** Further options. */
  readonly options?: readonly Option[];
}

/** An observation that the tester holds. */
export interface Watching {
  /** `request`: Observe 1; `reset`: the next notification is reset. */
  end(how: 'request' | 'reset'): Promise<void>;
}

/** A request that is sent, and sent again octet for octet. */
export interface Twice {
  readonly method: Method;
  readonly path: Path;
  readonly payload?: Uint8Array;
  readonly format?: number;
  readonly block1?: Block;
}

/** Attributes of Write-Attributes by name; an empty text takes one back. */
export type Attributes = Readonly<Record<string, number | string>>;

/**
 * The LwM2M server of the bench with its package servers: what a case can do. Nothing here decides; every verb leaves events. A verb that gives undefined
 * got no usable answer, which the log shows as well. Without registration every verb ends the drive.
 */
export interface Lwm2mTester {
  registration(): Registration;
  read(path: Path, label: string, o?: Variation): Promise<readonly Entry[] | undefined>;
  discover(path: Path, label: string): Promise<Outcome>;
  /** Values are encoded in the format of the variation, text by default; octets go as they are. */
  write(path: Path, content: Value | readonly Entry[] | Uint8Array, label: string, o?: Variation): Promise<Outcome>;
  /** Partial update of an instance. */
  update(path: Path, entries: readonly Entry[], label: string): Promise<Outcome>;
  attributes(path: Path, attributes: Attributes, label: string): Promise<Outcome>;
  execute(path: Path, label: string, argument?: string, o?: Variation): Promise<Outcome>;
  create(object: number, payload: Uint8Array, label: string, o?: Variation): Promise<Outcome>;
  remove(path: Path, label: string): Promise<Outcome>;
  /** One composite Read; a device of LwM2M 1.1 or later knows it. */
  readTogether(paths: readonly Path[], label: string): Promise<Outcome>;
  /** One composite Write. */
  writeTogether(entries: readonly Entry[], label: string): Promise<Outcome>;
  /** Undefined where the device does not accept the registration. */
  observe(path: Path, label: string): Promise<Watching | undefined>;
  /** One composite observation. */
  observeTogether(paths: readonly Path[], label: string): Promise<Watching | undefined>;
  /** Write of a package into an instance, block-wise where it is large. */
  push(instance: number, name: PackageName, label: string, o?: Variation): Promise<Outcome>;
  /** Write of Package URI. */
  pull(instance: number, uri: string, label: string): Promise<Outcome>;
  /** One block of a transfer that a case makes by hand; the transfer is closed when the case is settled. */
  block(label: string, ask: BlockAsk): Promise<string | undefined>;
  /** Sends a request until it is answered, then the same octets again until these are; steps `label` and `label again`. */
  twice(label: string, request: Twice): Promise<void>;
  /** CoAP ping; step `label`. */
  ping(label: string): Promise<void>;
  /** From now on the instance is looked at until {@link rest} or the end of the case. */
  watch(instance: number): void;
  rest(): Promise<void>;
  content(name: PackageName): Buffer;
  /** Puts a package up for pull and gives its URL. */
  serve(name: PackageName, offer?: Offer): Promise<string>;
  nobody(): Promise<string>;
  missing(): Promise<string>;
  swap(url: string, name: PackageName): void;
  behave(url: string, behaviour: Behaviour | undefined): void;
  /**
   * Has the device register anew, for a server that knows of no registration any more, as after a restart. By the line `registerLine` of the
   * console where the rig has one, else by the Registration Update Trigger, step `label`, and by the power switch where the device refuses that.
   * Waits for the IXIT `registerS`; whether it registered stands in the log.
   */
  anew(label: string): Promise<void>;
  /** Factory reset by the rig; the device is not waited for. Ends the drive where the rig has none. */
  factory(): Promise<void>;
  /** Write of the lifetime of the registration, seconds. */
  lifetime(seconds: number, label: string): Promise<Outcome>;
  /** Registration Update Trigger. */
  trigger(label: string): Promise<Outcome>;
  /** Waits for a Register that comes from now on; undefined when none came in time. */
  registers(limit: Limit): Promise<Registration | undefined>;
  /** Loses, repeats and delays what passes on the port of the server, until the end of the case. */
  impair(impairments: Impairments): void;
  /** Ends the drive where the rig has no power switch. */
  off(): Promise<void>;
  /** Power on, until the device has registered. */
  on(): Promise<void>;
  declared(item: string): boolean;
  /** For standard.ts; cases have no use for it. */
  readonly internals: Internals;
}

/** What ladder, settling and proof of life use. */
export interface Internals {
  alive(): Promise<void>;
  registered(): Promise<void>;
  initial(): Promise<void>;
  /** INITIAL with result 0. */
  clean(): Promise<void>;
  /** The same for a device that shows its states rightly; any other is left as it is. */
  idle(): Promise<void>;
  delivered(): Promise<void>;
  installed(): Promise<void>;
  active(): Promise<void>;
  settle(): Promise<void>;
  close(): Promise<void>;
}

/** Options that no device knows. */
export const UNKNOWN_OPTION: Readonly<Record<'critical' | 'elective', Option>> = {
  critical: uintOption(65_001, 1),
  elective: uintOption(65_002, 1),
};
