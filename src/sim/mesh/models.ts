import { modelIds } from '../../mesh/codec/enums.ts';
import type { Timers } from '../../mesh/stack/timers.ts';
import type { Behaviour } from './behaviour.ts';
import { type BlobLimits, BlobServer } from './blobServer.ts';
import type { FirmwareFacts } from './image.ts';
import type { Model, ModelPort, SendAccess } from './model.ts';
import type { Options } from './options.ts';
import type { Saved } from './saved.ts';
import { UpdateServer } from './updateServer.ts';

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
}

/** Identifiers of the models that every primary element has: Configuration, Health and SAR Configuration Server. */
export const FOUNDATION: readonly number[] = [
  modelIds.CONFIGURATION_SERVER,
  modelIds.HEALTH_SERVER,
  modelIds.SAR_CONFIGURATION_SERVER,
];

/** How many elements a node with these options has. */
export function elementCount(_options: Options): number {
  return 1;
}

/** The models of a node, as its power cut left them. */
export function makeModels(host: ModelHost, sendFrom: (element: number) => SendAccess): NodeModels {
  const { options, behaviour, timers } = host;
  const saved = host.saved();
  const element = 0;
  const port: ModelPort = { behaviour, timers, send: sendFrom(element), changed: () => host.changed() };
  const blob = new BlobServer(port, limitsOf(options, options.modes), saved.blobs[String(element)]);
  const update = new UpdateServer(
    port,
    blob,
    {
      firmwareId: () => Buffer.from(host.saved().firmwareId, 'hex'),
      uri: options.uri,
      verifyMs: options.verifyMs,
      applyMs: options.applyMs,
      install: (firmware) => host.install(firmware),
    },
    saved.update,
  );
  const without = (models: readonly Model[]): Model[] =>
    models.filter(({ id }) => behaviour.withoutModels?.includes(id) !== true);
  return { elements: [without([blob, update])], blobs: new Map([[element, blob]]), update };
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
