import type { CommandType, CommandValue } from './codec/command.ts';
import type { Images } from './images.ts';
import type { Offer } from './server.ts';

/** Fields of an Image Notify. */
export interface Notify {
  readonly payloadType: number;
  readonly queryJitter: number;
  readonly manufacturerCode?: number;
  readonly imageType?: number;
  readonly fileVersion?: number;
}

/** How a frame of the tester goes out. */
export interface Way {
  /** To every node instead of the device alone. */
  readonly broadcast?: true;
  /** From this endpoint of the dongle. */
  readonly fromEndpoint?: number;
}

/** Both sides of the cluster as the cases use them. Everything is recorded; nothing here judges. */
export interface ZigbeeTester extends Images {
  declared(item: string): boolean;
  /** Serves this file from now on, until the end of the case. */
  offer(offer: Offer): void;
  /** Nothing is offered any more: queries get NO_IMAGE_AVAILABLE. */
  offerNothing(): void;
  notify(note: string, notify: Notify, way?: Way): Promise<void>;
  /** A command of ours, sent once (again where the dongle says that it was lost); its answer is not waited for. */
  send<C extends CommandType>(note: string, type: C, value: CommandValue<C>, way?: Way): Promise<void>;
  /** The same with an answer, asked again where none comes; false where it stays away. */
  ask<C extends CommandType>(note: string, type: C, value: CommandValue<C>, way?: Way): Promise<boolean>;
  /** Any payload behind a header of the cluster. */
  raw(note: string, command: number, payload: Uint8Array, header?: RawHeader, way?: Way): Promise<void>;
  /** The same with any payload. */
  askRaw(note: string, command: number, payload: Uint8Array): Promise<boolean>;
  /** Reads attributes of the side that the device has. */
  readAttributes(note: string, ids: readonly number[]): Promise<boolean>;
  /** Reads ImageUpgradeStatus every `pollInterval` until told otherwise, or until the device restarts. */
  watchStatus(): void;
  rest(): Promise<void>;
  /** A line of the IXIT on the console of the device, `$1` and so on filled in; ends the drive where the IXIT has none. */
  say(line: string, ...values: readonly (string | number)[]): Promise<void>;
  /** The same, and what takes it back when the case is over. */
  sayUntilEnd(line: string, undo: string, ...values: readonly (string | number)[]): Promise<void>;
  /** Octets of a frame from another node of the network. */
  frameOf<C extends CommandType>(type: C, value: CommandValue<C>): Buffer;
  /** Asks the endpoint for its simple descriptor, anew where none comes. */
  describe(): Promise<void>;
  /** Has the device leave the network and join it again. */
  rejoin(): Promise<void>;
  off(): Promise<void>;
  on(): Promise<void>;
  /** EUI-64 of the device and of the dongle. */
  readonly eui64: string;
  readonly ownEui64: string;
  /** For standard.ts; cases have no use for it. */
  readonly internals: Internals;
}

/** What a raw frame's header says; otherwise a cluster command from the side that the tester plays. */
export interface RawHeader {
  readonly manufacturerCode?: number;
  /** As if it came from the side that the device has. */
  readonly wrongDirection?: true;
  readonly disableDefaultResponse?: true;
}

/** What ladder, settling and proof of life use. */
export interface Internals {
  alive(): Promise<void>;
  /** Until the network carries nothing any more of what came before. */
  quiet(): Promise<void>;
  /** A client in state Normal that runs the version of the IXIT. */
  normal(): Promise<void>;
  /** The same, straight from a factory reset where the rig has one. */
  fresh(): Promise<void>;
  settle(): Promise<void>;
  close(): Promise<void>;
}
