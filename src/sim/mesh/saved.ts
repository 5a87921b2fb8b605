import type { SavedBlob } from './blobStore.ts';
import type { SavedSlot } from './firmwareStore.ts';
import { FACTORY_FIRMWARE } from './image.ts';
import type { SavedUpdate } from './updateServer.ts';

/** A network that the node belongs to. Keys and octets are hex in everything saved. */
export interface SavedNetwork {
  readonly netKey: string;
  readonly netKeyIndex: number;
  readonly ivIndex: number;
  readonly updating: boolean;
  readonly unicast: number;
  readonly deviceKey: string;
}

/** What a model listens to beside the address of its element. */
export interface Subscription {
  readonly element: number;
  readonly model: number;
  readonly address: number;
  /** Label UUID of a virtual address. */
  readonly label?: string;
}

/** What a Configuration Client has set. */
export interface SavedConfiguration {
  readonly appKeys: readonly { readonly index: number; readonly netKeyIndex: number; readonly key: string }[];
  readonly bindings: readonly { readonly element: number; readonly model: number; readonly app: number }[];
  readonly subscriptions: readonly Subscription[];
  readonly defaultTtl: number;
  /** States of features that are only kept: by the name of their Status message. */
  readonly states: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/** Everything that survives a power cut, but for sequence numbers. */
export interface Saved {
  readonly network?: SavedNetwork;
  readonly configuration: SavedConfiguration;
  readonly firmwareId: string;
  /** Version of the composition: the one that page 0 shows, and the one that page 80 shows where it differs. */
  readonly composition: number;
  readonly nextComposition?: number;
  /** BLOB Transfer Servers by element. */
  readonly blobs: Readonly<Record<string, SavedBlob>>;
  readonly update?: SavedUpdate;
  /** Images of the distributor. */
  readonly images?: readonly SavedSlot[];
}

/** A configuration in which nobody has set anything. */
export const EMPTY_CONFIGURATION: SavedConfiguration = {
  appKeys: [],
  bindings: [],
  subscriptions: [],
  defaultTtl: 7,
  states: {},
};

/** A node that leaves the factory. */
export const FACTORY: Saved = {
  configuration: EMPTY_CONFIGURATION,
  firmwareId: FACTORY_FIRMWARE.toString('hex'),
  composition: 1,
  blobs: {},
};
