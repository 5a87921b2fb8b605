import { upgradeStatus } from '../../../zigbee/codec/numbers.ts';
import type { Options } from '../options.ts';
import type { Peer } from '../zcl.ts';

/** Identity of a file, as offered. */
export interface OfferedFile {
  readonly manufacturerCode: number;
  readonly imageType: number;
  readonly fileVersion: number;
  readonly imageSize: number;
}

/** What the client keeps over a power cut. */
export interface ClientState {
  /** File version that runs. */
  version: number;
  /** ImageUpgradeStatus. */
  status: number;
  /** The file that is fetched, or was. */
  offered?: OfferedFile;
  /** FileOffset; absent before the first download. */
  offset?: number;
  /** DownloadedFileVersion. */
  downloaded?: number;
  /** Where the server was last. */
  server?: Peer;
  /** EUI-64 of the server. */
  serverId?: string;
  /** MinimumBlockPeriod, as it was told. */
  period: number;
  /** Protocol time, Unix milliseconds, of the switch to the new version. */
  upgradeAt?: number;
  /** Files of a multiple upgrade that are complete. */
  complete: OfferedFile[];
  /** Seconds between queries; 0: none. */
  interval: number;
}

/** The state in which the client leaves the factory. */
export function factoryState(options: Options): ClientState {
  return {
    version: Number.parseInt(options.version, 16),
    status: upgradeStatus.NORMAL,
    period: 0,
    complete: [],
    interval: options.polls === 'yes' ? options.poll : 0,
  };
}
