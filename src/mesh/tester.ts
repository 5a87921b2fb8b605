import type { Limit } from '../core/timing.ts';
import type { Layout, Value } from '../core/layout/layout.ts';
import type { MessageType } from './codec/message.ts';
import type { Shows } from './bench/reach.ts';
import type { Composition } from './model/configureNode.ts';
import type { Values, Verb } from './bench/control.ts';
import type { Heard } from './bench/progress.ts';
import type { Offered } from './bench/web.ts';
import type { BlobServerBehaviour } from './model/blobServer.ts';
import type { PlayedDistributor } from './model/playedDistributor.ts';
import type { PlayedTarget } from './model/playedTarget.ts';
import type { UpdateServerBehaviour } from './model/updateServer.ts';
import type { MeshStack } from './stack/meshStack.ts';

/** Models of the device that cases talk to; `blob` servers are found on the element of the model that they serve. */
export type Role = 'update' | 'distribution' | 'update client' | 'distribution client';

/** How an acknowledged message differs from an ordinary one. */
export interface AskOptions {
  /** Time to live; the tester's own unless told. */
  readonly ttl?: number;
  /** Which of the tester's elements sends it; the primary one unless told. */
  readonly from?: number;
  /** Sent once, in segments, which are acknowledged: for a question whose answer may take long, and whose repetition means something else. */
  readonly once?: true;
}

/**
 * The mesh tester: a provisioner, configuration client and every client and server model of firmware update behind one GATT proxy connection. Nothing
 * here decides; every verb leaves events. A verb that owes an answer ends the drive where none comes, which the log shows as well.
 */
export interface MeshTester {
  /** Address of the element that has the model of this role; ends the drive where the device has none. */
  element(role: Role): number;
  /** Composition Data page 0 as last read. */
  composition(): Composition;
  /** Primary address of the device. */
  node(): number;
  /** Sends an acknowledged message until it is answered; ends the drive where it is not, or not in the layout of the answer. */
  ask<L extends Layout, R extends Layout>(
    label: string,
    to: number,
    type: MessageType<L, MessageType<R>>,
    value: Value<L>,
    o?: AskOptions,
  ): Promise<Value<R>>;
  /** The same for octets that no right client sends. */
  askRaw<R extends Layout>(
    label: string,
    to: number,
    pdu: Buffer,
    reply: MessageType<R>,
    o?: AskOptions,
  ): Promise<Value<R>>;
  /** A message that is answered by nothing, or that must not be; sent in segments, so that its delivery is acknowledged. Ends the drive where it is not. */
  tell<L extends Layout>(label: string, to: number, type: MessageType<L>, value: Value<L>): Promise<void>;
  tellRaw(label: string, to: number, pdu: Buffer): Promise<void>;
  /**
   * Asks again and again until an answer fits; undefined where none did within the limit. With `no-progress` the limit begins anew with every
   * answer that differs from the one before. A connection that the device drops meanwhile is made anew.
   */
  poll<L extends Layout, R extends Layout>(
    label: string,
    to: number,
    type: MessageType<L, MessageType<R>>,
    value: Value<L>,
    fits: (value: Value<R>) => boolean,
    limit: Limit,
  ): Promise<Value<R> | undefined>;
  /** Reads a page of Composition Data. */
  readComposition(label: string, page: number): Promise<Composition | undefined>;
  /** Waits until the device advertises, and records how; the connection is given up before. */
  look(label: string, limit: Limit): Promise<Shows | undefined>;
  /** The stack, for transfers; connected. */
  stack(): MeshStack;
  /** Octets of an IXIT that refers to a file, or is hex. */
  octets(name: string): Buffer;
  /** A BLOB id that was not used before in this run. */
  blobId(): string;
  /** Plays a target node on one of the tester's elements until the end of the case. */
  target(address: number, changes?: TargetChanges): PlayedTarget;
  /** Plays a distributor, for a device that is the initiator; until the end of the case. */
  distributor(address: number): PlayedDistributor;
  /** Tells the device to do something by its console; recorded as `mesh.say` before. */
  say(verb: Verb, values?: Values): Promise<void>;
  /** What the device has sent to the elements that play targets: its progress with them. */
  heard(): Heard;
  /** Puts an image up at the web server of the bench and gives its URI. */
  offer(scheme: 'http' | 'https', offered: Offered): Promise<string>;
  /** A URI at which nobody listens. */
  nobody(scheme: 'http' | 'https'): Promise<string>;
  off(): Promise<void>;
  on(): Promise<void>;
  declared(item: string): boolean;
  /** Real milliseconds of a limit, for the engines that are handed times. */
  real(limit: Limit | string): number;
  /** For standard.ts; cases have no use for it. */
  readonly internals: Internals;
}

/** How a played target differs from one that takes everything. */
export interface TargetChanges {
  readonly blob?: Partial<BlobServerBehaviour>;
  readonly update?: Partial<UpdateServerBehaviour>;
  /** A group of the bench that it listens to as well. */
  readonly group?: number;
  /** Real milliseconds. */
  readonly verifyMs?: number;
  readonly applyMs?: number;
}

/** What ladder, settling and proof of life use. */
export interface Internals {
  alive(): Promise<void>;
  /** The device at rest: no update, upload or distribution. What it sends until then belongs to the case before. */
  idle(): Promise<void>;
  /** From here on what the device sends belongs to the case. */
  begin(): void;
  settle(): Promise<void>;
  close(): Promise<void>;
}
