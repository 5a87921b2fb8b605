import type { CommandValue } from '../../../zigbee/codec/command.ts';
import { UNTIL_TOLD, upgradeStatus, wildCard, zclStatus } from '../../../zigbee/codec/numbers.ts';
import { upgradeEndRequest, type upgradeEndResponse } from '../../../zigbee/codec/ota.ts';
import type { Incoming } from '../zcl.ts';
import type { Core } from './core.ts';
import { inspectFile, needsSecondFile } from './image.ts';
import type { OfferedFile } from './state.ts';

type EndResponse = CommandValue<typeof upgradeEndResponse>;
/** Tries of an end request that reports no success. */
const FAILURE_TRIES = 3;
const SECOND_MS = 1000;
/** Seconds until an upgrade whose time lies before the current time, where the client waits at all. */
const PAST_WAIT = 3600;

/** From the last octet to the new version (11.13.9). */
export class Upgrade {
  readonly #core: Core;
  /** Asks the server for another file of the same upgrade. */
  readonly #another: (imageType: number) => void;
  /** An end request other than SUCCESS that waits for its Default Response. */
  #failed: { readonly status: number; readonly file: OfferedFile } | undefined;

  constructor(core: Core, another: (imageType: number) => void) {
    this.#core = core;
    this.#another = another;
  }

  /** The file is complete: checks it and tells the server. */
  begin(): void {
    const { state, parts, behaviour } = this.#core;
    const { offered } = state;
    if (offered === undefined) return this.#core.backToNormal();
    const { options, ieee } = parts;
    const target = { options, behaviour, ieee, version: state.version };
    const content = parts.slot.read();
    const problem = inspectFile(content, offered, target);
    if (problem !== undefined) {
      this.#core.backToNormal();
      return this.#fail(behaviour.endStatus ?? zclStatus.INVALID_IMAGE, offered);
    }
    if (behaviour.hidesDownloadedVersion !== true) state.downloaded = offered.fileVersion;
    state.complete.push(offered);
    const first = options.multi === 'yes' && state.complete.length === 1 && needsSecondFile(content);
    const more = first && behaviour.endsAfterFirstFile !== true;
    if (more) {
      parts.slot.clear();
      this.#core.setStatus(upgradeStatus.WAIT_FOR_MORE);
      return this.#fail(zclStatus.REQUIRE_MORE_IMAGE, offered);
    }
    this.#core.setStatus(Number(options.endStatus));
    this.#core.tries = 0;
    this.ask();
  }

  /** The end request SUCCESS, repeated until it is answered. */
  ask(): void {
    const { state, parts, server, port, behaviour } = this.#core;
    const file = state.complete.at(-1);
    if (file === undefined || server === undefined || behaviour.neverEnds === true) return;
    const { manufacturerCode, imageType, fileVersion } = file;
    const version = behaviour.endVersion ?? fileVersion;
    const status = behaviour.endStatusOnSuccess ?? zclStatus.SUCCESS;
    port.request(upgradeEndRequest, { status, manufacturerCode, imageType, fileVersion: version }, server);
    this.#core.wait(parts.options.blockTimeout, () => this.#unanswered());
  }

  /** Goes on after a power cycle. */
  resume(): void {
    const { state } = this.#core;
    if (state.status === upgradeStatus.COUNT_DOWN) return this.#countDown(state.upgradeAt ?? 0);
    if (state.status === upgradeStatus.WAITING_FOR_EXTERNAL_EVENT) return;
    if (state.status === upgradeStatus.WAIT_FOR_MORE) return this.#another((state.complete[0]?.imageType ?? 0) + 1);
    this.#core.tries = 0;
    this.ask();
  }

  /** When to upgrade. */
  received(response: EndResponse, incoming: Incoming): void {
    const { state, parts, port, behaviour } = this.#core;
    const { options } = parts;
    const file = state.complete.at(-1);
    const ready = [
      upgradeStatus.DOWNLOAD_COMPLETE,
      upgradeStatus.WAITING_TO_UPGRADE,
      upgradeStatus.WAITING_FOR_EXTERNAL_EVENT,
    ].some((status) => status === state.status);
    if (!ready || file === undefined) return;
    const same =
      [file.manufacturerCode, wildCard.MANUFACTURER].includes(response.manufacturerCode) &&
      [file.imageType, wildCard.IMAGE_TYPE].includes(response.imageType) &&
      [file.fileVersion, wildCard.FILE_VERSION].includes(response.fileVersion);
    if (!same && behaviour.takesForeignEnd !== true) return port.default(incoming, zclStatus.INVALID_VALUE);
    const waiting = state.status === upgradeStatus.WAITING_TO_UPGRADE;
    if (waiting && this.#core.tries < 0 && behaviour.deafToRelease === true) return;
    port.default(incoming, this.#upgradeTime(response.currentTime, response.upgradeTime, options.oob === 'yes'));
  }

  /** A Default Response to an end request. */
  answered(status: number): void {
    const { state, behaviour } = this.#core;
    if (this.#failed !== undefined) {
      const { status: reported, file } = this.#failed;
      this.#failed = undefined;
      this.#core.stopWaiting();
      if (reported === zclStatus.REQUIRE_MORE_IMAGE) this.#another(file.imageType + 1);
      return;
    }
    const pending =
      state.status === upgradeStatus.DOWNLOAD_COMPLETE || state.status === upgradeStatus.WAITING_TO_UPGRADE;
    if (pending && status === zclStatus.ABORT && behaviour.ignoresCancel !== true) this.#core.backToNormal();
  }

  /** Out-of-band activation; false where there is nothing to activate. */
  activate(): boolean {
    if (this.#core.state.status !== upgradeStatus.WAITING_FOR_EXTERNAL_EVENT) return false;
    this.#switch();
    return true;
  }

  /** What a wrong device makes of an answer that it cannot read. */
  force(): void {
    if (this.#core.state.complete.length > 0) this.#switch();
  }

  /** Obeys the two times; returns the status for a Default Response. */
  #upgradeTime(currentTime: number, upgradeTime: number, outOfBand: boolean): number {
    const { parts, behaviour } = this.#core;
    if (outOfBand && behaviour.upgradesInBand !== true) {
      this.#core.stopWaiting();
      this.#core.setStatus(upgradeStatus.WAITING_FOR_EXTERNAL_EVENT);
      return upgradeTime === UNTIL_TOLD ? zclStatus.SUCCESS : zclStatus.NOT_AUTHORIZED;
    }
    if (upgradeTime === UNTIL_TOLD && behaviour.ignoresHold !== true) {
      this.#core.setStatus(upgradeStatus.WAITING_TO_UPGRADE);
      // Below 0: the next answer is one that nobody asked for.
      this.#core.tries = -1;
      if (behaviour.neverAsksAgain === true) this.#core.stopWaiting();
      else
        this.#core.wait(parts.options.endRetry, () => {
          this.#core.tries = 0;
          this.ask();
        });
      return zclStatus.SUCCESS;
    }
    const relative = currentTime === 0 || behaviour.readsTimesAsDelay === true;
    const difference = relative ? upgradeTime : upgradeTime - currentTime;
    const past = parts.options.pastTime === 'atOnce' && behaviour.waitsForPast !== true ? 0 : PAST_WAIT;
    const seconds = behaviour.upgradeDelay ?? (difference >= 0 && upgradeTime !== UNTIL_TOLD ? difference : past);
    this.#countDown(parts.clock.protocolNow() + seconds * SECOND_MS);
    return zclStatus.SUCCESS;
  }

  #countDown(at: number): void {
    const { state } = this.#core;
    state.upgradeAt = at;
    this.#core.setStatus(upgradeStatus.COUNT_DOWN);
    this.#core.waitUntil(at, () => this.#switch());
  }

  #unanswered(): void {
    const { parts, behaviour } = this.#core;
    this.#core.tries += 1;
    if (behaviour.endsOnce === true) return;
    if (this.#core.tries <= parts.options.retries) return this.ask();
    if (parts.options.timeoutPolicy === 'apply' || behaviour.ignoresTimeoutPolicy === true) return this.#switch();
    this.#core.setStatus(upgradeStatus.WAITING_TO_UPGRADE);
    this.#core.wait(parts.options.endRetry, () => {
      this.#core.tries = 0;
      this.ask();
    });
  }

  /** Tells the server that there will be no upgrade, or not yet. */
  #fail(status: number, file: OfferedFile, tries = FAILURE_TRIES): void {
    const { server, port, parts } = this.#core;
    if (server === undefined) return;
    this.#failed = { status, file };
    const { manufacturerCode, imageType, fileVersion } = file;
    port.request(upgradeEndRequest, { status, manufacturerCode, imageType, fileVersion }, server);
    this.#core.wait(parts.options.blockTimeout, () => {
      if (tries > 1) this.#fail(status, file, tries - 1);
      else this.answered(zclStatus.SUCCESS);
    });
  }

  /** Runs the new version. */
  #switch(): void {
    const { state, parts, behaviour } = this.#core;
    const [file] = state.complete;
    if (file !== undefined && behaviour.keepsVersion !== true) state.version = file.fileVersion;
    delete state.offset;
    delete state.downloaded;
    state.period = 0;
    this.#core.backToNormal();
    parts.reboot();
  }
}
