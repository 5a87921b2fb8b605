import type { CommandValue } from '../../../zigbee/codec/command.ts';
import { blockPeriodUnitMs } from '../../../zigbee/codec/attributes.ts';
import { UNTIL_TOLD, upgradeStatus, zclStatus } from '../../../zigbee/codec/numbers.ts';
import {
  imageBlockRequest,
  type imageBlockResponse,
  imagePageRequest,
  upgradeEndRequest,
} from '../../../zigbee/codec/ota.ts';
import type { Incoming } from '../zcl.ts';
import type { Core } from './core.ts';
import type { OfferedFile } from './state.ts';

/** Answers "no image" after which the client gives up (11.13.6). */
const MISSING_TRIES = 3;
/** The longest that a server may put the client off, seconds. */
const LONGEST_WAIT = 3600;
const SECOND_MS = 1000;
/** Seconds between the answers "no image" and the next try. */
const MISSING_PAUSE = 1;

type BlockResponse = CommandValue<typeof imageBlockResponse>;

/** Fetches one file, by blocks or by pages. */
export class Download {
  readonly #core: Core;
  readonly #done: () => void;
  #missing = 0;
  #pages: boolean;
  /** End of the page that is being fetched; undefined while blocks are fetched one by one. */
  #pageEnd: number | undefined;
  /** What is missing of the page is asked for block by block. */
  #filling = false;
  /** Blocks of the page that came before their turn. */
  readonly #ahead = new Map<number, Buffer>();
  #busyUntil = 0;

  constructor(core: Core, done: () => void) {
    this.#core = core;
    this.#done = done;
    this.#pages = core.parts.options.page === 'yes' && core.behaviour.neverAsksPages !== true;
  }

  get active(): boolean {
    return this.#core.state.status === upgradeStatus.DOWNLOAD_IN_PROGRESS;
  }

  /** Starts with the first octet. */
  start(offered: OfferedFile): void {
    const { state, parts } = this.#core;
    parts.slot.clear();
    state.offered = offered;
    state.offset = 0;
    state.period = 0;
    this.#missing = 0;
    this.#pageEnd = undefined;
    this.#ahead.clear();
    this.#core.tries = 0;
    this.#core.setStatus(upgradeStatus.DOWNLOAD_IN_PROGRESS);
    this.#next();
  }

  /** Goes on after a power cycle, where the flash ends. */
  resume(): void {
    const { state, parts, behaviour } = this.#core;
    state.offset = behaviour.resumesWrong === true ? (state.offered?.imageSize ?? 0) >> 1 : parts.slot.read().length;
    this.#next();
  }

  /** The application takes no data for so many seconds. */
  busy(seconds: number): void {
    this.#busyUntil = this.#core.parts.clock.protocolNow() + seconds * SECOND_MS;
  }

  /** A Default Response to a block or page request. */
  refused(status: number, toPage: boolean): void {
    if (!this.active) return;
    const { behaviour } = this.#core;
    if (status === zclStatus.NO_IMAGE_AVAILABLE) {
      this.#missing += 1;
      if (this.#missing >= MISSING_TRIES && behaviour.asksForMissingImage !== true) return this.#core.backToNormal();
      this.#core.wait(MISSING_PAUSE, () => this.#next());
    } else if (toPage && status !== zclStatus.SUCCESS) {
      if (behaviour.insistsOnPages === true) return this.#core.wait(MISSING_PAUSE, () => this.#askPage());
      this.#pages = false;
      this.#pageEnd = undefined;
      this.#next();
    } else if (status !== zclStatus.SUCCESS) this.#core.backToNormal();
  }

  /** A block, an order to wait, or the end of it all (11.13.8). */
  received(response: BlockResponse, incoming: Incoming): void {
    const { behaviour, port } = this.#core;
    if (!this.active) return;
    switch (response.status) {
      case zclStatus.SUCCESS:
        this.#block(response, incoming);
        return;
      case zclStatus.WAIT_FOR_DATA:
        this.#putOff(response.currentTime ?? 0, response.requestTime ?? 0, response.minimumBlockPeriod);
        return;
      case zclStatus.ABORT:
        if (behaviour.ignoresAbort !== true) this.#core.backToNormal();
        return;
      default:
        port.default(incoming, zclStatus.INVALID_FIELD);
    }
  }

  #block(response: BlockResponse, incoming: Incoming): void {
    const { state, behaviour, port } = this.#core;
    const { offered, offset = 0 } = state;
    const { fileOffset = 0, data = Buffer.alloc(0) } = response;
    if (offered === undefined) return;
    const same =
      response.manufacturerCode === offered.manufacturerCode &&
      response.imageType === offered.imageType &&
      response.fileVersion === offered.fileVersion;
    if (!same && behaviour.takesForeignBlock !== true) return port.default(incoming, zclStatus.INVALID_VALUE);
    if (data.length === 0 || fileOffset + data.length > offered.imageSize) return;
    if (fileOffset < offset && behaviour.abortsOnDuplicate === true) return this.giveUp();
    if (fileOffset !== offset && behaviour.takesAnyOffset !== true) {
      if (this.#pageEnd !== undefined && fileOffset > offset && fileOffset < this.#pageEnd)
        this.#ahead.set(fileOffset, data);
      return;
    }
    this.#missing = 0;
    this.#core.tries = 0;
    this.#store(data);
    for (let more = this.#ahead.get(state.offset ?? 0); more !== undefined; more = this.#ahead.get(state.offset ?? 0)) {
      this.#ahead.delete(state.offset ?? 0);
      this.#store(more);
    }
    const end =
      behaviour.stopsBeforeEnd === undefined ? offered.imageSize : offered.imageSize - behaviour.stopsBeforeEnd;
    if ((state.offset ?? 0) >= end) return this.#finish();
    if (!this.#filling && this.#pageEnd !== undefined && (state.offset ?? 0) < this.#pageEnd) return this.#expectPage();
    this.#pageEnd = undefined;
    this.#core.wait(this.#period() / SECOND_MS, () => this.#next());
  }

  #store(data: Buffer): void {
    const { state, behaviour, parts } = this.#core;
    parts.slot.append(data);
    const asked = parts.options.maxData;
    const counted =
      behaviour.countsAskedOctets === true || (behaviour.miscountsLongBlock === true && data.length > asked);
    state.offset = (state.offset ?? 0) + (counted ? asked : data.length);
  }

  #finish(): void {
    const { state } = this.#core;
    this.#core.stopWaiting();
    this.#pageEnd = undefined;
    if (state.offered !== undefined) state.offset = state.offered.imageSize;
    this.#core.setStatus(upgradeStatus.DOWNLOAD_COMPLETE);
    this.#done();
  }

  /** WAIT_FOR_DATA: two times that count only by their difference, unless the first is 0 (table 11-15). */
  #putOff(currentTime: number, requestTime: number, period: number | undefined): void {
    const { state, behaviour, parts } = this.#core;
    this.#core.tries = 0;
    this.#pageEnd = undefined;
    const lower = behaviour.keepsFirstPeriod === true && (period ?? 0) < state.period;
    if (period !== undefined && behaviour.ignoresPeriod !== true && !lower) state.period = period;
    if (requestTime === UNTIL_TOLD && behaviour.ignoresWait !== true)
      return this.#core.wait(LONGEST_WAIT, () => this.#next());
    const relative = currentTime === 0 || behaviour.readsTimesAsDelay === true;
    const difference = relative ? requestTime : requestTime - currentTime;
    const atOnce = parts.options.pastTime === 'atOnce' && behaviour.waitsForPast !== true;
    let seconds = difference >= 0 ? Math.min(difference, LONGEST_WAIT) : atOnce ? 0 : 300;
    if (behaviour.ignoresWait === true) seconds = 0;
    this.#core.wait(Math.max(seconds, this.#period() / SECOND_MS), () => this.#next());
  }

  /** Milliseconds between a block and the next request. */
  #period(): number {
    const { state, parts, behaviour } = this.#core;
    if (behaviour.ignoresPeriod === true || parts.options.rate === 'no') return 0;
    return state.period * blockPeriodUnitMs(Number(parts.options.revision));
  }

  /** Asks for what comes next, once the application is ready for it. */
  #next(): void {
    const { parts, behaviour } = this.#core;
    const now = parts.clock.protocolNow();
    if (now < this.#busyUntil && behaviour.ignoresBusy !== true)
      return this.#core.waitUntil(this.#busyUntil, () => this.#next());
    if (this.#pages && this.#ahead.size === 0) this.#askPage();
    else this.#askBlock();
  }

  #askBlock(): void {
    const { state, behaviour, parts, port, server } = this.#core;
    const { options } = parts;
    const { offered, offset = 0 } = state;
    if (offered === undefined || server === undefined) return;
    const eui = options.eui === 'yes';
    const rate = options.rate === 'yes';
    const gap = Math.min(...[...this.#ahead.keys()].map((start) => start - offset), 0xff);
    port.request(
      imageBlockRequest,
      {
        fieldControl: (eui ? 1 : 0) | (rate ? 2 : 0),
        ...this.#identity(offered),
        fileOffset: offset + (offset === 0 ? (behaviour.firstOffset ?? 0) : 0),
        maximumDataSize: Math.min(behaviour.asksFor ?? options.maxData, gap),
        ...(eui && { requestNodeIeeeAddress: parts.ieee }),
        ...(rate && { minimumBlockPeriod: state.period }),
      },
      server,
    );
    this.#core.wait(options.blockTimeout, () => this.#unanswered());
  }

  #askPage(): void {
    const { state, parts, port, server, behaviour } = this.#core;
    const { options } = parts;
    const { offered, offset = 0 } = state;
    if (offered === undefined || server === undefined) return;
    const eui = options.eui === 'yes';
    this.#filling = false;
    this.#pageEnd = Math.min(offset + options.pageSize, offered.imageSize);
    port.request(
      imagePageRequest,
      {
        fieldControl: eui ? 1 : 0,
        ...this.#identity(offered),
        fileOffset: offset,
        maximumDataSize: options.maxData,
        // The last page is no longer than the rest of the file: not every server ends a page at the end of the file.
        pageSize: behaviour.pageSize ?? this.#pageEnd - offset,
        responseSpacing: options.spacing,
        ...(eui && { requestNodeIeeeAddress: parts.ieee }),
      },
      server,
    );
    this.#expectPage();
  }

  /** What is missing of a page is asked for block by block. */
  #expectPage(): void {
    const { blockTimeout } = this.#core.parts.options;
    this.#core.wait(blockTimeout, () => {
      if (this.#core.behaviour.leavesPageGaps === true) this.#fillGaps();
      else this.#unanswered();
    });
  }

  /** Wrong devices take what came for the whole page. */
  #fillGaps(): void {
    for (const data of this.#ahead.values()) this.#store(data);
    this.#ahead.clear();
    this.#core.state.offset = this.#pageEnd ?? 0;
    this.#pageEnd = undefined;
    if ((this.#core.state.offset ?? 0) >= (this.#core.state.offered?.imageSize ?? 0)) this.#finish();
    else this.#next();
  }

  /** No answer: the same offset again, until the tries are used up. */
  #unanswered(): void {
    const { behaviour, parts, state } = this.#core;
    if (!this.active) return;
    this.#core.tries += 1;
    if (behaviour.restartsOnLoss === true && state.offered !== undefined) return this.start(state.offered);
    const most = behaviour.retries ?? parts.options.retries;
    if (this.#core.tries > most) return this.giveUp();
    this.#filling = this.#pageEnd !== undefined;
    if (behaviour.skipsLostBlock === true) this.#store(Buffer.alloc(parts.options.maxData));
    this.#askBlock();
  }

  /** Ends the download and tells the server. */
  giveUp(): void {
    const { state, server, port } = this.#core;
    const { offered } = state;
    this.#core.backToNormal();
    if (offered === undefined || server === undefined) return;
    port.request(upgradeEndRequest, { status: zclStatus.ABORT, ...this.#identity(offered) }, server);
  }

  #identity({ manufacturerCode, imageType, fileVersion }: OfferedFile) {
    const wrong = this.#core.behaviour.asksForVersion;
    return { manufacturerCode, imageType, fileVersion: wrong ?? fileVersion };
  }
}
