import { randomBytes } from 'node:crypto';
import { InputError } from '../../core/errors.ts';
import { modelIds } from '../../mesh/codec/enums.ts';
import type { Timers } from '../../mesh/stack/timers.ts';
import type { Behaviour } from './behaviour.ts';
import { BlobClient } from './blobClient.ts';
import { type BlobLimits, BlobServer } from './blobServer.ts';
import { DistributionClient } from './distributionClient.ts';
import { DistributionServer } from './distributionServer.ts';
import type { SavedBlob } from './blobStore.ts';
import { FirmwareStore } from './firmwareStore.ts';
import type { FirmwareFacts } from './image.ts';
import type { Model, ModelPort, SendAccess } from './model.ts';
import type { Options } from './options.ts';
import { webRetriever } from './retrieval.ts';
import type { Saved } from './saved.ts';
import { UpdateClient } from './updateClient.ts';
import { type UpdateHost, UpdateServer } from './updateServer.ts';
import { UploadServer } from './uploadServer.ts';

/** What the models of a node share. */
export interface ModelHost {
  readonly options: Options;
  readonly behaviour: Behaviour;
  /** Protocol time. */
  readonly timers: Timers;
  saved(): Saved;
  changed(): void;
  install(firmware: FirmwareFacts): void;
}

/** The models of a node by element, and those that the node itself has to know. */
export interface NodeModels {
  readonly elements: readonly (readonly Model[])[];
  /** BLOB Transfer Servers by element. */
  readonly blobs: ReadonlyMap<number, BlobServer>;
  readonly update?: UpdateServer;
  /** That of the Update Server. */
  readonly updateBlob?: BlobServer;
  readonly distribution?: DistributionServer;
  readonly store?: FirmwareStore;
  readonly updateClient?: UpdateClient;
  readonly blobClient?: BlobClient;
  readonly initiator?: DistributionClient;
}

/** Identifiers of the models that every primary element has: Configuration, Health and SAR Configuration Server. */
export const FOUNDATION: readonly number[] = [
  modelIds.CONFIGURATION_SERVER,
  modelIds.HEALTH_SERVER,
  modelIds.SAR_CONFIGURATION_SERVER,
];

/** What a node can be. */
const ROLES = ['update', 'distribution', 'update-client', 'distribution-client'] as const;
type Role = (typeof ROLES)[number];

/** The roles of the option. Throws an InputError where there is no such role. */
export function rolesOf({ roles }: Options): ReadonlySet<Role> {
  const words = roles.split(',');
  for (const word of words)
    if (!ROLES.some((role) => role === word))
      throw new InputError('sim-option', `no role ${JSON.stringify(word)}; there are ${ROLES.join(', ')}`, {
        place: { where: '--option roles' },
      });
  return new Set(words as Role[]);
}

/** How many elements a node with these options has: the distributor's, the Update Server's where that is another one, and the initiator's. */
export function elementCount(options: Options): number {
  const roles = rolesOf(options);
  const distributor = roles.has('distribution') || roles.has('update-client');
  return Math.max(
    1,
    (distributor ? 1 : 0) + (roles.has('update') ? 1 : 0) + (roles.has('distribution-client') ? 1 : 0),
  );
}

/** The models of a node, as its power cut left them. */
export function makeModels(host: ModelHost, sendFrom: (element: number) => SendAccess): NodeModels {
  const { options, behaviour, timers } = host;
  const roles = rolesOf(options);
  const elements: Model[][] = [];
  const blobs = new Map<number, BlobServer>();
  const portOf = (element: number): ModelPort => ({
    behaviour,
    timers,
    send: sendFrom(element),
    changed: () => host.changed(),
  });
  const addBlob = (element: number, modes: Options['modes'], saved?: SavedBlob): BlobServer => {
    const blob = new BlobServer(portOf(element), limitsOf(options, modes), saved);
    blobs.set(element, blob);
    return blob;
  };
  const parts: { -readonly [K in keyof NodeModels]?: NodeModels[K] } = {};

  if (roles.has('distribution') || roles.has('update-client')) {
    const port = portOf(0);
    const blobClient = new BlobClient(port);
    const updateClient = new UpdateClient(port, blobClient);
    elements.push([blobClient, updateClient]);
    parts.blobClient = blobClient;
    parts.updateClient = updateClient;
    if (roles.has('distribution')) {
      const store = new FirmwareStore(options.images, host.saved().images ?? [], () => host.changed());
      // Of an upload nothing survives a power cut but the images that are stored.
      const upload = addBlob(0, options.uploadModes);
      const distribution = makeDistributor(host, port, { store, upload, updateClient });
      elements[0]?.push(upload, distribution);
      parts.store = store;
      parts.distribution = distribution;
    }
  }
  if (roles.has('update')) {
    const element = elements.length;
    const port = portOf(element);
    const updateBlob = addBlob(element, options.modes, host.saved().blobs[String(element)]);
    const update = new UpdateServer(port, updateBlob, updateHost(host), host.saved().update);
    elements.push([updateBlob, update]);
    parts.update = update;
    parts.updateBlob = updateBlob;
  }
  if (roles.has('distribution-client')) {
    const port = portOf(elements.length);
    const blobClient = new BlobClient(port);
    const initiator = new DistributionClient(port, blobClient);
    elements.push([blobClient, initiator]);
    parts.initiator = initiator;
  }
  const without = (models: readonly Model[]): Model[] =>
    models.filter(({ id }) => behaviour.withoutModels?.includes(id) !== true);
  return { ...parts, elements: elements.map(without), blobs };
}

/** What of the models survives a power cut. */
export function savedModels({ blobs, update, store }: NodeModels): Partial<Saved> {
  const kept = [...blobs].map(([element, blob]) => [element, blob.saved()] as const);
  return {
    blobs: Object.fromEntries(kept),
    ...(update && { update: update.saved() }),
    ...(store && { images: store.saved() }),
  };
}

function updateHost(host: ModelHost): UpdateHost {
  const { uri, verifyMs, applyMs } = host.options;
  return {
    firmwareId: () => Buffer.from(host.saved().firmwareId, 'hex'),
    uri,
    verifyMs,
    applyMs,
    install: (firmware) => host.install(firmware),
  };
}

function makeDistributor(
  host: ModelHost,
  port: ModelPort,
  own: { readonly store: FirmwareStore; readonly upload: BlobServer; readonly updateClient: UpdateClient },
): DistributionServer {
  const { options } = host;
  const oob = options.oob === 'yes';
  const https = oob && options.https === 'yes';
  const upload = new UploadServer(port, own.upload, own.store, {
    maxSize: options.maxBlob,
    schemes: https ? ['http', 'https'] : oob ? ['http'] : [],
    retriever: webRetriever(options.ca),
  });
  return new DistributionServer(port, own.store, upload, own.updateClient, {
    maxReceivers: options.receivers,
    maxSize: options.maxBlob,
    oob,
    https,
    log: options.clientLog,
    chunk: options.clientChunk,
    knowsKey: (key) => host.saved().configuration.appKeys.some(({ index }) => index === key),
    newBlobId: () => randomBytes(8).toString('hex'),
  });
}

function limitsOf(options: Options, modes: Options['modes']): BlobLimits {
  return {
    minLog: options.minLog,
    maxLog: options.maxLog,
    maxChunks: options.maxChunks,
    maxChunk: options.maxChunk,
    maxBlob: options.maxBlob,
    mtu: options.blobMtu,
    push: modes !== 'pull',
    pull: modes !== 'push',
    wanted: options.wanted,
    reportMs: options.reportMs,
  };
}
