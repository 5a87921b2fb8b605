import type { ObjectLink } from '../../lwm2m/codec/value.ts';
import { FACTORY, type Machine } from './machine.ts';
import { numbersIn, type Options } from './options.ts';
import type { Inspected, Manifest } from './package.ts';

/** One instance of object 9 as it survives a power cut. */
export interface SavedSoftware {
  readonly id: number;
  machine: Machine;
  /** What is delivered or installed. */
  package?: Manifest;
  /** What the check of a complete package will say. */
  pending?: Inspected;
  uri: string;
  user: string;
  password: string;
  supportedObjects: boolean;
  settings: ObjectLink;
  /** Instances of object 14 that belong to it. */
  components: { readonly id: number; readonly identity: string; readonly version: string; active: boolean }[];
  /** An Uninstall has happened (wrong devices remember more than they should). */
  uninstalls: number;
  /** Software that was removed to be upgraded. */
  forUpdate: boolean;
}

/** What a bootstrap server has told: where to register, and with which PSK (hexadecimal, empty: none). */
export interface Account {
  readonly uri: string;
  readonly identity: string;
  readonly key: string;
}

/** Everything of the device that survives a power cut. */
export interface Saved {
  software: SavedSoftware[];
  /** Objects that installed software has brought. */
  objects: number[];
  lifetime: number;
  disableTimeout: number;
  storing: boolean;
  defaultPmin: number;
  defaultPmax: number;
  /** From a bootstrap; a device that is told its server has none. */
  account?: Account;
  /** Instances that were deleted (wrong devices still list them). */
  deleted: number[];
}

const NOWHERE: ObjectLink = { object: 65_535, instance: 65_535 };
const DAY_S = 86_400;

export function newSoftware(id: number): SavedSoftware {
  return {
    id,
    machine: FACTORY,
    uri: '',
    user: '',
    password: '',
    supportedObjects: false,
    settings: NOWHERE,
    components: [],
    uninstalls: 0,
    forUpdate: false,
  };
}

/** A device as it leaves the factory. */
export function factory(options: Options): Saved {
  return {
    software: numbersIn(options.instances).map(newSoftware),
    objects: [],
    lifetime: options.lifetime,
    disableTimeout: DAY_S,
    storing: false,
    defaultPmin: 0,
    defaultPmax: 0,
    deleted: [],
  };
}
