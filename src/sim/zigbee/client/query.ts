import type { CommandValue } from '../../../zigbee/codec/command.ts';
import { OTA_CLUSTER, upgradeStatus, zclStatus } from '../../../zigbee/codec/numbers.ts';
import {
  queryNextImageRequest,
  type queryNextImageResponse,
  querySpecificFileRequest,
} from '../../../zigbee/codec/ota.ts';
import { broadcastAddress } from '../air.ts';
import type { Node } from '../node.ts';
import { HOME_AUTOMATION, type Incoming, type Peer } from '../zcl.ts';
import { writeZdo, zdo, zdoLayout, zdoStatus } from '../zdo.ts';
import type { Core } from './core.ts';
import type { Download } from './download.ts';
import type { OfferedFile } from './state.ts';

/** Tries of a query, and of the search for a server. */
const QUERY_TRIES = 4;
/** Image types that are for one device alone begin here. */
const FIRST_SPECIFIC = 0xffc0;
/** Size of a file that a wrong device believes in. */
const GUESSED_OCTETS = 1024;

/** An offer, or why there is none. */
export type Offer = CommandValue<typeof queryNextImageResponse>;

/** What made the client ask, as far as it matters for the answer. */
interface Query {
  readonly imageType: number;
  /** Told to by unicast: the version that runs may be fetched again. */
  readonly told: boolean;
  /** A file for this device alone, of this version. */
  readonly specific?: number;
}

/** Finds the server, asks it for a file, and decides on what it offers (11.13.4, 11.13.5). */
export class Enquiry {
  readonly #core: Core;
  readonly #node: Node;
  readonly #download: Download;
  /** The query that is waited for. */
  #query: Query | undefined;
  /** A query that waits for a server to be found. */
  #search: { readonly query: Query; tries: number } | undefined;
  #veto = false;

  constructor(core: Core, node: Node, download: Download) {
    this.#core = core;
    this.#node = node;
    this.#download = download;
  }

  /** The image type of the firmware. */
  get imageType(): number {
    return Number.parseInt(this.#core.parts.options.imageType, 16);
  }

  /** The application refuses whatever is offered. */
  veto(on: boolean): void {
    this.#veto = on;
  }

  /** Waits for no offer and for no server. */
  forget(): void {
    this.#query = undefined;
    this.#search = undefined;
  }

  /** A server answered the match descriptor request. */
  matched(payload: Buffer, source: number): void {
    const [status, , , count = 0, endpoint] = payload;
    if (status !== zdoStatus.SUCCESS || count === 0 || endpoint === undefined || this.#search === undefined) return;
    this.meet({ address: source, endpoint });
    const { query } = this.#search;
    this.#search = undefined;
    this.ask(query);
  }

  /** The server will not answer the query. */
  refused(): void {
    if (this.#query === undefined) return;
    this.#query = undefined;
    this.#core.stopWaiting();
  }

  /** Queries the server, which is looked for first where none is known. */
  find(query: Query): void {
    // Once a download has begun there is nothing to ask for.
    if (!this.#core.idle && this.#core.state.status !== upgradeStatus.WAIT_FOR_MORE) return;
    if (this.#core.server !== undefined) return this.ask(query);
    this.#search = { query, tries: QUERY_TRIES };
    this.#lookAround();
  }

  #lookAround(): void {
    if (this.#search === undefined || this.#search.tries === 0) return;
    this.#search.tries -= 1;
    const asked = { address: broadcastAddress.RX_ON_WHEN_IDLE, profile: HOME_AUTOMATION };
    const clusters = { inCount: 1, inClusters: [OTA_CLUSTER], outCount: 0, outClusters: [] };
    this.#node.zdo(
      broadcastAddress.RX_ON_WHEN_IDLE,
      zdo.MATCH_DESCRIPTOR,
      writeZdo(zdoLayout.matchDescriptor, { ...asked, ...clusters }),
    );
    this.#core.wait(this.#core.parts.options.blockTimeout, () => this.#lookAround());
  }

  /** Remembers the server, and learns its EUI-64. */
  meet(server: Peer): void {
    const { state } = this.#core;
    const { address } = server;
    const known = this.#core.server?.address === address && state.serverId !== undefined;
    this.#core.server = server;
    state.server = server;
    if (known) return;
    this.#node.zdo(address, zdo.IEEE_ADDRESS, writeZdo(zdoLayout.ieeeAddress, { address, type: 0, start: 0 }));
  }

  /** Sends the query to the server that is known, and again where nothing comes back. */
  ask(query: Query, tries = QUERY_TRIES): void {
    const { parts, port, server, behaviour } = this.#core;
    const { options, state } = parts;
    if (server === undefined) return;
    this.#query = query;
    const { manufacturerCode } = this.#core;
    const { imageType, specific } = query;
    if (specific !== undefined) {
      const file = { imageType: behaviour.specificType ?? imageType, fileVersion: specific };
      const stack = { zigbeeStackVersion: options.stack };
      port.request(querySpecificFileRequest, { eui64: parts.ieee, manufacturerCode, ...file, ...stack }, server);
    } else {
      const hardware = options.hardware === 'none' ? undefined : Number.parseInt(options.hardware, 16);
      const identity = {
        manufacturerCode: behaviour.queriesMaker ?? manufacturerCode,
        imageType: behaviour.queriesType ?? imageType,
        fileVersion: behaviour.queriesVersion ?? state.version,
      };
      const value =
        hardware === undefined || behaviour.hidesHardware === true
          ? { fieldControl: 0, ...identity }
          : { fieldControl: 1, ...identity, hardwareVersion: behaviour.queriesHardware ?? hardware };
      port.request(queryNextImageRequest, value, server);
    }
    this.#core.wait(options.blockTimeout, () => {
      if (tries > 1) this.ask(query, tries - 1);
      else this.#query = undefined;
    });
  }

  /** What a wrong device makes of an offer that it cannot read, or that there is none. */
  downloadAnything(): void {
    const { manufacturerCode, state } = this.#core;
    const fileVersion = state.version + 1;
    this.#query = undefined;
    this.#download.start({ manufacturerCode, imageType: this.imageType, fileVersion, imageSize: GUESSED_OCTETS });
  }

  /** Takes an offer, or does not. */
  offered(offer: Offer, incoming: Incoming): void {
    const { port, behaviour, state, parts } = this.#core;
    const query = this.#query;
    const late = query === undefined || !(this.#core.idle || state.status === upgradeStatus.WAIT_FOR_MORE);
    if (late && behaviour.takesAnyOffer !== true) return;
    this.#query = undefined;
    this.#core.stopWaiting();
    const asked = query ?? { imageType: this.imageType, told: false };
    const { manufacturerCode, imageType, fileVersion, imageSize } = offer;
    if (
      manufacturerCode === undefined ||
      imageType === undefined ||
      fileVersion === undefined ||
      imageSize === undefined
    ) {
      if (behaviour.downloadsThoughRefused === offer.status) this.downloadAnything();
      return;
    }
    const file = { manufacturerCode, imageType, fileVersion, imageSize };
    const refusal = this.#judge(file, asked);
    if (refusal !== undefined) return port.default(incoming, refusal);
    if (this.#veto && behaviour.ignoresVeto !== true) return;
    if (imageSize > parts.options.storage && parts.options.tooLarge === 'later') {
      this.#download.start(file);
      return this.#download.giveUp();
    }
    this.#download.start(file);
  }

  /** The status of the Default Response to an offer that is not taken; undefined where it is. */
  #judge(file: OfferedFile, asked: Query): number | undefined {
    const { behaviour, manufacturerCode, state, parts } = this.#core;
    const { options } = parts;
    const odd = options.negative === 'firstColumn' ? zclStatus.MALFORMED_COMMAND : zclStatus.INVALID_FIELD;
    if (file.manufacturerCode !== manufacturerCode && behaviour.takesForeignMaker !== true) return odd;
    if (file.imageType !== asked.imageType && behaviour.takesForeignType !== true) return odd;
    if (file.imageSize === 0 && behaviour.takesEmptyFile !== true) return odd;
    if (file.imageSize > options.storage && options.tooLarge === 'atOffer' && behaviour.takesTooLarge !== true)
      return zclStatus.INSUFFICIENT_SPACE;
    if (asked.specific !== undefined || file.imageType >= FIRST_SPECIFIC || state.complete.length > 0) return undefined;
    const same = file.fileVersion === state.version;
    const again = options.same === 'yes' && asked.told;
    if (same && !again && behaviour.takesSameVersion !== true) return zclStatus.SUCCESS;
    const lower = file.fileVersion < state.version;
    if (lower && options.down === 'no' && behaviour.takesLowerVersion !== true) return zclStatus.SUCCESS;
    return lower && behaviour.refusesLowerVersion === true ? zclStatus.SUCCESS : undefined;
  }
}
