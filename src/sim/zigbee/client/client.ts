import type { CommandValue } from '../../../zigbee/codec/command.ts';
import { decodeFrame, valueOf } from '../../../zigbee/codec/frame.ts';
import { defaultResponse } from '../../../zigbee/codec/global.ts';
import { direction, frameType, OTA_CLUSTER, upgradeStatus, zclStatus } from '../../../zigbee/codec/numbers.ts';
import {
  imageBlockRequest,
  imageBlockResponse,
  imageNotify,
  imagePageRequest,
  queryNextImageRequest,
  queryNextImageResponse,
  querySpecificFileRequest,
  querySpecificFileResponse,
  upgradeEndRequest,
  upgradeEndResponse,
} from '../../../zigbee/codec/ota.ts';
import { Alarm } from '../../alarm.ts';
import { type ApsFrame, broadcastAddress, isBroadcast } from '../air.ts';
import { BASIC_CLUSTER, basicAttributes } from '../basic.ts';
import type { Application, Node } from '../node.ts';
import { answerGlobal, HOME_AUTOMATION, type Incoming, OTA_ENDPOINT, UNSUPPORTED_CLUSTER, ZclPort } from '../zcl.ts';
import { type Endpoint, zdo, zdoStatus } from '../zdo.ts';
import { attributesOf } from './attributes.ts';
import { type ClientParts, Core } from './core.ts';
import { Download } from './download.ts';
import { answersNotify } from './notify.ts';
import { Enquiry } from './query.ts';
import { factoryState } from './state.ts';
import { Upgrade } from './upgrade.ts';

/** On/off light. */
const DEVICE = 0x0100;
const SECOND_MS = 1000;

/** An OTA Upgrade client: the firmware of a node (11.10 to 11.13). */
export class OtaClient implements Application {
  readonly endpoint: Endpoint;
  readonly manufacturer: number;
  readonly #core: Core;
  readonly #enquiry: Enquiry;
  readonly #download: Download;
  readonly #upgrade: Upgrade;
  readonly #poll: Alarm;
  /** A wrong device that hangs until its power is cut. */
  #dead = false;

  constructor(parts: ClientParts, node: Node) {
    const { behaviour } = parts;
    this.#core = new Core(parts, new ZclPort(OTA_ENDPOINT, (frame) => node.send(frame)));
    this.manufacturer = this.#core.manufacturerCode;
    this.#poll = new Alarm(parts.clock);
    this.endpoint = {
      endpoint: OTA_ENDPOINT,
      profile: HOME_AUTOMATION,
      device: DEVICE,
      version: 1,
      inClusters: [BASIC_CLUSTER],
      outClusters: behaviour.hidesCluster === true ? [] : [OTA_CLUSTER],
    };
    this.#download = new Download(this.#core, () => this.#upgrade.begin());
    this.#enquiry = new Enquiry(this.#core, node, this.#download);
    this.#upgrade = new Upgrade(this.#core, (imageType) => this.#enquiry.find({ imageType, told: false }));
  }

  /** In the network, for the first time or again. */
  started(joined: boolean): void {
    const { options, behaviour, clock } = this.#core.parts;
    this.#resume();
    if (joined && behaviour.silentAfterJoin !== true)
      this.#poll.set(clock.protocolNow() + options.joinQuery * SECOND_MS, () => this.#polled());
    else this.#planPoll();
  }

  stopped(): void {
    this.#core.stopWaiting();
    this.#poll.clear();
    this.#enquiry.forget();
  }

  receive(frame: ApsFrame): void {
    if (this.#dead || frame.profile !== HOME_AUTOMATION || !this.#core.port.takes(frame)) return;
    const awake = 'address' in frame.to && frame.to.address === broadcastAddress.RX_ON_WHEN_IDLE;
    if (awake && this.#core.parts.options.sleepy === 'yes') return;
    const incoming: Incoming = {
      from: { address: frame.source, endpoint: frame.sourceEndpoint },
      cluster: frame.cluster,
      broadcast: isBroadcast(frame),
      decoded: decodeFrame(frame.data, frame.cluster),
    };
    const { decoded } = incoming;
    if (decoded.kind === 'malformed') return this.#malformed(incoming);
    if (frame.cluster === BASIC_CLUSTER && this.#basic(incoming)) return;
    if (frame.cluster !== OTA_CLUSTER || decoded.header.direction !== direction.SERVER_TO_CLIENT) {
      const status = decoded.header.frameType === frameType.GLOBAL ? UNSUPPORTED_CLUSTER : zclStatus.UNSUP_COMMAND;
      return this.#core.port.default(incoming, status);
    }
    this.#ota(incoming);
  }

  described(cluster: number, _sequence: number, payload: Buffer, source: number): void {
    if (cluster === (zdo.RESPONSE | zdo.MATCH_DESCRIPTOR)) return this.#enquiry.matched(payload, source);
    if (cluster !== (zdo.RESPONSE | zdo.IEEE_ADDRESS) || payload[0] !== zdoStatus.SUCCESS) return;
    this.#core.state.serverId = Buffer.from(payload.subarray(1, 9)).reverse().toString('hex');
    this.#core.parts.save();
  }

  // The console: what a user or the application of a product does.

  /** Asks the server for an image now. */
  query(): void {
    this.#enquiry.find({ imageType: this.#enquiry.imageType, told: true });
  }

  /** Asks the server for a file for this device alone. */
  specific(imageType: number, version: number): void {
    this.#enquiry.find({ imageType, told: false, specific: version });
  }

  /** The application takes no data for so many seconds. */
  busy(seconds: number): void {
    this.#download.busy(seconds);
  }

  /** The application refuses whatever is offered. */
  veto(on: boolean): void {
    this.#enquiry.veto(on);
  }

  /** Seconds between queries; 0: none. */
  interval(seconds: number): void {
    const { behaviour, state, parts } = this.#core;
    if (behaviour.ignoresInterval !== true) state.interval = seconds;
    parts.save();
    this.#planPoll();
  }

  /** Starts an upgrade out of band; false where none waits for it. */
  activate(): boolean {
    return this.#upgrade.activate();
  }

  /** Back to the version and the settings of the factory; the network stays. */
  factoryReset(): void {
    const { state, options, save } = this.#core.parts;
    this.#core.backToNormal();
    this.#enquiry.forget();
    this.#dead = false;
    for (const key of ['offset', 'downloaded', 'serverId', 'server'] as const) delete state[key];
    this.#core.server = undefined;
    Object.assign(state, factoryState(options));
    save();
  }

  get version(): string {
    return this.#core.state.version.toString(16).padStart(8, '0');
  }

  get summary(): string {
    const { status, offset, offered } = this.#core.state;
    const of = offered === undefined ? '' : ` of ${offered.imageSize}`;
    return `version ${this.version} status ${status} offset ${offset ?? 'none'}${of}`;
  }

  #resume(): void {
    const { state, parts, behaviour } = this.#core;
    this.#core.server = state.server;
    switch (state.status) {
      case upgradeStatus.NORMAL:
        return;
      case upgradeStatus.DOWNLOAD_IN_PROGRESS:
        if (behaviour.runsPartialFile === true) {
          state.version = state.offered?.fileVersion ?? state.version;
          this.#core.backToNormal();
        } else if (parts.options.resume === 'no') this.#core.backToNormal();
        else if (behaviour.restartsAfterPowerCut === true && state.offered !== undefined)
          this.#download.start(state.offered);
        else this.#download.resume();
        return;
      default:
        if (behaviour.versionAfterCut !== undefined) {
          state.version = behaviour.versionAfterCut;
          this.#core.backToNormal();
        } else this.#upgrade.resume();
    }
  }

  #planPoll(): void {
    const { state, behaviour, parts } = this.#core;
    this.#poll.clear();
    const seconds = state.interval > 0 ? state.interval : (behaviour.pollsThoughStopped ?? 0);
    if (seconds === 0 || behaviour.neverPolls === true) return;
    this.#poll.set(parts.clock.protocolNow() + seconds * SECOND_MS, () => this.#polled());
  }

  #polled(): void {
    if (this.#core.idle) this.#enquiry.find({ imageType: this.#enquiry.imageType, told: false });
    this.#planPoll();
  }

  #basic(incoming: Incoming): boolean {
    return answerGlobal(this.#core.port, incoming, basicAttributes('OTA client', this.#core.state.version));
  }

  #malformed(incoming: Incoming): void {
    const { decoded } = incoming;
    const { behaviour, parts, port } = this.#core;
    if (behaviour.diesOfMalformed === true) this.#dead = true;
    if (decoded.kind !== 'malformed' || decoded.header === undefined || this.#dead) return;
    if (decoded.type === imageNotify && behaviour.takesShortNotify === true) return this.query();
    if (decoded.type === upgradeEndResponse && behaviour.takesShortEnd === true) return this.#upgrade.force();
    if (decoded.type === queryNextImageResponse && behaviour.takesShortOffer === true)
      return this.#enquiry.downloadAnything();
    const status = parts.options.negative === 'firstColumn' ? zclStatus.MALFORMED_COMMAND : zclStatus.INVALID_FIELD;
    port.default(incoming, status);
  }

  #ota(incoming: Incoming): void {
    const { port, parts, behaviour } = this.#core;
    const { decoded, from } = incoming;
    const attributes = attributesOf(parts.state, parts.options, behaviour);
    const writeStatus = behaviour.takesWrites === true ? zclStatus.SUCCESS : zclStatus.READ_ONLY;
    if (answerGlobal(port, incoming, attributes, writeStatus)) return;
    const known = this.#core.server === undefined || this.#core.server.address === from.address;
    const refused = valueOf(defaultResponse, decoded);
    if (refused !== undefined) {
      if (known) this.#refused(refused.command, refused.status);
      return;
    }
    const notify = valueOf(imageNotify, decoded);
    if (notify !== undefined) return this.#notified(notify, incoming);
    const offer = valueOf(queryNextImageResponse, decoded) ?? valueOf(querySpecificFileResponse, decoded);
    const block = valueOf(imageBlockResponse, decoded);
    const end = valueOf(upgradeEndResponse, decoded);
    if (offer === undefined && block === undefined && end === undefined) {
      if (behaviour.diesOfUnknown === true) this.#dead = true;
      else port.default(incoming, zclStatus.UNSUP_COMMAND);
      return;
    }
    if (!known && behaviour.takesAnySender !== true) return port.default(incoming, zclStatus.NOT_AUTHORIZED);
    if (offer !== undefined) this.#enquiry.offered(offer, incoming);
    if (block !== undefined) this.#download.received(block, incoming);
    if (end !== undefined) this.#upgrade.received(end, incoming);
  }

  #refused(command: number, status: number): void {
    switch (command) {
      case queryNextImageRequest.id:
      case querySpecificFileRequest.id:
        return this.#enquiry.refused();
      case imageBlockRequest.id:
        return this.#download.refused(status, false);
      case imagePageRequest.id:
        return this.#download.refused(status, true);
      case upgradeEndRequest.id:
        return this.#upgrade.answered(status);
      default:
    }
  }

  #notified(notify: CommandValue<typeof imageNotify>, incoming: Incoming): void {
    const { parts, port, behaviour, state, idle } = this.#core;
    if (!idle && behaviour.notifyDisturbs !== true)
      return port.default(incoming, parts.options.negative === 'firstColumn' ? zclStatus.SUCCESS : zclStatus.FAILURE);
    const device = { options: parts.options, behaviour, version: state.version, random: parts.random };
    port.default(incoming, zclStatus.SUCCESS);
    if (!answersNotify(notify, incoming.broadcast, device)) return;
    if (!idle) this.#core.backToNormal();
    this.#enquiry.forget();
    this.#enquiry.meet(incoming.from);
    this.#enquiry.ask({ imageType: this.#enquiry.imageType, told: !incoming.broadcast });
  }
}
